// How a counter judges a reading: a count, a rollover, a reset, or nothing to believe yet (F49).
//
// Values here count up and points are as `Counter` keeps them; a report shows what the register
// showed. The invariants stand at the head of `Counter`.

import Primitives
import Signals

extension Counter {
  mutating func judge(
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

  mutating func resolve(
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

  mutating func believe(_ suspicion: CounterSuspicion, into tally: inout Tally) {
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

  mutating func book(_ counts: UInt64, at: Instant, into tally: inout Tally) {
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
        signal: rules.signal, before: shown(before.value), after: shown(after.value),
        verdict: verdict,
        booked: pieces(booked), notBooked: pieces(notBooked)))
  }
}

extension Counter {
  var anyRate: Double { rules.piecesPerSecond ?? CounterLimits.assumedPiecesPerSecond }

  func pieces(_ counts: UInt64) -> Int64 {
    max(0, saturating(counts, times: rules.piecesPerCount))
  }

  /// Most counts that a rate allows between two points, with a margin and some slack.
  func bound(_ rate: Double, since: CounterPoint, until: CounterPoint) -> UInt64 {
    let counts = strictBound(rate * CounterLimits.rateMargin, since: since, until: until)
    let (sum, overflow) = counts.addingReportingOverflow(CounterLimits.slackCounts)
    return overflow ? .max : sum
  }

  /// Most counts that a rate allows between two points.
  func strictBound(
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
  func couldClimb(from strange: CounterPoint, to now: CounterPoint) -> Bool {
    bound(rules.piecesPerSecond ?? 0, since: strange, until: now) >= now.value - strange.value
  }

  /// What a reset leaves out if it was a rollover after all; 0 when it cannot have been one.
  func piecesOfRollover(_ before: CounterPoint, _ after: CounterPoint) -> UInt64 {
    guard let rate = rules.piecesPerSecond, before.value <= rules.highest,
      before.at != .distantPast
    else { return 0 }
    let (missing, overflow) = (rules.highest - before.value).addingReportingOverflow(1)
    let isPossible = !overflow && missing <= bound(rate, since: before, until: after)
    return isPossible ? missing : 0
  }

  /// The counts of a rollover; nil when it cannot have been one.
  func rolledOver(
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
