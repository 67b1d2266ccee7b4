// What failing requests of units that are not lost may take of a bus.
//
// A unit that fails now and then is never lost, and each of its timeouts is time that its
// neighbours do not get. What it may cost is what the bus leaves idle, and `failureShare` of the
// time beyond that; so the others keep their rate, however many units are like that (F3, F4).
//
// Invariants
// - Only units in doubt wait: those that failed and answered again lately. Who has just begun to
//   fail is asked until it is known whether it is lost, and who only refuses costs nothing.
// - A line with room pays at once: there, a unit in doubt keeps its full rate.
// - After any failure the next request is a price away at most, so nobody waits for ever.

import Primitives

/// The account of a bus from which failures are paid.
struct FailureBudget: Sendable {
  /// Below zero, units in doubt wait; in nanoseconds.
  private var balance = PollingLimits.failureBurst.nanoseconds
  private var until = Instant.distantPast

  /// The bus was used from one moment to another, and idle since the last time.
  mutating func used(from started: Instant, to ended: Instant) {
    let burst = PollingLimits.failureBurst.nanoseconds
    // More than what is paid for at once need not be counted: no sum can overflow.
    let most = burst * PollingLimits.failureShare
    let idle = min(max(0, started.nanoseconds(since: until)), most)
    let passed = min(max(0, ended.nanoseconds(since: until)), most)
    let debt = max(balance, -LineTiming.longest)
    balance = min(debt + idle + passed / PollingLimits.failureShare, burst)
    until = max(until, ended)
  }

  /// A request failed, and took so long.
  mutating func spend(_ cost: Duration) {
    let price = LineTiming.bounded(cost)
    balance = max(balance - price, -price)
  }

  /// When a unit in doubt may be asked, if the bus stays idle until then.
  var availableAt: Instant {
    balance >= 0 ? .distantPast : until.advanced(nanoseconds: -balance)
  }
}

/// Whether a unit fails now and then: what it has to answer until it is believed again.
struct UnitDoubt: Sendable {
  private var answersOwed = 0

  var isPresent: Bool { answersOwed > 0 }

  /// It answered, after so many failures in a row.
  mutating func answered(afterFailures failures: Int) {
    if failures > 0 {
      answersOwed = min(
        answersOwed + PollingLimits.answersPerFailure, PollingLimits.answersPerFailure * 3)
    } else {
      answersOwed = max(0, answersOwed - 1)
    }
  }
}
