// The whole transition table of the states, so that a review sees every new arrow.

import Machines
import Primitives
import Signals
import Testing

/// Ways to bring a machine into each state, as drawings.
private let states: [(String, String)] = [
  ("unknown", ""), ("running", "i"), ("dip", "iiii_"), ("shortStop", "i__"),
  ("stopped", "i_____"), ("fault", "i11"), ("blocked", "ibb"), ("starved", "ivv"),
  ("changeover", "iuu"), ("planned", "iP__"), ("run in stop", "i__i"), ("lost/unknown", "?"),
  ("lost/running", "i?"), ("lost/dip", "iiii_?"), ("lost/stop", "i__?"), ("lost/run", "i__i?"),
]

private let inputs = [
  ["?", "i", "r", "_", "R", "1", "b", "v"], ["u", "o", "P_", "|i", "|r", "|_", "|R"],
]

private let words: [MachineCondition: String] = [
  .unknown: "unknown", .running: "run", .slow: "slow", .shortStop: "short", .stopped: "stop",
  .fault: "fault", .blocked: "block", .starved: "starve", .changeover: "change",
  .planned: "plan", .noContact: "lost",
]

@Suite("The table of states")
struct StateTableTests {
  // S a stop starts, E it ends, C it is classified. Waiting 150 ms for an interruption and a run to
  // be told, 400 ms for a short stop to be a stop; r, R count, i, _ do not; | restarts before.
  static let table = """
    state | ? | i | r | _ | R | 1 | b | v
    unknown | lost | run | run | short S | short S | fault S | block S | starve S
    running | lost | run | run | run | run | run | run | run
    dip | lost | run | run | short S | short S | fault S | block S | starve S
    shortStop | lost | short | short | short | short | fault C | block C | starve C
    stopped | lost | stop | stop | stop | stop | fault C | block C | starve C
    fault | lost | fault | fault | short | short | fault | block | starve
    blocked | lost | block | block | short | short | fault C | block | starve C
    starved | lost | starve | starve | short | short | fault C | block C | starve
    changeover | lost | change | change | short | short | fault C | block C | starve C
    planned | lost | plan | plan | plan | plan | fault ES | plan | plan
    run in stop | lost | run E | run E | short | short | fault C | block C | starve C
    lost/unknown | lost | run | run | short S | short S | fault S | block S | starve S
    lost/running | lost | run | run | short S | short S | fault S | block S | starve S
    lost/dip | lost | run | run | short S | short S | fault S | block S | starve S
    lost/stop | lost | short | run E | short | short ES | fault C | block C | starve C
    lost/run | lost | run E | run E | short | short ES | fault C | block C | starve C
    state | u | o | P_ | |i | |r | |_ | |R
    unknown | change S | unknown | plan S | run | run | short S | short S
    running | run | run | run | run | run | run | run
    dip | change S | run | plan S | run | run | short S | run
    shortStop | change C | change C | plan ES | short | run E | short | short ES
    stopped | change C | change C | plan ES | stop | run E | stop | short ES
    fault | change | fault | plan ES | fault | run E | short | short ES
    blocked | change C | block | plan ES | block | run E | short | short ES
    starved | change C | starve | plan ES | starve | run E | short | short ES
    changeover | change | change | plan ES | change | run E | short | short ES
    planned | change ES | plan | plan | plan | run E | plan | plan ES
    run in stop | change C | change C | plan ES | run E | run E | short | short ES
    lost/unknown | change S | lost | plan S | run | run | short S | short S
    lost/running | change S | lost | plan S | run | run | short S | short S
    lost/dip | change S | lost | plan S | run | run | short S | short S
    lost/stop | change C | lost C | plan ES | short | run E | short | short ES
    lost/run | change C | lost C | plan ES | run E | run E | short | short ES
    """

  private static func outcome(_ drawing: String, _ input: String) throws -> String {
    let rules: (inout StateRules) -> Void = {
      $0.ignoreUnder = .milliseconds(150)
      $0.minimumRun = .milliseconds(150)
      $0.shortStop = .milliseconds(400)
      $0.changeover = ChangeoverRule(reason: "setup")
    }
    let before = try drawStates(drawing, rules).facts.count
    let bench = try drawStates(drawing + input, rules)
    let letters = bench.facts.dropFirst(before).map { fact in
      switch fact.kind {
      case .stopStarted: "S"
      case .stopEnded: "E"
      case .stopClassified: "C"
      case .stateChanged, .counted, .counterAnomaly, .contactLost, .contactRestored, .orderShown:
        ""
      }
    }.joined()
    return "\(words[bench.states.condition] ?? "")\(letters.isEmpty ? "" : " " + letters)"
  }

  @Test func `every state answers every input as the table says`() throws {
    var rows: [String] = []
    for inputs in inputs {
      rows.append("state | " + inputs.joined(separator: " | "))
      for (name, drawing) in states {
        let cells = try inputs.map { try Self.outcome(drawing, $0) }
        rows.append("\(name) | \(cells.joined(separator: " | "))")
      }
    }
    let expected = Self.table.split(separator: "\n").map(String.init)
    #expect(rows == expected)
    if rows != expected { print(rows.joined(separator: "\n")) }
  }
}
