// What the journal asks of its tables.

internal import CSQLite
internal import Outbox
internal import Primitives

extension Connection {
  func configure(_ settings: JournalSettings) throws(StoreFault) {
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

  /// Checks the structure of the whole file.
  func verify() throws(StoreFault) {
    var finding = "no answer"
    try rows("PRAGMA quick_check(1)") {
      finding = $0.text(0)
      return false
    }
    guard finding == "ok" else { throw .damaged("checking the journal: \(finding)") }
  }

  /// Where the journal stands.
  func journalState() throws(StoreFault) -> StoreState {
    var meta: [String: String] = [:]
    try rows("SELECT name, value FROM meta") {
      meta[$0.text(0)] = $0.text(1)
      return true
    }
    guard let epoch = meta["epoch"], epoch.utf8.count == 8,
      let first = meta["first"].flatMap(Hex.decode), first.count == JournalLimits.digestBytes
    else { throw .damaged("reading the journal: it does not know its own epoch") }
    var state = StoreState(epoch: epoch, lastDigest: first)
    try rows("SELECT sequence, digest FROM event ORDER BY sequence DESC LIMIT 1") {
      state.lastSequence = $0.unsigned(0)
      state.lastDigest = $0.bytes(1)
      return false
    }
    state.firstHeld =
      try integer("SELECT sequence FROM event ORDER BY sequence LIMIT 1")
      .map { UInt64(bitPattern: $0) } ?? state.lastSequence + 1
    try rows("SELECT name, bit, acknowledged FROM uplink ORDER BY bit") {
      state.cursors.append(
        UplinkCursor(name: $0.text(0), bit: Int($0.integer(1)), acknowledged: $0.unsigned(2)))
      return true
    }
    try rows("SELECT name, body FROM snapshot") {
      state.snapshots[$0.text(0)] = $0.bytes(1)
      return true
    }
    state.quarantinedCount = Int(try integer("SELECT count(*) FROM quarantine") ?? 0)
    return state
  }

  /// One transaction, begun and committed; deletes first, so that what it frees can be used by it.
  mutating func write(_ transaction: Transaction, after last: UInt64) throws(StoreFault) {
    try run(.begin)
    if let through = transaction.deleteThrough {
      // The last event stays, so that the end of the chain is always in the file.
      let end = transaction.events.isEmpty ? min(through, last - min(last, 1)) : through
      try run(.deleteThrough) { $0.bind(1, end) }
    }
    var next = last
    for event in transaction.events {
      next += 1
      guard event.sequence == next else {
        throw .damaged("committing event \(event.sequence): the next sequence is \(next)")
      }
      try run(.insertEvent) {
        $0.bind(1, event.sequence)
        $0.bind(2, event.due)
        $0.bind(3, event.digest)
        $0.bind(4, event.bytes)
      }
    }
    for cursor in transaction.cursors {
      try run(.putCursor) {
        $0.bind(1, cursor.name)
        $0.bind(2, Int64(cursor.bit))
        $0.bind(3, cursor.acknowledged)
      }
    }
    for snapshot in transaction.snapshots {
      try run(.putSnapshot) {
        $0.bind(1, snapshot.name)
        $0.bind(2, snapshot.bytes)
      }
    }
    try put(transaction.quarantined)
    try run(.commit)
  }

  private mutating func put(_ quarantined: [QuarantinedEvent]) throws(StoreFault) {
    guard !quarantined.isEmpty else { return }
    for event in quarantined {
      try run(.putQuarantined) {
        $0.bind(1, event.uplink)
        $0.bind(2, event.sequence)
        $0.bind(3, Int64(event.status))
        $0.bind(4, event.answer)
        $0.bind(5, event.at.milliseconds)
        $0.bind(6, event.bytes)
      }
    }
    try run(.trimQuarantined) { $0.bind(1, Int64(JournalLimits.quarantined)) }
  }

  /// Undoes an open transaction; false when even that fails.
  mutating func rollBack() -> Bool {
    if !isIdle { try? run(.rollback) }
    return isIdle
  }

  /// Pages in use within the open transaction; nil when nobody can say.
  func pagesUsed() -> Int64? { try? integer("PRAGMA page_count") }

  /// Reads rows within both limits, ending before one whose bytes do not match their digest.
  mutating func events(
    _ query: Query, byteLimit: Int, digest: ([UInt8]) -> [UInt8], bind: (Statement) -> Void
  ) throws(StoreFault) -> [StoredEvent] {
    let statement = try statement(query)
    bind(statement)
    var events: [StoredEvent] = []
    var bytes = 0
    var code = statement.step()
    while code == SQLITE_ROW {
      let event = StoredEvent(
        sequence: statement.unsigned(0), bytes: statement.bytes(3), digest: statement.bytes(2),
        due: statement.unsigned(1))
      bytes += event.bytes.count
      if !events.isEmpty, bytes > byteLimit { break }
      guard digest(event.bytes) == event.digest else {
        statement.reset()
        if events.isEmpty { throw .damagedEvent(sequence: event.sequence) }
        return events
      }
      events.append(event)
      code = statement.step()
    }
    statement.reset()
    try check(code, "reading events of the journal")
    return events
  }
}

/// What can still be read of a damaged journal through SQLite.
struct JournalRemains {
  var epoch: String?
  var lastSequence: UInt64?
  var lastDigest = [UInt8](repeating: 0, count: JournalLimits.digestBytes)

  init() {}

  init(_ path: String, fileLayer: String?) {
    guard let connection = try? Connection(path: path, creating: false, fileLayer: fileLayer) else {
      return
    }
    try? connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    var remains = self
    try? connection.rows("SELECT value FROM meta WHERE name = 'epoch'") {
      remains.epoch = $0.text(0)
      return false
    }
    try? connection.rows("SELECT sequence, digest FROM event ORDER BY sequence DESC LIMIT 1") {
      guard $0.bytes(1).count == JournalLimits.digestBytes else { return false }
      remains.lastSequence = $0.unsigned(0)
      remains.lastDigest = $0.bytes(1)
      return false
    }
    self = remains
  }
}
