// Turns checked records into the values the other rooms take. Runs only when there is no error.
//
// Invariants
// - Ids are given in the order of the configuration: machine by machine, signal by signal. Beside a
//   plan that runs, what both have keeps the id it has there (see KeptIDs).
// - What the rules have proved is not asked again; anything absent all the same is left out.

import Machines
import Polling
import Primitives
import Signals

struct Planner {
  let root: Record
  private var units: [PlannedUnit] = []
  private var unitsByBus: [[UnitDefinition]] = []
  private var unitByPlace: [String: (id: UnitID, place: Int)] = [:]
  private let factsByUnit: [String: DeviceFacts]
  private var kept: KeptIDs?
  private(set) var signals: [PlannedSignal] = []
  private var machines: [MachineRules] = []
  let reasons: ReasonTable
  /// The reasons of the machine before, since machines of one kind share theirs.
  var lastJoined: (causes: [Int64: CauseDefinition], table: ReasonTable)?

  /// `running` is the plan whose ids stay what they are; nil when nothing runs.
  init(_ root: Record, beside running: SitePlan? = nil) {
    self.root = root
    reasons = Self.reasons(root)
    factsByUnit = DeviceFacts.byUnit(root)
    guard let running else { return }
    let machines = root.records("machines")
    kept = KeptIDs(
      running,
      machines: machines.map { machine in
        (
          machine.text("name") ?? "",
          machine.records("signals").compactMap { $0.text("name") }
        )
      },
      units: machines.map { machine in
        Self.unitName(machine.text("bus") ?? "", UInt8(clamping: machine.integer("unit") ?? 1))
      })
    signals = running.signals.map { _ in .none }
    units = running.units.map { _ in .none }
  }

  private static func unitName(_ bus: String, _ address: UInt8) -> String { "\(bus)/\(address)" }

  private mutating func keep(_ signal: PlannedSignal, at index: Int) {
    while signals.count <= index { signals.append(.none) }
    signals[index] = signal
  }

  private mutating func keep(_ unit: PlannedUnit, at index: Int) {
    while units.count <= index { units.append(.none) }
    units[index] = unit
  }

  mutating func plan(digestInput: [UInt8]) -> SitePlan {
    let buses = root.records("buses")
    unitsByBus = Array(repeating: [], count: buses.count)
    let indexByBus = Self.indices(buses)
    for machine in root.records("machines") {
      guard let bus = machine.text("bus").flatMap({ indexByBus[$0] }) else { continue }
      add(machine, bus: bus, busName: buses[bus].text("name") ?? "")
    }
    let uplinks = root.records("uplinks")
    var plan = SitePlan(
      gateway: gateway(root.record("gateway")), buses: zip(buses, unitsByBus).map(Self.bus),
      units: units,
      signals: signals, machines: machines, lines: lines(),
      uplinks: uplinks.compactMap {
        Self.uplink($0, gateway: root.record("gateway")?.text("name") ?? "")
      },
      routes: routes(Self.indices(uplinks)), limits: limits(buses), remote: remote(),
      digestInput: digestInput)
    plan.takesBackLocalFiles = root.record("reload")?.boolean("rollBack") ?? false
    plan.page = Self.page(root.record("page"))
    return plan
  }

  private static func indices(_ records: [Record]) -> [String: Int] {
    Dictionary(
      records.enumerated().compactMap { index, record in record.text("name").map { ($0, index) } }
    ) { first, _ in first }
  }

  func gateway(_ record: Record?) -> GatewaySettings {
    func text(_ name: String) -> String { record?.text(name) ?? "" }
    return GatewaySettings(
      name: text("name"), enterprise: text("enterprise"), site: text("site"), area: text("area"),
      line: text("line"), timeZone: text("timeZone"), keyFile: text("keyFile"),
      stateDirectory: text("stateDirectory"), controlSocket: text("controlSocket"))
  }

  private func limits(_ buses: [Record]) -> LimitSettings {
    let given = root.record("limits")?.integer("ringSamples").map { Int($0) }
    return LimitSettings(
      journalBytes: root.record("limits")?.integer("journal") ?? 2_000_000_000,
      ringSamples: buses.map { bus in
        given
          ?? SettingsLimits.ringSamples(
            forSamplesPerSecond: Rules.samplesPerSecond(of: bus.text("name") ?? "", in: root))
      },
      publishWindow: root.record("publish")?.duration("window") ?? .seconds(1),
      healthInterval: root.record("health")?.duration("interval") ?? .seconds(60),
      retention: RetentionSettings(root.record("retention")))
  }

  // MARK: Machines

  private mutating func add(_ machine: Record, bus: Int, busName: String) {
    let machineIndex = machines.count
    let (unit, place) = unit(of: machine, bus: bus, busName: busName)
    units[Int(unit.index)].machines.append(machineIndex)
    var idByName: [String: SignalID] = [:]
    var ids: [SignalID] = []
    for record in machine.records("signals") {
      guard let address = record.address("at"), let name = record.text("name") else { continue }
      let index = kept?.signal(name, of: machine.text("name") ?? "") ?? signals.count
      let id = SignalID(index)
      idByName[name] = id
      ids.append(id)
      keep(
        PlannedSignal(
          definition: definition(name, address, record), machine: machineIndex, unit: unit,
          isPublished: record.boolean("publish") ?? false), at: index)
      unitsByBus[bus][place].bindings.append(
        ReadBinding(
          signal: id, table: address.table, address: address.start, count: address.format.count,
          period: record.duration("every") ?? .seconds(1)))
    }
    machines.append(rules(machine, unit, ids, idByName))
  }

