// A conditioner that goes on under another configuration, and tells what it knows to new ears.
//
// Invariants
// - What is told again is what was told last, with the quality it had: for who heard it already it
//   says nothing new, for who is new it says how things stand.
// - It never stands behind a change that is pending, so that a change in the middle of its debounce
//   is told with the time at which it began, as if nothing had happened.
// - A signal that is conditioned in another way now is told anew by the next read; that it is not
//   good is told at once.

public import Primitives

extension Conditioner {
  /// The conditioner of the same signals as they are defined now; the caller publishes.
  ///
  /// `redefined` are the slots whose definition is another one; `at` is no earlier than anything
  /// that was told before.
  public func renewed(
    _ signals: [(id: SignalID, definition: SignalDefinition)], ranks: [UInt8], redefined: [Int],
    at: Instant, into ring: inout RingProducer
  ) -> Conditioner {
    var next = Conditioner(signals, ranks: ranks)
    for slot in next.rules.indices where slot < rules.count {
      if redefined.contains(slot) {
        if case .bad(let quality) = memories[slot].phase {
          next.degrade(slot, to: quality, at: at, into: &ring)
        }
      } else {
        next.goOn(slot, from: self)
        next.tellAgain(slot, at: at, into: &ring)
      }
    }
    return next
  }

  private mutating func goOn(_ slot: Int, from before: Conditioner) {
    memories[slot] = before.memories[slot]
    watches[slot].seen = before.watches[slot].seen
    watches[slot].deadline = before.watches[slot].deadline
    if case .pending = memories[slot].phase { pendingCount += 1 }
    if let own = rules[slot].textSlot, let old = before.rules[slot].textSlot {
      texts[own] = before.texts[old]
    }
  }

  private mutating func tellAgain(_ slot: Int, at: Instant, into ring: inout RingProducer) {
    let quality: Quality
    var moment = at
    switch memories[slot].phase {
    case .untold: return
    case .settled: quality = .good
    case .pending(_, let since):
      quality = .good
      moment = min(at, since)
    case .bad(let bad): quality = bad
    }
    let isTold: Bool
    if let textSlot = rules[slot].textSlot {
      let text = texts[textSlot].told
      isTold = push(text, of: slot, at: moment, quality: quality, into: &ring)
    } else {
      let value = memories[slot].told
      isTold = ring.push(
        Sample(signal: rules[slot].id, at: moment, value: value, quality: quality))
    }
    if !isTold { enter(.untold, slot) }
  }
}
