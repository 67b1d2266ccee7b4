// States of the plan: evidence, what follows from it, and what it is called.
//
// Invariants
// - A machine of which nothing but running, faultCode, causes and standstill is declared has no
//   states of its own: it means what it always meant, `StateRules(simple:)`.
// - One that adds to these (a slow rule, reasons of the site for its operators) gets those rules
//   with the additions; evidence is in place of them.
// - A threshold is strict in every notation: `above: 80` and "t > 80" hold for more than 80, and
//   `until: 75` lets go at 75.

import Machines
import Primitives
import Signals

extension Planner {
  mutating func states(
    _ machine: Record, _ rules: MachineRules, _ idByName: [String: SignalID]
  ) -> StateRules? {
    let claims = self.claims(machine, idByName)
    guard claims.isEmpty else {
      let order = machine.words("precedence").compactMap { EvidenceState(rawValue: $0.text) }
      let evidence = EvidenceRules(
        claims, order: order.isEmpty ? EvidenceRules.usualOrder : EvidenceRules.settled(order),
        otherwise: machine.text("otherwise").flatMap(EvidenceState.init))
      let states = StateRules(
        name: rules.name, evidence: evidence, counter: rules.leading?.rules.signal,
        shortStop: rules.shortStop, reasons: reasons)
      return adding(machine, to: states)
    }
    guard addsToSimple(machine), let simple = try? StateRules(simple: rules) else { return nil }
    var states = adding(machine, to: simple)
    states.counter = rules.leading?.rules.signal
    states.reasons = joined(simple.reasons, of: rules.causes)
    return states
  }

  /// Whether more is declared than the simple rules know.
  private func addsToSimple(_ machine: Record) -> Bool {
    !reasons.codes.isEmpty
      || ["idealCycle", "slow", "changeover", "planned"].contains { machine[$0] != nil }
      || ["ignoreUnder", "minimumRun"].contains { (machine.duration($0) ?? .zero) > .zero }
  }

  private func adding(_ machine: Record, to simple: StateRules) -> StateRules {
    var states = simple
    states.idealCycle = machine.duration("idealCycle")
    states.ignoreUnder = machine.duration("ignoreUnder") ?? .zero
    states.minimumRun = machine.duration("minimumRun") ?? .zero
    states.slow = machine.record("slow").map { slow in
      SlowRule(
        share: Int64(((slow.percent("below") ?? 0) * 10).rounded()),
        window: slow.duration("window") ?? .seconds(60))
    }
    states.changeover = machine.record("changeover").map { changeover in
      ChangeoverRule(
        before: changeover.duration("before") ?? .zero,
        after: changeover.duration("after") ?? .zero,
        splits: changeover.boolean("split") ?? false, reason: changeover.text("reason"))
    }
    if let planned = machine.record("planned") {
      states.plannedReason = planned.text("reason")
      states.plannedSplits = planned.boolean("split") ?? true
    }
    return states
  }

  /// The causes of one machine with the reasons of the site, so that both can be named.
  private mutating func joined(
    _ causes: ReasonTable, of definitions: [Int64: CauseDefinition]
  ) -> ReasonTable {
    guard !causes.codes.isEmpty else { return reasons }
    if let last = lastJoined, last.causes == definitions { return last.table }
    let own = causes.codes.compactMap { code in
      causes[code].map { cause in
        Reason(
          code, texts: [reasons.language: causes.text(code) ?? code], category: cause.category,
          costCenter: cause.costCenter)
      }
    }
    let site = reasons.codes.compactMap { reasons[$0] }
    let table = (try? ReasonTable(own + site, language: reasons.language)) ?? causes
    lastJoined = (definitions, table)
    return table
  }

  // MARK: Evidence

  private func claims(
    _ machine: Record, _ idByName: [String: SignalID]
  ) -> [EvidenceClaim] {
    let declared = machine.records("evidence").compactMap { record -> EvidenceClaim? in
      guard let state = record.text("state").flatMap(EvidenceState.init),
        let test = record.record("when"), var rule = rule(test, idByName)
      else { return nil }
      if test["onDelay"] == nil { rule.onDelay = record.duration("onDelay") ?? .zero }
      if test["offDelay"] == nil { rule.offDelay = record.duration("offDelay") ?? .zero }
      return EvidenceClaim(state, when: rule, reason: record.text("reason"))
    }
    return declared + packML(machine.record("packml"), idByName)
  }

