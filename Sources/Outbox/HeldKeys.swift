// Keys that wait: behind an event that a receiver refused, the later ones of its partition key.
//
//   free ──refused──▶ held ──sent once more, or given up──▶ following ──all arrived──▶ free
//                      ▲                                        │
//                      └────────────── refused again ───────────┘
//
// Invariants
// - Only for an uplink whose rules ask for it. Other keys go on.
// - What waits stands among the refused events of the journal, with no status of a receiver: a
//   restart finds it there, `takt outbox list` shows it, and the rows of the journal may go.
// - While one event of a key waits, none of that key leaves but as a late one, in the order of
//   places, and none behind one that is refused again.
// - The cursor passes what was set aside only when nothing before it is on its way.
// - Bounded: at `OutboxLimits.keptBeforeWaiting` such rows the uplink as a whole waits, and the
//   journal keeps what comes, as in an outage.

internal import Primitives

/// A key of which something waits.
struct HeldKey: Equatable, Sendable {
  /// The refused event and what waits behind it, kept or about to be.
  var places: Set<UInt64> = []
  /// Somebody has decided: they are sent as late ones, in order.
  var isFollowing = false
}

/// A refused event of the journal, as far as keys that wait are concerned.
public struct KeptRow: Equatable, Sendable {
  var uplink: String
  var place: UInt64
  var key: String?
  var isRefused: Bool

  public init(_ row: QuarantinedRow) {
    uplink = row.event.uplink
    place = row.event.sequence
    key = EventGlance.partitionKey(row.event.bytes)
    isRefused = row.event.isRefused
  }
}

extension QuarantinedEvent {
  /// A receiver has refused it; false when it only waits behind one that was.
  public var isRefused: Bool { status != OutboxLimits.heldStatus }
}

extension UplinkLane {
  /// The events of a reading that may leave now; the others are set aside behind a refused one.
  mutating func letThrough(_ events: [StoredEvent], at time: WallTime) -> [StoredEvent] {
    guard !heldKeys.isEmpty else { return events }
    var free: [StoredEvent] = []
    for event in events {
      if let key = EventGlance.partitionKey(event.bytes), heldKeys[key] != nil {
        setAside(event, key, at: time)
      } else {
        free.append(event)
      }
    }
    return free
  }

  /// Takes note of a reading up to its last event, of which the last ones were set aside.
  mutating func passOver(_ last: UInt64, sent: UInt64?) {
    guard last > sent ?? 0 else { return }
    // What the receiver was given last is what it is told as the one before.
    previousSent = sent ?? previousSent ?? offered
    offered = max(offered, last)
    passSetAside()
  }

  /// An event was refused: the later ones of its key wait from now on.
  mutating func hold(behind event: StoredEvent) {
    guard rules.holdsKeys, let key = EventGlance.partitionKey(event.bytes) else { return }
    var held = heldKeys[key] ?? HeldKey()
    held.places.insert(event.sequence)
    held.isFollowing = false
    for place in held.places { late.forget(place) }
    heldKeys[key] = held
  }

  /// The courier gives an event back unsent; false when it is none of those on their way.
  mutating func giveBack(_ event: StoredEvent, at time: WallTime) -> Bool {
    guard let key = EventGlance.partitionKey(event.bytes),
      let parcel = inFlight.firstIndex(where: { $0.contains(event.sequence) })
    else { return false }
    inFlight[parcel].removeAll { $0 == event.sequence }
    if inFlight[parcel].isEmpty {
      inFlight.remove(at: parcel)
      recorded.remove(at: parcel)
    }
    setAside(event, key, at: time)
    passSetAside()
    return true
  }

