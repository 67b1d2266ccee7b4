// What a changed configuration restarts, and what it leaves alone.

import Machines
import Polling
import Signals
import Testing

@testable import Settings

@Suite("The difference of two plans") struct SiteChangeTests {
  /// Two buses with a machine each, an uplink, and a machine that shares the first unit.
  private static let text = """
    {
      gateway: { name: "gw", enterprise: "e", site: "s", area: "a", line: "l" },
      buses: [{ name: "hall", host: "10.0.0.1" }, { name: "yard", host: "10.0.0.2" }],
      uplinks: [
        { name: "mes", url: "https://mes.example/e" },
        { name: "erp", url: "https://erp.example/e" },
      ],
      machines: [
        { name: "press", bus: "hall", unit: 1, running: "run",
          signals: [
            { name: "run", at: "coil 0" }, { name: "heat", at: "holding 1", deadband: 1 },
          ] },
        { name: "belt", bus: "hall", unit: 1, running: "run",
          signals: [{ name: "run", at: "coil 7" }] },
        { name: "crane", bus: "yard", unit: 2, running: "up",
          signals: [{ name: "up", at: "coil 3" }] },
      ],
    }
    """

  private func configuration(_ edits: [(String, String)]) throws -> Configuration {
    let text = edits.reduce(Self.text) { $0.replacing($1.0, with: $1.1) }
    let outcome = check(text)
    return try #require(outcome.configuration, "\(messages(outcome))")
  }

  private func change(_ edits: (String, String)...) throws -> (SiteChange, SitePlan, SitePlan) {
    let old = try configuration([]).plan
    let new = try configuration(edits).plan(beside: old)
    return (SiteChange(from: old, to: new), old, new)
  }

  @Test func `the same says nothing, and keeps everything`() throws {
    let (change, old, new) = try change()
    #expect(old == new)
    #expect(change.buses == [.kept(from: 0), .kept(from: 1)])
    #expect(change.uplinks == [.kept(from: 0), .kept(from: 1)])
    #expect(change.sentences.isEmpty && change.refused.isEmpty)
  }

  @Test func `a signal that is conditioned otherwise leaves the connection open`() throws {
    let (change, _, _) = try change(("deadband: 1", "deadband: 2"))
    #expect(
      change.buses
        == [.changedOver(from: 0, [UnitRenewal(unit: 0, redefined: [1])]), .kept(from: 1)])
    #expect(change.sentences == ["machine press: changed"])
  }

  @Test func `a machine with other rules hears its signals anew`() throws {
    let (change, _, _) = try change(("running: \"up\"", "running: \"!up\""))
    #expect(
      change.buses == [.kept(from: 0), .changedOver(from: 1, [UnitRenewal(unit: 0)])])
    #expect(change.sentences == ["machine crane: changed"])
  }

  @Test(arguments: [
    ("10.0.0.1", "10.0.0.9"), ("coil 0", "coil 9"),
    ("{ name: \"heat\", at: \"holding 1\"", "{ name: \"heat\", every: \"2s\", at: \"holding 1\""),
    (
      "bus: \"hall\", unit: 1, running: \"run\",\n          signals: [\n",
      "bus: \"hall\", timeout: \"2s\", unit: 1, running: \"run\",\n          signals: [\n"
    ),
  ])
  func `a bus that is asked otherwise is begun anew, alone`(from: String, to: String) throws {
    let edits =
      from.hasPrefix("bus:")
      ? [(from, to), ("belt\", bus: \"hall\",", "belt\", bus: \"hall\", timeout: \"2s\",")]
      : [(from, to)]
    let old = try configuration([]).plan
    let new = try configuration(edits).plan(beside: old)
    #expect(SiteChange(from: old, to: new).buses == [.restarted(from: 0), .kept(from: 1)])
  }

  @Test func `what is put before the others moves nobody`() throws {
    let crane = """
      { name: "aaa", bus: "first", unit: 9, running: "on",
        signals: [{ name: "on", at: "coil 1" }] },
      { name: "press"
      """
    let (change, old, new) = try change(
      ("{ name: \"hall\"", "{ name: \"first\", host: \"10.0.0.3\" }, { name: \"hall\""),
      ("{ name: \"press\"", crane),
      ("{ name: \"mes\"", "{ name: \"new\", url: \"https://n/e\" }, { name: \"mes\""))
    #expect(change.buses == [.added, .kept(from: 0), .kept(from: 1)])
    #expect(change.uplinks == [.added, .kept(from: 0), .kept(from: 1)])
    // Rules hold ids: they are the same ones.
    #expect(new.machines[1] == old.machines[0] && new.machines[3] == old.machines[2])
    #expect(new.machines[0].signals == [SignalID(4)])
    #expect(new.machines[0].units == [UnitID(2)])
  }

  @Test func `an id that nobody has any more is given again, and means nothing until then`() throws
  {
    let old = try configuration([]).plan
    let parts = Self.text.split(separator: "    { name: \"belt\"")
    let rest = try #require(parts.last?.split(separator: "    { name: \"crane\"").last)
    let text = parts[0] + "    { name: \"crane\"" + rest
    let fewer = try #require(check(String(text)).configuration).plan(beside: old)
    #expect(fewer.machines.count == 2 && fewer.signals.count == 4)
    #expect(fewer.signals[2].machine == -1)
    #expect(fewer.machines[1] == old.machines[2])
    let again = try configuration([]).plan(beside: fewer)
    #expect(again == old)
    #expect(SiteChange(from: fewer, to: again).buses == [.restarted(from: 0), .kept(from: 1)])
  }

  @Test func `an uplink that changed is begun anew, and what is gone is named`() throws {
    let (change, _, _) = try change(
      ("https://mes.example/e", "https://mes.example/f"),
      ("{ name: \"erp\", url: \"https://erp.example/e\" },", ""))
    #expect(change.uplinks == [.restarted(from: 0)])
    #expect(change.removedUplinks == [1])
    #expect(change.sentences == ["uplink mes: restarted", "uplink erp: removed"])
  }

  @Test func `who the gateway is and where it keeps things needs a restart`() throws {
    let (change, _, _) = try change(
      ("name: \"gw\"", "name: \"gw2\", stateDirectory: \"/elsewhere\""))
    #expect(change.refused == ["gateway.name", "gateway.stateDirectory"])
  }
}
