// What a machine does at one moment: note the samples, book the counts, decide, tell.
//
// Order within a moment: contact, then counts, then the state; and a window of counts is told
// before a stop or a loss, so that its pieces lie before it in the journal, and at once during one.

import Primitives
import Signals

/// Where the signals that decide stand in the roster; nil for one that is not declared.
struct DecidingPlaces: Sendable {
  let running: Int?
  let code: Int?
  let count: Int?
  /// What the counters count whose standing still is a stop.
  let leading: CountRole?
  /// How long the count stands still before that is a stop, in nanoseconds; 0 for never.
  let standstill: Int64

  init(_ rules: MachineRules, _ roster: Roster) {
    running = rules.running.flatMap { roster.slot(of: $0.signal.index) }
    code = rules.faultCode.flatMap { roster.slot(of: $0.index) }
    count = rules.leading.flatMap { roster.slot(of: $0.rules.signal.index) }
    leading = rules.leading?.role
    standstill = rules.standstill.map { max(1, $0.nanoseconds) } ?? 0
  }
}

/// Which counter a slot feeds.
enum CounterPlace {
  static let none: Int32 = -1
  static let several: Int32 = -2

  static func table(_ rules: MachineRules, _ roster: Roster) -> [Int32] {
    var table = Array(repeating: none, count: roster.slots.count)
    for (index, counter) in rules.allCounters.enumerated() {
      guard let slot = roster.slot(of: counter.rules.signal.index) else { continue }
      table[slot] = table[slot] == none ? Int32(index) : several
    }
    return table
  }
}

extension Machine {
  /// The earliest moment at which it acts of itself; the end of time for none.
  mutating func ownDeadline() -> Instant {
    var earliest = min(book.due, doubt)
    if isIndifferent, places.standstill > 0 { earliest = min(earliest, standstillDeadline()) }
    return earliest
  }

  /// When the standing count becomes a stop; never unless it runs and its count is being read.
  ///
  /// Standing still is proved by looking: where the next count came after a time in which nobody
  /// looked, and that time holds the deadline, the count may have come before it.
  private mutating func standstillDeadline() -> Instant {
    guard let standstill = rules.standstill, case .running(let since) = stops.state,
      stops.sight == .clear, let leader = leader()
    else { return .distantFuture }
    // A count that is the same after a time without contact goes on standing: what was seen of it
    // before and after counts, the time without contact does not.
    var from = max(leader.movedAt, since.instant)
    if let blind = stops.blind, leader.stoodThrough, leader.movedAt != .distantPast {
      from = min(from, leader.movedAt + blind)
    }
    let due = from + standstill
    for counter in counters where counter.role == places.leading {
      if let slot = roster.slot(of: counter.rules.signal.index),
        let next = buffer.first(of: slot), next.looked < due, next.sample.quality == .good,
        counter.climbs(to: next.sample.value.count)
      {
        return .distantFuture
      }
    }
    return due
  }

  /// The leading counter that moved last; nil unless all of them are being read.
  private mutating func leader() -> Counter? {
    var latest: Counter?
    for counter in counters where counter.role == places.leading {
      guard counter.isRead else { return nil }
      if let moved = latest?.movedAt, counter.movedAt <= moved { continue }
      latest = counter
    }
    return latest
  }

  mutating func fireDeadlines(into facts: inout [Fact]) {
    let at = Stamp(now, reading)
    if doubt <= now {
      var turn = CountTurn()
      for index in counters.indices where counters[index].deadline <= now {
        turn.add(counters[index].settle(until: now), counters[index].role)
      }
      findDoubt()
      tell(turn, at: at, into: &facts)
    }
    if book.due <= now { tellWindow(at: at, into: &facts) }
    let due = standstillDeadline()
    if due <= now, let leader = leader() {
      let since = stops.state.since
      // A count that has stood since before contact was lost stood all the time.
      let blind = stops.blind
      let isOlder = blind != nil && leader.movedAt != .distantPast
      let start =
        leader.movedAt > since.instant || isOlder ? Stamp(leader.movedAt, reading) : since
      tellWindow(at: at, into: &facts)
      let unseen = isOlder && leader.movedAt < since.instant ? blind ?? .zero : .zero
      let gap = due < now || unseen > .zero || leader.movedUnseen
      stops.standStill(from: start, view(moved: false), gap: gap, unseen: unseen, into: &facts)
      findIndifference()
    }
  }

