// Totals while the wall clock is wrong, jumps, or was never set; over years; and over restarts.

import Machines
import Primitives
import Testing

private func at(_ minute: Int) -> Instant { Instant(nanoseconds: Int64(minute) * 60_000_000_000) }

/// A clock that says a time at boot, with what is known of it.
private func clock(
  _ text: String, _ quality: ClockQuality = .synchronised, boot: String = "boot-1"
) throws -> ClockReading {
  ClockReading(monotonic: .boot, wall: try wall(text), quality: quality, bootID: boot)
}

private func calendar() throws -> WorkCalendar {
  let all = Set(Weekday.allCases)
  return WorkCalendar(
    CalendarRules(
      name: "c", zone: try Zones.zone(Zones.berlin), dayStart: 360,
      shifts: [
        ShiftDefinition("early", ClockSpan(start: 360, end: 840), days: all),
        ShiftDefinition("late", ClockSpan(start: 840, end: 1320), days: all),
        ShiftDefinition("night", ClockSpan(start: 1320, end: 360), days: all),
      ]))
}

@Suite struct `Totals and the clock` {
  @Test func `F40: a start in 1970 is the unknown shift, and is booked anew when the clock is set`()
    throws
  {
    let unset = try clock("1970-01-01T00:00:00.000Z", .neverset)
    // Really the gateway booted at 13:50 local time, ten minutes before the shifts change.
    let set = try clock("2026-06-01T11:50:00.000Z")
    var (late, right) = (
      Totals(calendar: try calendar(), start: at(0)), Totals(calendar: try calendar(), start: at(0))
    )
    let reason = StopReason(.unplanned, code: 7, text: "jam")
    let inputs: [TotalsInput] = [
      .order(TotalsOrder(key: "1/10", idealNanoseconds: 5), at: at(0)),
      .activity(.running, at: at(1)),
      .stopStarted(id: "s", reason, at: at(8)), .activity(.fault, at: at(8)),
      .counted(Quantities(good: 70), from: at(1), to: at(8)),
      .stopEnded(id: "s", reason, at: at(13)), .activity(.running, at: at(13)),
      .counted(Quantities(good: 20), from: at(13), to: at(15)),
    ]
    for input in inputs {
      _ = late.take(input, reading: unset)
      _ = right.take(input, reading: set)
    }
    #expect(late.shift?.scope == .unknown && late.day?.scope == .unknown)
    #expect(late.shift?.sums.good == 90 && late.nextDeadline(reading: unset) == nil)
    let told = late.advance(to: at(20), reading: set)
    _ = right.advance(to: at(20), reading: set)
    let day = try date("2026-06-01")
    #expect(told.contains { $0.scope == .shift(name: "early", date: day) })
    #expect(late.previousShift?.sums.good == 70 && late.shift?.sums.good == 20)
    #expect(late.snapshot(reading: set) == right.snapshot(reading: set))
  }

  @Test func `what a clock that was never set leaves behind a restart stays unknown`() throws {
    let unset = try clock("1970-01-01T00:00:00.000Z", .neverset)
    var totals = Totals(calendar: try calendar(), start: at(0))
    _ = totals.take(.activity(.running, at: at(0)), reading: unset)
    _ = totals.advance(to: at(30), reading: unset)
    var now = unset
    now.monotonic = at(30)
    let next = try clock("2026-06-01T07:00:00.000Z", boot: "boot-2")
    var resumed = try Totals(
      calendar: try calendar(), snapshot: totals.snapshot(reading: now), reading: next)
    let told = resumed.advance(to: at(10), reading: next)
    #expect(told.first?.scope == .unknown && told.first?.sums.wholeMilliseconds ?? 0 >= 1_800_000)
    #expect(resumed.shift?.sums.busy(.running) == 600_000)
  }

  @Test func `more than can be kept stays unknown, and nothing is lost`() throws {
    let unset = try clock("1970-01-01T00:00:00.000Z", .neverset)
    let set = try clock("2026-06-01T05:00:00.000Z")
    var totals = Totals(calendar: try calendar(), start: at(0))
    let count = TotalsLimits.deferred + 50
    for minute in 0..<count {
      let pieces = Quantities(good: 1)
      _ = totals.take(
        .counted(pieces, from: at(minute), to: at(minute + 1)), reading: unset)
    }
    var buckets: [Int64: TotalsBucket] = [:]
    for bucket in totals.advance(to: at(count), reading: set) { buckets[bucket.number] = bucket }
    if let shift = totals.shift { buckets[shift.number] = shift }
    let shifts = buckets.values.filter { bucket in
      if case .day = bucket.scope { false } else { true }
    }
    let unknown = shifts.filter { $0.scope == .unknown }
    // The unknown bucket is closed in both lists, with the same sums.
    #expect(unknown.count == 2)
    let known = shifts.filter { $0.scope != .unknown }
    let pieces = known.reduce(0) { $0 + $1.sums.good } + (unknown.first?.sums.good ?? 0)
    #expect(pieces == Int64(count))
  }

  @Test func `a step forward over a boundary closes the shift at the moment of the step`() throws {
    let before = try clock("2026-06-01T05:00:00.000Z")
    let after = try clock("2026-06-01T12:00:00.000Z")
    var totals = Totals(calendar: try calendar(), start: at(0))
    _ = totals.take(.activity(.running, at: at(0)), reading: before)
    _ = totals.advance(to: at(60), reading: before)
    let told = totals.advance(to: at(70), reading: after)
    #expect(told.count == 1 && told.first?.sums.busy(.running) == 3_600_000)
    #expect(totals.shift?.scope == .shift(name: "late", date: try date("2026-06-01")))
    #expect(totals.shift?.sums.busy(.running) == 600_000)
  }

