// Calendars: what the domain finds in them, told at the place where it is written.
//
// Why so: whether shifts overlap or a break lies outside of its shift is decided where calendars
// are at home (CalendarFindings), once; here its sentences only get their file, line and column.

import Machines
import Primitives

extension Rules {
  mutating func calendars() {
    for calendar in root.records("calendars") {
      amounts(calendar)
      for exception in calendar.records("exceptions") { check(exception: exception, calendar) }
      for holiday in calendar.records("holidays")
      where holiday["from"] != nil && holiday["until"] != nil {
        mistakes.error(
          holiday.place(of: "until"), holiday.path(of: "until"),
          "found from and until; a day is free at one end", "one of the two, or none for all day")
      }
      maintenance(calendar)
      guard !isBroken(calendar) else { continue }
      for finding in Planner.calendar(calendar).findings {
        tell(finding, calendar)
      }
    }
  }

  private mutating func amounts(_ calendar: Record) {
    for (member, most) in [
      ("shifts", CalendarLimits.shifts), ("holidays", CalendarLimits.dates),
      ("exceptions", CalendarLimits.dates), ("maintenance", CalendarLimits.dates),
    ] {
      let count = calendar.records(member).count
      guard count > most else { continue }
      mistakes.error(
        calendar.place(of: member), calendar.path(of: member), "found \(count) \(member)",
        "\(most) at most")
    }
    for shift in Self.shifts(calendar) where shift.records("breaks").count > CalendarLimits.breaks {
      mistakes.error(
        shift.place(of: "breaks"), shift.path(of: "breaks"),
        "found \(shift.records("breaks").count) breaks", "\(CalendarLimits.breaks) at most")
    }
  }

  /// The shifts of the week and the extra ones.
  private static func shifts(_ calendar: Record) -> [Record] {
    calendar.records("shifts") + calendar.records("exceptions").compactMap { $0.record("extra") }
  }

  private mutating func check(exception: Record, _ calendar: Record) {
    let given = ["extra", "cancelled"].filter { exception[$0] != nil }
    if given.count != 1, !(given.isEmpty && exception.isWrong) {
      mistakes.error(
        exception.place, exception.path,
        given.isEmpty ? "nothing is otherwise on this date" : "found extra and cancelled",
        given.isEmpty ? "extra or cancelled" : "one of the two; two exceptions for both")
    }
    let shifts = calendar.records("shifts")
    refer(exception, "cancelled", to: "shift", names(shifts))
    // A shift of that name that does not start on that day is the domain's finding.
  }

  private mutating func maintenance(_ calendar: Record) {
    for interval in calendar.records("maintenance") {
      guard let from = interval.text("from").flatMap(ClockText.civil),
        let to = interval.text("to").flatMap(ClockText.civil), to <= from
      else { continue }
      mistakes.error(
        interval.place(of: "to"), interval.path(of: "to"),
        "it ends at \(to.text), before it begins at \(from.text)", "a later end")
    }
  }

  /// Whether something of it is told already, so that what follows from it would be told twice.
  private func isBroken(_ calendar: Record) -> Bool {
    let path = calendar.path + "."
    return calendar.isWrong
      || mistakes.all.contains { $0.severity == .error && $0.path.hasPrefix(path) }
  }

  private mutating func tell(_ finding: CalendarFinding, _ calendar: Record) {
    let prefix = "calendar \(calendar.text("name") ?? ""): "
    let sentence =
      finding.text.hasPrefix(prefix) ? String(finding.text.dropFirst(prefix.count)) : finding.text
    let record = subject(of: sentence, calendar)
    // The sentences of the domain end with what to do, behind a semicolon.
    var found = sentence
    var allowed = ""
    if let cut = sentence.lastIndex(of: ";") {
      found = String(sentence[..<cut])
      allowed = String(sentence[sentence.index(after: cut)...].drop { $0 == " " })
    }
    switch finding.severity {
    case .mistake: mistakes.error(record.place, record.path, found, allowed)
    case .warning: mistakes.warn(record.place, record.path, found, allowed)
    // What merely follows from the pattern is told by `takt check --explain`.
    case .note: break
    }
  }

  /// The shift or exception of which a sentence speaks; the last one named, else the calendar.
  private func subject(of sentence: String, _ calendar: Record) -> Record {
    if let exception = calendar.records("exceptions").first(where: {
      $0["cancelled"] != nil
        && sentence.hasPrefix(
          "\($0.text("date") ?? "") cancels shift \($0.text("cancelled") ?? "")")
    }) {
      return exception
    }
    let words = sentence.split { " ,;:".contains($0) }
    for index in words.indices.dropFirst().reversed() {
      let isNamed =
        words[index - 1] == "shift"
        || words[index - 1] == "and" && words.dropFirst(index + 1).first == "overlap"
      guard isNamed,
        let shift = Self.shifts(calendar).first(where: { $0.text("name") == String(words[index]) })
      else { continue }
      return Self.pause(of: shift, in: words) ?? shift
    }
    return calendar
  }

  /// The break of a shift that a sentence is about: "break tea, …", or the second of two.
  private static func pause(of shift: Record, in words: [Substring]) -> Record? {
    guard let kind = words.firstIndex(where: { $0 == "break" || $0 == "breaks" }) else {
      return nil
    }
    let behind = words[kind] == "break" ? kind + 1 : kind + 3
    guard words.indices.contains(behind) else { return nil }
    return shift.records("breaks").first { $0.text("name") == String(words[behind]) }
  }
}
