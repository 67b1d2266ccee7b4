// Wall time: text both ways against a calendar counted by hand, and the labels of moments.

import Primitives
import Testing

/// A calendar that counts: it knows the lengths of months and the leap rule, and no formula.
private struct CountedCalendar {
  /// The day number of the first of January of each year from 0 to 9999, counted from year 0.
  let firstDays: [Int]
  static let epoch = 1970

  init() {
    var (days, day) = ([Int](), 0)
    for year in 0...9999 {
      days.append(day)
      day += Self.isLeap(year) ? 366 : 365
    }
    firstDays = days
  }

  static func isLeap(_ year: Int) -> Bool {
    if year % 400 == 0 { return true }
    if year % 100 == 0 { return false }
    return year % 4 == 0
  }

  static func length(ofMonth month: Int, in year: Int) -> Int {
    switch month {
    case 4, 6, 9, 11: 30
    case 2: isLeap(year) ? 29 : 28
    default: 31
    }
  }

  func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let months = (1..<month).reduce(0) { $0 + Self.length(ofMonth: $1, in: year) }
    return firstDays[year] + months + day - 1 - firstDays[Self.epoch]
  }
}

private func pad(_ number: Int, _ width: Int) -> String {
  String(String(number + 1_000_000_000).suffix(width))
}

