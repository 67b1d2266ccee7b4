// The read plan as a person reads it beside the cabinet.
//
// Invariants
// - One line for each request, in the order of tables and addresses; below it, why the next one is
//   not part of it.
// - What needs attention stands on a line of its own and begins with "!".

import Machines
import Polling
import Primitives
import Settings
import Signals

/// Renders the plan of one bus.
struct PlanText {
  /// Names shown of the signals of one request.
  static let namesShown = 3

  let planned: PlannedBus
  let site: SitePlan

  init(_ planned: PlannedBus, _ site: SitePlan) {
    self.planned = planned
    self.site = site
  }

  private var bus: BusDefinition { planned.bus }
  private var forecast: PlanForecast { planned.forecast }

  /// All lines, each ended by a line feed.
  var text: String {
    let lines = ["\(bus.name)  \(PlanNames.line(bus))"] + requests + totals + impossible
    return lines.map { $0 + "\n" }.joined()
  }

  // MARK: requests

  private var requests: [String] {
    let titles = [
      "addresses", "numbers", "asked for", "used", "period", "phase", "time", "signals",
    ]
    let positions = bus.units.indices.flatMap { planned.blocks(of: $0) }
    guard !positions.isEmpty else { return ["  nothing is read on this bus"] }
    var rows = Columns.text([titles] + positions.map(row), indent: 4)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)[...]
    var lines = [rows.popFirst() ?? ""]
    for unit in bus.units.indices {
      let own = planned.blocks(of: unit)
      lines.append("  " + title(unit))
      lines += learnt(bus.units[unit])
      for (index, position) in own.enumerated() {
        lines.append(rows.popFirst() ?? "")
        let next = index + 1 < own.count ? own[index + 1] : nil
        if let split = planned.split(position, next) {
          lines.append("      not with the next: \(split.text)")
        }
      }
    }
    return lines
  }

  private func title(_ unit: Int) -> String {
    let definition = bus.units[unit]
    let load = forecast.units[unit]
    var words = ["\(definition.name)  unit \(definition.address)"]
    words.append("timeout \(definition.timeout.text)")
    if definition.quirks.pause > .zero { words.append("pause \(definition.quirks.pause.text)") }
    if let gap = definition.quirks.gapLimit { words.append("gap limit \(gap)") }
    words.append("\(PlanFigures.decimal(load.requestsPerSecond)) requests/s")
    words.append("\(PlanFigures.percent(load.lineShare)) of the bus")
    return words.joined(separator: ", ")
  }

  private func learnt(_ unit: UnitDefinition) -> [String] {
    planned.learnt.filter { $0.refusal.unit == unit.address }.map { refusal, since in
      let tries = refusal.tries > 0 ? ", tried \(refusal.tries) times since" : ""
      if let length = refusal.lengthText, let remedy = refusal.remedy {
        return "    ! \(length), found \(since.text)\(tries); put \(remedy) into its configuration"
      }
      let how = refusal.exception == 0 ? "does not answer" : "refuses"
      let code = refusal.exception == 0 ? "" : " with exception \(refusal.exception)"
      return "    ! \(how) requests over \(refusal.range.text)\(code), since \(since.text)\(tries)"
    }
  }

  private func row(_ position: Int) -> [String] {
    let block = planned.plan.blocks[position]
    let cost = Double(forecast.costs[position].nanoseconds)
    let kind = block.table.holdsBits ? "bit" : "register"
    let used = block.usedCount
    return [
      PlanNames.range(block), PlanNames.numbers(block),
      "\(block.count) \(kind)\(block.count == 1 ? "" : "s")",
      used == block.count ? "all" : "\(used)",
      block.period.text,
      PlanFigures.time(nanoseconds: Double(planned.phases[position].nanoseconds)),
      PlanFigures.time(nanoseconds: cost), names(block),
    ]
  }

  private func names(_ block: ReadBlock) -> String {
    let names = PlanNames.signals(block, bus, site)
    let shown = names.prefix(Self.namesShown).joined(separator: ", ")
    let more = names.count - Self.namesShown
    return more > 0 ? "\(shown) and \(more) more" : shown
  }

  // MARK: totals

  private var totals: [String] {
    guard !planned.plan.blocks.isEmpty else { return [] }
    let count = planned.plan.blocks.count
    let line = forecast.units.reduce(0) { $0 + $1.lineShare }
    var lines = [
      "  \(count) \(count == 1 ? "request" : "requests"), "
        + "\(PlanFigures.decimal(forecast.requestsPerSecond)) a second; "
        + "\(PlanFigures.decimal(line, places: 2)) s of bus time every second "
        + "(\(PlanFigures.percent(forecast.utilisation))); everything once takes "
        + PlanFigures.time(nanoseconds: Double(forecast.round.nanoseconds))
    ]
    lines.append("  " + times)
    lines += planned.warnings.map { "  ! \($0)" }
    if planned.warnings.isEmpty { lines.append("  every period can be kept") }
    if bus.units.count > 1 { lines.append("  " + dead) }
    if bus.units.count > 1, !bus.line.isSerial {
      lines.append(
        "  if \(bus.line.text) is a gateway to a serial line, that line's time is not in these "
          + "figures")
    }
    return lines
  }

  /// Where the times come from.
  private var times: String {
    let assumed =
      bus.line.isSerial
      ? "every answer to begin after \(LineTiming.assumedTurnaround.text)"
      : "every answer to take \(LineTiming.assumedRoundTrip.text)"
    let read = bus.units.indices.filter { unit in
      planned.plan.blocks.contains { $0.unit == unit }
    }
    let measured = read.count { planned.answers[$0] != nil }
    if measured == 0 { return "the times assume \(assumed); no gateway runs here that measured it" }
    if measured == read.count { return "the times are those that the running gateway measured" }
    return "the times are measured for \(measured) of \(read.count) units, "
      + "and assume \(assumed) for the others"
  }

  private var dead: String {
    let slowest = bus.units.map(\.timeout).max() ?? .zero
    let most = min(3, bus.units.count)
    let many =
      most > 1
      ? ", \(most) dead ones \(PlanFigures.percent(forecast.deadShare(most, of: bus)))" : ""
    return "a dead unit costs \(PollingLimits.failuresUntilLost) × \(slowest.text) until it is "
      + "believed lost, then \(PlanFigures.percent(forecast.deadShare(1, of: bus))) of the bus"
      + many
  }

  private var impossible: [String] {
    planned.plan.impossible.map { read in
      "  ! \(PlanNames.signal(read, bus, site)) cannot be read: \(read.reason.text)"
    }
  }
}

