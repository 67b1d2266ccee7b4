// The failure table of MQTT: what a reason code means for an event or for the connection.
//
// It is one function for each place where a code can stand, so that the table can be read, tested
// and printed. Sources: MQTT 5.0 section 2.4; 3.1.1 section 3.2.2.3; what mosquitto was seen to do.

/// What to do about a reason.
public enum MQTTVerdict: Equatable, Sendable {
  case accepted
  /// The broker has it, and nobody listens to this topic.
  case acceptedByNobody
  /// Not now: the same again, with back-off; one event at which it never ends is refused.
  case retry
  /// We are called malformed: once more alone, then that event is refused.
  case protest
  /// Speak 3.1.1 instead.
  case fallBack
  /// The password is stale: once a new one, then it is a matter for people.
  case refreshCredential
  /// Only a person can help: look again now and then, and say so.
  case park(String)
  /// We may not write this topic: its events wait, the others go on.
  case parkTopic
  /// This event will not be taken: quarantine.
  case refused
  /// Too many bytes: the event alone is refused, among others it is looked for.
  case tooLarge
  /// The number was still in use: the same event with another one.
  case newIdentifier
  /// The connection has timed out: a new one at once.
  case reconnect
  /// One message at a time from now on.
  case oneAtATime
  /// The broker does not keep messages: never ask for it.
  case withoutRetain
  /// Too fast: wait, and send less often.
  case slowDown
  /// Another broker, if it is allowed.
  case elsewhere

  /// The verdict for the answer to CONNECT, in the numbers of 5.0.
  public init(connack reason: UInt8) {
    switch reason {
    case 0: self = .accepted
    case 132: self = .fallBack
    case 133: self = .park("the broker does not take this client id; change it in the file")
    case 134, 135: self = .refreshCredential
    case 138: self = .park("the broker has banned this client; have it let in")
    case 140: self = .park("the broker wants another way to log in, which we do not have")
    case 144: self = .park("the broker does not take the topic of our status; change it")
    case 149: self = .park("the broker finds our first packet too large")
    case 153: self = .park("the broker does not take the form of our status; change its topic")
    case 154: self = .withoutRetain
    case 155: self = .park("the broker acknowledges nothing (QoS 0), so nothing can be delivered")
    case 150, 151, 159: self = .slowDown
    case 156, 157: self = .elsewhere
    case 129, 130: self = .fallBack
    default: self = .retry
    }
  }

  /// The verdict for the acknowledgement of a message.
  public init(puback reason: UInt8) {
    switch reason {
    case 0: self = .accepted
    case 16: self = .acceptedByNobody
    case 135: self = .parkTopic
    case 144, 153: self = .refused
    case 145: self = .newIdentifier
    case 149: self = .tooLarge
    case 150, 151: self = .slowDown
    case 1...127: self = .accepted
    default: self = .retry
    }
  }

  /// The verdict for a farewell of the broker.
  public init(disconnect reason: UInt8) {
    switch reason {
    case 129, 130, 144, 148, 153: self = .protest
    case 135:
      self = .park("the broker does not allow us; have it grant access to the topics")
    case 138: self = .park("the broker has banned this client; have it let in")
    case 141: self = .reconnect
    case 142:
      self = .park("another client uses our client id; give each gateway its own")
    case 147: self = .oneAtATime
    case 149: self = .tooLarge
    case 150, 151, 159: self = .slowDown
    case 154: self = .withoutRetain
    case 155: self = .park("the broker acknowledges nothing (QoS 0), so nothing can be delivered")
    case 156, 157: self = .elsewhere
    default: self = .retry
    }
  }
}

/// Reason codes in words.
public enum MQTTReason {
  /// The return codes of a CONNACK of 3.1.1 in the numbers of 5.0.
  public static func modern(_ code: UInt8) -> UInt8 {
    switch code {
    case 0: 0
    case 1: 132
    case 2: 133
    case 3: 136
    case 4: 134
    case 5: 135
    default: 128
    }
  }

  private static let phrases: [UInt8: String] = [
    0: "success", 4: "disconnect with will", 16: "no matching subscribers",
    17: "no subscription existed", 128: "unspecified error", 129: "malformed packet",
    130: "protocol error", 131: "implementation specific error",
    132: "unsupported protocol version", 133: "client identifier not valid",
    134: "bad user name or password", 135: "not authorized", 136: "server unavailable",
    137: "server busy", 138: "banned", 139: "server shutting down",
    140: "bad authentication method", 141: "keep alive timeout", 142: "session taken over",
    143: "topic filter invalid", 144: "topic name invalid", 145: "packet identifier in use",
    146: "packet identifier not found", 147: "receive maximum exceeded",
    148: "topic alias invalid", 149: "packet too large", 150: "message rate too high",
    151: "quota exceeded", 152: "administrative action", 153: "payload format invalid",
    154: "retain not supported", 155: "QoS not supported", 156: "use another server",
    157: "server moved", 158: "shared subscriptions not supported",
    159: "connection rate exceeded", 160: "maximum connect time",
    161: "subscription identifiers not supported", 162: "wildcard subscriptions not supported",
  ]

  /// The number with its name, and what the broker adds, as a sentence's end.
  public static func words(_ reason: UInt8, _ properties: MQTTProperties) -> String {
    let phrase = phrases[reason].map { "\(reason) \($0)" } ?? "\(reason)"
    guard let said = properties.text(.reasonString), !said.isEmpty else { return phrase }
    let clean = String(said.unicodeScalars.prefix(200).map { $0.value < 32 ? " " : Character($0) })
    return "\(phrase) (\(clean))"
  }
}