  /// The commonest moment, one count of a running machine that goes on as it may: nothing is
  /// decided by it, so it is booked and no more. False when the moment must be handled in full.
  mutating func countOn(into facts: inout [Fact]) -> Bool {
    guard isIndifferent, let entry = buffer.lone(upTo: now),
      entry.sample.quality == .good, inputs.firstTime > now
    else { return false }
    let slot = Int(entry.slot)
    let index = Int(counterOfSlot[slot])
    guard index >= 0, roster.slots[slot].seen == .good,
      roster.slots[slot].role.isDisjoint(with: [.running, .code, .order]),
      let value = entry.sample.value.count,
      let pieces = counters[index].climb(to: value, at: now, looked: entry.looked)
    else { return false }
    buffer.dropFirst()
    roster.slots[slot].value = entry.sample.value
    guard pieces > 0 else { return true }
    var sum = CountBook.Sum()
    sum.add(pieces, counters[index].role)
    if book.window == nil { book.open(at: Stamp(now, reading), window: rules.countWindow) }
    let unfit = book.add(sum, at: now)
    if !unfit.isEmpty { tellUnfit(unfit, at: Stamp(now, reading), into: &facts) }
    return true
  }

  mutating func handleMoment(into facts: inout [Fact]) {
    let at = Stamp(now, reading)
    let isCut = takeInputs()
    var turn = CountTurn()
    while let entry = buffer.popFirst(upTo: now) {
      let slot = Int(entry.slot)
      roster.note(entry.sample, slot: slot)
      if roster.slots[slot].role.contains(.order) { order.take(entry.sample, slot: slot) }
      let place = counterOfSlot[slot]
      guard place != CounterPlace.none else { continue }
      if place >= 0 {
        look(entry, Int(place), at: at, into: &turn)
      } else {
        for index in counters.indices where counters[index].rules.signal == entry.sample.signal {
          look(entry, index, at: at, into: &turn)
        }
      }
      findDoubt()
    }
    tellContacts(at: at, into: &facts)
    tell(turn, at: at, into: &facts)
    changeOrder(isCut, at: at, into: &facts)
    // A stop that a changed configuration left without evidence ends with the first look.
    guard !roster.deciding.isEmpty || stops.state.openStop != nil else { return }
    scratch.removeAll(keepingCapacity: true)
    stops.follow(view(moved: turn.moved), at: at, into: &scratch)
    findIndifference()
    guard !scratch.isEmpty else { return tellWhileStopped(at, into: &facts) }
    let breaks = scratch.contains { $0.kind.breaksCounting }
    if breaks { tellWindow(at: at, into: &facts) }
    facts.append(contentsOf: scratch)
    tellWhileStopped(at, into: &facts)
  }

  /// Pieces that run out during a stop are told at once: the snapshot that is committed with them
  /// knows that they were seen, and a restart does not take them for the end of the stop.
  private mutating func tellWhileStopped(_ at: Stamp, into facts: inout [Fact]) {
    if case .stopped = stops.state { tellWindow(at: at, into: &facts) }
  }

  /// Shows one counter what its signal said.
  private mutating func look(
    _ entry: SampleBuffer.Entry, _ index: Int, at: Stamp, into turn: inout CountTurn
  ) {
    guard entry.sample.quality == .good, let value = entry.sample.value.count else {
      counters[index].interrupt(
        at: at, deviceIsAway: entry.sample.quality == .noContact)
      return
    }
    if book.toldUntil == nil { book.toldUntil = at }
    let tally = counters[index].read(value, at: at.instant, looked: entry.looked)
    turn.add(tally, counters[index].role)
    if tally.moved, counters[index].role == places.leading { turn.moved = true }
  }

  /// Looks anew whether a count that goes on can change anything.
  mutating func findIndifference() {
    isIndifferent =
      if case .running = stops.state, case .clear = stops.sight { true } else { false }
  }

  /// Looks anew when the next counter is to be settled.
  mutating func findDoubt() {
    doubt = .distantFuture
    for index in counters.indices { doubt = min(doubt, counters[index].deadline) }
  }

  /// What the signals say now.
  private mutating func view(moved: Bool) -> View {
    var view = View(contact: roster.contact, moved: moved)
    if let slot = places.running, roster.slots[slot].seen == .good {
      let value = roster.slots[slot].value
      view.running = rules.running?.holds(for: value)
      view.runEvidence = rules.running.map { Evidence(signal: $0.signal, value: value) }
    }
    if let slot = places.code, roster.slots[slot].seen == .good {
      let value = roster.slots[slot].value
      view.code = value.code
      view.codeEvidence = rules.faultCode.map { Evidence(signal: $0, value: value) }
    }
    if let slot = places.count, roster.slots[slot].seen == .good {
      view.countEvidence = Evidence(
        signal: roster.interest[slot], value: roster.slots[slot].value)
    }
    return view
  }
}

extension Sample {
  fileprivate var signal: SignalID { SignalID(Int(subject)) }
}

extension Fact.Kind {
  /// The pieces before it are told before it.
  fileprivate var breaksCounting: Bool {
    switch self {
    case .stopStarted: true
    case .stateChanged(let state, _, _, _): state == .noContact
    case .stopClassified, .stopEnded, .counted, .counterAnomaly, .contactLost, .contactRestored,
      .orderShown:
      false
    }
  }
}
