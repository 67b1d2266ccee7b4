// An exact ratio of two sums. It is rounded once, at the end, when it becomes text.
//
// Invariants
// - Lowest terms, a denominator above zero; two equal ratios are equal values.
// - Products of sums do not fit 64 bits (nanoseconds of a year × pieces of a year), so both parts
//   have 128; what exceeds even those is nil, never wrong and never a trap.

/// A ratio in lowest terms.
public struct Ratio: Equatable, Hashable, Sendable {
  public let numerator: Int128
  /// Above zero.
  public let denominator: Int128

  /// A ratio; nil when the denominator is not above zero or a part is the lowest number there is.
  public init?(_ numerator: Int128, _ denominator: Int128) {
    guard denominator > 0, numerator > .min else { return nil }
    var (left, right) = (numerator < 0 ? 0 - numerator : numerator, denominator)
    while right != 0 { (left, right) = (right, left % right) }
    self.numerator = numerator / left
    self.denominator = denominator / left
  }

  /// The product; nil when it has no 128-bit form.
  public func times(_ other: Ratio) -> Ratio? {
    // Crosswise first, so that only what is really large overflows.
    guard let first = Ratio(numerator, other.denominator),
      let second = Ratio(other.numerator, denominator)
    else { return nil }
    let (top, isHigh) = first.numerator.multipliedReportingOverflow(by: second.numerator)
    let (bottom, isLow) = first.denominator.multipliedReportingOverflow(by: second.denominator)
    return isHigh || isLow ? nil : Ratio(top, bottom)
  }

  /// Decimal text with a number of digits after the point, half away from zero: `0.873`.
  public func text(digits: Int, times factor: Int128 = 1) -> String {
    let digits = min(max(digits, 0), 9)
    let scale = (0..<digits).reduce(Int128(1)) { sum, _ in sum * 10 }
    let isNegative = (numerator < 0) != (factor < 0) && numerator != 0
    var top = numerator.magnitude
    var bottom = denominator.magnitude
    // Shifting both away from overflow changes no digit that is shown.
    let room = UInt128.max / (2 * scale.magnitude) / max(1, factor.magnitude)
    while top > room || bottom > UInt128.max / 4 {
      top >>= 1
      bottom = max(1, bottom >> 1)
    }
    let scaled = top * factor.magnitude * scale.magnitude
    let (quotient, remainder) = scaled.quotientAndRemainder(dividingBy: bottom)
    let exact = remainder >= bottom - remainder ? quotient + 1 : quotient
    let whole = exact / scale.magnitude
    let rest = String(exact % scale.magnitude)
    let sign = isNegative && exact > 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(whole)" }
    return "\(sign)\(whole)." + String(repeating: "0", count: digits - rest.count) + rest
  }

  /// Per cent with one decimal: `87.3%`.
  public var percent: String { text(digits: 1, times: 100) + "%" }
}
