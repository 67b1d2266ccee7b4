// The judge's view of counters: which pieces were made, when, and what is said of a counter that
// did something other than count.
//
// From which text each rule comes
// - Booked once, never taken back; noise returns to the old line; what goes on from the new value,
//   or stays there, is believed; a climb that the machine could have made is a reset: head of
//   Counter, F49. What a rate delivers: CounterLimits.
// - A rollover against a reset by width and rate; after time in which nobody looked only from the
//   upper half; with the PLC away it must show something, and no more than the rate to the second.
// - Made while nobody looked: `recovered`, from the moment of the last look (point 4 of the issue).
// - A bit that was low before a gap and is high after it has risen once: head of CounterPulse.
// Fitted to what is told: the last look is the one that found the register gone, not the one that
// read it last; a fall to more than the time could deliver books nothing until it counts on.
// It has the whole list of readings, and looks ahead in it to see how an excursion ends.

import Machines
import Primitives
import Signals

/// Pieces of one counter that were believed at one moment.
struct JudgeBooking: Equatable {
  var at: Int64
  var role: CountRole
  var pieces: Int64
  /// Nobody looked since then while they were made.
  var recoveredFrom: Int64?
  var verdict: CounterAnomaly.Verdict?
}

/// What is told of a counter that did not just count.
struct JudgeVerdict: Equatable, CustomStringConvertible {
  var at: Int64
  var signal: SignalID
  var before: UInt64
  var after: UInt64
  var verdict: CounterAnomaly.Verdict
  var booked: Int64

  var description: String {
    "\(at) \(signal.index) \(before)->\(after) \(verdict) booked \(booked)"
  }
}

/// One reading of a counter.
private struct JudgeReading {
  var scan: Int
  var at: Int64
  /// A value that counts up.
  var value: UInt64
  /// When nobody could read it any more before this reading; nil when it was read all the time.
  var gapFrom: Int64?
  /// The device itself was away in that gap.
  var away: Bool
}

struct JudgeCounter {
  let role: CountRole
  let rules: CounterRules
  let end: Int64
  private(set) var bookings: [JudgeBooking] = []
  private(set) var verdicts: [JudgeVerdict] = []
  /// Scans at which it shows that something was made, or may have been.
  private(set) var moves: Set<Int> = []
  private var readings: [JudgeReading] = []

  init(_ counter: RoleCounter, _ life: JudgeLife) {
    (role, rules, end) = (counter.role, counter.rules, life.end - 10)
    readings = Self.readings(counter.rules, life)
    rules.source == .pulse ? judgePulses() : judgeRegister()
  }

  private static func readings(_ rules: CounterRules, _ life: JudgeLife) -> [JudgeReading] {
    let scans = life.scans
    var readings: [JudgeReading] = []
    var (gapFrom, away): (Int64?, Bool) = (nil, false)
    for (index, scan) in scans.enumerated() {
      if scan.restarted, index > 0 {
        gapFrom = gapFrom ?? scans[index - 1].at
        // What made the computer begin anew may have made the PLC do so.
        away = away || scan.rebooted
      }
      let contact = life.answers(rules.signal, scan)
      guard contact, case .integer(let shown)? = scan.value(of: rules.signal) else {
        (gapFrom, away) = (gapFrom ?? scan.at, away || !contact)
        continue
      }
      let value = UInt64(clamping: shown)
      readings.append(
        JudgeReading(
          scan: index, at: scan.at, value: rules.direction == .up ? value : rules.highest - value,
          gapFrom: gapFrom, away: away))
      (gapFrom, away) = (nil, false)
    }
    return readings
  }

  // MARK: Pulses

  private mutating func judgePulses() {
    for (before, now) in zip(readings, readings.dropFirst()) where before.value == 0 {
      guard now.value != 0 else { continue }
      moves.insert(now.scan)
      book(now.at, 1, from: now.gapFrom)
    }
  }

  // MARK: Registers

  private mutating func judgeRegister() {
    var index = 1
    guard var trusted = readings.first else { return }
    while index < readings.count {
      let (last, now) = (readings[index - 1], readings[index])
      let from = now.gapFrom
      if now.value >= trusted.value,
        rules.piecesPerSecond == nil || now.value - trusted.value <= most(last.at, now.at)
      {
        if now.value > trusted.value { moves.insert(now.scan) }
        book(now.at, now.value - trusted.value, from: from)
      } else if let counts = rolledOver(trusted.value, last.at, now) {
        moves.insert(now.scan)
        let pieces = book(now.at, counts, from: from, .rollover)
        tell(now.at, trusted.value, now.value, .rollover, pieces)
      } else {
        index = follow(index, from: trusted.value, stood: last.at)
        trusted = readings[min(index, readings.count - 1)]
        if index < readings.count, isLeft { trusted.value = leftAt }
        if isLeft { continue }
      }
      if index < readings.count { trusted = readings[index] }
      index += 1
    }
  }

  /// The excursion ended before the reading that was returned, at this value.
  private var isLeft = false
  private var leftAt: UInt64 = 0

