// What no single value can tell: whether the parts of a configuration fit each other.
//
// Invariants
// - Runs over whatever could be read; a member that was wrong before is passed over in silence.
// - An error is what cannot work or would count wrongly; a warning is what may well be meant.

import Polling
import Primitives
import Signals

struct Rules {
  let root: Record
  var mistakes: MistakeList

  mutating func check() {
    amounts()
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
    rings()
  }

  private func names(_ records: [Record]) -> [String] { records.compactMap { $0.text("name") } }

  /// A name must be one of those known.
  private mutating func refer(
    _ record: Record, _ member: String, to kind: String, _ known: [String]
  ) {
    guard let name = record.text(member), !known.contains(name) else { return }
    unknown(name, record.place(of: member), record.path(of: member), kind, known)
  }

  private mutating func unknown(
    _ name: String, _ place: Place, _ path: String, _ kind: String, _ known: [String]
  ) {
    mistakes.error(
      place, path, "there is no \(kind) named \(Words.quoted(name))" + Nearest.hint(name, known),
      known.isEmpty ? "nothing, since no \(kind) is declared" : shortList(known))
  }

  private func shortList(_ known: [String]) -> String {
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
    var countedBy: [String: String] = [:]
    for member in ["good", "scrap", "rework"] {
      guard let counter = machine.record(member) else { continue }
      refer(counter, "signal", to: "signal of this machine", known)
      check(counter: counter, signals)
      guard let name = counter.text("signal") else { continue }
      if let other = countedBy[name] {
        mistakes.error(
          counter.place(of: "signal"), counter.path(of: "signal"),
          "\(name) is the counter of \(other) already; its pieces would be booked twice",
          "a signal of its own")
      }
      countedBy[name] = member
    }
    decisions(machine)
    pace(machine, signals)
  }

  /// What says that the machine stands.
  private mutating func decisions(_ machine: Record) {
    if machine["standstill"] != nil, machine["good"] == nil {
      mistakes.error(
        machine.place(of: "standstill"), machine.path(of: "standstill"),
        "standstill needs a count that can stand still", "good: the counter of good pieces")
    }
    guard !machine.isWrong else { return }
    if machine["running"] == nil, machine["faultCode"] == nil, machine["standstill"] == nil,
      !isOnlyMeasuring(machine)
    {
      mistakes.warn(
        machine.place, machine.path, "nothing says when this machine stands",
        "running, faultCode, or good with standstill")
    }
    if !machine.codes("causes").isEmpty, machine["faultCode"] == nil {
      mistakes.warn(
        machine.place(of: "causes"), machine.path(of: "causes"),
        "causes are named, but no signal tells the code", "faultCode: the name of a signal")
    }
  }

  /// A meter neither runs nor counts pieces; it is there for the values it publishes.
  private func isOnlyMeasuring(_ machine: Record) -> Bool {
    ["good", "scrap", "rework"].allSatisfy { machine[$0] == nil }
      && machine.codes("causes").isEmpty
      && machine.records("signals").contains { $0.boolean("publish") ?? false }
  }

  /// One warning a machine where a silent unit would hold up its own scans.
  private mutating func pace(_ machine: Record, _ signals: [Record]) {
    guard let timeout = machine.duration("timeout") else { return }
    let fastest = signals.filter { ($0.duration("every") ?? timeout) < timeout }
      .min { ($0.duration("every") ?? .zero) < ($1.duration("every") ?? .zero) }
    guard let fastest, let every = fastest.duration("every"), let name = fastest.text("name")
    else { return }
    mistakes.warn(
      fastest.place(of: "every"), fastest.path(of: "every"),
      "\(name) is read every \(every.text), but the unit may take \(timeout.text) to answer;"
        + " one lost answer skips scans",
      "a shorter timeout or a longer period")
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
