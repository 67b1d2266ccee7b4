// Durations as people write them in a file: "250ms", "2s", "1.5s", "5min", "8h", "30d".
//
// Invariants
// - What is read is exact: a fraction finer than a nanosecond is refused, not rounded.
// - What `text` writes of a duration that is not negative, `init(text:)` reads back.

extension Duration {
  /// Units from the largest to the smallest.
  private static let units: [(suffix: String, nanoseconds: Int64)] = [
    ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("min", 60_000_000_000),
    ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1),
  ]

  /// Reads a number and one of ns, us, ms, s, min, h, d; nil for anything else or over 292 years.
  public init?(text: String) {
    let letters = text.utf8.reversed().prefix { (97...122).contains($0) }.count
    let suffix = text.utf8.suffix(letters)
    guard let unit = Self.units.first(where: { $0.suffix.utf8.elementsEqual(suffix) }) else {
      return nil
    }
    let number = text.utf8.dropLast(letters)
    let parts = number.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = parts.first, !whole.isEmpty, whole.count <= 15 else {
      return nil
    }
    let fraction = parts.count == 2 ? Array(parts[1]) : []
    guard parts.count == 1 || (1...9).contains(fraction.count),
      (Array(whole) + fraction).allSatisfy({ (48...57).contains($0) })
    else { return nil }
    var (total, overflow) = Self.decimal(Array(whole)).multipliedReportingOverflow(
      by: unit.nanoseconds)
    var scale = unit.nanoseconds
    for digit in fraction {
      guard scale.isMultiple(of: 10) || digit == 48 else { return nil }
      scale /= 10
      let (sum, carried) = total.addingReportingOverflow(Int64(digit - 48) * scale)
      total = sum
      overflow = overflow || carried
    }
    guard !overflow else { return nil }
    self = .nanoseconds(total)
  }

  private static func decimal(_ digits: [UInt8]) -> Int64 {
    digits.reduce(0) { $0 * 10 + Int64($1 - 48) }
  }

  /// The shortest exact text in one unit: "250ms", "2s", "8h".
  public var text: String {
    let total = nanoseconds
    guard total != 0 else { return "0s" }
    for (suffix, unit) in Self.units where total % unit == 0 { return "\(total / unit)\(suffix)" }
    return "\(total)ns"
  }
}
