// Why a signal cannot be read at all: found before anything is asked.

/// A signal that no request can read.
public struct ImpossibleRead: Equatable, Sendable {
  /// What stands in the way.
  public enum Reason: Equatable, Sendable {
    /// It takes no address, or some beyond 65535.
    case outside
    /// It takes more addresses than one request may ask for.
    case tooLong(limit: Int)
    /// The device does not offer its table.
    case tableMissing(ModbusTable)
    /// It needs these addresses, which must not be asked for.
    case forbidden(AddressRange)
    /// Requests begin at that address and reach so far; it lies elsewhere.
    case outOfReach(start: UInt16, limit: Int)
    /// The device was asked and refused these addresses with that exception.
    case refused(AddressRange, exception: UInt8)
  }

  /// The position of the unit in the bus definition.
  public let unit: Int
  /// The position in the unit's bindings.
  public let slot: Int
  public let reason: Reason
}

extension ImpossibleRead.Reason {
  /// The reason and what can be done about it, to stand behind the signal's name.
  public var text: String {
    switch self {
    case .outside:
      "its addresses do not lie within 0 to 65535; correct the address"
    case .tooLong(let limit):
      "it takes more than the \(limit) addresses of one request; "
        + "a shorter value, or a greater limit if the device can bear it"
    case .tableMissing(let table):
      "the device does not offer function code \(table.readFunction) (\(table.rawValue)); "
        + "take another table, or add the code to its functions"
    case .forbidden(let range):
      "\(range.text) must not be asked for; take the signal out, or the range out of forbidden"
    case .outOfReach(let start, let limit):
      "requests begin at \(start) and reach \(limit) addresses far; it lies elsewhere"
    case .refused(let range, 0):
      "the device does not answer for \(range.text), although it answers for others; "
        + "correct the address, or leave it: it is tried again from time to time"
    case .refused(let range, let exception):
      "the device refuses \(range.text) with exception \(exception); "
        + "correct the address, or leave it: it is tried again from time to time"
    }
  }
}

extension AddressRange {
  /// As it stands in a configuration: "holding 100-120", "input 7".
  public var text: String {
    let (first, last) = (addresses.lowerBound, addresses.upperBound)
    return first == last ? "\(table.rawValue) \(first)" : "\(table.rawValue) \(first)-\(last)"
  }
}

extension ReadPlan {
  /// What stands in the way of a signal; nil when it can be read.
  static func obstacle(
    _ binding: ReadBinding, _ unit: UnitDefinition, _ barred: BarredAddresses?
  ) -> ImpossibleRead.Reason? {
    let limit = limit(unit, binding.table)
    let start = Int(binding.address)
    let end = start + Int(binding.count)
    guard start < end, end <= 65_536 else { return .outside }
    guard end - start <= limit else { return .tooLong(limit: limit) }
    guard unit.quirks.tables.contains(binding.table) else {
      return .tableMissing(binding.table)
    }
    var asked = start..<end
    if let fixed = unit.quirks.requestStart[binding.table] {
      guard start >= Int(fixed), end - Int(fixed) <= limit else {
        return .outOfReach(start: fixed, limit: limit)
      }
      asked = Int(fixed)..<end
    }
    guard let hit = barred?.first(in: asked) else { return nil }
    let range = UInt16(clamping: hit.lowerBound)...UInt16(clamping: hit.upperBound)
    return .forbidden(AddressRange(binding.table, range))
  }
}