  private mutating func setAside(_ event: StoredEvent, _ key: String, at time: WallTime) {
    let first = heldKeys[key]?.places.min()
    heldKeys[key, default: HeldKey()].places.insert(event.sequence)
    let kept = QuarantinedEvent(
      uplink: name, sequence: event.sequence, bytes: event.bytes,
      status: OutboxLimits.heldStatus,
      answer: "not sent: it waits behind \(first.map { "event \($0)" } ?? "one") of \(key)",
      at: time)
    let index = setAside.firstIndex { $0.sequence > event.sequence } ?? setAside.endIndex
    setAside.insert(kept, at: index)
  }

  /// Lets the cursor pass what was set aside, as far as nothing before it is on its way.
  mutating func passSetAside() {
    let onItsWay = inFlight.first?.first ?? .max
    while let first = setAside.first, first.sequence < onItsWay {
      setAside.removeFirst()
      waiting.append(first)
      acknowledged = max(acknowledged, first.sequence)
      depth -= min(depth, 1)
    }
  }

  /// Forgets what was set aside and not yet passed: it is read again, or it is gone.
  mutating func forgetSetAside(through place: UInt64 = .max) {
    for event in setAside where event.sequence <= place { arrived(event.sequence) }
    setAside.removeAll { $0.sequence <= place }
    previousSent = nil
  }

  /// An event is no longer in its key's way.
  mutating func arrived(_ place: UInt64) {
    guard let key = key(of: place) else { return }
    heldKeys[key]?.places.remove(place)
    if heldKeys[key]?.places.isEmpty ?? true { heldKeys[key] = nil }
  }

  func key(of place: UInt64) -> String? {
    heldKeys.first { $0.value.places.contains(place) }?.key
  }

  /// What waits of a key goes on, as late ones; what no commit has kept yet follows with it.
  mutating func follow(_ key: String) {
    heldKeys[key]?.isFollowing = true
    let young = Set((waiting + setAside).map(\.sequence))
    late.want((heldKeys[key]?.places ?? []).filter { !young.contains($0) })
  }

  /// A commit has kept an event.
  mutating func kept(_ place: UInt64) {
    guard let key = key(of: place), heldKeys[key]?.isFollowing ?? false else { return }
    late.want([place])
  }

  /// Events that wait behind refused ones.
  var heldCount: Int { heldKeys.values.reduce(0) { $0 + max(0, $1.places.count - 1) } }

  /// Continues with what the journal keeps for this uplink.
  mutating func resumeHeld(_ kept: [KeptRow]) {
    heldKeys = [:]
    guard rules.holdsKeys else {
      // Nobody has refused these, and nobody asks any more that they wait.
      late.want(kept.filter { !$0.isRefused }.map(\.place))
      return
    }
    let rows = kept + (waiting + setAside).map { KeptRow(QuarantinedRow(row: 0, event: $0)) }
    for row in rows {
      if let key = row.key { heldKeys[key, default: HeldKey()].places.insert(row.place) }
    }
    let refused = Set(rows.filter(\.isRefused).map(\.place))
    let wanted = Set(late.places)
    for (key, held) in heldKeys {
      // Its first one was given up, or was to be sent once more, when the program ended.
      let isDecided = held.places.min().map { !refused.contains($0) } ?? false
      if isDecided || !wanted.isDisjoint(with: held.places) { follow(key) }
    }
  }
}

extension Outbox {
  /// Continues with all that the journal keeps of refused events.
  public mutating func resumeHeld(_ rows: [KeptRow]) {
    for index in lanes.indices {
      let name = lanes[index].name
      let own = rows.filter { $0.uplink == name }
      lanes[index].kept = own.count
      lanes[index].resumeHeld(own)
    }
  }

  /// An uplink whose keys wait takes nothing more: as much is kept as may be.
  func isHeldUp(_ lane: UplinkLane) -> Bool {
    guard lane.rules.holdsKeys else { return false }
    let kept = lanes.reduce(0) { $0 + $1.kept + $1.waiting.count + $1.setAside.count }
    return kept >= OutboxLimits.keptBeforeWaiting
  }
}
