// The names of evidence: conditions over signals, the states they claim, and what follows.

import Machines
import Primitives

extension Vocabulary {
  /// States that signals may claim.
  static let claimable = EvidenceState.allCases.filter { $0 != .noContact }.map(\.rawValue)

  static let evidence = Table(
    "evidence", "While the condition holds, the machine is said to be in the state.",
    [
      Member("state", .choice(claimable), .required, "The state that is claimed."),
      Member("when", .test, .required, "The condition."),
      Member(
        "reason", .reference(.reason), .optional,
        "Why it stands, unless a code says it better."),
      Member(
        "onDelay", .duration(SettingsLimits.evidenceDelay), .standard("0s"),
        "How long the condition must hold."),
      Member(
        "offDelay", .duration(SettingsLimits.evidenceDelay), .standard("0s"),
        "How long the condition must fail."),
    ])

  /// Holds conditions of its own kind, so it is named by the kinds `test` and `tests`.
  static let test = Table(
    "test", "A condition: over one signal, a counter that stands, or several conditions.",
    [
      Member("signal", .reference(.signal), .optional, "The signal that is compared."),
      Member("isTrue", .boolean, .optional, "true: holds when the signal is not 0."),
      Member("isFalse", .boolean, .optional, "true: holds when the signal is 0."),
      Member("equals", .integers, .optional, "Holds for this value, or for one of a list."),
      Member("above", .number, .optional, "Holds above this value."),
      Member("below", .number, .optional, "Holds below this value."),
      Member(
        "until", .number, .optional,
        "Beside above or below: holds on until the value has come back to this."),
      Member(
        "codes", .meanings, .optional,
        "Holds for these codes, and the reason of each; \"*\": any other but 0."),
      Member(
        "stands", .reference(.signal), .optional,
        "Holds while this counter, or this bit that pulses, stands still."),
      Member(
        "for", .duration(SettingsLimits.standstill), .optional, "Beside stands: so long."),
      Member(
        "cycles", .positive, .optional, "Beside stands: so many times the ideal cycle."),
      Member("all", .tests, .optional, "Holds when all of these do."),
      Member("any", .tests, .optional, "Holds when one of these does."),
      Member("not", .test, .optional, "Holds when this fails."),
      Member(
        "onDelay", .duration(SettingsLimits.evidenceDelay), .optional,
        "How long it must hold; without it, no time."),
      Member(
        "offDelay", .duration(SettingsLimits.evidenceDelay), .optional,
        "How long it must fail; without it, no time."),
    ])

  static let packml = Table(
    "packml", "Registers that speak PackML: states, and modes where there are any.",
    [
      Member("state", .reference(.signal), .required, "The register of the state."),
      Member(
        "mode", .reference(.signal), .optional,
        "The register of the mode: Changeover claims setup, Maintenance claims planned."),
      Member(
        "states", .numbers, .standard([:]), "Numbers of states that differ from ISA-TR88."),
      Member("modes", .numbers, .standard([:]), "Numbers of modes that differ from ISA-TR88."),
      Member(
        "suspended", .choice(["starved", "blocked"]), .standard("starved"),
        "What Suspended means at this machine."),
    ])

  static let slow = Table(
    "slow", "When a running machine is slow.",
    [
      Member("below", .share, .required, "The share of the ideal rate under which it is slow."),
      Member(
        "window", .duration(SettingsLimits.slowWindow), .standard("60s"),
        "The rate is taken over so long."),
    ])

  static let changeover = Table(
    "changeover", "Stops around a change of order become a changeover.",
    [
      Member(
        "before", .duration(SettingsLimits.changeover), .standard("0s"),
        "A stop that ended no longer than this before the change."),
      Member(
        "after", .duration(SettingsLimits.changeover), .standard("0s"),
        "A stop that begins no later than this after the change."),
      Member(
        "split", .boolean, .standard(false),
        "A stop is cut at the change; else all of it is changeover."),
      Member("reason", .reference(.reason), .optional, "The reason of changeovers."),
    ])

  static let planned = Table(
    "planned", "Stops while the calendar plans no work.",
    [
      Member("reason", .reference(.reason), .optional, "The reason of planned stops."),
      Member(
        "split", .boolean, .standard(true),
        "A stop is cut where planned time begins or ends; else all of it is planned."),
    ])

  static let words = Table(
    "words", "What states are called, where not as usual.",
    MachineCondition.allCases.map { condition in
      Member(
        condition.rawValue, .object(stateWords), .optional,
        "The words of \(condition.rawValue).")
    })

  static let stateWords = Table(
    "stateWords", "What one state is called; what is left out stays as usual.",
    [
      Member("state", .text, .optional, "The PackML state in events."),
      Member("mode", .text, .optional, "The PackML mode in events; \"none\" for no mode."),
      Member(
        "e10", .choice(E10Class.allCases.map(\.rawValue) + ["none"]), .optional,
        "The class of SEMI E10 in events: productive, standby, engineering, scheduled or"
          + " unscheduled down, non-scheduled; \"none\" books it nowhere."),
    ])
}
