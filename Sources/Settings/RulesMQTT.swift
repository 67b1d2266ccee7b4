// What the members of an uplink over MQTT owe each other, and what brokers would trip over.

import Delivery
import Primitives

extension Reader {
  /// Notes what is no broker's address, or stands there twice.
  mutating func isBroker(
    _ text: String, _ node: Node, _ kind: Kind, _ path: String, _ before: [Word]
  ) -> Bool {
    guard let address = MQTTAddress(text: text), Words.isHost(address.host) else {
      _ = refuse(node, kind, path, Self.whyNoBroker(text))
      return false
    }
    guard !before.contains(where: { MQTTAddress(text: $0.text) == address }) else {
      _ = refuse(node, kind, path, "\(address.authority) is given twice")
      return false
    }
    return true
  }

  private static func whyNoBroker(_ text: String) -> String {
    // What stands before an @ may be a password, and that is not repeated.
    guard !text.contains("@") else {
      return "a password or user name in an address; use userName and passwordFile"
    }
    let lower = text.lowercased()
    guard lower.hasPrefix("mqtt://") || lower.hasPrefix("mqtts://") else {
      return "found \(Words.quoted(text)): no mqtts:// at its start"
    }
    return "found \(Words.quoted(text)): no host, or a path behind it"
  }
}

extension Rules {
  mutating func messaging() {
    var ownerByPlace: [String: String] = [:]
    let gateway = root.record("gateway")?.text("name") ?? ""
    for uplink in root.records("uplinks")
    where uplink.text("type") == UplinkType.mqtt.rawValue {
      brokers(of: uplink)
      topics(of: uplink)
      rights(of: uplink)
      sharedNames(uplink, gateway, &ownerByPlace)
    }
  }

  private mutating func brokers(of uplink: Record) {
    let words = uplink.words("brokers")
    if uplink["brokers"] != nil, words.isEmpty, !uplink.isWrong {
      mistakes.error(
        uplink.place(of: "brokers"), uplink.path(of: "brokers"), "no broker is named",
        Describe.allowed(.brokers))
    }
    if words.count > SettingsLimits.brokers {
      mistakes.error(
        uplink.place(of: "brokers"), uplink.path(of: "brokers"), "found \(words.count) brokers",
        "\(SettingsLimits.brokers) at most")
    }
    guard let first = words.first.flatMap({ MQTTAddress(text: $0.text) }) else { return }
    let isForced = uplink.boolean("allowsPlainAnywhere") ?? false
    for member in ["brokers", "redirections"] {
      for (index, word) in uplink.words(member).enumerated() {
        guard let address = MQTTAddress(text: word.text) else { continue }
        let path = "\(uplink.path(of: member))[#\(index + 1)]"
        if address.isSecure != first.isSecure {
          mistakes.error(
            word.place, path, "mqtt and mqtts are mixed: one way or the other for all brokers",
            (first.isSecure ? "mqtts://" : "mqtt://") + address.host)
        } else if !address.isSecure, !address.isLocal {
          plain(address, word, path, isForced: isForced)
        }
      }
    }
    if !first.isSecure { withoutTLS(uplink) }
  }

  /// Plain text to another machine.
  private mutating func plain(
    _ address: MQTTAddress, _ word: Word, _ path: String, isForced: Bool
  ) {
    let danger = "everybody on the way can read, and forge its answers"
    guard isForced else {
      mistakes.error(
        word.place, path, "mqtt://\(address.authority) is another machine, and \(danger)",
        "mqtts://\(address.host), or allowsPlainAnywhere: true to accept that")
      return
    }
    mistakes.warn(
      word.place, path, "mqtt://\(address.authority) is not encrypted: \(danger)",
      "mqtts://\(address.host)")
  }

  /// What only TLS gives a meaning.
  private mutating func withoutTLS(_ uplink: Record) {
    let members = [
      "caFile", "certificateFile", "keyFile", "serverName", "crlFile", "pins", "minimumTLS",
      "proxy",
    ]
    for member in members {
      guard let setting = uplink[member], !setting.isDefault else { continue }
      mistakes.error(
        setting.place, uplink.path(of: member),
        "\(member) has no meaning for mqtt://, which is not encrypted",
        "mqtts:// for the brokers, or no \(member)")
    }
  }

