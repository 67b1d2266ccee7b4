// A counter that is a bit: its rising edges count.
//
// Invariants
// - An edge is one count; the level at the first reading is the baseline.
// - After a time in which nobody looked, a bit that was low and is high has risen at least once:
//   one count, as recovered. More cannot be known, and is not guessed; the lost contact is told.
// - Edges faster than the declared rate allows are bouncing: they are not booked, and told together
//   `CounterLimits.suspicion` after the first, `before` 0 and `after` their number. Without a rate
//   the debounce of the signal is all that stands against it.
// - The rate is held as one number, the time up to which the pulses believed so far would take at
//   that rate; a pulse is too early when that lies `CounterLimits.pulseBurst` pulses ahead.

package import Primitives

/// Pulses that nobody believes, since the first of them.
package struct PulseSurplus: Equatable, Sendable {
  package var pulses: UInt64
  package var since: Instant
}

extension Counter {
  mutating func readPulse(_ isOn: Bool, at: Instant) -> Tally {
    var tally = Tally(recoveredFrom: interrupted)
    let now = CounterPoint(value: isOn ? 1 : 0, at: at)
    if case .trusted(let last) = line {
      if interrupted != nil { stoodThrough = false }
      if last.value == 0, isOn {
        if keepsPace(at) {
          book(1, at: at, into: &tally)
        } else {
          let pulses = surplus?.pulses ?? 0
          surplus = PulseSurplus(
            pulses: pulses == .max ? .max : pulses + 1, since: surplus?.since ?? at)
        }
      }
    } else {
      movedAt = at
    }
    line = .trusted(now)
    interrupted = nil
    deviceWasAway = false
    return tally
  }

  /// Whether the machine can have made this pulse; one that it can have made takes its time.
  private mutating func keepsPace(_ at: Instant) -> Bool {
    guard let rate = rules.piecesPerSecond, rate > 0 else { return true }
    let pulsesPerSecond = rate * CounterLimits.rateMargin / Double(max(1, rules.piecesPerCount))
    let period = Int64(min(1e9 / pulsesPerSecond, 1e18))
    let (ahead, tooFar) = period.multipliedReportingOverflow(by: CounterLimits.pulseBurst)
    let from = max(pacedUntil, at)
    guard tooFar || from.nanoseconds(since: at) <= ahead else { return false }
    pacedUntil = from.advanced(nanoseconds: period)
    return true
  }

  mutating func tellSurplus(_ told: PulseSurplus, into tally: inout Tally) {
    surplus = nil
    tally.anomalies.append(
      CounterAnomaly(
        signal: rules.signal, before: 0, after: told.pulses, verdict: .implausible, booked: 0,
        notBooked: pieces(told.pulses)))
  }
}
