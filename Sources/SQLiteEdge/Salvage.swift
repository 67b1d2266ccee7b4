// Making a journal of what is left of a damaged one.
//
// Invariants
// - Only rows that prove themselves go over, at the places they had; nothing is repaired.
// - The new journal has a new epoch, whose places begin behind the last one that anything readable
//   names: no sequence of the old epoch is ever used for another body.
// - What is missing between the first event still owed and that last place is told exactly.
// - What everybody had is not brought back to life: places up to the lowest cursor, and those that
//   were deleted, are passed over.
// - The chain of digests continues from the last event that is known.

internal import CSQLite
internal import Glibc
internal import Outbox
internal import Primitives

/// What the running program still knows of a journal that its file may have lost.
struct KnownEnd: Equatable {
  var epoch: String
  var base: UInt64
  var lastPlace: UInt64
  var lastDigest: [UInt8]

  /// An event became durable. A method, since Swift 6.3 loses the old digest at each assignment
  /// `known?.lastDigest =` within a type that cannot be copied.
  mutating func end(at event: StoredEvent) {
    lastPlace = base + event.sequence
    lastDigest = event.digest
  }
}

/// What came of a salvage.
struct SalvageResult: Equatable {
  var epochBefore: String?
  var lastSequenceBefore: UInt64?
  var carried: UInt64 = 0
  var lost: [LostEvents] = []
}

/// The rows of the new journal as they are gathered.
struct Salvage {
  /// The name of the hidden snapshot that keeps up to where events were deleted.
  static let deletedName = "journal/deleted"

  private var cursors: [String: UplinkCursor] = [:]
  private var snapshots: [String: (place: UInt64, body: [UInt8])] = [:]
  private var lastPlace: UInt64 = 0
  private var lastEvent: (place: UInt64, digest: [UInt8])?
  private var meta: [String: String] = [:]
  private let known: KnownEnd?

  init(known: KnownEnd?) {
    self.known = known
    lastPlace = known?.lastPlace ?? 0
    if let known { lastEvent = (known.lastPlace, known.lastDigest) }
  }

  /// Reads a damaged file into an empty journal that is open and being filled.
  mutating func run(
    _ scan: SalvageScan, into connection: inout Connection, epoch: String
  ) throws(StoreFault) -> SalvageResult {
    var scan = scan
    try connection.execute("BEGIN IMMEDIATE")
    var fault: StoreFault?
    scan.rows { row in
      guard fault == nil else { return }
      do throws(StoreFault) {
        try take(row, &connection)
      } catch {
        fault = error
      }
    }
    if let fault { throw fault }
    meta = scan.meta
    let result = try finish(&connection, epoch)
    try putCursorsAndSnapshots(&connection)
    try connection.execute("COMMIT")
    return result
  }

  /// Where a damaged journal stands and what machines go on from, without writing anything: what a
  /// salvage would find, but for what is lost.
  mutating func prospect(_ scan: SalvageScan, epoch: String) -> StoreState {
    var scan = scan
    scan.rows { note($0) }
    meta = scan.meta
    var state = StoreState(
      epoch: epoch, lastDigest: lastEvent?.digest ?? JournalRows.noDigest,
      firstHeld: min(floor, lastPlace) + 1, cursors: Array(cursors.values))
    state.snapshots = snapshots.mapValues(\.body)
    state.snapshots[Self.deletedName] = nil
    state.base = lastPlace
    state.before = epochs
    return state
  }

  private mutating func take(
    _ row: ProvedRow, _ connection: inout Connection
  ) throws(StoreFault) {
    note(row)
    switch row {
    case .event(let event):
      let isGap = Gap.end(due: event.due, event.bytes.count, event.bytes) != nil
      try connection.put(event, isGap ? .carryGap : .carryEvent)
    case .cursor, .snapshot: break
    case .quarantined(let event): try connection.put([event])
    }
  }

