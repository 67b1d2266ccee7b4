// How one MQTT uplink is served: which brokers, which topics, how much at once, how long to wait.

/// The settings of one MQTT uplink; every default is the one of the configuration file.
public struct MQTTPolicy: Equatable, Sendable {
  /// Which versions are spoken.
  public enum Speech: String, Equatable, Sendable, CaseIterable {
    /// 5.0, and 3.1.1 with a broker that knows no other.
    case automatic
    case five = "5.0"
    case three = "3.1.1"
  }

  /// What proves on 3.1.1 that a PUBACK means something: denied messages get one, too.
  public enum RightsTest: Equatable, Sendable {
    /// The first event of each topic must come back: asks for the right to read what we write.
    case eachTopic
    /// A nonce on this topic must come back; the rights of other topics are taken to be the same.
    case canary(String)
    /// Every PUBACK is believed.
    case none
  }

  /// Why a policy cannot be used, as a sentence with what to change.
  public struct Fault: Error, Equatable, Sendable, CustomStringConvertible {
    public var description: String
  }

  /// Tried in this order; the one that works is stayed with.
  public var brokers: [MQTTAddress]
  /// Where a broker may send us beside `brokers`.
  public var redirections: [MQTTAddress] = []
  /// Plain `mqtt` to other machines, too: everybody on the way reads, and can forge answers.
  public var allowsPlainAnywhere = false
  public var speech: Speech = .automatic
  /// Unique among the clients of the broker; every broker takes 1 to 23 of 0-9a-zA-Z.
  public var clientID: String
  public var userName: String?
  /// Where the password comes from: a file is read anew for each connection.
  public var secret = SecretSource.none
  public var topic: MQTTTopicTemplate
  /// Where "online" stands retained and the will says "offline"; nil for no status.
  public var statusTopic: String?
  public var rightsTest: RightsTest = .eachTopic
  /// Where the application tells the last sequence it has stored; nil believes the broker.
  public var acknowledgementTopic: String?
  /// Messages on their way at most; the broker's Receive Maximum may lower it.
  public var window = 20
  /// Never two events of one partition key on their way: their order survives any refusal.
  public var keepsKeyOrder = false
  /// The later events of a partition key are given back unsent behind a refused one; wants
  /// `keepsKeyOrder`.
  public var holdsKeys = false
  /// From the first packet to the end of the TLS handshake.
  public var connectTimeout: Duration = .seconds(10)
  /// From a packet to its answer: CONNACK, PUBACK, SUBACK, PINGRESP, an event that comes back.
  public var answerTimeout: Duration = .seconds(30)
  /// From PUBACK to the application's acknowledgement; after it the events are published again.
  public var applicationTimeout: Duration = .seconds(120)
  /// Whole seconds, 10 to 1200; the broker may change it.
  public var keepAlive: Duration = .seconds(30)
  /// How long events of a topic that we may not write hold up the others before quarantine.
  public var topicPatience: Duration = .seconds(3600)
  /// How long a topic's rights are believed on 3.1.1 before an event must come back again.
  public var rightsLast: Duration = .seconds(900)
  /// First step of the waits between attempts.
  public var firstRetry: Duration = .seconds(1)
  /// Largest step of these waits.
  public var lastRetry: Duration = .seconds(60)

  public init(brokers: [MQTTAddress], clientID: String, topic: MQTTTopicTemplate) {
    self.brokers = brokers
    self.clientID = clientID
    self.topic = topic
  }

  /// The window within the bounds of this program.
  var allowedWindow: Int { min(max(1, window), MQTTLimits.window) }

  /// Throws for what no courier may be made of: no broker, plain text abroad, unusable topics.
  public func check() throws(Fault) {
    guard let first = brokers.first else { throw Fault(description: "no broker is named") }
    for broker in brokers + redirections {
      guard broker.isSecure || broker.isLocal || allowsPlainAnywhere else {
        throw Fault(
          description: "mqtt://\(broker.authority) is another machine: use mqtts, "
            + "or force plain text and accept that everybody on the way can read and forge")
      }
      guard broker.isSecure == first.isSecure else {
        throw Fault(description: "mqtt and mqtts are mixed; use one of them for all brokers")
      }
    }
    guard clientID.utf8.count <= 256, MQTTTopic.isPlain(clientID) else {
      throw Fault(description: "the client id has more than 256 bytes or control characters")
    }
    var topics = [statusTopic, acknowledgementTopic]
    if case .canary(let canary) = rightsTest { topics.append(canary) }
    for topic in topics.compactMap({ $0 }) where !MQTTTopic.isName(topic) {
      throw Fault(
        description: "\"\(topic)\" is no topic: 1 to \(MQTTLimits.topicBytes) bytes without + and #"
      )
    }
  }
}
