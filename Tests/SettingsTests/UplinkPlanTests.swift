// What an uplink's members become.

import Delivery
import Machines
import Testing

@testable import Settings

@Suite("The plan of an uplink") struct UplinkPlanTests {
  private func uplink(_ members: String) throws -> UplinkSettings {
    let text = Broken.right.replacing("takt\" }", with: "takt\"\(members) }")
    let plan = try #require(check(text).configuration?.plan)
    return try #require(plan.uplinks.first)
  }

  @Test func `nothing is asked of an uplink that says nothing`() throws {
    let plain = try uplink("")
    #expect(!plain.requiresTLS13 && plain.crlFile == nil && plain.pins.isEmpty)
    #expect(plain.oauth == nil && plain.proxy == nil)
  }

  @Test func `trust, tokens and the proxy are taken as written`() throws {
    let pin = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    let full = try uplink(
      """
      , caFile: "/ca.pem", crlFile: "/a.crl", pins: ["\(pin)"], minimumTLS: "1.3",
        oauth: { tokenUrl: "https://login.example:8443/t", clientId: "gw", scope: "a b",
          clientSecretFile: "/s" },
        proxy: { host: "proxy.example", credentialsFile: "/p" }
      """)
    #expect(full.requiresTLS13 && full.crlFile == "/a.crl" && full.pins == [pin])
    #expect(
      full.oauth
        == OAuthPlan(
          host: "login.example", port: 8443, path: "/t", clientID: "gw", clientSecretFile: "/s",
          scope: "a b", caFile: "/ca.pem"))
    #expect(
      full.proxy == ProxyPlan(host: "proxy.example", port: 3128, credentialsFile: "/p"))
  }

  @Test func `a broker is spoken to as the configuration says, and by default as the policy does`()
    throws
  {
    let text = Broken.right.replacing(
      "url: \"https://mes.example.com/takt\"", with: "type: \"mqtt\", MEMBERS")
    func uplink(_ members: String) throws -> UplinkSettings {
      let outcome = check(text.replacing("MEMBERS", with: members))
      return try #require(outcome.configuration?.plan.uplinks.first, "\(outcome.mistakes)")
    }
    let plain = try uplink("brokers: [\"mqtts://b.plant\"]")
    var expected = MQTTPolicy(
      brokers: [MQTTAddress(host: "b.plant")], clientID: "gw", topic: .standard)
    #expect(plain.mqtt == expected && plain.host == "b.plant" && plain.port == 8883)
    #expect(plain.serverName == nil && plain.passwordFile == nil)
    let full = try uplink(
      """
      brokers: ["mqtts://b.plant", "mqtts://c.plant:1"], redirections: ["mqtts://d.plant"],
      version: "3.1.1", clientId: "gw17", userName: "u", passwordFile: "credential:mes",
      topic: "t/<type>", statusTopic: "s", rightsTest: "canary", canaryTopic: "c",
      acknowledgementTopic: "a", window: 7, keepsKeyOrder: true, connectTimeout: "5s",
      answerTimeout: "6s", applicationTimeout: "7s", keepAlive: "11s", topicPatience: "12s",
      rightsLast: "13s", backoff: { floor: "2s", ceiling: "3s" }, caFile: "/ca.pem"
      """)
    expected.brokers.append(MQTTAddress(host: "c.plant", port: 1))
    expected.redirections = [MQTTAddress(host: "d.plant")]
    (expected.speech, expected.clientID) = (.three, "gw17")
    (expected.userName, expected.secret) = ("u", .file)
    expected.topic = try MQTTTopicTemplate("t/<type>")
    (expected.statusTopic, expected.acknowledgementTopic) = ("s", "a")
    (expected.rightsTest, expected.window, expected.keepsKeyOrder) = (.canary("c"), 7, true)
    (expected.connectTimeout, expected.answerTimeout) = (.seconds(5), .seconds(6))
    (expected.applicationTimeout, expected.keepAlive) = (.seconds(7), .seconds(11))
    (expected.topicPatience, expected.rightsLast) = (.seconds(12), .seconds(13))
    (expected.firstRetry, expected.lastRetry) = (.seconds(2), .seconds(3))
    #expect(full.mqtt == expected && full.passwordFile == "credential:mes")
    #expect(full.caFile == "/ca.pem")
  }

  @Test func `what may be meant and is risky over MQTT is warned of`() throws {
    let text = Broken.right.replacing(
      "url: \"https://mes.example.com/takt\"",
      with: "type: \"mqtt\", brokers: [\"mqtt://b\"], allowsPlainAnywhere: true,"
        + " rightsTest: \"none\"")
    let outcome = check(text)
    #expect(outcome.configuration != nil && outcome.warnings.count == 2)
    #expect(outcome.warnings[0].found.contains("mqtt://b:1883 is not encrypted"))
    #expect(outcome.warnings[1].found.contains("brokers of 3.1.1 acknowledge"))
  }

  @Test func `a route's least duration and severities are taken as written`() throws {
    let text = Broken.right.replacing(
      "\n}",
      with: "\nroutes: [{ uplink: \"mes\", types: [\"takt.stop.*\", \"takt.limit.*\"],"
        + " minimumDuration: \"10min\", severities: [\"alarm\"] }, { uplink: \"mes\" }],\n}")
    let routes = try #require(check(text).configuration?.plan).routes
    #expect(routes.map(\.minimumDuration) == [.seconds(600), nil])
    #expect(routes.map(\.severities) == [[.alarm], []])
  }

  @Test func `a token service can have authorities of its own`() throws {
    let own = try uplink(
      """
      , caFile: "/ca.pem", oauth: { tokenUrl: "https://l/t", clientId: "gw", caFile: "/l.pem",
          clientSecretFile: "/s" }
      """)
    #expect(own.oauth?.caFile == "/l.pem" && own.caFile == "/ca.pem")
  }
}
