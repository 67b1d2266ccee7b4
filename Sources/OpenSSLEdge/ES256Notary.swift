// The notary of the gateway: one private key, read from a file that only its owner can read.
//
// Why the contexts are kept: a signature from a ready EVP_PKEY_CTX costs the curve arithmetic and
// nothing else; setting one up for each event costs a third on top.

import COpenSSL
public import Events
import Primitives

/// Signs with ES256. May be handed to another thread, but is used by one at a time.
public struct ES256Notary: Notary, @unchecked Sendable {
  public let keyID: String
  private let key: EllipticKey
  private let signer: Signer

  /// Reads a key file, PEM of mode 0600; without a name the key is called by its thumbprint.
  public init(keyFile: String, keyID: String? = nil) throws(KeyFault) {
    let pem = try FileBytes.read(keyFile, what: "signing key", isPrivate: true)
    try self.init(.privateKey(pem: pem, from: "signing key \(keyFile)"), keyID)
  }

  /// A notary with a key of its own that is never written: for tests and the simulated world.
  public static func ephemeral(keyID: String? = nil) throws(KeyFault) -> ES256Notary {
    try ES256Notary(.make(), keyID)
  }

  init(_ key: EllipticKey, _ keyID: String?) throws(KeyFault) {
    self.key = key
    self.keyID = keyID ?? key.thumbprint
    signer = try Signer(key)
  }

  public func digest(_ bytes: [UInt8]) -> [UInt8] { SHA256.digest(bytes) }

  public mutating func sign(_ bytes: [UInt8]) throws(NotaryFault) -> [UInt8] {
    try signer.sign(SHA256.digest(bytes))
  }

  /// The key set that receivers verify with: this key, and those whose events are still about.
  public func jwks(with others: JWKS = JWKS()) -> JWKS {
    var all = others
    all.add(key.jwk(kid: keyID))
    return all
  }
}

/// Owns an EVP_PKEY_CTX that is ready to sign.
private final class Signer {
  private let context: OpaquePointer

  init(_ key: EllipticKey) throws(KeyFault) {
    ERR_clear_error()
    guard let context = EVP_PKEY_CTX_new(key.raw, nil) else {
      throw KeyFault("preparing to sign: \(OpenSSLError.drain().text)")
    }
    self.context = context  // Holds a reference to the key.
    guard EVP_PKEY_sign_init(context) == 1 else {
      throw KeyFault("preparing to sign: \(OpenSSLError.drain().text)")
    }
  }

  deinit { EVP_PKEY_CTX_free(context) }

  /// r‖s over a digest. EVP_PKEY_sign(3)
  func sign(_ digest: [UInt8]) throws(NotaryFault) -> [UInt8] {
    ERR_clear_error()
    var length = ECDSASignature.derBytes
    var code: Int32 = 0
    let der = [UInt8](unsafeUninitializedCapacity: length) { buffer, filled in
      code = EVP_PKEY_sign(context, buffer.baseAddress, &length, digest, digest.count)
      filled = code == 1 ? length : 0
    }
    guard code == 1, let raw = ECDSASignature.raw(der: der) else {
      throw NotaryFault("signing an event: \(OpenSSLError.drain().text)")
    }
    return raw
  }
}
