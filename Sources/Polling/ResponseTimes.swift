// Durations in bounded memory: how long answers take, how late reads begin.
//
// Invariants
// - Buckets of an eighth of an octave from 16 µs to 134 s: a percentile is right to 9 %, and never
//   more than the longest time met.
// - Older times count less: when `PollingLimits.responsesKept` are held, every bucket is halved.
// - 185 buckets of 4 bytes a unit, whatever the uptime.

import Primitives

/// How long things took, as a histogram.
public struct ResponseTimes: Equatable, Sendable {
  /// Percentiles of the times held; count and maximum are of all since the start.
  public struct Summary: Equatable, Sendable {
    public var median: Duration
    public var p99: Duration
    public var average: Duration
    public var maximum: Duration
    public var count: UInt64

    public init(
      median: Duration, p99: Duration, average: Duration, maximum: Duration, count: UInt64
    ) {
      self.median = median
      self.p99 = p99
      self.average = average
      self.maximum = maximum
      self.count = count
    }
  }

  private static let firstOctave = 4
  private static let lastOctave = 26
  private static let bucketCount = (lastOctave - firstOctave + 1) * 8 + 1

  private var buckets = [UInt32](repeating: 0, count: bucketCount)
  private var held: UInt64 = 0
  private var count: UInt64 = 0
  private var sum: UInt64 = 0
  private var maximum: UInt64 = 0

  public init() {}

  /// Adds one time; a negative one counts as none.
  public mutating func add(_ duration: Duration) {
    let microseconds = UInt64(max(0, duration.nanoseconds) / 1000)
    if held >= PollingLimits.responsesKept { halve() }
    buckets[Self.bucket(microseconds)] += 1
    held += 1
    count &+= 1
    // 2^64 µs are half a million years.
    sum &+= microseconds
    maximum = max(maximum, microseconds)
  }

  private mutating func halve() {
    held = 0
    for index in buckets.indices {
      buckets[index] /= 2
      held += UInt64(buckets[index])
    }
  }

  private static func bucket(_ microseconds: UInt64) -> Int {
    guard microseconds >= 1 << UInt64(firstOctave) else { return 0 }
    let octave = 63 - microseconds.leadingZeroBitCount
    guard octave <= lastOctave else { return bucketCount - 1 }
    let eighth = Int((microseconds >> UInt64(octave - 3)) & 7)
    return 1 + (octave - firstOctave) * 8 + eighth
  }

  /// The time below which everything in a bucket lies.
  private static func bound(_ bucket: Int) -> UInt64 {
    guard bucket > 0 else { return 1 << UInt64(firstOctave) }
    let octave = UInt64(firstOctave + (bucket - 1) / 8)
    return UInt64(9 + (bucket - 1) % 8) << (octave - 3)
  }

  private func percentile(_ hundredths: UInt64) -> Duration {
    let rank = (held * hundredths + 99) / 100
    var passed: UInt64 = 0
    for index in buckets.indices {
      passed += UInt64(buckets[index])
      if passed >= rank, passed > 0 {
        return .microseconds(Int64(clamping: min(Self.bound(index), maximum)))
      }
    }
    return .microseconds(Int64(clamping: maximum))
  }

  /// Median, 99th percentile, average and maximum; nil before the first time.
  public var summary: Summary? {
    guard count > 0 else { return nil }
    return Summary(
      median: percentile(50), p99: percentile(99),
      average: .microseconds(Int64(clamping: sum / count)),
      maximum: .microseconds(Int64(clamping: maximum)), count: count)
  }

  /// A timeout that leaves room: three times the 99th percentile, rounded up; nil before
  /// `PollingLimits.responsesUntilProposal` answers.
  public var proposedTimeout: Duration? {
    guard count >= UInt64(PollingLimits.responsesUntilProposal) else { return nil }
    let p99 = percentile(99)
    let wanted = max(p99 * 3, p99 + PollingLimits.proposalMargin)
    let bounded = min(max(wanted, PollingLimits.proposalFloor), PollingLimits.proposalCeiling)
    return Self.rounded(bounded)
  }

  /// The next of 1, 1.5, 2, 2.5, 3, 4, 5, 6 and 8 times a power of ten milliseconds.
  private static func rounded(_ duration: Duration) -> Duration {
    var decade: Int64 = 1_000_000
    while true {
      for tenths: Int64 in [10, 15, 20, 25, 30, 40, 50, 60, 80] {
        let step = decade / 10 * tenths
        if step >= duration.nanoseconds {
          return min(.nanoseconds(step), PollingLimits.proposalCeiling)
        }
      }
      decade *= 10
    }
  }
}
