// Keeps what the field threads learn about their units in `<stateDirectory>/learnt.json`.
//
// Invariants
// - A field thread posts and rings; only the main thread touches the file: no poll waits for it.
// - The file is replaced as a whole, and at most every `interval`: a device that changes its mind
//   all the time does not wear the flash out. What is lost by a kill is learnt again in seconds.
// - A file that cannot be read or written is one line in the log, and nothing else.

import Gateway
import LinuxEdge
import Polling
import Primitives
import Settings

/// What one field thread knows, and how often that has changed.
struct LearntNews: Sendable {
  var changes: UInt64
  var refusals: [LearntRefusal]
}

/// The main thread's side of what is learnt.
struct LearntKeeper {
  /// Between two writes: at worst three million in a year of a device that never makes up its mind,
  /// a few hundred bytes each.
  static let interval = Duration.seconds(10)

  private let daemon: Daemon
  /// What of each post is in the file.
  private var saved: [(post: FieldPost, changes: UInt64)] = []
  private var nextSave: Instant
  private var fault = Remembered<String?>(nil)

  init(_ daemon: Daemon) {
    self.daemon = daemon
    nextSave = daemon.clock.now()
  }

  /// Writes the file when something has changed and the last write is long enough ago.
  mutating func turn() {
    guard isBehind, daemon.clock.now() >= nextSave else { return }
    save()
  }

  /// Writes what is still unwritten, at the end: the threads that learn have ended.
  mutating func finish() {
    if isBehind { save() }
  }

  private mutating func save() {
    let fields = daemon.fields
    let news = fields.map(\.learntBoard.newest)
    var document = LearntDocument()
    for (index, field) in fields.enumerated() {
      let refusals = news[index]?.refusals ?? field.learnt
      if !refusals.isEmpty { document.buses[field.bus.name] = refusals }
    }
    let directory = daemon.plan.gateway.stateDirectory
    do throws(LinuxFault) {
      try Files.makeDirectory(directory)
      try Files.replace(
        Self.path(daemon.plan.gateway), with: document.bytes(at: daemon.clock.reading()))
      _ = fault.becomes(nil)
    } catch {
      if fault.becomes(error.description) {
        daemon.log.line(.warning, "keeping what was learnt about the units: \(error.description)")
      }
    }
    saved = zip(fields, news).map { field, told in (field, told?.changes ?? changes(of: field)) }
    nextSave = daemon.clock.now() + Self.interval
  }

  /// When `turn` has something to do; nil when nothing has changed.
  var deadline: Instant? { isBehind ? nextSave : nil }

  private var isBehind: Bool {
    daemon.fields.contains { field in
      field.learntBoard.newest.map { $0.changes != changes(of: field) } ?? false
    }
  }

  /// How far a field thread was when the file was written.
  private func changes(of field: FieldPost) -> UInt64 {
    saved.first { $0.post === field }?.changes ?? 0
  }

  /// What earlier runs have learnt, for each bus of the plan.
  static func read(_ plan: SitePlan, _ now: ClockReading, _ log: Log) -> [[LearntRefusal]] {
    let path = path(plan.gateway)
    do {
      guard try Files.status(path) != nil else { return plan.buses.map { _ in [] } }
      let bytes = try Files.read(path, limit: LearntDocument.byteLimit)
      let document = try LearntDocument(parsing: bytes, at: now)
      return plan.buses.map { document.buses[$0.name] ?? [] }
    } catch {
      log.line(.warning, "reading \(path): \(error); what the units refuse is learnt again")
      return plan.buses.map { _ in [] }
    }
  }

  /// Where the file lies.
  static func path(_ gateway: GatewaySettings) -> String {
    gateway.stateDirectory + "/learnt.json"
  }
}

extension Daemon {
  /// A field thread knows something else about its units than before.
  func tellLearnt(_ poller: Poller, of post: FieldPost) {
    post.learntBoard.post(
      LearntNews(changes: poller.learntChanges, refusals: poller.learnt))
    mainBell.signal()
  }
}
