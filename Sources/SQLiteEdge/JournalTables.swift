// What the journal asks of its tables.

internal import CSQLite
internal import Outbox
internal import Primitives

extension Connection {
  func configure(_ settings: JournalSettings) throws(StoreFault) {
    keepLog()
    let quota = max(settings.quotaBytes, JournalLimits.quotaFloorBytes)
    try execute(
      """
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA synchronous = FULL;
      PRAGMA trusted_schema = OFF;
      PRAGMA cell_size_check = ON;
      PRAGMA secure_delete = OFF;
      PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -\(JournalLimits.cacheKibibytes);
      PRAGMA wal_autocheckpoint = \(settings.checkpointPages);
      PRAGMA journal_size_limit = \(JournalLimits.logBytes);
      PRAGMA max_page_count = \(quota / JournalLimits.pageBytes);
      """)
    guard try integer("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'") == 1
    else { throw .damaged("opening the journal: it has lost its write-ahead mode") }
  }

  /// Checks the structure of the whole file. What it finds must be found twice: a read that fails
  /// once is told as a finding too, and must not cost the journal its epoch.
  func verify() throws(StoreFault) {
    var finding = "no answer"
    for _ in 0..<2 {
      try rows("PRAGMA quick_check(1)") {
        // It names the database in a line of its own, and then what is wrong.
        let lines = $0.text(0).split(whereSeparator: \.isNewline)
        finding = String(lines.first { !$0.hasPrefix("***") } ?? lines.first ?? "no answer")
        return false
      }
      if finding == "ok" { return }
    }
    throw .damaged("checking the journal: \(finding)")
  }

  /// Where the journal stands; throws `damaged` when a row of it does not prove itself.
  func journalState() throws(StoreFault) -> JournalRows {
    let meta = try meta()
    guard let epoch = meta["epoch"], epoch.utf8.count == 8,
      let first = meta["first"].flatMap(Hex.decode), first.count == JournalLimits.digestBytes,
      meta["proof"] == RowCheck.meta(meta)
    else { throw .damaged("reading the journal: it does not know its own epoch") }
    var rows = JournalRows(state: StoreState(epoch: epoch, lastDigest: first))
    rows.isTold = meta["told"] != "no"
    rows.wasOpened = meta["opened"] == "yes"
    rows.holes = Places(text: meta["holes"] ?? "").ranges
    rows.unproved = meta["unproved"].flatMap { UInt64($0) } ?? 0
    rows.state.base = meta["base"].flatMap { UInt64($0) } ?? 0
    rows.state.before = Places.epochs(meta["before"] ?? "")
    if !rows.isTold { rows.state.lost = Places.lost(meta["lost"] ?? "") }
    let latest = try readSnapshots(&rows)
    try readEnds(&rows, latest)
    try readCursors(&rows)
    rows.state.quarantinedBy = try quarantinedBy()
    rows.state.quarantinedCount = rows.state.quarantinedBy.values.reduce(0, +)
    return rows
  }

  /// The first and the last event.
  private func readEnds(_ rows: inout JournalRows, _ latest: UInt64) throws(StoreFault) {
    var place = rows.state.base
    var digest: [UInt8]? = rows.state.lastDigest
    let unproved = rows.unproved
    let base = rows.state.base
    try self.rows("SELECT sequence, due, digest FROM event ORDER BY sequence DESC LIMIT 1") {
      let found = $0.unsigned(0)
      guard found > base else { return false }
      place = found
      digest = RowCheck.digest(
        $0.bytes(2), place: found, due: $0.unsigned(1), isOldAllowed: found <= unproved)
      return false
    }
    guard let digest else {
      throw .damaged("reading the journal: its last event \(place) does not prove itself")
    }
    rows.state.lastSequence = place - base
    rows.state.lastDigest = digest
    rows.state.firstHeld = min(rows.deleted, rows.state.lastPlace) + 1
    guard latest <= place else {
      throw .damaged("reading the journal: it ends at \(place), and a snapshot knows of \(latest)")
    }
  }

