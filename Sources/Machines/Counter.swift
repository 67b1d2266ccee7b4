// One counter of pieces: what a new reading adds, and what is not believed (F49).
//
//   unseen ──first reading──▶ trusted ──fall or impossible jump──▶ suspected
//                               ▲                                      │
//                               └── returned, believed or timed out ───┘
//
// Invariants
// - A piece is booked once. Nothing is ever taken back, so nothing doubtful is booked at once.
// - A fall that is no rollover, and a jump beyond the declared rate, are only *suspected*: the
//   point before is kept. If the counter returns to its old line (at or above the old value, within
//   what the time could deliver), the excursion was noise: the pieces above the old value are
//   booked and the anomaly says that the excursion was not. If it goes on from the new value, or
//   stays there for `CounterLimits.suspicion`, it is believed: a fall was a reset and books what
//   was counted since it; a jump books nothing.
// - What is suspected is told when it is decided, with that time: as a rule with the next count,
//   and `CounterLimits.suspicion` after the fall where none comes; until then nobody knows.
// - A climb from the fallen value that the machine could have made is always a reset, never noise:
//   PLCs are restarted far more often than they misread.
// - After time in which nobody looked, a fall is a rollover only from the upper half of the range:
//   a PLC restarted over night must not become 65 000 pieces that nobody made. If the PLC itself
//   was away, it must also show something, and no more than the declared rate allows to the second:
//   a PLC that lost its power near the top of its range is commoner than an unseen rollover.
// - A fall that was still doubted when reading was interrupted is believed if the next reading is
//   lower still: two restarts of a PLC are two resets, and each is told.
// - The time between two readings is measured from when the old value was last known to stand (the
//   unit's last mark), not from when it was last told: readings are told only when they change.
// - A register that counts down is looked at upside down, so that it climbs like any other; what is
//   told of it is what it showed.

package import Primitives
import Signals

/// What one step of a counter says.
package struct Tally: Equatable, Sendable {
  /// Pieces to book, never negative.
  package var pieces: Int64 = 0
  /// When set, nobody looked since then while the pieces were made.
  package var recoveredFrom: Stamp?
  package var rollover = false
  package var reset = false
  /// The machine made something, or may have.
  package var moved = false
  package var anomalies: [CounterAnomaly] = []
}

/// A value and the last moment at which it was known to stand.
package struct CounterPoint: Equatable, Sendable {
  package var value: UInt64
  /// `distantPast` when nobody can tell how long ago it was.
  package var at: Instant
}

/// An excursion that is not believed yet.
package struct CounterSuspicion: Equatable, Sendable {
  package var trusted: CounterPoint
  package var suspect: CounterPoint
  package var since: Instant
  package var recoveredFrom: Stamp?
}

