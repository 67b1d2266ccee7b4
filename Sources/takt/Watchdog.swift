// Feeds systemd's watchdog as long as every thread makes turns.

import LinuxEdge
import Primitives

/// Feeds systemd's watchdog while every thread moves, or is within the time that its turn may last:
/// a unit that may take a minute to answer is no reason to be killed.
///
/// Threads come and go with the configuration: one that has ended is not asked for.
struct Watchdog {
  /// How far a thread was when it was last seen to have moved.
  private struct Sight {
    var counter: TurnCounter
    var turns: Int
    var at: Instant
  }

  private let daemon: Daemon
  private let period: Duration?
  private var due: Instant
  private var seen: [Sight] = []

  init(_ daemon: Daemon, _ period: Duration?) {
    self.daemon = daemon
    self.period = period
    due = daemon.clock.now()
  }

  /// True when it is time to tell that all is well, and all is well.
  mutating func isDue(_ now: Instant) -> Bool {
    guard let period, now >= due else { return false }
    due = now + period
    var isWell = true
    seen = daemon.counters.map { counter in
      let turns = counter.value
      guard let before = seen.first(where: { $0.counter === counter }), before.turns == turns
      else { return Sight(counter: counter, turns: turns, at: now) }
      if now - before.at > counter.longestTurn { isWell = false }
      return before
    }
    return isWell
  }

  func next(_ now: Instant) -> Instant {
    period == nil ? now + RunLimits.mainIdle : min(due, now + RunLimits.mainIdle)
  }
}