  private mutating func note(_ row: ProvedRow) {
    switch row {
    case .event(let event)
    where Gap.end(due: event.due, event.bytes.count, event.bytes) != nil:
      lastPlace = max(lastPlace, StoredNumber.read(event.bytes) ?? event.sequence)
    case .event(let event):
      lastPlace = max(lastPlace, event.sequence)
      if event.sequence > lastEvent?.place ?? 0 { lastEvent = (event.sequence, event.digest) }
    case .cursor(let cursor):
      lastPlace = max(lastPlace, cursor.acknowledged)
      if cursor.acknowledged >= cursors[cursor.name]?.acknowledged ?? 0 {
        cursors[cursor.name] = cursor
      }
    case .snapshot(let name, let place, let body):
      lastPlace = max(lastPlace, place)
      // Equal places: the log's came first, and is the newer one.
      if place > snapshots[name]?.place ?? 0 || snapshots[name] == nil {
        snapshots[name] = (place, body)
      }
    case .quarantined: break
    }
  }

  private func putCursorsAndSnapshots(_ connection: inout Connection) throws(StoreFault) {
    for cursor in cursors.values { try connection.put(cursor) }
    for (name, snapshot) in snapshots {
      try connection.put(name, place: snapshot.place, snapshot.body)
    }
  }

  /// Up to here nothing is owed to anybody any more.
  private var floor: UInt64 {
    let deleted = snapshots[Self.deletedName].flatMap { StoredNumber.read($0.body) } ?? 0
    return max(deleted, cursors.values.map(\.acknowledged).min() ?? 0)
  }

  /// Deletes what is not owed, finds what is missing and writes what the journal knows of itself.
  private mutating func finish(
    _ connection: inout Connection, _ epoch: String
  ) throws(StoreFault) -> SalvageResult {
    let floor = min(floor, lastPlace)
    try connection.execute("DELETE FROM event WHERE sequence <= \(floor)")
    snapshots[Self.deletedName] = (lastPlace, StoredNumber.bytes(floor))
    var holes = Places(text: meta["holes"] ?? "").ranges.filter { $0.upperBound > floor }
    let toldBefore = holes
    var result = SalvageResult()
    var next = floor + 1
    var missing: [ClosedRange<UInt64>] = []
    let gaps = try connection.keepGaps()
    try connection.rows("SELECT sequence FROM event ORDER BY sequence") {
      let place = $0.unsigned(0)
      if place > next { missing.append(next...(place - 1)) }
      next = max(place, gaps[place] ?? place) + 1
      if gaps[place] == nil { result.carried += 1 }
      return true
    }
    if next <= lastPlace { missing.append(next...lastPlace) }
    holes = missing
    let epochs = epochs
    let isTold = meta["told"] != "no"
    result.epochBefore = meta["epoch"] ?? known?.epoch
    let base = epochs.last?.base ?? 0
    result.lastSequenceBefore = lastPlace > base ? lastPlace - base : nil
    result.lost = Places.lost(Places.without(isTold ? toldBefore : [], missing), epochs)
    try connection.putMeta([
      "epoch": epoch, "first": Hex.encode(lastEvent?.digest ?? JournalRows.noDigest),
      "base": "\(lastPlace)", "before": Places.text(epochs),
      "holes": Places(ranges: holes).text, "lost": Places.text(result.lost),
      "told": result.lost.isEmpty ? "yes" : "no",
      "unproved": "\(lastPlace)", "form": "\(JournalLimits.formatVersion)",
    ])
    return result
  }

  /// The epochs whose places the file had, oldest first, its own the last.
  private var epochs: [EpochBefore] {
    if let epoch = meta["epoch"], let base = meta["base"].flatMap({ UInt64($0) }) {
      return Places.epochs(meta["before"] ?? "") + [EpochBefore(epoch: epoch, base: base)]
    }
    return [EpochBefore(epoch: known?.epoch, base: known?.base ?? 0)]
  }
}
