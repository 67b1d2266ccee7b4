// Applies another configuration while the gateway works: the main thread's side.
//
//   idle ──asked──▶ reading ──usable, another one──▶ leaving ──all have left──▶ handing ──▶ idle
//     ▲               └──unusable, or the same──▶ idle                            │
//     └──────────── on probation: stood, or taken back the same way ◀─────────────┘
//
// Invariants
// - One thing at a time, in the order asked; of wishes that wait only the last one is carried out,
//   because each says everything.
// - The main thread never waits: it looks again when a bell rings, and at `deadline`.
// - A configuration that is not usable, or that needs a restart, changes nothing at all.
// - Whatever comes of a wish is logged, told as an event and returned; nothing ends in silence.
// - What is taken back to is the design that ran, kept in memory: no file has to be read for it.
//
// Local files and bundles are watched alike. A bundle that fails is taken back; local files are
// only told of, in log and status, unless `reload.rollBack` wants it: the technician stands at the
// machine, and the gateway would else run something other than what the file in his hand says.
//
// Why posts and not a second daemon: what did not change is not handed over at all. Only the
// recorder changes as a whole, between two turns; see RecorderStep+HandOver.

import Events
import Gateway
import LinuxEdge
import Polling
import Primitives
import Settings

enum ReloadLimits {
  /// Between two looks at a configuration on probation; each asks every thread once.
  static let lookInterval = Duration.seconds(1)
  /// How often a move is looked at while threads leave, beside their bells.
  static let stepInterval = Duration.milliseconds(50)
}

/// Takes wishes for another configuration and carries them out, one after the other.
struct Reloader {
  private enum Stage {
    case idle
    case reading(ReloadWish, Board<ReloadReading?>, ReloadQuestion)
    case leaving(ReloadMove, before: ProbationSight)
    case handing(ReloadMove, before: ProbationSight)
  }

  /// A configuration on probation.
  private struct Trial {
    var probation: Probation
    let before: ProbationSight
    let touchedUnits: Set<String>
    let touchedUplinks: Set<String>
    var question: ReloadQuestion
    var isTold = false
  }

  private let daemon: Daemon
  private var stage = Stage.idle
  private var waiting: ReloadWish?
  private var trial: Trial?
  /// What a configuration that fails is taken back to.
  private var lastGood: SiteDesign

  init(_ daemon: Daemon) {
    self.daemon = daemon
    lastGood = daemon.site.design
  }

  /// Wants a configuration applied; `by` says in events who wanted it.
  mutating func ask(_ source: ConfigurationSource, by: String) {
    waiting = ReloadWish(source: source, by: by)
  }

  /// Whether something is under way or waits for it.
  var isBusy: Bool {
    if case .idle = stage { return waiting != nil }
    return true
  }

  /// When `turn` has something to do although nobody rings; nil for never.
  var deadline: Instant? {
    switch stage {
    case .idle: waiting == nil ? trial.map(\.question.dueAt) : .distantPast
    case .reading(_, _, let question): question.dueAt
    case .leaving, .handing: daemon.clock.now() + ReloadLimits.stepInterval
    }
  }

  /// Goes as far as it can without waiting; what became of anything asked for.
  mutating func turn(_ now: Instant) -> [ReloadOutcome] {
    var outcomes: [ReloadOutcome] = []
    while step(now, &outcomes) {}
    return outcomes
  }

