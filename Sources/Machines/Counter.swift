// One register that counts pieces: what a new reading adds, and what is not believed (F49).
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

  package init(rules: CounterRules) { self.rules = rules }

  /// When an excursion is believed unless it returns.
  package var deadline: Instant? {
    if case .suspected(let suspicion) = line {
      suspicion.since + CounterLimits.suspicion
    } else {
      nil
    }
  }

  /// Whether a value lies above the last one: a count, and no reset or noise that fell.
  func climbs(to value: UInt64?) -> Bool {
    guard let value else { return false }
    return switch line {
    case .unseen: false
    case .trusted(let last): value > last.value
    case .suspected(let suspicion):
      value > suspicion.suspect.value
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

  /// Takes a reading; `looked` is when its unit was last known to have been read.
  package mutating func read(_ value: UInt64, at: Instant, looked: Instant) -> Tally {
    var tally = Tally(recoveredFrom: interrupted)
    let now = CounterPoint(value: value, at: at)
    switch line {
    case .unseen:
      line = .trusted(now)
      movedAt = at
    case .trusted(var last):
      if interrupted != nil { stoodThrough = value == last.value }
      if last.at != .distantPast {
        last.at = max(last.at, interrupted?.instant ?? min(looked, at))
      }
      judge(from: last, to: now, into: &tally)
    case .suspected(let suspicion):
      tally.recoveredFrom = suspicion.recoveredFrom ?? interrupted
      let fell = suspicion.suspect.value < suspicion.trusted.value
      if interrupted != nil, fell, value < suspicion.suspect.value {
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

  /// The excursion did not return in time: believes it.
  package mutating func settle() -> Tally {
    var tally = Tally()
    if case .suspected(let suspicion) = line {
      tally.recoveredFrom = suspicion.recoveredFrom
      believe(suspicion, into: &tally)
    }
    return tally
  }
}

extension Counter {
  private mutating func judge(
    from last: CounterPoint, to now: CounterPoint, into tally: inout Tally
  ) {
    if now.value == last.value {
      line = .trusted(now)
    } else if now.value > last.value {
      let counts = now.value - last.value
      if let rate = rules.piecesPerSecond, counts > bound(rate, since: last, until: now) {
        suspect(last, now, tally)
      } else {
        line = .trusted(now)
        book(counts, at: now.at, into: &tally)
      }
    } else if let counts = rolledOver(from: last, to: now, interrupted: interrupted != nil) {
      line = .trusted(now)
      book(counts, at: now.at, into: &tally)
      tally.rollover = true
      report(.rollover, last, now, booked: counts, notBooked: 0, into: &tally)
    } else {
      suspect(last, now, tally)
      if now.value > 0 { move(at: now.at, into: &tally) }
    }
  }

  private mutating func suspect(_ last: CounterPoint, _ now: CounterPoint, _ tally: Tally) {
    line = .suspected(
      CounterSuspicion(
        trusted: last, suspect: now, since: now.at, recoveredFrom: tally.recoveredFrom))
  }

  private mutating func resolve(
    _ suspicion: CounterSuspicion, to now: CounterPoint, into tally: inout Tally
  ) {
    let (before, strange) = (suspicion.trusted, suspicion.suspect)
    if now.value == strange.value { return }
    let goesOn = now.value > strange.value && couldClimb(from: strange, to: now)
    let returns =
      now.value >= before.value
      && now.value - before.value <= bound(anyRate, since: before, until: now)
    if !goesOn && returns {
      line = .trusted(now)
      let away = strange.value < before.value ? strange.value : strange.value - before.value
      report(.implausible, before, strange, booked: 0, notBooked: away, into: &tally)
      book(now.value - before.value, at: now.at, into: &tally)
    } else if strange.value > before.value, now.value < before.value {
      let away = strange.value - before.value
      report(.implausible, before, strange, booked: 0, notBooked: away, into: &tally)
      judge(from: before, to: now, into: &tally)
    } else if goesOn || (now.value > strange.value && now.value < before.value) {
      believe(suspicion, into: &tally)
      judge(from: strange, to: now, into: &tally)
    } else {
      // Neither the old line nor the new one: it goes on wandering, under the first deadline.
      var wandering = suspicion
      wandering.suspect = now
      line = .suspected(wandering)
    }
  }

  private mutating func believe(_ suspicion: CounterSuspicion, into tally: inout Tally) {
    let (before, strange) = (suspicion.trusted, suspicion.suspect)
    line = .trusted(strange)
    if strange.value > before.value {
      let away = strange.value - before.value
      report(.implausible, before, strange, booked: 0, notBooked: away, into: &tally)
      return
    }
    tally.reset = true
    if strange.value <= bound(anyRate, since: before, until: strange) {
      let more = piecesOfRollover(before, strange)
      report(.reset, before, strange, booked: strange.value, notBooked: more, into: &tally)
      tally.pieces = saturating(tally.pieces, plus: pieces(strange.value))
    } else {
      report(.reset, before, strange, booked: 0, notBooked: strange.value, into: &tally)
    }
  }

  private mutating func book(_ counts: UInt64, at: Instant, into tally: inout Tally) {
    guard counts > 0 else { return }
    tally.pieces = saturating(tally.pieces, plus: pieces(counts))
    move(at: at, into: &tally)
  }

  private mutating func move(at: Instant, into tally: inout Tally) {
    tally.moved = true
    movedAt = at
    movedUnseen = tally.recoveredFrom != nil
    stoodThrough = false
  }

  private func report(
    _ verdict: CounterAnomaly.Verdict, _ before: CounterPoint, _ after: CounterPoint,
    booked: UInt64, notBooked: UInt64, into tally: inout Tally
  ) {
    tally.anomalies.append(
      CounterAnomaly(
        signal: rules.signal, before: before.value, after: after.value, verdict: verdict,
        booked: pieces(booked), notBooked: pieces(notBooked)))
  }
}

extension Counter {
  private var anyRate: Double { rules.piecesPerSecond ?? CounterLimits.assumedPiecesPerSecond }

  private func pieces(_ counts: UInt64) -> Int64 {
    max(0, saturating(counts, times: rules.piecesPerCount))
  }

  /// Most counts that a rate allows between two points, with a margin and some slack.
  private func bound(_ rate: Double, since: CounterPoint, until: CounterPoint) -> UInt64 {
    let counts = strictBound(rate * CounterLimits.rateMargin, since: since, until: until)
    let (sum, overflow) = counts.addingReportingOverflow(CounterLimits.slackCounts)
    return overflow ? .max : sum
  }

  /// Most counts that a rate allows between two points.
  private func strictBound(
    _ rate: Double, since: CounterPoint, until: CounterPoint
  ) -> UInt64 {
    guard since.at != .distantPast else { return .max }
    let seconds = Double(max(0, until.at.nanoseconds(since: since.at))) / 1e9
    let perCount = Double(max(1, rules.piecesPerCount))
    let counts = rate / perCount * seconds
    guard counts.isFinite, counts >= 0, counts < 9e18 else { return .max }
    return UInt64(counts)
  }

  /// Whether the machine can have counted on from a strange value; without a declared rate only
  /// the slack is believed, so that a return to the old line is not taken for production.
  private func couldClimb(from strange: CounterPoint, to now: CounterPoint) -> Bool {
    bound(rules.piecesPerSecond ?? 0, since: strange, until: now) >= now.value - strange.value
  }

  /// What a reset leaves out if it was a rollover after all; 0 when it cannot have been one.
  private func piecesOfRollover(_ before: CounterPoint, _ after: CounterPoint) -> UInt64 {
    guard let rate = rules.piecesPerSecond, before.value <= rules.highest,
      before.at != .distantPast
    else { return 0 }
    let (missing, overflow) = (rules.highest - before.value).addingReportingOverflow(1)
    let isPossible = !overflow && missing <= bound(rate, since: before, until: after)
    return isPossible ? missing : 0
  }

  /// The counts of a rollover; nil when it cannot have been one.
  private func rolledOver(
    from last: CounterPoint, to now: CounterPoint, interrupted: Bool
  ) -> UInt64? {
    guard last.value <= rules.highest else { return nil }
    let (counts, overflow) = (rules.highest - last.value).addingReportingOverflow(now.value + 1)
    guard !overflow else { return nil }
    if interrupted, last.value < rules.highest / 2 { return nil }
    if deviceWasAway, now.value == 0 { return nil }
    if let rate = rules.piecesPerSecond, last.at != .distantPast {
      let most =
        deviceWasAway
        ? strictBound(rate, since: last, until: now) : bound(rate, since: last, until: now)
      return counts <= most ? counts : nil
    }
    let highest = Double(rules.highest)
    let nearTop = Double(last.value) >= highest * CounterLimits.nearTopShare
    let nearZero = Double(now.value) <= highest * CounterLimits.nearZeroShare
    return nearTop && nearZero ? counts : nil
  }
}
