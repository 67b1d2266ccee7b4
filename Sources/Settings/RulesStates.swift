// What is said about the states of a machine, and which of them can never be told.

import Machines
import Primitives
import Signals

extension Rules {
  mutating func packml(_ machine: Record, _ scope: EvidenceScope) {
    guard let packml = machine.record("packml") else { return }
    for member in ["state", "mode"] {
      refer(packml, member, to: "signal of this machine", scope.known)
      if let name = packml.text(member) { integral(name, packml, member, scope.signals) }
    }
    numbers(packml, "states", Array(PackMLNumbering.states.keys).sorted(), "PackML state")
    numbers(
      packml, "modes", ["Changeover", "Invalid", "Maintenance", "Manual", "Production"],
      "PackML mode")
  }

  private mutating func numbers(
    _ packml: Record, _ member: String, _ known: [String], _ what: String
  ) {
    var nameByNumber: [Int64: String] = [:]
    let register = packml.text("mode") ?? "mode"
    for entry in packml.numbers(member) {
      let path = packml.path(of: member) + "[\(entry.name.prefix(SettingsLimits.nameLength))]"
      if !known.contains(entry.name) {
        let own =
          member == "modes"
          ? "; any other mode as evidence: { state: \"planned\","
            + " when: \"\(register) = \(entry.value)\" }"
          : ""
        mistakes.error(
          entry.place, path,
          "there is no \(what) named \(Words.quoted(entry.name))"
            + Nearest.hint(entry.name, known), known.joined(separator: ", ") + own)
      }
      if let other = nameByNumber[entry.value] {
        mistakes.error(
          entry.place, path, "\(entry.value) is the number of \(other) already",
          "a number of its own")
      }
      nameByNumber[entry.value] = entry.name
    }
  }

  mutating func states(_ machine: Record, _ scope: EvidenceScope) {
    if let slow = machine.record("slow") { self.slow(slow, machine) }
    if let changeover = machine.record("changeover") { refer(reason: changeover) }
    planned(machine)
    causes(machine)
    if let dip = machine.duration("ignoreUnder"), let short = machine.duration("shortStop"),
      short > .zero, dip >= short
    {
      mistakes.warn(
        machine.place(of: "ignoreUnder"), machine.path(of: "ignoreUnder"),
        "stops under \(dip.text) are not told, so none is ever a short stop of less than"
          + " \(short.text)", "less than \(short.text)")
    }
    let claims = machine.records("evidence")
    if claims.isEmpty, machine["packml"] == nil {
      for member in ["otherwise", "precedence"] where machine[member] != nil {
        mistakes.error(
          machine.place(of: member), machine.path(of: member),
          "\(member) decides between claims, and this machine has no evidence",
          "no \(member), or evidence: [{ state: …, when: … }]")
      }
    } else if !machine.isWrong, claims.allSatisfy({ $0["state"] != nil && $0["when"] != nil }) {
      oneSided(machine)
      covered(machine, claims)
    }
    words(machine)
  }

  private mutating func slow(_ slow: Record, _ machine: Record) {
    let counts = Self.counters(of: machine).contains { $0.role == "good" || $0.role == "total" }
    if !counts, !machine.isWrong {
      mistakes.error(
        slow.place, slow.path, "a rate needs a counter, and none counts good or all pieces",
        "good, or counters: [{ role: \"total\", signal: … }]")
    } else if machine["idealCycle"] == nil {
      mistakes.warn(
        slow.place, slow.path,
        "no ideal cycle is declared, so it is never slow until an order brings one",
        "idealCycle on this machine")
    }
  }

  private mutating func planned(_ machine: Record) {
    guard let planned = machine.record("planned") else { return }
    refer(reason: planned)
    guard !hasCalendar(machine) else { return }
    mistakes.warn(
      planned.place, planned.path,
      "its line works round the clock, so no stop is ever in planned time",
      "a calendar for its line")
  }

  /// Codes of the machine become reasons, where there are reasons.
  private mutating func causes(_ machine: Record) {
    for (code, cause) in machine.codes("causes") where reasonCodes.contains("\(code)") {
      mistakes.error(
        cause.place, cause.path, "\(code) is the code of a reason as well",
        "another code for the reason, or evidence with codes: { \"\(code)\": \"\(code)\" }")
    }
  }

  /// Whether the line of a machine has a calendar.
  private func hasCalendar(_ machine: Record) -> Bool {
    let lines = root.records("lines")
    let line =
      machine.text("line").flatMap { name in lines.first { $0.text("name") == name } }
      ?? (lines.count == 1 ? lines[0] : nil)
    return line?["calendar"] != nil
  }