  /// Takes one step; false when there is nothing to do now.
  private mutating func step(_ now: Instant, _ outcomes: inout [ReloadOutcome]) -> Bool {
    switch stage {
    case .idle:
      guard let wish = waiting else { return watch(now, &outcomes) }
      waiting = nil
      return read(wish, now, &outcomes)
    case .reading(let wish, let board, let question):
      guard let reading = board.newest, question.isAnswered(daemon, now) else { return false }
      stage = .idle
      take(reading, wish, &outcomes)
      return true
    case .leaving(var move, let before):
      start(&move)
      daemon.configurationStatus.change { $0.waitsFor = move.waitsFor.map { "bus \($0)" } }
      guard move.hasLeft else {
        stage = .leaving(move, before: before)
        return false
      }
      daemon.handOver.leave(move.handOver(news(move)))
      daemon.recorderBell.signal()
      stage = .handing(move, before: before)
      return true
    case .handing(var move, let before):
      start(&move)
      stage = .handing(move, before: before)
      guard daemon.handOver.isDone, move.isStarted else { return false }
      stage = .idle
      finish(move, before, now, &outcomes)
      return true
    }
  }

  // MARK: Reading

  private mutating func read(
    _ wish: ReloadWish, _ now: Instant, _ outcomes: inout [ReloadOutcome]
  ) -> Bool {
    let board = Board<ReloadReading?>(nil)
    do throws(LinuxFault) {
      try ReloadReader.start(wish, beside: daemon.site.design, board, daemon.mainBell)
    } catch {
      reject(wish, error.description, [], nil, &outcomes)
      return true
    }
    // Meanwhile every thread says how it is: that is what is compared with afterwards.
    stage = .reading(wish, board, ReloadQuestion(daemon, now))
    return true
  }

  private mutating func take(
    _ reading: ReloadReading, _ wish: ReloadWish, _ outcomes: inout [ReloadOutcome]
  ) {
    switch reading {
    case .unusable(let why, let mistakes, let digest):
      reject(wish, why, mistakes, digest, &outcomes)
    case .same:
      var site = daemon.site
      site.design.source = wish.source
      daemon.become(site)
      conclude(
        .configurationUnchanged, "\(wish.source.text) says what runs already; nothing was touched"
      ) {
        $0.source = wish.source
      }
      outcomes.append(.unchanged(wish.source))
    case .ready(let design, let change):
      let before = trial?.before ?? ProbationSight(daemon)
      do throws(LinuxFault) {
        let move = try ReloadMove(wish, design, change, daemon)
        move.begin(daemon)
        stage = .leaving(move, before: before)
      } catch {
        reject(wish, error.description, [], design.digest, &outcomes)
      }
    }
  }

  private func reject(
    _ wish: ReloadWish, _ why: String, _ mistakes: [String], _ digest: String?,
    _ outcomes: inout [ReloadOutcome]
  ) {
    for mistake in mistakes { daemon.log.line(.error, .configurationRejected, mistake) }
    let running = daemon.site.design.digest
    conclude(.configurationRejected, "\(wish.by): \(why); everything stays as it was", .error) {
      _ in
    }
    daemon.tell(
      ConfigurationNews(
        .rejected, version: wish.source.serial, digest: digest, runningDigest: running,
        signedBy: wish.source.signedBy, by: wish.by, why: why, mistakes: mistakes))
    outcomes.append(.rejected(wish.source, why: why))
  }

  // MARK: Moving

  private func start(_ move: inout ReloadMove) {
    do throws(LinuxFault) {
      try move.startWhatCan(daemon)
    } catch {
      // It is tried again with the next step; the status says what is waited for.
      daemon.configurationStatus.change { $0.waitsFor = error.description }
    }
  }

  private func news(_ move: ReloadMove) -> ConfigurationNews {
    let running = daemon.site.design
    let next = move.next.design
    guard let back = move.wish.back else {
      return ConfigurationNews(
        .applied, version: next.source.serial, digest: next.digest,
        signedBy: next.source.signedBy, by: move.wish.by, changed: move.change.sentences)
    }
    return ConfigurationNews(
      .rolledBack, version: running.source.serial, digest: running.digest,
      runningDigest: next.digest, signedBy: running.source.signedBy, by: move.wish.by,
      why: back.why, changed: move.change.sentences)
  }

