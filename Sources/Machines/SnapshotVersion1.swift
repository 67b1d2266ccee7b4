// A snapshot of the program before states: its stop detector knew running, stopped and no contact.
//
// Invariants
// - An open stop keeps its id, its start, its cause and its revision. It goes on as the state that
//   was told of it, stopped; what kind of stop it is, the first look says.
// - What stood still goes on standing; a stop that only the standing count held is held so still.
// - It is told apart by its version, and never written again.

import Primitives
import Signals

extension Machine {
  mutating func resumeVersion1(_ tree: JSONValue, _ carry: Carry) {
    guard let state = tree["state"], let since = carry.stamp(state["since"]) else {
      states.doubt(moved: tree["moved"]?.bool ?? false)
      return
    }
    var (phase, isStanding): (Phase, Bool) = (.unknown, false)
    let stop = state["stop"].flatMap { stopOfVersion1($0, carry) }
    if let kept = state["stop"] { isStanding = kept["standing"]?.bool ?? false }
    switch (state["is"]?.string, state["before"]?.string, stop) {
    case ("stopped", _, .some(let stop)): phase = .stopped(stop, run: nil)
    case ("noContact", _, .some(let stop)): phase = .noContact(.stopped(stop, run: nil))
    case ("noContact", "running", nil): phase = .noContact(.running(dip: nil))
    case ("noContact", _, nil): phase = .noContact(.unknown)
    case ("running", _, _): phase = .running(from: since, Pace(from: since.instant), dip: nil)
    default: break
    }
    let blind = max(0, tree["blind"]?.integer ?? 0)
    states.resume(
      phase, since: since, moved: tree["moved"]?.bool ?? false,
      holding: EvidenceBoard.Holding(
        anew: since, byOther: stop != nil && !isStanding, byStanding: isStanding))
    for (place, counter) in zip(rules.allCounters, counters) {
      guard let slot = states.slot(of: place.rules.signal), let last = counter.last else {
        continue
      }
      states.resume(
        slot: slot, value: .unsigned(counter.shown(last)),
        moved: Stamp(counter.movedAt, reading), unseen: counter.stoodThrough ? blind : 0,
        movedUnseen: counter.movedUnseen)
    }
  }

  private func stopOfVersion1(_ value: JSONValue, _ carry: Carry) -> StateStop? {
    guard var record = carry.stateStop(value) else { return nil }
    // What was told of it: it is stopped, and its code has the row that it has now.
    record.kind = .stopped
    if let code = record.cause.code, states.rules.reasons[String(code)] != nil {
      record.cause.reason = String(code)
    }
    var stop = StateStop(record: record, kind: .stopped)
    stop.isLong = true
    return stop
  }
}

extension MachineStates {
  /// Nobody has looked since.
  mutating func doubt(moved: Bool) { core.sight = .doubtful(moved: moved) }

  /// Goes on with a state that another program told.
  mutating func resume(
    _ phase: Phase, since: Stamp, moved: Bool, holding: EvidenceBoard.Holding
  ) {
    (core.phase, core.since, board.holding) = (phase, since, holding)
    board.stood = phase.stop != nil
    if case .noContact = phase { board.frozen = since.instant }
    doubt(moved: moved)
  }

  /// Goes on with a counter that another program read.
  mutating func resume(
    slot: Int, value: Value, moved: Stamp, unseen: Int64, movedUnseen: Bool
  ) {
    board.slots[slot].value = value
    (board.slots[slot].moved, board.slots[slot].rose) = (moved, moved)
    board.slots[slot].unseen = unseen
    board.slots[slot].movedUnseen = movedUnseen
    if case .noContact = core.phase { board.slots[slot].away = core.since.instant }
  }
}
