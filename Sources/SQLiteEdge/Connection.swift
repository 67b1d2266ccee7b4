// One SQLite handle, its prepared statements, and the one place where its return codes are read.
//
// Invariants
// - One owner: statements are finalised before the handle is closed, both in `deinit`.
// - The extended code and the message are read before anything else touches the handle.
// - SQLITE_MISUSE is our bug and traps; everything else becomes a `StoreFault`.

internal import CSQLite
internal import Outbox

/// The statements of the journal, prepared once.
enum Query: Int, CaseIterable {
  case begin, commit, rollback
  case insertEvent, carryEvent, carryGap, deleteThrough, deleteRun, readFrom
  case putCursor, putSnapshot, putQuarantined, trimQuarantined, releaseQuarantined, putMeta

  var text: String {
    switch self {
    case .begin: "BEGIN IMMEDIATE"
    case .commit: "COMMIT"
    case .rollback: "ROLLBACK"
    case .insertEvent: "INSERT INTO event(sequence, due, digest, body) VALUES(?1, ?2, ?3, ?4)"
    case .carryEvent:
      "INSERT OR IGNORE INTO event(sequence, due, digest, body) VALUES(?1, ?2, ?3, ?4)"
    case .carryGap:
      "INSERT OR REPLACE INTO event(sequence, due, digest, body) VALUES(?1, ?2, ?3, ?4)"
    case .deleteThrough: "DELETE FROM event WHERE sequence <= ?1"
    case .deleteRun: "DELETE FROM event WHERE sequence BETWEEN ?1 AND ?2"
    case .readFrom:
      "SELECT sequence, due, digest, body FROM event WHERE sequence > ?1 ORDER BY sequence"
    case .putCursor:
      "INSERT INTO uplink(name, bit, acknowledged, proof) VALUES(?1, ?2, ?3, ?4)"
        + " ON CONFLICT(name) DO UPDATE SET bit = excluded.bit,"
        + " acknowledged = excluded.acknowledged, proof = excluded.proof"
    case .putSnapshot:
      "INSERT INTO snapshot(name, body, place, proof) VALUES(?1, ?2, ?3, ?4)"
        + " ON CONFLICT(name) DO UPDATE SET body = excluded.body, place = excluded.place,"
        + " proof = excluded.proof"
    case .putQuarantined:
      "INSERT INTO quarantine(uplink, sequence, status, answer, at, body, proof)"
        + " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"
    case .releaseQuarantined:
      "DELETE FROM quarantine WHERE id = ?1 AND uplink = ?2 AND sequence = ?3"
    case .putMeta:
      "INSERT INTO meta(name, value) VALUES(?1, ?2)"
        + " ON CONFLICT(name) DO UPDATE SET value = excluded.value"
    case .trimQuarantined:
      "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?1"
    }
  }
}

struct Connection: ~Copyable {
  private let handle: OpaquePointer
  private var statements: [OpaquePointer?]

  /// Opens a file (sqlite3_open_v2), without creating it unless asked.
  init(path: String, creating: Bool, fileLayer: String?) throws(StoreFault) {
    var opened: OpaquePointer?
    let flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
      | (creating ? SQLITE_OPEN_CREATE : 0)
    let code = sqlite3_open_v2(path, &opened, flags, fileLayer)
    guard code == SQLITE_OK, let opened else {
      let fault = Self.fault(code, opened, "opening \(path)")
      sqlite3_close_v2(opened)
      throw fault
    }
    handle = opened
    statements = Array(repeating: nil, count: Query.allCases.count)
  }

  deinit {
    for statement in statements { sqlite3_finalize(statement) }
    sqlite3_close_v2(handle)
  }

  /// The one reader of return codes.
  func check(_ code: Int32, _ doing: @autoclosure () -> String) throws(StoreFault) {
    switch code {
    case SQLITE_OK, SQLITE_DONE, SQLITE_ROW: return
    default: throw Self.fault(code, handle, doing())
    }
  }

  static func fault(_ code: Int32, _ handle: OpaquePointer?, _ doing: String) -> StoreFault {
    let text = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "no memory"
    let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? text
    let sentence = "\(doing): \(line) (SQLite \(code))"
    switch code & 0xFF {
    case SQLITE_FULL: return .diskFull
    case SQLITE_BUSY, SQLITE_LOCKED:
      return .inUse(
        "\(doing): another process holds the journal; is the gateway running already? "
          + "(SQLite \(code))")
    // Our statements are right for a whole file: that one of them is not says what the file is.
    case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT, SQLITE_ERROR, SQLITE_CONSTRAINT,
      SQLITE_MISMATCH, SQLITE_TOOBIG, SQLITE_RANGE, SQLITE_SCHEMA, SQLITE_INTERNAL:
      return .damaged(sentence)
    case SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH: return .denied(sentence)
    case SQLITE_MISUSE: preconditionFailure(sentence)
    default: return .inputOutput(sentence)
    }
  }

