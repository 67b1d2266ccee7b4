// What an uplink's members become.

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

  @Test func `a token service can have authorities of its own`() throws {
    let own = try uplink(
      """
      , caFile: "/ca.pem", oauth: { tokenUrl: "https://l/t", clientId: "gw", caFile: "/l.pem",
          clientSecretFile: "/s" }
      """)
    #expect(own.oauth?.caFile == "/l.pem" && own.caFile == "/ca.pem")
  }
}
