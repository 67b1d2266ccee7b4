// Small files as wholes: read with a bound, replaced atomically, listed, checked.
//
// Invariants
// - `replace` leaves either the old or the new content, whatever happens, and the new one is
//   durable when it returns: temporary file, fsync, rename, fsync of the directory.
// - `create` never overwrites: a key that exists stays.
// - Nothing is read beyond the caller's limit.

import Glibc
public import Primitives

/// What kind of thing a path names, and who may use it.
public struct FileStatus: Equatable, Sendable {
  public enum Kind: Sendable { case file, directory, socket, other }
  public var kind: Kind
  /// The permission bits, 0…0o7777.
  public var mode: UInt32
  public var owner: UInt32
  public var size: Int64
  /// When the content was last written, and when anything of it was: nanoseconds of the wall clock.
  public var modified: Int64
  public var changed: Int64
  /// The number of the file in its file system.
  public var serial: UInt64

  /// When its content was last written, by the clock of that time.
  public var modifiedAt: WallTime { WallTime(milliseconds: modified / 1_000_000) }

  /// Whether anybody but the owner may read or write it: too open for a key.
  public var isOpenToOthers: Bool { mode & 0o077 != 0 }
}

/// Operations on files by path.
public enum Files {
  /// Reads a whole file; more than `limit` bytes is a fault.
  public static func read(
    _ path: String, limit: Int = LinuxLimits.smallFileBytes
  ) throws(LinuxFault) -> [UInt8] {
    let file = try open(path, O_RDONLY)
    var bytes: [UInt8] = []
    while true {
      switch try readChunk(file, path) {
      case .bytes(let more):
        bytes.append(contentsOf: more)
        guard bytes.count <= limit else {
          throw LinuxFault("reading \(path)", reason: "the file is larger than \(limit) bytes")
        }
      case .end, .notNow: return bytes
      }
    }
  }

  /// Puts new content in the place of a file, all or nothing, durably.
  public static func replace(
    _ path: String, with bytes: [UInt8], mode: UInt32 = 0o644
  ) throws(LinuxFault) {
    try write(bytes, beside: path, mode: mode) { temporary, target in rename(temporary, target) }
  }

  /// Makes a new file durably; one that exists already is a fault and stays as it is.
  public static func create(
    _ path: String, with bytes: [UInt8], mode: UInt32 = 0o644
  ) throws(LinuxFault) {
    try write(bytes, beside: path, mode: mode) { temporary, target in
      let result = link(temporary, target)
      if result == 0 { unlink(temporary) }
      return result
    }
  }

  /// What a path names; nil when there is nothing. Does not follow a last symbolic link.
  public static func status(_ path: String) throws(LinuxFault) -> FileStatus? {
    var record = stat()
    do {
      try attempt("looking at \(path)") { lstat(path, &record) }
    } catch {
      if error.code == ENOENT || error.code == ENOTDIR { return nil }
      throw error
    }
    let kind: FileStatus.Kind =
      switch record.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFSOCK: .socket
      default: .other
      }
    return FileStatus(
      kind: kind, mode: UInt32(record.st_mode) & 0o7777, owner: record.st_uid,
      size: Int64(record.st_size), modified: nanoseconds(record.st_mtim),
      changed: nanoseconds(record.st_ctim), serial: UInt64(record.st_ino))
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    let (seconds, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : seconds &+ Int64(time.tv_nsec)
  }

  /// The names in a directory, sorted, without "." and ".."; more than the limit is a fault.
  public static func list(_ directory: String) throws(LinuxFault) -> [String] {
    guard let handle = opendir(directory) else {
      throw LinuxFault("listing \(directory)", code: errno)
    }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      names.append(name)
      guard names.count <= LinuxLimits.directoryEntries else {
        throw LinuxFault("listing \(directory)", reason: "there are too many files in it")
      }
    }
    return names.sorted()
  }

  /// Makes a directory; one that exists already is fine.
  public static func makeDirectory(_ path: String, mode: UInt32 = 0o750) throws(LinuxFault) {
    do {
      try attempt("making directory \(path)") { mkdir(path, mode) }
    } catch {
      guard error.code == EEXIST, try status(path)?.kind == .directory else { throw error }
    }
  }

  /// Removes a file; one that is not there is fine.
  public static func remove(_ path: String) throws(LinuxFault) {
    do {
      try attempt("removing \(path)") { unlink(path) }
    } catch {
      if !error.isMissing { throw error }
    }
  }

  /// Removes an empty directory; one that is not there is fine.
  public static func removeDirectory(_ path: String) throws(LinuxFault) {
    do {
      try attempt("removing directory \(path)") { rmdir(path) }
    } catch {
      if !error.isMissing { throw error }
    }
  }

  /// Makes the names in a directory durable. Wraps fsync(2).
  public static func syncDirectory(of path: String) throws(LinuxFault) {
    let directory = directoryName(path)
    let handle = try open(directory, O_RDONLY | O_DIRECTORY)
    try attempt("syncing directory \(directory)") { fsync(handle.number) }
  }

  /// The part before the last slash, "." without one.
  public static func directoryName(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  static func open(
    _ path: String, _ flags: Int32, mode: UInt32 = 0
  ) throws(LinuxFault) -> Descriptor {
    let number = try attempt("opening \(path)") {
      Glibc.open(path, flags | O_CLOEXEC | O_NOCTTY, mode_t(mode))
    }
    return Descriptor(owning: number)
  }

  static func readChunk(
    _ file: borrowing Descriptor, _ path: String
  ) throws(LinuxFault) -> ReadResult {
    do {
      return try file.read()
    } catch {
      throw LinuxFault("reading \(path)", code: error.code)
    }
  }

  private static func write(
    _ bytes: [UInt8], beside path: String, mode: UInt32,
    _ settle: (_ temporary: String, _ target: String) -> Int32
  ) throws(LinuxFault) {
    var random = SystemRandom()
    let temporary = path + "." + String(random.next(), radix: 16) + ".new"
    do {
      let file = try open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: mode & 0o700)
      try attempt("setting the mode of \(path)") { fchmod(file.number, mode_t(mode)) }
      try file.writeAll(bytes, "writing \(path)")
      try attempt("syncing \(path)") { fsync(file.number) }
      try attempt("putting \(path) in place") { settle(temporary, path) }
    } catch {
      unlink(temporary)
      throw error
    }
    try syncDirectory(of: path)
  }
}
