// What no single value can tell: whether the parts of a configuration fit each other.
//
// Invariants
// - Runs over whatever could be read; a member that was wrong before is passed over in silence.
// - An error is what cannot work or would count wrongly; a warning is what may well be meant.

import Machines
import Polling
import Primitives
import Signals

struct Rules {
  let root: Record
  var mistakes: MistakeList
  /// The codes of all reasons.
  let reasonCodes: Set<String>
  /// The machines that have a signal of a name.
  let ownersBySignal: [String: [String]]

  init(root: Record, mistakes: MistakeList) {
    self.root = root
    self.mistakes = mistakes
    reasonCodes = Set(root.records("reasons").compactMap { $0.text("code") })
    var owners: [String: [String]] = [:]
    for machine in root.records("machines") {
      guard let name = machine.text("name") else { continue }
      for signal in machine.records("signals") {
        if let own = signal.text("name") { owners[own, default: []].append(name) }
      }
    }
    ownersBySignal = owners
  }

  mutating func check() {
    amounts()
    reasons()
    calendars()
    shopLines()
    let buses = names(root.records("buses"))
    for machine in root.records("machines") {
      refer(machine, "bus", to: "bus", buses)
      check(machine: machine)
    }
    devices()
    sharedUnits()
    lines()
    sharedEndpoints()
    upstream()
    remote()
    rings()
  }

  func names(_ records: [Record]) -> [String] { records.compactMap { $0.text("name") } }

  /// A name must be one of those known.
  mutating func refer(
    _ record: Record, _ member: String, to kind: String, _ known: [String]
  ) {
    guard let name = record.text(member), !known.contains(name) else { return }
    unknown(name, record.place(of: member), record.path(of: member), kind, known)
  }

  mutating func unknown(
    _ name: String, _ place: Place, _ path: String, _ kind: String, _ known: [String]
  ) {
    mistakes.error(
      place, path, "there is no \(kind) named \(Words.quoted(name))" + Nearest.hint(name, known),
      known.isEmpty ? "nothing, since no \(kind) is declared" : shortList(known))
  }

  func shortList(_ known: [String]) -> String {
    let most = 8
    let shown = known.prefix(most).joined(separator: ", ")
    return known.count > most ? "\(shown) and \(known.count - most) more" : shown
  }

  private mutating func amounts() {
    let signals = root.records("machines").reduce(0) { $0 + $1.records("signals").count }
    for (member, count, most) in [
      ("buses", root.records("buses").count, SettingsLimits.buses),
      ("machines", root.records("machines").count, SettingsLimits.machines),
      ("machines", signals, SettingsLimits.signals),
      ("uplinks", root.records("uplinks").count, SettingsLimits.uplinks),
      ("routes", root.records("routes").count, SettingsLimits.routes),
      ("lines", root.records("lines").count, SettingsLimits.lines),
      ("calendars", root.records("calendars").count, SettingsLimits.calendars),
      ("reasons", root.records("reasons").count, ReasonLimits.reasons),
    ] where count > most {
      let what = member == "machines" && count == signals ? "signals" : member
      mistakes.error(root.place(of: member), member, "found \(count) \(what)", "\(most) at most")
    }
    if root["machines"] != nil, root.records("machines").isEmpty {
      mistakes.warn(root.place(of: "machines"), "machines", "no machine is declared")
    }
    if root["uplinks"] != nil, root.records("uplinks").isEmpty {
      mistakes.warn(
        root.place(of: "uplinks"), "uplinks",
        "no uplink is declared; events stay in the journal until it is full")
    }
  }

  // MARK: Machines

  private mutating func check(machine: Record) {
    let signals = machine.records("signals")
    let known = names(signals)
    for signal in signals { check(signal: signal) }
    refer(machine, "faultCode", to: "signal of this machine", known)
    if let code = machine.text("faultCode") { integral(code, machine, "faultCode", signals) }
    if let running = machine.record("running") { check(condition: running, signals, known) }
    counters(machine, signals, known)
    decisions(machine)
    evidence(machine)
    orderSignals(machine)
    signalLimits(machine)
    pace(machine, signals)
  }

  /// A scale of 1 and an offset of 0 change nothing, so they may stand anywhere.
  private func isNeutral(_ setting: Setting, _ member: String) -> Bool {
    guard case .number(let value) = setting.reading else { return false }
    return member == "scale" && value == 1 || member == "offset" && value == 0
  }

  private mutating func check(signal: Record) {
    guard let address = signal.address("at") else { return }
    let type = address.format.type
    if type == .bit || type == .string {
      for member in ["scale", "offset", "deadband", "range"] {
        guard let setting = signal[member], !isNeutral(setting, member) else { continue }
        mistakes.error(
          setting.place, signal.path(of: member),
          "\(member) has no meaning for \(type == .bit ? "a bit" : "a text")",
          "\(member) only for numbers")
      }
    }
    if signal.number("scale") == 0 {
      mistakes.error(
        signal.place(of: "scale"), signal.path(of: "scale"), "a scale of 0 makes every value 0",
        "a number other than 0")
    }
    if let heartbeat = signal.duration("heartbeat"), let every = signal.duration("every"),
      heartbeat < every
    {
      mistakes.warn(
        signal.place(of: "heartbeat"), signal.path(of: "heartbeat"),
        "the heartbeat of \(heartbeat.text) is shorter than the period of \(every.text)",
        "\(every.text) or more")
    }
  }
}
