// Counters and what follows from them, checked against the signals they name.

import Machines
import Primitives
import Signals

extension Rules {
  /// Every counter of a machine: those that have a name of their own, then those of the list.
  static func counters(of machine: Record) -> [(role: String, counter: Record)] {
    let named = ["good", "scrap", "rework"].compactMap { role in
      machine.record(role).map { (role: role, counter: $0) }
    }
    return named + machine.records("counters").map { (role: $0.text("role") ?? "", counter: $0) }
  }

  mutating func counters(_ machine: Record, _ signals: [Record], _ known: [String]) {
    var countedBy: [String: String] = [:]
    var placeByRole: [String: Place] = [:]
    let all = Self.counters(of: machine)
    for (role, counter) in all {
      refer(counter, "signal", to: "signal of this machine", known)
      check(counter: counter, signals)
      // Two for scrap are two chutes; two for good or for all are the same pieces seen twice.
      if let first = placeByRole[role], role == "good" || role == "total" {
        mistakes.error(
          counter.place, counter.path,
          "a second counter of role \(role), beside the one at \(first); its pieces would be"
            + " booked twice", "one counter of good pieces and one total for each machine")
      }
      if placeByRole[role] == nil { placeByRole[role] = counter.place }
      guard let name = counter.text("signal") else { continue }
      if let other = countedBy[name] {
        mistakes.error(
          counter.place(of: "signal"), counter.path(of: "signal"),
          "\(name) is the counter of \(other) already; its pieces would be booked twice",
          "a signal of its own")
      }
      countedBy[name] = role
    }
    if all.count > MachineLimits.counters {
      mistakes.error(
        machine.place(of: "counters"), machine.path(of: "counters"),
        "found \(all.count) counters", "\(MachineLimits.counters) at most")
    }
  }

  private mutating func check(counter: Record, _ signals: [Record]) {
    guard let name = counter.text("signal"), let (signal, address) = find(name, signals) else {
      return
    }
    if counter.boolean("pulse") ?? false {
      check(pulse: counter, name, signal, address)
      return
    }
    let place = counter.place(of: "signal")
    let path = counter.path(of: "signal")
    guard let most = address.format.type.highestCount else {
      let isBit = address.format.type == .bit
      mistakes.error(
        place, path, "\(name) is a \(address.format.type.rawValue) and cannot count",
        "u16, i16, u32, i32, u64 or i64"
          + (isBit ? "; or pulse: true for a bit that rises with each piece" : ""))
      return
    }
    if isScaled(signal) {
      mistakes.error(
        place, path, "\(name) is scaled; its roll-over could not be told",
        "an unscaled signal, and piecesPerCount")
    }
    if signal["deadband"] != nil {
      mistakes.warn(
        place, path, "\(name) has a deadband; the last counts before a stop are told late",
        "no deadband")
    }
    width(counter, address.format.type, most)
  }

  /// The highest value, declared as itself or as bits, against what the register can hold.
  private mutating func width(_ counter: Record, _ type: RegisterType, _ most: UInt64) {
    if let highest = counter.integer("highest"), UInt64(clamping: highest) > most {
      mistakes.error(
        counter.place(of: "highest"), counter.path(of: "highest"),
        "found \(highest), but \(type.rawValue) ends at \(most)",
        "1 to \(most)")
    }
    guard let bits = counter.integer("bits") else { return }
    if counter["highest"] != nil {
      mistakes.error(
        counter.place(of: "bits"), counter.path(of: "bits"),
        "bits and highest both say where the counter starts again", "one of the two")
    }
    let held = UInt64.bitWidth - most.leadingZeroBitCount
    if bits > held {
      mistakes.error(
        counter.place(of: "bits"), counter.path(of: "bits"),
        "found \(bits), but \(type.rawValue) counts in \(held) bits", "1 to \(held)")
    }
  }

  private mutating func check(
    pulse counter: Record, _ name: String, _ signal: Record, _ address: ParsedAddress
  ) {
    if address.format.type != .bit {
      mistakes.error(
        counter.place(of: "pulse"), counter.path(of: "pulse"),
        "\(name) is \(address.format.type.rawValue), and only a bit pulses",
        "no pulse, for a register that counts")
      return
    }
    for member in ["highest", "bits"] where counter[member] != nil {
      mistakes.error(
        counter.place(of: member), counter.path(of: member), "\(member) has no meaning for a pulse",
        "no \(member)")
    }
    if counter.text("direction") == "down" {
      mistakes.error(
        counter.place(of: "direction"), counter.path(of: "direction"),
        "a pulse counts up only", "no direction")
    }
    guard let rate = counter.number("piecesPerSecond"), let every = signal.duration("every"),
      let each = counter.integer("piecesPerCount")
    else { return }
    // A pulse is seen when it is once found high and once found low.
    let scans = rate / Double(each) * Double(every.nanoseconds) / 1e9
    guard scans > 0.5 else { return }
    mistakes.warn(
      counter.place(of: "signal"), counter.path(of: "signal"),
      "\(name) may pulse faster than every other scan of \(every.text) can see",
      "a shorter period of \(name), or a counter in the PLC")
  }

  // MARK: What says that a machine stands

  mutating func decisions(_ machine: Record) {
    if machine["standstill"] != nil, machine["good"] == nil {
      mistakes.error(
        machine.place(of: "standstill"), machine.path(of: "standstill"),
        "standstill needs a count that can stand still", "good: the counter of good pieces")
    }
    let hasEvidence = !machine.records("evidence").isEmpty || machine["packml"] != nil
    if hasEvidence { onlyEvidence(machine) }
    guard !machine.isWrong, !hasEvidence else { return }
    if machine["running"] == nil, machine["faultCode"] == nil, machine["standstill"] == nil,
      !isOnlyMeasuring(machine)
    {
      mistakes.warn(
        machine.place, machine.path, "nothing says when this machine stands",
        "evidence; or running, faultCode, or good with standstill")
    }
    if !machine.codes("causes").isEmpty, machine["faultCode"] == nil {
      mistakes.warn(
        machine.place(of: "causes"), machine.path(of: "causes"),
        "causes are named, but no signal tells the code", "faultCode: the name of a signal")
    }
  }

  /// What evidence stands in the place of.
  private mutating func onlyEvidence(_ machine: Record) {
    let instead = [
      "running": "{ state: \"running\", when: … } in evidence",
      "faultCode": "{ state: \"fault\", when: { signal: …, codes: { … } } } in evidence",
      "causes": "reasons, and codes: { \"12\": \"guard-open\" } in evidence",
      "standstill": "{ state: \"stopped\", when: { stands: …, for: … } } in evidence",
    ]
    for (member, advice) in instead.sorted(by: { $0.key < $1.key }) {
      guard let setting = machine[member] else { continue }
      if case .codes(let codes) = setting.reading, codes.isEmpty { continue }
      let other = machine["evidence"] != nil ? "evidence" : "packml"
      mistakes.error(
        setting.place, machine.path(of: member),
        "this machine has \(other), which says the same in place of \(member)", advice)
    }
  }

  /// A meter neither runs nor counts pieces; it is there for the values it publishes.
  private func isOnlyMeasuring(_ machine: Record) -> Bool {
    Self.counters(of: machine).isEmpty && machine.codes("causes").isEmpty
      && machine.records("signals").contains { $0.boolean("publish") ?? false }
  }

  /// One warning a machine where a silent unit would hold up its own scans.
  mutating func pace(_ machine: Record, _ signals: [Record]) {
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
}
