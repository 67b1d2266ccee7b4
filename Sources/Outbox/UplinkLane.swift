// One uplink's way through the journal.
//
//   acknowledged ≤ … parcels in flight … ≤ offered ≤ last committed
//
// Invariants
// - Parcels are answered in the order in which they were handed out; an answer that is not about
//   what is in flight changes nothing (it is late: the lane was rewound or the event retired).
// - `acknowledged` names an event that was due to this uplink (or 0), so it is also the `previous`
//   of the next parcel when nothing is in flight.
// - The cursor counts only what is at the destination, in quarantine, or dropped and told so.

internal import Primitives

/// Where a lane stands behind the journal.
enum LaneProgress: Equatable {
  /// Everything due to it has been handed out.
  case level
  /// The journal may hold more that is due to it.
  case behind
}

struct UplinkLane: Equatable, Sendable {
  let name: String
  let bit: Int
  var acknowledged: UInt64
  /// The last event due to it that was handed out or retired.
  var offered: UInt64
  /// Sequences handed out and not answered, a list for each parcel, oldest first.
  var inFlight: [[UInt64]] = []
  var progress: LaneProgress
  /// Events due to it and not acknowledged; after a restart an upper bound until first level.
  var depth: UInt64
  var delivered: UInt64 = 0
  var refused: UInt64 = 0
  var dropped: UInt64 = 0
  /// When the first event of each parcel in flight was committed.
  var recorded: [WallTime?] = []
  /// Waiting for the commit that makes them durable.
  var waiting: [QuarantinedEvent] = []
  /// The cursor that is in the journal.
  var committed: UInt64
  /// Refused events of this uplink in the journal.
  var kept: Int
  /// What is sent once more.
  var late = LateEvents()
  /// How it is served behind an outage.
  var rules = LaneRules()
  /// What was committed while it could not be reached; nil when nothing of that is owed.
  var backlog: Backlog?
  /// Which part the parcels are of that are on their way.
  var partInFlight = LanePart.ordinary
  /// Two lanes begin behind this place, as soon as nothing is on its way.
  var splitAt: UInt64?
  /// Since when an answer is waited for.
  var waitsSince = Instant.distantPast
  /// History does not go on before this.
  var replayAt = Instant.distantPast
  /// A parcel of current events has gone since the last one of history.
  var historyIsNext = false
  /// Keys of which something waits behind a refused event.
  var heldKeys: [String: HeldKey] = [:]
  /// Set aside behind one, and not yet passed by the cursor; by place.
  var setAside: [QuarantinedEvent] = []
  /// What was handed out last, where others were set aside behind it.
  var previousSent: UInt64?

  init(cursor: UplinkCursor, isKnown: Bool, state: StoreState) {
    name = cursor.name
    bit = cursor.bit
    acknowledged = cursor.acknowledged
    offered = cursor.acknowledged
    let last = state.lastPlace
    let reached = max(cursor.acknowledged, state.firstHeld - min(state.firstHeld, 1))
    depth = isKnown && last > reached ? last - reached : 0
    progress = isKnown && last > cursor.acknowledged ? .behind : .level
    committed = isKnown ? cursor.acknowledged : .max
    kept = state.quarantinedBy[cursor.name] ?? 0
  }

  /// All that was due to it up to here is done, seen from a journal that ends at `last`.
  func doneThrough(last: UInt64) -> UInt64 {
    let isSplit = backlog?.current != nil
    if isSplit, partInFlight == .current { return acknowledged }
    if let first = inFlight.first?.first { return max(acknowledged, first - min(first, 1)) }
    return progress == .level && !isSplit ? last : acknowledged
  }

  /// Takes note of final answers up to a sequence; returns how many events, 0 when it is late.
  mutating func settle(through sequence: UInt64) -> UInt64 {
    guard let first = inFlight.first?.first, let last = inFlight.last?.last,
      (first...max(first, last)).contains(sequence)
    else { return 0 }
    let settled = forget(through: sequence)
    depth -= min(depth, settled)
    passSetAside()
    if backlog?.current != nil, progress == .level { endBacklog() }
    if progress == .level, backlog?.current == nil, inFlight.isEmpty { depth = 0 }
    splitIfFree()
    return settled
  }

  /// Gives up everything up to a sequence: it is dropped, and told so elsewhere.
  mutating func retire(through sequence: UInt64) {
    forgetSetAside(through: sequence)
    guard doneThrough(last: sequence) < sequence else { return }
    if let backlog, backlog.current != nil, sequence >= backlog.through {
      // All of history goes: what goes on is the lane that went ahead.
      if partInFlight != .current { _ = forget(through: sequence) }
      endBacklog()
    }
    dropped += sequence - doneThrough(last: sequence)
    depth -= min(depth, sequence - doneThrough(last: sequence))
    if backlog?.current == nil || partInFlight != .current { _ = forget(through: sequence) }
    acknowledged = max(acknowledged, sequence)
    offered = max(offered, sequence)
    passSetAside()
    splitIfFree()
  }

  /// Gives up one event that was not handed out yet.
  mutating func thin() {
    dropped += 1
    depth -= min(depth, 1)
  }

  /// Passes over one event that cannot be read.
  mutating func skip(_ sequence: UInt64) {
    dropped += 1
    depth -= min(depth, 1)
    if let current = backlog?.current, sequence > backlog?.through ?? 0 {
      backlog?.current?.offered = max(current.offered, sequence)
      if inFlight.isEmpty { backlog?.current?.acknowledged = max(current.acknowledged, sequence) }
      return
    }
    offered = max(offered, sequence)
    if inFlight.isEmpty { acknowledged = max(acknowledged, sequence) }
  }

  /// Offers again what was not answered.
  mutating func rewind() {
    late.rewind()
    guard !inFlight.isEmpty else { return }
    forgetSetAside()
    inFlight = []
    recorded = []
    if partInFlight == .current, let current = backlog?.current {
      backlog?.current?.offered = current.acknowledged
      backlog?.current?.progress = .behind
    } else {
      offered = acknowledged
      progress = .behind
    }
    splitIfFree()
  }

  private mutating func forget(through sequence: UInt64) -> UInt64 {
    var count: UInt64 = 0
    while let first = inFlight.first?.first, first <= sequence {
      if partInFlight == .current, let current = backlog?.current {
        backlog?.current?.acknowledged = max(current.acknowledged, first)
      } else {
        acknowledged = max(acknowledged, first)
      }
      inFlight[0].removeFirst()
      if inFlight[0].isEmpty {
        inFlight.removeFirst()
        recorded.removeFirst()
      }
      count += 1
    }
    return count
  }
}
