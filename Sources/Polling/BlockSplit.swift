// Why two neighbouring requests are not one.

import Signals

/// What keeps two blocks of a table apart.
public enum BlockSplit: Equatable, Sendable {
  /// They are wanted at different periods.
  case period
  /// These addresses between them must not be asked for.
  case forbidden(AddressRange)
  /// The device was asked and refused requests over these addresses.
  case refused(AddressRange, exception: UInt8)
  /// So many unused addresses lie between them, and the device's gap limit is less.
  case gapLimit(gap: Int, limit: Int)
  /// Reading the unused addresses along costs more than a request; so many would be worth it.
  case cost(gap: Int, worth: Int)
  /// Together they would ask for so many addresses, more than one request may.
  case limit(addresses: Int, limit: Int)
}

extension BlockSplit {
  /// One phrase for the plan.
  public var text: String {
    switch self {
    case .period: return "wanted at another period"
    case .forbidden(let range): return "\(range.text) must not be asked for"
    case .refused(let range, 0):
      return "the device did not answer for \(range.text) in one request"
    case .refused(let range, let exception):
      return "the device refused \(range.text) in one request, with exception \(exception)"
    case .gapLimit(let gap, let limit):
      return "\(Self.unused(gap)) between them, the gap limit is \(limit)"
    case .cost(let gap, let worth):
      return "\(Self.unused(gap)) between them cost more than a request;"
        + " up to \(worth) would be read along"
    case .limit(let addresses, let limit):
      return "together \(addresses) addresses, one request may ask for \(limit)"
    }
  }

  private static func unused(_ gap: Int) -> String {
    "\(gap) unused \(gap == 1 ? "address" : "addresses")"
  }
}

extension ReadPlan {
  /// Why a block does not reach over the next one of its table; nil if they are not of one table.
  public func split(
    _ left: ReadBlock, _ right: ReadBlock, in bus: BusDefinition, avoiding learnt: [LearntRefusal]
  ) -> BlockSplit? {
    guard left.unit == right.unit, left.table == right.table,
      bus.units.indices.contains(left.unit)
    else { return nil }
    guard left.period == right.period else { return .period }
    let unit = bus.units[left.unit]
    let (leftEnd, rightEnd) = (left.end, right.end)
    let span = min(left.start, right.start)...UInt16(clamping: max(leftEnd, rightEnd) - 1)
    if let refusal = learnt.first(where: {
      $0.unit == unit.address && $0.table == left.table && $0.forbids(span)
    }) {
      if let longest = refusal.longest { return .limit(addresses: span.count, limit: longest) }
      return .refused(refusal.range, exception: refusal.exception)
    }
    let gap = Int(right.start) - leftEnd
    if gap > 0 {
      let barred = BarredAddresses(unit.quirks.forbidden, in: left.table)
      if let hit = barred.first(in: leftEnd..<Int(right.start)) {
        let range = UInt16(clamping: hit.lowerBound)...UInt16(clamping: hit.upperBound)
        return .forbidden(AddressRange(left.table, range))
      }
      let worth = LineTiming(bus).gapWorth(left.table, unit.quirks)
      if let given = unit.quirks.gapLimit {
        if gap > given { return .gapLimit(gap: gap, limit: given) }
      } else if gap > worth {
        return .cost(gap: gap, worth: worth)
      }
    }
    return .limit(
      addresses: span.count,
      limit: Self.limit(unit, left.table))
  }
}

extension ReadBlock {
  /// The address behind the last one asked for.
  public var end: Int { Int(start) + Int(count) }

  /// Addresses of the answer that belong to a signal.
  public var usedCount: Int {
    var used = 0
    var end = 0
    for place in places {
      let (first, last) = (Int(place.offset), Int(place.offset) + Int(place.count))
      used += max(0, last - max(first, end))
      end = max(end, last)
    }
    return used
  }
}
