// What a declared calendar says of moments: which shift, which production day, whether a stop is
// planned, and until when all of that stays so.
//
// Invariants
// - Every moment lies in exactly one span, spans follow each other without gap or overlap, and each
//   is longer than nothing: `span(at:).until` is always later than the moment.
// - A moment is in at most one shift. Where declared shifts overlap, the one that starts later ends
//   the earlier one; of two that start together the one declared later counts, an extra one last.
// - Local times become moments by the rule of `TimeZoneRules.moment(of:)`: a night shift of eight
//   hours on the face lasts seven or nine when the clock is changed, what begins in a skipped hour
//   begins with the change, and what would end before it begins does not take place.
// - It is a function of the rules and the moment alone, for moments within four-digit years.

public import Primitives

/// One shift as it takes place.
public struct ShiftOccurrence: Equatable, Hashable, Sendable {
  public var name: String
  /// The date on which it starts, by the local clock.
  public var date: CivilDate
  public var start: WallTime
  /// The first moment that is no longer in it.
  public var end: WallTime

  public init(name: String, date: CivilDate, start: WallTime, end: WallTime) {
    self.name = name
    self.date = date
    self.start = start
    self.end = end
  }
}

/// Why nobody is meant to work at a moment.
public enum PlannedStop: Equatable, Hashable, Sendable {
  case maintenance(String)
  case pause(String)
  case holiday(String)
  /// No shift runs.
  case noShift
}

/// A stretch of time in which the calendar says one thing.
public struct CalendarSpan: Equatable, Sendable {
  public var from: WallTime
  /// The first moment of the next span.
  public var until: WallTime
  /// The shift that runs; nil between shifts.
  public var shift: ShiftOccurrence?
  /// The date that the production day bears.
  public var day: CivilDate
  /// Nil while work is planned.
  public var planned: PlannedStop?
}

/// A calendar that can be asked.
public struct WorkCalendar: Equatable, Sendable {
  public let rules: CalendarRules
  private let holidays: [CivilDate: Holiday]
  private let exceptions: [CivilDate: [CalendarException]]
  private let maintenance: [(name: String, from: WallTime, until: WallTime)]

  public init(_ rules: CalendarRules) {
    self.rules = rules
    holidays = Dictionary(rules.holidays.map { ($0.date, $0) }) { first, _ in first }
    exceptions = Dictionary(grouping: rules.exceptions, by: \.date)
    maintenance = rules.maintenance.map {
      ($0.name, rules.zone.moment(of: $0.from), rules.zone.moment(of: $0.until))
    }
  }

  public static func == (left: WorkCalendar, right: WorkCalendar) -> Bool {
    left.rules == right.rules
  }

  /// The span in which a moment lies.
  public func span(at moment: WallTime) -> CalendarSpan {
    let moment = min(max(moment, .earliest), .latest)
    var around = Around(from: .earliest, until: .latest, moment: moment)
    let today = rules.zone.civil(moment).date
    let shifts = occurrences(around: today)
    var running: ShiftOccurrence?
    var breaks: [(name: String, from: WallTime, until: WallTime)] = []
    for (shift, definition) in shifts {
      around.cut(shift.start)
      around.cut(shift.end)
      guard shift.start <= moment, moment < shift.end else { continue }
      running = shift
      breaks = self.breaks(of: shift, definition)
    }
    let day = productionDay(of: moment, today, &around)
    var planned: PlannedStop?
    if running == nil {
      planned = .noShift
      // A holiday lasts from midnight to midnight, where no shift runs.
      for offset in -1...1 as ClosedRange<Int64> {
        let date = today.advanced(days: offset)
        around.cut(rules.zone.moment(of: CivilTime(date, minute: 0)))
      }
      if let holiday = holidays[today] { planned = .holiday(holiday.name) }
    }
    for pause in breaks where around.contains(pause.from, pause.until) && planned == nil {
      planned = .pause(pause.name)
    }
    var isMaintained = false
    for interval in maintenance where around.contains(interval.from, interval.until) {
      guard running != nil, !isMaintained else { continue }
      isMaintained = true
      planned = .maintenance(interval.name)
    }
    return CalendarSpan(
      from: around.from, until: max(around.until, WallTime(milliseconds: moment.milliseconds + 1)),
      shift: running, day: day, planned: planned)
  }

  /// The shift that runs at a moment; nil between shifts.
  public func shift(at moment: WallTime) -> ShiftOccurrence? { span(at: moment).shift }

  /// The date of the production day of a moment.
  public func day(at moment: WallTime) -> CivilDate { span(at: moment).day }

  /// The first moment after another at which the shift, the day or the plan changes.
  public func boundary(after moment: WallTime) -> WallTime {
    let now = span(at: moment)
    var next = span(at: now.until)
    // Edges that change nothing (a break that touches the next) are passed over, within a bound.
    for _ in 0..<Self.passedOver
    where next.until < .latest && next.shift == now.shift && next.day == now.day
      && next.planned == now.planned
    {
      next = span(at: next.until)
    }
    return next.from
  }

