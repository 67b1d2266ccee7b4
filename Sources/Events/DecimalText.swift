// Numbers as events carry them: exact integers, and decimals as strings without an exponent.

public import Primitives
public import Signals

/// How values become members of an event.
public enum EventValue {
  /// The shortest decimal that reads back as the same double, without exponent; nil for NaN and ∞.
  public static func decimal(_ value: Double) -> String? {
    guard value.isFinite else { return nil }
    return plain(value.magnitude.description, isNegative: value < 0, isZero: value == 0)
  }

  /// The shortest decimal that reads back as the same single-precision number; nil for NaN and ∞.
  public static func decimal(_ value: Float) -> String? {
    guard value.isFinite else { return nil }
    return plain(value.magnitude.description, isNegative: value < 0, isZero: value == 0)
  }

  /// Nine places behind the point: what scaling adds beyond them is an accident of binary numbers.
  ///
  /// A quotient of two exact integers is the double nearest to the decimal that is meant.
  public static func withoutNoise(_ value: Double) -> Double {
    guard value.magnitude < 9e6 else { return value }
    let scaled = value * 1e9
    return Double(Int64(scaled < 0 ? scaled - 0.5 : scaled + 0.5)) / 1e9
  }

  /// Swift's description of a magnitude, written out without an exponent.
  private static func plain(_ description: String, isNegative: Bool, isZero: Bool) -> String {
    guard !isZero else { return "0" }
    let text = Array(description.utf8)
    let sign = isNegative ? "-" : ""
    let parts = text.split(separator: UInt8(ascii: "e"))
    var digits = parts[0].filter { $0 != UInt8(ascii: ".") }
    let whole = parts[0].prefix { $0 != UInt8(ascii: ".") }.count
    let exponent = parts.count > 1 ? Int(String(decoding: parts[1], as: UTF8.self)) ?? 0 : 0
    while digits.count > 1, digits.last == UInt8(ascii: "0"), digits.count > whole {
      digits.removeLast()
    }
    // The point stands after `place` digits.
    let place = whole + exponent
    let zero = UInt8(ascii: "0")
    if place <= 0 {
      digits.insert(contentsOf: Array(repeating: zero, count: 1 - place), at: 0)
      digits.insert(UInt8(ascii: "."), at: 1)
    } else if place >= digits.count {
      digits.append(contentsOf: Array(repeating: zero, count: place - digits.count))
    } else {
      digits.insert(UInt8(ascii: "."), at: place)
    }
    return sign + String(decoding: digits, as: UTF8.self)
  }

  /// An integer, or a string of digits where a JSON reader would round it.
  public static func integer(_ value: Int64) -> JSONValue {
    value.magnitude <= EventLimits.exactInteger.magnitude ? .integer(value) : .string(String(value))
  }

  /// An unsigned integer, or a string of digits where a JSON reader would round it.
  public static func integer(_ value: UInt64) -> JSONValue {
    value <= EventLimits.exactInteger.magnitude
      ? .integer(Int64(clamping: value)) : .string(String(value))
  }

  /// The value of a signal; nil when there is none to tell.
  public static func value(_ value: Value) -> JSONValue? {
    switch value {
    case .integer(let integer): self.integer(integer)
    case .unsigned(let integer): self.integer(integer)
    case .real(let real): decimal(real).map { .string($0) }
    case .text(let packed): .string(text(packed))
    case .none: nil
    }
  }

  /// Up to eight bytes of a text, first byte lowest, ending at the first zero.
  static func text(_ packed: UInt64) -> String {
    var bytes: [UInt8] = []
    for shift in stride(from: 0, to: 64, by: 8) {
      let byte = UInt8(truncatingIfNeeded: packed >> UInt64(shift))
      if byte == 0 { break }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
