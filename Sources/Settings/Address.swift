// Addresses as technicians write them, in one string.
//
//   holding 100 u32 cdab       four tables by name, addresses from 0; also holding 0x64
//   40101 f32, 4x101 f32       Modicon numbers, from 1: 40101 and 4x101 are holding 100
//   input 12.3                 one bit of a register, 0 is the lowest
//   holding 20 string 16       sixteen characters, two in each register
//   holding 20 string 16 low   sixteen characters, one in the low byte of each register (or high)
//   coil 7, discrete 3         bits
//
// Invariants
// - What `text` and `notations` say reads back as the same place (F21).
// - 0x at the beginning is no table: it may mean a coil or a hexadecimal number, so it is refused.

public import Polling
import Primitives
public import Signals

/// A place in a device with the format of the value.
public struct ParsedAddress: Equatable, Sendable {
  public let table: ModbusTable
  /// The first address, from 0.
  public let start: UInt16
  public let format: RegisterFormat

  /// A place whose value ends within the table: `start` + `format.count` is 65,536 at most.
  init(_ table: ModbusTable, _ start: UInt16, _ format: RegisterFormat) {
    self.table = table
    self.start = start
    self.format = format
  }
}

/// Why a text is no address: what was found, and what would be one.
public struct AddressFault: Error, Equatable, CustomStringConvertible {
  public let found: String
  public let allowed: String

  /// Both in one line.
  public var description: String { "\(found); allowed: \(allowed)" }
}

/// Reads addresses as the configuration does, for every tool that takes one.
public enum AddressText {
  /// The place that a text such as "holding 100 u32 cdab", "40101 f32" or "coil 7" means.
  public static func parse(_ text: String) throws(AddressFault) -> ParsedAddress {
    do {
      return try ParsedAddress(text: text)
    } catch {
      throw AddressFault(
        found: "\(Words.quoted(text)) is no address: \(error.found)", allowed: error.allowed)
    }
  }
}

extension ParsedAddress {
  static let example = "an address such as \"holding 100 u32 cdab\", \"40101 f32\" or \"coil 7\""
  private static let types = RegisterType.allCases.map(\.rawValue)
  private static let numberTypes = types.filter { $0 != RegisterType.string.rawValue }
  private static let orders = ByteOrder.allCases.map(\.rawValue)

