// What happens to the journal as files: recognising, creating, setting aside, the ballast.
//
// Invariants
// - A journal appears under its name only when it is whole: made beside, closed, renamed, and the
//   directory synced. Created and used in one breath, a power cut can take the file back.
// - A log that belongs to no file is moved aside before a file is made, never left to be replayed.
// - Nothing is repaired in place; a damaged file is kept, with its log.

internal import CSQLite
internal import Glibc
internal import Outbox
internal import Primitives

struct JournalFile {
  let path: String
  var logPath: String { path + "-wal" }
  var ballastPath: String { path + ".ballast" }
  private var newPath: String { path + ".new" }

  func damagedPath(_ number: Int) -> String { "\(path).damaged-\(number)" }

  var exists: Bool { access(path, F_OK) == 0 }

  /// Bytes of the file and its log.
  var size: Int { Self.size(path) + Self.size(logPath) }

  private static func size(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Looks at the header without SQLite, so that a later version's file stays untouched.
  func recognise() throws(StoreFault) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return }
      throw Self.denied("opening \(path)", errno)
    }
    defer { close(descriptor) }
    var header = [UInt8](repeating: 0, count: 100)
    guard pread(descriptor, &header, 100, 0) == 100,
      header.starts(with: Array("SQLite format 3\0".utf8))
    else { return }
    func number(_ offset: Int) -> Int32 {
      header[offset..<offset + 4].reduce(0) { $0 << 8 | Int32($1) }
    }
    guard number(68) == JournalLimits.applicationID else {
      throw .denied(
        "opening \(path): this is another program's database; name another file for the journal")
    }
    guard number(60) <= JournalLimits.formatVersion else {
      throw .tooNew(
        "opening \(path): written by a later version (form \(number(60)), this program knows "
          + "\(JournalLimits.formatVersion)); install that version again or name another file")
    }
  }

  /// Makes an empty journal under its name.
  func create(epoch: String, lastDigest: [UInt8], settings: JournalSettings) throws(StoreFault) {
    for leftover in [newPath, newPath + "-wal", newPath + "-journal"] { unlink(leftover) }
    // Made by us first, so that its mode is right from the first byte on.
    let descriptor = open(newPath, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Self.denied("creating \(newPath)", errno) }
    close(descriptor)
    try fill(epoch: epoch, lastDigest: lastDigest, settings: settings)
    if access(logPath, F_OK) == 0 { rename(logPath, damagedPath(1) + "-wal") }
    guard rename(newPath, path) == 0 else { throw Self.denied("naming \(path)", errno) }
    try syncDirectory()
  }

  private func fill(
    epoch: String, lastDigest: [UInt8], settings: JournalSettings
  ) throws(StoreFault) {
    let connection = try Connection(
      path: newPath, creating: false, fileLayer: settings.fileLayer)
    try connection.execute(
      """
      PRAGMA page_size = \(JournalLimits.pageBytes);
      PRAGMA auto_vacuum = NONE;
      PRAGMA application_id = \(JournalLimits.applicationID);
      PRAGMA user_version = \(JournalLimits.formatVersion);
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      BEGIN IMMEDIATE;
      CREATE TABLE event(sequence INTEGER PRIMARY KEY, due INTEGER NOT NULL,
        digest BLOB NOT NULL, body BLOB NOT NULL) STRICT;
      CREATE TABLE uplink(name TEXT PRIMARY KEY, bit INTEGER NOT NULL,
        acknowledged INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE snapshot(name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
      CREATE TABLE quarantine(id INTEGER PRIMARY KEY, uplink TEXT NOT NULL,
        sequence INTEGER NOT NULL, status INTEGER NOT NULL, answer TEXT NOT NULL,
        at INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
      CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
      INSERT INTO meta VALUES('epoch', '\(epoch)'), ('first', '\(Hex.encode(lastDigest))');
      COMMIT;
      PRAGMA wal_checkpoint(TRUNCATE);
      """)
  }

  /// Renames a damaged file and its log, keeping the last two; returns the new name.
  func setAside() throws(StoreFault) -> String {
    for number in (1..<JournalLimits.damagedKept).reversed() {
      for suffix in ["", "-wal"] {
        let older = damagedPath(number + 1) + suffix
        unlink(older)
        rename(damagedPath(number) + suffix, older)
      }
    }
    guard rename(path, damagedPath(1)) == 0 else {
      throw Self.denied("setting aside \(path)", errno)
    }
    if access(logPath, F_OK) == 0 { rename(logPath, damagedPath(1) + "-wal") }
    try syncDirectory()
    return damagedPath(1)
  }

  /// Makes names durable (fsync of the directory).
  func syncDirectory() throws(StoreFault) {
    let cut = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let directory = cut.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.denied("opening \(directory)", errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else {
      throw .inputOutput("syncing \(directory): \(Self.words(errno))")
    }
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
