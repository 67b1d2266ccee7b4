// How the brokers of an uplink are spoken to.

import Delivery
import Outbox
import Primitives

extension Planner {
  /// Nil for an uplink over another protocol.
  static func mqtt(
    _ record: Record, _ uplink: UplinkSettings, gateway: String
  ) -> MQTTPolicy? {
    guard record.text("type") == UplinkType.mqtt.rawValue,
      let topic = record.text("topic").flatMap({ try? MQTTTopicTemplate($0) })
    else { return nil }
    var policy = MQTTPolicy(
      brokers: addresses(record, "brokers"), clientID: record.text("clientId") ?? gateway,
      topic: topic)
    policy.redirections = addresses(record, "redirections")
    policy.allowsPlainAnywhere = record.boolean("allowsPlainAnywhere") ?? false
    policy.speech = record.text("version").flatMap(MQTTPolicy.Speech.init) ?? .automatic
    policy.userName = record.text("userName")
    policy.secret = record.text("passwordFile") == nil ? .none : .file
    policy.statusTopic = record.text("statusTopic")
    policy.acknowledgementTopic = record.text("acknowledgementTopic")
    policy.rightsTest = rightsTest(record)
    policy.window = Int(record.integer("window") ?? 20)
    policy.holdsKeys = uplink.lanes.holdsKeys
    policy.keepsKeyOrder = policy.holdsKeys || record.boolean("keepsKeyOrder") ?? false
    policy.connectTimeout = uplink.connectTimeout
    policy.answerTimeout = uplink.answerTimeout
    policy.applicationTimeout = record.duration("applicationTimeout") ?? .seconds(120)
    policy.keepAlive = record.duration("keepAlive") ?? .seconds(30)
    policy.topicPatience = record.duration("topicPatience") ?? .seconds(3600)
    policy.rightsLast = record.duration("rightsLast") ?? .seconds(900)
    policy.firstRetry = uplink.backoffFloor
    policy.lastRetry = uplink.backoffCeiling
    return policy
  }

  private static func addresses(_ record: Record, _ member: String) -> [MQTTAddress] {
    record.words(member).compactMap { MQTTAddress(text: $0.text) }
  }

  private static func rightsTest(_ record: Record) -> MQTTPolicy.RightsTest {
    switch record.text("rightsTest").flatMap(Vocabulary.RightsTestName.init) {
    case .canary: .canary(record.text("canaryTopic") ?? "")
    case .nothing: MQTTPolicy.RightsTest.none
    case .eachTopic, nil: .eachTopic
    }
  }
}
