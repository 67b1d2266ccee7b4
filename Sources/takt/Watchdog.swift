// Feeds systemd's watchdog as long as every thread makes turns, and calls it when one does not.
//
// Invariants
// - Told that all is well is only what is: every thread has made a turn since the last time, or is
//   within the time that its turn may last: a unit that may take a minute to answer is no reason to
//   be killed.
// - A thread that hangs is ended within systemd's time and not within that and a half: pings alone
//   would let it live until the ping that was sent just after it began to hang has grown old.
// - Threads come and go with the configuration: one that has ended is not asked for.

import LinuxEdge
import Primitives

/// What is to be told to systemd.
enum WatchdogWord: Equatable {
  case nothing
  /// Every thread makes its turns.
  case alive
  /// The thread of this name makes none.
  case hangs(String)
}

/// Watches the turns of the threads.
struct Watchdog {
  /// How often turns are counted; it is known to so much when a thread began to hang.
  static let interval = Duration.seconds(1)

  /// How far a thread was when it was last seen to have moved.
  private struct Sight {
    var counter: TurnCounter
    var turns: Int
    var at: Instant
  }

  private let period: Duration?
  private var pingAt: Instant
  private var lookAt: Instant
  private var seen: [Sight] = []

  /// `period` is half of the time that systemd allows; nil where nobody watches.
  init(_ period: Duration?, _ now: Instant) {
    self.period = period
    pingAt = now
    lookAt = now
  }

  /// Looks at the turns, when it is time to.
  mutating func look(_ counters: [TurnCounter], _ now: Instant) -> WatchdogWord {
    guard let period, now >= lookAt else { return .nothing }
    lookAt = now + interval(period)
    seen = counters.map { counter in
      let turns = counter.value
      guard let before = seen.first(where: { $0.counter === counter }), before.turns == turns
      else { return Sight(counter: counter, turns: turns, at: now) }
      return before
    }
    // It may have begun to hang just before it was seen to move, and just after that.
    let patience = period * 2 - interval(period)
    for sight in seen where now - sight.at >= max(patience, sight.counter.longestTurn) {
      return .hangs(sight.counter.name)
    }
    guard now >= pingAt else { return .nothing }
    pingAt = now + period
    return seen.allSatisfy { now - $0.at <= max(period, $0.counter.longestTurn) }
      ? .alive : .nothing
  }

  /// Looks are four times as often as pings where systemd allows little.
  private func interval(_ period: Duration) -> Duration { min(Self.interval, period / 4) }

  /// When to look again.
  func next(_ now: Instant) -> Instant {
    period == nil ? now + RunLimits.mainIdle : min(lookAt, now + RunLimits.mainIdle)
  }
}
