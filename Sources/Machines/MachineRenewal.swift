// How a machine goes on under other rules while nobody ceased to look: other words and limits.
//
// Invariants
// - Where the same signals are asked the same, and the same counters count, nothing was missed: an
//   open stop goes on although its counter moves, nothing is recovered and no window is cut.
//   Otherwise it goes on from its snapshot, as after a restart: a counter that moved ends a stop.
// - What it hears next it hears anew, so that a stop whose words have changed gets a revision.

import Primitives
import Signals

extension Machine {
  /// Goes on where another machine was at this moment, if only its rules' words and limits differ.
  package mutating func goOn(from before: Machine) {
    guard asksTheSame(as: before) else { return }
    buffer = before.buffer
    now = before.now
    inputs = before.inputs
    isHeard = before.isHeard
    isEdge = before.isEdge
    isCutDue = before.isCutDue
    roster = before.roster
    counters = before.counters
    book = before.book
    order = before.order
    full = before.full
    lastSample = before.lastSample
    isIndifferent = false
    states.goOn(from: before.states)
    findDoubt()
    stateDue = states.deadline ?? .distantFuture
  }

  private func asksTheSame(as before: Machine) -> Bool {
    let (rules, old) = (rules, before.rules)
    return rulesFault == nil && before.rulesFault == nil && kind == before.kind
      && roster.interest == before.roster.interest && rules.units == old.units
      && rules.unitOfSignal == old.unitOfSignal && rules.order == old.order
      && states.board.signals == before.states.board.signals
      && rules.allCounters == old.allCounters
      && states.rules.counter == before.states.rules.counter
  }
}
