// Randomness is an argument: who needs chance takes a generator, and a seed replays a run.

/// The 64-bit SplitMix generator of Steele, Lea and Flood (OOPSLA 2014): small, seeded, not secret.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// Doubling delay between a floor and a ceiling, drawn with full jitter so that gateways disperse.
public struct Backoff: Sendable, Equatable {
  public let floor: Duration
  public let ceiling: Duration
  /// Consecutive failures so far.
  public private(set) var failures: Int = 0

  public init(floor: Duration, ceiling: Duration) {
    self.floor = floor
    self.ceiling = ceiling
  }

  /// The delay before the next try: between half of the current step and the whole of it.
  public mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
    let base = max(1, floor.nanoseconds)
    let top = max(base, ceiling.nanoseconds)
    let doublings = min(failures, 40)
    let (grown, overflow) = base.multipliedReportingOverflow(by: 1 << Int64(doublings))
    let step = overflow ? top : min(grown, top)
    failures = min(failures + 1, 1_000_000)
    return .nanoseconds(Int64.random(in: (step / 2)...step, using: &generator))
  }

  public mutating func reset() { failures = 0 }
}
