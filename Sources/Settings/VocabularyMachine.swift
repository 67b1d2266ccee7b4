// The names of one machine: what it reads, what says that it runs or stands, what it counts.

import Machines
import Primitives

extension Vocabulary {
  static let machine = Table(
    "machine", "One machine: its signals, when it runs, why it stands, what it makes.",
    [
      Member("name", .name, .required, "The unit part of the events' source."),
      Member("bus", .reference(.bus), .required, "The bus it is read from."),
      Member("unit", .integer(0...255), .standard(1), "The unit number (slave address)."),
      Member(
        "profile", .name, .optional,
        "A file profiles/<name>.json5 that tells what the device can and which signals it has."),
    ] + device + [
      Member(
        "signals", .selection(signal), .requiredWithout("profile"),
        "What is read; with a profile and without this, every signal of the profile."),
      Member("running", .condition(condition), .optional, "The machine runs while this holds."),
      Member(
        "faultCode", .reference(.signal), .optional,
        "A signal whose value other than 0 is the cause of a stop."),
      Member("causes", .codes("text", cause), .standard([:]), "What the fault codes mean."),
      Member("good", .shorthand("signal", counter), .optional, "The counter of good pieces."),
      Member("scrap", .shorthand("signal", counter), .optional, "The counter of scrap pieces."),
      Member("rework", .shorthand("signal", counter), .optional, "The counter of rework."),
      Member(
        "standstill", .duration(SettingsLimits.standstill), .optional,
        "A stop is inferred when the good count stands still this long."),
      Member(
        "shortStop", .duration(SettingsLimits.shortStop), .standard("2min"),
        "A stop shorter than this is a minor one."),
      Member(
        "countWindow", .duration(SettingsLimits.countWindow), .standard("10s"),
        "Counts are summed over this long."),
      Member(
        "minorStopWindow", .duration(SettingsLimits.minorStopWindow), .standard("1h"),
        "Minor stops are summed by cause over this long, and to the end of a shift."),
      Member("uom", .text, .standard("PCE"), "Unit of measure of the counts (UN/ECE code)."),
    ] + shop)

  /// What was added for evidence, orders and limits.
  private static let shop = [
    Member(
      "line", .reference(.line), .optional, "The line it belongs to; without it, the only one."),
    Member(
      "evidence", .list(evidence), .optional,
      "What its signals say of it; in place of running, faultCode, causes and standstill."),
    Member(
      "otherwise", .choice(EvidenceState.allCases.filter { $0 != .noContact }.map(\.rawValue)),
      .optional,
      "Its state when nothing is claimed; without it, stopped where a running claim fails."),
    Member(
      "precedence", .choices(EvidenceState.allCases.filter(\.stands).map(\.rawValue)), .optional,
      "Which state counts when several are claimed, from the strongest."),
    Member("packml", .object(packml), .optional, "Registers that speak PackML, as evidence."),
    Member(
      "idealCycle", .duration(SettingsLimits.idealCycle), .optional,
      "The time of one piece at full speed, unless the order says it."),
    Member(
      "ignoreUnder", .duration(SettingsLimits.evidenceDelay), .standard("0s"),
      "Interruptions shorter than this are not told."),
    Member(
      "minimumRun", .duration(SettingsLimits.evidenceDelay), .standard("0s"),
      "A stop goes on when the machine runs for less than this."),
    Member("slow", .object(slow), .optional, "When it runs, but slowly."),
    Member(
      "changeover", .object(changeover), .optional, "Stops around a change of order."),
    Member("planned", .object(planned), .optional, "Stops while the calendar plans no work."),
    Member(
      "counters", .list(roleCounter), .standard([]), "Counters beside good, scrap and rework."),
    Member(
      "order", .shorthand("signal", orderSignals), .optional,
      "The signal that shows the running order; 0 or no text is no order."),
    Member(
      "limits", .list(signalLimit), .standard([]), "High and low limits of its signals."),
    Member(
      "words", .object(words), .optional,
      "What its states are called in PackML and SEMI E10, where not as usual."),
  ]

  private static let counting = [
    Member("signal", .reference(.signal), .required, "The signal that counts."),
    Member(
      "highest", .integer(1...Int64.max), .optional,
      "The value before it starts again at 0; without it, what the register can hold."),
    Member(
      "bits", .integer(1...64), .optional,
      "The width of the counter in bits, in place of highest."),
    Member(
      "direction", .choice(["up", "down"]), .standard("up"), "Which way the register counts."),
    Member(
      "pulse", .boolean, .standard(false), "A bit that rises with each count, not a register."),
    Member(
      "piecesPerSecond", .positive, .optional,
      "Most pieces a second the machine can make; more is an anomaly."),
    Member("piecesPerCount", .integer(1...1_000_000), .standard(1), "Pieces for each count."),
  ]

  static let counter = Table("counter", "A register or a bit that counts pieces.", counting)

  static let roleCounter = Table(
    "roleCounter", "A counter and what its pieces are.",
    [
      Member(
        "role", .choice(CountRole.allCases.map(\.rawValue)), .required,
        "What it counts; a total counts every piece, good or not.")
    ] + counting)

  static let orderSignals = Table(
    "orderSignals", "The signals that show which order runs.",
    [
      Member("signal", .reference(.signal), .required, "The number or text of the order."),
      Member(
        "operation", .reference(.signal), .optional, "The number or text of its operation."),
    ])

  static let signalLimit = Table(
    "signalLimit", "A high or a low limit of a signal.",
    [
      Member("name", .name, .required, "The name within the machine."),
      Member("signal", .reference(.signal), .required, "The signal that is watched."),
      Member("above", .number, .optional, "Exceeded above this value."),
      Member("below", .number, .optional, "Exceeded below this value."),
      Member(
        "hysteresis", .number, .standard(0), "How far back inside the value must come."),
      Member(
        "onDelay", .duration(Duration.zero...WatchLimits.longestDelay), .standard("0s"),
        "How long it must be beyond."),
      Member(
        "offDelay", .duration(Duration.zero...WatchLimits.longestDelay), .standard("0s"),
        "How long it must be back inside."),
      Member(
        "severity", .choice(LimitSeverity.allCases.map(\.rawValue)), .standard("warning"),
        "How bad it is."),
      Member(
        "hold", .boolean, .standard(false),
        "Holds the quality of the machine's confirmations until a person releases it."),
    ])
}
