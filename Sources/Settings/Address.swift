// Addresses as technicians write them, in one string.
//
//   holding 100 u32 cdab   four tables by name, addresses from 0
//   40101 f32              Modicon numbers with 5 or 6 digits, from 1: 40101 is holding 100
//   input 12.3             one bit of a register, 0 is the lowest
//   holding 20 string 16   sixteen characters, two in each register
//   coil 7, discrete 3     bits

import Polling
import Signals

/// A place in a device with the format of the value.
struct Address: Equatable, Sendable {
  var table: ModbusTable
  var start: UInt16
  var format: RegisterFormat
}

/// Why a text is no address.
struct AddressFault: Error, Equatable {
  var found: String
  var allowed: String
}

extension Address {
  static let example = "an address such as \"holding 100 u32 cdab\", \"40101 f32\" or \"coil 7\""
  private static let types = RegisterType.allCases.map(\.rawValue)
  private static let orders = ByteOrder.allCases.map(\.rawValue)

  init(text: String) throws(AddressFault) {
    let words = text.lowercased().split { $0 == " " || $0 == "\t" }.map(String.init)
    var rest = words[...]
    guard let first = rest.popFirst() else {
      throw AddressFault(found: "the address is empty", allowed: Self.example)
    }
    let place: (table: ModbusTable, start: Int, bit: UInt8?)
    if let digit = first.utf8.first, (48...57).contains(digit) {
      place = try Self.modicon(first)
    } else {
      place = try Self.named(first, rest.popFirst())
    }
    let format = try Self.format(&rest, table: place.table, bit: place.bit)
    if let extra = rest.first {
      throw AddressFault(
        found: "\"\(extra)\" is one word too many", allowed: Self.example)
    }
    let last = place.start + Int(format.count) - 1
    guard last <= 65_535 else {
      throw AddressFault(
        found: "the value would end at address \(last)", allowed: "addresses 0 to 65535")
    }
    (table, start, self.format) = (place.table, UInt16(clamping: place.start), format)
  }

  private typealias Spot = (table: ModbusTable, start: Int, bit: UInt8?)

  private static func named(_ word: String, _ number: String?) throws(AddressFault) -> Spot {
    let tables = ["holding", "input", "coil", "discrete"]
    guard let table = ModbusTable(rawValue: word) else {
      throw AddressFault(
        found: "\"\(word)\" is no table" + Nearest.hint(word, tables),
        allowed: "holding, input, coil or discrete, or a number such as 40101")
    }
    guard let number else {
      throw AddressFault(
        found: "the address behind \"\(word)\" is missing", allowed: "\(word) 0 to \(word) 65535")
    }
    let (digits, bit) = try split(number, table)
    guard let start = Words.integer(digits), (0...65_535).contains(start) else {
      throw AddressFault(found: "\"\(number)\" is no address", allowed: "0 to 65535")
    }
    return (table, Int(start), bit)
  }

  private static func modicon(_ word: String) throws(AddressFault) -> Spot {
    let allowed = "00001…09999, 10001…, 30001…, 40001…49999, or six digits such as 400101"
    let tables: [Character: ModbusTable] = [
      "0": .coil, "1": .discrete, "3": .input, "4": .holding,
    ]
    let whole = word.split(separator: ".", maxSplits: 1).first.map(String.init) ?? word
    guard let first = word.first, let table = tables[first] else {
      throw AddressFault(found: "no table has numbers like \(whole)", allowed: allowed)
    }
    let (digits, bit) = try split(word, table)
    guard digits.utf8.count == 5 || digits.utf8.count == 6,
      let number = Words.integer(String(digits.dropFirst())), (1...65_536).contains(number)
    else {
      throw AddressFault(
        found: "\(whole) is no Modicon number; an address from 0 needs its table before it",
        allowed: allowed)
    }
    return (table, Int(number) - 1, bit)
  }

