// The POSIX TZ string at the end of a TZif file: which offset holds after the last transition.
//
//   std offset [ dst [offset] , start [/time] , end [/time] ]     CET-1CEST,M3.5.0,M10.5.0/3
//
// Invariants
// - A day is Jn (1 to 365, 29 February is never counted), n (0 to 365, it is) or Mm.w.d (the w-th
//   weekday d of month m, 5 for the last). A time may be negative and up to 167 hours (RFC 8536).
// - Start is told in standard time and end in daylight time. Where both fall on one moment the
//   start is the later one, so that "EST5EDT,0/0,J365/25" is daylight time throughout.
// - Daylight time may lie west of standard time (Dublin's winter). A daylight name without a rule
//   is refused: what it meant was never standardised.
// - Any bytes give a string or nil, never a trap: every number is bounded while it is read.

/// The rule of a POSIX TZ string.
struct TimeZonePosix: Equatable, Sendable {
  /// A day of the year as a rule names it.
  enum Day: Equatable, Sendable {
    case julian(Int64)
    case zeroBased(Int64)
    case monthly(month: Int64, week: Int64, weekday: Int64)
  }

  /// When the clock is changed: a day, and seconds since its midnight.
  struct Change: Equatable, Sendable {
    var day: Day
    var seconds: Int64
  }

  /// Daylight time: its offset and when it starts and ends.
  struct Daylight: Equatable, Sendable {
    var offset: Int64
    var start: Change
    var end: Change
  }

  /// Seconds east of UTC.
  var standard: Int64
  var daylight: Daylight?

  /// The offset in seconds that holds at a moment, and whether it is daylight time.
  func offset(at second: Int64) -> (offset: Int64, isDaylight: Bool) {
    guard let daylight else { return (standard, false) }
    let year = civilDate(daysSinceEpoch: second.flooredQuotientAndRemainder(by: 86_400).0).year
    var latest = Int64.min
    var isDaylight = false
    for candidate in (year - 1)...(year + 1) {
      let (start, end) = changes(daylight, in: candidate)
      if end <= second, end >= latest { (latest, isDaylight) = (end, false) }
      if start <= second, start >= latest { (latest, isDaylight) = (start, true) }
    }
    return (isDaylight ? daylight.offset : standard, isDaylight)
  }

  /// The first change of the clock after a moment; nil when there is none.
  func change(after second: Int64) -> Int64? {
    guard let daylight, daylight.offset != standard else { return nil }
    let before = offset(at: second)
    let year = civilDate(daysSinceEpoch: second.flooredQuotientAndRemainder(by: 86_400).0).year
    var next: Int64?
    for candidate in (year - 1)...(year + 2) {
      let (start, end) = changes(daylight, in: candidate)
      for moment in [start, end] where moment > second && moment < next ?? .max {
        if offset(at: moment) != before { next = moment }
      }
    }
    return next
  }

  /// When daylight time starts and ends in a year, in seconds since 1970 UTC.
  private func changes(_ daylight: Daylight, in year: Int64) -> (start: Int64, end: Int64) {
    (
      Self.midnight(daylight.start.day, year) + daylight.start.seconds - standard,
      Self.midnight(daylight.end.day, year) + daylight.end.seconds - daylight.offset
    )
  }

  private static func midnight(_ day: Day, _ year: Int64) -> Int64 {
    let first = daysSinceEpoch(year: year, month: 1, day: 1)
    let march = daysSinceEpoch(year: year, month: 3, day: 1)
    let isLeap = march - first == 60
    switch day {
    case .julian(let number):
      return (first + number - 1 + (isLeap && number >= 60 ? 1 : 0)) * 86_400
    case .zeroBased(let number): return (first + number) * 86_400
    case .monthly(let month, let week, let weekday):
      let start = daysSinceEpoch(year: year, month: month, day: 1)
      let next =
        month == 12
        ? daysSinceEpoch(year: year + 1, month: 1, day: 1)
        : daysSinceEpoch(year: year, month: month + 1, day: 1)
      // 1970-01-01 was a Thursday, and 0 is Sunday here.
      let (_, startWeekday) = (start + 4).flooredQuotientAndRemainder(by: 7)
      var found = start + (weekday - startWeekday + 7) % 7 + (week - 1) * 7
      if found >= next { found -= 7 }
      return found * 86_400
    }
  }
}

