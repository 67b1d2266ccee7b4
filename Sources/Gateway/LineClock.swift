// When the calendar of one line changes what it says: shifts end, breaks begin and end.
//
//   clock unknown ──set──▶ in a span ──its end──▶ in the next one
//                            ▲ └──clock steps: looked up anew──┘
//
// Invariants
// - An edge has the moment at which the wall clock showed it, and never one before an edge that was
//   told or before the last look: a clock that is stepped forward ends a shift at the step.
// - A clock that goes back by less than `TotalsLimits.stepBack` changes nothing, as in the totals.
// - While the clock is unknown there are no edges: nobody knows which shift it is, and no stop is
//   called planned.
// - The shift that runs is remembered, so that one that ended while the gateway was down is told at
//   the start.

import Machines
import Primitives

/// Something that the calendar of a line says from a moment on.
struct CalendarEdge: Equatable, Sendable {
  var at: Stamp
  /// Nobody is meant to work from then on.
  var isPlanned: Bool
  /// The shift that ended with it; nil for none.
  var ended: ShiftOccurrence?
}

/// The calendar of one line as it is followed.
struct LineClock: Sendable {
  /// Edges told in one look: a week of ten a day. Beyond it the calendar is looked up anew.
  static let edges = 70

  let line: String
  let calendar: WorkCalendar
  private(set) var span: CalendarSpan?
  private var checked: Instant
  /// The shift of the run before, until the clock is known.
  private var before: ShiftOccurrence?
  /// The shift is another one than the journal knows.
  private(set) var isDirty = false

  init(_ rules: LineRules, snapshot: [UInt8]?, reading: ClockReading) {
    line = rules.name
    calendar = WorkCalendar(rules.calendar)
    checked = reading.monotonic
    let tree = snapshot.flatMap { try? JSONValue(parsing: $0) }
    guard let tree, let name = tree["shift"]?.string,
      let date = tree["date"]?.string.flatMap(CivilDate.init(text:)),
      let start = tree["start"]?.integer, let end = tree["end"]?.integer
    else { return }
    before = ShiftOccurrence(
      name: name, date: date, start: WallTime(milliseconds: start),
      end: WallTime(milliseconds: end))
  }

  static func snapshotName(_ line: String) -> String { "calendar/\(line)" }

  private static func isKnown(_ reading: ClockReading) -> Bool {
    reading.quality != .neverset && reading.wall >= .earliest && reading.wall < .latest
  }

  /// Follows the clock; the edges since the last look, in order.
  mutating func advance(_ reading: ClockReading) -> [CalendarEdge] {
    defer { checked = max(checked, reading.monotonic) }
    guard Self.isKnown(reading) else { return [] }
    let now = Stamp(reading.monotonic, reading)
    guard var current = span else {
      let found = calendar.span(at: reading.wall)
      let ended = before.flatMap { $0.isSame(as: found.shift) ? nil : $0 }
      isDirty = isDirty || before != found.shift
      before = nil
      span = found
      return [CalendarEdge(at: now, isPlanned: found.planned != nil, ended: ended)]
    }
    var edges: [CalendarEdge] = []
    if reading.wall.milliseconds < current.from.milliseconds - TotalsLimits.stepBack {
      edges.append(enter(calendar.span(at: reading.wall), at: now))
      return edges
    }
    while reading.wall >= current.until {
      let isFar = edges.count >= Self.edges
      let next = calendar.span(at: isFar ? reading.wall : current.until)
      let since = reading.wall.milliseconds - current.until.milliseconds
      let (ago, overflow) = since.multipliedReportingOverflow(by: 1_000_000)
      let moment = reading.monotonic.advanced(nanoseconds: overflow ? .min : 0 - ago)
      edges.append(
        enter(next, at: Stamp(isFar ? reading.monotonic : max(checked, moment), reading)))
      current = next
    }
    return edges
  }

  private mutating func enter(_ next: CalendarSpan, at: Stamp) -> CalendarEdge {
    let ended = span?.shift.flatMap { $0.isSame(as: next.shift) ? nil : $0 }
    if span?.shift != next.shift { isDirty = true }
    span = next
    return CalendarEdge(at: at, isPlanned: next.planned != nil, ended: ended)
  }

  /// When the next edge comes, by the clock as it is; nil while it is unknown.
  func nextEdge(_ reading: ClockReading) -> Instant? {
    guard let span, Self.isKnown(reading) else { return nil }
    let ahead = max(0, span.until.milliseconds - reading.wall.milliseconds)
    let (nanoseconds, overflow) = ahead.multipliedReportingOverflow(by: 1_000_000)
    return reading.monotonic.advanced(nanoseconds: overflow ? .max : nanoseconds)
  }

  /// What the next start must know, when it has changed.
  mutating func takeSnapshot() -> (name: String, bytes: [UInt8])? {
    guard isDirty else { return nil }
    isDirty = false
    var members: [String: JSONValue] = ["version": 1]
    if let shift = span?.shift {
      members["shift"] = .string(shift.name)
      members["date"] = .string(shift.date.text)
      members["start"] = .integer(shift.start.milliseconds)
      members["end"] = .integer(shift.end.milliseconds)
    }
    return (Self.snapshotName(line), JSONValue.object(members).canonicalBytes)
  }

  /// The journal has no snapshot.
  mutating func wantSnapshot() { isDirty = span != nil }
}

extension ShiftOccurrence {
  /// The same shift, though its end may have been declared anew.
  fileprivate func isSame(as other: ShiftOccurrence?) -> Bool {
    name == other?.name && date == other?.date
  }
}
