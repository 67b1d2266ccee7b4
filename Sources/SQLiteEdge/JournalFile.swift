// What happens to the journal as files: recognising, creating, setting aside, the ballast.
//
// Invariants
// - A journal appears under its name only when it is whole: made beside, closed, renamed, and the
//   directory synced. Created and used in one breath, a power cut can take the file back.
// - A log that belongs to no file is moved aside before a file is made, never left to be replayed.
// - Nothing is repaired in place; a damaged file is kept, with its log.
//
//   damaged:  journal ─▶ .salvage ─(rows that prove themselves)─▶ .new ─▶ journal
//                        .salvage ─▶ .damaged-1 ─▶ .damaged-2 ─▶ gone
//   A start that finds .salvage without a journal makes the journal again; with one, only the last
//   row of names is left to do. So a power cut at any point loses nothing.

internal import CSQLite
internal import Glibc
internal import Outbox
internal import Primitives

struct JournalFile {
  let path: String
  var logPath: String { path + "-wal" }
  var ballastPath: String { path + ".ballast" }
  private var newPath: String { path + ".new" }
  private var salvagePath: String { path + ".salvage" }

  func damagedPath(_ number: Int) -> String { "\(path).damaged-\(number)" }

  var exists: Bool { access(path, F_OK) == 0 }

  var hasLog: Bool { access(logPath, F_OK) == 0 }
  var logSize: Int { Self.size(logPath) }

  /// Bytes of the file and its log.
  var size: Int { Self.size(path) + Self.size(logPath) }

