// What `takt doctor` looks at on the disk: the key, the state directory, room, the journal's file.

import Glibc
import LinuxEdge
import OpenSSLEdge
import Primitives
import Settings

enum DoctorFiles {
  /// Below this the disk counts as full: the journal's ballast and one transaction.
  static let leastFree: Int64 = 16 << 20
  /// The first bytes of every SQLite file, and what of its head is read.
  private static let magic = Array("SQLite format 3\u{0}".utf8)
  private static let headBytes = 100

  // MARK: the key

  static func key(_ plan: SitePlan, _ identity: DoctorIdentity) -> [DoctorFinding] {
    let path = plan.gateway.keyFile
    do throws(KeyFault) {
      let notary = try ES256Notary(keyFile: path)
      guard identity.may(4, path) == true else {
        return [.fail("key", "\(path) cannot be read by \(identity.name)", own(path, identity))]
      }
      return [.ok("key", "\(path) signs as \(notary.keyID)")]
    } catch {
      let isMissing = (try? Files.status(path)) == .some(nil)
      let hint = isMissing ? "make one with \"takt keygen --key \(path)\"" : nil
      return [.fail("key", error.description, hint)]
    }
  }

  private static func own(_ path: String, _ identity: DoctorIdentity) -> String {
    "\"chown \(identity.name) \(path)\""
  }

  // MARK: the state directory

  static func state(_ plan: SitePlan, _ identity: DoctorIdentity) -> [DoctorFinding] {
    let path = plan.gateway.stateDirectory
    let place = "state directory"
    guard let status = (try? Files.status(path)) ?? nil else {
      let parent = Files.directoryName(path)
      guard identity.may(3, parent) == true else {
        return [
          .fail(
            place, "\(path) is not there, and \(identity.name) may not make it in \(parent)",
            "\"install -d -o \(identity.name) \(path)\"")
        ]
      }
      return [.ok(place, "\(path) is not there yet; the first start makes it")]
    }
    guard status.kind == .directory || directory(path) else {
      return [.fail(place, "\(path) is no directory", "move it away, or correct stateDirectory")]
    }
    guard identity.may(7, path) == true else {
      return [.fail(place, "\(identity.name) may not write in \(path)", own(path, identity))]
    }
    guard access(path, W_OK) == 0 || errno != EROFS else {
      return [
        .fail(
          place, "\(path) is on a file system that is mounted read-only",
          "look into the kernel log: a disk with errors is mounted so")
      ]
    }
    return [.ok(place, "\(path) can be written by \(identity.name)")]
  }

  private static func directory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  // MARK: room

  /// What there is of a file system.
  struct Room: Equatable {
    var free: Int64
    var total: Int64
    var freeFiles: Int64
    var files: Int64
  }

  static func disk(_ plan: SitePlan) -> [DoctorFinding] {
    var path = plan.gateway.stateDirectory
    while !directory(path), path != "/", path != "." { path = Files.directoryName(path) }
    var status = statvfs()
    guard statvfs(path, &status) == 0 else {
      return [.fail("disk", "the room on the disk of \(path) cannot be asked for")]
    }
    let block = Int64(clamping: status.f_frsize)
    func bytes(_ blocks: fsblkcnt_t) -> Int64 {
      Int64(clamping: blocks).multipliedReportingOverflow(by: block).partialValue
    }
    let room = Room(
      free: bytes(status.f_bavail), total: bytes(status.f_blocks),
      freeFiles: Int64(clamping: status.f_favail), files: Int64(clamping: status.f_files))
    return disk(room, path, journal: journalBytes(plan), quota: plan.limits.journalBytes)
  }

  static func disk(
    _ room: Room, _ path: String, journal: Int64, quota: Int64
  ) -> [DoctorFinding] {
    let free = "\(Human.bytes(room.free)) of \(Human.bytes(room.total)) are free for \(path)"
    if room.free < leastFree {
      return [
        .fail("disk", "it is full: \(free)", "free space; \"du -x -h -d 2 / | sort -h\" finds it")
      ]
    }
    if room.files > 0, room.freeFiles == 0 {
      return [.fail("disk", "no file can be made any more (inodes) for \(path)", "remove files")]
    }
    let wanted = max(0, quota - journal)
    if room.free < wanted {
      return [
        .warn(
          "disk", "\(free), and the journal may grow by \(Human.bytes(wanted)) more",
          "free space, or lower the journal's limit in the configuration")
      ]
    }
    return [.ok("disk", "\(free); the journal may grow by \(Human.bytes(wanted)) more")]
  }

  private static func journalBytes(_ plan: SitePlan) -> Int64 {
    ["", "-wal"].reduce(0) { sum, end in
      sum
        + (((try? Files.status(plan.gateway.stateDirectory + "/journal.db" + end)) ?? nil)?
          .size ?? 0)
    }
  }

  // MARK: the journal

  static func journal(_ plan: SitePlan, _ daemon: DoctorDaemon) -> [DoctorFinding] {
    let place = "journal"
    if let journal = daemon.status?["journal"] {
      if let fault = journal["fault"]?.string { return [.fail(place, fault)] }
      let held = Human.count(journal["held"]?.integer ?? 0)
      return [
        .ok(
          place,
          "the gateway writes it: \(held) events held, sequence "
            + Human.count(journal["sequence"]?.integer ?? 0))
      ] + daemon.timeToFull
    }
    let path = plan.gateway.stateDirectory + "/journal.db"
    guard let status = (try? Files.status(path)) ?? nil else {
      return [.ok(place, "there is none yet; the first start makes it")]
    }
    let holders = DoctorHolders.of(path)
    guard holders.isEmpty else {
      return [
        .fail(
          place,
          "\(holders.joined(separator: ", ")) holds \(path), but no gateway answers at "
            + daemon.socket,
          "it runs with another configuration or hangs; stop it, or name its socket with --socket")
      ]
    }
    guard status.size > 0 else {
      return [.warn(place, "\(path) is empty; the next start fills it")]
    }
    return head(path, size: status.size)
  }

  /// Whether head and length belong to a journal; what stands in it is proved by "takt verify".
  private static func head(_ path: String, size: Int64) -> [DoctorFinding] {
    let keep = "keep the file: the next start makes a new journal and takes over what verifies"
    let bytes: [UInt8]
    do throws(LinuxFault) {
      bytes = try firstBytes(path)
    } catch {
      return [.fail("journal", error.description)]
    }
    guard bytes.count == headBytes, bytes.starts(with: magic) else {
      return [.fail("journal", "\(path) does not begin as a journal does", keep)]
    }
    let word = Int64(bytes[16]) << 8 | Int64(bytes[17])
    let page = word == 1 ? 65_536 : word
    guard page >= 512, size % page == 0 else {
      return [.fail("journal", "\(path) is cut off: \(size) bytes are not whole pages", keep)]
    }
    return [.ok("journal", "\(path) has head and length of a journal, \(Human.bytes(size))")]
  }

  private static func firstBytes(_ path: String) throws(LinuxFault) -> [UInt8] {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw LinuxFault("opening \(path)", code: errno) }
    let file = Descriptor(owning: number)
    guard case .bytes(let bytes) = try file.read(limit: headBytes) else { return [] }
    return bytes
  }
}
