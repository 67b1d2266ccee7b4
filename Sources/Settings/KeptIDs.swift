// Ids that stay the same from one plan to the next.
//
// Invariants
// - A signal is known by machine and name, a unit by bus and number: what both plans have keeps its
//   id, so that samples on their way, marks and rules mean the same in both.
// - What is new takes an id that the plan before does not use any more, the lowest first, so that a
//   thousand reloads need no longer tables than one; only then a new one.
//
// Why ids and not a translation: rules, evidence, limits and the machines themselves hold ids
// everywhere. Equal ids make "this machine did not change" one comparison.

import Machines
import Signals

/// The ids of a plan that runs, for one that follows it.
struct KeptIDs {
  private var signals: [String: Int]
  private var units: [String: Int]
  private var freeSignals: [Int]
  private var freeUnits: [Int]
  private(set) var signalCount: Int
  private(set) var unitCount: Int

  /// `machines` and `units` are what the plan to come will have.
  init(_ plan: SitePlan, machines: [(name: String, signals: [String])], units wanted: [String]) {
    var known: [String: Int] = [:]
    for (index, signal) in plan.signals.enumerated()
    where plan.machines.indices.contains(signal.machine) {
      known[Self.key(plan.machines[signal.machine].name, signal.definition.name)] = index
    }
    var staying: [String: Int] = [:]
    for machine in machines {
      for signal in machine.signals {
        let key = Self.key(machine.name, signal)
        staying[key] = known[key]
      }
    }
    signals = staying
    let used = Set(staying.values)
    freeSignals = plan.signals.indices.filter { !used.contains($0) }.reversed()
    signalCount = plan.signals.count
    var places: [String: Int] = [:]
    for (index, unit) in plan.units.enumerated() where wanted.contains(unit.name) {
      places[unit.name] = index
    }
    units = places
    let taken = Set(places.values)
    freeUnits = plan.units.indices.filter { !taken.contains($0) }.reversed()
    unitCount = plan.units.count
  }

  /// Names hold no such character.
  private static func key(_ machine: String, _ signal: String) -> String {
    machine + "\u{0}" + signal
  }

  /// The id of a signal; each is asked for once.
  mutating func signal(_ name: String, of machine: String) -> Int {
    if let kept = signals[Self.key(machine, name)] { return kept }
    if let free = freeSignals.popLast() { return free }
    defer { signalCount += 1 }
    return signalCount
  }

  /// The id of a unit; each is asked for once.
  mutating func unit(_ name: String) -> Int {
    if let kept = units[name] { return kept }
    if let free = freeUnits.popLast() { return free }
    defer { unitCount += 1 }
    return unitCount
  }
}

extension PlannedSignal {
  /// Stands where an id has no signal any more.
  static let none = PlannedSignal(
    definition: SignalDefinition(name: "", format: RegisterFormat(type: .u16, count: 1)),
    machine: -1,
    unit: UnitID(0), isPublished: false)
}

extension PlannedUnit {
  /// Stands where an id has no unit any more.
  static let none = PlannedUnit(bus: -1, address: 0, name: "", machines: [])
}
