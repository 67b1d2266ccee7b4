// The directory into which hosts drop orders: `<stateDirectory>/orders`.
//
//   dropped ──stands still──▶ read ──its orders asked for──▶ answered, durably ──▶ done/
//                              └──── a mistake, or something refused ────────────▶ refused/ + .txt
//
// Invariants
// - One file at a time, in the order of their names. One that is still being written holds up those
//   behind it for `OrderDropLimits.patience` at most.
// - The orders of a file are carried out all or none: one that is refused, for a mistake in the
//   file or by the orders that run, is mended and dropped again as a whole.
// - A file stays where it is until every effect of it is durable. After a crash in between it is
//   read again, and each of its orders bears the same request id: nothing is done twice.
// - The id is made from name and bytes: the same file under the same name is carried out once.
// - Hidden files and all that do not end in .json or .csv are left alone.
// - What is kept is bounded; why a file was refused stands beside it, in the log and in the status.
//
// Why looking every 2 s and not inotify(7): it is the same on every file system, also on one that
// a host has mounted from elsewhere, and costs two system calls while nothing is there.

import Gateway
import LinuxEdge
import Machines
import OpenSSLEdge
import Primitives
import Settings

enum OrderDropLimits {
  /// Between two looks; a file is taken when it is the same in two of them.
  static let interval = Duration.seconds(2)
  /// How long a file may go on changing, or be empty, before those behind it are taken.
  static let patience = Duration.seconds(60)
  /// Files kept in `done`, and in `refused` beside their explanations: 25 MiB each at most.
  static let kept = 100
  /// Bytes of a name, so that ".txt" still fits behind it.
  static let nameBytes = 200
  /// Between two tries when the disk or the recorder does not take something.
  static let retry = Duration.seconds(10)
  /// Who may drop files: the user and the group of the service.
  static let mode: UInt32 = 0o770
}

/// What the status tells about dropped orders.
struct OrderDropStatus: Equatable {
  struct Last: Equatable {
    var name: String
    var at: WallTime
    var why: String?
  }

  var directory: String
  var waiting = 0
  var taken: Last?
  var refused: Last?
  var fault: String?
}

/// The main thread's side of dropped orders.
struct OrderDrop {
  /// What a file looked like, to see whether it still changes.
  private struct Sight: Equatable {
    /// An empty plain file: somebody has only begun to write it.
    var isEmpty: Bool
    var size: Int64
    var modified: Int64
    var serial: UInt64
    /// Since when it is there.
    var since: Instant

    func isSame(as other: Sight) -> Bool {
      (size, modified, serial) == (other.size, other.modified, other.serial)
    }
  }

  /// A file whose orders are being asked for.
  private struct Job {
    var name: String
    var orders: [OrderFile]
    /// Under which ticket the first of `orders` is asked for; nil when it is not yet.
    var ticket: UInt64?
    var sentences: [String] = []
    var refusals: [String] = []
  }

  private enum Work {
    case looking
    case asking(Job)
    /// Everything is done but putting the file aside.
    case moving(Job, retryAt: Instant)
  }

  private let daemon: Daemon
  private let directory: String
  private var work = Work.looking
  private var seen: [String: Sight] = [:]
  private var nextLook: Instant
  private var faults = Remembered<String?>(nil)
  private(set) var status: OrderDropStatus

  init(_ daemon: Daemon) {
    self.daemon = daemon
    directory = daemon.plan.gateway.stateDirectory + "/orders"
    nextLook = daemon.clock.now()
    status = OrderDropStatus(directory: directory)
  }

  /// When `turn` has something to do; while an order is asked for, its answer rings the bell.
  var deadline: Instant {
    switch work {
    case .looking: nextLook
    case .asking: daemon.clock.now() + OrderDropLimits.interval
    case .moving(_, let retryAt): retryAt
    }
  }

  /// Goes as far as it can without waiting for anybody but the disk.
  mutating func turn() {
    switch work {
    case .looking:
      guard daemon.clock.now() >= nextLook else { return }
      nextLook = daemon.clock.now() + OrderDropLimits.interval
      look()
    case .asking(let job): go(on: job)
    case .moving(let job, let retryAt):
      if daemon.clock.now() >= retryAt { putAside(job) }
    }
    daemon.dropBoard.post(status)
  }

  // MARK: Looking

  private mutating func look() {
    do throws(LinuxFault) {
      try makeDirectories()
      let names = try Files.list(directory).filter(isOrder)
      try notice(names)
      status.waiting = names.count
      tell(fault: nil)
      if let name = ready(names) { take(name) }
    } catch {
      tell(fault: "looking for dropped orders: \(error.description)")
    }
  }

  private func makeDirectories() throws(LinuxFault) {
    for name in ["", "/done", "/refused"] {
      try Files.makeOpenDirectory(directory + name, mode: OrderDropLimits.mode)
    }
  }

  private func isOrder(_ name: String) -> Bool {
    !name.hasPrefix(".") && OrderSheetFormat(name: name) != nil
  }

  /// Compares with the last look; what has changed begins anew, but keeps since when it is there.
  private mutating func notice(_ names: [String]) throws(LinuxFault) {
    let now = daemon.clock.now()
    var sights: [String: Sight] = [:]
    for name in names {
      guard let status = try Files.status(directory + "/" + name) else { continue }
      sights[name] = Sight(
        isEmpty: status.kind == .file && status.size == 0, size: status.size,
        modified: status.modified, serial: status.serial,
        since: seen[name]?.since ?? now)
    }
    let before = seen
    seen = sights
    settled = Set(
      sights.compactMap { name, sight in
        guard let last = before[name], sight.isSame(as: last) else { return nil }
        return !sight.isEmpty || now - sight.since >= OrderDropLimits.patience ? name : nil
      })
  }
  private var settled: Set<String> = []

