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
  return "\(machine.phase.condition)\(letters.isEmpty ? "" : " " + letters)"
}

@Suite("The table of transitions")
struct TransitionTableTests {
  // S a stop starts, E it ends, C it is classified.
  static let table = """
    state | lost | partial | runs | counts | slow | stands | code 12 | blocked | planned
    unknown | noContact | unknown | running | running | slow | shortStop S | fault S | blocked S | planned S
    unknown gap | noContact | unknown | running | running | slow | shortStop S | fault S | blocked S | planned S
    unknown moved | noContact | unknown | running | running | slow | shortStop S | fault S | blocked S | planned S
    running | noContact | running | running | running | slow | shortStop S | fault S | blocked S | planned S
    running gap | noContact | running | running | running | slow | shortStop S | fault S | blocked S | planned S
    running moved | noContact | running | running | running | slow | shortStop S | fault S | blocked S | planned S
    dip | noContact | running | running | running | slow | shortStop S | fault S | blocked S | planned S
    dip gap | noContact | running | running | running | slow | shortStop S | fault S | blocked S | planned S
    dip moved | noContact | running | running | running | slow | shortStop S | fault S | blocked S | planned S
    short | noContact | shortStop | running E | running E | slow E | shortStop | fault C | blocked C | planned C
    short gap | noContact | shortStop | running E | running E | slow E | shortStop | fault C | blocked C | planned C
    short moved | noContact | shortStop | running E | running E | slow E | shortStop ES | fault ES | blocked ES | planned ES
    stopped | noContact | stopped | running E | running E | slow E | stopped | fault C | blocked C | planned C
    stopped gap | noContact | stopped | running E | running E | slow E | stopped | fault C | blocked C | planned C
    stopped moved | noContact | stopped | running E | running E | slow E | shortStop ES | fault ES | blocked ES | planned ES
    fault | noContact | fault | running E | running E | slow E | shortStop | fault C | blocked C | planned C
    fault gap | noContact | fault | running E | running E | slow E | shortStop | fault C | blocked C | planned C
    fault moved | noContact | fault | running E | running E | slow E | shortStop ES | fault ES | blocked ES | planned ES
    run | noContact | shortStop | running E | running E | slow E | shortStop | fault C | blocked C | planned C
    run gap | noContact | shortStop | running E | running E | slow E | shortStop | fault C | blocked C | planned C
    run moved | noContact | shortStop | running E | running E | slow E | shortStop ES | fault ES | blocked ES | planned ES
    lost gap | noContact | noContact | running | running | slow | shortStop S | fault S | blocked S | planned S
    lost moved | noContact | noContact | running | running | slow | shortStop S | fault S | blocked S | planned S
    lost/running gap | noContact | noContact | running | running | slow | shortStop S | fault S | blocked S | planned S
    lost/running moved | noContact | noContact | running | running | slow | shortStop S | fault S | blocked S | planned S
    lost/dip gap | noContact | noContact | running | running | slow | shortStop S | fault S | blocked S | planned S
    lost/dip moved | noContact | noContact | running | running | slow | shortStop S | fault S | blocked S | planned S
    lost/short gap | noContact | noContact | running E | running E | slow E | shortStop | fault C | blocked C | planned C
    lost/short moved | noContact | noContact | running E | running E | slow E | shortStop ES | fault ES | blocked ES | planned ES
    lost/run gap | noContact | noContact | running E | running E | slow E | shortStop | fault C | blocked C | planned C
    lost/run moved | noContact | noContact | running E | running E | slow E | shortStop ES | fault ES | blocked ES | planned ES
    """

  @Test func `every state answers every look as the table says`() {
    let sights: [(String, Sight)] = [
      ("", .clear), (" gap", .doubtful(moved: false)), (" moved", .doubtful(moved: true)),
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
