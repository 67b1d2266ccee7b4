// How registers become a raw value.
//
// Invariants
// - Total: every sequence of words yields a value or nil, never a trap. Nil means "invalid": too
//   few words, NaN, infinity, text that is not UTF-8.
// - The four orders mean the same for two registers and for four: `cdab` reverses the words, `badc`
//   swaps the bytes within each word, `dcba` does both.
// - Integers stay integers: a u64 above Int64.max is `.unsigned`, everything else `.integer`.

extension ByteOrder {
  /// The low word stands first.
  var reversesWords: Bool {
    switch self {
    case .cdab, .dcba: true
    case .abcd, .badc: false
    }
  }

  /// The low byte of each word stands first.
  var swapsBytes: Bool {
    switch self {
    case .badc, .dcba: true
    case .abcd, .cdab: false
    }
  }
}

extension RegisterType {
  /// Words that a value of this type takes; 1 for a text, which takes at least one.
  public var wordCount: Int {
    switch self {
    case .u16, .i16, .bit, .string: 1
    case .u32, .i32, .f32: 2
    case .u64, .i64, .f64: 4
    }
  }
}

extension RegisterFormat {
  /// The raw value in registers, or nil when they hold none; of a text its first eight bytes.
  public func decode(_ words: Span<UInt16>) -> Value? {
    guard words.count >= type.wordCount else { return nil }
    switch type {
    case .bit: return .integer(bitValue(words[0]))
    case .string: return decodeText(words).map { .text($0.pieces[0]) }
    case .u16, .i16, .u32, .i32, .u64, .i64, .f32, .f64:
      return value(bits: assemble(words))
    }
  }

  /// The raw value in registers, or nil when they hold none; of a text its first eight bytes.
  public func decode(_ words: [UInt16]) -> Value? { decode(words.span) }

  /// The bits of a number, its highest word first, from words in the declared order.
  func assemble(_ words: Span<UInt16>) -> UInt64 {
    let count = type.wordCount
    var bits: UInt64 = 0
    for index in 0..<count {
      let word = words[order.reversesWords ? count - 1 - index : index]
      bits = bits << 16 | UInt64(order.swapsBytes ? word.byteSwapped : word)
    }
    return bits
  }

  /// The number that a type sees in the bits; nil for a real that is not finite.
  func value(bits: UInt64) -> Value? {
    switch type {
    case .u16, .u32: return .integer(Int64(bits & 0xFFFF_FFFF))
    case .i16: return .integer(Int64(Int16(truncatingIfNeeded: bits)))
    case .i32: return .integer(Int64(Int32(truncatingIfNeeded: bits)))
    case .i64: return .integer(Int64(bitPattern: bits))
    case .u64: return bits > UInt64(Int64.max) ? .unsigned(bits) : .integer(Int64(bits))
    case .f32:
      let real = Float(bitPattern: UInt32(truncatingIfNeeded: bits))
      return real.isFinite ? .real(Double(real)) : nil
    case .f64:
      let real = Double(bitPattern: bits)
      return real.isFinite ? .real(real) : nil
    case .bit: return .integer(bits == 0 ? 0 : 1)
    case .string: return .text(bits)
    }
  }

  /// The bit within a register, or the bit of a bit table: 0 or 1.
  func bitValue(_ word: UInt16) -> Int64 { word & bitMask == 0 ? 0 : 1 }

  /// The mask that picks the bit out of a word as it came; all ones for a bit table.
  var bitMask: UInt16 {
    guard let bit else { return .max }
    return 1 << UInt16((order.swapsBytes ? bit ^ 8 : bit) & 15)
  }
}

extension Scaling {
  /// The scaled value; nil when it is no finite number. Integers stay exact without scaling.
  public func apply(_ value: Value) -> Value? {
    guard gain != 1 || offset != 0 else { return value }
    guard let raw = value.number else { return value }
    let scaled = raw * gain + offset
    return scaled.isFinite ? .real(scaled) : nil
  }
}

extension Value {
  /// The value as a real number; nil for a text or nothing. Exact up to ±2^53.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .real(let value): value
    case .text, .none: nil
    }
  }
}
