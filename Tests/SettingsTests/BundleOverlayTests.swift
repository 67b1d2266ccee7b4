// How a bundle lies over local files, what it may not say, and what differs between two of them.

import Machines
import Primitives
import Testing

@testable import Settings

@Suite("Bundles over local files") struct BundleOverlayTests {
  private static let local = """
    {
      gateway: { name: "gw", enterprise: "acme", site: "ulm", area: "press", line: "l1" },
      remote: { keys: [{ name: "office", key: "\(key)" }] },
      buses: [{ name: "hall", host: "10.0.0.1" }],
      machines: [
        { name: "press-1", bus: "hall", unit: 1, signals: [{ name: "run", at: "coil 1" }],
          running: "run" },
        { name: "press-2", bus: "hall", unit: 2, signals: [{ name: "run", at: "coil 1" }],
          running: "run" },
      ],
      health: { interval: "2min" },
    }
    """
  private static let key =
    BundleKey(
      id: Array(1...8), point: [UInt8](repeating: 7, count: 32)
    ).map(\.text) ?? ""

  private func check(_ bundle: [String], local: String = local) -> ConfigurationOutcome {
    ConfigurationDraft(
      [ConfigurationFile(path: "takt.json5", text: local)],
      overlay: bundle.enumerated().map { ConfigurationFile(path: "b/\($0).json5", text: $1) }
    ).check(profiles: [], shelf: [])
  }

  private static let pressThree = """
    { machines: [{ name: "press-3", bus: "hall", unit: 3, signals: [{ name: "run", at: "coil 1" }],
      running: "run" }] }
    """

  @Test func `a member of the bundle takes the place of the local one, the others stay`() throws {
    let outcome = check([Self.pressThree])
    let plan = try #require(outcome.configuration?.plan, "\(outcome.mistakes)")
    #expect(plan.machines.map(\.name) == ["press-3"])
    #expect(plan.limits.healthInterval == .seconds(120))
    #expect(plan.gateway.name == "gw")
    #expect(plan.remote?.keys.map(\.name) == ["office"])
    #expect(plan.remote?.inbox == "/var/lib/takt/inbox")
  }

  @Test func `fragments of a bundle are joined by the rules of local ones`() throws {
    let outcome = check([Self.pressThree, "{ health: { interval: \"5min\" } }"])
    let plan = try #require(outcome.configuration?.plan, "\(outcome.mistakes)")
    #expect(plan.limits.healthInterval == .seconds(300))
    let twice = check(["{ health: { interval: \"5min\" } }", "{ health: { interval: \"6min\" } }"])
    #expect(twice.configuration == nil)
    #expect(twice.errors.first?.place.file == "b/1.json5")
  }

  @Test(arguments: ["gateway: { name: \"other\" }", "remote: { keys: [] }"])
  func `a bundle says neither who the gateway is nor whom it believes`(member: String) {
    let outcome = check(["{ \(member) }"])
    #expect(outcome.configuration == nil)
    let found = outcome.errors.first
    #expect(found?.place.file == "b/0.json5")
    #expect(found?.found == "a bundle says who the gateway is or whom it believes")
  }

  @Test func `keys that are none are mistakes with their places`() {
    func mistakes(_ remote: String) -> [String] {
      check([], local: Self.local.replacing(Self.key, with: remote)).errors.map(\.found)
    }
    #expect(mistakes("RWQ").first == "\"RWQ\" is no public key of minisign")
    let twice = Self.key + "\" }, { name: \"two\", key: \"" + Self.key
    #expect(mistakes(twice).first == "it is the same key as that of office")
    let root = Self.key + "\" }], root: \"" + Self.key + "\", x: [{ y: \""
    #expect(mistakes(root).contains("it is the same key as that of office"))
  }

  @Test func `who the gateway is can be read whatever else is wrong`() throws {
    let text = Self.local.replacing("bus: \"hall\"", with: "bus: \"nowhere\"")
    let draft = ConfigurationDraft([ConfigurationFile(path: "takt.json5", text: text)])
    #expect(draft.check(profiles: [], shelf: []).configuration == nil)
    let identity = try #require(draft.identity())
    #expect(identity.gateway.name == "gw")
    #expect(identity.remote?.keys.first?.key.text == Self.key)
  }

  @Test func `what differs is told by name, new and gone things in one line`() throws {
    let before = try #require(check([]).configuration?.plan)
    let after = try #require(
      check([
        Self.pressThree.replacing("press-3", with: "press-2").replacing("unit: 3", with: "unit: 9")
      ]).configuration?.plan)
    let lines = SettingsDifference.between(before, after).map(\.text)
    #expect(lines.contains("- machines[press-1]"), "\(lines)")
    #expect(lines.contains("~ machines[press-2].unit: 2 -> 9"), "\(lines)")
    #expect(lines.count == 2, "\(lines)")
    #expect(SettingsDifference.between(after, after).isEmpty)
    #expect(
      SettingsDifference.between(after, before).first?.text.hasPrefix("+ machines[press-1]: {")
        == true)
  }
}