  /// Follows an excursion that begins with a reading to its end, and returns the reading that it
  /// ended with; `isLeft` if it ended before that.
  private mutating func follow(_ first: Int, from old: UInt64, stood: Int64) -> Int {
    let start = readings[first]
    let falls = start.value < old
    let deadline = start.at + CounterLimits.suspicion.wholeMilliseconds
    var strange = start.value
    var gapFrom = start.gapFrom
    if !falls || strange > 0 { moves.insert(start.scan) }
    isLeft = false
    for index in first + 1..<max(first + 1, readings.count) where readings[index].at <= deadline {
      let (last, now) = (readings[index - 1], readings[index])
      if falls, now.gapFrom != nil, now.value < strange {
        settle(now.at, old, strange, falls, stood, start.at, from: gapFrom)
        (isLeft, leftAt) = (true, strange)
        return index
      }
      if now.value != strange { gapFrom = gapFrom ?? now.gapFrom }
      if now.value == strange { continue }
      moves.insert(now.scan)
      if now.value > strange, now.value - strange <= climb(last.at, now.at) {
        settle(now.at, old, strange, falls, stood, start.at, from: gapFrom)
        book(now.at, now.value - strange, from: gapFrom)
        return index
      }
      if now.value >= old, now.value - old <= most(stood, now.at) {
        if now.value == old { moves.remove(now.scan) }
        book(now.at, now.value - old, from: gapFrom)
        tell(now.at, old, strange, .implausible, 0)
        return index
      }
      strange = now.value
    }
    let next = readings.firstIndex { $0.at > deadline } ?? readings.count
    if deadline <= end {
      settle(deadline, old, strange, falls, stood, start.at, from: gapFrom)
    }
    (isLeft, leftAt) = (true, strange)
    return next
  }

  /// A fall was a reset: what it shows was counted since, as far as there was time for that.
  private mutating func settle(
    _ at: Int64, _ old: UInt64, _ strange: UInt64, _ falls: Bool, _ stood: Int64, _ fell: Int64,
    from: Int64?
  ) {
    let counts = falls && strange <= most(stood, fell) ? strange : 0
    let pieces = book(at, counts, from: from, falls ? .reset : nil)
    tell(at, old, strange, falls ? .reset : .implausible, pieces)
  }

  // MARK: What a machine can do

  private func counts(_ rate: Double, _ from: Int64, _ to: Int64) -> UInt64 {
    UInt64(max(0, rate * Double(to - from) / 1000 / Double(rules.piecesPerCount)))
  }

  private func most(_ from: Int64, _ to: Int64) -> UInt64 {
    let rate = rules.piecesPerSecond ?? CounterLimits.assumedPiecesPerSecond
    return counts(rate * CounterLimits.rateMargin, from, to) + CounterLimits.slackCounts
  }

  private func climb(_ from: Int64, _ to: Int64) -> UInt64 {
    rules.piecesPerSecond == nil ? CounterLimits.slackCounts : most(from, to)
  }

  private func rolledOver(_ old: UInt64, _ stood: Int64, _ now: JudgeReading) -> UInt64? {
    guard now.value < old else { return nil }
    let turned = rules.highest - old + now.value + 1
    if now.gapFrom != nil, old <= rules.highest / 2 { return nil }
    if now.away {
      let rate = rules.piecesPerSecond ?? CounterLimits.assumedPiecesPerSecond
      guard now.value > 0, turned <= counts(rate, stood, now.at) else { return nil }
    }
    if rules.piecesPerSecond != nil { return turned <= most(stood, now.at) ? turned : nil }
    let (top, bottom) = (CounterLimits.nearTopShare, CounterLimits.nearZeroShare)
    let highest = Double(rules.highest)
    return Double(old) >= top * highest && Double(now.value) <= bottom * highest ? turned : nil
  }

  // MARK: Telling

  @discardableResult
  private mutating func book(
    _ at: Int64, _ counts: UInt64, from: Int64?, _ verdict: CounterAnomaly.Verdict? = nil
  ) -> Int64 {
    let pieces = Int64(counts) * rules.piecesPerCount
    if pieces > 0 || verdict != nil {
      bookings.append(
        JudgeBooking(at: at, role: role, pieces: pieces, recoveredFrom: from, verdict: verdict))
    }
    return pieces
  }

  private mutating func tell(
    _ at: Int64, _ before: UInt64, _ after: UInt64, _ verdict: CounterAnomaly.Verdict,
    _ booked: Int64
  ) {
    func shown(_ value: UInt64) -> UInt64 {
      rules.direction == .up ? value : rules.highest - value
    }
    verdicts.append(
      JudgeVerdict(
        at: at, signal: rules.signal, before: shown(before), after: shown(after), verdict: verdict,
        booked: booked))
  }
}

/// All counters of a life.
struct JudgeCounts {
  let counters: [JudgeCounter]
  /// By signal: the scans at which something was made.
  var moves: [SignalID: Set<Int>] = [:]
  /// By signal: how many counts came at which time.
  var counts: [SignalID: [Int64: Int64]] = [:]
  var bookings: [JudgeBooking] { counters.flatMap(\.bookings).sorted { $0.at < $1.at } }
  var verdicts: [JudgeVerdict] { counters.flatMap(\.verdicts).sorted { $0.at < $1.at } }

  init(_ life: JudgeLife) {
    counters = life.counters.map { JudgeCounter($0, life) }
    for counter in counters { add(counter) }
    // A signal that only evidence watches is followed by its bare values.
    for signal in [Cell.count, Cell.pulse] where moves[signal] == nil {
      let rules =
        signal == Cell.pulse
        ? CounterRules(pulse: signal) : CounterRules(signal: signal, bits: 64)
      add(JudgeCounter(RoleCounter(.good, rules), life))
    }
  }

  private mutating func add(_ counter: JudgeCounter) {
    let signal = counter.rules.signal
    moves[signal] = counter.moves
    for booking in counter.bookings {
      counts[signal, default: [:]][booking.at, default: 0] +=
        booking.pieces / max(1, counter.rules.piecesPerCount)
    }
  }
}
