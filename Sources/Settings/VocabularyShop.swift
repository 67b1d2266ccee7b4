// The names of the site: lines, when they work, how they confirm, and why machines stand.

import Machines
import Primitives

extension Vocabulary {
  static let line = Table(
    "line", "Machines that work together, by one calendar.",
    [
      Member("name", .name, .required, "The line part of the source; machines refer to it."),
      Member(
        "calendar", .reference(.calendar), .optional,
        "When it works; without it, round the clock in the time zone of the gateway."),
      Member(
        "confirmations", .object(confirmations), .standard([:]),
        "When production is confirmed to an ERP, and what must be true before."),
    ])

  static let confirmations = Table(
    "confirmations", "When production is confirmed to an ERP, and what must be true before.",
    [
      Member(
        "every", .duration(SettingsLimits.confirmation), .standard("15min"),
        "Production is confirmed this often, and at the end of shifts and orders."),
      Member(
        "abovePlan", .allowance, .standard("10%"),
        "How far good pieces may be above the plan; \"none\": the plan does not bind."),
      Member("needsRelease", .boolean, .standard(true), "The order must be released."),
      Member("needsContact", .boolean, .standard(true), "The machine must be in contact."),
      Member(
        "needsSoundCounter", .boolean, .standard(true), "No counter may be in doubt."),
      Member(
        "replacementEnds", .boolean, .standard(false),
        "An order that another one replaces is done."),
      Member(
        "machines", .references(.machine), .standard([]),
        "The machines whose pieces are confirmed; none: all of the line."),
    ])

  static let calendar = Table(
    "calendar", "When a line is meant to work, by the clock of one time zone.",
    [
      Member("name", .name, .required, "Lines refer to it."),
      Member(
        "timeZone", .timeZone, .optional, "IANA name; without it, that of the gateway."),
      Member(
        "dayStart", .timeOfDay, .standard("00:00"), "When a production day begins."),
      Member(
        "dayLabel", .choice(["ofStart", "ofEnd"]), .standard("ofStart"),
        "Which date a production day bears."),
      Member("shifts", .list(shift), .required, "The shifts of a week."),
      Member("holidays", .list(holiday), .standard([]), "Dates on which no shift starts."),
      Member(
        "exceptions", .list(exception), .standard([]), "Shifts of single dates, more or less."),
      Member("maintenance", .list(maintenance), .standard([]), "Planned maintenance."),
    ])

  private static let shiftSpan = [
    Member("name", .name, .required, "The name in totals and confirmations."),
    Member("from", .timeOfDay, .required, "When it begins."),
    Member("to", .timeOfDay, .required, "When it ends; at or before its begin, the next day."),
  ]

  private static let shiftBreaks = Member(
    "breaks", .list(pause), .standard([]), "Breaks in it.")

  static let weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

  static let shift = Table(
    "shift", "A shift of the week.",
    shiftSpan + [
      Member(
        "days", .choices(weekdays), .standard(.array(weekdays.map { .string($0) })),
        "The days on which it begins."),
      shiftBreaks,
    ])

  static let extraShift = Table(
    "extraShift", "A shift of one date.", shiftSpan + [shiftBreaks])

  static let pause = Table(
    "break", "A break within a shift.",
    [
      Member("name", .name, .required, "What people call it."),
      Member("from", .timeOfDay, .required, "When it begins."),
      Member("to", .timeOfDay, .required, "When it ends."),
    ])

  static let holiday = Table(
    "holiday", "A date on which nobody works, or only a part of it.", key: "date",
    [
      Member("date", .date, .required, "The date."),
      Member("name", .text, .required, "What people call it."),
      Member("from", .timeOfDay, .optional, "Free from then on only."),
      Member("until", .timeOfDay, .optional, "Free until then only."),
    ])

  static let exception = Table(
    "exception", "One shift more or less on a date.", key: nil,
    [
      Member("date", .date, .required, "The date on which the shift begins."),
      Member("extra", .object(extraShift), .optional, "A shift that works on this date."),
      Member("cancelled", .name, .optional, "The shift that does not."),
    ])

  static let maintenance = Table(
    "maintenance", "Planned maintenance.", key: nil,
    [
      Member("name", .text, .required, "What people call it."),
      Member("from", .localTime, .required, "When it begins."),
      Member("to", .localTime, .required, "When it ends."),
    ])

  static let reason = Table(
    "reason", "Why a machine stands.", key: "code",
    [
      Member("code", .name, .required, "Its code, as evidence, operators and events say it."),
      Member("text", .texts, .required, "What people call it, in one language or several."),
      Member(
        "category", .choice(StopCategory.allCases.map(\.rawValue)), .optional,
        "How the stop is booked; without it, as its parent, else unplanned."),
      Member("costCenter", .text, .optional, "Who pays; without it, as its parent."),
      Member("parent", .reference(.reason), .optional, "The reason that it belongs to."),
    ])
}
