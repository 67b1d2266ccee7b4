// Lines, calendars, reasons and limits of the plan.
//
// Invariants
// - Every machine is in one line; without declared lines there is one, named as the gateway says.
// - Calendars are in UTC here: the file of their zone is read by the edge, which this room is not.

import Machines
import Primitives
import Signals

extension Planner {
  static func reasons(_ root: Record) -> ReasonTable {
    let language = root.text("language") ?? "en"
    let rows = root.records("reasons").compactMap { record -> Reason? in
      guard let code = record.text("code") else { return nil }
      let texts = record.texts("text").map { ($0.name.isEmpty ? language : $0.name, $0.value) }
      return Reason(
        code, texts: Dictionary(texts) { first, _ in first },
        category: record.text("category").flatMap(StopCategory.init),
        costCenter: record.text("costCenter"), parent: record.text("parent"))
    }
    // Rules have proved everything that a table refuses.
    return (try? ReasonTable(rows, language: language)) ?? ReasonTable()
  }

  static func limit(_ record: Record, _ idByName: [String: SignalID]) -> LimitRules? {
    guard let name = record.text("name"),
      let signal = record.text("signal").flatMap({ idByName[$0] }),
      let limit = record.number("above") ?? record.number("below")
    else { return nil }
    return LimitRules(
      name: name, signal: signal, side: record["above"] == nil ? .low : .high, limit: limit,
      hysteresis: record.number("hysteresis") ?? 0, onDelay: record.duration("onDelay") ?? .zero,
      offDelay: record.duration("offDelay") ?? .zero,
      severity: record.text("severity").flatMap(LimitSeverity.init) ?? .warning,
      holdsQuality: record.boolean("hold") ?? false)
  }

  // MARK: Lines

  func lines() -> [LineRules] {
    let gateway = root.record("gateway")
    let zone = gateway?.text("timeZone") ?? "UTC"
    let machines = root.records("machines")
    let declared = root.records("lines")
    guard !declared.isEmpty else {
      return [
        LineRules(
          name: gateway?.text("line") ?? "", machines: machines.compactMap { $0.text("name") },
          timeZone: zone, calendar: Self.roundTheClock)
      ]
    }
    let calendars = Dictionary(
      root.records("calendars").compactMap { record in record.text("name").map { ($0, record) } }
    ) { first, _ in first }
    return declared.map { line in
      let name = line.text("name") ?? ""
      let own = machines.filter {
        $0.text("line") == name || $0["line"] == nil && declared.count == 1
      }
      let calendar = line.text("calendar").flatMap { calendars[$0] }
      return LineRules(
        name: name, machines: own.compactMap { $0.text("name") },
        timeZone: calendar?.text("timeZone") ?? zone,
        calendar: calendar.map { Self.calendar($0) } ?? Self.roundTheClock,
        confirmations: Self.confirmations(line.record("confirmations")))
    }
  }

  /// What holds for a line of which nobody declared a calendar.
  private static let roundTheClock = CalendarRules.roundTheClock(
    name: SitePlan.roundTheClock, zone: .utc)

  private static func confirmations(_ record: Record?) -> ConfirmationRules {
    guard let record else { return ConfirmationRules() }
    return ConfirmationRules(
      interval: record.duration("every") ?? .seconds(900),
      percentAbovePlan: record.text("abovePlan") == "none"
        ? nil : record.percent("abovePlan").map { Int64($0) } ?? 10,
      needsRelease: record.boolean("needsRelease") ?? true,
      needsContact: record.boolean("needsContact") ?? true,
      needsSoundCounter: record.boolean("needsSoundCounter") ?? true,
      replacementEnds: record.boolean("replacementEnds") ?? false,
      confirming: Set(record.words("machines").map(\.text)))
  }

  // MARK: Calendars

  /// The calendar of a record; what could not be read of it is left out.
  static func calendar(_ record: Record) -> CalendarRules {
    CalendarRules(
      name: record.text("name") ?? "", zone: .utc, dayStart: minute(record, "dayStart") ?? 0,
      dayLabel: record.text("dayLabel").flatMap(CalendarRules.DayLabel.init) ?? .ofStart,
      shifts: record.records("shifts").compactMap { shift($0, days: days($0)) },
      holidays: record.records("holidays").compactMap(holiday),
      exceptions: record.records("exceptions").compactMap(exception),
      maintenance: record.records("maintenance").compactMap { interval in
        guard let name = interval.text("name"),
          let from = interval.text("from").flatMap(ClockText.civil),
          let to = interval.text("to").flatMap(ClockText.civil)
        else { return nil }
        return MaintenanceInterval(name, from: from, until: to)
      })
  }

  private static func minute(_ record: Record, _ name: String) -> Int? {
    record.integer(name).map { Int($0) }
  }

  private static func span(_ record: Record) -> ClockSpan? {
    guard let from = minute(record, "from"), let to = minute(record, "to") else { return nil }
    return ClockSpan(start: from, end: to)
  }

  private static func days(_ record: Record) -> Set<Weekday> {
    Set(
      record.words("days").compactMap { word in
        Vocabulary.weekdays.firstIndex(of: word.text).map { Weekday.allCases[$0] }
      })
  }

  private static func shift(_ record: Record, days: Set<Weekday>) -> ShiftDefinition? {
    guard let name = record.text("name"), let span = span(record) else { return nil }
    let breaks = record.records("breaks").compactMap { pause -> BreakDefinition? in
      guard let name = pause.text("name"), let span = self.span(pause) else { return nil }
      return BreakDefinition(name, span)
    }
    return ShiftDefinition(name, span, days: days, breaks: breaks)
  }

  private static func holiday(_ record: Record) -> Holiday? {
    guard let date = record.text("date").flatMap(CivilDate.init(text:)),
      let name = record.text("name")
    else { return nil }
    let extent: Holiday.Extent =
      if let minute = minute(record, "from") {
        .from(minute)
      } else if let minute = minute(record, "until") {
        .until(minute)
      } else {
        .wholeDay
      }
    return Holiday(date, name, extent)
  }

  private static func exception(_ record: Record) -> CalendarException? {
    guard let date = record.text("date").flatMap(CivilDate.init(text:)) else { return nil }
    if let extra = record.record("extra") {
      return shift(extra, days: [date.weekday]).map { .extra(date, $0) }
    }
    return record.text("cancelled").map { .cancelled(date, shift: $0) }
  }
}
