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
    if let first = inFlight.first?.first { return max(acknowledged, first - min(first, 1)) }
    return progress == .level ? last : acknowledged
  }

  /// Takes note of final answers up to a sequence; returns how many events, 0 when it is late.
  mutating func settle(through sequence: UInt64) -> UInt64 {
    guard sequence > acknowledged, let last = inFlight.last?.last, sequence <= last else {
      return 0
    }
    let settled = forget(through: sequence)
    depth -= min(depth, settled)
    if progress == .level, inFlight.isEmpty { depth = 0 }
    return settled
  }

  /// Gives up everything up to a sequence: it is dropped, and told so elsewhere.
  mutating func retire(through sequence: UInt64) {
    guard doneThrough(last: sequence) < sequence else { return }
    dropped += sequence - doneThrough(last: sequence)
    depth -= min(depth, sequence - doneThrough(last: sequence))
    _ = forget(through: sequence)
    acknowledged = max(acknowledged, sequence)
    offered = max(offered, sequence)
  }

  /// Gives up one event that was not handed out yet.
  mutating func thin() {
    dropped += 1
    depth -= min(depth, 1)
  }

  /// Passes over one event that cannot be read.
  mutating func skip(_ sequence: UInt64) {
    guard sequence > offered else { return }
    offered = sequence
    dropped += 1
    depth -= min(depth, 1)
    if inFlight.isEmpty { acknowledged = sequence }
  }

  /// Offers again what was not answered.
  mutating func rewind() {
    late.rewind()
    guard !inFlight.isEmpty else { return }
    inFlight = []
    recorded = []
    offered = acknowledged
    progress = .behind
  }

  private mutating func forget(through sequence: UInt64) -> UInt64 {
    var count: UInt64 = 0
    while let first = inFlight.first?.first, first <= sequence {
      acknowledged = max(acknowledged, first)
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
