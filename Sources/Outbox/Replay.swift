// What was committed while an uplink could not be reached, and how it follows behind.
//
//   order strict    history (marked, paced) ──▶ current
//   two lanes       current, as it comes
//                   history (marked, paced) ──▶ reaches what went ahead: one lane again
//
// Invariants
// - History is what was committed before the connection came back, or before the program started:
//   its parcels hold nothing else, say that they are replayed, and keep to the rate of the rules.
// - Within a lane the order is the journal's, and `previous` is the event before in that lane.
// - With two lanes, what is on its way is all of one lane, so an answer is about the one or the
//   other. While both wait they take turns: current events wait for one parcel of history at most.
// - The cursor stays with history: nothing leaves the journal that is still owed. What went ahead
//   is remembered in the journal in `OutboxLimits.rangesAhead` ranges; what is forgotten of it is
//   sent again, which is harmless.
//
// Why two lanes break the order of keys: an order's old events follow behind its new ones. Whoever
// needs each key in order says strict, which is the default.

public import Primitives

/// How an uplink is served behind an outage and a refusal.
public struct LaneRules: Equatable, Sendable {
  /// In which order events go, behind an outage and behind a refusal.
  public enum Order: String, CaseIterable, Sendable {
    /// As they are in the journal.
    case strict
    /// What is new at once, and the rest behind it.
    case lanes
    /// As in the journal, and for each partition key whatever is refused: holds keys, too.
    case key
  }

  /// What becomes of the later events of a partition key when one is refused.
  public enum OnRefusal: String, CaseIterable, Sendable { case quarantine, holdKey }

  /// Events of history a second; nil for as fast as they are taken.
  public var replayRate: Int?
  public var order: Order
  /// The later events of a partition key wait behind a refused one until somebody decides.
  public var holdsKeys: Bool

  public init(replayRate: Int? = nil, order: Order = .strict, holdsKeys: Bool = false) {
    self.replayRate = replayRate
    self.order = order
    self.holdsKeys = holdsKeys
  }
}

/// Which part of what is owed something belongs to.
public enum LanePart: Equatable, Sendable {
  /// There is no history, or this is behind it in strict order.
  case ordinary
  case history
  /// Ahead of a history that is still owed.
  case current
}

/// What was committed before an uplink could be reached, and is still owed.
struct Backlog: Equatable, Sendable {
  /// The current lane, where there are two.
  struct Current: Equatable, Sendable {
    var offered: UInt64
    var acknowledged: UInt64
    var progress: LaneProgress
  }

  /// The last place of it.
  var through: UInt64
  /// What of it is at the destination already: it went ahead once.
  var done: [ClosedRange<UInt64>] = []
  var current: Current?

  /// What has gone ahead: past ranges, and the current lane's.
  var ahead: [ClosedRange<UInt64>] {
    guard let current, current.acknowledged > through else { return done }
    return done + [through + 1...current.acknowledged]
  }
}

extension UplinkLane {
  /// Whether an event that is due to this lane has not arrived, seen from the end of the journal.
  func lacks(_ place: UInt64, last: UInt64) -> Bool {
    place > doneThrough(last: last)
      && !(backlog?.ahead.contains { $0.contains(place) } ?? false)
  }

  /// Whether an event is on its way, or was handed out before others that are.
  func isOut(_ place: UInt64) -> Bool {
    if let backlog, let current = backlog.current, place > backlog.through {
      return place <= current.offered
    }
    return place <= offered
  }

  /// What may be handed out next; nil for nothing now.
  func nextPart(_ now: Instant) -> LanePart? {
    guard splitAt == nil else { return nil }
    guard let backlog else { return progress == .behind ? .ordinary : nil }
    let mayReplay = progress == .behind && now >= replayAt
    guard let current = backlog.current else { return mayReplay ? .history : nil }
    let isFree = inFlight.isEmpty
    if current.progress == .behind, isFree || partInFlight == .current,
      !(mayReplay && historyIsNext)
    {
      return .current
    }
    // One parcel of history at a time while current events wait for it.
    guard isFree || partInFlight != .current && current.progress == .level else { return nil }
    return mayReplay ? .history : nil
  }

  /// When history may go on; nil when it does not wait for that.
  var replayDue: Instant? { backlog != nil && progress == .behind ? replayAt : nil }

  /// The connection is back, or the program has begun: what there is now is history.
  mutating func beginBacklog(last: UInt64) {
    let isBehind = backlog?.current.map { $0.progress == .behind } ?? (progress == .behind)
    guard isBehind, last > acknowledged else { return }
    guard rules.order == .lanes || backlog?.current != nil else {
      backlog = Backlog(through: max(last, backlog?.through ?? 0), done: backlog?.done ?? [])
      return
    }
    splitAt = last
    splitIfFree()
  }

  /// Begins two lanes once nothing is on its way.
  mutating func splitIfFree() {
    guard let last = splitAt, inFlight.isEmpty else { return }
    splitAt = nil
    var done = backlog?.ahead ?? []
    if done.count > OutboxLimits.rangesAhead {
      done.removeFirst(done.count - OutboxLimits.rangesAhead)
    }
    progress = .behind
    historyIsNext = false
    backlog = Backlog(
      through: last, done: done,
      current: Backlog.Current(offered: last, acknowledged: last, progress: .behind))
  }

