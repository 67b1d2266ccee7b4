// Evidence, checked against the signals it names: conditions, claims, delays and their limits.

import Machines
import Primitives
import Signals

/// What the conditions of one machine are checked against, and how much of its limits they took.
struct EvidenceScope {
  var machine: Record
  var signals: [Record]
  var known: [String]
  var steps = 0
  var codes = 0

  init(_ machine: Record) {
    self.machine = machine
    signals = machine.records("signals")
    known = signals.compactMap { $0.text("name") }
  }
}

extension Rules {
  /// The comparisons of a condition over one signal.
  private static let comparisons = ["isTrue", "isFalse", "equals", "above", "below", "codes"]
  /// What makes a condition, and what may stand beside it.
  private static let heads: [(name: String, beside: Set<String>)] = [
    ("signal", Set(comparisons + ["until"])), ("stands", ["for", "cycles"]), ("all", []),
    ("any", []), ("not", []),
  ]

  mutating func evidence(_ machine: Record) {
    var scope = EvidenceScope(machine)
    let claims = machine.records("evidence")
    for claim in claims {
      refer(reason: claim)
      if let state = claim.text("state"), EvidenceState(rawValue: state)?.stands == false,
        claim["reason"] != nil
      {
        mistakes.error(
          claim.place(of: "reason"), claim.path(of: "reason"),
          "\(state) is no stop, so no reason is ever told for it",
          "no reason, or a state in which the machine stands")
      }
      guard let test = claim.record("when") else { continue }
      check(test: test, &scope, depth: 1)
      for member in ["onDelay", "offDelay"] {
        guard test[member] != nil, let outer = claim.duration(member), outer > .zero else {
          continue
        }
        mistakes.error(
          claim.place(of: member), claim.path(of: member),
          "\(member) is given to the claim and to its condition at \(test.place(of: member))",
          "one of the two")
      }
    }
    limits(scope, claims.count)
    packml(machine, scope)
    states(machine, scope)
  }

  private mutating func limits(_ scope: EvidenceScope, _ claims: Int) {
    let machine = scope.machine
    // A register that speaks PackML claims four states, and its mode two.
    let all = claims + (machine["packml"] == nil ? 0 : 6)
    for (what, count, most) in [
      ("claims", all, EvidenceLimits.claims),
      ("conditions", scope.steps, EvidenceLimits.steps - 6),
      ("codes", scope.codes, EvidenceLimits.codes - 64),
    ] where count > most {
      mistakes.error(
        machine.place(of: "evidence"), machine.path(of: "evidence"), "found \(count) \(what)",
        "\(most) at most for one machine")
    }
  }

  /// A reason must be one of those declared.
  mutating func refer(reason record: Record, _ member: String = "reason") {
    guard let code = record.text(member) else { return }
    refer(reason: code, record.place(of: member), record.path(of: member))
  }

  mutating func refer(reason code: String, _ place: Place, _ path: String) {
    guard !reasonCodes.contains(code) else { return }
    unknown(code, place, path, "reason", root.records("reasons").compactMap { $0.text("code") })
  }

  /// A signal of evidence must be one of this machine.
  private mutating func refer(_ record: Record, _ member: String, _ scope: EvidenceScope) {
    guard let name = record.text(member), !scope.known.contains(name) else { return }
    let others = ownersBySignal[name] ?? []
    guard let other = others.first else {
      unknown(
        name, record.place(of: member), record.path(of: member), "signal of this machine",
        scope.known)
      return
    }
    mistakes.error(
      record.place(of: member), record.path(of: member),
      "\(name) is a signal of \(other), and a machine is judged by its own signals",
      "a signal of this machine that is read from the same address")
  }

  private mutating func check(test: Record, _ scope: inout EvidenceScope, depth: Int) {
    scope.steps += 1
    guard depth <= EvidenceLimits.depth else {
      mistakes.error(
        test.place, test.path,
        "conditions stand more than \(EvidenceLimits.depth) within each other",
        "fewer levels of all, any and not")
      return
    }
    let given = Self.heads.filter { test[$0.name] != nil }
    guard given.count == 1, let head = given.first else {
      if given.isEmpty, test.isWrong { return }
      mistakes.error(
        test.place, test.path,
        given.isEmpty ? "nothing is asked" : "found " + Words.both(given.map(\.name)),
        "one of " + Words.either(Self.heads.map(\.name)))
      return
    }
    for name in Self.comparisons + ["until", "for", "cycles"]
    where test[name] != nil && !head.beside.contains(name) {
      mistakes.error(
        test.place(of: name), test.path(of: name), "\(name) has no meaning beside \(head.name)",
        "no \(name)")
    }
    switch head.name {
    case "signal": check(comparison: test, &scope)
    case "stands": check(standing: test, scope)
    case "not":
      if let inner = test.record("not") { check(test: inner, &scope, depth: depth + 1) }
    default:
      for inner in test.records(head.name) { check(test: inner, &scope, depth: depth + 1) }
    }
  }

