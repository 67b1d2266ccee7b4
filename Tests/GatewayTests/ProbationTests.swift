// How a configuration is watched: which sights let it stand, and which take it back.

import Polling
import Primitives
import Signals
import Testing

@testable import Gateway

@Suite("Probation") struct ProbationTests {
  private typealias Sight = ProbationSight

  private let good = Sight(
    units: ["hall/1": .inContact, "hall/2": .inContact, "old/1": .lost("silent")],
    uplinks: ["mes": .good, "erp": .failing("refused")])

  private func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

  private func probation(
    units: Set<String> = ["hall/1", "hall/2", "old/1"], uplinks: Set<String> = ["mes", "erp"]
  ) -> Probation {
    Probation(
      before: good, touchedUnits: units, touchedUplinks: uplinks, rules: ProbationRules(),
      now: at(0))
  }

  /// A look each second at what is seen from then on; the verdict and when it came.
  private func play(
    _ probation: Probation, until end: Int64 = 200, _ seen: (Int64) -> Sight
  ) -> (second: Int64, verdict: ProbationVerdict)? {
    var probation = probation
    for second in 1...end {
      let verdict = probation.look(seen(second), now: at(second))
      if verdict != .goesOn { return (second, verdict) }
    }
    return nil
  }

  @Test func `what is as good as before stands after its time, and not earlier`() throws {
    let end = try #require(play(probation()) { _ in good })
    #expect(end.second == 60 && end.verdict == .stood)
  }