  /// The device of a machine, shared with machines before it.
  private mutating func unit(
    of machine: Record, bus: Int, busName: String
  ) -> (id: UnitID, place: Int) {
    let address = UInt8(clamping: machine.integer("unit") ?? 1)
    let name = Self.unitName(busName, address)
    if let known = unitByPlace[name] { return known }
    let index = kept?.unit(name) ?? units.count
    let unit = (id: UnitID(index), place: unitsByBus[bus].count)
    unitByPlace[name] = unit
    keep(PlannedUnit(bus: bus, address: address, name: name, machines: []), at: index)
    let facts = factsByUnit[name] ?? DeviceFacts(machine)
    unitsByBus[bus].append(
      UnitDefinition(
        id: unit.id, name: name, address: address, timeout: facts.timeout, quirks: facts.quirks,
        bindings: []))
    return unit
  }

  private func definition(
    _ name: String, _ address: ParsedAddress, _ record: Record
  ) -> SignalDefinition {
    let deadband: Deadband =
      switch record["deadband"]?.reading {
      case .number(let width): .absolute(width)
      case .percent(let percent):
        .percent(percent, span: record.range("range").map { $0.upperBound - $0.lowerBound })
      default: .none
      }
    let debounce = record.record("debounce")
    return SignalDefinition(
      name: name, format: address.format,
      scaling: Scaling(gain: record.number("scale") ?? 1, offset: record.number("offset") ?? 0),
      deadband: deadband, heartbeat: record.duration("heartbeat"),
      debounce: Debounce(
        on: debounce?.duration("on") ?? .zero, off: debounce?.duration("off") ?? .zero),
      unit: record.text("unitOfMeasure"))
  }

  private mutating func rules(
    _ machine: Record, _ unit: UnitID, _ ids: [SignalID], _ idByName: [String: SignalID]
  ) -> MachineRules {
    let causes = machine.codes("causes").map { code, record in
      (
        code,
        CauseDefinition(
          text: record.text("text") ?? "",
          category: record.text("category").flatMap(StopCategory.init) ?? .unplanned,
          costCenter: record.text("costCenter"))
      )
    }
    var rules = MachineRules(
      name: machine.text("name") ?? "", units: [unit], signals: ids,
      running: machine.record("running").flatMap { condition($0, idByName) },
      faultCode: machine.text("faultCode").flatMap { idByName[$0] },
      causes: Dictionary(causes) { first, _ in first },
      good: machine.record("good").flatMap { counter($0, idByName) },
      scrap: machine.record("scrap").flatMap { counter($0, idByName) },
      rework: machine.record("rework").flatMap { counter($0, idByName) },
      standstill: machine.duration("standstill"),
      shortStop: machine.duration("shortStop") ?? .seconds(120),
      countWindow: machine.duration("countWindow") ?? .seconds(10),
      uom: machine.text("uom") ?? "PCE")
    rules.counters = machine.records("counters").compactMap { record in
      guard let role = record.text("role").flatMap(CountRole.init) else { return nil }
      return counter(record, idByName).map { RoleCounter(role, $0) }
    }
    rules.minorStopWindow = machine.duration("minorStopWindow") ?? MinorStops.usualWindow
    rules.mapping = Self.mapping(machine.record("words"))
    rules.order = machine.record("order").flatMap { order in
      order.text("signal").flatMap { idByName[$0] }.map {
        OrderSignals(
          order: $0, operation: order.text("operation").flatMap { idByName[$0] })
      }
    }
    rules.limits = machine.records("limits").compactMap { Self.limit($0, idByName) }
    rules.states = states(machine, rules, idByName)
    return rules
  }

  func condition(_ record: Record, _ idByName: [String: SignalID]) -> Condition? {
    guard let signal = record.text("signal").flatMap({ idByName[$0] }) else { return nil }
    let comparison: Condition.Comparison
    if let values = record.integers("equals") {
      comparison = values.count == 1 ? .equals(values[0]) : .oneOf(values)
    } else if let limit = record.number("above") {
      comparison = .above(limit)
    } else if let limit = record.number("below") {
      comparison = .below(limit)
    } else if let holds = record.boolean("isFalse") {
      comparison = holds ? .isFalse : .isTrue
    } else {
      comparison = record.boolean("isTrue") ?? true ? .isTrue : .isFalse
    }
    return Condition(signal: signal, comparison: comparison)
  }

  private func counter(_ record: Record, _ idByName: [String: SignalID]) -> CounterRules? {
    guard let signal = record.text("signal").flatMap({ idByName[$0] }) else { return nil }
    let rate = record.number("piecesPerSecond")
    let each = record.integer("piecesPerCount") ?? 1
    if record.boolean("pulse") ?? false {
      return CounterRules(pulse: signal, piecesPerSecond: rate, piecesPerCount: each)
    }
    let direction = record.text("direction").flatMap(CounterRules.Direction.init) ?? .up
    if let bits = record.integer("bits") {
      return CounterRules(
        signal: signal, bits: Int(bits), piecesPerSecond: rate, piecesPerCount: each,
        direction: direction)
    }
    let most = self.signals[Int(signal.index)].definition.format.type.highestCount ?? .max
    return CounterRules(
      signal: signal, highest: record.integer("highest").map { UInt64(clamping: $0) } ?? most,
      piecesPerSecond: rate, piecesPerCount: each, direction: direction)
  }
}
