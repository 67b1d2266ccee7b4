// The packets of MQTT 3.1.1 and 5.0 that a publisher and its broker exchange with QoS 0 and 1.

/// The protocol level as CONNECT tells it.
public enum MQTTVersion: UInt8, Sendable, CaseIterable {
  /// 3.1.1
  case three = 4
  /// 5.0
  case five = 5

  /// As people call it.
  public var name: String {
    switch self {
    case .three: "3.1.1"
    case .five: "5.0"
    }
  }
}

/// The first packet of a client.
public struct MQTTConnect: Equatable, Sendable {
  /// What the broker publishes when the client is gone without a farewell.
  public struct Will: Equatable, Sendable {
    public var topic: String
    public var payload: [UInt8]
    public var retain: Bool
    /// 0 or 1.
    public var qos: UInt8
    public var properties = MQTTProperties()

    public init(topic: String, payload: [UInt8], retain: Bool, qos: UInt8 = 1) {
      self.topic = topic
      self.payload = payload
      self.retain = retain
      self.qos = qos
    }
  }

  public var version: MQTTVersion
  public var clientID: String
  public var cleanStart = true
  /// Seconds; 0 switches it off.
  public var keepAlive: UInt16
  public var will: Will?
  public var userName: String?
  public var password: [UInt8]?
  public var properties = MQTTProperties()

  public init(version: MQTTVersion, clientID: String, keepAlive: UInt16) {
    self.version = version
    self.clientID = clientID
    self.keepAlive = keepAlive
  }
}

/// The broker's answer to CONNECT.
public struct MQTTConnack: Equatable, Sendable {
  public var sessionPresent: Bool
  /// A reason of 5.0, or a return code of 3.1.1.
  public var reason: UInt8
  public var properties = MQTTProperties()
  /// Came in the form of 3.1.1.
  public var isOldForm = false

  public init(sessionPresent: Bool = false, reason: UInt8) {
    self.sessionPresent = sessionPresent
    self.reason = reason
  }
}

/// A message.
public struct MQTTPublish: Equatable, Sendable {
  public var topic: String
  public var payload: [UInt8]
  /// 0 or 1.
  public var qos: UInt8
  /// Not zero with QoS 1.
  public var id: UInt16
  public var retain: Bool
  public var isRepeat = false
  public var properties = MQTTProperties()

  public init(
    topic: String, payload: [UInt8], qos: UInt8 = 1, id: UInt16 = 0, retain: Bool = false
  ) {
    self.topic = topic
    self.payload = payload
    self.qos = qos
    self.id = id
    self.retain = retain
  }
}

/// A topic filter and the QoS asked for.
public struct MQTTFilter: Equatable, Sendable {
  public var filter: String
  /// 0 or 1.
  public var qos: UInt8
  /// Our own messages are not to come back; only 5.0 can say so.
  public var noLocal = false

  public init(_ filter: String, qos: UInt8 = 1) {
    self.filter = filter
    self.qos = qos
  }
}

/// One control packet.
public enum MQTTPacket: Equatable, Sendable {
  case connect(MQTTConnect)
  case connack(MQTTConnack)
  case publish(MQTTPublish)
  case puback(id: UInt16, reason: UInt8, MQTTProperties)
  case subscribe(id: UInt16, [MQTTFilter], MQTTProperties)
  case suback(id: UInt16, [UInt8], MQTTProperties)
  case unsubscribe(id: UInt16, [String], MQTTProperties)
  case unsuback(id: UInt16, [UInt8], MQTTProperties)
  case pingreq
  case pingresp
  case disconnect(reason: UInt8, MQTTProperties)
}
