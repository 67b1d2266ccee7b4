// Calendars: random ones against the naive walk over every minute of weeks in which the clock is
// changed; the cases by hand; and the sentences of the checker.

import Machines
import Primitives
import Testing

private let workdays: Set<Weekday> = [.monday, .tuesday, .wednesday, .thursday, .friday]

/// Three shifts on workdays, nights starting Sunday to Thursday too.
private func threeShifts() throws -> CalendarRules {
  CalendarRules(
    name: "hall-1", zone: try Zones.zone(Zones.berlin), dayStart: 6 * 60,
    shifts: [
      ShiftDefinition(
        "early", ClockSpan(start: 360, end: 840), days: workdays,
        breaks: [BreakDefinition("breakfast", ClockSpan(start: 540, end: 555))]),
      ShiftDefinition("late", ClockSpan(start: 840, end: 1320), days: workdays),
      ShiftDefinition(
        "night", ClockSpan(start: 1320, end: 360), days: [.saturday, .sunday, .monday],
        breaks: [BreakDefinition("meal", ClockSpan(start: 60, end: 90))]),
    ])
}

@Suite struct `A calendar` {
  @Test(arguments: Zones.rules)
  func `says of every minute what the naive walk says, and its boundaries are where that changes`(
    rule: String
  ) throws {
    let zone = try Zones.zone(rule)
    var generator = SeededGenerator(seed: UInt64(rule.utf8.count))
    for _ in 0..<3 {
      let any = Int64.random(in: 1_700_000_000...4_000_000_000, using: &generator)
      let somewhere = WallTime(milliseconds: any * 1000)
      let change = zone.change(after: somewhere) ?? somewhere
      let rules = RandomCalendar.make(zone, around: zone.civil(change).date, using: &generator)
      let calendar = WorkCalendar(rules)
      let start = change.milliseconds / 60_000 - 7 * 1440
      let naive = MinuteCalendar(rules, start: start, minutes: 15 * 1440)
      // The first and last days of the window lack shifts that the walk has not seen.
      var minute = 4 * 1440
      while minute < 11 * 1440 {
        let moment = WallTime(milliseconds: (start + Int64(minute)) * 60_000)
        let expected = naive.answer(at: minute)
        #expect(calendar.span(at: moment).answer == expected, "\(moment.text) \(rules)")
        guard calendar.span(at: moment).answer == expected else { return }
        let boundary = calendar.boundary(after: moment)
        #expect(boundary > moment)
        let next = Int(boundary.milliseconds / 60_000 - start)
        for within in minute..<min(next, 11 * 1440) {
          guard naive.answer(at: within) != expected else { continue }
          Issue.record("no boundary at minute \(within - minute) after \(moment.text) \(rules)")
          return
        }
        if next < 11 * 1440 { #expect(naive.answer(at: next) != expected, "\(boundary.text)") }
        minute = next
      }
    }
  }

  @Test func `a night shift of eight hours lasts seven or nine when the clock is changed`() throws {
    let calendar = WorkCalendar(try threeShifts())
    for (text, hours) in [
      ("2026-03-28T23:00:00.000Z", 7), ("2026-10-24T23:00:00.000Z", 9),
      ("2026-06-06T23:00:00.000Z", 8),
    ] {
      let shift = try #require(calendar.shift(at: try wall(text)))
      #expect(shift.name == "night" && shift.date.weekday == .saturday)
      #expect(shift.end.milliseconds - shift.start.milliseconds == Int64(hours) * 3_600_000)
    }
  }

  @Test func `a shift in the skipped hour does not take place, one in the doubled hour does once`()
    throws
  {
    var rules = try threeShifts()
    rules.shifts = [
      ShiftDefinition("short", ClockSpan(start: 125, end: 175), days: Set(Weekday.allCases))
    ]
    let calendar = WorkCalendar(rules)
    #expect(calendar.boundary(after: try wall("2026-03-28T22:59:00.000Z")).text.contains("T04:00"))
    var moment = try wall("2026-03-29T00:00:00.000Z")
    while moment < (try wall("2026-03-29T12:00:00.000Z")) {
      #expect(calendar.shift(at: moment) == nil)
      moment = calendar.boundary(after: moment)
    }
    let doubled = try #require(calendar.shift(at: try wall("2026-10-25T00:30:00.000Z")))
    #expect(doubled.end == (try wall("2026-10-25T00:55:00.000Z")))
    #expect(calendar.shift(at: try wall("2026-10-25T01:30:00.000Z")) == nil)
  }

  @Test func `holidays, extra shifts and cancellations hold for the date on which a shift starts`()
    throws
  {
    var rules = try threeShifts()
    rules.holidays = [
      Holiday(try date("2026-12-25"), "Christmas"),
      Holiday(try date("2026-12-24"), "Christmas Eve", .from(600)),
    ]
    let extra = ShiftDefinition("extra", ClockSpan(start: 480, end: 720), days: [])
    rules.exceptions = [
      .extra(try date("2026-12-25"), extra),
      .cancelled(try date("2026-12-28"), shift: "late"),
    ]
    let calendar = WorkCalendar(rules)
    for (text, shift, planned) in [
      ("2026-12-24T08:59:00.000Z", "early", nil),
      ("2026-12-24T09:00:00.000Z", nil, PlannedStop.holiday("Christmas Eve")),
      ("2026-12-25T06:00:00.000Z", nil, .holiday("Christmas")),
      ("2026-12-25T08:00:00.000Z", "extra", nil),
      ("2026-12-25T23:30:00.000Z", nil, .noShift),
      ("2026-12-28T14:00:00.000Z", nil, .noShift), ("2026-12-28T21:30:00.000Z", "night", nil),
      ("2026-12-28T08:05:00.000Z", "early", .pause("breakfast")),
      ("2026-12-29T00:10:00.000Z", "night", .pause("meal")),
    ] as [(String, String?, PlannedStop?)] {
      let span = calendar.span(at: try wall(text))
      #expect(span.shift?.name == shift && span.planned == planned, "\(text)")
    }
  }

  @Test func `production days bear their first or their last date, and know leap days`() throws {
    var rules = try threeShifts()
    let moment = try wall("2028-02-29T04:59:59.999Z")
    #expect(WorkCalendar(rules).day(at: moment).text == "2028-02-28")
    #expect(WorkCalendar(rules).boundary(after: moment) == (try wall("2028-02-29T05:00:00.000Z")))
    #expect(
      WorkCalendar(rules).day(at: try wall("2028-02-29T05:00:00.000Z")).text == "2028-02-29")
    #expect(
      WorkCalendar(rules).day(at: try wall("2028-03-01T04:59:59.999Z")).text == "2028-02-29")
    rules.dayLabel = .ofEnd
    #expect(WorkCalendar(rules).day(at: moment).text == "2028-02-29")
  }

  @Test(arguments: [
    "2037-12-30T00:00:00.000Z", "2038-01-18T00:00:00.000Z", "2099-12-28T00:00:00.000Z",
    "2100-02-26T00:00:00.000Z", "2199-12-30T00:00:00.000Z",
  ])
  func `boundaries strictly increase over the ends of years and of 32 bits`(text: String) throws {
    let calendar = WorkCalendar(try threeShifts())
    var moment = try wall(text)
    let end = moment.milliseconds + 7 * 86_400_000
    var count = 0
    while moment.milliseconds < end {
      let next = calendar.boundary(after: moment)
      #expect(next > moment && calendar.span(at: next).from == next)
      moment = next
      count += 1
    }
    #expect(count >= 20)
  }

  @Test func `no moment and no strange number is a trap`() throws {
    var rules = try threeShifts()
    for strange in [Int.min, -1, 1440, .max] {
      rules.dayStart = strange
      rules.shifts.append(
        ShiftDefinition(
          "x", ClockSpan(start: strange, end: strange), days: workdays,
          breaks: [BreakDefinition("y", ClockSpan(start: strange, end: 0))]))
      rules.holidays.append(Holiday(try date("2026-03-02"), "z", .from(strange)))
      let calendar = WorkCalendar(rules)
      for moment in [Int64.min, 0, 1_772_438_400_000, .max] {
        _ = calendar.boundary(after: WallTime(milliseconds: moment))
      }
      #expect(!rules.findings.isEmpty)
    }
  }
}

