// A file that only grows, by whole records, each durable before its append returns.
//
// Invariants
// - One process writes: the file is locked while it is open.
// - A record is in the file as a whole or not at all: a failed append cuts the file back to where
//   it was, and the next append writes the pages again. (After a failed fdatasync the kernel may
//   have dropped them, so a later sync that succeeds would prove nothing about them.)
// - A file that could not be cut back takes no more records.

import Glibc

/// An append-only file. Wraps write(2) and fdatasync(2).
public struct DurableAppender: ~Copyable {
  private let file: Descriptor
  private let path: String
  /// Bytes that are known to be durable.
  public private(set) var length: Int64
  private var broken = false

  /// Opens or makes the file and locks it; another writer is a fault with `isInUse`.
  public init(_ path: String, mode: UInt32 = 0o640) throws(LinuxFault) {
    let file = try Files.open(path, O_RDWR | O_CREAT, mode: mode)
    do {
      try attempt("locking \(path)") { flock(file.number, LOCK_EX | LOCK_NB) }
    } catch {
      guard error.isInUse else { throw error }
      var fault = LinuxFault("locking \(path)", reason: "another process writes to it")
      fault.code = error.code
      throw fault
    }
    let end = try attempt("measuring \(path)") { lseek(file.number, 0, SEEK_END) }
    try Files.syncDirectory(of: path)
    self.length = Int64(end)
    self.file = file
    self.path = path
  }

  /// Cuts the file to a length, to remove a record that was torn by a crash.
  public mutating func truncate(to length: Int64) throws(LinuxFault) {
    let number = file.number
    try attempt("cutting \(path) to \(length) bytes") { ftruncate(number, off_t(length)) }
    try attempt("seeking in \(path)") { lseek(number, off_t(length), SEEK_SET) }
    try attempt("syncing \(path)") { fdatasync(number) }
    self.length = length
    broken = false
  }

  /// Appends bytes and waits until they are durable; on a fault nothing of them stays.
  public mutating func append(_ bytes: [UInt8]) throws(LinuxFault) {
    if broken { try truncate(to: length) }
    let number = file.number
    do {
      try file.writeAll(bytes, "appending to \(path)")
      try attempt("syncing \(path)") { fdatasync(number) }
      length += Int64(bytes.count)
    } catch {
      broken = true
      try? truncate(to: length)
      throw error
    }
  }
}
