// Wall time as a number. It labels; it never orders or measures (see Instant).
//
// Civil dates are computed here, without any library: days since 1970-01-01 in the proleptic
// Gregorian calendar, after Howard Hinnant's published "chrono-compatible low-level date
// algorithms". POSIX time knows no leap seconds.

/// A moment of wall time, in milliseconds since 1970-01-01T00:00:00Z.
public struct WallTime: Comparable, Hashable, Sendable, BitwiseCopyable {
  public var milliseconds: Int64

  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  public static func < (left: WallTime, right: WallTime) -> Bool {
    left.milliseconds < right.milliseconds
  }

  /// The latest moment that has a four-digit year.
  public static let latest = WallTime(milliseconds: 253_402_300_799_999)
  /// The earliest moment that has a four-digit year.
  public static let earliest = WallTime(milliseconds: -62_167_219_200_000)

  /// RFC 3339 in UTC with milliseconds: `2026-03-02T07:15:30.250Z`. Clamped to years 0000–9999.
  public var text: String {
    let clamped = min(max(milliseconds, Self.earliest.milliseconds), Self.latest.milliseconds)
    let (days, inDay) = clamped.flooredQuotientAndRemainder(by: 86_400_000)
    let (year, month, day) = civilDate(daysSinceEpoch: days)
    // Filled from the right, digit by digit: texts of times are most of what events are made of.
    var bytes = InlineArray<24, UInt8>(repeating: UInt8(ascii: "0"))
    var end = 23
    func put(_ value: Int64, _ width: Int, then mark: UInt8) {
      bytes[end] = mark
      var rest = value
      for index in ((end - width)..<end).reversed() {
        bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      }
      end -= width + 1
    }
    put(inDay % 1000, 3, then: UInt8(ascii: "Z"))
    put(inDay / 1000 % 60, 2, then: UInt8(ascii: "."))
    put(inDay / 60_000 % 60, 2, then: UInt8(ascii: ":"))
    put(inDay / 3_600_000, 2, then: UInt8(ascii: ":"))
    put(day, 2, then: UInt8(ascii: "T"))
    put(month, 2, then: UInt8(ascii: "-"))
    put(year, 4, then: UInt8(ascii: "-"))
    return String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
  }

  /// Reads exactly the form that `text` writes; nil for anything else.
  public init?(text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 24, bytes[4] == 45, bytes[7] == 45, bytes[10] == 84, bytes[13] == 58,
      bytes[16] == 58, bytes[19] == 46, bytes[23] == 90
    else { return nil }
    func number(_ range: Range<Int>) -> Int64? {
      var value: Int64 = 0
      for byte in bytes[range] {
        guard (48...57).contains(byte) else { return nil }
        value = value * 10 + Int64(byte - 48)
      }
      return value
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
      let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
      let fraction = number(20..<23),
      (1...12).contains(month), day >= 1, hour < 24, minute < 60, second < 60
    else { return nil }
    let days = daysSinceEpoch(year: year, month: month, day: day)
    guard civilDate(daysSinceEpoch: days) == (year, month, day) else { return nil }
    milliseconds = ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + fraction
  }
}

/// How far the wall clock can be trusted.
public enum ClockQuality: String, Sendable, CaseIterable {
  /// A time source disciplines the clock.
  case synchronised
  /// It was synchronised once in this boot, or set before it, and is now running free.
  case held
  /// It jumped within this boot.
  case stepped
  /// Nobody ever set it: the date is before the program was built.
  case neverset
}

/// What the clocks of this machine say at one moment.
public struct ClockReading: Sendable, Equatable {
  public var monotonic: Instant
  public var wall: WallTime
  public var quality: ClockQuality
  /// The kernel's boot id, `/proc/sys/kernel/random/boot_id`.
  public var bootID: String

  public init(monotonic: Instant, wall: WallTime, quality: ClockQuality, bootID: String) {
    self.monotonic = monotonic
    self.wall = wall
    self.quality = quality
    self.bootID = bootID
  }

  /// The wall time that belongs to a monotonic moment of this boot.
  public func label(_ instant: Instant) -> WallTime {
    // Floors on both sides of the reading, so that every label covers one whole millisecond.
    let (step, _) = instant.nanoseconds(since: monotonic).flooredQuotientAndRemainder(by: 1_000_000)
    let (label, overflow) = wall.milliseconds.addingReportingOverflow(step)
    return WallTime(milliseconds: overflow ? (step < 0 ? .min : .max) : label)
  }
}

/// A moment with its label: measured by the one, shown by the other.
public struct Stamp: Sendable, Equatable, Hashable {
  public var instant: Instant
  public var wall: WallTime

  public init(instant: Instant, wall: WallTime) {
    self.instant = instant
    self.wall = wall
  }

  public init(_ instant: Instant, _ reading: ClockReading) {
    self.init(instant: instant, wall: reading.label(instant))
  }
}

extension Int64 {
  func flooredQuotientAndRemainder(by divisor: Int64) -> (Int64, Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}

func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
  let shifted = month <= 2 ? year - 1 : year
  let (era, yearOfEra) = shifted.flooredQuotientAndRemainder(by: 400)
  let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
  let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

func civilDate(daysSinceEpoch days: Int64) -> (year: Int64, month: Int64, day: Int64) {
  let (era, dayOfEra) = (days + 719_468).flooredQuotientAndRemainder(by: 146_097)
  let yearOfEra =
    (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let shiftedMonth = (5 * dayOfYear + 2) / 153
  let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
  let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
  return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
}