@Suite struct `The checker of calendars` {
  private func texts(_ change: (inout CalendarRules) throws -> Void) throws -> [String] {
    var rules = try threeShifts()
    try change(&rules)
    return rules.findings.map { "\($0.severity.rawValue): \($0.text)" }
  }

  @Test func `tells the gaps of a week as notes`() throws {
    #expect(
      try texts { _ in } == [
        "note: calendar hall-1: no shift from Tuesday 22:00 to Wednesday 06:00",
        "note: calendar hall-1: no shift from Wednesday 22:00 to Thursday 06:00",
        "note: calendar hall-1: no shift from Thursday 22:00 to Friday 06:00",
        "note: calendar hall-1: no shift from Friday 22:00 to Saturday 22:00",
        "note: calendar hall-1: no shift from Sunday 06:00 to Sunday 22:00",
      ])
  }

  @Test func `tells overlaps, over the end of the week as well`() throws {
    let found = try texts { rules in
      rules.shifts[2].span.end = 390
      rules.shifts[2].days = [.sunday]
    }
    #expect(
      found.first
        == "mistake: calendar hall-1: shifts night and early overlap from Monday 06:00 to "
        + "Monday 06:30; end one where the other starts")
    #expect(found.contains { $0.contains("shift night, 22:00-06:30, runs past 06:00") })
  }

  @Test(arguments: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  func `tells each mistake with what to do`(index: Int) throws {
    let cases: [(String, (inout CalendarRules) throws -> Void)] = [
      ("shift early is declared twice; give each its own name", { $0.shifts.append($0.shifts[0]) }),
      ("shift early has no days; say on which it starts", { $0.shifts[0].days = [] }),
      (
        "break breakfast, 05:00-05:15, is not within shift early, 06:00-14:00; "
          + "move it or the shift",
        { $0.shifts[0].breaks[0].span = ClockSpan(start: 300, end: 315) }
      ),
      (
        "breaks breakfast and tea of shift early overlap; join them",
        { $0.shifts[0].breaks.append(BreakDefinition("tea", ClockSpan(start: 550, end: 560))) }
      ),
      ("the production day starts at minute 1440; say 00:00 to 23:59", { $0.dayStart = 1440 }),
      ("shift early: a time is beyond 00:00 to 23:59", { $0.shifts[0].span.end = 1441 }),
      (
        "2026-12-25 is a holiday twice; the first one counts",
        {
          $0.holidays = [
            Holiday(try date("2026-12-25"), "a"), Holiday(try date("2026-12-25"), "b"),
          ]
        }
      ),
      (
        "2026-12-25 cancels shift x, which is not declared",
        { $0.exceptions = [.cancelled(try date("2026-12-25"), shift: "x")] }
      ),
      (
        "maintenance oil from 2026-12-25 01:00 until 2026-12-25 00:00 ends before it begins",
        {
          let day = try date("2026-12-25")
          $0.maintenance = [
            MaintenanceInterval(
              "oil", from: CivilTime(day, minute: 60), until: CivilTime(day, minute: 0))
          ]
        }
      ),
      (
        "17 shifts, 16 are allowed; leave some out",
        { $0.shifts = Array(repeating: $0.shifts[0], count: 17) }
      ),
    ]
    #expect(try texts(cases[index].1).contains("mistake: calendar hall-1: \(cases[index].0)"))
  }
}
