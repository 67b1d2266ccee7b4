// Small files of this room: keys, certificates, key sets. Whole, bounded, and private ones at 0600.

import Glibc

/// Why a key, a certificate or a set of them could not be used, as a sentence.
public struct KeyFault: Error, Equatable, Sendable, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}

enum FileBytes {
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Reads a file of at most 1 MiB; a private one must be closed to group and others.
  static func read(_ path: String, what: String, isPrivate: Bool) throws(KeyFault) -> [UInt8] {
    guard let file = Credential.file(path) else {
      let name = path.dropFirst(Credential.prefix.count)
      throw KeyFault(
        "reading \(what) \(path): systemd hands over no credentials here; put "
          + "\"LoadCredentialEncrypted=\(name):/etc/credstore.encrypted/\(name)\" into a drop-in "
          + "of the service, or name a file")
    }
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw KeyFault("reading \(what) \(path): \(systemText(errno))") }
    defer { Glibc.close(descriptor) }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
      throw KeyFault("reading \(what) \(path): not a regular file")
    }
    // systemd gives us a credential by an access list, whose mask stands where the group's does.
    let foreign: mode_t = Credential.isMeant(by: path) ? 0o037 : 0o077
    if isPrivate, facts.st_mode & foreign != 0 {
      let mode = String(facts.st_mode & 0o777, radix: 8)
      throw KeyFault(
        "reading \(what) \(path): its mode is 0\(mode), so others can read or change it; "
          + "run \"chmod 600 \(path)\" and consider the key known")
    }
    guard facts.st_size <= EdgeLimits.fileBytes else {
      throw KeyFault("reading \(what) \(path): larger than 1 MiB, so it is no such file")
    }
    var bytes = [UInt8](repeating: 0, count: Int(facts.st_size))
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(descriptor, buffer.baseAddress! + filled, buffer.count - filled)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      filled += count
    }
    return Array(bytes.prefix(filled))
  }

  /// Gives a file the owner that another one has; does nothing when it has it, or we may not.
  static func own(_ path: String, like model: String) throws(KeyFault) {
    var (mine, wanted) = (stat(), stat())
    guard stat(path, &mine) == 0, stat(model, &wanted) == 0 else { return }
    guard mine.st_uid != wanted.st_uid || mine.st_gid != wanted.st_gid else { return }
    guard geteuid() != 0 || chown(path, wanted.st_uid, wanted.st_gid) == 0 else {
      throw KeyFault("giving \(path) the owner of \(model): \(systemText(errno))")
    }
  }

  /// Puts a file into the place of another one, at once and for good.
  static func move(_ path: String, to target: String) throws(KeyFault) {
    guard rename(path, target) == 0 else {
      throw KeyFault("moving \(path) to \(target): \(systemText(errno))")
    }
    let slash = target.lastIndex(of: "/")
    let directory = open(slash.map { String(target[...$0]) } ?? ".", O_RDONLY | O_CLOEXEC)
    guard directory >= 0 else { return }
    defer { Glibc.close(directory) }
    guard fsync(directory) == 0 || errno == EINVAL else {
      throw KeyFault("syncing the directory of \(target): \(systemText(errno))")
    }
  }

  /// Writes a file whole or not at all: a new file beside it, synced, then renamed.
  static func write(
    _ bytes: [UInt8], to path: String, mode: mode_t, replace: Bool
  ) throws(KeyFault) {
    if !replace, exists(path) {
      throw KeyFault("writing \(path): it exists already; --force replaces it")
    }
    let fresh = path + ".new"
    unlink(fresh)
    let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw KeyFault("writing \(path): \(systemText(errno))") }
    defer { Glibc.close(descriptor) }
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.write(descriptor, buffer.baseAddress! + done, buffer.count - done)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw KeyFault("writing \(path): \(systemText(errno))") }
      done += count
    }
    // Whoever had it keeps it, also when root renews it.
    var before = stat()
    if geteuid() == 0, stat(path, &before) == 0,
      fchown(descriptor, before.st_uid, before.st_gid) != 0
    {
      let why = systemText(errno)
      unlink(fresh)
      throw KeyFault("writing \(path): \(why)")
    }
    guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0, rename(fresh, path) == 0 else {
      let why = systemText(errno)
      unlink(fresh)
      throw KeyFault("writing \(path): \(why)")
    }
  }
}
