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

  package init(record: StopRecord, kind: EvidenceState, byCalendar: Bool = false) {
    (self.record, self.kind, self.byCalendar) = (record, kind, byCalendar)
  }

  package var condition: MachineCondition {
    Self.condition(kind, isTurned: isTurned, isLong: isLong)
  }

  /// What a stop is called.
  static func condition(
    _ kind: EvidenceState, isTurned: Bool, isLong: Bool
  ) -> MachineCondition {
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
  let condition: MachineCondition
  /// It runs, and nothing waits to be told.
  let runs: Bool
  /// A stop is open and seen.
  let isStopped: Bool
  /// It stands in that stop, and does not run as yet.
  let stands: Bool

  /// Looks at a phase once, when it begins.
  init(_ phase: Phase, _ rules: StateTimes) {
    condition = phase.condition
    switch phase {
    case .unknown, .noContact:
      (due, runs, isStopped, stands) = (.distantFuture, false, false, false)
    case .running(_, _, .some(let dip)):
      due = dip.since.instant.advanced(nanoseconds: rules.ignoreUnder)
      (runs, isStopped, stands) = (false, false, false)
    case .running(_, let pace, nil):
      due =
        rules.slowWindow.map { pace.windowFrom.advanced(nanoseconds: $0) } ?? .distantFuture
      (runs, isStopped, stands) = (true, false, false)
    case .stopped(_, .some(let run)):
      due = run.since.instant.advanced(nanoseconds: rules.minimumRun)
      (runs, isStopped, stands) = (false, true, false)
    case .stopped(let stop, nil):
      due = stop.isLong ? .distantFuture : stop.isLongAt(rules.shortStop)
      (runs, isStopped, stands) = (false, true, true)
    }
  }
}

extension StateStop {
  /// When it has lasted for so many nanoseconds that were seen.
  fileprivate func isLongAt(_ nanoseconds: Int64) -> Instant {
    let seen = record.content.startedAt.instant.advanced(nanoseconds: record.content.noContact)
    return seen.advanced(nanoseconds: nanoseconds)
  }
}

/// The times of a machine's rules in nanoseconds, and what is asked of the rules with each change.
package struct StateTimes: Equatable, Sendable {
  let ignoreUnder: Int64
  let shortStop: Int64
  let minimumRun: Int64
  /// How long the rate is looked at; nil where nobody looks.
  let slowWindow: Int64?
  let counts: Bool
  /// Orders make changeovers of stops.
  let turns: Bool

  init(_ rules: StateRules) {
    ignoreUnder = rules.ignoreUnder.nanoseconds
    shortStop = rules.shortStop.nanoseconds
    minimumRun = rules.minimumRun.nanoseconds
    slowWindow = rules.slow.map { max($0.window.nanoseconds, 1_000_000_000) }
    counts = rules.counter != nil
    turns = rules.changeover != nil
  }
}

/// What a machine is doing, with what is not told yet.
///
/// What is large of it, a stop's record and a dip, stands behind references: a copy costs a count.
package enum Phase: Equatable, Sendable {
  case unknown
  /// It has run since `from`, but for interruptions nobody is told of.
  case running(from: Stamp, Pace, dip: Dip?)
  /// `run` is when it began to run again, for too short a time as yet.
  case stopped(StateStop, run: Dip?)
  case noContact(Before)

  /// What it was doing when contact was lost.
  package enum Before: Equatable, Sendable {
    case unknown
    case running(dip: Dip?)
    case stopped(StateStop, run: Dip?)
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
