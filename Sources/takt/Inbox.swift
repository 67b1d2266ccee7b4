// The directory into which head office drops bundles: `remote.inbox`.
//
//   dropped, and its signature ─stands still─▶ judged ─▶ unpacked ─▶ ratchet ─▶ on trial ─▶ taken/
//                                                   └─ refused/ + .why      │
//                                       kept ◀── confirmed ◀── the reloader ┴─▶ failed: refused/
//
// Invariants
// - A bundle without its signature, and hidden files (as rsync writes them), are left alone.
// - What was judged good is durable (directory, ratchet, trial) before anything of it runs, and the
//   file leaves the inbox only then: after a crash at any point it is judged again, or tried again.
// - The same bundle again does nothing. One file at a time, statements of keys first.
// - What is refused is told once: beside the file, in the log, as an event, in the status.

import Events
import Gateway
import LinuxEdge
import OpenSSLEdge
import Primitives
import Settings

enum InboxLimits {
  /// Bytes of a name, so that ".minisig" and a directory still fit.
  static let nameBytes = 200
  /// Between two looks; a pair of files is taken when it is the same in two of them.
  static let interval = Duration.seconds(2)
  /// How long a file whose signature does not fit may stand still before it is refused: a copy over
  /// a bad line pauses.
  static let patience = Duration.seconds(10)
  /// Bundles kept in `taken` and in `refused`: 16 MiB each at most.
  static let kept = 10
  /// Who may drop files: the user and the group of the service.
  static let mode: UInt32 = 0o770
  /// People's wishes to go back that may wait.
  static let wishes = 4
}

/// The main thread's side of bundles.
struct Inbox {
  /// What a pair of files looked like.
  private struct Sight: Equatable {
    var sizes: [Int64]
    var modified: [Int64]
    var serials: [UInt64]
    var since: Instant

    func isSame(as other: Sight) -> Bool {
      (sizes, modified, serials) == (other.sizes, other.modified, other.serials)
    }
  }

  private let daemon: Daemon
  private let local: ConfigurationSource
  private let directory: String
  private let places: InboxPlaces
  private let store: BundleStore
  private var current = BundleCurrent()
  private var seen: [String: Sight] = [:]
  private var early: [String: String] = [:]
  private var nextLook: Instant
  private var isBegun = false
  /// What is on trial runs, and is watched by the reloader.
  private var isApplied = false
  private var faults = Remembered<String?>(nil)
  /// Why a file could not be read at the last look.
  private var readFault: String?
  /// What the status tells of the last refused one.
  private var lastRefusal: JSONValue?

  /// nil for a gateway that takes no bundles.
  init?(_ daemon: Daemon) {
    guard let remote = daemon.plan.remote else { return nil }
    self.daemon = daemon
    local = ConfigurationSource(path: daemon.site.design.source.path)
    directory = remote.inbox
    places = InboxPlaces(directory: remote.inbox)
    store = BundleStore(state: daemon.plan.gateway.stateDirectory)
    nextLook = daemon.clock.now()
  }

  /// When `turn` has something to do.
  var deadline: Instant { nextLook }

  /// What a reload of "the configuration" means now.
  var source: ConfigurationSource {
    (try? store.source(current.trial?.name ?? current.good, local: local.path)) ?? local
  }

  /// Goes as far as it can without waiting for anybody but the disk.
  mutating func turn(_ reloader: inout Reloader) {
    do throws(LinuxFault) {
      if !isBegun { try begin(&reloader) }
      if let wish = daemon.wishes.take() { try heed(wish, &reloader) }
      guard daemon.clock.now() >= nextLook else { return }
      nextLook = daemon.clock.now() + InboxLimits.interval
      try places.make()
      readFault = nil
      let names = try places.names()
      try look(names, &reloader)
      tell(fault: readFault)
      daemon.configurationBoard.post(document(waiting: names))
    } catch {
      nextLook = max(nextLook, daemon.clock.now() + InboxLimits.interval)
      tell(fault: "taking bundles: \(error.description)")
    }
  }

  /// Learns what became of what was asked for.
  mutating func heed(_ outcomes: [ReloadOutcome]) {
    for outcome in outcomes {
      switch outcome {
      case .confirmed(let source): settle(source, nil)
      // Asked for once more while it is watched, by SIGHUP: what it says then is neither a proof of
      // it nor, when a local file is wrong meanwhile, the fault of what runs.
      case .unchanged(let source): if !isApplied { settle(source, nil) }
      case .rejected(let source, let why): if !isApplied { settle(source, why) }
      case .rolledBack(let source, _, let why): settle(source, why)
      case .applied(let source, _):
        isApplied = current.trial?.name.map(store.path) == source.overlay
        // Local files are not taken back: nothing more is heard of them.
        if isApplied, source.overlay == nil { settle(source, nil) }
      }
    }
  }

