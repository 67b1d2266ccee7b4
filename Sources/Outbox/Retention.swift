// What the outbox puts into transactions, and what goes when the journal is full.
//
// Invariants
// - `fill` changes nothing; only `settled`, after the commit, takes things as durable.
// - What everybody has goes first and is no loss; only then the oldest part, told as a `Loss`.
// - The last event always stays: the chain continues from it.

public import Events

/// What to delete now that the journal is full, and what was lost by it.
public struct Retirement: Equatable, Sendable {
  public var deleteThrough: UInt64?
  /// Runs that leave the middle of the journal.
  public var thinned: [ClosedRange<UInt64>] = []
  /// nil when everything deleted had arrived.
  public var loss: Loss?

  public init(deleteThrough: UInt64?, loss: Loss?) {
    self.deleteThrough = deleteThrough
    self.loss = loss
  }
}

extension Outbox {
  /// Everything up to here may be deleted; nil when nothing may.
  var doneThrough: UInt64? {
    let last = lastSequence
    guard let done = lanes.map({ $0.doneThrough(last: last) }).min(), done >= firstHeld else {
      return nil
    }
    return done
  }

  /// A transaction would make something durable that only this memory knows: cursors, refusals.
  public var hasUnsettled: Bool {
    lanes.contains {
      $0.committed != $0.acknowledged || !$0.waiting.isEmpty || !$0.late.released.isEmpty
    }
  }

  /// Adds moved cursors, refused events and a deletion that is worth its wear to a transaction.
  public func fill(_ transaction: inout Transaction) {
    for lane in lanes {
      if lane.committed != lane.acknowledged {
        transaction.cursors.append(
          UplinkCursor(name: lane.name, bit: lane.bit, acknowledged: lane.acknowledged))
      }
      transaction.quarantined += lane.waiting
      let known = transaction.released
      transaction.released += lane.late.released.filter { !known.contains($0) }
    }
    let late = lateText
    if late != lateCommitted {
      transaction.snapshots.removeAll { $0.name == Self.lateName }
      transaction.snapshots.append((Self.lateName, Array(late.utf8)))
    }
    let ahead = aheadText
    if ahead != aheadCommitted {
      transaction.snapshots.removeAll { $0.name == Self.aheadName }
      transaction.snapshots.append((Self.aheadName, Array(ahead.utf8)))
    }
    if let done = doneThrough, done - firstHeld + 1 >= OutboxLimits.deletionBatch {
      transaction.deleteThrough = max(done, transaction.deleteThrough ?? 0)
    }
  }

  /// Tells that a transaction that `fill` completed is durable: its events, cursors and deletions.
  public mutating func settled(_ transaction: Transaction) {
    for cursor in transaction.cursors {
      if let index = index(cursor.bit) { lanes[index].committed = cursor.acknowledged }
    }
    for index in lanes.indices {
      let name = lanes[index].name
      let count = transaction.quarantined.count { $0.uplink == name }
      lanes[index].waiting.removeFirst(min(count, lanes[index].waiting.count))
      let released = transaction.released.filter { $0.uplink == name }
      lanes[index].late.released.removeAll(where: released.contains)
      for event in transaction.quarantined where event.uplink == name {
        lanes[index].kept(event.sequence)
      }
      lanes[index].kept = max(0, lanes[index].kept + count - released.count)
    }
    keptTotal = max(0, keptTotal + transaction.quarantined.count - transaction.released.count)
    if let late = transaction.snapshots.last(where: { $0.name == Self.lateName }) {
      lateCommitted = String(decoding: late.bytes, as: UTF8.self)
    }
    if let ahead = transaction.snapshots.last(where: { $0.name == Self.aheadName }) {
      aheadCommitted = String(decoding: ahead.bytes, as: UTF8.self)
    }
    committed(transaction.events)
    if let through = transaction.deleteThrough {
      firstHeld = max(firstHeld, min(through, lastSequence - min(lastSequence, 1)) + 1)
    }
  }

  /// The first place that may still be in the journal.
  public var firstPlace: UInt64 { firstHeld }

  /// Makes room by what everybody has; nil when that is not worth a deletion.
  public func retireDone() -> Retirement? {
    guard let done = doneThrough, done - firstHeld + 1 >= OutboxLimits.retentionFloor else {
      return nil
    }
    return Retirement(deleteThrough: done, loss: nil)
  }

  /// Makes room in a full journal: first what everybody has, else the oldest part. nil when nothing
  /// can go. The lanes pass what is dropped, so keep a copy of this value until the commit.
  public mutating func retire() -> Retirement? {
    if let done = retireDone() { return done }
    guard lastSequence > firstHeld else { return nil }
    let held = lastSequence - firstHeld + 1
    let part = max(OutboxLimits.retentionFloor, held / OutboxLimits.retentionDivisor)
    // A loss is told in the sequences of one epoch.
    let through = min(firstHeld + part - 1, lastSequence - 1, end(of: firstHeld))
    let first = max(firstHeld, (doneThrough ?? 0) + 1)
    guard first <= through else { return Retirement(deleteThrough: through, loss: nil) }
    let last = lastSequence
    let lacking = lanes.filter { $0.doneThrough(last: last) < through }.map(\.name)
    for index in lanes.indices { lanes[index].retire(through: through) }
    let who = lacking.isEmpty ? "no uplink is configured" : lacking.joined(separator: ", ")
    return Retirement(
      deleteThrough: through,
      loss: Loss(
        range: sequences(first, through), count: through - first + 1, place: place(first),
        why: lacking.isEmpty
          ? "the journal is full and \(who)"
          : "the journal is full and \(who) had not acknowledged them"))
  }

  /// Passes over an event whose stored bytes no longer match their digest, for one uplink.
  public mutating func skip(
    _ sequence: UInt64, for bit: Int, part: LanePart = .ordinary
  ) -> Loss? {
    guard let index = index(bit), sequence > lanes[index].offered else { return nil }
    if part == .history, let backlog = lanes[index].backlog, sequence > backlog.through {
      // Nothing of history lies before it; it is met again where it belongs.
      lanes[index].endBacklog()
      return nil
    }
    lanes[index].skip(sequence)
    if sequence >= lastSequence { lanes[index].reachedEnd(part) }
    return Loss(
      range: sequences(sequence, sequence), count: 1, place: place(sequence),
      why: "the stored bytes no longer match their digest; not sent to \(lanes[index].name)")
  }

  /// Continues after the store was opened again; true when it is another journal, whose lanes start
  /// afresh and whose couriers must forget their parcels.
  public mutating func reopened(_ state: StoreState, sameEpoch: Bool) -> Bool {
    guard sameEpoch else {
      self = Outbox(uplinks: lanes.map(\.name), state: state, rules: rules)
      return true
    }
    lastSequence = state.lastPlace
    firstHeld = state.firstHeld
    for index in lanes.indices {
      let cursor = state.cursors.first { $0.name == lanes[index].name }
      lanes[index].committed = cursor?.acknowledged ?? .max
      guard lanes[index].offered < lastSequence else { continue }
      if lanes[index].backlog?.current != nil {
        lanes[index].backlog?.current?.progress = .behind
      }
      lanes[index].progress = .behind
    }
    return false
  }
}