  /// Runs statements without parameters or rows (sqlite3_exec).
  func execute(_ text: String) throws(StoreFault) {
    try check(sqlite3_exec(handle, text, nil, nil, nil), "opening the journal")
  }

  /// Keeps the log when the handle is closed (SQLITE_FCNTL_PERSIST_WAL): beside a journal that was
  /// ever opened there is a log, so that one that somebody took away is missed.
  func keepLog() {
    var isKept: Int32 = 1
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_PERSIST_WAL, &isKept)
  }

  /// Whether the file could only be opened for reading (sqlite3_db_readonly).
  var isReadOnly: Bool { sqlite3_db_readonly(handle, "main") == 1 }

  /// Whether no transaction is open (sqlite3_get_autocommit).
  var isIdle: Bool { sqlite3_get_autocommit(handle) != 0 }

  /// Prepares a statement once and lends it (sqlite3_prepare_v3); the borrower resets it.
  mutating func statement(_ query: Query) throws(StoreFault) -> Statement {
    if let prepared = statements[query.rawValue] { return Statement(prepared) }
    var prepared: OpaquePointer?
    let code = sqlite3_prepare_v3(
      handle, query.text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
    try check(code, "preparing \(query)")
    guard let prepared else { throw .damaged("preparing \(query): nothing came of it") }
    statements[query.rawValue] = prepared
    return Statement(prepared)
  }

  /// Runs a statement that returns no row.
  mutating func run(_ query: Query, _ bind: (Statement) -> Void = { _ in }) throws(StoreFault) {
    let statement = try statement(query)
    bind(statement)
    let code = statement.step()
    statement.reset()
    try check(code, "writing the journal (\(query))")
  }

  /// Reads the rows of a text; the body returns false to end.
  func rows(_ text: String, _ body: (Statement) -> Bool) throws(StoreFault) {
    var prepared: OpaquePointer?
    try check(sqlite3_prepare_v2(handle, text, -1, &prepared, nil), "reading the journal")
    guard let prepared else { return }
    let statement = Statement(prepared)
    var code = statement.step()
    while code == SQLITE_ROW, body(statement) { code = statement.step() }
    sqlite3_finalize(prepared)
    try check(code, "reading the journal")
  }

  /// The first column of the first row as an integer; nil without a row.
  func integer(_ text: String) throws(StoreFault) -> Int64? {
    var result: Int64?
    try rows(text) {
      result = $0.integer(0)
      return false
    }
    return result
  }
}

/// A borrowed prepared statement: valid while its connection is.
struct Statement {
  private let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) { self.pointer = pointer }

  func step() -> Int32 { sqlite3_step(pointer) }

  /// Ends the run and forgets what was bound (sqlite3_reset, sqlite3_clear_bindings).
  func reset() {
    sqlite3_reset(pointer)
    sqlite3_clear_bindings(pointer)
  }

  func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(pointer, index, value) }
  func bind(_ index: Int32, _ value: UInt64) { bind(index, Int64(bitPattern: value)) }

  func bind(_ index: Int32, _ text: String) {
    sqlite3_bind_text(pointer, index, text, -1, takt_sqlite_transient())
  }

  /// Binds bytes that SQLite copies.
  func bind(_ index: Int32, _ bytes: [UInt8]) {
    _ = bytes.withUnsafeBytes {
      $0.baseAddress == nil
        ? sqlite3_bind_zeroblob(pointer, index, 0)
        : sqlite3_bind_blob64(
          pointer, index, $0.baseAddress, UInt64($0.count), takt_sqlite_transient())
    }
  }

  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(pointer, column) }
  func unsigned(_ column: Int32) -> UInt64 { UInt64(bitPattern: integer(column)) }

  func text(_ column: Int32) -> String {
    sqlite3_column_text(pointer, column).map { String(cString: $0) } ?? ""
  }

  func byteCount(_ column: Int32) -> Int { Int(sqlite3_column_bytes(pointer, column)) }

  func bytes(_ column: Int32) -> [UInt8] {
    let start = sqlite3_column_blob(pointer, column)
    return Array(
      UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(pointer, column))))
  }
}
