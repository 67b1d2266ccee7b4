// What a configuration means to the other rooms, and which risks it is warned of.

import Machines
import Polling
import Primitives
import Signals
import Testing

@testable import Settings

/// The plan of the right configuration with some parts replaced.
private func plan(_ edits: (String, String)...) throws -> SitePlan {
  let outcome = check(Broken("", edits, "").text)
  return try #require(outcome.configuration?.plan, "\(messages(outcome))")
}

/// What is told about the right configuration with some parts replaced.
private func told(_ edits: (String, String)...) -> [String] {
  messages(check(Broken("", edits, "").text))
}

@Suite("The plan")
struct PlanTests {
  @Test(arguments: [
    ("\"run\"", Condition.Comparison.isTrue),
    ("\"!run\"", .isFalse),
    ("\"run = 4\"", .equals(4)),
    ("\"run==-4\"", .equals(-4)),
    ("\"run = 4, 5,6\"", .oneOf([4, 5, 6])),
    ("\"run > 3.5\"", .above(3.5)),
    ("\"run < -1e2\"", .below(-100)),
    ("{ signal: \"run\", equals: 0x10 }", .equals(16)),
    ("{ signal: \"run\", equals: [1, 2] }", .oneOf([1, 2])),
    ("{ signal: \"run\", isTrue: false }", .isFalse),
    ("{ signal: \"run\", isFalse: true }", .isFalse),
    ("{ signal: \"run\", above: .5 }", .above(0.5)),
    ("{ signal: \"run\", below: +5 }", .below(5)),
  ])
  func `a condition is understood in both forms`(
    text: String, comparison: Condition.Comparison
  ) throws {
    let plan = try plan(("coil 0", "holding 0 i16"), ("running: \"run\"", "running: \(text)"))
    #expect(
      plan.machines[0].running == Condition(signal: SignalID(0), comparison: comparison))
  }

  @Test(arguments: [
    "\"\"", "\"!\"", "\"run !\"", "\"run != 4\"", "\"run = \"", "\"run = 4,\"", "\"run = 1.5\"",
    "\"run > \"", "\"run > x\"", "\"> 5\"", "\"run > nan\"", "\"run > 0x5\"", "\"run => 5\"", "5",
  ])
  func `a text that is no condition is refused`(text: String) {
    let outcome = check(Broken("", [("running: \"run\"", "running: \(text)")], "").text)
    #expect(outcome.errors.map(\.path) == ["machines[press-1].running"])
  }

  @Test func `a counter's highest value comes from its register`() throws {
    for (type, highest) in [
      ("u16", 65_535), ("i16", 32_767), ("i32", 2_147_483_647), ("u64", .max),
      ("i64", UInt64(Int64.max)),
    ] as [(String, UInt64)] {
      #expect(try plan(("u32", type)).machines[0].good?.highest == highest)
    }
    let declared = try plan(
      (
        "good: \"good\"", "good: { signal: \"good\", highest: 999999, piecesPerCount: 2 }"
      ))
    #expect(
      declared.machines[0].good
        == CounterRules(signal: SignalID(1), highest: 999_999, piecesPerCount: 2))
  }

  @Test func `machines on one unit share it with its gentlest settings`() throws {
    let outcome = check(
      Broken.right,
      """
      { machines: [
        { name: "a", bus: "plc", signals: [{ name: "x", at: "coil 1" }], running: "x",
          timeout: "900ms", gapLimit: 4 },
        { name: "b", bus: "plc", signals: [{ name: "x", at: "coil 2" }], running: "x",
          registersPerRequest: 20 },
      ] }
      """)
    #expect(outcome.errors == [])
    #expect(
      outcome.warnings.map(\.found) == [
        "unit 1 of plc gets 900ms here and 500ms in press-1; the longer one holds"
      ])
    let plan = try #require(outcome.configuration?.plan)
    #expect(plan.units == [PlannedUnit(bus: 0, address: 1, name: "plc/1", machines: [0, 1, 2])])
    let unit = plan.buses[0].units[0]
    #expect(plan.buses[0].units.count == 1)
    #expect(unit.timeout == .milliseconds(900))
    #expect(unit.quirks.registersPerRequest == 20)
    #expect(unit.quirks.gapLimit == 4)
    #expect(unit.bindings.map(\.signal) == (0..<4).map { SignalID($0) })
    #expect(plan.machines.map(\.units) == Array(repeating: [UnitID(0)], count: 3))
    #expect(plan.machines[2].signals == [SignalID(3)])
    #expect(plan.signals.map(\.machine) == [0, 0, 1, 2])
  }

  @Test func `the ring follows from the sum of the samples`() throws {
    // 2 signals and 1 mark each second × 2 s × 4 = 24 samples: the smallest ring.
    #expect(try plan().limits.ringSamples == [1024])
    // 200 + 200 marks + 1 + 1 mark a second × 2 s × 4 = 3,216 samples: 4,096.
    let fast = try plan(("coil 0\"", "coil 0\", every: \"5ms\""))
    #expect(fast.limits.ringSamples == [4096])
    let given = try plan(("\n}", "\nlimits: { ringSamples: 65536, journal: \"64MiB\" },\n}"))
    #expect(given.limits.ringSamples == [65_536])
    #expect(given.limits.journalBytes == 67_108_864)
  }

  @Test func `an unscaled deadband keeps its kind`() throws {
    func deadband(_ text: String) throws -> Deadband {
      try plan(("good: \"good\"", ""), ("u32\"", "f32\", \(text)")).signals[1].definition.deadband
    }
    #expect(try deadband("deadband: 0.5") == .absolute(0.5))
    #expect(try deadband("deadband: \"2 %\"") == .percent(2, span: nil))
    #expect(try deadband("deadband: \"2%\", range: [-10, 30.5]") == .percent(2, span: 40.5))
    #expect(try deadband("heartbeat: \"1min\"") == Deadband.none)
  }
}

