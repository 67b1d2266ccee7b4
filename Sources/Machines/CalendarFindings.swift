// What is wrong or worth knowing about a declared calendar, as sentences for whoever wrote it.
//
// Invariants
// - A mistake is something that cannot be meant (it must be refused); a warning is probably not
//   meant; a note says what follows from the pattern (an hour of the week without a shift).
// - Overlaps and gaps are those of the usual week on the clock's face: changes of the clock move
//   real lengths, never the pattern.
// - The number of findings is bounded by the declared lists, which are bounded themselves: lists
//   above their limit are told and not looked into.

import Primitives

/// One thing that is wrong or worth knowing about a calendar.
public struct CalendarFinding: Equatable, Sendable {
  /// How bad it is.
  public enum Severity: String, Sendable { case mistake, warning, note }

  public var severity: Severity
  /// Where, what, and what to do.
  public var text: String
}

extension CalendarRules {
  /// Everything that is wrong or worth knowing, mistakes first.
  public var findings: [CalendarFinding] {
    let crowded = excess
    guard crowded.isEmpty else { return crowded }
    let mistakes = shiftMistakes + dateMistakes
    guard !mistakes.contains(where: { $0.severity == .mistake }) else { return mistakes }
    return mistakes + weekFindings
  }

  private func finding(_ severity: CalendarFinding.Severity, _ text: String) -> CalendarFinding {
    CalendarFinding(severity: severity, text: "calendar \(name): \(text)")
  }

  private var excess: [CalendarFinding] {
    var found: [CalendarFinding] = []
    func check(_ count: Int, _ limit: Int, _ what: String) {
      guard count > limit else { return }
      found.append(finding(.mistake, "\(count) \(what), \(limit) are allowed; leave some out"))
    }
    check(shifts.count, CalendarLimits.shifts, "shifts")
    check(holidays.count, CalendarLimits.dates, "holidays")
    check(exceptions.count, CalendarLimits.dates, "exceptions")
    check(maintenance.count, CalendarLimits.dates, "maintenance intervals")
    for shift in allShifts {
      check(shift.breaks.count, CalendarLimits.breaks, "breaks in shift \(shift.name)")
    }
    return found
  }

  /// The shifts of the week and the extra ones.
  private var allShifts: [ShiftDefinition] {
    shifts
      + exceptions.compactMap { if case .extra(_, let shift) = $0 { shift } else { nil } }
  }

  private var shiftMistakes: [CalendarFinding] {
    var found: [CalendarFinding] = []
    if !(0..<1440).contains(dayStart) {
      found.append(
        finding(.mistake, "the production day starts at minute \(dayStart); say 00:00 to 23:59"))
    }
    for shift in allShifts {
      for (what, span) in [("", shift.span)] + shift.breaks.map({ (", break \($0.name)", $0.span) })
      where !(0..<1440).contains(span.start) || !(0..<1440).contains(span.end) {
        found.append(
          finding(.mistake, "shift \(shift.name)\(what): a time is beyond 00:00 to 23:59"))
      }
    }
    guard found.isEmpty else { return found }
    for (index, shift) in shifts.enumerated() {
      if shifts[..<index].contains(where: { $0.name == shift.name }) {
        found.append(
          finding(.mistake, "shift \(shift.name) is declared twice; give each its own name"))
      }
      if shift.days.isEmpty {
        found.append(finding(.mistake, "shift \(shift.name) has no days; say on which it starts"))
      }
    }
    return found + allShifts.flatMap(breakMistakes)
  }

  private func breakMistakes(_ shift: ShiftDefinition) -> [CalendarFinding] {
    var found: [CalendarFinding] = []
    var taken: [(from: Int, until: Int, name: String)] = []
    for pause in shift.breaks {
      var from = pause.span.start - shift.span.start
      if from < 0 { from += 1440 }
      let until = from + pause.span.minutes
      if until > shift.span.minutes {
        found.append(
          finding(
            .mistake,
            "break \(pause.name), \(face(pause.span)), is not within shift \(shift.name), "
              + "\(face(shift.span)); move it or the shift"))
      }
      for other in taken where from < other.until && other.from < until {
        found.append(
          finding(
            .mistake,
            "breaks \(other.name) and \(pause.name) of shift \(shift.name) overlap; join them"))
      }
      taken.append((from, until, pause.name))
    }
    return found
  }

