// Time zones: real zones against Foundation, which reads other data with other code; the rules of
// gaps and folds by hand; POSIX strings in every form; and bytes of every kind without a trap.
//
// The zone files are those of Debian's package tzdata.

import Foundation
import Primitives
import Testing

enum ZoneFiles {
  static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: "/usr/share/zoneinfo/\(name)")))
  }

  static func rules(_ name: String) throws -> TimeZoneRules {
    try TimeZoneRules(name: name, bytes: bytes(name))
  }

  /// A zone without transitions, which follows a POSIX string alone.
  static func bytes(footer: String, types: [Int32] = [0]) -> [UInt8] {
    func number(_ value: UInt32) -> [UInt8] {
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
    func header(types: UInt32) -> [UInt8] {
      Array("TZif2".utf8) + Array(repeating: 0, count: 15)
        + [0, 0, 0, 0, types, 4].flatMap(number)
    }
    let old = header(types: 1) + number(0) + [0, 0] + Array("UTC\0".utf8)
    let new =
      header(types: UInt32(types.count))
      + types.flatMap { number(UInt32(bitPattern: $0)) + [0, 0] } + Array("UTC\0".utf8)
    return old + new + Array("\n\(footer)\n".utf8)
  }
}

private let zones = [
  "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata",
  "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "Europe/Dublin", "Asia/Tehran",
  "America/St_Johns", "Pacific/Chatham", "Asia/Kathmandu", "Africa/Cairo", "America/Santiago",
  "Europe/Istanbul", "Pacific/Kwajalein", "America/Havana", "Asia/Tokyo", "Etc/UTC",
]

