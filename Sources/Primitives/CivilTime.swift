// Dates and times as a wall calendar and a wall clock show them: without a zone, without an offset.
//
// Invariants
// - A date is a number of days since 1970-01-01 in the proleptic Gregorian calendar, within the
//   years 0000 to 9999: arithmetic stays at the ends, so nothing can trap or lose its four digits.
// - A time of day is milliseconds since midnight on the clock, below 86 400 000. On a day
//   of 23 or 25 hours the face shows the same figures: real lengths come from TimeZoneRules alone.

/// A day of the week, numbered as ISO 8601 does: Monday is 1.
public enum Weekday: Int, Sendable, CaseIterable, Comparable {
  case monday = 1
  case tuesday, wednesday, thursday, friday, saturday, sunday

  public static func < (left: Weekday, right: Weekday) -> Bool { left.rawValue < right.rawValue }

  /// The English name with a capital, for sentences.
  public var text: String {
    switch self {
    case .monday: "Monday"
    case .tuesday: "Tuesday"
    case .wednesday: "Wednesday"
    case .thursday: "Thursday"
    case .friday: "Friday"
    case .saturday: "Saturday"
    case .sunday: "Sunday"
    }
  }
}

/// A date of the Gregorian calendar, in the years 0000 to 9999.
public struct CivilDate: Comparable, Hashable, Sendable {
  /// Days since 1970-01-01, within `earliest` and `latest`.
  public let daysSinceEpoch: Int64

  /// 0000-01-01.
  public static let earliest = CivilDate(daysSinceEpoch: -719_528)
  /// 9999-12-31.
  public static let latest = CivilDate(daysSinceEpoch: 2_932_896)

  /// The date so many days after 1970-01-01, or the nearest that has a four-digit year.
  public init(daysSinceEpoch days: Int64) {
    daysSinceEpoch = min(max(days, -719_528), 2_932_896)
  }

  /// The date of a year, month and day; nil for one that does not exist.
  public init?(year: Int64, month: Int64, day: Int64) {
    guard (0...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else {
      return nil
    }
    let days = Primitives.daysSinceEpoch(year: year, month: month, day: day)
    guard civilDate(daysSinceEpoch: days) == (year, month, day) else { return nil }
    daysSinceEpoch = days
  }

  /// Reads exactly `2026-03-29`; nil for anything else.
  public init?(text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 10, bytes[4] == 45, bytes[7] == 45 else { return nil }
    var fields: [Int64] = []
    for range in [0..<4, 5..<7, 8..<10] {
      var value: Int64 = 0
      for byte in bytes[range] {
        guard (48...57).contains(byte) else { return nil }
        value = value * 10 + Int64(byte - 48)
      }
      fields.append(value)
    }
    self.init(year: fields[0], month: fields[1], day: fields[2])
  }

  public static func < (left: CivilDate, right: CivilDate) -> Bool {
    left.daysSinceEpoch < right.daysSinceEpoch
  }

  /// The year, 0 to 9999.
  public var year: Int64 { civilDate(daysSinceEpoch: daysSinceEpoch).year }
  /// The month, 1 to 12.
  public var month: Int64 { civilDate(daysSinceEpoch: daysSinceEpoch).month }
  /// The day of the month, 1 to 31.
  public var day: Int64 { civilDate(daysSinceEpoch: daysSinceEpoch).day }

  /// The day of the week.
  public var weekday: Weekday {
    // 1970-01-01 was a Thursday.
    let (_, index) = (daysSinceEpoch + 3).flooredQuotientAndRemainder(by: 7)
    return Weekday.allCases[Int(index)]
  }

  /// The date so many days later, or earlier if negative; stays within four-digit years.
  public func advanced(days: Int64) -> CivilDate {
    let (sum, overflow) = daysSinceEpoch.addingReportingOverflow(days)
    if overflow { return days < 0 ? .earliest : .latest }
    return CivilDate(daysSinceEpoch: sum)
  }

  /// ISO 8601: `2026-03-29`.
  public var text: String {
    let (year, month, day) = civilDate(daysSinceEpoch: daysSinceEpoch)
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
  }
}

/// What calendar and clock on a wall show: a date and a time of day, in no zone.
public struct CivilTime: Comparable, Hashable, Sendable {
  /// Milliseconds on the face of a clock from midnight to midnight.
  public static let millisecondsOfDay: Int64 = 86_400_000

  public let date: CivilDate
  /// Milliseconds since midnight on the clock's face, 0 to 86 399 999.
  public let millisecondOfDay: Int64

  /// A date and a time of day; a time beyond the day counts into the days after or before it.
  public init(_ date: CivilDate, millisecondOfDay: Int64) {
    let (days, rest) = millisecondOfDay.flooredQuotientAndRemainder(by: Self.millisecondsOfDay)
    self.date = date.advanced(days: days)
    self.millisecondOfDay = rest
  }

  /// A date and minutes since its midnight; 1440 and more are in the days after it.
  public init(_ date: CivilDate, minute: Int) {
    let (product, overflow) = Int64(minute).multipliedReportingOverflow(by: 60_000)
    self.init(date, millisecondOfDay: overflow ? (minute < 0 ? .min : .max) : product)
  }

  public static func < (left: CivilTime, right: CivilTime) -> Bool {
    (left.date, left.millisecondOfDay) < (right.date, right.millisecondOfDay)
  }

  /// Whole minutes since midnight on the clock's face.
  public var minuteOfDay: Int { Int(millisecondOfDay / 60_000) }

  /// Milliseconds from 1970-01-01T00:00 to this, as if every day had 24 hours.
  var face: Int64 { date.daysSinceEpoch * Self.millisecondsOfDay + millisecondOfDay }

  init(face: Int64) {
    let (days, rest) = face.flooredQuotientAndRemainder(by: Self.millisecondsOfDay)
    date = CivilDate(daysSinceEpoch: days)
    millisecondOfDay = rest
  }

  /// `2026-03-29 02:30`, with seconds or milliseconds only where there are any.
  public var text: String {
    let minutes = millisecondOfDay / 60_000
    var text = "\(date.text) \(padded(minutes / 60, 2)):\(padded(minutes % 60, 2))"
    let rest = millisecondOfDay % 60_000
    if rest > 0 { text += ":\(padded(rest / 1000, 2))" }
    if rest % 1000 > 0 { text += ".\(padded(rest % 1000, 3))" }
    return text
  }
}

/// A number that is not negative with leading zeros up to a width.
private func padded(_ number: Int64, _ width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