  private var dateMistakes: [CalendarFinding] {
    var found: [CalendarFinding] = []
    var seen: Set<CivilDate> = []
    for holiday in holidays {
      if !seen.insert(holiday.date).inserted {
        found.append(
          finding(.mistake, "\(holiday.date.text) is a holiday twice; the first one counts"))
      }
      switch holiday.extent {
      case .wholeDay: break
      case .from(let minute), .until(let minute):
        if !(0..<1440).contains(minute) {
          found.append(
            finding(.mistake, "holiday \(holiday.name): say a time from 00:00 to 23:59"))
        }
      }
    }
    for exception in exceptions {
      guard case .cancelled(let date, let shift) = exception else { continue }
      let weekday = date.weekday
      if !shifts.contains(where: { $0.name == shift }) {
        found.append(
          finding(.mistake, "\(date.text) cancels shift \(shift), which is not declared"))
      } else if !shifts.contains(where: { $0.name == shift && $0.days.contains(weekday) }) {
        found.append(
          finding(
            .warning,
            "\(date.text) cancels shift \(shift), which does not start on a \(weekday.text)"))
      }
    }
    for interval in maintenance
    where zone.moment(of: interval.until) <= zone.moment(of: interval.from) {
      found.append(
        finding(
          .mistake,
          "maintenance \(interval.name) from \(interval.from.text) until \(interval.until.text) "
            + "ends before it begins"))
    }
    return found
  }

  private struct WeekShift {
    var from: Int
    var until: Int
    var name: String
  }

  private var weekFindings: [CalendarFinding] {
    let week = 7 * 1440
    var all: [WeekShift] = []
    for shift in shifts {
      for day in shift.days {
        let from = (day.rawValue - 1) * 1440 + shift.span.start
        all.append(.init(from: from, until: from + shift.span.minutes, name: shift.name))
      }
    }
    all.sort { ($0.from, $0.name) < ($1.from, $1.name) }
    guard let first = all.first else {
      return [finding(.warning, "no shifts are declared: all time is outside any shift")]
    }
    var found = straddling
    // The week is a ring: its first shift comes again after its last.
    var reached = all.map(\.until).max().map { $0 - week } ?? 0
    var reachedBy = all.max { $0.until < $1.until }?.name ?? first.name
    for shift in all {
      if shift.from < reached {
        found.append(
          finding(
            .mistake,
            "shifts \(reachedBy) and \(shift.name) overlap from \(weekText(shift.from)) to "
              + "\(weekText(min(reached, shift.until))); end one where the other starts"))
      } else if shift.from > reached {
        found.append(
          finding(.note, "no shift from \(weekText(reached)) to \(weekText(shift.from))"))
      }
      if shift.until > reached { (reached, reachedBy) = (shift.until, shift.name) }
    }
    return found.filter { $0.severity == .mistake } + found.filter { $0.severity != .mistake }
  }

  /// Shifts that run past the start of a production day, whose sums are in two days.
  private var straddling: [CalendarFinding] {
    shifts.filter { shift in
      let into = ClockSpan.forward(from: shift.span.start, to: dayStart)
      return into < shift.span.minutes
    }.map { shift in
      finding(
        .note,
        "shift \(shift.name), \(face(shift.span)), runs past \(clock(dayStart)), where the "
          + "production day starts: its sums are split between two days")
    }
  }

  private func face(_ span: ClockSpan) -> String { "\(clock(span.start))-\(clock(span.end))" }

  private func weekText(_ minute: Int) -> String {
    let inWeek = (minute % 10_080 + 10_080) % 10_080
    return "\(Weekday.allCases[inWeek / 1440].text) \(clock(inWeek % 1440))"
  }

  private func clock(_ minute: Int) -> String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(two(minute / 60)):\(two(minute % 60))"
  }
}
