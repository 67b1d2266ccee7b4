// Whose rights count, and who holds a file: what root has to know who looks for somebody else.

import Glibc
import LinuxEdge

/// The user that the gateway runs as.
struct DoctorIdentity: Equatable, Sendable {
  /// The user of the service, as the package makes it.
  static let serviceUser = "takt"

  var name: String
  var user: UInt32
  var groups: Set<UInt32>
  /// Root passes every check of rights.
  var isRoot: Bool { user == 0 }

  /// A user by name; else the service's where root asks; else who asks.
  init(user wanted: String?) {
    if let wanted, let known = Self.known(wanted) {
      self = known
    } else if geteuid() == 0, let service = Self.known(Self.serviceUser) {
      self = service
    } else {
      var ids = [gid_t](repeating: 0, count: 256)
      let count = getgroups(Int32(ids.count), &ids)
      self.init(
        name: geteuid() == 0 ? "root" : "this user", user: geteuid(),
        groups: Set(ids.prefix(Int(max(0, count)))).union([getegid()]))
    }
  }

  init(name: String, user: UInt32, groups: Set<UInt32>) {
    (self.name, self.user, self.groups) = (name, user, groups)
  }

  private static func known(_ name: String) -> DoctorIdentity? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16_384)
    guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
      return nil
    }
    var ids = [gid_t](repeating: 0, count: 256)
    var count = Int32(ids.count)
    guard getgrouplist(name, entry.pw_gid, &ids, &count) >= 0 else { return nil }
    return DoctorIdentity(
      name: name, user: entry.pw_uid, groups: Set(ids.prefix(Int(count))))
  }

  /// What may be done with a file of this owner, group and mode: 4 read, 2 write, 1 search.
  func may(_ wanted: UInt32, owner: UInt32, group: UInt32, mode: UInt32) -> Bool {
    if isRoot { return true }
    let shift: UInt32 = owner == user ? 6 : groups.contains(group) ? 3 : 0
    return mode >> shift & wanted == wanted
  }

  /// Whether a path can be used so; nil when there is nothing.
  func may(_ wanted: UInt32, _ path: String) -> Bool? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return may(wanted, owner: status.st_uid, group: status.st_gid, mode: status.st_mode)
  }
}

/// Processes that have a file open.
enum DoctorHolders {
  /// Most processes that are named.
  private static let named = 3

  /// "process 812 (socat)" for each but this one; empty when none is to be seen.
  static func of(_ path: String) -> [String] {
    guard let resolved = realpath(path, nil) else { return [] }
    defer { free(resolved) }
    let target = String(cString: resolved)
    let processes = ((try? Files.list("/proc")) ?? []).compactMap(Int32.init)
    return Array(
      processes.lazy.filter { $0 != getpid() && holds($0, target) }.map(describe).prefix(named))
  }

  /// Whoever made a pseudo terminal has it open and is no second master: he is the line.
  private static func holds(_ process: Int32, _ target: String) -> Bool {
    let directory = "/proc/\(process)/fd"
    let open = ((try? Files.list(directory)) ?? []).compactMap { number -> String? in
      var buffer = [CChar](repeating: 0, count: 4096)
      let count = readlink(directory + "/" + number, &buffer, buffer.count - 1)
      guard count > 0 else { return nil }
      return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    return open.contains(target) && !open.contains { $0.hasSuffix("/ptmx") }
  }

  private static func describe(_ process: Int32) -> String {
    // Not "comm": that is the name of its first thread.
    let bytes = (try? Files.read("/proc/\(process)/cmdline", limit: 64 << 10)) ?? []
    let path = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    let name = path.split(separator: "/").last.map { ReceiveLine.plain(String($0)) } ?? ""
    return "process \(process)" + (name.isEmpty ? "" : " (\(name))")
  }
}