/// What things in a plan are called.
enum PlanNames {
  /// "Modbus RTU at /dev/serial/by-id/…, 19200 baud, even parity, 1 stop bit".
  static func line(_ bus: BusDefinition) -> String {
    let kind =
      switch bus.line {
      case .tcp: "Modbus TCP"
      case .tls: "Modbus/TCP Security"
      case .rtu: "Modbus RTU"
      case .rtuOverTCP: "Modbus RTU over TCP"
      }
    var words = ["\(kind) at \(bus.line.text)"]
    if let speed = bus.line.speed {
      let parity = speed.parity == .none ? "no" : speed.parity.rawValue
      words += [
        "\(speed.baud) baud", "\(parity) parity",
        speed.stopBits == 1 ? "1 stop bit" : "\(speed.stopBits) stop bits",
      ]
    }
    if bus.requestPause > .zero { words.append("pause \(bus.requestPause.text)") }
    return words.joined(separator: ", ")
  }

  /// "holding 0-24", "coil 7".
  static func range(_ block: ReadBlock) -> String {
    let last = block.end - 1
    return block.count == 1
      ? "\(block.table.rawValue) \(block.start)" : "\(block.table.rawValue) \(block.start)-\(last)"
  }

  /// "40001-40025": five digits, or six beyond 9999.
  static func numbers(_ block: ReadBlock) -> String {
    let digits = block.end > 9999 ? 5 : 4
    func number(_ address: Int) -> String {
      let text = String(address + 1)
      return leader(block.table) + String(repeating: "0", count: digits - text.count) + text
    }
    let first = number(Int(block.start))
    return block.count == 1 ? first : "\(first)-\(number(block.end - 1))"
  }

  private static func leader(_ table: ModbusTable) -> String {
    switch table {
    case .coil: "0"
    case .discrete: "1"
    case .input: "3"
    case .holding: "4"
    }
  }

  /// The names of the signals in a request; with their machines where several share the unit.
  static func signals(_ block: ReadBlock, _ bus: BusDefinition, _ site: SitePlan) -> [String] {
    let bindings = bus.units[block.unit].bindings
    return block.places.compactMap { place in
      let slot = Int(place.slot)
      return bindings.indices.contains(slot) ? signal(bindings[slot].signal, site) : nil
    }
  }

  static func signal(_ read: ImpossibleRead, _ bus: BusDefinition, _ site: SitePlan) -> String {
    signal(bus.units[read.unit].bindings[read.slot].signal, site)
  }

  private static func signal(_ id: SignalID, _ site: SitePlan) -> String {
    let index = Int(id.index)
    guard site.signals.indices.contains(index) else { return "-" }
    let signal = site.signals[index]
    let unit = Int(signal.unit.index)
    let isShared = site.units.indices.contains(unit) && site.units[unit].machines.count > 1
    let name = signal.definition.name
    return isShared ? "\(site.machines[signal.machine].name).\(name)" : name
  }
}
