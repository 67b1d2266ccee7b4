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
  ("lost", .noContact(.unknown)), ("lost/ran", .noContact(.running(dip: nil))),
  ("lost/dip", .noContact(.running(dip: dip))),
  ("lost/stop", .noContact(.stopped(stop(.stopped), run: nil))),
  ("lost/run", .noContact(.stopped(stop(.stopped), run: run))),
]

private let looks: [(String, Look)] = [
  ("lost", Look(.lost)), ("partial", Look(.partial)), ("runs", Look(.full, Verdict(.running))),
  ("counts", Look(.full, Verdict(.running), moved: true)), ("slow", Look(.full, Verdict(.slow))),
  ("stands", Look(.full, Verdict(.stopped))), ("code 12", Look(.full, Verdict(.fault, code: 12))),
  ("blocked", Look(.full, Verdict(.blocked))), ("planned", Look(.full, Verdict(.planned))),
]

private let words: [MachineCondition: String] = [
  .unknown: "unknown", .running: "run", .slow: "slow", .shortStop: "short", .stopped: "stop",
  .fault: "fault", .blocked: "block", .planned: "plan", .noContact: "lost",
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
    case .stateChanged, .counted, .counterAnomaly, .contactLost, .contactRestored, .orderShown: ""
    }
  }.joined()
  return "\(words[machine.phase.condition] ?? "")\(letters.isEmpty ? "" : " " + letters)"
}

@Suite("The table of transitions")
struct TransitionTableTests {
  // S a stop starts, E it ends, C it is classified.
  static let table = """
    state | lost | partial | runs | counts | slow | stands | code 12 | blocked | planned
    unknown | lost | unknown | run | run | slow | short S | fault S | block S | plan S
    unknown gap | lost | unknown | run | run | slow | short S | fault S | block S | plan S
    unknown made | lost | unknown | run | run | slow | short S | fault S | block S | plan S
    running | lost | run | run | run | slow | short S | fault S | block S | plan S
    running gap | lost | run | run | run | slow | short S | fault S | block S | plan S
    running made | lost | run | run | run | slow | short S | fault S | block S | plan S
    dip | lost | run | run | run | slow | short S | fault S | block S | plan S
    dip gap | lost | run | run | run | slow | short S | fault S | block S | plan S
    dip made | lost | run | run | run | slow | short S | fault S | block S | plan S
    short | lost | short | run E | run E | slow E | short | fault C | block C | plan C
    short gap | lost | short | run E | run E | slow E | short | fault C | block C | plan C
    short made | lost | short | run E | run E | slow E | short ES | fault ES | block ES | plan ES
    stopped | lost | stop | run E | run E | slow E | stop | fault C | block C | plan C
    stopped gap | lost | stop | run E | run E | slow E | stop | fault C | block C | plan C
    stopped made | lost | stop | run E | run E | slow E | short ES | fault ES | block ES | plan ES
    fault | lost | fault | run E | run E | slow E | short | fault C | block C | plan C
    fault gap | lost | fault | run E | run E | slow E | short | fault C | block C | plan C
    fault made | lost | fault | run E | run E | slow E | short ES | fault ES | block ES | plan ES
    run | lost | short | run E | run E | slow E | short | fault C | block C | plan C
    run gap | lost | short | run E | run E | slow E | short | fault C | block C | plan C
    run made | lost | short | run E | run E | slow E | short ES | fault ES | block ES | plan ES
    lost gap | lost | lost | run | run | slow | short S | fault S | block S | plan S
    lost made | lost | lost | run | run | slow | short S | fault S | block S | plan S
    lost/ran gap | lost | lost | run | run | slow | short S | fault S | block S | plan S
    lost/ran made | lost | lost | run | run | slow | short S | fault S | block S | plan S
    lost/dip gap | lost | lost | run | run | slow | short S | fault S | block S | plan S
    lost/dip made | lost | lost | run | run | slow | short S | fault S | block S | plan S
    lost/stop gap | lost | lost | run E | run E | slow E | short | fault C | block C | plan C
    lost/stop made | lost | lost | run E | run E | slow E | short ES | fault ES | block ES | plan ES
    lost/run gap | lost | lost | run E | run E | slow E | short | fault C | block C | plan C
    lost/run made | lost | lost | run E | run E | slow E | short ES | fault ES | block ES | plan ES
    """

  @Test func `every state answers every look as the table says`() {
    let sights: [(String, Sight)] = [
      ("", .clear), (" gap", .doubtful(moved: false)), (" made", .doubtful(moved: true)),
    ]
    var rows = ["state | " + looks.map(\.0).joined(separator: " | ")]
    for (name, phase) in phases {
      for (sight, seen) in sights where !(name.hasPrefix("lost") && seen == .clear) {
        let cells = looks.map { outcome(phase, seen, $0.1) }
        rows.append("\(name)\(sight) | \(cells.joined(separator: " | "))")
      }
    }
    let expected = Self.table.split(separator: "\n").map(String.init)
    #expect(rows == expected)
    if rows != expected { print(rows.joined(separator: "\n")) }
  }
}