  init(text: String) throws(AddressFault) {
    let words = text.lowercased().split { $0 == " " || $0 == "\t" }.map(String.init)
    var rest = words[...]
    guard let first = rest.popFirst() else {
      throw AddressFault(found: "the address is empty", allowed: Self.example)
    }
    let place: Spot
    if let digit = first.utf8.first, (48...57).contains(digit) {
      place = first.dropFirst().hasPrefix("x") ? try Self.crossed(first) : try Self.modicon(first)
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
    self.init(place.table, UInt16(clamping: place.start), format)
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
    guard let start = whole(digits), (0...65_535).contains(start) else {
      throw AddressFault(
        found: "\"\(number)\" is no address", allowed: "0 to 65535, or 0x0 to 0xffff")
    }
    return (table, Int(start), bit)
  }

  /// Decimal digits, or hexadecimal ones behind `0x`.
  private static func whole(_ digits: String) -> Int64? {
    guard digits.hasPrefix("0x") else { return Words.integer(digits) }
    let hex = digits.dropFirst(2)
    guard (1...8).contains(hex.utf8.count), hex.utf8.allSatisfy(Hex.isDigit) else { return nil }
    return Int64(hex, radix: 16)
  }

  private static let numbered: [Character: ModbusTable] = [
    "0": .coil, "1": .discrete, "3": .input, "4": .holding,
  ]

  /// `4x101`, `3x1`, `1x1`: the table's digit and a number from 1.
  private static func crossed(_ word: String) throws(AddressFault) -> Spot {
    let shown = word.prefix(16)
    guard !word.hasPrefix("0") else {
      throw AddressFault(
        found: "\"\(shown)\" without a table may be a coil or a hexadecimal number",
        allowed: "the table before the number: \"coil 100\", \"holding 0x64\"")
    }
    guard let first = word.first, let table = numbered[first] else {
      throw AddressFault(
        found: "no table has numbers like \(shown)", allowed: "1x1, 3x1 or 4x1, to …x65536")
    }
    let (digits, bit) = try split(word, table)
    guard let number = Words.integer(String(digits.dropFirst(2))), (1...65_536).contains(number)
    else {
      throw AddressFault(
        found: "\(shown) is no number of a table", allowed: "\(first)x1 to \(first)x65536")
    }
    return (table, Int(number) - 1, bit)
  }

  private static func modicon(_ word: String) throws(AddressFault) -> Spot {
    let allowed = "00001…09999, 10001…, 30001…, 40001…49999, or six digits such as 400101"
    let whole = word.split(separator: ".", maxSplits: 1).first.map(String.init) ?? word
    guard let first = word.first, let table = numbered[first] else {
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
    let (count, characters) = try registers(&rest, type)
    let order = try byteOrder(&rest, type, characters)
    return RegisterFormat(type: type, order: order, bit: bit, count: count, characters: characters)
  }

  private static func registers(
    _ rest: inout ArraySlice<String>, _ type: RegisterType
  ) throws(AddressFault) -> (count: UInt16, characters: CharacterPlace) {
    guard type == .string else { return (UInt16(type.wordCount), .both) }
    let most = SettingsLimits.registersPerRequest.upperBound
    guard let word = rest.popFirst(), let length = Words.integer(word) else {
      throw AddressFault(
        found: "the number of characters behind \"string\" is missing",
        allowed: "string 1 to string \(2 * most)")
    }
    var characters = CharacterPlace.both
    if let word = rest.first, let half = CharacterPlace(rawValue: word), half != .both {
      characters = half
      rest = rest.dropFirst()
    }
    let width = Int64(characters.charactersPerRegister)
    guard length >= 1, length <= width * most else {
      let behind = characters == .both ? "" : " \(characters.rawValue)"
      throw AddressFault(
        found: "a text\(behind.isEmpty ? "" : " in half registers") cannot have \(word) characters",
        allowed: "string 1\(behind) to string \(width * most)\(behind)")
    }
    return (UInt16((length + width - 1) / width), characters)
  }

  private static func byteOrder(
    _ rest: inout ArraySlice<String>, _ type: RegisterType, _ characters: CharacterPlace
  ) throws(AddressFault) -> ByteOrder {
    guard let word = rest.first else { return .abcd }
    guard characters == .both else {
      throw AddressFault(
        found: "\"\(word)\" behind \"\(characters.rawValue)\": half a register has no byte order",
        allowed: "nothing behind \"\(characters.rawValue)\"")
    }
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
  public var text: String {
    let place = format.bit.map { "\(start).\($0)" } ?? "\(start)"
    if format.type == .bit { return "\(table.rawValue) \(place)" }
    let length = format.type == .string ? " \(format.characterCount)" : ""
    let half = format.characters == .both ? "" : " \(format.characters.rawValue)"
    let order = format.order == .abcd ? "" : " \(format.order.rawValue)"
    return "\(table.rawValue) \(place) \(format.type.rawValue)\(length)\(half)\(order)"
  }

  static let digits = "(0x[0-9A-Fa-f]{1,8}|[0-9]{1,5})"
  static let placePattern =
    "((coil|discrete|holding|input) +\(digits)|[0134][0-9]{4,5}|[134]x[0-9]{1,6})"

  /// The text as a regular expression, for the schema; lower case only.
  static let pattern =
    "^ *\(placePattern)(\\.[0-9]{1,2})?"
    + "( +(string +[0-9]{1,3}( +(low|high))?|\(numberTypes.joined(separator: "|"))))?"
    + "( +(\(orders.joined(separator: "|"))))? *$"

  /// The place in every notation, without the type: `holding 100`, `40101`, `400101`, hex.
  ///
  /// Five digits only where they reach; the hexadecimal one bears its table to be read back.
  public var notations: [String] {
    let bit = format.bit.map { ".\($0)" } ?? ""
    let digit =
      switch table {
      case .coil: 0
      case .discrete: 1
      case .input: 3
      case .holding: 4
      }
    let number = Int(start) + 1
    func padded(_ text: String, _ width: Int) -> String {
      String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
    let five = number <= 9999 ? ["\(digit)\(padded("\(number)", 4))\(bit)"] : []
    let hex = padded(String(start, radix: 16, uppercase: true), 4)
    return ["\(table.rawValue) \(start)\(bit)"] + five
      + ["\(digit)\(padded("\(number)", 5))\(bit)", "\(table.rawValue) 0x\(hex)\(bit)"]
  }
}
