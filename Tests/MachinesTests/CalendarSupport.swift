// Zones made of a POSIX rule, and a calendar asked minute by minute, naively: written from what the
// calendar promises, it walks a window of minutes and knows no spans.

import Machines
import Primitives
import Testing

enum Zones {
  /// A zone that follows a POSIX rule alone, as the bytes of a TZif file.
  static func zone(_ rule: String) throws -> TimeZoneRules {
    func number(_ value: UInt8) -> [UInt8] { [0, 0, 0, value] }
    let header =
      Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15) + [0, 0, 0, 0, 1, 4].flatMap(number)
    let block = header + [0, 0, 0, 0, 0, 0] + Array("UTC\0".utf8)
    return try TimeZoneRules(name: rule, bytes: block + block + Array("\n\(rule)\n".utf8))
  }

  static let berlin = "CET-1CEST,M3.5.0,M10.5.0/3"
  static let rules = [
    berlin, "EST5EDT,M3.2.0,M11.1.0", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "UTC0",
    // Changes at midnight, as Cuba does; and a change of three hours.
    "CST5CDT,M3.2.0/0,M11.1.0/1", "<+00>0<+03>-3,M4.1.0,M9.5.0/3",
  ]
}

func wall(_ text: String) throws -> WallTime { try #require(WallTime(text: text)) }

func date(_ text: String) throws -> CivilDate { try #require(CivilDate(text: text)) }

/// The answer of a calendar at one minute.
struct MinuteAnswer: Equatable {
  var shift: String?
  var day: CivilDate
  var planned: PlannedStop?
}

/// A calendar walked minute by minute over a window.
struct MinuteCalendar {
  let rules: CalendarRules
  let start: Int64
  /// What the clock shows at each minute, and the furthest that it has shown so far.
  private let shown: [CivilTime]
  private let furthest: [CivilTime]
  private var taken: [(start: Int, end: Int, date: CivilDate, shift: ShiftDefinition)] = []

  init(_ rules: CalendarRules, start: Int64, minutes: Int) {
    self.rules = rules
    self.start = start
    shown = (0..<minutes).map {
      rules.zone.civil(WallTime(milliseconds: (start + Int64($0)) * 60_000))
    }
    var furthest: [CivilTime] = []
    for time in shown { furthest.append(max(furthest.last ?? time, time)) }
    self.furthest = furthest
    var day = shown[0].date.advanced(days: -2)
    while day <= shown[minutes - 1].date.advanced(days: 1) {
      for (shift, extra) in declared(on: day) {
        var from = shift.span.start
        var until = from < shift.span.end ? shift.span.end : shift.span.end + 1440
        if !extra {
          for holiday in rules.holidays where holiday.date == day {
            switch holiday.extent {
            case .wholeDay: until = from
            case .from(let minute): until = min(until, minute)
            case .until(let minute): from = max(from, minute)
            }
          }
        }
        let (first, last) = (self.first(day, from), self.first(day, until))
        if from < until, first < last { taken.append((first, last, day, shift)) }
      }
      day = day.advanced(days: 1)
    }
  }

  private func declared(on day: CivilDate) -> [(ShiftDefinition, Bool)] {
    let extras = rules.exceptions.compactMap { exception in
      if case .extra(day, let shift) = exception { shift } else { nil }
    }
    let usual = rules.shifts.filter { shift in
      shift.days.contains(day.weekday) && !extras.contains { $0.name == shift.name }
        && !rules.exceptions.contains(.cancelled(day, shift: shift.name))
    }
    return usual.map { ($0, false) } + extras.map { ($0, true) }
  }

  /// The first minute at which the clock shows this or later.
  private func first(_ day: CivilDate, _ minute: Int) -> Int {
    let time = CivilTime(day, minute: minute)
    var (low, high) = (0, furthest.count)
    while low < high {
      let middle = (low + high) / 2
      if furthest[middle] >= time { high = middle } else { low = middle + 1 }
    }
    return low
  }

  func answer(at minute: Int) -> MinuteAnswer {
    var running: (start: Int, place: Int)?
    for (place, shift) in taken.enumerated() where shift.start <= minute {
      if (running.map { ($0.start, $0.place) } ?? (-1, -1)) <= (shift.start, place) {
        running = (shift.start, place)
      }
    }
    let shift = running.map { taken[$0.place] }.flatMap { minute < $0.end ? $0 : nil }
    var day = shown[minute].date.advanced(days: -3)
    while first(day.advanced(days: 1), rules.dayStart) <= minute { day = day.advanced(days: 1) }
    var planned: PlannedStop?
    if let shift {
      for pause in shift.shift.breaks.reversed() {
        let from = pause.span.start + (pause.span.start < shift.shift.span.start ? 1440 : 0)
        let length = (pause.span.end - pause.span.start + 1439) % 1440 + 1
        if first(shift.date, from) <= minute, minute < first(shift.date, from + length) {
          planned = .pause(pause.name)
        }
      }
      for work in rules.maintenance.reversed() {
        let from = first(work.from.date, work.from.minuteOfDay)
        if from <= minute, minute < first(work.until.date, work.until.minuteOfDay) {
          planned = .maintenance(work.name)
        }
      }
    } else {
      let name = rules.holidays.first { $0.date == shown[minute].date }?.name
      planned = name.map { .holiday($0) } ?? .noShift
    }
    if rules.dayLabel == .ofEnd { day = day.advanced(days: 1) }
    return MinuteAnswer(
      shift: shift.map { "\($0.shift.name) \($0.date.text)" }, day: day, planned: planned)
  }
}

extension CalendarSpan {
  var answer: MinuteAnswer {
    MinuteAnswer(shift: shift.map { "\($0.name) \($0.date.text)" }, day: day, planned: planned)
  }
}

/// Calendars by chance: overlapping, with gaps, with everything that can be declared.
enum RandomCalendar {
  static func make(
    _ zone: TimeZoneRules, around day: CivilDate, using generator: inout SeededGenerator
  ) -> CalendarRules {
    func clock(_ generator: inout SeededGenerator) -> Int {
      Int.random(in: 0..<288, using: &generator) * 5
    }
    func near(_ generator: inout SeededGenerator) -> CivilDate {
      day.advanced(days: Int64.random(in: -4...4, using: &generator))
    }
    func shift(_ name: String, using generator: inout SeededGenerator) -> ShiftDefinition {
      let span = ClockSpan(start: clock(&generator), end: clock(&generator))
      let days = Weekday.allCases.filter { _ in Int.random(in: 0..<4, using: &generator) > 0 }
      let breaks = (0..<Int.random(in: 0...2, using: &generator)).map { index in
        let into = Int.random(in: 0..<span.minutes, using: &generator)
        let length = Int.random(in: 1...45, using: &generator)
        let start = span.start + into
        return BreakDefinition(
          "break \(index)", ClockSpan(start: start % 1440, end: (start + length) % 1440))
      }
      return ShiftDefinition(name, span, days: Set(days), breaks: breaks)
    }
    var rules = CalendarRules(name: "random", zone: zone, dayStart: clock(&generator))
    if Bool.random(using: &generator) { rules.dayLabel = .ofEnd }
    for index in 0..<Int.random(in: 1...4, using: &generator) {
      rules.shifts.append(shift("shift \(index)", using: &generator))
    }
    for index in 0..<Int.random(in: 0...2, using: &generator) {
      let extents: [Holiday.Extent] = [
        .wholeDay, .from(clock(&generator)), .until(clock(&generator)),
      ]
      let extent = extents[Int.random(in: 0..<3, using: &generator)]
      let date = near(&generator)
      if rules.holidays.contains(where: { $0.date == date }) { continue }
      rules.holidays.append(Holiday(date, "holiday \(index)", extent))
    }
    for index in 0..<Int.random(in: 0...2, using: &generator) {
      let extra = shift("shift \(index + 1)", using: &generator)
      rules.exceptions.append(
        Bool.random(using: &generator)
          ? .extra(near(&generator), extra) : .cancelled(near(&generator), shift: extra.name))
    }
    for index in 0..<Int.random(in: 0...2, using: &generator) {
      let from = CivilTime(near(&generator), minute: clock(&generator))
      let minutes = Int.random(in: 1...2000, using: &generator)
      rules.maintenance.append(
        MaintenanceInterval(
          "work \(index)", from: from,
          until: CivilTime(from.date, minute: from.minuteOfDay + minutes)))
    }
    return rules
  }
}