  private static let passedOver = 64

  /// The production day of a moment, whose edges are cut.
  private func productionDay(
    of moment: WallTime, _ today: CivilDate, _ around: inout Around
  ) -> CivilDate {
    var found = today
    for offset in -CalendarLimits.reach...CalendarLimits.reach {
      let date = today.advanced(days: offset)
      let start = rules.zone.moment(of: CivilTime(date, minute: rules.dayStart))
      around.cut(start)
      if start <= moment { found = date }
    }
    switch rules.dayLabel {
    case .ofStart: return found
    case .ofEnd: return found.advanced(days: 1)
    }
  }

  /// The shifts that start on the days around a date, in order and without overlap.
  func occurrences(around date: CivilDate) -> [(ShiftOccurrence, ShiftDefinition)] {
    var all: [(shift: ShiftOccurrence, definition: ShiftDefinition)] = []
    for offset in -CalendarLimits.reach...CalendarLimits.reach {
      all += starting(on: date.advanced(days: offset))
    }
    // Stable: of two that start together the later one in the list stays the later one.
    let order = all.indices.sorted {
      (all[$0].shift.start, $0) < (all[$1].shift.start, $1)
    }
    var kept: [(ShiftOccurrence, ShiftDefinition)] = []
    for (place, index) in order.enumerated() {
      var (shift, definition) = all[index]
      if place + 1 < order.count {
        shift.end = min(shift.end, all[order[place + 1]].shift.start)
      }
      if shift.start < shift.end { kept.append((shift, definition)) }
    }
    return kept
  }

  /// The shifts of a date that last longer than nothing.
  private func starting(on date: CivilDate) -> [(ShiftOccurrence, ShiftDefinition)] {
    let special = exceptions[date] ?? []
    var definitions: [(ShiftDefinition, isExtra: Bool)] = []
    let weekday = date.weekday
    for shift in rules.shifts where shift.days.contains(weekday) {
      let isOff = special.contains { exception in
        switch exception {
        case .cancelled(_, let name): name == shift.name
        case .extra(_, let extra): extra.name == shift.name
        }
      }
      if !isOff { definitions.append((shift, false)) }
    }
    for case .extra(_, let shift) in special { definitions.append((shift, true)) }
    return definitions.compactMap { definition, isExtra in
      let holiday = isExtra ? nil : holidays[date]
      guard let shift = occurrence(definition, on: date, holiday) else { return nil }
      return (shift, definition)
    }
  }

  private func occurrence(
    _ definition: ShiftDefinition, on date: CivilDate, _ holiday: Holiday?
  ) -> ShiftOccurrence? {
    let zone = rules.zone
    var start = definition.span.start
    var end = Self.end(of: definition.span)
    switch holiday?.extent {
    case nil: break
    case .wholeDay: return nil
    case .from(let minute): end = min(end, minute)
    case .until(let minute): start = max(start, minute)
    }
    let from = zone.moment(of: CivilTime(date, minute: start))
    let until = zone.moment(of: CivilTime(date, minute: end))
    guard start < end, from < until else { return nil }
    return ShiftOccurrence(name: definition.name, date: date, start: from, end: until)
  }

  /// The end of a span in minutes since the midnight before its start.
  private static func end(of span: ClockSpan) -> Int {
    let (sum, overflow) = span.start.addingReportingOverflow(span.minutes)
    return overflow ? span.start : sum
  }

  /// The breaks of a shift as moments, cut to what of the shift takes place.
  private func breaks(
    of shift: ShiftOccurrence, _ definition: ShiftDefinition
  ) -> [(name: String, from: WallTime, until: WallTime)] {
    definition.breaks.map { pause in
      var start = pause.span.start
      // A break earlier on the face than the shift's start is after midnight.
      if start < definition.span.start { start += 1440 }
      let end = Self.end(of: ClockSpan(start: start, end: pause.span.end))
      let from = rules.zone.moment(of: CivilTime(shift.date, minute: start))
      let until = rules.zone.moment(of: CivilTime(shift.date, minute: end))
      return (pause.name, max(from, shift.start), min(until, shift.end))
    }
  }
}

/// The stretch around a moment that no edge cuts.
private struct Around {
  var from: WallTime
  var until: WallTime
  let moment: WallTime

  mutating func cut(_ edge: WallTime) {
    if edge <= moment { from = max(from, edge) } else { until = min(until, edge) }
  }

  /// Cuts at both edges of an interval; true when the moment lies in it.
  mutating func contains(_ start: WallTime, _ end: WallTime) -> Bool {
    guard start < end else { return false }
    cut(start)
    cut(end)
    return start <= moment && moment < end
  }
}