  @Test func `a step back into a shift that is kept opens it again, a small one does not`() throws {
    let before = try clock("2026-06-01T11:55:00.000Z")
    var totals = Totals(calendar: try calendar(), start: at(0))
    _ = totals.take(.activity(.running, at: at(0)), reading: before)
    _ = totals.advance(to: at(6), reading: before)
    let day = try date("2026-06-01")
    #expect(totals.shift?.scope == .shift(name: "late", date: day))
    // 59 s back from a minute after the boundary and half: still the late shift.
    let slewed = try clock("2026-06-01T11:53:10.000Z")
    #expect(totals.advance(to: at(6), reading: slewed).isEmpty)
    #expect(totals.shift?.scope == .shift(name: "late", date: day))
    let back = try clock("2026-06-01T10:55:00.000Z")
    let told = totals.advance(to: at(16), reading: back)
    #expect(told.map(\.scope) == [.shift(name: "late", date: day)])
    #expect(totals.shift?.scope == .shift(name: "early", date: day))
    #expect(totals.shift?.sums.busy(.running) == 900_000)
    let again = totals.advance(to: at(66), reading: back)
    #expect(again.map(\.scope) == [.shift(name: "early", date: day)])
    #expect(again.first?.sums.busy(.running) == 3_840_000)
    #expect(totals.shift?.sums.busy(.running) == 120_000)
  }

  @Test(arguments: [
    "2027-12-31T00:00:00.000Z", "2028-02-28T00:00:00.000Z", "2038-01-18T12:00:00.000Z",
    "2100-02-27T00:00:00.000Z", "2026-03-28T00:00:00.000Z", "2026-10-24T00:00:00.000Z",
  ])
  func `three days over any date are nine shifts and their real lengths`(start: String) throws {
    let reading = try clock(start)
    var totals = Totals(calendar: try calendar(), start: at(0))
    var told = totals.advance(to: at(0), reading: reading)
    for minute in stride(from: 0, through: 3 * 1440, by: 7) {
      told += totals.advance(to: at(minute), reading: reading)
    }
    let shifts = told.filter { bucket in
      if case .shift = bucket.scope { true } else { false }
    }
    #expect(shifts.count == 9)
    for (left, right) in zip(shifts, shifts.dropFirst()) {
      #expect(left.until == right.from)
      let span = right.until.map { $0.instant - right.from.instant }
      #expect(span?.wholeMilliseconds == right.sums.wholeMilliseconds)
    }
    let lengths = Set(shifts.dropFirst().map { $0.sums.wholeMilliseconds / 3_600_000 })
    switch start.prefix(7) {
    case "2026-03": #expect(lengths == [7, 8])
    case "2026-10": #expect(lengths == [8, 9])
    case _: #expect(lengths == [8])
    }
  }

  @Test func `years without a call are bounded, and no reading is a trap`() throws {
    let reading = try clock("2026-06-01T11:55:00.000Z")
    var totals = Totals(calendar: try calendar(), start: at(0))
    _ = totals.advance(to: at(60 * 24 * 200), reading: reading)
    #expect(totals.shift?.from.wall.text.hasPrefix("2026-12-18") == true)
    for wall in [Int64.min, .max, 0] {
      for moment in [Instant.distantPast, .distantFuture, .boot] {
        var strange = Totals(calendar: try calendar(), start: at(0))
        let odd = ClockReading(
          monotonic: moment, wall: WallTime(milliseconds: wall), quality: .held, bootID: "x")
        _ = strange.take(.activity(.running, at: at(1)), reading: odd)
        _ = strange.advance(to: at(2), reading: odd)
        _ = strange.nextDeadline(reading: odd)
        _ = strange.snapshot(reading: odd)
      }
    }
  }

  @Test func `a snapshot with any change is read or refused, never a trap`() throws {
    let reading = try clock("2026-06-01T11:55:00.000Z")
    var totals = Totals(calendar: try calendar(), start: at(0))
    _ = totals.take(.activity(.running, at: at(0)), reading: reading)
    let reason = StopReason(.unplanned, code: 7, text: "jam")
    _ = totals.take(.stopStarted(id: "s", reason, at: at(3)), reading: reading)
    _ = totals.take(.activity(.fault, at: at(3)), reading: reading)
    _ = totals.take(.order(TotalsOrder(key: "1/10"), at: at(4)), reading: reading)
    let snapshot = totals.snapshot(reading: reading)
    var generator = SeededGenerator(seed: 9)
    for _ in 0..<800 {
      var bytes = snapshot
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let digits = Array("0123456789-[]{},\":null".utf8)
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] =
          digits[Int.random(in: 0..<digits.count, using: &generator)]
      }
      guard
        var changed = try? Totals(calendar: try calendar(), snapshot: bytes, reading: reading)
      else { continue }
      _ = changed.take(.activity(.running, at: at(5)), reading: reading)
      _ = changed.take(.stopEnded(id: "s", reason, at: at(6)), reading: reading)
      #expect(changed.shift?.sums.kpis.count == KPIName.allCases.count)
    }
    #expect(throws: TotalsFault.unknownVersion(nil)) {
      try Totals(calendar: try calendar(), snapshot: Array("{}".utf8), reading: reading)
    }
  }
}
