// What a machine is doing, with everything that is true of it just then and told or not told yet.

package import Primitives

/// How much of what decides can be read.
package enum Contact: String, Equatable, Sendable, CaseIterable {
  /// Something that decides cannot be read.
  case lost
  /// Something that decides has not been read since the start.
  case partial
  case full
}

/// Whether the signals that decide have been followed without a gap.
package enum Sight: Equatable, Sendable {
  case clear
  /// There was a gap, in which the counter moved or did not.
  case doubtful(moved: Bool)
}

/// An interruption, or a run within a stop, that is too short to be told as yet.
///
/// Behind a reference, because it is a quarter of a kilobyte that hardly any phase holds.
package struct Dip: Equatable, Sendable {
  private struct Content: Equatable, Sendable {
    var since: Stamp
    var verdict: Verdict
    var word: Verdict?
    var approximate: Bool
  }

  private let held: Shared<Content>

  package init(
    since: Stamp, verdict: Verdict, word: Verdict? = nil, approximate: Bool = false
  ) {
    held = Shared(
      Content(since: since, verdict: verdict, word: word, approximate: approximate))
  }

  package var since: Stamp { held.value.since }
  package var verdict: Verdict { held.value.verdict }
  /// The weightiest word on why, which stays though the evidence has gone on.
  package var word: Verdict? { held.value.word }
  /// Nobody looked during some of it.
  package var approximate: Bool { held.value.approximate }
}

/// How fast a running machine is.
package struct Pace: Equatable, Sendable {
  /// The evidence says that it is slow.
  var claimed = false
  /// The last window was slow.
  var measured = false
  var windowFrom: Instant
  var counts: UInt64 = 0

  package init(from: Instant) { windowFrom = from }

  var isSlow: Bool { claimed || measured }
}

/// A stop that has not ended, with what is known of it beside the record.
package struct StateStop: Equatable, Sendable {
  package var record: StopRecord
  package var kind: EvidenceState
  /// The change of an order made a changeover of it.
  package var isTurned = false
  package var byCalendar = false
  /// It has lasted longer than a short stop may.
  package var isLong = false
  /// What was heard last while it stood; nil after a restart.
  package var heard: Verdict?

  package init(record: StopRecord, kind: EvidenceState, byCalendar: Bool = false) {
    (self.record, self.kind, self.byCalendar) = (record, kind, byCalendar)
  }

  package var evidence: Evidence? { heard?.evidence }

  package var condition: MachineCondition {
    switch kind {
    case .fault: .fault
    case .setup: .changeover
    case .planned: .planned
    case .blocked: .blocked
    case .starved: .starved
    case .stopped, .noContact, .slow, .running:
      isTurned ? .changeover : isLong ? .stopped : .shortStop
    }
  }
}

/// The little that is asked of a phase with each sample.
package struct Glance: Equatable, Sendable {
  /// When the state machine acts of itself; the end of time for never.
  let due: Instant
  /// What a stop that goes on was told to be; nil in any other phase.
  let heard: Verdict?
  let condition: MachineCondition
  /// It runs, and nothing waits to be told.
  let runs: Bool
  /// A stop is open and seen.
  let isStopped: Bool

  /// Looks at a phase once, when it begins.
  init(_ phase: Phase, _ rules: StateTimes) {
    condition = phase.condition
    switch phase {
    case .unknown, .noContact: (due, heard, runs, isStopped) = (.distantFuture, nil, false, false)
    case .running(_, _, .some(let dip)):
      (due, heard, runs, isStopped) = (dip.since.instant + rules.ignoreUnder, nil, false, false)
    case .running(_, let pace, nil):
      due =
        rules.slowWindow.map { pace.windowFrom + max($0, .seconds(1)) } ?? .distantFuture
      (heard, runs, isStopped) = (nil, true, false)
    case .stopped(_, .some(let run)):
      (due, heard, runs, isStopped) = (run.since.instant + rules.minimumRun, nil, false, true)
    case .stopped(let stop, nil):
      due =
        stop.isLong
        ? .distantFuture
        : stop.record.startedAt.instant + stop.record.noContact + rules.shortStop
      (heard, runs, isStopped) = (stop.heard, false, true)
    }
  }
}

/// The times of a machine's rules, apart from the rules: they are asked for with each change.
package struct StateTimes: Equatable, Sendable {
  let ignoreUnder: Duration
  let shortStop: Duration
  let minimumRun: Duration
  let slowWindow: Duration?
  let counts: Bool

  init(_ rules: StateRules) {
    ignoreUnder = rules.ignoreUnder
    shortStop = rules.shortStop
    minimumRun = rules.minimumRun
    slowWindow = rules.slow?.window
    counts = rules.counter != nil
  }
}

/// What a machine is doing, with what is not told yet.
///
/// A stop stands behind a reference: it is a third of a kilobyte that is looked at from several
/// sides when it opens and closes, and a copy of this costs a count instead.
package enum Phase: Equatable, Sendable {
  case unknown
  /// It has run since `from`, but for interruptions nobody is told of.
  case running(from: Stamp, Pace, dip: Dip?)
  /// `run` is when it began to run again, for too short a time as yet.
  indirect case stopped(StateStop, run: Dip?)
  case noContact(Before)

  /// What it was doing when contact was lost.
  package enum Before: Equatable, Sendable {
    case unknown
    case running(dip: Dip?)
    indirect case stopped(StateStop, run: Dip?)
  }

  package var condition: MachineCondition {
    switch self {
    case .unknown: .unknown
    case .running(_, let pace, _): pace.isSlow ? .slow : .running
    case .stopped(let stop, _): stop.condition
    case .noContact: .noContact
    }
  }

  package var stop: StateStop? {
    switch self {
    case .stopped(let stop, _), .noContact(.stopped(let stop, _)): stop
    case .unknown, .running, .noContact: nil
    }
  }
}
