// Digests and signatures of the virtual world: quick, deterministic, and of no use to anybody else.
//
// What the simulation proves is what is signed, in which order and how often; that ES256 and
// SHA-256 are right is proved at the edge with the real library.

public import Events

/// Signs and verifies with a mixing function instead of cryptography.
public struct VirtualNotary: Notary, Verifier, Sendable {
  public let keyID = "virtual"

  public init() {}

  /// A digest that is quick and no secret.
  public func digest(_ bytes: [UInt8]) -> [UInt8] { Self.mix(bytes, lanes: 4) }

  /// A signature that anybody could make.
  public mutating func sign(_ bytes: [UInt8]) throws(NotaryFault) -> [UInt8] {
    Self.mix(bytes, lanes: 8)
  }

  /// Whether the signature is the one that sign would give.
  public func verify(_ bytes: [UInt8], signature: [UInt8], keyID: String) -> SignatureVerdict {
    guard keyID == self.keyID else { return .keyUnknown }
    return signature == Self.mix(bytes, lanes: 8) ? .valid : .invalid
  }

  /// FNV-1a over words of eight bytes, spread into lanes by the finaliser of SplitMix.
  static func mix(_ bytes: [UInt8], lanes: Int) -> [UInt8] {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(bytes.count)
    for byte in bytes { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    var result: [UInt8] = []
    result.reserveCapacity(lanes * 8)
    for lane in 0..<lanes {
      var word = state &+ UInt64(lane + 1) &* 0x9E37_79B9_7F4A_7C15
      word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
      word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
      word ^= word >> 31
      for shift in 0..<8 { result.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * shift))) }
    }
    return result
  }
}
