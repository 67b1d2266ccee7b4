// The whole transition table of the state machine, state by state and look by look, so that a
// review sees every new arrow. It hears verdicts; how signals become verdicts is StateTableTests.

import Machines
import Primitives
import Signals
import Testing

private let start = Stamp(instant: .milliseconds(0), wall: WallTime(milliseconds: 0))
private let later = Stamp(instant: .milliseconds(500), wall: WallTime(milliseconds: 500))

private func stop(_ kind: EvidenceState, long: Bool = false) -> StateStop {
  var stop = StateStop(
    record: StopRecord(
      stopID: "press-1-e1-1", startedAt: start,
      cause: Cause(code: nil, text: "stopped, no reason", from: .inferred), category: .unplanned,
      classified: false), kind: kind)
  stop.isLong = long
  stop.record.kind = stop.condition
  return stop
}

private let dip = Dip(since: start, verdict: Verdict(.stopped))
private let run = Dip(since: start, verdict: Verdict(.running))

private let phases: [(String, Phase)] = [
  ("unknown", .unknown), ("running", .running(from: start, Pace(from: .boot), dip: nil)),
  ("dip", .running(from: start, Pace(from: .boot), dip: dip)),
  ("short", .stopped(stop(.stopped), run: nil)),
  ("stopped", .stopped(stop(.stopped, long: true), run: nil)),
  ("fault", .stopped(stop(.fault), run: nil)), ("run", .stopped(stop(.stopped), run: run)),
  ("lost", .noContact(.unknown)), ("lost/running", .noContact(.running(dip: nil))),
  ("lost/dip", .noContact(.running(dip: dip))),
  ("lost/short", .noContact(.stopped(stop(.stopped), run: nil))),
  ("lost/run", .noContact(.stopped(stop(.stopped), run: run))),
]

private let looks: [(String, Look)] = [
  ("lost", Look(.lost)), ("partial", Look(.partial)), ("runs", Look(.full, Verdict(.running))),
  ("counts", Look(.full, Verdict(.running), moved: true)), ("slow", Look(.full, Verdict(.slow))),
  ("stands", Look(.full, Verdict(.stopped))), ("code 12", Look(.full, Verdict(.fault, code: 12))),
  ("blocked", Look(.full, Verdict(.blocked))), ("planned", Look(.full, Verdict(.planned))),
]

private func outcome(_ phase: Phase, _ sight: Sight, _ look: Look) -> String {
  let rules = StateRules(name: "press-1", evidence: EvidenceRules([]), counter: Line.good)
  var machine = StateMachine(rules: rules, epoch: "e1", firstStop: 2, at: start)
  machine.phase = phase
  machine.sight = sight
  var facts: [Fact] = []
  machine.follow(look, at: later, into: &facts)
  let letters = facts.map { fact in
    switch fact.kind {
    case .stopStarted: "S"
    case .stopEnded: "E"
    case .stopClassified: "C"
    case .stateChanged, .counted, .counterAnomaly, .contactLost, .contactRestored, .orderShown:
      ""
    }
  }.joined()
  let names: [MachineCondition: String] = [.noContact: "away", .shortStop: "short"]
  let name = names[machine.phase.condition] ?? machine.phase.condition.rawValue
  return "\(name)\(letters.isEmpty ? "" : " " + letters)"
}

@Suite("The table of transitions")
struct TransitionTableTests {
  // S a stop starts, E it ends, C it is classified; away is noContact, short is shortStop.
  static let table = """
    state|lost|partial|runs|counts|slow|stands|code 12|blocked|planned
    unknown|away|unknown|running|running|slow|short S|fault S|blocked S|planned S
    unknown gap|away|unknown|running|running|slow|short S|fault S|blocked S|planned S
    unknown moved|away|unknown|running|running|slow|short S|fault S|blocked S|planned S
    running|away|running|running|running|slow|short S|fault S|blocked S|planned S
    running gap|away|running|running|running|slow|short S|fault S|blocked S|planned S
    running moved|away|running|running|running|slow|short S|fault S|blocked S|planned S
    dip|away|running|running|running|slow|short S|fault S|blocked S|planned S
    dip gap|away|running|running|running|slow|short S|fault S|blocked S|planned S
    dip moved|away|running|running|running|slow|short S|fault S|blocked S|planned S
    short|away|short|running E|running E|slow E|short|fault C|blocked C|planned C
    short gap|away|short|running E|running E|slow E|short|fault C|blocked C|planned C
    short moved|away|short|running E|running E|slow E|short ES|fault ES|blocked ES|planned ES
    stopped|away|stopped|running E|running E|slow E|stopped|fault C|blocked C|planned C
    stopped gap|away|stopped|running E|running E|slow E|stopped|fault C|blocked C|planned C
    stopped moved|away|stopped|running E|running E|slow E|short ES|fault ES|blocked ES|planned ES
    fault|away|fault|running E|running E|slow E|short|fault C|blocked C|planned C
    fault gap|away|fault|running E|running E|slow E|short|fault C|blocked C|planned C
    fault moved|away|fault|running E|running E|slow E|short ES|fault ES|blocked ES|planned ES
    run|away|short|running E|running E|slow E|short|fault C|blocked C|planned C
    run gap|away|short|running E|running E|slow E|short|fault C|blocked C|planned C
    run moved|away|short|running E|running E|slow E|short ES|fault ES|blocked ES|planned ES
    lost gap|away|away|running|running|slow|short S|fault S|blocked S|planned S
    lost moved|away|away|running|running|slow|short S|fault S|blocked S|planned S
    lost/running gap|away|away|running|running|slow|short S|fault S|blocked S|planned S
    lost/running moved|away|away|running|running|slow|short S|fault S|blocked S|planned S
    lost/dip gap|away|away|running|running|slow|short S|fault S|blocked S|planned S
    lost/dip moved|away|away|running|running|slow|short S|fault S|blocked S|planned S
    lost/short gap|away|away|running E|running E|slow E|short|fault C|blocked C|planned C
    lost/short moved|away|away|running E|running E|slow E|short ES|fault ES|blocked ES|planned ES
    lost/run gap|away|away|running E|running E|slow E|short|fault C|blocked C|planned C
    lost/run moved|away|away|running E|running E|slow E|short ES|fault ES|blocked ES|planned ES
    """

  @Test func `every state answers every look as the table says`() {
    let sights: [(String, Sight)] = [
      ("", .clear), (" gap", .doubtful(moved: false)), (" moved", .doubtful(moved: true)),
    ]
    var rows = ["state|" + looks.map(\.0).joined(separator: "|")]
    for (name, phase) in phases {
      for (sight, seen) in sights where !(name.hasPrefix("lost") && seen == .clear) {
        let cells = looks.map { outcome(phase, seen, $0.1) }
        rows.append("\(name)\(sight)|\(cells.joined(separator: "|"))")
      }
    }
    let expected = Self.table.split(separator: "\n").map(String.init)
    #expect(rows == expected)
    if rows != expected { print(rows.joined(separator: "\n")) }
  }
}
