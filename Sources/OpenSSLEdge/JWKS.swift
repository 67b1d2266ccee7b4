// Public keys as receivers get them: a JWKS file (RFC 7517), and the verifier that reads it.

import COpenSSL
public import Events
public import Primitives

/// A set of public keys, each with its kid.
public struct JWKS: Equatable, Sendable {
  public private(set) var keys: [JSONValue] = []

  public init() {}

  /// Reads a file as `takt keygen` writes it.
  public init(file: String) throws(KeyFault) {
    let bytes = try FileBytes.read(file, what: "key set", isPrivate: false)
    try self.init(bytes, from: "key set \(file)")
  }

  /// Reads a key set; keys of other kinds are kept and not used.
  public init(_ bytes: [UInt8], from place: String) throws(KeyFault) {
    do {
      guard let keys = try JSONValue(parsing: bytes)["keys"]?.array else {
        throw KeyFault("reading \(place): no list \"keys\"")
      }
      self.keys = keys
    } catch let fault as KeyFault {
      throw fault
    } catch {
      throw KeyFault("reading \(place): \(error)")
    }
  }

  /// Adds a key; one of the same kid is replaced.
  public mutating func add(_ key: JSONValue) {
    keys.removeAll { $0["kid"] == key["kid"] }
    keys.append(key)
  }

  /// The file's bytes.
  public var bytes: [UInt8] {
    JSONValue.object(["keys": .array(keys)]).canonicalBytes + [10]
  }

  /// Writes the file, whole or not at all.
  public func write(to file: String) throws(KeyFault) {
    try FileBytes.write(bytes, to: file, mode: 0o644, replace: true)
  }
}

/// Verifies ES256 with the keys of a set. Used by one thread at a time.
public struct JWKSVerifier: Verifier, @unchecked Sendable {
  private let checkers: [String: SignatureChecker]

  /// Takes the P-256 keys of a set; a set without any is refused.
  public init(_ set: JWKS, from place: String = "the key set") throws(KeyFault) {
    var checkers: [String: SignatureChecker] = [:]
    for key in set.keys where key["kty"]?.string == "EC" && key["crv"]?.string == "P-256" {
      guard let kid = key["kid"]?.string, let x = key["x"]?.string.flatMap(Base64.decodeURL),
        let y = key["y"]?.string.flatMap(Base64.decodeURL)
      else { throw KeyFault("reading \(place): a key without kid, x or y") }
      checkers[kid] = try SignatureChecker(
        .publicKey(x: x, y: y, from: "key \(kid) of \(place)"))
    }
    guard !checkers.isEmpty else {
      throw KeyFault("reading \(place): no key on the curve P-256 in it")
    }
    self.checkers = checkers
  }

  public init(file: String) throws(KeyFault) {
    try self.init(JWKS(file: file), from: "key set \(file)")
  }

  /// The kids that can be verified, sorted.
  public var keyIDs: [String] { checkers.keys.sorted() }

  /// SHA-256, 32 bytes.
  public func digest(_ bytes: [UInt8]) -> [UInt8] { SHA256.digest(bytes) }

  /// Whether the 64 bytes r‖s are the signature of the bytes by a key of the set with this kid.
  public func verify(_ bytes: [UInt8], signature: [UInt8], kid: String) -> Bool {
    verify(bytes, signature: signature, keyID: kid) == .valid
  }

  /// Whether the 64 bytes r‖s are the signature of the bytes by the key of this id.
  public func verify(_ bytes: [UInt8], signature: [UInt8], keyID: String) -> SignatureVerdict {
    guard let checker = checkers[keyID] else { return .keyUnknown }
    guard let der = ECDSASignature.der(raw: signature) else { return .invalid }
    return checker.accepts(der, SHA256.digest(bytes)) ? .valid : .invalid
  }
}

/// Owns an EVP_PKEY_CTX that is ready to verify.
private final class SignatureChecker {
  private let context: OpaquePointer

  init(_ key: EllipticKey) throws(KeyFault) {
    ERR_clear_error()
    guard let context = EVP_PKEY_CTX_new(key.raw, nil) else {
      throw KeyFault("preparing to verify: \(OpenSSLError.drain().text)")
    }
    self.context = context  // Holds a reference to the key.
    guard EVP_PKEY_verify_init(context) == 1 else {
      throw KeyFault("preparing to verify: \(OpenSSLError.drain().text)")
    }
  }

  deinit { EVP_PKEY_CTX_free(context) }

  /// EVP_PKEY_verify(3)
  func accepts(_ der: [UInt8], _ digest: [UInt8]) -> Bool {
    ERR_clear_error()
    let result = EVP_PKEY_verify(context, der, der.count, digest, digest.count)
    if result != 1 { _ = OpenSSLError.drain() }
    return result == 1
  }
}
