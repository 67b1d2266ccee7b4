// What a machine does at one moment: note the samples, book the counts, decide, tell.
//
// Order within a moment: contact, then counts, then the state; and a window of counts is told
// before a stop or a loss, so that its pieces lie before it in the journal, and at once during one.

import Primitives
import Signals

extension Machine {
  /// The earliest moment at which it acts of itself.
  var ownDeadline: Instant? {
    var earliest = standstillDeadline
    earliest.lower(to: book.window?.deadline)
    earliest.lower(to: good?.deadline)
    earliest.lower(to: scrap?.deadline)
    earliest.lower(to: rework?.deadline)
    return earliest
  }

  /// When the standing count becomes a stop; nil unless it runs and its count is being read.
  ///
  /// Standing still is proved by looking: where the next count came after a time in which nobody
  /// looked, and that time holds the deadline, the count may have come before it.
  private var standstillDeadline: Instant? {
    guard let standstill = rules.standstill, case .running(let since) = stops.state,
      stops.sight == .clear, let good, good.isRead
    else { return nil }
    // A count that is the same after a time without contact goes on standing: what was seen of it
    // before and after counts, the time without contact does not.
    var from = max(good.movedAt, since.instant)
    if let blind = stops.blind, good.stoodThrough, good.movedAt != .distantPast {
      from = min(from, good.movedAt + blind)
    }
    let due = from + standstill
    if let slot = slot(of: rules.good?.signal), let next = buffer.first(of: slot),
      next.looked < due, next.sample.quality == .good,
      good.climbs(to: next.sample.value.count)
    {
      return nil
    }
    return due
  }

  mutating func fireDeadlines(into facts: inout [Fact]) {
    let at = Stamp(now, reading)
    var tallies = Tallies()
    if let due = good?.deadline, due <= now { tallies.good = good?.settle() }
    if let due = scrap?.deadline, due <= now { tallies.scrap = scrap?.settle() }
    if let due = rework?.deadline, due <= now { tallies.rework = rework?.settle() }
    tell(tallies, at: at, into: &facts)
    if let due = book.window?.deadline, due <= now { tellWindow(at: at, into: &facts) }
    if let due = standstillDeadline, due <= now, let good {
      let since = stops.state.since
      // A count that has stood since before contact was lost stood all the time.
      let blind = stops.blind
      let isOlder = blind != nil && good.movedAt != .distantPast
      let start =
        good.movedAt > since.instant || isOlder ? Stamp(good.movedAt, reading) : since
      tellWindow(at: at, into: &facts)
      let unseen = isOlder && good.movedAt < since.instant ? blind ?? .zero : .zero
      let gap = due < now || unseen > .zero || good.movedUnseen
      stops.standStill(from: start, view(moved: false), gap: gap, unseen: unseen, into: &facts)
    }
  }

  mutating func handleMoment(into facts: inout [Fact]) {
    let at = Stamp(now, reading)
    var tallies = Tallies()
    while let entry = buffer.popFirst(upTo: now) {
      let slot = Int(entry.slot)
      roster.note(entry.sample, slot: slot)
      let role = roster.slots[slot].role
      guard !role.isDisjoint(with: .counting) else { continue }
      if entry.sample.quality == .good, let value = entry.sample.value.count {
        count(value, role, looked: entry.looked, at: at, into: &tallies)
      } else {
        let isAway = entry.sample.quality == .noContact
        if role.contains(.good) { good?.interrupt(at: at, deviceIsAway: isAway) }
        if role.contains(.scrap) { scrap?.interrupt(at: at, deviceIsAway: isAway) }
        if role.contains(.rework) { rework?.interrupt(at: at, deviceIsAway: isAway) }
      }
    }
    tellContacts(at: at, into: &facts)
    tell(tallies, at: at, into: &facts)
    // A stop that a changed configuration left without evidence ends with the first look.
    guard !roster.deciding.isEmpty || stops.state.openStop != nil else { return }
    scratch.removeAll(keepingCapacity: true)
    stops.follow(view(moved: tallies.good?.moved ?? false), at: at, into: &scratch)
    let breaks = scratch.contains { $0.kind.breaksCounting }
    if breaks { tellWindow(at: at, into: &facts) }
    facts.append(contentsOf: scratch)
    // Pieces that run out during a stop are told at once: the snapshot that is committed with them
    // knows that they were seen, and a restart does not take them for the end of the stop.
    if case .stopped = stops.state { tellWindow(at: at, into: &facts) }
  }

  private mutating func count(
    _ value: UInt64, _ role: Roster.Role, looked: Instant, at: Stamp, into tallies: inout Tallies
  ) {
    if book.toldUntil == nil { book.toldUntil = at }
    if role.contains(.good) {
      Tallies.add(good?.read(value, at: at.instant, looked: looked), to: &tallies.good)
    }
    if role.contains(.scrap) {
      Tallies.add(scrap?.read(value, at: at.instant, looked: looked), to: &tallies.scrap)
    }
    if role.contains(.rework) {
      Tallies.add(rework?.read(value, at: at.instant, looked: looked), to: &tallies.rework)
    }
  }

  /// What the signals say now.
  private func view(moved: Bool) -> View {
    var view = View(contact: roster.contact, moved: moved)
    if let slot = slot(of: rules.running?.signal), roster.slots[slot].seen == .good {
      let value = roster.slots[slot].value
      view.running = rules.running?.holds(for: value)
      view.runEvidence = rules.running.map { Evidence(signal: $0.signal, value: value) }
    }
    if let slot = slot(of: rules.faultCode), roster.slots[slot].seen == .good {
      let value = roster.slots[slot].value
      view.code = value.code
      view.codeEvidence = rules.faultCode.map { Evidence(signal: $0, value: value) }
    }
    if let slot = slot(of: rules.good?.signal), roster.slots[slot].seen == .good {
      view.countEvidence = rules.good.map {
        Evidence(signal: $0.signal, value: roster.slots[slot].value)
      }
    }
    return view
  }

  private func slot(of signal: SignalID?) -> Int? {
    signal.flatMap { roster.slot(of: $0.index) }
  }
}

extension Instant? {
  fileprivate mutating func lower(to other: Instant?) {
    if let other, other < self ?? .distantFuture { self = other }
  }
}

extension Fact.Kind {
  /// The pieces before it are told before it.
  fileprivate var breaksCounting: Bool {
    switch self {
    case .stopStarted: true
    case .stateChanged(let state, _, _, _): state == .noContact
    case .stopClassified, .stopEnded, .counted, .counterAnomaly, .contactLost, .contactRestored:
      false
    }
  }
}

/// What the counters said at one moment.
struct Tallies {
  var good: Tally?
  var scrap: Tally?
  var rework: Tally?

  /// Joins the tallies of two readings of one counter at one moment.
  static func add(_ next: Tally?, to sum: inout Tally?) {
    guard let next else { return }
    guard var joined = sum else {
      sum = next
      return
    }
    joined.pieces = saturating(joined.pieces, plus: next.pieces)
    joined.recoveredFrom = joined.recoveredFrom ?? next.recoveredFrom
    joined.rollover = joined.rollover || next.rollover
    joined.reset = joined.reset || next.reset
    joined.moved = joined.moved || next.moved
    joined.anomalies += next.anomalies
    sum = joined
  }
}
