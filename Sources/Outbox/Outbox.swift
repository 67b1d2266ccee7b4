// Who has got what: cursors, parcels, answers, deletion and retention, without a disk or a network.
//
//   committed → order → (store.read) → offer → parcel → courier → answered → fill → commit →
//   settled
//
// Invariants
// - Only what a commit made durable is offered (write first).
// - Each uplink gets what is due to it in the order of the journal; at most
//   `OutboxLimits.parcelsInFlight` parcels are out, whatever the uplink does.
// - An event may be deleted when every configured uplink that it was due to is done with it;
//   without any uplink nothing is deleted before the journal is full.
// - Whatever is dropped is returned as a `Loss`, to be told as an event (F31).
// - Retirement is one subtraction; no housekeeper has to come by before data are taken again (F30).
//
// It counts in places: an event's sequence, and the places of the epochs before, which a journal
// carries after it was damaged. What leaves the gateway, a parcel's `previous` or a `Loss`, is said
// in sequences again.
//
// A new uplink gets the lowest bit that no name of this file has, and the cursor 0: rows from
// before it do not carry its bit, so it hears what is committed from now on. The bit stays with
// the name.

public import Events
public import Primitives

/// What to read next for one uplink.
public struct ReadOrder: Equatable, Sendable {
  public var bit: Int
  public var after: UInt64
  public var countLimit: Int
  public var byteLimit: Int
  public var part = LanePart.ordinary
}

/// How one uplink stands, for status and health.
public struct UplinkStatistics: Equatable, Sendable {
  public var name: String
  public var bit: Int
  /// Events due and not acknowledged; an upper bound until the lane was level once since the start.
  public var depth: UInt64
  /// The first sequence that may still lack an acknowledgement; nil when nothing is due.
  public var oldestUnacknowledged: UInt64?
  public var acknowledged: UInt64
  public var delivered: UInt64
  public var refused: UInt64
  /// Sequences that retention took from under it.
  public var dropped: UInt64
  public var parcelsInFlight: Int
  /// Refused events that the journal keeps.
  public var kept: Int = 0
  /// How many of them are to be sent once more.
  public var late: Int = 0
  /// When the oldest event on its way to it was committed.
  public var oldestRecorded: WallTime?
  /// Partition keys of which events wait behind a refused one, sorted.
  public var heldKeys: [String] = []
  /// How many events wait so.
  public var held: Int = 0
  /// As many are kept as may be: nothing more is sent to it until somebody decides.
  public var isHeldUp = false
  /// At most so many events are left of what gathered while it was away; nil for no such thing.
  public var history: UInt64?
  /// What is new goes ahead of that.
  public var isInLanes = false
}

/// The state of all uplinks.
public struct Outbox: Sendable {
  var lanes: [UplinkLane]
  /// The last place.
  var lastSequence: UInt64
  var firstHeld: UInt64
  /// Every epoch with places in the journal, oldest first, the present one last.
  var epochs: [EpochBefore]
  /// What the journal knows of events that are to be sent once more.
  var lateCommitted = ""
  /// What the journal knows of events that went ahead of history.
  var aheadCommitted = ""
  var rules: [String: LaneRules]
  /// Refused events that the journal keeps, those of uplinks that are not configured among them.
  var keptTotal: Int
  /// At most so many of them are kept.
  public var keptMost = OutboxLimits.keptMost

  /// Continues from what the journal holds; at most `OutboxLimits.uplinks` names over its life.
  public init(
    uplinks names: [String], state: StoreState, rules: [String: LaneRules] = [:]
  ) {
    self.rules = rules
    keptTotal = state.quarantinedCount
    lastSequence = state.lastPlace
    epochs = state.before + [EpochBefore(epoch: state.epoch, base: state.base)]
    firstHeld = state.firstHeld
    var taken = Set(state.cursors.map(\.bit))
    var lanes: [UplinkLane] = []
    for name in names where !lanes.contains(where: { $0.name == name }) {
      if let cursor = state.cursors.first(where: { $0.name == name }) {
        lanes.append(UplinkLane(cursor: cursor, isKnown: true, state: state))
      } else if let bit = (0..<OutboxLimits.uplinks).first(where: { !taken.contains($0) }) {
        taken.insert(bit)
        let cursor = UplinkCursor(name: name, bit: bit, acknowledged: 0)
        lanes.append(UplinkLane(cursor: cursor, isKnown: false, state: state))
      }
    }
    self.lanes = lanes
    use(rules)
    resumeBacklogs(state.snapshots[Self.aheadName])
    resumeLate(state.snapshots[Self.lateName])
  }

  /// The bit of an uplink; nil when it is not configured or the journal has no bit left.
  public func bit(of name: String) -> Int? { lanes.first { $0.name == name }?.bit }

  /// What an uplink's name stands for among the lanes; nil when it is not configured.
  func index(named name: String) -> Int? { lanes.firstIndex { $0.name == name } }

  func index(_ bit: Int) -> Int? { lanes.firstIndex { $0.bit == bit } }

  /// The row of a sealed event.
  public static func row(_ event: SealedEvent, due: UInt64) -> StoredEvent {
    StoredEvent(sequence: event.sequence, bytes: event.bytes, digest: event.digest, due: due)
  }

