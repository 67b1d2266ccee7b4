// When a line is meant to work, as it is declared: shifts, breaks, holidays, exceptions and
// maintenance, in the local time of one zone. What follows from it is `WorkCalendar`'s.
//
// Invariants
// - Times of day are minutes on the face of the clock, 0 to 1439. An end at or before its start is
//   on the next day; so 22:00 to 06:00 crosses midnight and 06:00 to 06:00 is 24 hours.
// - A shift belongs to the date on which it starts: what is said of that date (a holiday, a
//   cancellation) holds for the whole of it, past midnight too.
// - An extra shift runs on its date whatever the week, a holiday or a cancellation says, and
//   replaces the usual one of the same name.
// - A production day begins at `dayStart` and bears the date of its beginning, or of its end for
//   plants whose Monday begins on Sunday night.
// - Nothing here traps on strange values; `findings` tells them in sentences.

public import Primitives

/// A stretch of the clock's face within a shift, or of a shift.
public struct ClockSpan: Equatable, Hashable, Sendable {
  /// Minutes since midnight, 0 to 1439.
  public var start: Int
  /// Minutes since midnight; at or before `start` it is on the next day.
  public var end: Int

  public init(start: Int, end: Int) {
    self.start = start
    self.end = end
  }

  /// Minutes on the clock's face from start to end, 1 to 1440 for declared values.
  public var minutes: Int { Self.forward(from: start, to: end) }

  /// Minutes forward on the face from one time to another: 1 to 1440.
  static func forward(from start: Int, to end: Int) -> Int {
    let (difference, overflow) = end.subtractingReportingOverflow(start)
    guard !overflow else { return 1440 }
    let rest = difference % 1440
    return rest <= 0 ? rest + 1440 : rest
  }
}

/// A break within a shift, in which nobody is meant to work.
public struct BreakDefinition: Equatable, Sendable {
  public var name: String
  public var span: ClockSpan

  public init(_ name: String, _ span: ClockSpan) {
    self.name = name
    self.span = span
  }
}

/// A shift, and the weekdays on which it starts.
public struct ShiftDefinition: Equatable, Sendable {
  public var name: String
  public var span: ClockSpan
  public var days: Set<Weekday>
  public var breaks: [BreakDefinition]

  public init(
    _ name: String, _ span: ClockSpan, days: Set<Weekday>, breaks: [BreakDefinition] = []
  ) {
    self.name = name
    self.span = span
    self.days = days
    self.breaks = breaks
  }
}

/// A date on which the usual shifts do not run, or only a part of them.
public struct Holiday: Equatable, Sendable {
  /// Which part of the date's shifts is free.
  public enum Extent: Equatable, Sendable {
    /// No shift starts on this date.
    case wholeDay
    /// The date's shifts end at this minute at the latest, and none starts later.
    case from(Int)
    /// The date's shifts start at this minute at the earliest.
    case until(Int)
  }

  public var date: CivilDate
  public var name: String
  public var extent: Extent

  public init(_ date: CivilDate, _ name: String, _ extent: Extent = .wholeDay) {
    self.date = date
    self.name = name
    self.extent = extent
  }
}

/// What is otherwise on one date.
public enum CalendarException: Equatable, Sendable {
  /// A shift that runs on this date, whatever the week says; its `days` are not asked.
  case extra(CivilDate, ShiftDefinition)
  /// The usual shift of that name does not run on this date.
  case cancelled(CivilDate, shift: String)

  /// The date of which it speaks.
  public var date: CivilDate {
    switch self {
    case .extra(let date, _), .cancelled(let date, _): date
    }
  }
}

/// Planned maintenance, from one local time to another.
public struct MaintenanceInterval: Equatable, Sendable {
  public var name: String
  public var from: CivilTime
  public var until: CivilTime

  public init(_ name: String, from: CivilTime, until: CivilTime) {
    self.name = name
    self.from = from
    self.until = until
  }
}

/// Everything declared about when a line is meant to work.
public struct CalendarRules: Equatable, Sendable {
  /// The date that a production day bears.
  public enum DayLabel: String, Equatable, Sendable { case ofStart, ofEnd }

  public var name: String
  public var zone: TimeZoneRules
  /// The minute at which a production day begins.
  public var dayStart: Int
  public var dayLabel: DayLabel
  public var shifts: [ShiftDefinition]
  public var holidays: [Holiday]
  public var exceptions: [CalendarException]
  public var maintenance: [MaintenanceInterval]

  public init(
    name: String, zone: TimeZoneRules, dayStart: Int = 0, dayLabel: DayLabel = .ofStart,
    shifts: [ShiftDefinition] = [], holidays: [Holiday] = [],
    exceptions: [CalendarException] = [], maintenance: [MaintenanceInterval] = []
  ) {
    self.name = name
    self.zone = zone
    self.dayStart = dayStart
    self.dayLabel = dayLabel
    self.shifts = shifts
    self.holidays = holidays
    self.exceptions = exceptions
    self.maintenance = maintenance
  }

  /// One shift named "day" of 24 hours, every day: for a line of which nobody declared shifts.
  public static func roundTheClock(
    name: String, zone: TimeZoneRules, dayStart: Int = 0
  ) -> CalendarRules {
    CalendarRules(
      name: name, zone: zone, dayStart: dayStart,
      shifts: [
        ShiftDefinition(
          "day", ClockSpan(start: dayStart, end: dayStart), days: Set(Weekday.allCases))
      ])
  }
}

/// Limits of one calendar.
public enum CalendarLimits {
  /// Shifts of a week's pattern: three a day, four crews, and weekends of their own.
  public static let shifts = 16
  /// Breaks of one shift.
  public static let breaks = 8
  /// Holidays, exceptions and maintenance intervals each: ten years of a hundred.
  public static let dates = 1000
  /// Days around a moment whose shifts can touch it: a shift has 24 hours, and a zone may skip or
  /// repeat a whole day.
  static let reach: Int64 = 3
}
