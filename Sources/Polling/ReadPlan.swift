// Which requests read all signals of a bus: as few as the limits allow.
//
// Invariants
// - A block holds signals of one unit, one table and one period.
// - A block never asks for more than the unit or the protocol allows, and never splits a signal.
// - Two neighbours share a block when at most `gapLimit` unused addresses lie between them.
// - The plan is a function of the definition: same signals, same order of requests.
// - The number of requests is the least possible: addresses are taken from the lowest, and each
//   block reaches as far as it may. A long signal that ends a block early loses nothing, since
//   every later signal that would still have fitted lies within the block of the long one.

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
  public private(set) var blocks: [ReadBlock] = []
  /// Signals that no request can read: longer than the unit answers, or beyond the last address.
  public private(set) var impossible: [ImpossibleRead] = []

  /// Plans all units of a bus, in their order.
  public init(_ bus: BusDefinition) {
    for index in bus.units.indices { add(index, bus.units[index]) }
  }

  /// Plans one unit, which stands at `index` in its bus.
  init(unit: UnitDefinition, at index: Int) { add(index, unit) }

  private mutating func add(_ index: Int, _ unit: UnitDefinition) {
    var wanted: [Wanted] = []
    for (slot, binding) in unit.bindings.enumerated() {
      let limit = Self.limit(unit, binding.table)
      guard binding.count >= 1, Int(binding.count) <= limit,
        Int(binding.address) + Int(binding.count) <= 65_536
      else {
        impossible.append(ImpossibleRead(unit: index, slot: slot))
        continue
      }
      wanted.append(Wanted(slot: slot, binding: binding))
    }
    wanted.sort { $0.key < $1.key }
    var open: [Wanted] = []
    var end = 0
    for next in wanted {
      if let first = open.first, let last = open.last, next.group == last.group,
        next.start <= end + max(0, unit.quirks.gapLimit ?? PollingLimits.gapLimit),
        max(end, next.end) - first.start <= Self.limit(unit, next.binding.table)
      {
        open.append(next)
        end = max(end, next.end)
      } else {
        close(open, unit: index)
        open = [next]
        end = next.end
      }
    }
    close(open, unit: index)
  }

  private mutating func close(_ members: [Wanted], unit: Int) {
    guard let first = members.first else { return }
    let places = members.map { member in
      SignalPlace(
        slot: member.slot, offset: member.start - first.start, count: Int(member.binding.count))
    }
    blocks.append(
      ReadBlock(
        unit: unit, table: first.binding.table, start: first.binding.address, places: places,
        period: max(first.binding.period, PollingLimits.shortestPeriod)))
  }

  /// Addresses that one request may ask for: registers as declared, bits sixteen times as many.
  static func limit(_ unit: UnitDefinition, _ table: ModbusTable) -> Int {
    let registers = min(max(unit.quirks.registersPerRequest, 1), 125)
    return min(table.holdsBits ? registers * 16 : registers, table.limitPerRequest)
  }
}

/// A signal that no request can read.
public struct ImpossibleRead: Equatable, Sendable {
  /// The position of the unit in the bus definition.
  public let unit: Int
  /// The position in the unit's bindings.
  public let slot: Int
}

extension ReadBlock {
  /// A block that reaches exactly over its places, which are sorted by offset.
  init(unit: Int, table: ModbusTable, start: UInt16, places: [SignalPlace], period: Duration) {
    let first = Int(places.first?.offset ?? 0)
    let end = places.map { Int($0.offset) + Int($0.count) }.max() ?? first
    self.init(
      unit: unit, table: table, start: start &+ UInt16(first), count: UInt16(end - first),
      period: period,
      places: places.map { place in
        SignalPlace(
          slot: Int(place.slot), offset: Int(place.offset) - first, count: Int(place.count))
      })
  }

  /// The two halves of a refused block: apart at the widest gap nearest to the middle.
  var halves: [ReadBlock] {
    guard places.count > 1 else { return [self] }
    let middle = places.count / 2
    var cut = middle
    var widest = 0
    var end = Int(places[0].offset) + Int(places[0].count)
    for index in 1..<places.count {
      let gap = Int(places[index].offset) - end
      let isNearer = abs(index - middle) < abs(cut - middle)
      if gap > widest || (gap > 0 && gap == widest && isNearer) { (widest, cut) = (gap, index) }
      end = max(end, Int(places[index].offset) + Int(places[index].count))
    }
    return [Array(places[..<cut]), Array(places[cut...])].map { part in
      ReadBlock(unit: unit, table: table, start: start, places: part, period: period)
    }
  }
}

/// A binding on its way into a block.
private struct Wanted {
  let slot: Int
  let binding: ReadBinding

  var start: Int { Int(binding.address) }
  var end: Int { start + Int(binding.count) }
  var group: [Int64] {
    [
      Int64(binding.table.readFunction),
      max(binding.period, PollingLimits.shortestPeriod).nanoseconds,
    ]
  }
  var key: (Int64, Int64, Int, Int, Int) {
    (group[1], group[0], start, Int(binding.count), slot)
  }
}