private func wall(_ text: String) throws -> WallTime { try #require(WallTime(text: text)) }

private func civil(_ date: String, _ minute: Int) throws -> CivilTime {
  CivilTime(try #require(CivilDate(text: date)), minute: minute)
}

@Suite struct `Time zones` {
  @Test(arguments: zones)
  func `shows what Foundation shows, at random moments from 1970 to 2100`(name: String) throws {
    let rules = try ZoneFiles.rules(name)
    let oracle = try #require(TimeZone(identifier: name))
    var generator = SeededGenerator(seed: 4)
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = oracle
    for round in 0..<1200 {
      let second = Int64.random(in: 0...4_133_980_799, using: &generator)
      let date = Date(timeIntervalSince1970: Double(second))
      let moment = WallTime(milliseconds: second * 1000)
      let offset = rules.offset(at: moment)
      #expect(offset == Int64(oracle.secondsFromGMT(for: date)), "\(name) \(moment.text)")
      guard round % 20 == 0 else { continue }
      let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute], from: date)
      let civil = rules.civil(moment)
      #expect(Int(civil.date.year) == parts.year && Int(civil.date.month) == parts.month)
      #expect(Int(civil.date.day) == parts.day)
      #expect(civil.minuteOfDay == (parts.hour ?? 0) * 60 + (parts.minute ?? 0))
    }
  }

  @Test(arguments: zones)
  func `is changed where Foundation changes, to the second`(name: String) throws {
    let rules = try ZoneFiles.rules(name)
    let oracle = try #require(TimeZone(identifier: name))
    var moment = try wall("2000-01-01T00:00:00.000Z")
    let end = try wall("2100-01-01T00:00:00.000Z")
    var count = 0
    while let next = rules.change(after: moment), next < end {
      let date = Date(timeIntervalSince1970: Double(next.milliseconds / 1000))
      let before = oracle.secondsFromGMT(for: date.addingTimeInterval(-1))
      #expect(before == Int(rules.offset(at: WallTime(milliseconds: next.milliseconds - 1))))
      #expect(before != oracle.secondsFromGMT(for: date), "\(name) \(next.text)")
      moment = next
      count += 1
    }
    if name == "Europe/Berlin" { #expect(count == 200) }
    if name == "Asia/Tokyo" { #expect(count == 0) }
  }

  @Test(arguments: zones)
  func `finds the first moment of every civil time, and keeps their order`(name: String) throws {
    let rules = try ZoneFiles.rules(name)
    var generator = SeededGenerator(seed: 8)
    for _ in 0..<300 {
      let start = Int64.random(in: 0...4_133_980_799, using: &generator)
      let change = rules.change(after: WallTime(milliseconds: start * 1000))
      // Half of them lie around a change of the clock, where rules are needed.
      let near = (change?.milliseconds ?? start * 1000) / 60_000
      let minute = Bool.random(using: &generator) ? start / 60 : near
      let spread = Int64.random(in: -200...200, using: &generator)
      let moment = WallTime(milliseconds: (minute + spread) * 60_000)
      let shown = rules.civil(moment)
      let (first, last) = (rules.moment(of: shown), rules.lastMoment(of: shown))
      #expect(first <= moment && moment <= last)
      #expect(rules.civil(first) == shown && rules.civil(last) == shown)
      let later = CivilTime(shown.date, minute: shown.minuteOfDay + 1)
      #expect(first <= rules.moment(of: later))
      // Nothing before the first shows that time or a later one, a day back.
      for step in stride(from: Int64(1), through: 1440, by: 7) {
        let earlier = WallTime(milliseconds: first.milliseconds - step * 60_000)
        #expect(rules.civil(earlier) < shown, "\(name) \(shown.text)")
      }
    }
  }

  @Test func `an hour that is skipped is the moment of the change`() throws {
    let berlin = try ZoneFiles.rules("Europe/Berlin")
    let change = try wall("2026-03-29T01:00:00.000Z")
    #expect(berlin.moment(of: try civil("2026-03-29", 2 * 60 + 30)) == change)
    #expect(berlin.lastMoment(of: try civil("2026-03-29", 2 * 60 + 30)) == change)
    #expect(berlin.moment(of: try civil("2026-03-29", 3 * 60)) == change)
    let after = try wall("2026-03-29T01:30:00.000Z")
    #expect(berlin.moment(of: try civil("2026-03-29", 3 * 60 + 30)) == after)
  }

  @Test func `an hour that comes twice has a first and a last moment`() throws {
    let berlin = try ZoneFiles.rules("Europe/Berlin")
    let time = try civil("2026-10-25", 2 * 60 + 30)
    #expect(berlin.moment(of: time) == (try wall("2026-10-25T00:30:00.000Z")))
    #expect(berlin.lastMoment(of: time) == (try wall("2026-10-25T01:30:00.000Z")))
  }

  @Test func `a day that an island skipped is one moment`() throws {
    let apia = try ZoneFiles.rules("Pacific/Apia")
    let change = try wall("2011-12-30T10:00:00.000Z")
    #expect(apia.moment(of: try civil("2011-12-30", 0)) == change)
    #expect(apia.moment(of: try civil("2011-12-30", 1439)) == change)
    #expect(apia.moment(of: try civil("2011-12-31", 0)) == change)
  }

  @Test func `years have no end: 2038, 2100 and 2200`() throws {
    let berlin = try ZoneFiles.rules("Europe/Berlin")
    for (text, offset) in [
      ("2038-01-19T03:14:08.000Z", 3600), ("2038-07-01T00:00:00.000Z", 7200),
      ("2100-02-28T23:30:00.000Z", 3600), ("2199-12-31T23:59:59.999Z", 3600),
      ("2200-07-01T12:00:00.000Z", 7200), ("9999-12-31T23:59:59.999Z", 3600),
    ] {
      #expect(berlin.offset(at: try wall(text)) == Int64(offset), "\(text)")
    }
    // 2100 is no leap year.
    #expect(berlin.civil(try wall("2100-02-28T23:30:00.000Z")).text == "2100-03-01 00:30")
  }

  @Test func `no moment and no civil time can trap`() throws {
    let berlin = try ZoneFiles.rules("Europe/Berlin")
    for value in [Int64.min, .min + 1, -62_167_219_200_000, 0, 253_402_300_799_999, .max] {
      let moment = WallTime(milliseconds: value)
      _ = berlin.civil(moment)
      _ = berlin.change(after: moment)
      let time = CivilTime(CivilDate(daysSinceEpoch: value), millisecondOfDay: value)
      _ = berlin.moment(of: time)
      _ = berlin.lastMoment(of: time)
    }
    #expect(CivilTime(.latest, minute: .max).date == .latest)
    #expect(CivilTime(.earliest, minute: .min).date == .earliest)
  }
}

@Suite struct `POSIX rules of a zone` {
  @Test(arguments: [
    // Form, a moment, seconds ahead of UTC.
    ("UTC0", "2026-07-01T00:00:00.000Z", 0),
    ("<+0530>-5:30", "2026-07-01T00:00:00.000Z", 19_800),
    ("<-03>3", "2026-07-01T00:00:00.000Z", -10_800),
    ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T00:59:59.999Z", 3600),
    ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00.000Z", 7200),
    ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T00:59:59.999Z", 7200),
    ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T01:00:00.000Z", 3600),
    // Jn never counts 29 February: J60 is 1 March in every year; 59 is 29 February in a leap year.
    ("AAA0BBB,J60/0,J300/0", "2028-02-29T23:59:59.000Z", 0),
    ("AAA0BBB,J60/0,J300/0", "2028-03-01T00:00:00.000Z", 3600),
    ("AAA0BBB,J60/0,J300/0", "2027-03-01T00:00:00.000Z", 3600),
    ("AAA0BBB,59/0,300/0", "2028-02-29T00:00:00.000Z", 3600),
    ("AAA0BBB,59/0,300/0", "2027-02-28T23:59:59.000Z", 0),
    ("AAA0BBB,59/0,300/0", "2027-03-01T00:00:00.000Z", 3600),
    // A negative time: Nuuk changes at 22:00 on the day before, -1 hour.
    ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59.000Z", -7200),
    ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00.000Z", -3600),
    // Above 24 hours: Jerusalem's Friday before the last Sunday, as RFC 8536 has it.
    ("IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-26T23:59:59.000Z", 7200),
    ("IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-27T00:00:00.000Z", 10_800),
    // Daylight time all year, and a winter that is "daylight" time to the west.
    ("EST5EDT,0/0,J365/25", "2026-01-01T05:00:00.000Z", -14_400),
    ("EST5EDT,0/0,J365/25", "2026-12-31T23:59:59.000Z", -14_400),
    ("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-15T00:00:00.000Z", 0),
    ("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-07-15T00:00:00.000Z", 3600),
    // The southern summer goes over the end of the year.
    ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-12-31T20:00:00.000Z", 39_600),
    ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2027-01-01T20:00:00.000Z", 39_600),
    ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-06-15T00:00:00.000Z", 36_000),
  ])
  func `gives the offset of a moment`(form: String, moment: String, offset: Int) throws {
    let rules = try TimeZoneRules(name: form, bytes: ZoneFiles.bytes(footer: form))
    #expect(rules.offset(at: try wall(moment)) == Int64(offset))
  }

  @Test func `daylight time throughout the year has no change`() throws {
    let rules = try TimeZoneRules(
      name: "x", bytes: ZoneFiles.bytes(footer: "EST5EDT,0/0,J365/25"))
    #expect(rules.change(after: WallTime(milliseconds: 0)) == nil)
  }

  @Test(arguments: [
    "A0", "UTC", "UTC25", "UTC0:60", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.1.0,M10.5.0",
    "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J365", "X<>0", "<+01-1",
    "CET-1CEST,366,1", "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0 ", "UTC0000000",
  ])
  func `refuses what is none, with the text`(form: String) throws {
    #expect(throws: TimeZoneFault.footer(zone: "x", text: form)) {
      try TimeZoneRules(name: "x", bytes: ZoneFiles.bytes(footer: form))
    }
  }
}

@Suite struct `Bytes of a zone` {
  @Test func `every shorter file is a fault, and no changed byte is a trap`() throws {
    let bytes = try ZoneFiles.bytes("Europe/Berlin")
    for count in 0..<bytes.count {
      #expect(throws: TimeZoneFault.self) {
        try TimeZoneRules(name: "x", bytes: Array(bytes.prefix(count)))
      }
    }
    var generator = SeededGenerator(seed: 15)
    let moment = try wall("2026-07-01T00:00:00.000Z")
    for _ in 0..<4000 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        changed[Int.random(in: 0..<changed.count, using: &generator)] =
          UInt8.random(in: 0...255, using: &generator)
      }
      guard let rules = try? TimeZoneRules(name: "x", bytes: changed) else { continue }
      _ = rules.offset(at: moment)
      _ = rules.moment(of: rules.civil(moment))
      _ = rules.change(after: moment)
    }
  }

  @Test func `each fault says what to do`() throws {
    func fault(_ bytes: [UInt8]) -> String {
      do {
        _ = try TimeZoneRules(name: "Europe/Berlin", bytes: bytes)
        return "none"
      } catch { return error.description }
    }
    var old = ZoneFiles.bytes(footer: "UTC0")
    old[4] = 0
    #expect(fault([]).hasSuffix("is no TZif file; name a zone such as Europe/Berlin"))
    #expect(fault(old).hasSuffix("is of version 1 and ends in 2038; install a newer tzdata"))
    #expect(fault(Array(repeating: 0, count: 65_537)).contains("65536 are allowed"))
    #expect(fault(ZoneFiles.bytes(footer: "UTC0", types: [])).contains("names no offset"))
    #expect(fault(ZoneFiles.bytes(footer: "UTC0", types: [93_601])).contains("beyond 26 hours"))
    if let leaping = try? ZoneFiles.bytes("right/Europe/Berlin") {
      #expect(fault(leaping).contains("counts leap seconds"))
    }
  }
}

