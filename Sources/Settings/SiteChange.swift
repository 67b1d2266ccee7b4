// What is different between the plan that runs and the one to come, and what that costs.
//
// Invariants
// - Only what changed restarts. A bus that is asked the same things in the same way keeps its
//   connection, whatever becomes of its machines; an uplink that is the same keeps its session.
// - The plan to come was made beside the running one (`Configuration.plan(beside:)`): what both
//   have has the same ids, so "the same" is one comparison.
// - What can't change while the gateway works is named, and then nothing of it is applied.

import Machines
public import Polling
import Signals

/// The difference of two plans, as the daemon carries it out.
public struct SiteChange: Equatable, Sendable {
  /// What becomes of a bus of the new plan; `from` is its index in the running one.
  public enum Bus: Equatable, Sendable {
    /// Its thread hears of nothing.
    case kept(from: Int)
    /// The same connection and schedule; these units are conditioned or listened to otherwise.
    case changedOver(from: Int, [UnitRenewal])
    /// Asked for other things, or in another way: a new thread after the old one has ended.
    case restarted(from: Int)
    case added
  }

  /// What becomes of an uplink of the new plan.
  public enum Uplink: Equatable, Sendable {
    case kept(from: Int)
    case restarted(from: Int)
    case added
  }

  /// By index of the new plan.
  public private(set) var buses: [Bus] = []
  public private(set) var uplinks: [Uplink] = []
  /// By index of the running plan.
  public private(set) var removedBuses: [Int] = []
  public private(set) var removedUplinks: [Int] = []
  /// What only a restart of the service can change; nothing is applied unless it is empty.
  public private(set) var refused: [String] = []
  /// What changes, for people: `bus hall: restarted`.
  public private(set) var sentences: [String] = []

  /// Compares the plan that runs with the one to come.
  public init(from old: SitePlan, to new: SitePlan) {
    compareGateway(old, new)
    compareBuses(old, new)
    compareUplinks(old, new)
    compareMachines(old, new)
    if old.lines != new.lines { sentences.append("lines and calendars: changed") }
    if old.routes != new.routes { sentences.append("routes: changed") }
    if old.limits.healthInterval != new.limits.healthInterval {
      sentences.append("interval of health: changed")
    }
  }

  private mutating func compareGateway(_ old: SitePlan, _ new: SitePlan) {
    let (before, after) = (old.gateway, new.gateway)
    let fixed = [
      ("gateway.name", before.name, after.name),
      ("gateway.enterprise", before.enterprise, after.enterprise),
      ("gateway.site", before.site, after.site), ("gateway.area", before.area, after.area),
      ("gateway.line", before.line, after.line),
      ("gateway.keyFile", before.keyFile, after.keyFile),
      ("gateway.stateDirectory", before.stateDirectory, after.stateDirectory),
      ("gateway.controlSocket", before.controlSocket, after.controlSocket),
    ]
    for (name, was, will) in fixed where was != will { refused.append(name) }
    // Keys, group and times are read anew each time; the inbox itself is made once.
    if old.remote?.inbox != new.remote?.inbox { refused.append("remote") }
    if old.remote != new.remote { sentences.append("remote configuration: changed") }
    if old.limits.journalBytes != new.limits.journalBytes { refused.append("limits.journal") }
  }

  // MARK: Buses

  private mutating func compareBuses(_ old: SitePlan, _ new: SitePlan) {
    let renewed = Self.changedMachines(old, new)
    for (index, bus) in new.buses.enumerated() {
      guard let from = old.buses.firstIndex(where: { $0.name == bus.name }) else {
        buses.append(.added)
        sentences.append("bus \(bus.name): added")
        continue
      }
      guard old.buses[from] == bus else {
        buses.append(.restarted(from: from))
        sentences.append("bus \(bus.name): restarted")
        continue
      }
      let renewals = Self.renewals(bus, old, new, renewed)
      let isSameRing = old.limits.ringSamples[from] == new.limits.ringSamples[index]
      if renewals.isEmpty, isSameRing, old.limits.publishWindow == new.limits.publishWindow {
        buses.append(.kept(from: from))
      } else {
        buses.append(.changedOver(from: from, renewals))
      }
    }
    removedBuses = old.buses.indices.filter { index in
      !new.buses.contains { $0.name == old.buses[index].name }
    }
    for index in removedBuses { sentences.append("bus \(old.buses[index].name): removed") }
  }

