// The names of an uplink over MQTT: its brokers, its topics, and what proves that it is heard.

import Delivery
import Primitives

extension Vocabulary {
  private static func only(_ presence: Presence) -> Presence { UplinkType.mqtt.only(presence) }

  /// Where the brokers are and who we are to them.
  static let brokers = [
    Member(
      "brokers", .brokers, only(.required),
      "Tried in this order; the one that works is stayed with."),
    Member(
      "redirections", .brokers, only(.standard([])),
      "Where a broker may send us beside those; nowhere else."),
    Member(
      "allowsPlainAnywhere", .boolean, only(.standard(false)),
      "mqtt:// to other machines, too: everybody on the way can read and forge."),
    Member(
      "version", .choice(MQTTPolicy.Speech.allCases.map(\.rawValue)), only(.standard("automatic")),
      "The version of MQTT; automatic is 5.0, and 3.1.1 where a broker knows no other."),
    Member(
      "clientId", .text, only(.optional),
      "Our name at the broker, unique there; without it, the name of the gateway."),
    Member("userName", .text, only(.optional), "Who we are to the broker, beside a certificate."),
    Member(
      "passwordFile", .secretFile, only(.optional),
      "A file that holds the password, mode 0600, read for each connection."),
  ]

  /// What is published where, and whose word counts.
  static let messages = [
    Member(
      "topic", .text, only(.standard(.string(MQTTTopicTemplate.standard.description))),
      "Where events go; places are "
        + MQTTTopicTemplate.Place.allCases.map { "<\($0.rawValue)>" }.joined(separator: " ") + "."),
    Member(
      "statusTopic", .text, only(.optional),
      "Where it stands, retained, whether we are online; the broker itself says when not."),
    Member(
      "rightsTest", .choice(RightsTestName.allCases.map(\.rawValue)),
      only(.standard(.string(RightsTestName.eachTopic.rawValue))),
      "What proves on 3.1.1 that we may write: an event of each topic that comes back, or a canary."
    ),
    Member(
      "canaryTopic", .text, only(.optional),
      "The topic of the canary: one that we may write and read, and nobody else needs."),
    Member(
      "acknowledgementTopic", .text, only(.optional),
      "Where the application tells what it has stored; without it, the broker's word counts."),
    Member(
      "window", .integer(SettingsLimits.window), only(.standard(20)),
      "Messages without an acknowledgement at most; the broker may allow less."),
    Member(
      "keepsKeyOrder", .boolean, only(.standard(false)),
      "Never two events of one machine on their way, so that no refusal changes their order."),
    Member(
      "applicationTimeout", .duration(SettingsLimits.applicationTimeout), only(.standard("2min")),
      "How long the application may take to acknowledge; then events are published again."),
    Member(
      "keepAlive", .duration(SettingsLimits.keepAlive), only(.standard("30s")),
      "How often a silent line is tried; whole seconds."),
    Member(
      "topicPatience", .duration(SettingsLimits.topicPatience), only(.standard("1h")),
      "How long events of a topic that we may not write hold up the others before quarantine."),
    Member(
      "rightsLast", .duration(SettingsLimits.topicPatience), only(.standard("15min")),
      "How long a proof of rights is believed on 3.1.1."),
  ]

  /// The proofs of rights, as they are written.
  enum RightsTestName: String, CaseIterable {
    case eachTopic = "each-topic"
    case canary
    case nothing = "none"
  }
}