  private mutating func finish(
    _ move: ReloadMove, _ before: ProbationSight, _ now: Instant,
    _ outcomes: inout [ReloadOutcome]
  ) {
    let failed = daemon.site.design.source
    let design = move.next.design
    daemon.become(move.next)
    for warning in design.warnings { daemon.log.line(.warning, .zoneUnknown, warning) }
    let changed = move.change.sentences
    if let back = move.wish.back {
      trial = nil
      let hint = failed.serial == nil ? "; mend the file before the next restart" : ""
      conclude(
        .configurationRolledBack, "\(failed.text) was taken back: \(back.why)\(hint)", .error
      ) {
        $0.run(design, daemon.clock)
      }
      // Whoever wanted "the configuration" meanwhile meant the one that was being taken back.
      if let wish = waiting, wish.source == failed, failed.overlay != nil {
        waiting = ReloadWish(source: design.source, by: wish.by)
      }
      outcomes.append(.rolledBack(failed, to: design.source, why: back.why))
      return
    }
    let units = move.touchedUnits.union(trial?.touchedUnits ?? [])
    let uplinks = move.touchedUplinks.union(trial?.touchedUplinks ?? [])
    let buses = design.plan.buses.filter { !units.isDisjoint(with: $0.units.map(\.name)) }
    let tries = design.plan.uplinks.filter { uplinks.contains($0.name) }.map {
      $0.connectTimeout + $0.backoffFloor
    }
    let rules = ProbationRules(length: design.probation, touched: buses, uplinks: tries)
    trial = Trial(
      probation: Probation(
        before: before, touchedUnits: units, touchedUplinks: uplinks, rules: rules, now: now),
      before: before, touchedUnits: units, touchedUplinks: uplinks,
      question: ReloadQuestion(daemon, now, after: ReloadLimits.lookInterval))
    let until = WallTime(
      milliseconds: daemon.clock.reading().wall.milliseconds + rules.length.wholeMilliseconds)
    let words = changed.isEmpty ? "nothing that runs" : changed.joined(separator: "; ")
    conclude(.configurationApplied, "\(move.wish.by): \(design.source.text) was applied: \(words)")
    {
      $0.run(design, daemon.clock)
      $0.probationUntil = until
    }
    outcomes.append(.applied(design.source, changed: changed))
  }

  // MARK: Probation

  private mutating func watch(_ now: Instant, _ outcomes: inout [ReloadOutcome]) -> Bool {
    guard var watched = trial, now >= watched.question.dueAt else { return false }
    guard watched.question.isAsked else {
      watched.question.ask(daemon, now)
      trial = watched
      return false
    }
    guard watched.question.isAnswered(daemon, now) else { return false }
    watched.question = ReloadQuestion(daemon, now, after: ReloadLimits.lookInterval)
    let design = daemon.site.design
    switch watched.probation.look(ProbationSight(daemon), now: now) {
    case .goesOn: trial = watched
    case .stood:
      trial = nil
      lastGood = design
      conclude(.configurationConfirmed, "\(design.source.text) has stood its probation") {
        $0.probationUntil = nil
      }
      outcomes.append(.confirmed(design.source))
    case .failed(let why):
      trial = nil
      if design.rollsBack {
        waiting = ReloadWish(
          source: lastGood.source, by: "probation", back: (lastGood, why))
        return true
      }
      lastGood = design
      conclude(
        .configurationWorse,
        "\(design.source.text) is worse than what ran before, and stays because local files are "
          + "not taken back: \(why)", .warning
      ) { $0.probationUntil = nil }
      outcomes.append(.confirmed(design.source))
    }
    return false
  }

  /// Logs an outcome and leaves it in the status.
  private func conclude(
    _ code: LogCode, _ sentence: String, _ priority: Log.Priority = .notice,
    _ change: (inout ConfigurationStatus) -> Void
  ) {
    daemon.log.line(priority, code, sentence)
    let at = daemon.clock.reading().wall
    daemon.configurationStatus.change { status in
      status.waitsFor = nil
      status.last = (sentence, at)
      change(&status)
    }
  }
}
