// The site of the virtual world: the plant's machines as a configuration would describe them.

import Events
import Gateway
import Machines
import Polling
import Primitives
import Signals

/// One bus with the machines of one plant, and the recorder's view of the same.
struct WorldSite {
  static let timeout = Duration.milliseconds(500)
  static let period = Duration.milliseconds(500)
  /// A count-only machine makes a piece at least every two cycles; thrice that is standing still.
  static let standstillCycles: Int64 = 6

  private(set) var definitions: [SignalDefinition] = []
  private(set) var recorded: [RecordedSignal] = []
  private(set) var machines: [MachineRules] = []
  private(set) var units: [UnitDefinition] = []
  let cycle: Duration
  private let line: BusLine
  /// Machines show orders, and the line has shifts.
  private let hasOrders: Bool

  /// `isSerial`: the units hang on an RTU line instead of behind one TCP endpoint.
  init(machineCount: Int, cycle: Duration, isSerial: Bool = false, hasOrders: Bool = false) {
    self.cycle = cycle
    self.hasOrders = hasOrders
    line = isSerial ? .rtu(SerialLine(path: "hall")) : .tcp(host: "plc", port: 502)
    for machine in 0..<machineCount { add(machine) }
  }

  private mutating func add(_ machine: Int) {
    let unit = UnitID(machine)
    var bindings: [ReadBinding] = []
    var ids: [String: SignalID] = [:]
    func place(_ name: String, _ type: RegisterType, _ address: UInt16, bit: UInt8? = nil) {
      let count: UInt16 = type == .u32 || type == .f32 ? 2 : 1
      let id = SignalID(definitions.count)
      ids[name] = id
      definitions.append(
        SignalDefinition(
          name: name, format: RegisterFormat(type: type, bit: bit, count: count),
          deadband: type == .f32 ? .absolute(1) : .none))
      recorded.append(
        RecordedSignal(
          name: name, machine: machine, isPublished: name == "temperature", isSingle: type == .f32))
      bindings.append(
        ReadBinding(
          signal: id, table: .holding, address: address, count: count, period: Self.period))
    }
    let kind = PlantRegisters.kind(machine)
    if kind == .runBitAndCode { place("run", .bit, 0, bit: 0) }
    if kind != .countOnly { place("fault", .u16, 1) }
    if kind == .runBitAndCode { place("good", .u16, 2) } else { place("good", .u32, 3) }
    place("scrap", .u16, 5)
    place("temperature", .f32, 6)
    if hasOrders { place("order", .u16, VirtualLine.orderRegister) }
    units.append(
      UnitDefinition(
        id: unit, name: PlantRegisters.name(machine), address: UInt8(machine + 1),
        timeout: Self.timeout, bindings: bindings))
    machines.append(rules(machine, kind, unit, ids, bindings.map(\.signal)))
  }

  private func rules(
    _ machine: Int, _ kind: PlantKind, _ unit: UnitID, _ ids: [String: SignalID],
    _ signals: [SignalID]
  ) -> MachineRules {
    var rules = MachineRules(
      name: PlantRegisters.name(machine), units: [unit], signals: signals,
      unitOfSignal: signals.map { _ in unit })
    rules.running = ids["run"].map { Condition(signal: $0, comparison: .isTrue) }
    rules.faultCode = ids["fault"]
    for fault in PlantRegisters.faults {
      rules.causes[Int64(fault.code)] = CauseDefinition(text: fault.text)
    }
    let rate = 2e9 / Double(cycle.nanoseconds)
    rules.good = ids["good"].map {
      CounterRules(
        signal: $0, highest: kind == .runBitAndCode ? 0xFFFF : 0xFFFF_FFFF, piecesPerSecond: rate)
    }
    rules.scrap = ids["scrap"].map {
      CounterRules(signal: $0, highest: 0xFFFF, piecesPerSecond: rate)
    }
    rules.order = ids["order"].map { OrderSignals(order: $0) }
    if kind == .countOnly {
      rules.standstill = .nanoseconds(cycle.nanoseconds * Self.standstillCycles)
    }
    return rules
  }

  var bus: BusDefinition {
    BusDefinition(
      name: "hall", line: line, connectTimeout: .seconds(2), units: units)
  }

  func plan() throws(NameFault) -> RecorderPlan {
    var plan = RecorderPlan(
      source: try EventSource(
        enterprise: "acme", site: "vienna", area: "stamping", line: "line1", gateway: "gw-sim"),
      version: "simulation", configurationDigest: "00", machines: machines, signals: recorded,
      units: units.map { EventNames.Unit(bus: "hall", name: $0.name) },
      busOfUnit: units.map { _ in 0 }, uplinks: ["mes"], routes: [],
      publishWindow: .seconds(10))
    if hasOrders { plan.lines = [lineRules] }
    return plan
  }

  /// Three shifts, of which two end while faults happen. No breaks: what the calendar makes of a
  /// stop is the machines' affair, and the plant's truth knows no calendar.
  private var lineRules: LineRules {
    let days = Set(Weekday.allCases)
    let shifts = [("first", 360, 362), ("second", 362, 365), ("third", 365, 360)]
    let calendar = CalendarRules(
      name: "three", zone: .utc, dayStart: 360,
      shifts: shifts.map { name, start, end in
        ShiftDefinition(name, ClockSpan(start: start, end: end), days: days)
      })
    return LineRules(
      name: WorldOrders.line, machines: machines.map(\.name), timeZone: "UTC",
      calendar: calendar, confirmations: ConfirmationRules(interval: .seconds(30)))
  }
}
