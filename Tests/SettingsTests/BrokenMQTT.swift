// Uplinks over MQTT that cannot be meant.

extension Broken {
  /// The uplink over HTTPS turned into one over MQTT with these members.
  private static func uplink(_ members: String) -> [(String, String)] {
    [(#"url: "https://mes.example.com/takt""#, #"type: "mqtt", "# + members)]
  }

  private static let known = #"brokers: ["mqtts://b.plant"], "#

  static let messaging: [Broken] = [
    Broken(
      "an uplink over MQTT without a broker",
      uplink(#"clientId: "x""#),
      """
      8:11: error: uplinks[mes].brokers: brokers is missing; allowed: a list of brokers such \
      as ["mqtts://broker.example.com:8883"]; mqtts is MQTT over TLS
      """),
    Broken(
      "an empty list of brokers",
      uplink("brokers: []"),
      """
      8:49: error: uplinks[mes].brokers: no broker is named; allowed: a list of brokers such \
      as ["mqtts://broker.example.com:8883"]; mqtts is MQTT over TLS
      """),
    Broken(
      "a broker with a password in its address",
      uplink(#"brokers: ["mqtts://user:secret@b.plant"]"#),
      """
      8:50: error: uplinks[mes].brokers[#1]: a password or user name in an address; use \
      userName and passwordFile; allowed: a list of brokers such as \
      ["mqtts://broker.example.com:8883"]; mqtts is MQTT over TLS
      """),
    Broken(
      "a broker twice",
      uplink(#"brokers: ["mqtts://b.plant", "mqtts://B.plant:8883"]"#),
      """
      8:69: error: uplinks[mes].brokers[#2]: b.plant:8883 is given twice; allowed: a list of \
      brokers such as ["mqtts://broker.example.com:8883"]; mqtts is MQTT over TLS
      """),
    Broken(
      "plain text to another machine",
      uplink(#"brokers: ["mqtt://b.plant"]"#),
      """
      8:50: error: uplinks[mes].brokers[#1]: mqtt://b.plant:1883 is another machine, and \
      everybody on the way can read, and forge its answers; allowed: mqtts://b.plant, or \
      allowsPlainAnywhere: true to accept that
      """),
    Broken(
      "mqtt and mqtts mixed",
      uplink(#"brokers: ["mqtts://b.plant", "mqtt://localhost"]"#),
      """
      8:69: error: uplinks[mes].brokers[#2]: mqtt and mqtts are mixed: one way or the other \
      for all brokers; allowed: mqtts://localhost
      """),
    Broken(
      "a member of TLS without TLS",
      uplink(#"brokers: ["mqtt://localhost"], caFile: "/ca.pem""#),
      """
      8:79: error: uplinks[mes].caFile: caFile has no meaning for mqtt://, which is not \
      encrypted; allowed: mqtts:// for the brokers, or no caFile
      """),
    Broken(
      "a member of the other type",
      uplink(known + "batchEvents: 5"),
      """
      8:70: error: uplinks[mes].batchEvents: batchEvents belongs to https; this uplink is \
      mqtt; allowed: no batchEvents, or type: "https"
      """),
    Broken(
      "a topic with an unknown place",
      uplink(known + #"topic: "takt/<machine>""#),
      """
      8:77: error: uplinks[mes].topic: topic "takt/<machine>": <machine> is none of \
      enterprise, site, area, line, unit, noun, verb, type; allowed: such as \
      "takt/<site>/<line>/<unit>/<noun>/<verb>"
      """),
    Broken(
      "a status topic with a wildcard",
      uplink(known + #"statusTopic: "takt/#""#),
      """
      8:83: error: uplinks[mes].statusTopic: "takt/#" is no topic that a client may name; \
      allowed: 1 to 1024 bytes without + and #, and no $ in front
      """),
    Broken(
      "one topic for two things",
      uplink(known + #"statusTopic: "takt/a", acknowledgementTopic: "takt/a""#),
      """
      8:115: error: uplinks[mes].acknowledgementTopic: "takt/a" is the statusTopic already; \
      allowed: a topic of its own
      """),
    Broken(
      "a canary without a topic",
      uplink(known + #"rightsTest: "canary""#),
      """
      8:82: error: uplinks[mes].rightsTest: a canary needs a topic to fly on; allowed: \
      canaryTopic: "takt/canary/<our name>" beside it
      """),
    Broken(
      "a topic without a canary",
      uplink(known + #"canaryTopic: "c""#),
      """
      8:83: error: uplinks[mes].canaryTopic: there is no canary to use it; allowed: \
      rightsTest: "canary" beside it
      """),
    Broken(
      "half a second of keep-alive",
      uplink(known + #"keepAlive: "10500ms""#),
      """
      8:81: error: uplinks[mes].keepAlive: found 10500ms; allowed: whole seconds
      """),
    Broken(
      "two clients of one name",
      [
        (
          #"uplinks: [{"#,
          #"uplinks: [{ name: "a", type: "mqtt", brokers: ["mqtts://b"] }, "#
            + #"{ name: "b", type: "mqtt", brokers: ["mqtts://b"] }, {"#
        )
      ],
      """
      8:64: error: uplinks[b].clientId: uplink a is "gw" at b:8883 already; the broker would \
      throw one out for the other; allowed: a clientId of its own
      """),
    Broken(
      "a secret that is neither a file nor a credential",
      uplink(known + #"passwordFile: "credential:../key""#),
      """
      8:84: error: uplinks[mes].passwordFile: found "credential:../key"; allowed: a full path \
      in quotes, such as "/etc/takt/key.pem", or "credential:NAME" of systemd
      """),
  ]
}
