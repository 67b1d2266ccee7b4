// How the recorder makes room: by class under pressure, and by days.
//
//   full ─▶ what everybody has ─▶ signals ─▶ health ─▶ the oldest part
//
// Invariants
// - One step looks at `GatewayLimits.retentionLook` events at most, and a turn takes a few steps.
// - What goes and the event that tells it are one transaction.
// - By days at most one part goes in a transaction, and the next turn goes on with the next.

import Events
import Outbox
import Primitives

/// Where the looks for what may go have got to.
struct RetentionState: Sendable {
  /// By class, under pressure.
  var marks: [EventClass: ThinningMark] = [:]
  /// By class, by days.
  var agedMarks: [EventClass: ThinningMark] = [:]
  /// When days are looked at next.
  var due: Instant
  /// What goes with the next transaction because its days are over.
  var expired: Retirement?
}

extension RecorderStep where Store: ~Copyable {
  /// The next thing that goes from a full journal; nil when nothing may.
  mutating func makeRoomOnce() throws(StoreFault) -> Retirement? {
    if let done = outbox.retireDone() { return done }
    for kind in EventClass.allCases where kind != .facts {
      for _ in 0..<GatewayLimits.retentionLooks {
        var mark = retention.marks[kind] ?? ThinningMark()
        guard let after = outbox.thinningStart(mark) else { break }
        let held = try store.held(
          after: after, countLimit: GatewayLimits.retentionLook,
          byteLimit: GatewayLimits.retentionBytes)
        guard !held.isEmpty else { break }
        let retirement = outbox.thin(held, of: kind, mark: &mark)
        retention.marks[kind] = mark
        if let retirement { return retirement }
      }
    }
    let part = Int(clamping: outbox.oldestPart)
    let held = try store.held(
      after: outbox.firstPlace - 1, countLimit: min(part, GatewayLimits.retentionLook),
      byteLimit: GatewayLimits.retentionBytes)
    // A row that cannot be read ends the list, or empties it: then the part goes unread.
    return held.isEmpty ? outbox.retire() : outbox.expire(held)
  }

  /// Looks whether the days of something are over; true when more may be.
  mutating func lookAtDays(_ reading: ClockReading) {
    guard plan.retention.isTimed, retention.expired == nil, reading.monotonic >= retention.due,
      reading.quality != .neverset, case .healthy = journal
    else { return }
    retention.due = reading.monotonic + GatewayLimits.retentionInterval
    for kind in EventClass.allCases {
      guard let age = plan.retention.age(of: kind) else { continue }
      let before = WallTime(milliseconds: reading.wall.milliseconds - age.wholeMilliseconds)
      guard let found = try? expired(kind, before: before) else { continue }
      retention.expired = found
      // The next part goes in the next turn.
      retention.due = reading.monotonic
      return
    }
  }

  private mutating func expired(
    _ kind: EventClass, before: WallTime
  ) throws(StoreFault) -> Retirement? {
    if kind == .facts {
      let held = try store.held(
        after: outbox.firstPlace - 1, countLimit: GatewayLimits.retentionLook,
        byteLimit: GatewayLimits.retentionBytes)
      return held.isEmpty ? nil : outbox.expire(held, before: before)
    }
    var mark = retention.agedMarks[kind] ?? ThinningMark()
    defer { retention.agedMarks[kind] = mark }
    for _ in 0..<GatewayLimits.retentionLooks {
      guard let after = outbox.thinningStart(mark) else { return nil }
      let held = try store.held(
        after: after, countLimit: GatewayLimits.retentionLook,
        byteLimit: GatewayLimits.retentionBytes)
      let looked = mark
      if let found = outbox.thin(held, of: kind, before: before, mark: &mark) { return found }
      if mark == looked { return nil }
    }
    return nil
  }

  /// Puts what goes because of its days into a transaction, with the event that tells it.
  mutating func expire(_ pending: inout Pending, _ reading: ClockReading) {
    guard let expired = retention.expired else { return }
    retention.expired = nil
    add(expired, to: &pending, reading)
  }

  /// Puts what goes into a transaction, with the event that tells it.
  mutating func add(
    _ retirement: Retirement, to pending: inout Pending, _ reading: ClockReading
  ) {
    if let through = retirement.deleteThrough {
      pending.transaction.deleteThrough = max(through, pending.transaction.deleteThrough ?? 0)
    }
    pending.transaction.thinned += retirement.thinned
    guard let loss = retirement.loss else { return }
    seal(
      EventDraft.eventsDropped(plan.source, at: Stamp(reading.monotonic, reading), loss),
      &pending, reading)
  }
}
