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
  /// Requests that one round of all its signals takes now.
  public var requests: Int
  /// Signals that the unit refuses.
  public var refused: Int
}

/// A poller's state for the status page.
public struct PollStatus: Equatable, Sendable {
  public var link: LinkState
  public var counters: PollCounters
  /// Times the link was opened after the first.
  public var reconnects: UInt64
  public var lastAnswer: Instant?
  public var lastError: String?
  public var units: [UnitPollStatus]
}

/// The last response times of a unit, in microseconds.
public struct ResponseTimes: Equatable, Sendable {
  /// Of the times kept; the maximum is of all since the start.
  public struct Summary: Equatable, Sendable {
    public var median: Duration
    public var p99: Duration
    public var average: Duration
    public var maximum: Duration
  }

  private var kept = [UInt32](repeating: 0, count: PollingLimits.responseTimesKept)
  private var count: UInt64 = 0
  private var maximum: UInt32 = 0

  public init() {}

  mutating func add(_ duration: Duration) {
    let microseconds = UInt32(clamping: duration.nanoseconds / 1000)
    kept[Int(count % UInt64(kept.count))] = microseconds
    count += 1
    maximum = max(maximum, microseconds)
  }

  /// Median, 99th percentile, average and maximum; nil before the first answer.
  public var summary: Summary? {
    guard count > 0 else { return nil }
    let sorted = kept.prefix(Int(min(count, UInt64(kept.count)))).sorted()
    let sum = sorted.reduce(UInt64(0)) { $0 + UInt64($1) }
    return Summary(
      median: .microseconds(Int64(sorted[sorted.count / 2])),
      p99: .microseconds(Int64(sorted[(sorted.count * 99) / 100])),
      average: .microseconds(Int64(sum / UInt64(sorted.count))),
      maximum: .microseconds(Int64(maximum)))
  }
}
