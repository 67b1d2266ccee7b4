// The ports to cryptography: digests and signatures are made at an edge, what is signed is decided
// in this room.

/// Signs and digests on behalf of the gateway.
public protocol Notary {
  /// The key id that goes into the protected header.
  var keyID: String { get }

  /// SHA-256 of the bytes, 32 bytes (FIPS 180-4).
  func digest(_ bytes: [UInt8]) -> [UInt8]

  /// ES256 over the bytes: r‖s, 64 bytes (RFC 7518 section 3.4).
  mutating func sign(_ bytes: [UInt8]) throws(NotaryFault) -> [UInt8]
}

/// Why something could not be signed.
public struct NotaryFault: Error, Equatable, Sendable, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// What a signature turned out to be.
public enum SignatureVerdict: Equatable, Sendable {
  case valid
  case invalid
  /// No public key with this id is known.
  case keyUnknown
}

/// Checks digests and signatures on behalf of a receiver, against the keys it trusts.
public protocol Verifier {
  /// SHA-256 of the bytes, 32 bytes (FIPS 180-4).
  func digest(_ bytes: [UInt8]) -> [UInt8]

  /// ES256 over the bytes: r‖s, 64 bytes (RFC 7518 section 3.4), with the key of this id.
  func verify(_ bytes: [UInt8], signature: [UInt8], keyID: String) -> SignatureVerdict
}
