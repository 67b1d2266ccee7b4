// Which events go before others when room is short: by class, from the oldest on, out of the middle
// of the journal.
//
//   the journal is full:  what everybody has → signals → health → the oldest part of everything
//   days have passed:     each class by its own days, everything by the days of all
//
// Invariants
// - Only what is bounded is looked at in one step, and what goes leaves in ranges: one deletion for
//   a run of neighbours, never one for each event of a run (wear).
// - What is on its way to an uplink stays; the last event stays.
// - What not everybody had is told as a `Loss`: from, to, how many of these, of which class, and
//   who had not got them. What everybody had goes without a word.

internal import Events
public import Primitives

/// Events that go together, the first to go first.
public enum EventClass: String, CaseIterable, Sendable {
  /// Raw signals: the heavy traffic.
  case signals
  /// The gateway's own health.
  case health
  /// States, stops, counts, orders, confirmations, and what was lost: they go last.
  case facts

  /// The class of a stored event.
  public init(_ bytes: [UInt8]) {
    switch EventGlance.type(bytes) {
    case EventType.signalsChanged.rawValue: self = .signals
    case EventType.gatewayHealth.rawValue: self = .health
    default: self = .facts
    }
  }
}

/// How long events are kept although there is room; nil for as long as there is.
public struct RetentionRules: Equatable, Sendable {
  /// Everything.
  public var age: Duration?
  public var signalsAge: Duration?
  public var healthAge: Duration?

  public init(age: Duration? = nil, signalsAge: Duration? = nil, healthAge: Duration? = nil) {
    self.age = age
    self.signalsAge = signalsAge
    self.healthAge = healthAge
  }

  /// The days of a class; those of everything hold for it too.
  public func age(of kind: EventClass) -> Duration? {
    switch kind {
    case .signals: signalsAge
    case .health: healthAge
    case .facts: age
    }
  }

  /// Whether anything goes by its age.
  public var isTimed: Bool { EventClass.allCases.contains { age(of: $0) != nil } }
}

/// How far the journal was looked through for one class; what is behind it holds none to thin.
public struct ThinningMark: Equatable, Sendable {
  var lookedThrough: UInt64 = 0

  public init() {}
}

extension Outbox {
  /// Where the next look for events of a class begins; nil when it has been looked through.
  public func thinningStart(_ mark: ThinningMark) -> UInt64? {
    let after = max(mark.lookedThrough, firstHeld - min(firstHeld, 1))
    return after + 1 < lastSequence ? after : nil
  }

  /// Decides about a run of held events: what of a class may go, before a time where one is given.
  ///
  /// nil when nothing of them does; the mark moves behind what was looked at.
  public mutating func thin(
    _ held: [StoredEvent], of kind: EventClass, before: WallTime? = nil, mark: inout ThinningMark
  ) -> Retirement? {
    var ranges: [ClosedRange<UInt64>] = []
    var lost: (first: UInt64, last: UInt64, count: UInt64)?
    var lacking: Set<Int> = []
    var previous: UInt64?
    for event in held where event.sequence < lastSequence {
      if let lost, epoch(of: event.sequence) != epoch(of: lost.first) { break }
      if let before {
        guard let at = EventGlance.recorded(event.bytes), at.milliseconds < before.milliseconds
        else { break }
      }
      mark.lookedThrough = event.sequence
      guard EventClass(event.bytes) == kind, let lanes = lanesLacking(event) else {
        previous = nil
        continue
      }
      if let last = ranges.last, previous == last.upperBound {
        ranges[ranges.count - 1] = last.lowerBound...event.sequence
      } else {
        guard ranges.count < OutboxLimits.thinnedRanges else { break }
        ranges.append(event.sequence...event.sequence)
      }
      previous = event.sequence
      guard !lanes.isEmpty || self.lanes.isEmpty else { continue }
      lost = (lost?.first ?? event.sequence, event.sequence, (lost?.count ?? 0) + 1)
      lacking.formUnion(lanes)
      for index in lanes { self.lanes[index].thin() }
    }
    guard !ranges.isEmpty else { return nil }
    var retirement = Retirement(deleteThrough: nil, loss: nil)
    retirement.thinned = ranges
    retirement.loss = lost.map { lost in
      let who = lacking.map { self.lanes[$0].name }.sorted().joined(separator: ", ")
      let why = before == nil ? "the journal is full" : "their days are over"
      return Loss(
        range: sequences(lost.first, lost.last), count: lost.count, place: place(lost.first),
        why: "\(why): only \(kind.rawValue) of these went; "
          + (who.isEmpty ? "no uplink is configured" : "\(who) had not acknowledged them"))
    }
    return retirement
  }

  /// The lanes that an event is due to and that do not have it; nil when it is on its way.
  private func lanesLacking(_ event: StoredEvent) -> [Int]? {
    var lacking: [Int] = []
    for index in lanes.indices where event.due & 1 << UInt64(lanes[index].bit) != 0 {
      let lane = lanes[index]
      guard lane.lacks(event.sequence, last: lastSequence) else { continue }
      if lane.isOut(event.sequence) { return nil }
      lacking.append(index)
    }
    return lacking
  }

  /// How many of the oldest events go at once from a full journal.
  public var oldestPart: UInt64 {
    max(OutboxLimits.retentionFloor, heldCount / OutboxLimits.retentionDivisor)
  }

  /// Lets the oldest events go, all of these or those before a time; nil when there are none.
  ///
  /// What left before them is not counted again: the count is of what is really there.
  public mutating func expire(_ held: [StoredEvent], before: WallTime? = nil) -> Retirement? {
    let old = held.prefix { event in
      guard event.sequence < lastSequence, event.sequence <= end(of: held[0].sequence) else {
        return false
      }
      guard let before else { return true }
      let at = EventGlance.recorded(event.bytes)
      return at.map { $0.milliseconds < before.milliseconds } ?? false
    }
    guard let first = old.first?.sequence, let last = old.last?.sequence else { return nil }
    let owed = lanes.filter { $0.doneThrough(last: lastSequence) < last }
    let isLost: (StoredEvent) -> Bool = { event in
      self.lanes.isEmpty
        || owed.contains {
          event.due & 1 << UInt64($0.bit) != 0
            && $0.lacks(event.sequence, last: self.lastSequence)
        }
    }
    let lost = old.filter(isLost)
    let names = owed.map(\.name).joined(separator: ", ")
    for index in lanes.indices { lanes[index].retire(through: last) }
    let loss = lost.first.map { begin in
      Loss(
        range: sequences(begin.sequence, last), count: UInt64(lost.count), place: place(first),
        why: (before == nil ? "the journal is full and " : "their days are over and ")
          + (lanes.isEmpty ? "no uplink is configured" : "\(names) had not acknowledged them"))
    }
    return Retirement(deleteThrough: last, loss: loss)
  }
}
