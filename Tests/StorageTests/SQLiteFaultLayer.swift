// A file layer for SQLite that passes everything through and fails when it is told to.
//
// The unix layer has different method tables for the database and for its log; each table that
// comes along is copied once and patched. One suite uses this layer, one test at a time.

import CSQLite
import Foundation

/// What fails, and from which write, sync or truncation on.
struct FaultPlan {
  /// Counts down with each operation; the one that reaches 0 fails. nil for never.
  var countdown: Int?
  /// How many operations fail from then on.
  var length = 1
  /// The code that SQLite gets to see.
  var code: Int32 = SQLITE_IOERR | (4 << 8)
  /// Only writes fail, as on a full file system.
  var isOnlyWrites = false
  /// Operations seen since the plan was set.
  var seen = 0
  var failed = 0

  mutating func fails(isWrite: Bool) -> Int32? {
    seen += 1
    guard isWrite || !isOnlyWrites, let left = countdown else { return nil }
    countdown = left - 1
    guard left <= 1, left > 1 - length else { return nil }
    failed += 1
    return code
  }
}

enum FaultLayer {
  static let name = "takt-fault"
  nonisolated(unsafe) static var plan = FaultPlan()
  nonisolated(unsafe) fileprivate static var tables:
    [(original: UnsafePointer<sqlite3_io_methods>, patched: UnsafePointer<sqlite3_io_methods>)] = []
  nonisolated(unsafe) fileprivate static var original: UnsafeMutablePointer<sqlite3_vfs>?

  /// Makes the layer known to SQLite (sqlite3_vfs_register).
  static func register() {
    guard original == nil, let found = sqlite3_vfs_find(nil) else { return }
    original = found
    let layer = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
    layer.initialize(to: found.pointee)
    layer.pointee.zName = UnsafePointer(strdup(name))
    layer.pointee.pNext = nil
    layer.pointee.xOpen = faultyOpen
    sqlite3_vfs_register(layer, 0)
  }

  fileprivate static func patched(
    _ methods: UnsafePointer<sqlite3_io_methods>
  ) -> UnsafePointer<sqlite3_io_methods> {
    if let known = tables.first(where: { $0.original == methods }) { return known.patched }
    let copy = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    copy.initialize(to: methods.pointee)
    copy.pointee.xWrite = faultyWrite
    copy.pointee.xSync = faultySync
    copy.pointee.xTruncate = faultyTruncate
    tables.append((methods, UnsafePointer(copy)))
    return UnsafePointer(copy)
  }

  fileprivate static func original(
    of file: UnsafeMutablePointer<sqlite3_file>?
  ) -> sqlite3_io_methods? {
    tables.first { $0.patched == file?.pointee.pMethods }?.original.pointee
  }
}

private nonisolated func faultyOpen(
  _: UnsafeMutablePointer<sqlite3_vfs>?, _ name: sqlite3_filename?,
  _ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32,
  _ result: UnsafeMutablePointer<Int32>?
) -> Int32 {
  let layer = FaultLayer.original
  let code = layer?.pointee.xOpen(layer, name, file, flags, result) ?? SQLITE_INTERNAL
  if code == SQLITE_OK, let methods = file?.pointee.pMethods {
    file?.pointee.pMethods = FaultLayer.patched(methods)
  }
  return code
}

private nonisolated func faultyWrite(
  _ file: UnsafeMutablePointer<sqlite3_file>?, _ bytes: UnsafeRawPointer?, _ count: Int32,
  _ offset: Int64
) -> Int32 {
  if let code = FaultLayer.plan.fails(isWrite: true) { return code }
  return FaultLayer.original(of: file)?.xWrite(file, bytes, count, offset) ?? SQLITE_INTERNAL
}

private nonisolated func faultySync(
  _ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32
) -> Int32 {
  if let code = FaultLayer.plan.fails(isWrite: false) { return code }
  return FaultLayer.original(of: file)?.xSync(file, flags) ?? SQLITE_INTERNAL
}

private nonisolated func faultyTruncate(
  _ file: UnsafeMutablePointer<sqlite3_file>?, _ size: Int64
) -> Int32 {
  if let code = FaultLayer.plan.fails(isWrite: false) { return code }
  return FaultLayer.original(of: file)?.xTruncate(file, size) ?? SQLITE_INTERNAL
}