  private static func size(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Looks at the header without SQLite, so that a later version's file stays untouched.
  ///
  /// A flipped bit must not make a stranger of our own journal: one that differs in two bits at
  /// most from our mark, or says in its own rows that it has a form we know, is ours and damaged.
  func recognise(_ log: LogPages) throws(StoreFault) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return }
      throw Self.denied("opening \(path)", errno)
    }
    defer { close(descriptor) }
    var header = [UInt8](repeating: 0, count: 100)
    let count = pread(descriptor, &header, 100, 0)
    if let newest = log.pages[1] { header = newest }
    guard log.pages[1] != nil || count == 100,
      header.starts(with: Array("SQLite format 3\0".utf8))
    else { return }
    let mark = LeafPage.number(header, 68) ^ UInt32(JournalLimits.applicationID)
    guard mark.nonzeroBitCount <= JournalLimits.markBits else {
      throw .denied(
        "opening \(path): this is another program's database; name another file for the journal")
    }
    let form = Int32(bitPattern: LeafPage.number(header, 60))
    guard form <= JournalLimits.formatVersion || formInRows(log) <= JournalLimits.formatVersion
    else {
      throw .tooNew(
        "opening \(path): written by a later version (form \(form), this program knows "
          + "\(JournalLimits.formatVersion)); install that version again or name another file")
    }
  }

  /// The form that the journal's own rows name; none is a later version's.
  private func formInRows(_ log: LogPages) -> Int32 {
    var scan = SalvageScan(path, log: log) { _ in [] }
    return scan.metaNearStart()["form"].flatMap { Int32($0) } ?? .max
  }

  /// Makes the tables in a file that stands beside the journal.
  func tables(_ connection: borrowing Connection) throws(StoreFault) {
    try connection.execute(
      """
      PRAGMA page_size = \(JournalLimits.pageBytes);
      PRAGMA auto_vacuum = NONE;
      PRAGMA application_id = \(JournalLimits.applicationID);
      PRAGMA user_version = \(JournalLimits.formatVersion);
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = OFF;
      PRAGMA synchronous = FULL;
      PRAGMA cache_size = -\(JournalLimits.rebuildKibibytes);
      CREATE TABLE event(sequence INTEGER PRIMARY KEY, due INTEGER NOT NULL,
        digest BLOB NOT NULL, body BLOB NOT NULL) STRICT;
      CREATE TABLE uplink(name TEXT PRIMARY KEY, bit INTEGER NOT NULL,
        acknowledged INTEGER NOT NULL, proof INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE snapshot(name TEXT PRIMARY KEY, body BLOB NOT NULL,
        place INTEGER NOT NULL, proof INTEGER NOT NULL) STRICT;
      CREATE TABLE quarantine(id INTEGER PRIMARY KEY, uplink TEXT NOT NULL,
        sequence INTEGER NOT NULL, status INTEGER NOT NULL, answer TEXT NOT NULL,
        at INTEGER NOT NULL, body BLOB NOT NULL, proof INTEGER NOT NULL) STRICT;
      CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
      """)
  }

  /// Makes an empty journal under its name.
  func create(epoch: String, settings: JournalSettings) throws(StoreFault) {
    try makeBeside()
    defer { unlink(newPath) }  // Named otherwise by then, unless the file system is full.
    do {
      var connection = try Connection(
        path: newPath, creating: false, fileLayer: settings.fileLayer)
      try tables(connection)
      try connection.execute("BEGIN IMMEDIATE")
      try connection.putMeta([
        "epoch": epoch, "first": Hex.encode(JournalRows.noDigest), "base": "0",
        "form": "\(JournalLimits.formatVersion)",
      ])
      try connection.execute("COMMIT; PRAGMA journal_mode = WAL")
    }
    try takeName()
  }

  /// Makes a journal of what proves itself in the one set aside, and gives it the name.
  func salvage(
    epoch: String, known: KnownEnd?, log: LogPages?, settings: JournalSettings,
    digest: @escaping ([UInt8]) -> [UInt8]
  ) throws(StoreFault) -> SalvageResult {
    let log = log ?? LogPages(readLog(salvagePath + "-wal"))
    var salvage = Salvage(known: known)
    var result = SalvageResult()
    try makeBeside()
    defer { unlink(newPath) }  // Named otherwise by then, unless the file system is full.
    do {
      var connection = try Connection(
        path: newPath, creating: false, fileLayer: settings.fileLayer)
      try tables(connection)
      let scan = SalvageScan(salvagePath, log: log, digest: digest)
      result = try salvage.run(scan, into: &connection, epoch: epoch)
      try connection.execute("PRAGMA journal_mode = WAL")
    }
    try takeName()
    return result
  }

  /// Where a journal that is being replaced stands, read and not written.
  func prospect(
    epoch: String, known: KnownEnd?, digest: @escaping ([UInt8]) -> [UInt8]
  ) -> StoreState {
    var salvage = Salvage(known: known)
    let log = LogPages(readLog(salvagePath + "-wal"))
    return salvage.prospect(SalvageScan(salvagePath, log: log, digest: digest), epoch: epoch)
  }

  /// Made by us first, so that its mode is right from the first byte on.
  private func makeBeside() throws(StoreFault) {
    for leftover in [newPath, newPath + "-wal", newPath + "-journal"] { unlink(leftover) }
    let descriptor = open(newPath, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Self.denied("creating \(newPath)", errno) }
    close(descriptor)
  }

  private func takeName() throws(StoreFault) {
    unlink(newPath + "-wal")
    guard rename(newPath, path) == 0 else { throw Self.denied("naming \(path)", errno) }
    try syncDirectory()
  }

  /// The bytes of a log; none when there is none.
  func readLog(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes = [UInt8](
      repeating: 0, count: min(Self.size(path), JournalLimits.logReadBytes))
    let count = pread(descriptor, &bytes, bytes.count, 0)
    return Array(bytes.prefix(max(0, count)))
  }

  /// A damaged journal was being replaced when the program ended.
  var isBeingReplaced: Bool {
    access(salvagePath, F_OK) == 0 || access(salvagePath + "-wal", F_OK) == 0
  }

  /// Takes the name from a damaged journal and its log; from here on a start goes on with it.
  func beginReplacing() throws(StoreFault) {
    for suffix in ["", "-wal"] where access(path + suffix, F_OK) == 0 {
      guard access(salvagePath + suffix, F_OK) != 0 else { continue }
      guard rename(path + suffix, salvagePath + suffix) == 0 else {
        throw Self.denied("setting aside \(path)", errno)
      }
    }
    try syncDirectory()
  }

  /// Gives the damaged journal its lasting name, keeping the last two; returns that name.
  func endReplacing() throws(StoreFault) -> String {
    for number in (1..<JournalLimits.damagedKept).reversed() {
      guard access(damagedPath(number), F_OK) == 0 else { continue }
      for suffix in ["", "-wal"] {
        let older = damagedPath(number + 1) + suffix
        unlink(older)
        rename(damagedPath(number) + suffix, older)
      }
    }
    // The log first: while the file has its old name, a start comes here again.
    for suffix in ["-wal", ""] where access(salvagePath + suffix, F_OK) == 0 {
      guard rename(salvagePath + suffix, damagedPath(1) + suffix) == 0 else {
        throw Self.denied("setting aside \(path)", errno)
      }
    }
    try syncDirectory()
    return damagedPath(1)
  }

  /// Makes room for a salvage by giving up what earlier ones kept.
  func dropDamaged() {
    for number in 1...JournalLimits.damagedKept {
      for suffix in ["", "-wal"] { unlink(damagedPath(number) + suffix) }
    }
  }

  private var directory: String {
    let cut = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    return cut.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  }

  /// Makes names durable (fsync of the directory).
  func syncDirectory() throws(StoreFault) {
    let directory = directory
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.denied("opening \(directory)", errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else {
      throw .inputOutput("syncing \(directory): \(Self.words(errno))")
    }
  }

  /// Bytes that the file system has for us, also while there is no journal (statvfs).
  var freeBytes: Int64 {
    var space = statvfs()
    guard statvfs(directory, &space) == 0 else { return .max }
    return Int64(clamping: UInt64(space.f_bavail) * UInt64(space.f_frsize))
  }

  /// Preallocates the ballast when it is not there and twice its size is free (posix_fallocate).
  func keepBallast(_ bytes: Int) -> Bool {
    if access(ballastPath, F_OK) == 0 { return true }
    var space = statvfs()
    guard bytes > 0, statvfs(path, &space) == 0,
      UInt64(space.f_bavail) * UInt64(space.f_frsize) > UInt64(bytes) * 2
    else { return false }
    let descriptor = open(ballastPath, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    if posix_fallocate(descriptor, 0, off_t(bytes)) == 0 { return true }
    unlink(ballastPath)
    return false
  }

  /// Gives the ballast's space to the journal; false when there was none.
  func dropBallast() -> Bool { unlink(ballastPath) == 0 }

  private static func words(_ code: Int32) -> String { String(cString: strerror(code)) }

  private static func denied(_ doing: String, _ code: Int32) -> StoreFault {
    switch code {
    case ENOSPC, EDQUOT: .diskFull
    case EIO: .inputOutput("\(doing): \(words(code))")
    default:
      .denied("\(doing): \(words(code)); check that the directory exists and who owns it")
    }
  }
}
