// What evidence means to the machines: every notation of a condition, and what is added to it.

import Machines
import Primitives
import Signals
import Testing

@testable import Settings

/// The first machine of the right configuration with some parts replaced.
func machine(_ edits: (String, String)...) throws -> MachineRules {
  let outcome = check(Broken("", edits, "").text)
  let plan = try #require(outcome.configuration?.plan, "\(messages(outcome))")
  return plan.machines[0]
}

private let run = SignalID(0)
private let good = SignalID(1)

private func rule(
  _ test: EvidenceRule.Test, on: Duration = .zero, off: Duration = .zero
) -> EvidenceRule {
  EvidenceRule(test, onDelay: on, offDelay: off)
}

@Suite("Evidence")
struct EvidencePlanTests {
  @Test(arguments: [
    ("\"run\"", rule(.bit(run))),
    ("\"!run\"", rule(.not(rule(.bit(run))))),
    ("\"good = 4\"", rule(.code(good, [CodeMeaning([4])], anyOther: false))),
    ("\"good = 4, 5\"", rule(.code(good, [CodeMeaning([4, 5])], anyOther: false))),
    ("\"good > 3.5\"", rule(.above(good, on: 3.5.nextUp, off: 3.5.nextUp))),
    (
      "{ signal: \"good\", below: 10, onDelay: \"1s\", offDelay: \"500ms\" }",
      rule(
        .below(good, on: 10.0.nextDown, off: 10.0.nextDown), on: .seconds(1),
        off: .milliseconds(500))
    ),
    (
      "{ signal: \"good\", above: 80, until: 75 }",
      rule(.above(good, on: 80.0.nextUp, off: 75.0.nextUp))
    ),
    (
      "{ signal: \"good\", below: 10, until: 15 }",
      rule(.below(good, on: 10.0.nextDown, off: 15.0.nextDown))
    ),
    (
      #"{ signal: "good", codes: { "12": "door", "17-19": "", "-5": "door", "*": "" } }"#,
      rule(
        .code(
          good,
          [
            CodeMeaning([12], reason: "door"), CodeMeaning([17, 18, 19]),
            CodeMeaning([-5], reason: "door"),
          ], anyOther: true))
    ),
    ("{ stands: \"good\", for: \"30s\" }", rule(.counterStands(good, .duration(.seconds(30))))),
    ("{ stands: \"good\", cycles: 2.5 }", rule(.counterStands(good, .cycles(hundredths: 250)))),
    ("{ stands: \"run\", cycles: 3 }", rule(.pulseStands(run, .cycles(hundredths: 300)))),
    (
      "{ all: [\"!run\", { any: [\"good = 1\", { not: \"run\", offDelay: \"2s\" }] }] }",
      rule(
        .all([
          rule(.not(rule(.bit(run)))),
          rule(
            .any([
              rule(.code(good, [CodeMeaning([1])], anyOther: false)),
              rule(.not(rule(.bit(run))), off: .seconds(2)),
            ])),
        ]))
    ),
  ])
  func `a condition is understood in every notation`(text: String, expected: EvidenceRule) throws {
    let rules = try machine(
      ("running: \"run\"", "idealCycle: \"1s\", evidence: [{ state: \"fault\", when: \(text) }]"),
      ("\n}", "\nreasons: [{ code: \"door\", text: \"Door\" }],\n}"))
    #expect(rules.states?.evidence.claims == [EvidenceClaim(.fault, when: expected)])
    #expect(rules.running == nil)
  }