  private mutating func check(comparison test: Record, _ scope: inout EvidenceScope) {
    refer(test, "signal", scope)
    let given = Self.comparisons.filter { test[$0] != nil }
    if given.count > 1 {
      mistakes.error(
        test.place, test.path, "found " + given.joined(separator: " and "), "one comparison")
    }
    if given.isEmpty, !test.isWrong {
      mistakes.error(
        test.place, test.path, "nothing is compared", Words.either(Self.comparisons))
    }
    until(test)
    for entry in test.meanings("codes") {
      if entry.name == CodeText.other {
        guard !entry.value.isEmpty else { continue }
        mistakes.error(
          entry.place, test.path(of: "codes") + "[*]",
          "\"*\" stands for codes that nobody knows, so it cannot name a reason",
          "\"*\": \"\", and reason: \(Words.quoted(entry.value)) beside when")
        continue
      }
      scope.codes += CodeText.range(entry.name)?.count ?? 1
      guard !entry.value.isEmpty else { continue }
      refer(reason: entry.value, entry.place, test.path(of: "codes") + "[\(entry.name)]")
    }
    scope.codes += test.integers("equals")?.count ?? 0
    guard let name = test.text("signal"), let (_, address) = find(name, scope.signals) else {
      return
    }
    for member in ["equals", "codes"] where given == [member] {
      integral(name, test, member, scope.signals)
    }
    if address.format.type == .string, given != ["equals"], given != ["codes"] {
      mistakes.error(
        test.place(of: "signal"), test.path(of: "signal"), "\(name) is a text",
        "a bit or a number")
    }
  }

  /// The way back of a threshold must lie on its inner side.
  private mutating func until(_ test: Record) {
    guard let until = test.number("until") else { return }
    let (above, below) = (test.number("above"), test.number("below"))
    if let above, until > above {
      mistakes.error(
        test.place(of: "until"), test.path(of: "until"),
        "until \(Words.plain(until)) is over \(Words.plain(above)), so it would never rest",
        "\(Words.plain(above)) or less")
    } else if let below, until < below {
      mistakes.error(
        test.place(of: "until"), test.path(of: "until"),
        "until \(Words.plain(until)) is under \(Words.plain(below)), so it would never rest",
        "\(Words.plain(below)) or more")
    } else if above == nil, below == nil, !test.isWrong {
      mistakes.error(
        test.place(of: "until"), test.path(of: "until"),
        "until needs a threshold to come back from",
        "above or below beside it")
    }
  }

  private mutating func check(standing test: Record, _ scope: EvidenceScope) {
    refer(test, "stands", scope)
    let (given, cycles) = (test.duration("for"), test.number("cycles"))
    if test["for"] != nil, test["cycles"] != nil {
      mistakes.error(
        test.place(of: "cycles"), test.path(of: "cycles"), "found for and cycles", "one of the two")
    } else if test["for"] == nil, test["cycles"] == nil, !test.isWrong {
      mistakes.error(
        test.place, test.path, "nothing says how long it must stand still",
        "for: \"30s\", or cycles: 3")
    }
    if let cycles, cycles > SettingsLimits.standingCycles || cycles < 0.01 {
      mistakes.error(
        test.place(of: "cycles"), test.path(of: "cycles"),
        "found \(Words.plain(cycles)) cycles",
        "0.01 to \(Words.plain(SettingsLimits.standingCycles))")
    } else if cycles != nil, given == nil, scope.machine["idealCycle"] == nil {
      mistakes.warn(
        test.place(of: "cycles"), test.path(of: "cycles"),
        "no ideal cycle is declared, so nothing stands still until an order brings one",
        "idealCycle on this machine, or for: \"30s\"")
    }
    guard let name = test.text("stands"), let (signal, address) = find(name, scope.signals) else {
      return
    }
    if address.format.type != .bit, address.format.type.highestCount == nil {
      mistakes.error(
        test.place(of: "stands"), test.path(of: "stands"),
        "\(name) is \(address.format.type.rawValue) and neither counts nor pulses",
        "a bit or an integer register")
    }
    if let given, let every = signal.duration("every"), given <= every {
      mistakes.warn(
        test.place(of: "for"), test.path(of: "for"),
        "\(name) is read every \(every.text), so it always seems to stand for \(given.text)",
        "more than \(every.text), or a shorter period")
    }
  }
}

extension Words {
  /// A number as a person writes it: 5 and not 5.0.
  static func plain(_ value: Double) -> String {
    Int64(exactly: value).map { "\($0)" } ?? "\(value)"
  }
}
