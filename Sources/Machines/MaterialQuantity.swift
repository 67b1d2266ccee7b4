// Decimals without floating point: units and the places behind the point.
//
// Invariants
// - What is read is exact or refused; what is written reads back as the same number.
// - A product of pieces, quantity and scrap factor fits 128 bits: 2^63 × 10^12 × 1.1 × 10^7 is
//   1.0 × 10^38, and Int128 ends at 1.7 × 10^38.

/// An exact decimal that is not negative: units of 10^-places.
public struct ExactDecimal: Equatable, Hashable, Sendable {
  public let units: Int128
  public let places: Int

  init(units: Int128, places: Int) {
    self.units = units
    self.places = places
  }

  /// Nothing.
  public static let zero = ExactDecimal(units: 0, places: 0)

  /// Reads digits with at most one point; nil for a sign, an exponent or more than is allowed.
  public init?(
    text: String, largest: Int64 = OrderLimits.quantityPer,
    mostPlaces: Int = OrderLimits.decimalPlaces
  ) {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = parts.first, (1...15).contains(whole.count) else {
      return nil
    }
    var fraction = parts.count == 2 ? Array(parts[1]) : []
    if parts.count == 2, fraction.isEmpty || fraction.count > 30 { return nil }
    while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
    guard fraction.count <= mostPlaces else { return nil }
    var units: Int128 = 0
    for digit in Array(whole) + fraction {
      guard (48...57).contains(digit) else { return nil }
      units = units * 10 + Int128(digit - 48)
    }
    guard units <= Int128(largest) * Self.power(fraction.count) else { return nil }
    self.init(units: units, places: fraction.count)
  }

  static func power(_ places: Int) -> Int128 {
    (0..<max(0, places)).reduce(Int128(1)) { product, _ in product * 10 }
  }

  /// Digits with a point where there are places, without zeros that say nothing.
  public var text: String {
    var digits = Array(String(units).utf8)
    while digits.count <= places { digits.insert(UInt8(ascii: "0"), at: 0) }
    let whole = digits.prefix(digits.count - places)
    var fraction = Array(digits.suffix(places))
    while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
    let text = String(decoding: whole, as: UTF8.self)
    return fraction.isEmpty ? text : text + "." + String(decoding: fraction, as: UTF8.self)
  }
}

/// One material that a piece needs.
public struct BillItem: Equatable, Sendable {
  public let materialID: String
  public let quantityPer: ExactDecimal
  public let uom: String
  /// What is lost beyond the quantity, as a share: 0.02 for two in a hundred.
  public let scrapFactor: ExactDecimal

  /// Nil when a number is out of range: see `OrderLimits.quantityPer` and `scrapFactor`.
  public init?(
    materialID: String, quantityPer: String, uom: String, scrapFactor: String = "0"
  ) {
    guard let quantity = ExactDecimal(text: quantityPer),
      let scrap = ExactDecimal(text: scrapFactor, largest: OrderLimits.scrapFactor)
    else { return nil }
    self.materialID = materialID
    self.quantityPer = quantity
    self.uom = uom
    self.scrapFactor = scrap
  }

  /// What so many pieces used up, exactly.
  public func consumption(of pieces: Int64) -> ExactDecimal {
    let whole = ExactDecimal.power(scrapFactor.places)
    return ExactDecimal(
      units: Int128(max(0, pieces)) * quantityPer.units * (whole + scrapFactor.units),
      places: quantityPer.places + scrapFactor.places)
  }
}

/// A material that a confirmation uses up, for backflush.
public struct Consumption: Equatable, Sendable {
  public var materialID: String
  public var quantity: ExactDecimal
  public var uom: String

  public init(materialID: String, quantity: ExactDecimal, uom: String) {
    self.materialID = materialID
    self.quantity = quantity
    self.uom = uom
  }
}