  // MARK: Trials

  /// After a start: what was on trial is tried again.
  private mutating func begin(_ reloader: inout Reloader) throws(LinuxFault) {
    let now = daemon.clock.reading().wall
    var held = try store.current()
    let before = held
    let running = daemon.site.design.source.overlay
    while held.good != nil, held.good.map(store.path) != running {
      held.giveUpGood("it could not be used at a start", at: now)
    }
    let trial = held.resume(at: now)
    if held != before { try store.write(held) }
    current = held
    isBegun = true
    if let trial {
      try ask(trial, &reloader)
    } else if let given = before.trial, let why = held.failure?.why {
      daemon.log.line(
        .warning, .bundleRefused, "configuration: \(text(given.name)) is given up: \(why)")
      daemon.tell(
        ConfigurationNews(
          .rolledBack, version: given.name.flatMap(BundleDirectory.serial), by: given.by, why: why))
    }
  }

  private mutating func put(
    onTrial name: String?, by: String, _ reloader: inout Reloader
  ) throws(LinuxFault) {
    var next = current
    next.begin(name, by: by, at: daemon.clock.reading().wall)
    try store.write(next)
    current = next
    isApplied = false
    if let trial = next.trial { try ask(trial, &reloader) }
  }

  private func ask(_ trial: BundleCurrent.Trial, _ reloader: inout Reloader) throws(LinuxFault) {
    reloader.ask(try store.source(trial.name, local: local.path), by: trial.by)
  }

  /// What is on trial has proved itself, or not; other sources are none of ours.
  private mutating func settle(_ source: ConfigurationSource, _ why: String?) {
    guard let trial = current.trial, trial.name.map(store.path) == source.overlay else { return }
    if let why {
      current.fail(why, at: daemon.clock.reading().wall)
      if trial.by == "inbox", let name = trial.name { returnTaken(name, why) }
    } else {
      current.confirm()
    }
    do throws(LinuxFault) {
      try store.write(current)
      try store.prune(keeping: current)
    } catch {
      tell(fault: "keeping what became of \(text(trial.name)): \(error.description)")
    }
  }

  /// A wish of a person at the control socket.
  private mutating func heed(
    _ wish: ConfigurationWish, _ reloader: inout Reloader
  ) throws(LinuxFault) {
    let name: String?
    switch wish.target {
    case .local: name = nil
    case .kept(let kept): name = kept
    }
    try put(onTrial: name, by: wish.by, &reloader)
  }

  private func text(_ name: String?) -> String {
    name.flatMap(BundleDirectory.serial).map { "bundle \($0)" } ?? "the local files"
  }

  // MARK: Looking

  private mutating func look(
    _ names: [String], _ reloader: inout Reloader
  ) throws(LinuxFault) {
    let now = daemon.clock.now()
    var sights: [String: Sight] = [:]
    var ready: String?
    for name in names {
      guard let file = try Files.status("\(directory)/\(name)"),
        let signature = try Files.status("\(directory)/\(name).minisig")
      else { continue }
      let parts = [file, signature]
      var sight = Sight(
        sizes: parts.map(\.size), modified: parts.map(\.modified), serials: parts.map(\.serial),
        since: now)
      if let last = seen[name], last.isSame(as: sight) {
        sight.since = last.since
        if ready == nil, current.trial == nil {
          ready = try take(name, since: last.since, &reloader)
        }
      }
      sights[name] = sight
    }
    seen = sights
    if let ready { seen[ready] = nil }
    early = early.filter { names.contains($0.key) }
  }