  @Test func `a configuration under which nothing answers fails after the patience`() throws {
    let dead = Sight(
      units: ["hall/1": .lost("refused"), "hall/2": .lost("refused")], uplinks: good.uplinks)
    let end = try #require(play(probation()) { _ in dead })
    #expect(end.second == 16)
    #expect(
      end.verdict == .failed("no unit is in contact any more; before, 2 were (refused)"))
  }

  @Test func `one unit less is enough, if its bus was touched`() throws {
    var less = good
    less.units["hall/2"] = .lost("timeout")
    let end = try #require(play(probation()) { _ in less })
    #expect(
      end.verdict == .failed("unit hall/2 was in contact before and is not now: timeout"))
    let elsewhere = try #require(play(probation(units: ["hall/1"])) { _ in less })
    #expect(elsewhere.verdict == .stood)
  }

  @Test func `who was lost before, or is taken out on purpose, is no ground`() throws {
    var fewer = good
    fewer.units["hall/2"] = nil
    fewer.units["old/1"] = .lost("worse")
    fewer.units["new/1"] = .lost("it has not answered yet")
    fewer.uplinks["erp"] = .failing("worse")
    #expect(play(probation()) { _ in fewer }?.verdict == .stood)
  }

  @Test func `taking everything out is not on purpose`() throws {
    let none = Sight(units: [:], uplinks: good.uplinks)
    #expect(
      play(probation()) { _ in none }?.verdict
        == .failed("no unit is in contact any more; before, 2 were"))
    let mute = Sight(units: good.units, uplinks: [:])
    #expect(
      play(probation()) { _ in mute }?.verdict
        == .failed("no uplink is left; before, mes delivered"))
  }

  @Test func `an uplink may be made anew, and must deliver in the end`() throws {
    var owing = good
    owing.uplinks["mes"] = .owing
    let late = try #require(play(probation()) { $0 < 50 ? owing : good })
    #expect(late.verdict == .stood && late.second == 60)
    let never = try #require(play(probation()) { _ in owing })
    #expect(never.second == 75)
    #expect(never.verdict == .failed("uplink mes delivered before and does not now"))
    var failing = good
    failing.uplinks["mes"] = .failing("no route")
    let fails = try #require(play(probation()) { _ in failing })
    #expect(fails.second == 16)
    #expect(play(probation(uplinks: [])) { _ in failing }?.verdict == .stood)
  }

  @Test func `what comes back within the patience was never broken`() throws {
    var less = good
    less.units["hall/1"] = .lost("timeout")
    #expect(play(probation()) { $0 % 15 == 0 ? good : less }?.verdict == .stood)
    // Broken as the time ends: it is waited for, and then decided.
    let end = try #require(play(probation()) { $0 < 55 ? good : less })
    #expect(end.second == 70 && end.verdict != .stood)
    let heals = try #require(play(probation()) { (55..<65).contains($0) ? less : good })
    #expect(heals.second == 65 && heals.verdict == .stood)
  }

  @Test func `a short probation is no more patient than it is long`() {
    let rules = ProbationRules(length: .seconds(10))
    #expect(rules.patience == .seconds(10))
  }

  private func bus(
    _ name: String, connect: Duration, units: Int, timeout: Duration
  ) -> BusDefinition {
    BusDefinition(
      name: name, line: .tcp(host: "10.0.0.1", port: 502), connectTimeout: connect,
      units: (0..<units).map { number in
        UnitDefinition(
          id: UnitID(number), name: "\(name)/\(number)", address: UInt8(number + 1),
          timeout: timeout, bindings: [])
      })
  }

  @Test func `a site is given the time that its slowest bus needs, and a deadly one is not`() {
    let usual = ProbationRules(
      length: .seconds(60),
      touched: [bus("hall", connect: .seconds(3), units: 2, timeout: .milliseconds(500))])
    #expect(usual == ProbationRules())
    // 30 slow units behind a serial server: 2 × (3 s + 0.2 s + 30 s), and no more than its length.
    let line = bus("line", connect: .seconds(3), units: 30, timeout: .seconds(1))
    let slow = ProbationRules(length: .seconds(600), touched: [line])
    #expect(slow.patienceForOne == .milliseconds(66_400))
    // Of 30 s an opening of 3 s and 7 s of work are taken away.
    #expect(slow.patience == .seconds(20))
    #expect(ProbationRules(length: .seconds(40), touched: [line]).patienceForOne == .seconds(40))
    let sluggish = bus("far", connect: .seconds(12), units: 1, timeout: .seconds(1))
    #expect(ProbationRules(length: .seconds(60), touched: [sluggish]).patience == .seconds(11))
    let hopeless = bus("moon", connect: .seconds(60), units: 1, timeout: .seconds(60))
    #expect(ProbationRules(length: .seconds(600), touched: [hopeless]).patience == .seconds(5))
    #expect(ProbationRules(length: .seconds(60), touched: []) == ProbationRules())
    let far = ProbationRules(
      length: .seconds(60), touched: [], uplinks: [.seconds(3), .seconds(41)])
    #expect(far.patience == .seconds(15) && far.patienceForOne == .seconds(41))
  }

  @Test func `a slow unit is waited for as long as it may take, a dead site is not`() throws {
    let rules = ProbationRules(
      length: .seconds(60), patience: .seconds(20), patienceForOne: .seconds(50))
    var watched = Probation(
      before: good, touchedUnits: ["hall/1", "hall/2"], touchedUplinks: [], rules: rules,
      now: at(0))
    var less = good
    less.units["hall/2"] = .lost("timeout")
    var dead = less
    dead.units["hall/1"] = .lost("timeout")
    #expect(play(watched) { $0 < 45 ? less : good }?.verdict == .stood)
    let late = try #require(play(watched) { _ in less })
    #expect(late.second == 51)
    let end = try #require(play(watched) { _ in dead })
    #expect(end.second == 21)
    // One is missing for long, then for a moment all: the moment is not held against it.
    for second in Int64(1)...40 {
      let sight = (30..<32).contains(second) ? dead : less
      #expect(watched.look(sight, now: at(second)) == .goesOn)
    }
    #expect(watched.look(good, now: at(41)) == .goesOn)
    #expect(watched.look(good, now: at(60)) == .stood)
  }

  @Test func `a verdict is final`() {
    var probation = probation()
    #expect(probation.look(good, now: at(60)) == .stood)
    #expect(probation.look(Sight(units: [:], uplinks: [:]), now: at(99)) == .stood)
  }
}