  private mutating func topics(of uplink: Record) {
    if let text = uplink.text("topic") {
      do {
        _ = try MQTTTopicTemplate(text)
      } catch {
        mistakes.error(
          uplink.place(of: "topic"), uplink.path(of: "topic"), error.description,
          "such as \"\(MQTTTopicTemplate.standard)\"")
      }
    }
    var memberByTopic: [String: String] = [:]
    for member in ["statusTopic", "canaryTopic", "acknowledgementTopic"] {
      guard let text = uplink.text(member) else { continue }
      if !MQTTTopic.isName(text) || text.hasPrefix("$") {
        mistakes.error(
          uplink.place(of: member), uplink.path(of: member),
          "\(Words.quoted(text)) is no topic that a client may name",
          "1 to \(MQTTLimits.topicBytes) bytes without + and #, and no $ in front")
      } else if let other = memberByTopic.updateValue(member, forKey: text) {
        mistakes.error(
          uplink.place(of: member), uplink.path(of: member),
          "\(Words.quoted(text)) is the \(other) already", "a topic of its own")
      }
    }
  }

  private mutating func rights(of uplink: Record) {
    let isCanary = uplink.text("rightsTest") == Vocabulary.RightsTestName.canary.rawValue
    if isCanary, uplink["canaryTopic"] == nil {
      mistakes.error(
        uplink.place(of: "rightsTest"), uplink.path(of: "rightsTest"),
        "a canary needs a topic to fly on", "canaryTopic: \"takt/canary/<our name>\" beside it")
    } else if !isCanary, let setting = uplink["canaryTopic"] {
      mistakes.error(
        setting.place, uplink.path(of: "canaryTopic"), "there is no canary to use it",
        "rightsTest: \"canary\" beside it")
    }
    let mayBeOld = uplink.text("version") != MQTTPolicy.Speech.five.rawValue
    if mayBeOld, uplink.text("rightsTest") == Vocabulary.RightsTestName.nothing.rawValue {
      mistakes.warn(
        uplink.place(of: "rightsTest"), uplink.path(of: "rightsTest"),
        "brokers of 3.1.1 acknowledge what they then throw away for want of rights, unseen",
        "\"each-topic\" or \"canary\", or version: \"5.0\"")
    }
    if let wait = uplink.duration("keepAlive"), wait.nanoseconds % 1_000_000_000 != 0 {
      mistakes.error(
        uplink.place(of: "keepAlive"), uplink.path(of: "keepAlive"), "found \(wait.text)",
        "whole seconds")
    }
    let name = uplink.text("clientId") ?? ""
    if name.utf8.count > 256 || !name.isEmpty && !MQTTTopic.isPlainName(name) {
      mistakes.error(
        uplink.place(of: "clientId"), uplink.path(of: "clientId"), "found \(Words.quoted(name))",
        "up to 256 bytes; every broker takes 1 to 23 letters and digits")
    }
  }

  /// Two clients of one name throw each other out of a broker, for ever.
  private mutating func sharedNames(
    _ uplink: Record, _ gateway: String, _ ownerByPlace: inout [String: String]
  ) {
    let client = uplink.text("clientId") ?? gateway
    for word in uplink.words("brokers") {
      guard let address = MQTTAddress(text: word.text) else { continue }
      let owner = ownerByPlace["\(client) \(address.authority)"]
      ownerByPlace["\(client) \(address.authority)"] = uplink.text("name")
      guard let owner, owner != uplink.text("name") else { continue }
      mistakes.error(
        uplink.place(of: "clientId"), uplink.path(of: "clientId"),
        "uplink \(owner) is \(Words.quoted(client)) at \(address.authority) already; the broker"
          + " would throw one out for the other",
        "a clientId of its own")
    }
  }
}
