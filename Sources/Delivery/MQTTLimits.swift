// Every bound of MQTT, with its unit and where the number comes from; the protocol's own apart.

/// The named limits of the MQTT courier.
public enum MQTTLimits {
  // MARK: The protocol's

  /// The largest variable byte integer: four groups of seven bits.
  public static let largestVariable = 268_435_455
  /// Without a Receive Maximum in CONNACK (MQTT-3.2.2.3.3).
  static let defaultReceiveMaximum = 65_535

  // MARK: Ours

  /// Bytes of a packet that we take: an event of 16 KiB that comes back, four times over.
  public static let packetBytes = 64 * 1024
  /// Properties of one packet; the most that the standard defines for one is seventeen.
  static let properties = 64
  /// Filters or reasons of one packet; we subscribe to one at a time.
  static let filters = 64
  /// Bytes of a topic; brokers in the cloud take 256 to 1024.
  public static let topicBytes = 1024
  /// Unacknowledged messages at most, whatever the policy asks for.
  static let window = 1000
  /// Topics remembered by source and type: 100 machines of 20 types are 2000.
  static let rememberedTopics = 4096
  /// Topics that are parked at once; beyond it the whole uplink is parked.
  static let parkedTopics = 64
  /// Events that the courier takes over from the outbox at once; the outbox lends 200.
  static let heldEvents = 400
  /// Times that the broker may fail at one event for reasons of its own (128, 131).
  static let failuresOfOneEvent = 10
  /// Times that the broker may call one event malformed before it is refused.
  static let protestsAtOneEvent = 2
  /// Connections in a row that break while this one event alone is on its way: a broker of 3.1.1
  /// says nothing else about a packet that is too large for it.
  static let breaksAtOneEvent = 5
  /// Redirections in a row before the broker is taken as failed.
  static let redirections = 3
  /// Names in one server reference that are looked at.
  static let references = 16
  /// Events refused with nothing delivered between them before the courier doubts the broker.
  static let refusalsInARow = 3
  /// From PUBACK to the message that comes back: brokers pass on before or while they acknowledge.
  static let echoWait: Duration = .seconds(5)
  /// Longest pause that repeated answers of "too much" lead to.
  static let lastPause: Duration = .seconds(60)
}