@Suite struct `Wall time` {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
    (1, "1970-01-01T00:00:00.001Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
    (951_868_800_000, "2000-03-01T00:00:00.000Z"), (1_078_012_800_000, "2004-02-29T00:00:00.000Z"),
    (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    (4_107_456_000_000, "2100-02-28T00:00:00.000Z"),
    (1_772_435_730_250, "2026-03-02T07:15:30.250Z"), (-86_400_000, "1969-12-31T00:00:00.000Z"),
    (2_147_483_648_000, "2038-01-19T03:14:08.000Z"),
    (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
    (-62_162_121_600_000, "0000-02-29T00:00:00.000Z"),
    (-2_203_977_600_000, "1900-02-28T00:00:00.000Z"),
    (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"),
  ])
  func `is written and read in UTC with milliseconds`(milliseconds: Int64, text: String) {
    #expect(WallTime(milliseconds: milliseconds).text == text)
    #expect(WallTime(text: text)?.milliseconds == milliseconds)
  }

  @Test(arguments: [
    (Int64.max, "9999-12-31T23:59:59.999Z"), (253_402_300_800_000, "9999-12-31T23:59:59.999Z"),
    (-62_167_219_200_001, "0000-01-01T00:00:00.000Z"), (Int64.min, "0000-01-01T00:00:00.000Z"),
  ])
  func `outside four-digit years is written as the nearest of them`(
    milliseconds: Int64, text: String
  ) {
    #expect(WallTime(milliseconds: milliseconds).text == text)
  }

  @Test(arguments: [
    "", "2026-03-02", "2026-03-02T07:15:30Z", "2026-03-02T07:15:30.25Z",
    "2026-03-02T07:15:30.2500Z",
    "2026-03-02t07:15:30.250Z", "2026-03-02T07:15:30.250z", "2026-03-02 07:15:30.250Z",
    "2026-03-02T07:15:30,250Z", "2026-03-02T07:15:30.250+", "2026-03-02T24:00:00.000Z",
    "2026-03-02T07:60:00.000Z", "2016-12-31T23:59:60.000Z", "2026-00-02T07:15:30.250Z",
    "2026-13-02T07:15:30.250Z", "2026-03-00T07:15:30.250Z", "2026-03-32T07:15:30.250Z",
    "2026-02-29T00:00:00.000Z", "2100-02-29T00:00:00.000Z", "1900-02-29T00:00:00.000Z",
    "2026-04-31T00:00:00.000Z", "-026-03-02T07:15:30.250Z", "+026-03-02T07:15:30.250Z",
    "2026-03-02T07:15:3a.250Z", "２026-03-02T07:15:30.2Z", "2026-03-02T07:15:30.250Z ",
  ])
  func `is not read from anything but the form it writes`(text: String) {
    #expect(WallTime(text: text) == nil)
  }

  @Test func `agrees with a counted calendar on any day of ten thousand years`() {
    let calendar = CountedCalendar()
    var generator = SeededGenerator(seed: 1582)
    for _ in 0..<5000 {
      let year = Int.random(in: 0...9999, using: &generator)
      let month = Int.random(in: 1...12, using: &generator)
      let last = CountedCalendar.length(ofMonth: month, in: year)
      let day = Int.random(in: 1...last, using: &generator)
      let inDay = Int.random(in: 0..<86_400_000, using: &generator)
      let (hour, minute) = (inDay / 3_600_000, inDay / 60_000 % 60)
      let time = WallTime(
        milliseconds: Int64(calendar.dayNumber(year, month, day) * 86_400_000 + inDay))
      let date = "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))"
      let clock = "\(pad(hour, 2)):\(pad(minute, 2)):\(pad(inDay / 1000 % 60, 2))"
      #expect(time.text == "\(date)T\(clock).\(pad(inDay % 1000, 3))Z")
      #expect(WallTime(text: time.text) == time)
    }
  }

  @Test func `refuses the day after the last of every month`() {
    for year in [1600, 1700, 1999, 2000, 2023, 2024, 2100] {
      for month in 1...12 {
        let last = CountedCalendar.length(ofMonth: month, in: year)
        let prefix = "\(pad(year, 4))-\(pad(month, 2))-"
        #expect(WallTime(text: prefix + "\(pad(last, 2))T00:00:00.000Z") != nil)
        #expect(WallTime(text: prefix + "\(pad(last + 1, 2))T00:00:00.000Z") == nil)
      }
    }
  }

  @Test func `orders as its text does`() {
    var generator = SeededGenerator(seed: 3)
    let ends = WallTime.earliest.milliseconds...WallTime.latest.milliseconds
    for _ in 0..<500 {
      let left = WallTime(milliseconds: Int64.random(in: ends, using: &generator))
      let right = WallTime(milliseconds: Int64.random(in: ends, using: &generator))
      #expect((left < right) == (left.text < right.text))
    }
  }
}

@Suite struct `A label` {
  private static let reading = ClockReading(
    monotonic: Instant(nanoseconds: 5_000_000_000), wall: WallTime(milliseconds: 1_000_000),
    quality: .held, bootID: "boot")

  @Test(arguments: [
    (5_000_000_000, 1_000_000), (4_000_000_000, 999_000), (6_500_000_000, 1_001_500),
    (5_000_999_999, 1_000_000), (5_001_000_000, 1_000_001), (4_999_999_999, 999_999),
    (4_999_000_000, 999_999), (4_998_999_999, 999_998), (0, 995_000),
  ])
  func `is the wall time of the reading moved by the distance`(
    nanoseconds: Int64, milliseconds: Int64
  ) {
    let label = Self.reading.label(Instant(nanoseconds: nanoseconds))
    #expect(label.milliseconds == milliseconds)
    let stamp = Stamp(Instant(nanoseconds: nanoseconds), Self.reading)
    #expect(stamp == Stamp(instant: Instant(nanoseconds: nanoseconds), wall: label))
  }

  @Test func `covers one whole millisecond on both sides of the reading`() {
    let labels = stride(from: Int64(4_990_000_000), to: 5_010_000_000, by: 100_000).map {
      Self.reading.label(Instant(nanoseconds: $0)).milliseconds
    }
    #expect(labels == labels.sorted())
    let counts = Dictionary(grouping: labels) { $0 }.values.map(\.count)
    #expect(counts == Array(repeating: 10, count: 20))
  }

  @Test func `of the ends of time does not trap`() {
    for wall in [Int64.min, 0, Int64.max] {
      for monotonic in [Int64.min, 0, Int64.max] {
        let reading = ClockReading(
          monotonic: Instant(nanoseconds: monotonic), wall: WallTime(milliseconds: wall),
          quality: .neverset, bootID: "boot")
        #expect(reading.label(.distantPast) <= reading.label(.distantFuture))
      }
    }
  }

  @Test func `beyond the ends of the number is its end`() {
    let late = ClockReading(
      monotonic: .boot, wall: WallTime(milliseconds: .max), quality: .stepped, bootID: "boot")
    #expect(late.label(Instant(nanoseconds: 1_000_000)).milliseconds == .max)
    let early = ClockReading(
      monotonic: .boot, wall: WallTime(milliseconds: .min), quality: .stepped, bootID: "boot")
    #expect(early.label(Instant(nanoseconds: -1_000_000)).milliseconds == .min)
  }

  @Test func `has a quality with the word the event uses`() {
    let words = ClockQuality.allCases.map(\.rawValue)
    #expect(words == ["synchronised", "held", "stepped", "neverset"])
  }
}
