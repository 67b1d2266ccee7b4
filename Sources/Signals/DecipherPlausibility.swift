// What makes a number one that people use, and whether it fits the number on a display.

import Primitives

/// Points for numbers.
enum Plausibility {
  /// 0 for what nobody measures, up to 95 for what is in every manual; and why.
  static func judge(bits: UInt64, value: Value?, type: RegisterType) -> (Int, String) {
    switch type {
    case .f32, .f64: return real(bits, value, type)
    // Bytes swapped would show the low one in the high place.
    case .u16 where bits > 255 && bits & 0xFF == 0: return (14, "its low byte is empty")
    case .u16, .i16: return short(UInt16(truncatingIfNeeded: bits), isSigned: type == .i16)
    case .u32: return whole(bits, halfBits: 16)
    case .u64: return whole(bits, halfBits: 32)
    case .i32: return signed(Int64(Int32(truncatingIfNeeded: bits)), low: bits & 0xFFFF)
    case .i64: return signed(Int64(bitPattern: bits), low: bits & 0xFFFF_FFFF)
    case .bit, .string: return (0, "")
    }
  }

  static func text(_ value: Value, _ type: RegisterType) -> String {
    switch value {
    case .integer(let number): return String(number)
    case .unsigned(let number): return String(number)
    case .real(let number): return type == .f32 ? "\(Float(number))" : "\(number)"
    case .text, .none: return ""
    }
  }

  private static func real(_ bits: UInt64, _ value: Value?, _ type: RegisterType) -> (Int, String) {
    guard let number = value?.number else { return (0, "no finite number") }
    if number == 0 { return bits == 0 ? (20, "zero") : (0, "minus zero") }
    let isTiny =
      type == .f32
      ? Float(bitPattern: UInt32(truncatingIfNeeded: bits)).isSubnormal : number.isSubnormal
    if isTiny { return (0, "too small to be meant") }
    guard (1e-5...1e10).contains(number.magnitude) else {
      return (0, "a size nobody measures")
    }
    let digits = significantDigits(value.map { text($0, type) } ?? "")
    // f64 has eight times the exponents: chance hits it less often.
    let sure = type == .f64 ? 3 : 0
    if digits <= 5, (1e-3...1e7).contains(number.magnitude) {
      return (92 + sure, "a number people use")
    }
    // Two empty registers are rather those of something else.
    if type == .f64, bits & 0xFFFF_FFFF == 0 { return (55, "a usual size, half of it empty") }
    if (1e-2...1e7).contains(number.magnitude) { return (70 + sure, "a usual size") }
    return (30, "a rare size")
  }

  /// Digits that count, of a number as it is written: 4 of "230.2", 1 of "5e-05".
  private static func significantDigits(_ text: String) -> Int {
    var digits = text.prefix { $0 != "e" }.filter { ("0"..."9").contains($0) }
    digits = String(digits.drop { $0 == "0" })
    while digits.hasSuffix("0") { digits.removeLast() }
    return digits.count
  }

  private static func short(_ word: UInt16, isSigned: Bool) -> (Int, String) {
    let number = Int16(bitPattern: word)
    if isSigned {
      guard number < 0 else { return (5, "the same as u16") }
      if number == -1 { return (20, "-1, or \"no value\"") }
      if number == .min { return (3, "often means \"no value\"") }
      return number >= -1000 ? (50, "a small negative number") : (15, "")
    }
    switch word {
    case 0: return (25, "zero")
    case 0xFFFF, 0x8000, 0x7FFF: return (8, "often means \"no value\"")
    case ..<1000: return (52, "a small whole number")
    case ..<10_000: return (42, "a whole number")
    default: return (12, "")
    }
  }

