// ECDSA signatures over P-256 in both of their forms: DER, which OpenSSL speaks (RFC 3279 section
// 2.2.3), and r‖s of 32 + 32 bytes, which JOSE wants (RFC 7518 section 3.4).
//
// Invariants
// - Every length is checked before it is used; nothing traps on any bytes.

enum ECDSASignature {
  /// Bytes of r, of s, and of a coordinate.
  static let numberBytes = 32
  /// SEQUENCE of two INTEGERs of 33 bytes each at most.
  static let derBytes = 72

  /// r‖s of a DER signature; nil for anything else.
  static func raw(der: some RandomAccessCollection<UInt8>) -> [UInt8]? {
    let bytes = Array(der)
    guard bytes.count >= 8, bytes[0] == 0x30, Int(bytes[1]) == bytes.count - 2 else { return nil }
    var (index, result): (Int, [UInt8]) = (2, [])
    result.reserveCapacity(2 * numberBytes)
    for _ in 0..<2 {
      guard index + 2 <= bytes.count, bytes[index] == 0x02 else { return nil }
      let length = Int(bytes[index + 1])
      guard (1...numberBytes + 1) ~= length, index + 2 + length <= bytes.count else { return nil }
      let number = bytes[(index + 2)..<(index + 2 + length)].drop { $0 == 0 }
      guard number.count <= numberBytes else { return nil }
      result.append(contentsOf: repeatElement(0, count: numberBytes - number.count))
      result.append(contentsOf: number)
      index += 2 + length
    }
    return index == bytes.count ? result : nil
  }

  /// The DER form of r‖s; nil unless it has 64 bytes.
  static func der(raw: [UInt8]) -> [UInt8]? {
    guard raw.count == 2 * numberBytes else { return nil }
    let body = integer(raw[..<numberBytes]) + integer(raw[numberBytes...])
    return [0x30, UInt8(body.count)] + body
  }

  private static func integer(_ number: ArraySlice<UInt8>) -> [UInt8] {
    var digits = Array(number.drop { $0 == 0 })
    if digits.first.map({ $0 >= 0x80 }) ?? true { digits.insert(0, at: 0) }
    return [0x02, UInt8(digits.count)] + digits
  }
}
