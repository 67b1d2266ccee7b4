// Which requests read all signals of a bus: the cheapest that the devices can bear.
//
// Invariants
// - A block holds signals of one unit, one table and one period, and never splits a signal.
// - A block never asks for more than the unit or the protocol allows, never for a table that the
//   unit does not offer, never over a forbidden address; where a table must be asked for from one
//   address on, every block of it begins there (F18).
// - Neighbours share a block where reading over the gap costs less than a request of its own; that
//   depends on the line (see LineTiming). A gap limit in the device's facts holds instead.
// - The cost is the least possible, and with it on a network the number of requests (F17).
// - The plan is a function of the definition: same signals, same order of requests.
//
// Why a slow signal between two fast ones is asked for on its own: the period of a signal is also
// a promise about the most that is told of it. Read along with the fast ones, a noisy value wanted
// once a minute would be told ten times a second, in a ring that was sized for once a minute. What
// it would save is at most one request in the slow period.

import Primitives
public import Signals

/// One request's worth of signals.
public struct ReadBlock: Equatable, Sendable {
  /// The position of the unit in the bus definition.
  public let unit: Int
  public let table: ModbusTable
  /// The first address, from 0.
  public let start: UInt16
  /// Addresses asked for.
  public let count: UInt16
  public let period: Duration
  /// The signals in the answer; `slot` is the position in the unit's bindings.
  public let places: [SignalPlace]
}

/// The requests for a bus.
public struct ReadPlan: Equatable, Sendable {
  public internal(set) var blocks: [ReadBlock] = []
  /// Signals that no request can read, with the reason.
  public internal(set) var impossible: [ImpossibleRead] = []

  /// Plans all units of a bus, in their order.
  public init(_ bus: BusDefinition) {
    let timing = LineTiming(bus)
    for index in bus.units.indices { add(index, bus.units[index], timing) }
  }

  private mutating func add(_ index: Int, _ unit: UnitDefinition, _ timing: LineTiming) {
    let barred = Dictionary(
      uniqueKeysWithValues: ModbusTable.allCases.map {
        ($0, BarredAddresses(unit.quirks.forbidden, in: $0))
      })
    var wanted: [Wanted] = []
    for (slot, binding) in unit.bindings.enumerated() {
      if let reason = Self.obstacle(binding, unit, barred[binding.table]) {
        impossible.append(ImpossibleRead(unit: index, slot: slot, reason: reason))
      } else {
        wanted.append(Wanted(slot: slot, binding: binding))
      }
    }
    wanted.sort { $0.key < $1.key }
    var first = wanted.startIndex
    while first < wanted.endIndex {
      let group = wanted[first].group
      let end = wanted[first...].firstIndex { $0.group != group } ?? wanted.endIndex
      close(wanted[first..<end], index, unit, timing, barred[group.table])
      first = end
    }
  }

  /// Cuts the signals of one table and period, which are sorted, into blocks.
  private mutating func close(
    _ group: ArraySlice<Wanted>, _ index: Int, _ unit: UnitDefinition, _ timing: LineTiming,
    _ barred: BarredAddresses?
  ) {
    guard let head = group.first else { return }
    let table = head.binding.table
    let fixed = unit.quirks.requestStart[table]
    // Signals that lie within another one ride with it; `firsts` are the positions of the others.
    var intervals: [Range<Int>] = []
    var firsts: [Int] = []
    for (position, next) in zip(group.indices, group)
    where next.end > intervals.last?.upperBound ?? 0 {
      intervals.append(next.start..<next.end)
      firsts.append(position)
    }
    let runs =
      fixed == nil
      ? Self.rules(unit, table, timing).runs(of: intervals) { barred?.first(in: $0) != nil }
      : [intervals.indices]
    for run in runs {
      let end = run.upperBound < firsts.count ? firsts[run.upperBound] : group.endIndex
      let start = fixed ?? UInt16(clamping: intervals[run.lowerBound].lowerBound)
      let places = group[firsts[run.lowerBound]..<end].map { member in
        SignalPlace(
          slot: member.slot, offset: member.start - Int(start), count: Int(member.binding.count))
      }
      let count = (intervals[run].last?.upperBound ?? Int(start)) - Int(start)
      blocks.append(
        ReadBlock(
          unit: index, table: table, start: start, count: UInt16(clamping: count),
          period: head.group.period, places: places))
    }
  }

  private static func rules(
    _ unit: UnitDefinition, _ table: ModbusTable, _ timing: LineTiming
  ) -> PartitionRules {
    let limit = limit(unit, table)
    if let given = unit.quirks.gapLimit {
      // As few requests as the gap limit lets, and then as few addresses: no sum of addresses of
      // all requests (65,536 × 2,000 at most) outweighs one request.
      return PartitionRules(
        limit: limit, gapLimit: max(0, given), requestCost: 1 << 40, addressCost: 1)
    }
    return PartitionRules(
      limit: limit, gapLimit: limit, requestCost: timing.requestCost(unit.quirks),
      addressCost: timing.addressCost(table))
  }

  /// Addresses that one request may ask for.
  static func limit(_ unit: UnitDefinition, _ table: ModbusTable) -> Int {
    let most = table.holdsBits ? unit.quirks.bitsPerRequest : unit.quirks.registersPerRequest
    return min(max(most, 1), table.limitPerRequest)
  }
}

/// A binding on its way into a block.
private struct Wanted {
  /// What must be alike in a block.
  struct Group: Equatable {
    let period: Duration
    let table: ModbusTable
  }

  let slot: Int
  let binding: ReadBinding

  var start: Int { Int(binding.address) }
  var end: Int { start + Int(binding.count) }
  var group: Group {
    Group(period: max(binding.period, PollingLimits.shortestPeriod), table: binding.table)
  }
  /// By period, table and address; of those that begin together the longest first.
  var key: (Int64, UInt8, Int, Int, Int) {
    (group.period.nanoseconds, binding.table.readFunction, start, -Int(binding.count), slot)
  }
}