@Suite("Risks")
struct RiskTests {
  @Test func `what may be meant is a warning and the configuration stays usable`() {
    #expect(
      told(("uplinks: [{ name: \"mes\", url: \"https://mes.example.com/takt\" }],", "")) == [
        "takt.json5:1:1: warning: uplinks: no uplink is declared;"
          + " events stay in the journal until it is full"
      ])
    #expect(
      told(("}],\nmachines", "}, { name: \"b\", host: \"10.0.0.1\" }],\nmachines")) == [
        "takt.json5:3:63: warning: buses[b].host: 10.0.0.1:502 is also bus plc; many PLCs take few"
          + " connections; allowed: one bus for one PLC"
      ])
    #expect(
      told(("running: \"run\", ", "causes: { \"1\": \"Door\" }, ")) == [
        "takt.json5:4:12: warning: machines[press-1]: nothing says when this machine stands;"
          + " allowed: evidence; or running, faultCode, or good with standstill",
        "takt.json5:7:11: warning: machines[press-1].causes: causes are named, but no signal tells"
          + " the code; allowed: faultCode: the name of a signal",
      ])
    #expect(
      told(("coil 0\"", "coil 0\", heartbeat: \"500ms\""), ("100 u32\"", "100 u32\", deadband: 2"))
        == [
          "takt.json5:5:43: warning: machines[press-1].signals[run].heartbeat: the heartbeat of"
            + " 500ms is shorter than the period of 1s; allowed: 1s or more",
          "takt.json5:7:25: warning: machines[press-1].good.signal: good has a deadband; the last"
            + " counts before a stop are told late; allowed: no deadband",
        ])
    #expect(
      told(("coil 0\"", "coil 0\", every: \"100ms\"")) == [
        "takt.json5:5:39: warning: machines[press-1].signals[run].every: run is read every 100ms,"
          + " but the unit may take 500ms to answer; one lost answer skips scans;"
          + " allowed: a shorter timeout or a longer period"
      ])
  }

  @Test func `no password of an address is repeated`() {
    let outcome = check(Broken("", [("https://", "https://user:secret@")], "").text)
    #expect(outcome.errors.count == 1)
    #expect(!messages(outcome).joined().contains("secret"))
  }
}
