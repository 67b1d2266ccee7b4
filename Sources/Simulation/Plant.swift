// A small line of machines behind one PLC, with its oracle: pure, seeded, driven by time.
//
// Invariants
// - The same options and the same start give the same facts and registers, whatever steps
//   `advance` is called in.
// - Facts come in the order of time. A stop that began ends once, unless the world ends first.
// - `made` is everything physically made since the start; a reset of the PLC's counters does not
//   touch it, and tells in a fact what the counters showed.
// - While the power is off nothing runs on: no piece is made, no stop begins or ends. A stop that
//   is open goes through the outage as one stop.
// - Frozen machines have made their last piece, stand no more and show the run bit: from then on
//   every truth is complete. A machine that shows only its count stands from then on for everybody
//   outside: who writes the truth down adds that as a stop that does not end.

public import Primitives

/// One thing that truly happened.
public struct PlantFact: Equatable, Sendable {
  /// What happens to the machine.
  public enum Kind: Equatable, Sendable {
    /// The machine stands; nil when it does not say why.
    case stopBegan(code: UInt16?)
    /// It runs again: the whole stop.
    case stopEnded(startedAt: Instant, code: UInt16?)
    /// The PLC started again at 0; the values are what its declared counters showed before.
    case countersReset(good: UInt64, scrap: UInt64)
    /// The last piece is made, nothing will happen any more.
    case frozen
  }

  public var at: Instant
  /// The index of the machine, from 0.
  public var machine: Int
  public var kind: Kind
}

/// A simulated line of machines and everything that is true about it.
public struct Plant: Sendable {
  private enum Power: Equatable, Sendable {
    case on
    case off(until: Instant)
  }

  public let options: PlantOptions
  public let startedAt: Instant
  private var machines: [PlantMachine]
  private var power = Power.on
  private var nextPowerLoss: Instant?
  private var freezeAt: Instant?
  /// When machines that show only their count come to rest.
  private var restAt: Instant?
  private(set) var now: Instant

  /// A line that begins to produce at `start`.
  public init(options: PlantOptions, start: Instant) {
    self.options = options
    startedAt = start
    now = start
    machines = (0..<options.machines).map { PlantMachine(index: $0, options: options) }
    for index in machines.indices { machines[index].start(at: start) }
    freezeAt = options.freezeAfter.map { start + $0 }
    restAt = freezeAt.map { $0 + options.countsLonger }
    nextPowerLoss = options.powerCycle.map { start + $0.every }
  }

  /// How many machines there are; unit identifiers are their indices plus 1.
  public var machineCount: Int { machines.count }

  /// Whether the PLC has power: while not, connecting to it is refused.
  public var hasPower: Bool { power == .on }

  /// Everything a machine has made since the start.
  public func made(_ machine: Int) -> (good: Int64, scrap: Int64) {
    (machines[machine].good, machines[machine].scrap)
  }

  /// The stop that is open at a machine; nil when it runs.
  public func openStop(_ machine: Int) -> (startedAt: Instant, code: UInt16?)? {
    guard case .stopped(let since, _, let code) = machines[machine].phase else { return nil }
    return (since, code)
  }

  /// The holding registers of a machine from address 0, as `PlantRegisters` lays them out.
  public func registers(_ machine: Int) -> [UInt16] {
    PlantRegisters.values(machines[machine], at: now, since: startedAt)
  }

  /// Lives until `end` and tells what happened; time that is over changes nothing.
  public mutating func advance(to end: Instant) -> [PlantFact] {
    var facts: [PlantFact] = []
    while let moment = nextMoment, moment <= end {
      facts += advanceMachines(to: moment)
      facts += happen(at: moment)
    }
    facts += advanceMachines(to: end)
    return facts
  }

  /// The power goes now and comes back after a while; does nothing while it is off already.
  public mutating func cutPower(for outage: Duration, keepCounters: Bool) -> [PlantFact] {
    guard power == .on, outage > .zero else { return [] }
    power = .off(until: now + outage)
    var facts: [PlantFact] = []
    for index in machines.indices {
      machines[index].postpone(by: outage)
      if !keepCounters { facts.append(machines[index].resetCounters(at: now)) }
    }
    return facts
  }

  /// The next change of power or the freeze, whichever comes first.
  private var nextMoment: Instant? {
    switch power {
    case .off(let until): return until
    case .on: return [nextPowerLoss, freezeAt, restAt].compactMap { $0 }.min()
    }
  }

  private mutating func happen(at moment: Instant) -> [PlantFact] {
    if case .off = power {
      power = .on
      return []
    }
    if freezeAt == moment || restAt == moment { return rest(at: moment) }
    guard let cycle = options.powerCycle else { return [] }
    nextPowerLoss =
      moment + max(cycle.every, cycle.offFor + PlantLimits.shortestPowerCycle)
    // After the last outage there is time to see what it did.
    if let freezeAt, moment + cycle.offFor + PlantLimits.recovery > freezeAt { return [] }
    return cutPower(for: cycle.offFor, keepCounters: cycle.keepsCounters)
  }

  /// Brings those machines to rest whose time has come.
  private mutating func rest(at moment: Instant) -> [PlantFact] {
    var facts: [PlantFact] = []
    for index in machines.indices {
      let isTime = machines[index].kind == .countOnly ? restAt == moment : freezeAt == moment
      if isTime { facts += machines[index].freeze(at: moment) }
    }
    if freezeAt == moment { freezeAt = nil }
    if restAt == moment { restAt = nil }
    nextPowerLoss = nil
    return facts
  }

  private mutating func advanceMachines(to end: Instant) -> [PlantFact] {
    guard end > now else { return [] }
    now = end
    guard power == .on else { return [] }
    let facts = machines.indices.flatMap { machines[$0].advance(to: end) }
    return facts.sorted { ($0.at, $0.machine) < ($1.at, $1.machine) }
  }
}
