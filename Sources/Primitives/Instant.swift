// Monotonic time as a number. It orders and measures; it never labels (see WallTime).
//
// Invariants
// - Nanoseconds of CLOCK_BOOTTIME since this machine's boot; only LinuxEdge reads the clock.
// - Arithmetic saturates: no sum of an instant and a duration can trap.
// - After a reboot an instant of the previous boot may be negative once it is carried over.

/// A moment of monotonic time, in nanoseconds since boot.
public struct Instant: Comparable, Hashable, Sendable, BitwiseCopyable {
  public var nanoseconds: Int64

  @inlinable
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The moment this machine booted: zero.
  public static let boot = Instant(nanoseconds: 0)
  /// Before every other moment, 292 years before boot.
  public static let distantPast = Instant(nanoseconds: .min)
  /// After every other moment, 292 years after boot: a deadline that never comes.
  public static let distantFuture = Instant(nanoseconds: .max)

  @inlinable
  public static func < (left: Instant, right: Instant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// The moment a duration later; stays at the end of time rather than overflow.
  @inlinable
  public static func + (left: Instant, right: Duration) -> Instant {
    left.advanced(nanoseconds: right.nanoseconds)
  }

  /// The moment a duration earlier; stays at the beginning of time rather than overflow.
  @inlinable
  public static func - (left: Instant, right: Duration) -> Instant {
    // Not `+` of the negated duration: the most negative one has no positive counterpart.
    let step = right.nanoseconds
    let (difference, overflow) = left.nanoseconds.subtractingReportingOverflow(step)
    if overflow { return step < 0 ? .distantFuture : .distantPast }
    return Instant(nanoseconds: difference)
  }

  /// The time from the right moment to the left one, in saturating nanoseconds.
  @inlinable
  public static func - (left: Instant, right: Instant) -> Duration {
    .nanoseconds(left.nanoseconds(since: right))
  }

  /// Nanoseconds from an earlier moment to this one, negative if it is later; saturating.
  @inlinable
  public func nanoseconds(since earlier: Instant) -> Int64 {
    let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
    if overflow { return nanoseconds < 0 ? .min : .max }
    return difference
  }

  /// The moment so many nanoseconds later, or earlier if negative; saturating.
  @inlinable
  public func advanced(nanoseconds step: Int64) -> Instant {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(step)
    if overflow { return step < 0 ? .distantPast : .distantFuture }
    return Instant(nanoseconds: sum)
  }

  /// Whole milliseconds since boot, as events tell them.
  public var milliseconds: Int64 { nanoseconds / 1_000_000 }
}

extension Duration {
  /// Whole nanoseconds, saturating at ±292 years.
  @inlinable
  public var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? .min : .max }
    let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    if carried { return seconds < 0 ? .min : .max }
    return sum
  }

  /// Whole milliseconds, rounded towards zero.
  @inlinable
  public var wholeMilliseconds: Int64 { nanoseconds / 1_000_000 }
}
