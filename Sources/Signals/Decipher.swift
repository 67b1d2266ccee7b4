// One read of registers in every type and order: what could it be? For the technician whose manual
// does not say, or says it wrongly.
//
// Invariants
// - Total: any words give a list, never a trap; at most `DecipherLimits.words` of them are looked
//   at.
// - Pure: the same words give the same list in the same order, the likeliest first.
// - A likelihood is 0 exactly when the reading is no value at all, or one that nobody measures.
//
// Why points instead of a yes or no: 0x4366 0x3333 is 230.2 as a real, and 17254 as a counter. Only
// the technician knows; the list shows him first what people use.

/// How registers are looked at.
public enum DecipherForm: Hashable, Sendable {
  case number(RegisterType, ByteOrder)
  /// Decimal digits, four in each register; the high word first.
  case decimalDigits(registers: Int)
  case text(TextLayout, registers: Int)

  /// Where the characters of a text stand.
  public enum TextLayout: Hashable, Sendable, CaseIterable {
    /// Two in each register, the first in the high byte.
    case highFirst
    /// Two in each register, the first in the low byte.
    case lowFirst
    /// One in each register, in the low byte.
    case low
    /// One in each register, in the high byte.
    case high

    /// Characters in one register.
    public var charactersPerRegister: Int {
      switch self {
      case .highFirst, .lowFirst: 2
      case .low, .high: 1
      }
    }
  }

  /// Registers that it takes.
  public var registers: Int {
    switch self {
    case .number(let type, _): type.wordCount
    case .decimalDigits(let registers), .text(_, let registers): registers
    }
  }

  /// The format as it stands behind an address in a configuration; nil where there is no such type.
  public var formatText: String? {
    switch self {
    case .number(let type, let order):
      return type.rawValue + (order == .abcd ? "" : " " + order.rawValue)
    case .decimalDigits: return nil
    case .text(let layout, let registers):
      let length = registers * layout.charactersPerRegister
      switch layout {
      case .highFirst: return "string \(length)"
      case .lowFirst: return "string \(length) badc"
      case .low: return "string \(length) low"
      case .high: return "string \(length) high"
      }
    }
  }
}

/// Registers seen in one way.
public struct DecipherReading: Equatable, Sendable {
  /// Registers behind the first one given.
  public var offset: Int
  public var form: DecipherForm
  /// The number; nil for a text, and where there is none.
  public var value: Value?
  /// What it says, for people.
  public var text: String
  /// 0 (impossible) to 100 (what people use); above 100 it fits the number on the display.
  public var likelihood: Int
  /// Why, in a few words; empty when there is nothing to say.
  public var reason: String
  /// What the value has to be multiplied with to be the number on the display: "0.1"; else nil.
  public var scale: String?

  /// Worth a look.
  public var isPlausible: Bool { likelihood >= DecipherLimits.plausible }

  /// A text that is hardly chance.
  var isClearText: Bool {
    guard case .text = form else { return false }
    return likelihood >= DecipherLimits.clearText
  }

  /// Whether a number shares registers with this text.
  func covers(_ other: DecipherReading) -> Bool {
    if case .text = other.form { return false }
    return offset < other.offset + other.form.registers && other.offset < offset + form.registers
  }
}

/// The number that the device's own display shows.
public struct DisplayedNumber: Equatable, Sendable {
  public var value: Double
  /// Digits behind the point on the display: its resolution.
  public var decimals: Int

  /// Reads "230.2" or "-5"; nil for anything that is no number of the display kind.
  public init?(text: String) {
    let body = text.hasPrefix("-") ? text.dropFirst() : text[...]
    let parts = body.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, body.utf8.count <= 18,
      parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }),
      let value = Double(text)
    else { return nil }
    self.value = value
    decimals = parts.count == 2 ? parts[1].utf8.count : 0
  }
}

/// Looks at registers in every way.
public struct Decipher: Sendable {
  public let words: [UInt16]
  public let expected: DisplayedNumber?