@Suite struct `Civil dates` {
  @Test func `know their weekdays and leap days`() throws {
    for (text, weekday) in [
      ("1970-01-01", Weekday.thursday), ("2000-02-29", .tuesday), ("2026-03-29", .sunday),
      ("2038-01-19", .tuesday), ("2100-02-28", .sunday), ("0000-01-01", .saturday),
    ] {
      #expect(CivilDate(text: text)?.weekday == weekday, "\(text)")
      #expect(CivilDate(text: text)?.text == text)
    }
    for text in ["2100-02-29", "2027-02-29", "2026-13-01", "2026-00-10", "26-01-01", "2026-1-01"] {
      #expect(CivilDate(text: text) == nil, "\(text)")
    }
    #expect(CivilDate(text: "2028-02-28")?.advanced(days: 1).text == "2028-02-29")
    #expect(CivilDate(text: "9999-12-31")?.advanced(days: .max) == .latest)
    #expect(CivilDate.earliest.advanced(days: .min) == .earliest)
    #expect(CivilDate.earliest.text == "0000-01-01" && CivilDate.latest.text == "9999-12-31")
  }

  @Test func `write a time as short as it is`() throws {
    let date = try #require(CivilDate(text: "2026-03-29"))
    #expect(CivilTime(date, minute: 150).text == "2026-03-29 02:30")
    #expect(CivilTime(date, minute: 1440).text == "2026-03-30 00:00")
    #expect(CivilTime(date, millisecondOfDay: 61_005).text == "2026-03-29 00:01:01.005")
    #expect(CivilTime(date, millisecondOfDay: -1).text == "2026-03-28 23:59:59.999")
  }
}