  /// Parts `12.3` into the address and the bit.
  private static func split(
    _ word: String, _ table: ModbusTable
  ) throws(AddressFault) -> (digits: String, bit: UInt8?) {
    let parts = word.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count > 1 else { return (word, nil) }
    guard !table.holdsBits else {
      throw AddressFault(
        found: "\"\(word)\" names a bit, but \(table.rawValue) addresses are bits already",
        allowed: "\(table.rawValue) \(parts[0])")
    }
    guard parts.count == 2, let bit = Words.integer(parts[1]), (0...15).contains(bit) else {
      throw AddressFault(
        found: "\"\(word)\" names no bit of a register", allowed: "bits .0 (lowest) to .15")
    }
    return (parts[0], UInt8(bit))
  }

  private static func format(
    _ rest: inout ArraySlice<String>, table: ModbusTable, bit: UInt8?
  ) throws(AddressFault) -> RegisterFormat {
    let isBit = table.holdsBits || bit != nil
    var type = isBit ? RegisterType.bit : .u16
    if let word = rest.first, ByteOrder(rawValue: word) == nil {
      guard let named = RegisterType(rawValue: word) else {
        throw AddressFault(
          found: "\"\(word)\" is no type" + Nearest.hint(word, types + orders),
          allowed: types.joined(separator: ", "))
      }
      guard (named == .bit) == isBit else {
        throw AddressFault(
          found: isBit
            ? "one bit cannot be read as \(word)" : "a bit of a register needs its number",
          allowed: isBit ? "bit, or nothing" : "a number behind a point: \"holding 12.3\"")
      }
      type = named
      rest = rest.dropFirst()
    }
    let count = try registers(&rest, type)
    let order = try byteOrder(&rest, type)
    return RegisterFormat(type: type, order: order, bit: bit, count: count)
  }

  private static func registers(
    _ rest: inout ArraySlice<String>, _ type: RegisterType
  ) throws(AddressFault) -> UInt16 {
    switch type {
    case .bit, .u16, .i16: return 1
    case .u32, .i32, .f32: return 2
    case .u64, .i64, .f64: return 4
    case .string:
      let limit = SettingsLimits.stringLength
      guard let word = rest.popFirst(), let length = Words.integer(word),
        limit.contains(Int(length))
      else {
        throw AddressFault(
          found: "the number of characters behind \"string\" is missing or wrong",
          allowed: "string \(limit.lowerBound) to string \(limit.upperBound)")
      }
      return UInt16((length + 1) / 2)
    }
  }

  private static func byteOrder(
    _ rest: inout ArraySlice<String>, _ type: RegisterType
  ) throws(AddressFault) -> ByteOrder {
    guard let word = rest.first else { return .abcd }
    guard let order = ByteOrder(rawValue: word) else {
      throw AddressFault(
        found: "\"\(word)\" is no byte order" + Nearest.hint(word, orders),
        allowed: orders.joined(separator: ", "))
    }
    let allowed: [ByteOrder] =
      switch type {
      case .bit: [.abcd]
      case .u16, .i16, .string: [.abcd, .badc]
      case .u32, .i32, .u64, .i64, .f32, .f64: ByteOrder.allCases
      }
    guard allowed.contains(order) else {
      throw AddressFault(
        found:
          "\(type.rawValue) cannot be \(word); only longer numbers have words to swap",
        allowed: allowed.map(\.rawValue).joined(separator: ", "))
    }
    rest = rest.dropFirst()
    return order
  }

  /// The form with the table's name, the type always told.
  var text: String {
    let place = format.bit.map { "\(start).\($0)" } ?? "\(start)"
    if format.type == .bit { return "\(table.rawValue) \(place)" }
    let length = format.type == .string ? " \(format.count * 2)" : ""
    let order = format.order == .abcd ? "" : " \(format.order.rawValue)"
    return "\(table.rawValue) \(place) \(format.type.rawValue)\(length)\(order)"
  }
}