/// One counter and what is known of it.
package struct Counter: Equatable, Sendable {
  package enum Line: Equatable, Sendable {
    /// Never read: the first reading is the baseline and books nothing.
    case unseen
    /// The last reading is believed.
    case trusted(CounterPoint)
    /// The last reading contradicts the one before.
    case suspected(CounterSuspicion)
  }

  package let rules: CounterRules
  package let role: CountRole
  package var line: Line = .unseen
  /// When reading it was interrupted; nil while it is read.
  package var interrupted: Stamp?
  /// The device was away while it was interrupted, and may have started anew.
  package var deviceWasAway = false
  /// When it last showed that something was made, or was first read.
  package var movedAt: Instant = .distantPast
  /// The first reading after an interruption showed the value of before: nothing was made in it.
  package var stoodThrough = false
  /// Nobody looked when it moved last: `movedAt` is when it was noticed.
  package var movedUnseen = false

  /// Pulses that came faster than the machine can work, to be told together.
  package var surplus: PulseSurplus?
  /// Up to when pulses at the highest rate would take; see `PulseSurplus`.
  var pacedUntil: Instant = .distantPast
  /// It shows more than its declared highest, and that was told.
  var isBeyond = false

  package init(rules: CounterRules, role: CountRole = .good) {
    (self.rules, self.role) = (rules, role)
  }

  /// When what is doubted must be settled unless it clears up before; the end of time for never.
  package var deadline: Instant {
    var earliest = surplus.map { $0.since + CounterLimits.suspicion } ?? .distantFuture
    if case .suspected(let suspicion) = line {
      earliest = min(earliest, suspicion.since + CounterLimits.suspicion)
    }
    return earliest
  }

  /// Whether a value lies above the last one: a count, and no reset or noise that fell.
  func climbs(to shown: UInt64?) -> Bool {
    guard let value = shown.map(upright) else { return false }
    return switch line {
    case .unseen: false
    case .trusted(let last): value > last.value
    case .suspected(let suspicion):
      value > suspicion.suspect.value
    }
  }

  /// The last reading, believed or not, as a value that counts up; nil before the first.
  var last: UInt64? {
    switch line {
    case .unseen: nil
    case .trusted(let point): point.value
    case .suspected(let suspicion): suspicion.suspect.value
    }
  }

  /// It has been read, and is being read.
  var isRead: Bool { line != .unseen && interrupted == nil }

  /// Nobody can read it from now on; the device itself is away, or only the gateway.
  package mutating func interrupt(at: Stamp, deviceIsAway: Bool) {
    guard line != .unseen else { return }
    if interrupted == nil { interrupted = at }
    deviceWasAway = deviceWasAway || deviceIsAway
  }

  /// The pieces of a reading that needs no judgement, because it was read before and climbs as it
  /// may; nil for any other, which is then as if it had not been tried.
  mutating func climb(to shown: UInt64, at: Instant, looked: Instant) -> Int64? {
    guard case .trusted(var last) = line, interrupted == nil, rules.source == .register
    else { return nil }
    if rules.direction == .down, shown > rules.highest || isBeyond { return nil }
    let value = upright(shown)
    guard value >= last.value else { return nil }
    let counts = value - last.value
    if counts > CounterLimits.slackCounts, let rate = rules.piecesPerSecond {
      if last.at != .distantPast { last.at = max(last.at, min(looked, at)) }
      guard counts <= bound(rate, since: last, until: CounterPoint(value: value, at: at)) else {
        return nil
      }
    }
    line = .trusted(CounterPoint(value: value, at: at))
    guard counts > 0 else { return 0 }
    (movedAt, movedUnseen, stoodThrough) = (at, false, false)
    return pieces(counts)
  }

  /// Takes a reading; `looked` is when its unit was last known to have been read.
  package mutating func read(_ shown: UInt64, at: Instant, looked: Instant) -> Tally {
    if rules.source == .pulse { return readPulse(shown != 0, at: at) }
    var tally = Tally(recoveredFrom: interrupted)
    let now = CounterPoint(value: upright(shown), at: at)
    notice(shown, into: &tally)
    switch line {
    case .unseen:
      line = .trusted(now)
      movedAt = at
    case .trusted(var last):
      if interrupted != nil { stoodThrough = now.value == last.value }
      if last.at != .distantPast {
        last.at = max(last.at, interrupted?.instant ?? min(looked, at))
      }
      judge(from: last, to: now, into: &tally)
    case .suspected(let suspicion):
      if interrupted != nil { stoodThrough = now.value == suspicion.trusted.value }
      tally.recoveredFrom = suspicion.recoveredFrom ?? interrupted
      let fell = suspicion.suspect.value < suspicion.trusted.value
      if interrupted != nil, fell, now.value < suspicion.suspect.value {
        believe(suspicion, into: &tally)
        judge(from: suspicion.suspect, to: now, into: &tally)
      } else {
        resolve(suspicion, to: now, into: &tally)
      }
    }
    interrupted = nil
    deviceWasAway = false
    return tally
  }

  /// What was doubted did not clear up in time: believes it, and tells it.
  package mutating func settle(until moment: Instant) -> Tally {
    var tally = Tally()
    if case .suspected(let suspicion) = line,
      suspicion.since + CounterLimits.suspicion <= moment
    {
      tally.recoveredFrom = suspicion.recoveredFrom
      believe(suspicion, into: &tally)
    }
    if let surplus, surplus.since + CounterLimits.suspicion <= moment {
      tellSurplus(surplus, into: &tally)
    }
    return tally
  }

  /// A value as one that counts up.
  func upright(_ shown: UInt64) -> UInt64 {
    switch rules.direction {
    case .up: shown
    case .down: rules.highest - min(shown, rules.highest)
    }
  }

  /// What the register shows for a value that counts up.
  func shown(_ value: UInt64) -> UInt64 {
    switch rules.direction {
    case .up: value
    case .down: rules.highest - min(value, rules.highest)
    }
  }

  /// A register that counts down from above its declared highest hides pieces: told once.
  private mutating func notice(_ shown: UInt64, into tally: inout Tally) {
    guard rules.direction == .down else { return }
    let wasBeyond = isBeyond
    isBeyond = shown > rules.highest
    guard isBeyond, !wasBeyond else { return }
    tally.anomalies.append(
      CounterAnomaly(
        signal: rules.signal, before: rules.highest, after: shown, verdict: .implausible,
        booked: 0, notBooked: 0))
  }
}