  /// Leaves out of a reading of history what is none, or has gone ahead; empty when nothing is left
  /// to hand out of it now.
  mutating func history(_ events: [StoredEvent]) -> (events: [StoredEvent], part: LanePart) {
    guard let backlog else { return (events, .ordinary) }
    guard let first = events.first, first.sequence <= backlog.through else {
      let isStrict = backlog.current == nil
      endBacklog()
      return isStrict ? (events, .ordinary) : ([], .history)
    }
    if let range = backlog.done.first(where: { $0.contains(first.sequence) }) {
      offered = max(offered, range.upperBound)
      if inFlight.isEmpty { acknowledged = max(acknowledged, range.upperBound) }
      let reached = offered
      self.backlog?.done.removeAll { $0.upperBound <= reached }
      return ([], .history)
    }
    let taken = events.prefix { event in
      event.sequence <= backlog.through
        && !backlog.done.contains { $0.contains(event.sequence) }
    }
    return (Array(taken), .history)
  }

  /// History is over: where there were two lanes there is one again.
  mutating func endBacklog() {
    guard let ended = backlog else { return }
    guard let current = ended.current else {
      backlog = nil
      partInFlight = .ordinary
      return
    }
    // While the last of history is on its way its answer is still about that.
    guard inFlight.isEmpty || partInFlight == .current else {
      progress = .level
      return
    }
    backlog = nil
    if current.acknowledged > ended.through {
      acknowledged = max(acknowledged, current.acknowledged)
    }
    if current.offered > ended.through { offered = max(offered, current.offered) }
    progress = current.progress
    partInFlight = .ordinary
    if progress == .level, inFlight.isEmpty { depth = 0 }
  }

  /// Takes note of a parcel of some part; returns the event before it in its lane, 0 for none.
  mutating func handedOut(_ events: [StoredEvent], _ part: LanePart, _ now: Instant) -> UInt64 {
    guard let last = events.last?.sequence else { return 0 }
    if inFlight.isEmpty { waitsSince = now }
    partInFlight = part
    inFlight.append(events.map(\.sequence))
    switch part {
    case .current:
      let through = backlog?.through ?? 0
      let before = backlog?.current?.offered ?? 0
      backlog?.current?.offered = last
      historyIsNext = true
      return before > through ? before : 0
    case .history:
      historyIsNext = false
      if let rate = rules.replayRate {
        let pause = Int64(events.count) * 1_000_000_000 / Int64(max(1, rate))
        replayAt = max(replayAt, now) + .nanoseconds(pause)
      }
    case .ordinary: break
    }
    let before = previousSent ?? offered
    previousSent = nil
    offered = last
    return before
  }

  /// There is nothing behind what was handed out of a part.
  mutating func reachedEnd(_ part: LanePart) {
    switch part {
    case .current: backlog?.current?.progress = .level
    case .ordinary, .history: progress = .level
    }
    if inFlight.isEmpty, backlog?.current == nil { depth = 0 }
  }

  /// An answer came: whether it ends an outage.
  mutating func heard(_ now: Instant) -> Bool {
    defer { waitsSince = now }
    return now - waitsSince >= OutboxLimits.outage
  }
}

extension Outbox {
  /// The name of the snapshot that keeps what went ahead of history.
  static let aheadName = "outbox/ahead"

  /// When history may go on for some uplink that waits for that, later than now; nil for none.
  public func replayDue(_ now: Instant) -> Instant? {
    lanes.compactMap(\.replayDue).filter { $0 > now }.min()
  }

  /// How uplinks are served from now on; what is under way goes on as it began.
  public mutating func use(_ rules: [String: LaneRules]) {
    self.rules = rules
    for index in lanes.indices { lanes[index].rules = rules[lanes[index].name] ?? LaneRules() }
  }

  /// What went ahead, as text: a line for each uplink, pairs of places behind its name.
  var aheadText: String {
    lanes.map { ($0.name, $0.backlog?.ahead ?? []) }.filter { !$0.1.isEmpty }
      .map { name, ranges in
        name + ranges.map { " \($0.lowerBound) \($0.upperBound)" }.joined() + "\n"
      }.joined()
  }

  /// What the journal holds for each lane at the start is history, but for what went ahead.
  mutating func resumeBacklogs(_ bytes: [UInt8]?) {
    for index in lanes.indices where lanes[index].progress == .behind {
      lanes[index].backlog = Backlog(through: lastSequence)
    }
    for line in String(decoding: bytes ?? [], as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ")
      guard let name = words.first, let index = index(named: String(name)) else { continue }
      let places = words.dropFirst().compactMap { UInt64($0) }
      for pair in 0..<min(places.count / 2, OutboxLimits.rangesAhead) {
        let (low, high) = (places[pair * 2], places[pair * 2 + 1])
        guard low <= high, high > lanes[index].acknowledged else { continue }
        lanes[index].backlog?.done.append(low...high)
      }
    }
    for index in lanes.indices where lanes[index].rules.order == .lanes {
      guard let backlog = lanes[index].backlog else { continue }
      lanes[index].backlog?.current = Backlog.Current(
        offered: backlog.through, acknowledged: backlog.through, progress: .behind)
    }
    aheadCommitted = aheadText
  }
}