  /// Judges one pair; the name comes back when it is dealt with.
  private mutating func take(
    _ name: String, since: Instant, _ reloader: inout Reloader
  ) throws(LinuxFault) -> String? {
    let remote = daemon.plan.remote
    guard let gate = try store.gate(daemon.plan.gateway, remote) else { return nil }
    do {
      let bytes = try Files.readPlain("\(directory)/\(name)", limit: BundleLimits.bytes)
      let signature = try Files.readPlain(
        "\(directory)/\(name).minisig", limit: BundleLimits.signatureBytes)
      let time = BundleTime(daemon.clock.reading(), floor: daemon.timeFloor.value)
      let bundle = try gate.judge(bytes, signature: signature, at: time, MinisignNotary())
      try accept(bundle, gate, name, &reloader)
    } catch let refusal as BundleRefusal {
      if refusal.isEarly {
        if early.updateValue(refusal.description, forKey: name) == nil {
          daemon.log.line(
            .notice, .bundleWaits, "configuration: \(name) waits: \(refusal.description)")
        }
        return nil
      }
      let isPatient = daemon.clock.now() - since < InboxLimits.patience
      if case .wrongSignature = refusal, isPatient { return nil }
      try refuse(name, refusal.description)
    } catch let fault as LinuxFault {
      if fault.isMissing { return nil }  // Taken back by whoever dropped it.
      // Somebody else's file, or a disk that is ill: it stays, and those behind it have their turn.
      guard fault.code == 0 else {
        readFault = "taking \(name): \(fault.description)"
        return nil
      }
      try refuse(name, fault.description)
    } catch {
      try refuse(name, "\(error)")
    }
    return name
  }

  private mutating func accept(
    _ bundle: AcceptedBundle, _ gate: BundleGate, _ name: String, _ reloader: inout Reloader
  ) throws(LinuxFault) {
    let kept = KeptBundle(bundle, at: daemon.clock.reading().wall)
    switch bundle.content {
    case .keys(let keys):
      if !bundle.isAgain {
        try store.write(gate.taking(bundle))
        let names = keys.map(\.name).joined(separator: ", ")
        daemon.log.line(
          .notice, .bundleKeys, "configuration: bundles are signed by \(names) from now on")
        daemon.tell(
          ConfigurationNews(
            .applied, version: kept.serial, signedBy: kept.signedBy, by: "inbox",
            changed: ["keys that sign bundles: \(names)"]))
      }
      try places.putAside(name, "taken")
    case .files(let files):
      let isKnown =
        bundle.isAgain
        && (current.good == kept.name || current.failure?.name == kept.name
          || current.history.contains(kept.name))
      if isKnown {
        daemon.log.line(
          .info, .bundleAccepted, "configuration: \(name) is bundle \(kept.serial) once more")
        try places.putAside(name, "taken")
        return
      }
      try store.stage(files, kept)
      try store.write(gate.taking(bundle))
      try put(onTrial: kept.name, by: "inbox", &reloader)
      try places.putAside(name, "taken")
    }
  }

  // MARK: Putting aside

  private mutating func refuse(_ name: String, _ why: String) throws(LinuxFault) {
    let at = daemon.clock.reading().wall
    try places.explain(name, why, at)
    try places.putAside(name, "refused")
    daemon.log.line(.warning, .bundleRefused, "configuration: \(name) refused: \(why)")
    daemon.tell(ConfigurationNews(.rejected, by: "inbox", why: "\(name): \(why)"))
    lastRefusal = ["name": .string(name), "at": .string(at.text), "why": .string(why)]
  }

  /// A bundle that was taken and then failed is where people look for refused ones.
  private mutating func returnTaken(_ directoryName: String, _ why: String) {
    let at = daemon.clock.reading().wall
    lastRefusal = [
      "name": .string(text(directoryName)), "at": .string(at.text), "why": .string(why),
    ]
    try? places.explain("bundle-\(directoryName)", why, at)
  }

  // MARK: Telling

  private mutating func tell(fault: String?) {
    guard faults.becomes(fault), let fault else { return }
    daemon.log.line(.warning, .inboxFaulty, fault)
  }

  /// What `takt config` and the status show.
  private func document(waiting: [String]) -> JSONValue {
    var members: [String: JSONValue] = [
      "inbox": .string(directory), "waiting": .array(waiting.map { .string($0) }),
      "good": current.good.map { .string($0) } ?? "local",
    ]
    if let trial = current.trial {
      members["trial"] = .string(trial.name ?? "local")
      members["trialSince"] = .string(trial.since.text)
    }
    if let failure = current.failure {
      members["failure"] = [
        "name": .string(failure.name ?? "local"), "at": .string(failure.at.text),
        "why": .string(failure.why),
      ]
    }
    if let lastRefusal { members["refused"] = lastRefusal }
    if let waits = early.values.first { members["waits"] = .string(waits) }
    return .object(members)
  }
}

/// Where a person wants to go back to.
struct ConfigurationWish: Equatable, Sendable {
  enum Target: Equatable, Sendable {
    case local
    case kept(String)
  }

  var target: Target
  var by: String
}
