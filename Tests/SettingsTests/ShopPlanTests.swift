// What counters, orders, limits, lines, calendars and reasons mean to the other rooms.

import Events
import Machines
import Primitives
import Signals
import Testing

@testable import Settings

private let run = SignalID(0)
private let good = SignalID(1)

/// The plan of the right configuration with members added to its root.
private func plan(_ root: String) throws -> SitePlan {
  let outcome = check(Broken("", [("\n}", "\n\(root)\n}")], "").text)
  return try #require(outcome.configuration?.plan, "\(messages(outcome))")
}

@Suite("The shop")
struct ShopPlanTests {
  @Test func `counters have a width, a direction or a pulse`() throws {
    let rules = try machine(
      (
        "good: \"good\"",
        """
        counters: [{ role: "total", signal: "good", bits: 12, direction: "down",
            piecesPerCount: 3 },
          { role: "scrap", signal: "run", pulse: true, piecesPerSecond: 0.25 }]
        """
      ))
    #expect(rules.good == nil)
    #expect(
      rules.counters == [
        RoleCounter(
          .total, CounterRules(signal: good, bits: 12, piecesPerCount: 3, direction: .down)),
        RoleCounter(.scrap, CounterRules(pulse: run, piecesPerSecond: 0.25)),
      ])
    let declared = try machine(
      ("good: \"good\"", "good: { signal: \"good\", highest: 9999, direction: \"down\" }"))
    #expect(
      declared.good == CounterRules(signal: good, highest: 9999, direction: .down))
  }

  @Test func `an order and limits name signals of their machine`() throws {
    let rules = try machine(
      (
        "good: \"good\"",
        """
        order: { signal: "good", operation: "good" }, limits: [
          { name: "hot", signal: "good", above: 80, hysteresis: 2, onDelay: "10s", offDelay: "5s",
            severity: "alarm", hold: true },
          { name: "cold", signal: "good", below: -5.5 }]
        """
      ))
    #expect(rules.order == OrderSignals(order: good, operation: good))
    #expect(
      rules.limits == [
        LimitRules(
          name: "hot", signal: good, side: .high, limit: 80, hysteresis: 2, onDelay: .seconds(10),
          offDelay: .seconds(5), severity: .alarm, holdsQuality: true),
        LimitRules(name: "cold", signal: good, side: .low, limit: -5.5),
      ])
    #expect(try machine(("good: \"good\"", "order: \"good\"")).order == OrderSignals(order: good))
  }

  @Test func `a calendar keeps every time of day, date and day`() throws {
    let plan = try plan(
      """
      lines: [{ name: "l", calendar: "c" }],
      calendars: [{ name: "c", timeZone: "Europe/Berlin", dayStart: "05:30", dayLabel: "ofEnd",
        shifts: [{ name: "night", from: "22:00", to: "06:00", days: ["sun", "mon"],
          breaks: [{ name: "tea", from: "02:00", to: "02:15" }] }],
        holidays: [{ date: "2026-12-25", name: "Christmas" },
          { date: "2026-12-24", name: "Eve", from: "12:00" },
          { date: "2027-01-01", name: "New Year", until: "12:00" },
          { date: "2027-12-25", name: "Christmas" }],
        exceptions: [{ date: "2026-12-05", extra: { name: "saturday", from: "06:00",
          to: "14:00" } },
          { date: "2026-12-06", cancelled: "night" }],
        maintenance: [{ name: "boiler", from: "2026-12-01 22:00", to: "2026-12-02T04:00" },
          { name: "boiler", from: "2026-12-08 22:00", to: "2026-12-09 04:00" }] }],
      """)
    func date(_ text: String) throws -> CivilDate { try #require(CivilDate(text: text)) }
    func boiler(_ from: String, _ to: String) throws -> MaintenanceInterval {
      MaintenanceInterval(
        "boiler", from: CivilTime(try date(from), minute: 1320),
        until: CivilTime(try date(to), minute: 240))
    }
    let line = try #require(plan.lines.first)
    #expect(line.timeZone == "Europe/Berlin")
    #expect(
      line.calendar
        == CalendarRules(
          name: "c", zone: .utc, dayStart: 330, dayLabel: .ofEnd,
          shifts: [
            ShiftDefinition(
              "night", ClockSpan(start: 1320, end: 360), days: [.sunday, .monday],
              breaks: [BreakDefinition("tea", ClockSpan(start: 120, end: 135))])
          ],
          holidays: [
            Holiday(try date("2026-12-25"), "Christmas"),
            Holiday(try date("2026-12-24"), "Eve", .from(720)),
            Holiday(try date("2027-01-01"), "New Year", .until(720)),
            Holiday(try date("2027-12-25"), "Christmas"),
          ],
          exceptions: [
            .extra(
              try date("2026-12-05"),
              ShiftDefinition("saturday", ClockSpan(start: 360, end: 840), days: [.saturday])),
            .cancelled(try date("2026-12-06"), shift: "night"),
          ],
          maintenance: [
            try boiler("2026-12-01", "2026-12-02"), try boiler("2026-12-08", "2026-12-09"),
          ]))
  }

  @Test func `each line has its machines, its zone and its confirmations`() throws {
    let outcome = check(
      Broken("", [("bus: \"plc\",", "bus: \"plc\", line: \"b\",")], "").text,
      """
      { gateway: { timeZone: "Europe/Rome" },
        lines: [{ name: "b", calendar: "day", confirmations: { every: "30min", abovePlan: "none",
          needsRelease: false, needsContact: false, needsSoundCounter: false, replacementEnds: true,
          machines: ["press-1"] } }, { name: "a" }],
        calendars: [{ name: "day", shifts: [{ name: "day", from: "06:00", to: "18:00" }] }],
        machines: [{ name: "press-2", bus: "plc", line: "a",
          signals: [{ name: "run", at: "coil 5" }], running: "run" }] }
      """)
    #expect(messages(outcome) == [])
    let lines = try #require(outcome.configuration?.plan.lines)
    #expect(lines.map(\.name) == ["b", "a"])
    #expect(lines.map(\.machines) == [["press-1"], ["press-2"]])
    #expect(lines.map(\.timeZone) == ["Europe/Rome", "Europe/Rome"])
    #expect(lines.map(\.calendar.name) == ["day", SitePlan.roundTheClock])
    #expect(
      lines.map(\.confirmations) == [
        ConfirmationRules(
          interval: .seconds(1800), percentAbovePlan: nil, needsRelease: false, needsContact: false,
          needsSoundCounter: false, replacementEnds: true, confirming: ["press-1"]),
        ConfirmationRules(),
      ])
  }

  @Test func `reasons, calendars and lines may lie in fragments and are joined by name`() throws {
    let outcome = check(
      Broken.right,
      """
      { language: "de", lines: [{ name: "l" }],
        reasons: [{ code: "safety", text: { de: "Sicherheit" }, category: "external" },
          { code: "door", parent: "safety" }] }
      """,
      """
      { lines: [{ name: "l", calendar: "c" }],
        calendars: [{ name: "c", shifts: [{ name: "early", from: "06:00" }],
          holidays: [{ date: "2026-12-25", name: "Christmas" }] }],
        reasons: [{ code: "door", text: "Tür", costCenter: "4711" }] }
      """,
      """
      { calendars: [{ name: "c", shifts: [{ name: "early", to: "14:00" }],
          holidays: [{ date: "2026-12-26", name: "Christmas" }] }] }
      """)
    #expect(messages(outcome) == [])
    let plan = try #require(outcome.configuration?.plan)
    #expect(plan.lines.map(\.calendar.shifts.first?.span) == [ClockSpan(start: 360, end: 840)])
    #expect(plan.lines.map(\.calendar.holidays.count) == [2])
    #expect(
      plan.machines[0].states?.reasons
        == (try ReasonTable(
          [
            Reason("safety", texts: ["de": "Sicherheit"], category: .external),
            Reason("door", texts: ["de": "Tür"], costCenter: "4711", parent: "safety"),
          ], language: "de")))
    let twice = check(
      Broken.right, "{ reasons: [{ code: \"a\", text: \"A\" }] }",
      "{ reasons: [{ code: \"a\", text: \"B\" }] }")
    #expect(
      messages(twice) == [
        "conf.d/2.json5:1:32: error: reasons[a].text: text is already given at"
          + " conf.d/1.json5:1:32 with another value;"
          + " allowed: one of the two, or the same value in both"
      ])
  }

  @Test func `the digest follows what is declared and not how it is written`() throws {
    func digest(_ root: String) throws -> [UInt8] { try plan(root).digestInput }
    let calendar =
      "calendars: [{ name: \"c\", shifts: [{ name: \"a\", from: \"06:00\", to: \"14:00\" }]"
    let line = "lines: [{ name: \"l\", calendar: \"c\" }],"
    let plain = try digest("\(line) \(calendar) }],")
    #expect(
      try digest("\(line) \(calendar), dayStart: \"00:00\", dayLabel: \"ofStart\" }],") == plain)
    #expect(try digest("\(line) \(calendar), dayStart: \"06:00\" }],") != plain)
    let reason = try digest("reasons: [{ code: \"a\", text: { de: \"A\", en: \"B\" } }],")
    #expect(try digest("reasons: [{ text: { en: \"B\", de: \"A\" }, code: \"a\" }],") == reason)
    #expect(try digest("reasons: [{ code: \"a\", text: { de: \"A\", en: \"C\" } }],") != reason)
    #expect(try JSONValue(parsing: plain).canonicalBytes == plain)
    let condition = check(
      Broken("", [("running: \"run\"", "evidence: [{ state: \"running\", when: \"run\" }]")], "")
        .text
    ).configuration?.plan.digestInput
    let object = check(
      Broken(
        "",
        [
          (
            "running: \"run\"",
            """
            evidence: [{ onDelay: "0ms", state: "running", when: { isTrue: true, signal: "run" } }]
            """
          )
        ], ""
      ).text
    ).configuration?.plan.digestInput
    #expect(condition != nil && condition == object)
  }

  @Test(arguments: EventType.allCases)
  func `a route may name every event that is told, and its family`(type: EventType) throws {
    let family = type.rawValue.split(separator: ".").prefix(2).joined(separator: ".") + ".*"
    for pattern in [type.rawValue, family, "*"] {
      let plan = try plan("routes: [{ uplink: \"mes\", types: [\"\(pattern)\"] }],")
      #expect(plan.uplinks(dueTo: type.rawValue, machine: 0) == [0])
    }
    #expect(Vocabulary.eventFamilies.filter { $0 == family }.count == 1)
  }
}