  private func readCursors(_ rows: inout JournalRows) throws(StoreFault) {
    var cursors: [UplinkCursor] = []
    var bad: String?
    try self.rows("SELECT name, bit, acknowledged, proof FROM uplink ORDER BY bit") {
      let cursor = UplinkCursor(
        name: $0.text(0), bit: Int($0.integer(1)), acknowledged: $0.unsigned(2))
      let check = RowCheck.cursor(
        cursor.name, bit: $0.integer(1), acknowledged: cursor.acknowledged)
      if check != $0.unsigned(3) { bad = cursor.name }
      cursors.append(cursor)
      return true
    }
    if let bad { throw .damaged("reading the journal: the cursor of \(bad) does not prove itself") }
    rows.state.cursors = cursors
    let last = rows.state.lastPlace
    if let ahead = cursors.first(where: { $0.acknowledged > last }) {
      throw .damaged(
        "reading the journal: it ends at \(last), and \(ahead.name) has acknowledged "
          + "\(ahead.acknowledged)")
    }
  }

  /// Returns the last place that any of them knows of.
  private func readSnapshots(_ rows: inout JournalRows) throws(StoreFault) -> UInt64 {
    var snapshots: [String: [UInt8]] = [:]
    var bad: String?
    var latest: UInt64 = 0
    try self.rows("SELECT name, body, place, proof FROM snapshot") {
      let (name, body, place) = ($0.text(0), $0.bytes(1), $0.unsigned(2))
      if RowCheck.snapshot(name, place: place, body: body) != $0.unsigned(3) { bad = name }
      snapshots[name] = body
      latest = max(latest, place)
      return true
    }
    if let bad { throw .damaged("reading the journal: snapshot \(bad) does not prove itself") }
    let deleted = snapshots.removeValue(forKey: Salvage.deletedName).flatMap(StoredNumber.read)
    rows.deleted = deleted ?? 0
    rows.state.snapshots = snapshots
    return latest
  }

  func meta() throws(StoreFault) -> [String: String] {
    var meta: [String: String] = [:]
    try rows("SELECT name, value FROM meta") {
      meta[$0.text(0)] = $0.text(1)
      return true
    }
    return meta
  }

  /// Writes what the journal knows about itself, with its check.
  mutating func putMeta(_ values: [String: String]) throws(StoreFault) {
    var all = try meta()
    all.merge(values) { $1 }
    all["proof"] = RowCheck.meta(all)
    for (name, value) in all {
      try run(.putMeta) {
        $0.bind(1, name)
        $0.bind(2, value)
      }
    }
  }

  /// One transaction, begun and committed; deletes first, so that what it frees can be used by it.
  mutating func write(
    _ transaction: Transaction, gaps: [StoredEvent], after last: UInt64, base: UInt64,
    telling isTelling: Bool
  ) throws(StoreFault) {
    try run(.begin)
    let through = transaction.deleteThrough.map {
      // The last event stays, so that the end of the chain is always in the file.
      transaction.events.isEmpty ? min($0, last - min(last, 1)) : min($0, last)
    }
    if let through { try run(.deleteThrough) { $0.bind(1, through) } }
    try thin(transaction.thinned, gaps)
    var next = last
    for event in transaction.events {
      next += 1
      guard event.sequence == next - base else {
        throw .damaged("committing event \(event.sequence): the next sequence is \(next - base)")
      }
      var row = event
      row.sequence = next
      try put(row, .insertEvent)
    }
    for cursor in transaction.cursors { try put(cursor) }
    for snapshot in transaction.snapshots {
      try put(snapshot.name, place: next, snapshot.bytes)
    }
    if let through {
      try put(Salvage.deletedName, place: next, StoredNumber.bytes(through))
    }
    try release(transaction.released)
    try put(transaction.quarantined)
    if isTelling { try putMeta(["told": "yes", "lost": ""]) }
    try run(.commit)
  }

  mutating func put(_ event: StoredEvent, _ query: Query) throws(StoreFault) {
    try run(query) {
      $0.bind(1, event.sequence)
      $0.bind(2, event.due)
      $0.bind(3, RowCheck.proof(event.sequence, due: event.due, digest: event.digest))
      $0.bind(4, event.bytes)
    }
  }

  mutating func put(_ cursor: UplinkCursor) throws(StoreFault) {
    let bit = Int64(cursor.bit)
    try run(.putCursor) {
      $0.bind(1, cursor.name)
      $0.bind(2, bit)
      $0.bind(3, cursor.acknowledged)
      $0.bind(4, RowCheck.cursor(cursor.name, bit: bit, acknowledged: cursor.acknowledged))
    }
  }