  /// An unsigned number of two halves; one that is all in its high half has its halves swapped.
  private static func whole(_ bits: UInt64, halfBits: UInt64) -> (Int, String) {
    let low = bits & (1 << halfBits - 1)
    let high = bits >> halfBits
    if bits == 0 { return (22, "zero") }
    if low == 0 { return (4, "its low half is empty") }
    if halfBits == 16, (1_262_304_000...2_208_988_800).contains(bits) {
      let date = WallTime(milliseconds: Int64(bits) * 1000).text.prefix(16)
      return (45, "seconds since 1970: \(date)")
    }
    if high == 0 {
      let rarity = halfBits == 32 ? 6 : 0
      return bits < 1_000_000
        ? (48 - rarity, "a small whole number") : (46 - rarity, "a counter")
    }
    return high < 1000 ? (62, "a counter that needs its high half") : (6, "")
  }

  private static func signed(_ number: Int64, low: UInt64) -> (Int, String) {
    guard number < 0 else { return (3, "the same as unsigned") }
    if number == -1 { return (25, "-1, or \"no value\"") }
    if low == 0 { return (2, "its low half is empty") }
    return number >= -1_000_000 ? (58, "a small negative number") : (5, "")
  }
}

/// How near a reading comes to the number on the display, with which scale.
struct DisplayFit {
  var points: Int
  var text: String
  /// Nil for a number that stands as it is.
  var scale: String?

  private static let scales: [(text: String, value: Double, points: Int)] = [
    ("", 1, 40), ("0.1", 0.1, 30), ("0.01", 0.01, 28), ("0.001", 0.001, 24), ("1000", 1000, 20),
    ("10", 10, 16), ("100", 100, 14),
  ]

  /// Nil when no scale brings it within 0.5 % of the number or half its last digit.
  init?(_ reading: DecipherReading, _ display: DisplayedNumber) {
    guard let number = reading.value?.number, case .some(let best) = Self.best(number, display)
    else { return nil }
    guard case .number(let type, _) = reading.form else {
      self.init(best, "decimal digits", display)
      return
    }
    // A scaled real is rare, except between W and kW.
    let isReal = type == .f32 || type == .f64
    let isStrange = isReal && best.scale != "" && best.scale != "1000" && best.scale != "0.001"
    self.init(best, reading.form.formatText ?? "", display, less: isStrange ? 20 : 0)
  }

  private typealias Match = (scale: String, points: Int, isExact: Bool, value: Double)

  private init(_ best: Match, _ form: String, _ display: DisplayedNumber, less: Int = 0) {
    points = max(1, best.points + (best.isExact ? 60 : 0) - less)
    scale = best.scale.isEmpty ? nil : best.scale
    let scaled = best.scale.isEmpty ? form : "\(form) × \(best.scale)"
    let shown = Self.rounded(best.value, decimals: display.decimals + 1)
    text =
      best.isExact ? "\(scaled) = \(shown), as the display shows" : "\(scaled) = \(shown), near"
  }

  private static func best(_ number: Double, _ display: DisplayedNumber) -> Match? {
    var best: Match?
    let resolution = power(of10: -display.decimals)
    for scale in scales {
      let value = number * scale.value
      let distance = (value - display.value).magnitude
      // A display rounds or cuts off; so half its last digit and a little more.
      let isExact = distance <= resolution * 0.5000001
      guard isExact || distance <= display.value.magnitude * 0.005 else { continue }
      if display.value == 0, !(scale.text.isEmpty && number == 0) { continue }
      let match = (scale.text, scale.points, isExact, value)
      let gain = scale.points + (isExact ? 60 : 0)
      if let known = best, known.points + (known.isExact ? 60 : 0) >= gain { continue }
      best = match
    }
    return best
  }

  private static func power(of10 exponent: Int) -> Double {
    (0..<min(exponent.magnitude, 18)).reduce(1) { result, _ in
      exponent < 0 ? result / 10 : result * 10
    }
  }

  /// The number with so many decimals at most.
  private static func rounded(_ value: Double, decimals: Int) -> String {
    let factor = power(of10: decimals)
    let rounded = (value * factor).rounded() / factor
    let text = "\(rounded)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