extension TimeZonePosix {
  /// Reads a POSIX TZ string; nil for anything that is none.
  init?(_ bytes: [UInt8]) {
    guard bytes.count <= TimeZoneLimits.footerBytes else { return nil }
    var cursor = TimeZonePosixCursor(bytes: bytes)
    guard cursor.takeName(), let west = cursor.takeClock(hours: 24) else { return nil }
    standard = 0 - west
    guard !cursor.isAtEnd else { return }
    guard cursor.takeName() else { return nil }
    var offset = standard + 3600
    if cursor.peek != UInt8(ascii: ",") {
      guard let west = cursor.takeClock(hours: 24) else { return nil }
      offset = 0 - west
    }
    guard cursor.take(","), let start = cursor.takeChange(), cursor.take(","),
      let end = cursor.takeChange(), cursor.isAtEnd
    else { return nil }
    daylight = Daylight(offset: offset, start: start, end: end)
  }
}

/// A place in a POSIX TZ string; each `take` moves on only over what it understood.
private struct TimeZonePosixCursor {
  let bytes: [UInt8]
  var index = 0

  var isAtEnd: Bool { index >= bytes.count }
  var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

  mutating func take(_ mark: Unicode.Scalar) -> Bool {
    guard let peek, UInt32(peek) == mark.value else { return false }
    index += 1
    return true
  }

  /// Three letters or more, or anything of letters, digits and signs between angle brackets.
  mutating func takeName() -> Bool {
    let isQuoted = take("<")
    let start = index
    while let byte = peek {
      let isLetter = (65...90).contains(byte) || (97...122).contains(byte)
      let isSign = (48...57).contains(byte) || byte == 43 || byte == 45
      guard isLetter || (isQuoted && isSign) else { break }
      index += 1
    }
    return index - start >= 3 && (!isQuoted || take(">"))
  }

  /// A number of at most three digits.
  mutating func takeNumber(_ range: ClosedRange<Int64>) -> Int64? {
    var value: Int64 = 0
    var digits = 0
    while digits < 3, let byte = peek, (48...57).contains(byte) {
      value = value * 10 + Int64(byte - 48)
      index += 1
      digits += 1
    }
    return digits > 0 && range.contains(value) ? value : nil
  }

  /// `[+-]hh[:mm[:ss]]` in seconds.
  mutating func takeClock(hours: Int64) -> Int64? {
    let isNegative = take("-")
    if !isNegative { _ = take("+") }
    guard var seconds = takeNumber(0...hours).map({ $0 * 3600 }) else { return nil }
    if take(":") {
      guard let minutes = takeNumber(0...59) else { return nil }
      seconds += minutes * 60
      if take(":") {
        guard let rest = takeNumber(0...59) else { return nil }
        seconds += rest
      }
    }
    return isNegative ? 0 - seconds : seconds
  }

  mutating func takeChange() -> TimeZonePosix.Change? {
    let day: TimeZonePosix.Day
    if take("J") {
      guard let number = takeNumber(1...365) else { return nil }
      day = .julian(number)
    } else if take("M") {
      guard let month = takeNumber(1...12), take("."), let week = takeNumber(1...5), take("."),
        let weekday = takeNumber(0...6)
      else { return nil }
      day = .monthly(month: month, week: week, weekday: weekday)
    } else {
      guard let number = takeNumber(0...365) else { return nil }
      day = .zeroBased(number)
    }
    guard take("/") else { return .init(day: day, seconds: 7200) }
    return takeClock(hours: TimeZoneLimits.ruleHours).map { .init(day: day, seconds: $0) }
  }
}
