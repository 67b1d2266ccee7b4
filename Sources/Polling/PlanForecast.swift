// What a plan asks of its line, and whether the line can give it (F20).
//
// Invariants
// - Time asked for is told per second of time: 1 is all there is. It is the sum over the requests
//   of cost by period, and no less than what the busiest unit needs with its own rests.
// - The forecast holds for devices that answer as fast as assumed (see LineTiming) and for units
//   that answer: what a dead one costs is told apart.
// - A period can be kept if, whenever its requests are due, they and everything faster still fit
//   into it behind the longest of the slower requests, which cannot be interrupted.
//
// Source of the last: Jeffay, Stanat and Martel, "On non-preemptive scheduling of periodic and
// sporadic tasks", RTSS 1991; its condition at the periods themselves.

import Primitives

/// The load of a bus under its plan.
public struct PlanForecast: Equatable, Sendable {
  /// What one unit asks for.
  public struct UnitLoad: Equatable, Sendable {
    public var requestsPerSecond = 0.0
    /// The share of the line's time, 1 for all of it.
    public var lineShare = 0.0
    /// The share of its own time: the same with the rests that it needs between requests.
    public var ownShare = 0.0
  }

  /// What the requests of one period ask for.
  public struct PeriodLoad: Equatable, Sendable {
    public var period: Duration
    public var requests: Int
    /// The cost of these requests, once each.
    public var cost: Duration
    public var isKept: Bool
    /// The position of the longest request with a longer period, if that is what stands in the way.
    public var obstacle: Int?
  }

  /// What the forecast comes to.
  public enum Verdict: Equatable, Sendable {
    /// Nothing is read.
    case idle
    case fits
    /// More than `PollingLimits.busyShare`: it fits as long as nothing goes wrong.
    case tight
    /// Every period would have to be so many times as long.
    case tooMuch(stretch: Double)
  }

  /// The cost of each request, by position in the plan.
  public let costs: [Duration]
  /// By position in the bus definition.
  public let units: [UnitLoad]
  /// From the shortest period.
  public let periods: [PeriodLoad]
  public let requestsPerSecond: Double
  /// The share of the line's time that is asked for, 1 for all of it; more cannot be given.
  public let utilisation: Double
  /// Everything once, one after the other.
  public let round: Duration

  /// Adds up a plan; `turnaround` is the devices' own, where it is known, and `answers` are the
  /// times from request to answer that were measured, by position of the unit.
  public init(
    _ plan: ReadPlan, of bus: BusDefinition, turnaround: Duration? = nil,
    answers: [Int: Duration] = [:]
  ) {
    let timing = LineTiming(bus, turnaround: turnaround)
    var units = bus.units.map { _ in UnitLoad() }
    var timings: [Int: LineTiming] = [:]
    for (unit, answer) in answers {
      timings[unit] = LineTiming(bus, turnaround: timing.turnaround(of: unit, in: plan, answer))
    }
    let costs = plan.blocks.map {
      (timings[$0.unit] ?? timing).cost($0.table, count: Int($0.count))
    }
    for (block, cost) in zip(plan.blocks, costs) where units.indices.contains(block.unit) {
      let period = Double(max(1, block.period.nanoseconds))
      let share = Double(cost.nanoseconds) / period
      let rest = timing.rest(bus.units[block.unit].quirks)
      units[block.unit].requestsPerSecond += 1e9 / period
      units[block.unit].lineShare += share
      units[block.unit].ownShare += share + Double(rest.nanoseconds) / period
    }
    self.costs = costs
    self.units = units
    requestsPerSecond = units.reduce(0) { $0 + $1.requestsPerSecond }
    let line = units.reduce(0) { $0 + $1.lineShare }
    utilisation = max(line, units.map(\.ownShare).max() ?? 0)
    round = .nanoseconds(costs.reduce(0) { $0 + $1.nanoseconds })
    periods = Self.periods(plan, costs, isLineEnough: utilisation <= 1)
  }

  /// Whether the line can give what is asked for.
  public var verdict: Verdict {
    if costs.isEmpty { return .idle }
    if utilisation > 1 { return .tooMuch(stretch: utilisation) }
    return utilisation > PollingLimits.busyShare ? .tight : .fits
  }

  private static func periods(
    _ plan: ReadPlan, _ costs: [Duration], isLineEnough: Bool
  ) -> [PeriodLoad] {
    var loads: [Duration: PeriodLoad] = [:]
    for (block, cost) in zip(plan.blocks, costs) {
      let start = PeriodLoad(
        period: block.period, requests: 0, cost: .zero, isKept: isLineEnough, obstacle: nil)
      loads[block.period, default: start].requests += 1
      loads[block.period, default: start].cost += cost
    }
    var sorted = loads.values.sorted { $0.period < $1.period }
    guard isLineEnough else { return sorted }
    // From the longest period down, with the longest of the requests above it.
    let positions = plan.blocks.indices.sorted { plan.blocks[$0].period > plan.blocks[$1].period }
    var rest = positions[...]
    var longest: Int?
    for index in sorted.indices.reversed() {
      let period = sorted[index].period
      while let next = rest.first, plan.blocks[next].period > period {
        if longest.map({ costs[$0] < costs[next] }) ?? true { longest = next }
        rest.removeFirst()
      }
      let span = Double(period.nanoseconds)
      let demand = sorted[...index].reduce(0.0) { sum, load in
        let times = (span / Double(max(1, load.period.nanoseconds))).rounded(.down)
        return sum + times * Double(load.cost.nanoseconds)
      }
      let blocking = longest.map { Double(costs[$0].nanoseconds) } ?? 0
      sorted[index].isKept = demand + blocking <= span
      if !sorted[index].isKept { sorted[index].obstacle = longest }
    }
    return sorted
  }

  /// The share of the line's time that so many dead units take, once they are probed most rarely;
  /// no more than probes may take in all.
  public func deadShare(_ count: Int, of bus: BusDefinition) -> Double {
    let timeouts = bus.units.map { Double($0.timeout.nanoseconds) }.sorted(by: >)
    let interval = Double(PollingLimits.probeCeiling.nanoseconds)
    let share = timeouts.prefix(max(0, count)).reduce(0) { $0 + $1 / (interval + $1) }
    return min(share, 1 / Double(PollingLimits.probeShare))
  }
}