  /// Words as they came, the first address first.
  public init(_ words: [UInt16], expected: DisplayedNumber? = nil) {
    self.words = Array(words.prefix(DecipherLimits.words))
    self.expected = expected
  }

  /// Every reading at every offset where it fits, in the order of the offsets.
  public func readings() -> [DecipherReading] {
    words.indices.flatMap { offset in
      Self.numbers.compactMap { number(offset, $0.0, $0.1) } + digits(offset)
    } + texts()
  }

  /// The readings worth a look, the likeliest first, without the numbers in a clear text.
  public func plausible() -> [DecipherReading] {
    let all = readings()
    let texts = all.filter(\.isClearText)
    let order = all.enumerated().filter { _, reading in
      reading.isPlausible && (reading.likelihood > 100 || !texts.contains { $0.covers(reading) })
    }
    return order.sorted {
      ($1.element.likelihood, $0.element.offset, $0.offset)
        < ($0.element.likelihood, $1.element.offset, $1.offset)
    }.map(\.element)
  }

  /// The reading of one type and order; nil when too few words follow.
  public func number(_ offset: Int, _ type: RegisterType, _ order: ByteOrder) -> DecipherReading? {
    guard offset >= 0, offset + type.wordCount <= words.count else { return nil }
    let format = RegisterFormat(type: type, order: order, count: UInt16(type.wordCount))
    let part = Array(words[offset..<(offset + type.wordCount)])
    let bits = format.assemble(part.span)
    let value = format.value(bits: bits)
    var (points, reason) = Plausibility.judge(bits: bits, value: value, type: type)
    if points > 0 { points = max(1, points - order.rarity) }
    var reading = DecipherReading(
      offset: offset, form: .number(type, order), value: value,
      text: value.map { Plausibility.text($0, type) } ?? "no number", likelihood: points,
      reason: reason)
    if let fit = expected.flatMap({ DisplayFit(reading, $0) }) {
      reading.likelihood = 100 + max(1, points / 2) + fit.points
      (reading.reason, reading.scale) = (fit.text, fit.scale)
    }
    return reading
  }

  private static let numbers: [(RegisterType, ByteOrder)] =
    [(.u16, .abcd), (.i16, .abcd), (.u16, .badc), (.i16, .badc)]
    + [RegisterType.u32, .i32, .f32, .u64, .i64, .f64].flatMap { type in
      ByteOrder.allCases.map { (type, $0) }
    }

  private func digits(_ offset: Int) -> [DecipherReading] {
    [1, 2].compactMap { count in
      guard offset + count <= words.count else { return nil }
      var number: Int64 = 0
      for word in words[offset..<(offset + count)] {
        for shift: UInt16 in [12, 8, 4, 0] {
          let digit = word >> shift & 0xF
          guard digit <= 9 else { return nil }
          number = number * 10 + Int64(digit)
        }
      }
      guard number > 9, count == 1 || words[offset] != 0 else { return nil }
      var reading = DecipherReading(
        offset: offset, form: .decimalDigits(registers: count), value: .integer(number),
        text: String(number), likelihood: 22, reason: "every half byte is a decimal digit")
      if let fit = expected.flatMap({ DisplayFit(reading, $0) }) {
        reading.likelihood = 100 + fit.points
        (reading.reason, reading.scale) = (fit.text, fit.scale)
      }
      return reading
    }
  }
}

extension ByteOrder {
  /// Points less than for the order of the specification.
  var rarity: Int {
    switch self {
    case .abcd: 0
    case .cdab: 2
    case .dcba: 10
    case .badc: 14
    }
  }
}

/// Bounds of looking at registers.
public enum DecipherLimits {
  /// Registers looked at: one answer holds 125, and two more tell what stands beside.
  public static let words = 127
  /// Points from which on a reading is worth a look.
  public static let plausible = 40
  /// Points from which on a text is hardly chance.
  public static let clearText = 90
  /// Characters from which on printable bytes are a text rather than chance: 95 of 256 byte values
  /// are printable, so four of them are (95/256)^4 = 2 % of all noise.
  public static let textLength = 4
}
