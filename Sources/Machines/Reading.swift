// What a value says: whether a condition holds, which code it is, where a counter stands.
// A value that cannot answer gives nil, and the evidence is treated as absent.

package import Signals

extension Condition {
  /// Whether the condition holds for a value; nil when the value is no number.
  package func holds(for value: Value) -> Bool? {
    switch comparison {
    case .isTrue: value.isZero.map { !$0 }
    case .isFalse: value.isZero
    case .equals(let number): value.equals(number)
    case .oneOf(let numbers):
      value.isZero == nil ? nil : numbers.contains { value.equals($0) == true }
    case .above(let limit): value.magnitude.map { $0 > limit }
    case .below(let limit): value.magnitude.map { $0 < limit }
    }
  }
}

extension Value {
  var isZero: Bool? {
    switch self {
    case .integer(let number): number == 0
    case .unsigned(let number): number == 0
    case .real(let number): number.isNaN ? nil : number == 0
    case .text, .none: nil
    }
  }

  fileprivate func equals(_ other: Int64) -> Bool? {
    switch self {
    case .integer(let number): number == other
    case .unsigned(let number): Int64(exactly: number) == other
    case .real(let number): number.isNaN ? nil : number == Double(other)
    case .text, .none: nil
    }
  }

  var magnitude: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .unsigned(let number): Double(number)
    case .real(let number): number.isNaN ? nil : number
    case .text, .none: nil
    }
  }

  /// The value as a fault code; a code above the signed range is its highest number.
  package var code: Int64? {
    switch self {
    case .integer(let number): number
    case .unsigned(let number): Int64(clamping: number)
    case .real(let number): abs(number) < 0x1p63 ? Int64(number) : nil
    case .text, .none: nil
    }
  }

  /// The value as a counter; nil for what counts nothing, such as a negative number.
  package var count: UInt64? {
    switch self {
    case .integer(let number): UInt64(exactly: number)
    case .unsigned(let number): number
    case .real(let number): number >= 0 && number < 0x1p64 ? UInt64(number) : nil
    case .text, .none: nil
    }
  }
}

/// Sums that stay at the end of the range rather than trap.
func saturating(_ left: Int64, plus right: Int64) -> Int64 {
  let (sum, overflow) = left.addingReportingOverflow(right)
  if overflow { return right < 0 ? .min : .max }
  return sum
}

func saturating(_ counts: UInt64, times factor: Int64) -> Int64 {
  let whole = Int64(clamping: counts)
  let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
  if overflow { return factor < 0 ? .min : .max }
  return product
}
