// The whole transition table of the stop state machine, so that a review sees every new arrow.

import Machines
import Primitives
import Signals
import Testing

private let start = Stamp(instant: .milliseconds(0), wall: WallTime(milliseconds: 0))
private let later = Stamp(instant: .milliseconds(500), wall: WallTime(milliseconds: 500))

private func stop(standing: Bool) -> OpenStop {
  OpenStop(
    record: StopRecord(
      stopID: "press-1-e1-1", startedAt: start,
      cause: Cause(code: nil, text: "stopped, no code", from: .inferred), category: .unplanned,
      classified: false), standing: standing)
}

private let states: [(String, MachineState)] = [
  ("unknown", .unknown(since: start)),
  ("running", .running(since: start)),
  ("stopped", .stopped(since: start, stop: stop(standing: false))),
  ("standing", .stopped(since: start, stop: stop(standing: true))),
  ("lost/unknown", .noContact(since: start, before: .unknown)),
  ("lost/running", .noContact(since: start, before: .running)),
  ("lost/stopped", .noContact(since: start, before: .stopped(stop(standing: false)))),
  ("lost/standing", .noContact(since: start, before: .stopped(stop(standing: true)))),
]

private let views: [(String, View)] = [
  ("lost", View(contact: .lost)),
  ("partial", View(contact: .partial)),
  ("runs", View(contact: .full, code: 0, running: true)),
  ("counts", View(contact: .full, code: 0, running: true, moved: true)),
  ("stands", View(contact: .full, code: 0, running: false)),
  ("code 12", View(contact: .full, code: 12, running: true)),
]

private func outcome(_ state: MachineState, _ sight: Sight, _ view: View) -> String {
  var detector = StopDetector(rules: Line.rules(), epoch: "e1", firstStop: 2, at: start)
  detector.state = state
  detector.sight = sight
  var facts: [Fact] = []
  detector.follow(view, at: later, into: &facts)
  let letters = facts.map { fact in
    switch fact.kind {
    case .stopStarted: "S"
    case .stopEnded: "E"
    case .stopClassified: "C"
    case .stateChanged, .counted, .counterAnomaly, .contactLost, .contactRestored, .orderShown:
      ""
    }
  }.joined()
  let standing = detector.state.openStop?.standing == true ? "*" : ""
  return "\(detector.state.condition)\(standing)\(letters.isEmpty ? "" : " " + letters)"
}

@Suite("The table of transitions")
struct TransitionTableTests {
  // S a stop starts, E it ends, C it is classified; * nothing but the standing count holds it.
  static let table = """
    state | lost | partial | runs | counts | stands | code 12
    unknown | noContact | unknown | running | running | stopped S | stopped S
    unknown gap | noContact | unknown | running | running | stopped S | stopped S
    unknown moved | noContact | unknown | running | running | stopped S | stopped S
    running | noContact | running | running | running | stopped S | stopped S
    running gap | noContact | running | running | running | stopped S | stopped S
    running moved | noContact | running | running | running | stopped S | stopped S
    stopped | noContact | stopped | running E | running E | stopped | stopped C
    stopped gap | noContact | stopped | running E | running E | stopped | stopped C
    stopped moved | noContact | stopped | running E | running E | stopped ES | stopped ES
    standing | noContact* | stopped* | stopped* | running E | stopped | stopped* C
    standing gap | noContact* | stopped* | stopped* | running E | stopped | stopped* C
    standing moved | noContact* | stopped* | running E | running E | stopped ES | stopped ES
    lost/unknown gap | noContact | noContact | running | running | stopped S | stopped S
    lost/unknown moved | noContact | noContact | running | running | stopped S | stopped S
    lost/running gap | noContact | noContact | running | running | stopped S | stopped S
    lost/running moved | noContact | noContact | running | running | stopped S | stopped S
    lost/stopped gap | noContact | noContact | running E | running E | stopped | stopped C
    lost/stopped moved | noContact | noContact | running E | running E | stopped ES | stopped ES
    lost/standing gap | noContact* | noContact* | stopped* | running E | stopped | stopped* C
    lost/standing moved | noContact* | noContact* | running E | running E | stopped ES | stopped ES
    """

  @Test func `every state answers every view as the table says`() {
    let sights: [(String, Sight)] = [
      ("", .clear), (" gap", .doubtful(moved: false)), (" moved", .doubtful(moved: true)),
    ]
    var rows = ["state | " + views.map(\.0).joined(separator: " | ")]
    for (state, from) in states {
      for (sight, seen) in sights where !(state.hasPrefix("lost") && seen == .clear) {
        let cells = views.map { outcome(from, seen, $0.1) }
        rows.append("\(state)\(sight) | \(cells.joined(separator: " | "))")
      }
    }
    let expected = Self.table.split(separator: "\n").map(String.init)
    #expect(rows == expected)
    if rows != expected { print(rows.joined(separator: "\n")) }
  }
}
