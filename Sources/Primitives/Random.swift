// Randomness is an argument: who needs chance takes a generator, and a seed replays a run.

/// The 64-bit SplitMix generator of Steele, Lea and Flood (OOPSLA 2014): small, seeded, not secret.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// Doubling delay, half of it by chance: gateways that lost one server together come back apart.
public struct Backoff: Sendable, Equatable {
  /// How wide the delays are drawn.
  public enum Jitter: Sendable, Equatable {
    /// From half of the current step: keeps a rhythm, for devices on a wire of one's own.
    case half
    /// From half of the first step: disperses hundreds of gateways that lost the same receiver.
    case full
  }

  /// The first step; no delay is under half of it.
  public let floor: Duration
  /// The last step; no delay is over it.
  public let ceiling: Duration
  /// Where the count of failures stays: at a try a minute, two years.
  static let countedFailures = 1_000_000

  /// Consecutive failures so far.
  public private(set) var failures: Int = 0

  public let jitter: Jitter

  public init(floor: Duration, ceiling: Duration, jitter: Jitter = .half) {
    self.floor = floor
    self.ceiling = ceiling
    self.jitter = jitter
  }

  /// The delay before the next try, up to the current step.
  public mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
    let base = max(1, floor.nanoseconds)
    let top = max(base, ceiling.nanoseconds)
    // 2^62 nanoseconds are 146 years: with the smallest floor, any ceiling is reached.
    let doublings = min(failures, 62)
    let (grown, overflow) = base.multipliedReportingOverflow(by: 1 << Int64(doublings))
    let step = overflow ? top : min(grown, top)
    failures = min(failures + 1, Self.countedFailures)
    let least = jitter == .full ? base / 2 : step / 2
    return .nanoseconds(Int64.random(in: least...step, using: &generator))
  }

  /// Back to the floor, after a success.
  public mutating func reset() { failures = 0 }
}