  /// Tells that these events are durable now.
  public mutating func committed(_ events: [StoredEvent]) {
    let base = epochs.last?.base ?? 0
    for event in events where base + event.sequence > lastSequence {
      lastSequence = base + event.sequence
      for index in lanes.indices where event.due & (1 << UInt64(lanes[index].bit)) != 0 {
        lanes[index].depth += 1
        if lanes[index].backlog?.current != nil {
          lanes[index].backlog?.current?.progress = .behind
        } else {
          lanes[index].progress = .behind
        }
      }
    }
  }

  /// What to read next for an uplink; nil when it is level, has enough in flight, or waits.
  public func order(for bit: Int, now: Instant = .distantPast) -> ReadOrder? {
    guard let index = index(bit), let part = lanes[index].nextPart(now),
      lanes[index].inFlight.count < OutboxLimits.parcelsInFlight,
      lanes[index].waiting.count < OutboxLimits.refusedWaiting, !lanes[index].late.isFirst,
      !isHeldUp(lanes[index])
    else { return nil }
    var order = ReadOrder(
      bit: bit, after: lanes[index].offered, countLimit: OutboxLimits.parcelEvents,
      byteLimit: OutboxLimits.parcelBytes, part: part)
    if part == .current { order.after = lanes[index].backlog?.current?.offered ?? order.after }
    if part == .history, let rate = lanes[index].rules.replayRate {
      order.countLimit = min(order.countLimit, max(1, rate))
    }
    return order
  }

  /// Makes a parcel of what the store returned for an order; nil when there was nothing for now:
  /// the next order says whether there is more.
  public mutating func offer(
    _ events: [StoredEvent], for order: ReadOrder, now: Instant = .distantPast,
    at time: WallTime = WallTime(milliseconds: 0)
  ) -> Parcel? {
    guard let index = index(order.bit) else { return nil }
    var (events, part) = (events, order.part)
    switch part {
    case .ordinary: guard lanes[index].offered == order.after else { return nil }
    case .current:
      guard lanes[index].backlog?.current?.offered == order.after else { return nil }
    case .history:
      guard lanes[index].offered == order.after else { return nil }
      (events, part) = lanes[index].history(events)
      if part == .history, events.isEmpty { return nil }
    }
    guard let last = events.last else {
      lanes[index].reachedEnd(part)
      return nil
    }
    events = lanes[index].letThrough(events, at: time)
    var previous: UInt64 = 0
    if let first = events.first {
      previous = lanes[index].handedOut(events, part, now)
      lanes[index].recorded.append(EventGlance.recorded(first.bytes))
      lanes[index].late.ordinaryOffered()
    }
    lanes[index].passOver(last.sequence, sent: events.last?.sequence)
    if last.sequence >= lastSequence { lanes[index].reachedEnd(part) }
    guard let first = events.first else { return nil }
    let base = epoch(of: first.sequence).base
    return Parcel(
      events: events, previous: previous - min(previous, base), base: base,
      isReplay: part == .history, heardThrough: lanes[index].acknowledged)
  }

  /// Takes an answer of a courier; false when it is late and means nothing any more.
  public mutating func answered(
    _ answer: Answer, from bit: Int, at time: WallTime, now: Instant = .distantPast
  ) -> Bool {
    guard let index = index(bit) else { return false }
    if lanes[index].late.isOnItsWay { return answeredLate(answer, index, at: time) }
    switch answer {
    case .delivered(let sequence):
      let settled = lanes[index].settle(through: sequence)
      lanes[index].delivered += settled
      guard settled > 0 else { return false }
    case .refused(let event, let status, let body):
      guard lanes[index].settle(through: event.sequence) > 0 else { return false }
      lanes[index].refused += 1
      lanes[index].hold(behind: event)
      lanes[index].waiting.append(
        QuarantinedEvent(
          uplink: lanes[index].name, sequence: event.sequence, bytes: event.bytes, status: status,
          answer: String(body.prefix(OutboxLimits.answerCharacters)), at: time))
    case .held(let event): guard lanes[index].giveBack(event, at: time) else { return false }
    }
    if lanes[index].heard(now) { lanes[index].beginBacklog(last: lastSequence) }
    return true
  }

  /// Forgets what is in flight to an uplink whose courier lost it, and offers it again.
  public mutating func rewind(_ bit: Int) {
    if let index = index(bit) { lanes[index].rewind() }
  }

  /// One line for each uplink: what it is owed and what it has.
  public var statistics: [UplinkStatistics] {
    lanes.map { lane in
      let behind = lane.progress == .behind ? lane.offered + 1 : nil
      return UplinkStatistics(
        name: lane.name, bit: lane.bit, depth: lane.depth,
        oldestUnacknowledged: lane.inFlight.first?.first ?? behind,
        acknowledged: lane.acknowledged, delivered: lane.delivered, refused: lane.refused,
        dropped: lane.dropped, parcelsInFlight: lane.inFlight.count, kept: lane.kept,
        late: lane.late.count, oldestRecorded: lane.recorded.first ?? nil,
        heldKeys: lane.heldKeys.keys.sorted(), held: lane.heldCount, isHeldUp: isHeldUp(lane),
        history: lane.backlog.map { $0.through - min($0.through, lane.acknowledged) },
        isInLanes: lane.backlog?.current != nil)
    }
  }
}
