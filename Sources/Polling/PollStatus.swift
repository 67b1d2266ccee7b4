// What a poller tells about itself: counts, ages, response times, the last error in a sentence.

public import Primitives
public import Signals

/// Counts since the start.
public struct PollCounters: Equatable, Sendable {
  /// Requests sent.
  public var polls: UInt64 = 0
  /// Requests not answered with values, for whatever reason.
  public var failures: UInt64 = 0
  public var timeouts: UInt64 = 0
  /// Answers that refused (Modbus exceptions).
  public var exceptions: UInt64 = 0
  /// Reads left out because the bus was more than a period late.
  public var overruns: UInt64 = 0
}

/// A unit's state for the status page.
public struct UnitPollStatus: Equatable, Sendable {
  public var name: String
  public var id: UnitID
  public var state: UnitHealth.State
  public var counters: PollCounters
  public var lastAnswer: Instant?
  public var lastError: String?
  public var responses: ResponseTimes.Summary?
  /// A timeout that its answers would fit into with room to spare; nil before enough of them.
  public var proposedTimeout: Duration?
  /// A sentence where the configured timeout is too tight.
  public var timeoutAdvice: String?
  /// How old the last answer may get while the unit is said to be up; nil where nothing is read.
  public var staleAfter: Duration?
  /// Requests that one round of all its signals takes now.
  public var requests: Int
  /// Signals that the unit refuses.
  public var refused: Int
  /// Addresses that it refuses, and since when.
  public var refusals: [LearntRefusal]
}

/// A poller's state for the status page.
public struct PollStatus: Equatable, Sendable {
  public var link: LinkState
  public var counters: PollCounters
  /// Times the link was opened after the first.
  public var reconnects: UInt64
  public var lastAnswer: Instant?
  public var lastError: String?
  /// From due to start, of reads of units that answer; nil before the first.
  public var lateness: ResponseTimes.Summary?
  public var units: [UnitPollStatus]
}

extension Poller {
  /// What the status page shows.
  public var statusSnapshot: PollStatus {
    PollStatus(
      link: link.state, counters: counters, reconnects: reopens, lastAnswer: lastAnswer,
      lastError: lastError, lateness: lateness.summary,
      units: units.indices.map { status(of: $0) })
  }

  private func status(of index: Int) -> UnitPollStatus {
    let record = units[index]
    let unit = bus.units[index]
    let periods = (record.shortestPeriod ?? .zero) * PollingLimits.stalePeriods
    return UnitPollStatus(
      name: unit.name, id: unit.id, state: record.health.state, counters: record.counters,
      lastAnswer: record.lastAnswer, lastError: record.lastError,
      responses: record.responses.summary, proposedTimeout: record.responses.proposedTimeout,
      timeoutAdvice: record.timeoutAdvice(unit.timeout),
      staleAfter: record.isIdle ? nil : max(periods, PollingLimits.staleFloor),
      requests: blocks.count { $0.block.unit == index && !$0.isExtra },
      refused: record.refused.count, refusals: record.refusals.map(\.learnt))
  }
}

extension UnitRecord {
  /// A sentence where the timeout is tighter than twice what most answers take (F16).
  fileprivate func timeoutAdvice(_ timeout: Duration) -> String? {
    guard let proposed = responses.proposedTimeout, let p99 = responses.summary?.p99,
      p99 > timeout / 2, proposed > timeout
    else { return nil }
    let taken = Duration.milliseconds(max(1, p99.wholeMilliseconds))
    return "answers take up to \(taken.text) of the \(timeout.text) allowed; "
      + "a timeout of \(proposed.text) would fit"
  }
}