  /// Everything that the signals of a machine may claim.
  private static func claimed(_ machine: Record) -> Set<EvidenceState> {
    var claimed = Set(
      machine.records("evidence").compactMap { $0.text("state").flatMap(EvidenceState.init) })
    if let packml = machine.record("packml") {
      claimed.formUnion([.fault, .stopped, .running])
      claimed.insert(packml.text("suspended") == "blocked" ? .blocked : .starved)
      if packml["mode"] != nil { claimed.formUnion([.setup, .planned]) }
    }
    return claimed
  }

  /// A machine that can only run, or only stand.
  private mutating func oneSided(_ machine: Record) {
    let claimed = Self.claimed(machine)
    let otherwise = machine.text("otherwise").flatMap(EvidenceState.init)
    let stands = claimed.contains(where: \.stands)
    let runs = claimed.contains { !$0.stands }
    let member = machine["evidence"] != nil ? "evidence" : "packml"
    if !stands, !(otherwise?.stands ?? claimed.contains(.running)) {
      mistakes.warn(
        machine.place(of: member), machine.path(of: member),
        "nothing says when this machine stands", "a claim of a state in which it stands")
    } else if !runs, let otherwise, otherwise.stands {
      mistakes.warn(
        machine.place(of: "otherwise"), machine.path(of: "otherwise"),
        "nothing says when this machine runs",
        "{ state: \"running\", when: … } in evidence, or otherwise: \"running\"")
    }
  }

  /// Claims under the very condition of another one: only the strongest is ever told.
  private mutating func covered(_ machine: Record, _ claims: [Record]) {
    let order = EvidenceRules.settled(
      machine.words("precedence").compactMap { EvidenceState(rawValue: $0.text) })
    var firstByCondition: [[UInt8]: Record] = [:]
    for claim in claims.enumerated().sorted(by: { left, right in
      (rank(left.element, order), left.offset) < (rank(right.element, order), right.offset)
    }).map(\.element) {
      guard let test = claim.record("when"), let state = claim.text("state") else { continue }
      let delays = ["onDelay", "offDelay"].map { claim.duration($0)?.text ?? "" }
      let condition = Effective.canonicalBytes(test) + Array(delays.joined(separator: " ").utf8)
      guard let first = firstByCondition[condition] else {
        firstByCondition[condition] = claim
        continue
      }
      mistakes.warn(
        claim.place, claim.path,
        "\(state) is never told: under the same condition \(first.text("state") ?? "") is claimed"
          + " at \(first.place), which counts first", "another condition, or one claim")
    }
  }

  private func rank(_ claim: Record, _ order: [EvidenceState]) -> Int {
    claim.text("state").flatMap(EvidenceState.init).flatMap(order.firstIndex) ?? order.count
  }

  /// Words for states that this machine cannot be in.
  private mutating func words(_ machine: Record) {
    guard let words = machine.record("words"), !machine.isWrong else { return }
    let told = tellable(machine)
    for condition in MachineCondition.allCases
    where words[condition.rawValue] != nil && !told.contains(condition) {
      mistakes.warn(
        words.place(of: condition.rawValue), words.path(of: condition.rawValue),
        "this machine can never be \(condition.rawValue): nothing claims it",
        "evidence of it, or no words for it")
    }
  }

  private func tellable(_ machine: Record) -> Set<MachineCondition> {
    var claimed = Self.claimed(machine)
    let otherwise = machine.text("otherwise").flatMap(EvidenceState.init)
    if let otherwise { claimed.insert(otherwise) }
    let hasEvidence = !machine.records("evidence").isEmpty || machine["packml"] != nil
    if hasEvidence {
      if otherwise == nil, claimed.contains(.running) { claimed.insert(.stopped) }
    } else {
      if machine["faultCode"] != nil { claimed.insert(.fault) }
      if machine["running"] != nil || machine["standstill"] != nil { claimed.insert(.stopped) }
    }
    var told: Set<MachineCondition> = [.unknown, .noContact, .running]
    for state in claimed {
      switch state {
      case .fault: told.insert(.fault)
      case .setup: told.insert(.changeover)
      case .planned: told.insert(.planned)
      case .blocked: told.insert(.blocked)
      case .starved: told.insert(.starved)
      case .stopped: told.formUnion([.stopped, .shortStop])
      case .slow: told.insert(.slow)
      case .noContact, .running: break
      }
    }
    if machine["slow"] != nil { told.insert(.slow) }
    if machine["changeover"] != nil { told.insert(.changeover) }
    if hasCalendar(machine) { told.insert(.planned) }
    return told
  }
}
