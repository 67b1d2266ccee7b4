// Several files become one configuration, and every value keeps its place.

import Machines
import Polling
import Primitives
import Signals
import Testing

@testable import Settings

/// Checks a main file and fragments.
func check(_ main: String, _ fragments: String...) -> ConfigurationOutcome {
  let files = fragments.enumerated().map {
    ConfigurationFile(path: "conf.d/\($0 + 1).json5", text: $1)
  }
  return Configuration.check([ConfigurationFile(path: "takt.json5", text: main)] + files)
}

@Suite("Fragments")
struct MergeTests {
  @Test func `a fragment adds machines, uplinks and routes`() throws {
    let outcome = check(
      Broken.right,
      """
      { machines: [{ name: "press-2", bus: "plc", unit: 2, signals: [{ name: "run", at: "coil 9" }],
          running: "run" }],
        uplinks: [{ name: "erp", url: "https://erp.example.com:8443/in?x=1" }],
        routes: [{ uplink: "erp", types: ["takt.stop.*"] }] }
      """,
      "{ routes: [{ uplink: \"erp\", machines: [\"press-2\"] }] }")
    #expect(messages(outcome) == [])
    let plan = try #require(outcome.configuration?.plan)
    #expect(plan.machines.map(\.name) == ["press-1", "press-2"])
    #expect(plan.machines[1].running?.signal == SignalID(2))
    #expect(plan.units.map(\.name) == ["plc/1", "plc/2"])
    #expect(plan.uplinks[1].port == 8443)
    #expect(plan.uplinks[1].path == "/in?x=1")
    #expect(plan.uplinks(dueTo: "takt.stop.ended.v1", machine: 0) == [0, 1])
    #expect(plan.uplinks(dueTo: "takt.production.count.v1", machine: 0) == [0])
    #expect(plan.uplinks(dueTo: "takt.production.count.v1", machine: 1) == [0, 1])
    #expect(plan.uplinks(dueTo: "takt.gateway.health.v1", machine: nil) == [0])
  }

  @Test func `a fragment completes a thing of the same name`() throws {
    let outcome = check(
      Broken.right,
      """
      { buses: [{ name: "plc", port: 1502 }], gateway: { timeZone: "Europe/Berlin" },
        machines: [{ name: "press-1", faultCode: "code",
          signals: [{ name: "code", at: "holding 9" }, { name: "run", every: "2s" }] }] }
      """)
    #expect(messages(outcome) == [])
    let plan = try #require(outcome.configuration?.plan)
    #expect(plan.buses[0].line.text.hasSuffix(":1502"))
    #expect(plan.gateway.timeZone == "Europe/Berlin")
    #expect(plan.signals.map(\.definition.name) == ["run", "good", "code"])
    #expect(plan.buses[0].units[0].bindings[0].period == .seconds(2))
  }

  @Test func `a member given in two files names both places`() {
    let outcome = check(
      Broken.right, "{ buses: [{ name: \"plc\", host: \"10.0.0.2\" }] }",
      "{ gateway: { site: \"t\" },\n  machines: [{ name: \"press-1\", running: \"!run\" }] }")
    #expect(
      messages(outcome) == [
        "conf.d/1.json5:1:32: error: buses[plc].host: host is already given at takt.json5:3:30"
          + " with another value; allowed: one of the two, or the same value in both",
        "conf.d/2.json5:1:20: error: gateway.site: site is already given at takt.json5:2:47"
          + " with another value; allowed: one of the two, or the same value in both",
        "conf.d/2.json5:2:42: error: machines[press-1].running: running is already given at"
          + " takt.json5:7:12 with another value;"
          + " allowed: one of the two, or the same value in both",
      ])
  }

  @Test func `the same value in two files is no mistake`() {
    #expect(messages(check(Broken.right, Broken.right)) == [])
  }

  @Test func `a mistake in a fragment bears the fragment's place`() {
    let outcome = check(Broken.right, "{\n  limits: { journal: \"2 GB\" } }")
    #expect(
      messages(outcome) == [
        "conf.d/1.json5:2:22: error: limits.journal: found \"2 GB\";"
          + " allowed: a size from \"16MB\" to \"1TB\""
      ])
  }

  @Test func `mistakes of the syntax are told for every file`() {
    #expect(
      check("{", "{ a: }", "{}").mistakes.map { "\($0.place)" } == [
        "takt.json5:1:1", "conf.d/1.json5:1:6",
      ])
  }

  @Test func `too many files and too large files are refused`() {
    let file = ConfigurationFile(path: "a", text: "{}")
    let many = Configuration.check(Array(repeating: file, count: 257))
    #expect(messages(many) == ["a:1:1: error: found 257 files; allowed: 256 at most"])
    let large = String(repeating: " ", count: SettingsLimits.fileBytes + 1)
    #expect(
      messages(check(large)) == [
        "takt.json5:1:1: error: the file has 8388609 bytes;"
          + " allowed: 8388608 bytes; move machines into conf.d/"
      ])
    #expect(Configuration.check([]).configuration == nil)
  }
}