  mutating func put(_ name: String, place: UInt64, _ body: [UInt8]) throws(StoreFault) {
    try run(.putSnapshot) {
      $0.bind(1, name)
      $0.bind(2, body)
      $0.bind(3, place)
      $0.bind(4, RowCheck.snapshot(name, place: place, body: body))
    }
  }

  /// Undoes an open transaction; false when even that fails.
  mutating func rollBack() -> Bool {
    if !isIdle { try? run(.rollback) }
    return isIdle
  }

  /// Pages in use within the open transaction; nil when nobody can say.
  func pagesUsed() -> Int64? { try? integer("PRAGMA page_count") }

  /// Reads rows within the limits, ending before the first that is missing or does not prove
  /// itself; throws `damagedEvent` when that is the first. Rows end at the end of an epoch as
  /// well, so that no parcel holds two.
  mutating func events(
    _ range: ReadRange, digest: ([UInt8]) -> [UInt8]
  ) throws(StoreFault) -> [StoredEvent] {
    let statement = try statement(.readFrom)
    var next = range.next
    statement.bind(1, next - 1)
    var events: [StoredEvent] = []
    var bytes = 0
    var code = statement.step()
    while code == SQLITE_ROW, next <= range.last, events.count < range.countLimit {
      let place = statement.unsigned(0)
      let due = statement.unsigned(1)
      let proved = RowCheck.digest(
        statement.bytes(2), place: place, due: due, isOldAllowed: place <= range.unproved)
      guard place == next, let proved else { break }
      if let end = Gap.end(due: due, statement.byteCount(3), statement.bytes(3)) {
        guard end >= place, digest(statement.bytes(3)) == proved else { break }
        next = range.after(end)
        code = statement.step()
        continue
      }
      if due & (range.mask ?? due) != 0 || range.mask == nil {
        let event = StoredEvent(
          sequence: place, bytes: statement.bytes(3), digest: proved, due: due)
        bytes += event.bytes.count
        if !events.isEmpty, bytes > range.byteLimit || range.isEnd(place, events[0].sequence) {
          statement.reset()
          return events
        }
        guard digest(event.bytes) == proved else { break }
        events.append(event)
      }
      next = range.after(place)
      code = statement.step()
    }
    statement.reset()
    try check(code, "reading events of the journal")
    if events.isEmpty, next <= range.last { throw .damagedEvent(sequence: next) }
    return events
  }
}

/// What one read may return, and what must be there.
struct ReadRange {
  /// The first place that must be there; the last that was committed.
  var next: UInt64
  var last: UInt64
  /// The bit of the uplink; nil for all rows.
  var mask: UInt64?
  var countLimit: Int
  var byteLimit: Int
  /// Rows up to here may be of the old form, without a check.
  var unproved: UInt64
  /// What is known to be missing.
  var holes: [ClosedRange<UInt64>]
  /// Where epochs begin.
  var bases: [UInt64]

  init(
    after place: UInt64, mask: UInt64?, countLimit: Int, byteLimit: Int, _ rows: JournalRows,
    last: UInt64
  ) {
    self.last = last
    self.mask = mask
    self.countLimit = countLimit
    self.byteLimit = byteLimit
    unproved = rows.unproved
    holes = rows.holes
    bases = rows.state.before.map(\.base) + [rows.state.base]
    next = max(place, rows.state.firstHeld - min(rows.state.firstHeld, 1)) + 1
    next = after(next - 1)
  }

  /// The place that must follow a place.
  func after(_ place: UInt64) -> UInt64 {
    let next = place + 1
    guard !holes.isEmpty else { return next }
    var low = 0
    var high = holes.count
    while low < high {
      let middle = (low + high) / 2
      if holes[middle].upperBound < next { low = middle + 1 } else { high = middle }
    }
    return low < holes.count && holes[low].lowerBound <= next ? holes[low].upperBound + 1 : next
  }

  /// Whether an epoch begins between an earlier place and this one.
  func isEnd(_ place: UInt64, _ earlier: UInt64) -> Bool {
    bases.contains { $0 >= earlier && $0 < place }
  }
}

/// What the rows of a journal say, beside what everybody may know.
struct JournalRows {
  static let noDigest = [UInt8](repeating: 0, count: JournalLimits.digestBytes)

  var state: StoreState
  var holes: [ClosedRange<UInt64>] = []
  var unproved: UInt64 = 0
  var deleted: UInt64 = 0
  var isTold = true
  var wasOpened = false

  init(state: StoreState) { self.state = state }
}