  private func rule(_ record: Record, _ idByName: [String: SignalID]) -> EvidenceRule? {
    guard let test = test(record, idByName) else { return nil }
    // A condition of one line and an object that says the same are one rule.
    var rule = test
    rule.onDelay = record.duration("onDelay") ?? .zero
    rule.offDelay = record.duration("offDelay") ?? .zero
    return rule
  }

  private func test(_ record: Record, _ idByName: [String: SignalID]) -> EvidenceRule? {
    if record["all"] != nil {
      return EvidenceRule(.all(record.records("all").compactMap { rule($0, idByName) }))
    }
    if record["any"] != nil {
      return EvidenceRule(.any(record.records("any").compactMap { rule($0, idByName) }))
    }
    if let inner = record.record("not") {
      return rule(inner, idByName).map { EvidenceRule(.not($0)) }
    }
    if let signal = record.text("stands").flatMap({ idByName[$0] }) {
      return EvidenceRule(standing(signal, record))
    }
    guard let signal = record.text("signal").flatMap({ idByName[$0] }) else { return nil }
    if record["codes"] != nil { return EvidenceRule(Self.codes(signal, record)) }
    if let until = record.number("until") {
      if let limit = record.number("above") {
        return EvidenceRule(.above(signal, on: limit.nextUp, off: until.nextUp))
      }
      if let limit = record.number("below") {
        return EvidenceRule(.below(signal, on: limit.nextDown, off: until.nextDown))
      }
    }
    return condition(record, idByName).map { EvidenceRule($0) }
  }

  private func standing(_ signal: SignalID, _ record: Record) -> EvidenceRule.Test {
    let limit: StillLimit =
      if let duration = record.duration("for") {
        .duration(duration)
      } else {
        .cycles(hundredths: Int64(((record.number("cycles") ?? 0) * 100).rounded()))
      }
    let isBit = signals[Int(signal.index)].definition.format.type == .bit
    return isBit ? .pulseStands(signal, limit) : .counterStands(signal, limit)
  }

  private static func codes(_ signal: SignalID, _ record: Record) -> EvidenceRule.Test {
    let entries = record.meanings("codes")
    let table = entries.compactMap { entry in
      CodeText.range(entry.name).map {
        CodeMeaning(Array($0), reason: entry.value.isEmpty ? nil : entry.value)
      }
    }
    return .code(signal, table, anyOther: entries.contains { $0.name == CodeText.other })
  }

  // MARK: PackML

  private func packML(
    _ record: Record?, _ idByName: [String: SignalID]
  ) -> [EvidenceClaim] {
    guard let record, let state = record.text("state").flatMap({ idByName[$0] }) else { return [] }
    let numbering = PackMLNumbering(
      states: Self.numbers(PackMLNumbering.states, record.numbers("states")),
      modes: Self.numbers(PackMLNumbering.modes, record.numbers("modes")))
    let suspended: EvidenceState = record.text("suspended") == "blocked" ? .blocked : .starved
    let states = EvidenceClaim.packML(state, numbering: numbering, suspended: suspended)
    guard let mode = record.text("mode").flatMap({ idByName[$0] }) else { return states }
    let modes = [("Changeover", EvidenceState.setup), ("Maintenance", .planned)].compactMap {
      name, claimed in
      numbering.modes[name].map { number in
        EvidenceClaim(
          claimed, when: EvidenceRule(.code(mode, [CodeMeaning([number])], anyOther: false)))
      }
    }
    return states + modes
  }

  /// The usual numbers with those declared; a usual name whose number is taken is not used.
  private static func numbers(
    _ usual: [String: Int64], _ declared: [Entry<Int64>]
  ) -> [String: Int64] {
    let taken = Set(declared.map(\.value))
    var numbers = usual.filter { !taken.contains($0.value) }
    for entry in declared { numbers[entry.name] = entry.value }
    return numbers
  }

  static func mapping(_ words: Record?) -> StateMapping {
    guard let words else { return .usual }
    var rows: [MachineCondition: StateNames] = [:]
    for condition in MachineCondition.allCases {
      guard let row = words.record(condition.rawValue) else { continue }
      var names = StateMapping.usual[condition]
      if let state = row.text("state") { names.packMLState = state }
      if let mode = row.text("mode") { names.packMLMode = mode == "none" ? nil : mode }
      if let e10 = row.text("e10") { names.e10 = e10 == "none" ? nil : e10 }
      guard names != StateMapping.usual[condition] else { continue }
      rows[condition] = names
    }
    return StateMapping(rows)
  }
}
