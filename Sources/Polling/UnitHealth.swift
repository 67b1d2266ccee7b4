// Whether a unit answers, and when it may be asked again.
//
// ```
//            answer                       answer: restored
//   up ◀───────────── suspect ──3rd failure──▶ lost
//    └──failure──────────▲                      └─ probed at growing intervals, for ever
// ```
//
// Invariants
// - Nothing is terminal: a lost unit is probed at growing, jittered intervals up to a ceiling (F8).
// - The first answer brings back the full rate (F4).
// - A loss is dated back to the first failure, so that nothing after it counts as seen; marks of
//   the unit wait there while it is suspect.
// - Health is the unit's own: neither the link nor another unit makes a unit lost, except that no
//   unit can answer while the link cannot be opened (F3, F5, F6).

public import Primitives

/// What is known about a unit's will to answer.
public struct UnitHealth: Equatable, Sendable {
  /// How a unit fares.
  public enum State: Equatable, Sendable {
    /// The last request was answered.
    case up
    /// Has not answered since then; not believed lost yet.
    case suspect(since: Instant, failures: Int, retryAt: Instant)
    /// Does not answer; asked again at `probeAt`.
    case lost(since: Instant, probeAt: Instant)

    /// One word for the status.
    public var text: String {
      switch self {
      case .up: "up"
      case .suspect: "suspect"
      case .lost: "lost"
      }
    }
  }

  /// What an input changed.
  public enum Change: Equatable, Sendable {
    case none
    /// Contact is gone since that moment.
    case lost(since: Instant)
    /// Contact is back; it had been lost since that moment.
    case restored(lostSince: Instant)
  }

  public private(set) var state: State
  private var backoff = Backoff(
    floor: PollingLimits.probeFloor, ceiling: PollingLimits.probeCeiling)
  private let retry: Duration

  /// A unit not heard of yet: asked at once, lost if it does not answer.
  public init(now: Instant, shortestPeriod: Duration) {
    state = .suspect(since: now, failures: 0, retryAt: now)
    retry = min(
      max(shortestPeriod, PollingLimits.suspectRetryFloor), PollingLimits.suspectRetryCeiling)
  }

  /// The earliest moment at which the unit may be asked.
  var askableAt: Instant {
    switch state {
    case .up: .distantPast
    case .suspect(_, _, let retryAt): retryAt
    case .lost(_, let probeAt): probeAt
    }
  }

  /// From here on a loss might still be told; marks may not pass it.
  public var doubtfulSince: Instant? {
    if case .suspect(let since, _, _) = state { return since }
    return nil
  }

  /// Whether the unit has failed since it last answered.
  var isFailing: Bool {
    switch state {
    case .up: false
    case .suspect(_, let failures, _): failures > 0
    case .lost: true
    }
  }

  /// Failures in a row of a unit that is not lost.
  var failuresInARow: Int {
    if case .suspect(_, let failures, _) = state { return failures }
    return 0
  }

  var isLost: Bool {
    if case .lost = state { return true }
    return false
  }

  mutating func answered() -> Change {
    defer { state = .up }
    backoff.reset()
    if case .lost(let since, _) = state { return .restored(lostSince: since) }
    return .none
  }

  mutating func failed(at now: Instant, using generator: inout some RandomNumberGenerator) -> Change
  {
    switch state {
    case .up:
      state = .suspect(since: now, failures: 1, retryAt: now + retry)
      return .none
    case .suspect(let since, let failures, _):
      guard failures + 1 >= PollingLimits.failuresUntilLost else {
        state = .suspect(since: since, failures: failures + 1, retryAt: now + retry)
        return .none
      }
      state = .lost(since: since, probeAt: nextProbe(now, since, using: &generator))
      return .lost(since: since)
    case .lost(let since, _):
      state = .lost(since: since, probeAt: nextProbe(now, since, using: &generator))
      return .none
    }
  }

  private mutating func nextProbe(
    _ now: Instant, _ since: Instant, using generator: inout some RandomNumberGenerator
  ) -> Instant {
    let longest = max(PollingLimits.probeFloor, (now - since) / 2)
    return now + min(backoff.next(using: &generator), longest)
  }

  /// The link broke: nothing is known from now on.
  mutating func linkBroke(at now: Instant) {
    if case .up = state { state = .suspect(since: now, failures: 0, retryAt: now) }
  }

  /// The link cannot be opened: the unit is out of reach.
  mutating func linkRefused(at now: Instant) -> Change {
    switch state {
    case .up:
      state = .lost(since: now, probeAt: now)
      return .lost(since: now)
    case .suspect(let since, _, _):
      state = .lost(since: since, probeAt: now)
      return .lost(since: since)
    case .lost:
      return .none
    }
  }

  /// The link is open again: worth one request now, whatever the interval had grown to (F12).
  mutating func linkOpened(at now: Instant) {
    switch state {
    case .up: break
    case .suspect(let since, let failures, _):
      state = .suspect(since: since, failures: failures, retryAt: now)
    case .lost(let since, _):
      state = .lost(since: since, probeAt: now)
    }
  }
}
