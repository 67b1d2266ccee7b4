// What the evidence keeps of one signal, and of one condition: what either takes in by itself.
//
// Why apart from the board: each is changed in place, by one access to its array, since a thousand
// machines of some hundred bytes each are gone through with every scan.

import Primitives
import Signals

extension EvidenceBoard.Slot {
  /// Takes a count that goes on, of a machine of which nothing else is asked.
  mutating func goOn(_ next: Value, at: Stamp) {
    (value, moved, unseen, movedUnseen) = (next, at, 0, false)
    (restsFrom, foreseen) = (nil, nil)
  }

  /// Takes what its signal says; `stood`: what was known last said that the machine stands.
  ///
  /// Returns by how much a counter rose, nil when it did not move; see `EvidenceBoard.note`.
  mutating func note(
    _ next: Value, _ quality: Quality, moved isMoved: Bool?, isSame: Bool, stood: Bool,
    at: Stamp
  ) -> UInt64? {
    guard quality == .good else {
      seen = quality == .noContact ? .noContact : .unusable
      if away == nil { away = at.instant }
      return nil
    }
    let (before, awaySince) = (value, away)
    // Nobody read it just before: it was away, or the gateway was. That other signals were refused,
    // so that nobody knew what the machine does, hides no count.
    let isUnseen = seen == .never || awaySince != nil
    (seen, value, foreseen, away) = (.good, next, nil, nil)
    guard moved != nil else {
      (moved, rose) = (at, at)
      return nil
    }
    let gap = awaySince.map { max(0, at.instant.nanoseconds(since: $0)) } ?? 0
    if next.isSet == true, before.isSet == false {
      (rose, riseUnseen) = (at, 0)
      roseUnseen = isUnseen
    } else {
      riseUnseen = saturating(riseUnseen, plus: gap)
    }
    guard isMoved ?? (next.count != before.count) else {
      unseen = saturating(unseen, plus: gap)
      if awaySince != nil, !isSame, !stood { restsFrom = at.instant }
      return nil
    }
    (moved, unseen, restsFrom) = (at, 0, nil)
    movedUnseen = isUnseen
    let (now, then) = (next.count ?? 0, before.count ?? 0)
    return now > then ? now - then : 0
  }
}

extension EvidenceBoard.Node {
  /// Takes what its condition says now, and answers once its delay is over.
  mutating func delay(
    _ step: EvidenceProgram.Step, _ raw: Truth, at now: Instant, due: inout Instant
  ) {
    let wait: Int64 =
      switch raw {
      case .holds: step.onDelay
      case .fails: answer == .unknown ? 0 : step.offDelay
      case .unknown: 0
      }
    if raw == answer || wait == 0 {
      (answer, since) = (raw, .distantFuture)
      return
    }
    if answer == .unknown { answer = .fails }
    let began = min(since, now)
    let end = began.advanced(nanoseconds: wait)
    if end <= now {
      (answer, since) = (raw, .distantFuture)
    } else {
      since = began
      due = min(due, end)
    }
  }
}
