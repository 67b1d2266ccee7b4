// The plant that is shipped as an example, value by value.

import Machines
import Primitives
import Signals
import Testing

@testable import Settings

@Suite("The plant of the examples")
struct PlantTests {
  private static let workdays: Set<Weekday> = [.monday, .tuesday, .wednesday, .thursday, .friday]

  private func plan() throws -> SitePlan {
    let outcome = check(try Example.text(Example.plant))
    #expect(messages(outcome) == [])
    return try #require(outcome.configuration?.plan)
  }

  /// The id of a signal of the first machine.
  private func id(_ name: String, _ plan: SitePlan) throws -> SignalID {
    SignalID(
      try #require(plan.signals.firstIndex { $0.definition.name == name && $0.machine == 0 }))
  }

  @Test func `its line works in two shifts`() throws {
    let line = try #require(try plan().lines.first)
    #expect(line.machines == ["press-9", "press-8"])
    #expect(line.timeZone == "Europe/Berlin")
    #expect(
      line.calendar.shifts == [
        ShiftDefinition(
          "early", ClockSpan(start: 360, end: 840), days: Self.workdays,
          breaks: [
            BreakDefinition("breakfast", ClockSpan(start: 540, end: 555)),
            BreakDefinition("lunch", ClockSpan(start: 720, end: 750)),
          ]),
        ShiftDefinition(
          "late", ClockSpan(start: 840, end: 1320), days: Self.workdays,
          breaks: [BreakDefinition("supper", ClockSpan(start: 1080, end: 1110))]),
      ])
    #expect(line.calendar.dayStart == 360)
    #expect(line.calendar.holidays.map(\.extent) == [.from(720), .wholeDay, .wholeDay])
    #expect(line.calendar.exceptions.map(\.date.text) == ["2026-12-05", "2026-12-23"])
    #expect(line.calendar.maintenance.map(\.from.text) == ["2026-12-01 22:00"])
    #expect(
      line.confirmations
        == ConfirmationRules(
          interval: .seconds(1800), percentAbovePlan: 5, confirming: ["press-9"]))
  }

  @Test func `its reasons are in two languages, and inherit from their parents`() throws {
    let reasons = try #require(try plan().machines.first?.states?.reasons)
    #expect(reasons.language == "de")
    #expect(reasons.codes.count == 8)
    #expect(reasons.text("guard-open") == "Schutztür offen")
    #expect(reasons.text("guard-open", language: "en") == "Guard door open")
    #expect(reasons.path("guard-open").map(\.code) == ["guard-open", "safety"])
    #expect(reasons.path("guard-open").compactMap(\.category) == [.unplanned])
    #expect(reasons["setup"]?.category == .planned)
  }

  @Test func `its presses tell why they stand`() throws {
    let plan = try plan()
    let states = try #require(plan.machines[0].states)
    func rule(_ test: EvidenceRule.Test) -> EvidenceRule { EvidenceRule(test) }
    let (run, feed) = (try id("run", plan), try id("feed", plan))
    #expect(
      states.evidence
        == EvidenceRules([
          EvidenceClaim(
            .fault,
            when: rule(
              .code(
                try id("fault", plan),
                [
                  CodeMeaning([12], reason: "guard-open"), CodeMeaning([13], reason: "emergency"),
                  CodeMeaning([17, 18, 19, 20], reason: "drive"),
                ], anyOther: true))),
          EvidenceClaim(
            .blocked,
            when: rule(.all([rule(.not(rule(.bit(run)))), rule(.bit(try id("jam", plan)))])),
            reason: "downstream"),
          EvidenceClaim(
            .starved,
            when: EvidenceRule(
              .below(feed, on: 10.0.nextDown, off: 15.0.nextDown), onDelay: .seconds(1),
              offDelay: .milliseconds(500)), reason: "no-material"),
          EvidenceClaim(
            .stopped, when: rule(.counterStands(try id("good", plan), .cycles(hundredths: 400)))),
          EvidenceClaim(.running, when: rule(.bit(run))),
        ]))
    #expect(states.counter == (try id("good", plan)))
    #expect(states.idealCycle == .milliseconds(1200))
    #expect(states.slow == SlowRule(share: 800, window: .seconds(60)))
    #expect(states.plannedReason == "free" && states.plannedSplits)
    let other = try #require(plan.machines[1].states)
    #expect(other.evidence.claims.map(\.state).contains(.blocked))
    #expect(!other.evidence.claims.map(\.state).contains(.starved))
  }

  @Test func `its order comes from a register, and hot oil holds the quality`() throws {
    let plan = try plan()
    let press = plan.machines[0]
    #expect(
      press.order
        == OrderSignals(
          order: try id("order-number", plan), operation: try id("operation", plan)))
    #expect(
      press.limits == [
        LimitRules(
          name: "oil-hot", signal: try id("oil-temperature", plan), side: .high, limit: 80,
          hysteresis: 2, onDelay: .seconds(10), severity: .alarm, holdsQuality: true)
      ])
    #expect(
      press.scrap == CounterRules(signal: try id("scrap", plan), bits: 12))
    #expect(
      press.counters == [RoleCounter(.scrap, CounterRules(pulse: try id("rejected", plan)))])
    #expect(plan.machines[1].counters.map(\.role) == [.total])
  }

  @Test func `its machines can be run`() throws {
    let at = Stamp(instant: Instant(nanoseconds: 0), wall: WallTime(milliseconds: 0))
    for rules in try plan().machines {
      let states = try MachineStates(rules: try #require(rules.states), epoch: "0", at: at)
      #expect(!states.interest.isEmpty)
    }
  }
}