  /// The first file that may be taken.
  private func ready(_ names: [String]) -> String? {
    let now = daemon.clock.now()
    for name in names {
      if settled.contains(name) { return name }
      guard let sight = seen[name] else { continue }
      if now - sight.since < OrderDropLimits.patience { return nil }
    }
    return nil
  }

  // MARK: Asking

  private mutating func take(_ name: String) {
    var job = Job(name: name, orders: [])
    do {
      guard name.utf8.count <= OrderDropLimits.nameBytes, name.utf8.allSatisfy({ $0 >= 32 }) else {
        throw LinuxFault(
          "reading a dropped file",
          reason: "its name has more than \(OrderDropLimits.nameBytes) bytes or strange characters")
      }
      let bytes = try Files.readPlain(
        directory + "/" + name, limit: OrderSheetLimits.fileBytes)
      let orders = try OrderSheet.read(bytes, OrderSheetFormat(name: name) ?? .json)
      let digest = SHA256.digest(Array(name.utf8) + [0] + bytes)
      let mark = "file-" + Hex.encode(Array(digest.prefix(12)))
      job.orders =
        orders.enumerated().map { index, order in
          var order = order
          order.requestID = order.requestID ?? "\(mark)-\(index + 1)"
          return order
        }
    } catch let fault as LinuxFault where fault.isMissing {
      return  // Taken back by whoever dropped it.
    } catch {
      job.refusals = ["\(error)"]
    }
    go(on: job)
  }

  /// Asks for all orders of a file at once.
  private mutating func go(on job: Job) {
    guard !job.orders.isEmpty else { return putAside(job) }
    var job = job
    guard let ticket = job.ticket else {
      job.ticket = daemon.shop.post(.orders(job.orders))
      work = .asking(job)
      return
    }
    switch daemon.shop.progress(of: ticket) {
    case .waiting: work = .asking(job)
    case .unknown:
      job.ticket = nil
      work = .asking(job)
    case .done(let answer):
      let parts = (answer.document?["orders"]?.array ?? []).enumerated().map { index, part in
        let place = job.orders.count > 1 ? "order \(index + 1): " : ""
        return (part["done"]?.bool ?? false, place + (part["sentence"]?.string ?? ""))
      }
      job.sentences = parts.filter(\.0).map(\.1)
      job.refusals = parts.filter { !$0.0 }.map(\.1)
      if !answer.isDone, job.refusals.isEmpty { job.refusals = [answer.sentence] }
      putAside(job)
    }
  }

  // MARK: Putting aside

  private mutating func putAside(_ job: Job) {
    let isRefused = !job.refusals.isEmpty
    let place = directory + (isRefused ? "/refused" : "/done")
    do throws(LinuxFault) {
      if isRefused {
        try Files.replace(place + "/" + job.name + ".txt", with: explanation(job), mode: 0o640)
      }
      // Gone already, by whoever dropped it: what it said is done all the same.
      if try Files.status(directory + "/" + job.name) != nil {
        try Files.move(directory + "/" + job.name, to: place + "/" + job.name)
      }
      try forget(in: place)
    } catch {
      tell(fault: "putting away the dropped orders \(job.name): \(error.description)")
      work = .moving(job, retryAt: daemon.clock.now() + OrderDropLimits.retry)
      return
    }
    report(job, place)
    seen[job.name] = nil
    work = .looking
    nextLook = daemon.clock.now()
  }

  private mutating func report(_ job: Job, _ place: String) {
    let at = daemon.clock.reading().wall
    if let why = job.refusals.first {
      let more = job.refusals.count > 1 ? " (and \(job.refusals.count - 1) more)" : ""
      status.refused = OrderDropStatus.Last(name: job.name, at: at, why: why + more)
      daemon.log.line(
        .warning, .ordersRefused,
        "orders: \(job.name) refused: \(why)\(more); \(place)/\(job.name).txt says all")
    } else {
      status.taken = OrderDropStatus.Last(name: job.name, at: at)
      daemon.log.line(
        .notice, .ordersTaken,
        "orders: \(job.name) carried out: \(job.sentences.joined(separator: "; "))")
    }
  }

  /// What happened to each order of a refused file.
  private func explanation(_ job: Job) -> [UInt8] {
    var lines = ["\(job.name) was refused at \(daemon.clock.reading().wall.text)", ""]
    lines += job.refusals
    if job.orders.count > 1 {
      lines += ["", "Nothing of it was carried out; mend it and drop the whole file again."]
    }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  /// Keeps the newest files of a directory, each refused one with its explanation.
  private func forget(in place: String) throws(LinuxFault) {
    let names = try Files.list(place)
    let files = names.filter { !($0.hasSuffix(".txt") && names.contains(String($0.dropLast(4)))) }
    guard files.count > OrderDropLimits.kept else { return }
    var dated: [(name: String, changed: Int64)] = []
    for name in files {
      guard let status = try Files.status(place + "/" + name), status.kind != .directory else {
        continue
      }
      dated.append((name, status.changed))
    }
    dated.sort { ($0.changed, $0.name) < ($1.changed, $1.name) }
    for file in dated.dropLast(OrderDropLimits.kept) {
      try Files.remove(place + "/" + file.name)
      try Files.remove(place + "/" + file.name + ".txt")
    }
  }

  private mutating func tell(fault: String?) {
    status.fault = fault
    guard faults.becomes(fault) else { return }
    daemon.log.line(
      fault == nil ? .notice : .warning, fault == nil ? .orderDropWorks : .orderDropFaulty,
      fault ?? "the directory of dropped orders works again")
  }
}