  @Test func `a claim's delays and reason are those of its condition`() throws {
    let rules = try machine(
      (
        "running: \"run\"",
        """
        evidence: [{ state: "blocked", when: "!run", reason: "full", onDelay: "1s",
            offDelay: "2s" }],
          otherwise: "running", precedence: ["stopped", "fault"]
        """
      ),
      ("\n}", "\nreasons: [{ code: \"full\", text: \"Full\" }],\n}"))
    #expect(
      rules.states?.evidence
        == EvidenceRules(
          [
            EvidenceClaim(
              .blocked, when: rule(.not(rule(.bit(run))), on: .seconds(1), off: .seconds(2)),
              reason: "full")
          ],
          order: [
            .noContact, .stopped, .fault, .setup, .planned, .blocked, .starved, .slow, .running,
          ], otherwise: .running))
  }

  @Test func `PackML registers become claims, by the builder's numbers where he has his own`()
    throws
  {
    let rules = try machine(
      (
        "running: \"run\"",
        """
        packml: { state: "good", mode: "good", suspended: "blocked", states: { "Execute": 17 },
          modes: { "Maintenance": 9 } }
        """
      ))
    let claims = try #require(rules.states?.evidence.claims)
    #expect(claims.map(\.state) == [.fault, .blocked, .stopped, .running, .setup, .planned])
    func values(_ values: [Int64]) -> EvidenceRule {
      rule(.code(good, [CodeMeaning(values)], anyOther: false))
    }
    // 17 was Complete, which this builder has no number for.
    #expect(
      claims.map(\.rule) == [
        values([1, 8, 9]), values([5, 13, 14]), values([2, 3, 4, 7, 10, 11, 12, 15]),
        values([16, 17]), values([4]), values([9]),
      ])
  }

  @Test func `what is declared beside evidence becomes the rules of the states`() throws {
    let rules = try machine(
      (
        "running: \"run\"",
        """
        evidence: [{ state: "running", when: "run" }], idealCycle: "1.2s", ignoreUnder: "2s",
          minimumRun: "5s", shortStop: "3min", slow: { below: "82.5%", window: "90s" },
          minorStopWindow: "15min",
          changeover: { before: "10min", after: "5min", split: true, reason: "setup" },
          planned: { reason: "free", split: false }
        """
      ),
      (
        "\n}",
        """

        lines: [{ name: "l", calendar: "c" }],
        calendars: [{ name: "c", shifts: [{ name: "day", from: "06:00", to: "18:00" }] }],
        reasons: [{ code: "setup", text: "Setup" }, { code: "free", text: "Free" }],
        }
        """
      ))
    #expect(
      rules.states
        == StateRules(
          name: "press-1",
          evidence: EvidenceRules([EvidenceClaim(.running, when: rule(.bit(run)))]),
          counter: good, idealCycle: .milliseconds(1200), ignoreUnder: .seconds(2),
          shortStop: .seconds(180), minimumRun: .seconds(5),
          slow: SlowRule(share: 825, window: .seconds(90)),
          changeover: ChangeoverRule(
            before: .seconds(600), after: .seconds(300), splits: true, reason: "setup"),
          plannedReason: "free", plannedSplits: false,
          reasons: try ReasonTable(
            [Reason("setup", texts: ["en": "Setup"]), Reason("free", texts: ["en": "Free"])],
            language: "en")))
    #expect(rules.minorStopWindow == .seconds(900))
  }

  @Test func `a configuration without anything new means what it meant`() throws {
    let plan = try #require(check(Broken.right).configuration?.plan)
    let rules = plan.machines[0]
    #expect(rules.states == nil && rules.minorStopWindow == .seconds(3600))
    #expect(rules.mapping == .usual)
    #expect(rules.order == nil && rules.limits.isEmpty && rules.counters.isEmpty)
    #expect(
      plan.lines == [
        LineRules(
          name: "l", machines: ["press-1"], timeZone: "UTC",
          calendar: .roundTheClock(name: SitePlan.roundTheClock, zone: .utc))
      ])
  }

  @Test func `a run bit and fault codes keep their meaning beside what is added to them`() throws {
    var rules = try machine(
      (
        "running: \"run\"",
        """
        running: "run", faultCode: "good", causes: { "12": { text: "Tür", category: "planned" } },
          minimumRun: "5s"
        """
      ),
      ("\n}", "\nlanguage: \"de\", reasons: [{ code: \"door\", text: \"Tür\" }],\n}"))
    let states = try #require(rules.states)
    rules.states = nil
    var expected = try StateRules(simple: rules)
    expected.minimumRun = .seconds(5)
    expected.reasons = try ReasonTable(
      [
        Reason("12", texts: ["de": "Tür"], category: .planned),
        Reason("door", texts: ["de": "Tür"]),
      ], language: "de")
    #expect(states == expected)
  }

  @Test func `words of a site replace the usual ones, row by row`() throws {
    let rules = try machine(
      (
        "running: \"run\"",
        """
        running: "run", words: { stopped: { state: "Held", e10: "SDT" },
          noContact: { mode: "Production" }, running: { mode: "none", e10: "none" }, shortStop: {} }
        """
      ))
    var running = StateNames("Execute")
    (running.packMLMode, running.e10) = (nil, nil)
    #expect(
      rules.mapping
        == StateMapping([
          .stopped: StateNames("Held", mode: "Production", e10: .scheduledDown),
          .noContact: StateNames("Undefined", mode: "Production"), .running: running,
        ]))
  }
}