  /// The names of machines that are not exactly what they were; with them their signals get new
  /// listeners.
  private static func changedMachines(_ old: SitePlan, _ new: SitePlan) -> Set<String> {
    var before: [String: Int] = [:]
    for (index, rules) in old.machines.enumerated() { before[rules.name] = index }
    return Set(
      new.machines.filter { rules in
        before[rules.name].map { old.machines[$0] != rules } ?? true
      }.map(\.name))
  }

  private static func renewals(
    _ bus: BusDefinition, _ old: SitePlan, _ new: SitePlan, _ renewed: Set<String>
  ) -> [UnitRenewal] {
    bus.units.enumerated().compactMap { place, unit in
      var renewal = UnitRenewal(unit: place)
      var isHeardAnew = false
      for (slot, binding) in unit.bindings.enumerated() {
        let id = Int(binding.signal.index)
        guard old.signals.indices.contains(id), new.signals.indices.contains(id) else { continue }
        let (before, after) = (old.signals[id], new.signals[id])
        if before.definition != after.definition { renewal.redefined.append(slot) }
        isHeardAnew =
          isHeardAnew || before.isPublished != after.isPublished
          || renewed.contains(machine(after, new)) || machine(before, old) != machine(after, new)
      }
      return renewal.redefined.isEmpty && !isHeardAnew ? nil : renewal
    }
  }

  private static func machine(_ signal: PlannedSignal, _ plan: SitePlan) -> String {
    plan.machines.indices.contains(signal.machine) ? plan.machines[signal.machine].name : ""
  }

  // MARK: Uplinks and machines

  private mutating func compareUplinks(_ old: SitePlan, _ new: SitePlan) {
    for uplink in new.uplinks {
      guard let from = old.uplinks.firstIndex(where: { $0.name == uplink.name }) else {
        uplinks.append(.added)
        sentences.append("uplink \(uplink.name): added")
        continue
      }
      let isSame = old.uplinks[from] == uplink
      uplinks.append(isSame ? .kept(from: from) : .restarted(from: from))
      if !isSame { sentences.append("uplink \(uplink.name): restarted") }
    }
    removedUplinks = old.uplinks.indices.filter { index in
      !new.uplinks.contains { $0.name == old.uplinks[index].name }
    }
    for index in removedUplinks { sentences.append("uplink \(old.uplinks[index].name): removed") }
  }

  private mutating func compareMachines(_ old: SitePlan, _ new: SitePlan) {
    let changed = Self.changedMachines(old, new)
    for rules in new.machines {
      let isKnown = old.machines.contains { $0.name == rules.name }
      if !isKnown {
        sentences.append("machine \(rules.name): added")
      } else if changed.contains(rules.name) || Self.signalsDiffer(rules.name, old, new) {
        sentences.append("machine \(rules.name): changed")
      }
    }
    for rules in old.machines where !new.machines.contains(where: { $0.name == rules.name }) {
      sentences.append("machine \(rules.name): removed; what it was stays in the journal")
    }
  }

  private static func signalsDiffer(_ name: String, _ old: SitePlan, _ new: SitePlan) -> Bool {
    guard let rules = new.machines.first(where: { $0.name == name }) else { return true }
    return rules.signals.contains { signal in
      let id = Int(signal.index)
      guard old.signals.indices.contains(id), new.signals.indices.contains(id) else { return true }
      return old.signals[id].definition != new.signals[id].definition
        || old.signals[id].isPublished != new.signals[id].isPublished
    }
  }
}
