// Files that other programs put into a directory of ours.
//
// Invariants
// - Nothing but a plain file is read: no link leads to a file that its writer may not read, and no
//   pipe or device keeps the reader waiting.
// - A file that was moved is durably in its new place, and gone from the old one.

import Glibc

extension Files {
  /// Reads a plain file whole; a link, a pipe or more than `limit` bytes is a fault.
  public static func readPlain(_ path: String, limit: Int) throws(LinuxFault) -> [UInt8] {
    let operation = "reading \(path)"
    guard let status = try status(path) else { throw LinuxFault(operation, code: ENOENT) }
    guard status.kind == .file else {
      throw LinuxFault(operation, reason: "it is no plain file; put the file itself there")
    }
    let file = try open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    var bytes: [UInt8] = []
    while true {
      switch try readChunk(file, path) {
      case .bytes(let more):
        bytes.append(contentsOf: more)
        guard bytes.count <= limit else {
          throw LinuxFault(operation, reason: "the file is larger than \(limit) bytes; split it")
        }
      case .end, .notNow: return bytes
      }
    }
  }

  /// Gives a file another name, taking the place of one that has it; durable when it returns.
  public static func move(_ path: String, to target: String) throws(LinuxFault) {
    try attempt("moving \(path) to \(target)") { rename(path, target) }
    try syncDirectory(of: target)
    try syncDirectory(of: path)
  }

  /// Makes a directory with exactly these rights, whatever the process masks; one that exists
  /// already keeps its own.
  public static func makeOpenDirectory(_ path: String, mode: UInt32) throws(LinuxFault) {
    if try status(path)?.kind == .directory { return }
    try makeDirectory(path, mode: mode)
    try attempt("setting the mode of \(path)") { chmod(path, mode) }
  }
}

/// The users of this machine.
public enum LocalUsers {
  /// The name of a user in /etc/passwd; nil for one who is not there.
  ///
  /// Not getpwuid(3): it may ask a directory server, and whoever waits for that does nothing else.
  public static func name(of user: UInt32) -> String? {
    guard let bytes = try? Files.read("/etc/passwd", limit: LinuxLimits.passwordFileBytes) else {
      return nil
    }
    let number = Array(String(user).utf8)
    for line in bytes.split(separator: 10) {
      let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      guard fields.count > 2, fields[2].elementsEqual(number), !fields[0].isEmpty else { continue }
      return String(decoding: fields[0], as: UTF8.self)
    }
    return nil
  }

  /// The user that this process runs as.
  public static var own: UInt32 { getuid() }
}
