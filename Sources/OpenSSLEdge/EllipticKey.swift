// One P-256 key as OpenSSL holds it, and its names: the point, the JWK, the thumbprint.

import COpenSSL
import Primitives

/// Owns an EVP_PKEY on P-256, public or private.
final class EllipticKey {
  let raw: OpaquePointer
  /// The public point, uncompressed: 4, x, y.
  let point: [UInt8]

  /// What comes before the point in a SubjectPublicKeyInfo of P-256 (RFC 5480).
  private static let publicPrefix: [UInt8] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08,
    0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
  ]

  /// Takes the key over; refuses one that is not on P-256.
  private init(owning raw: OpaquePointer, from place: String) throws(KeyFault) {
    var group = [CChar](repeating: 0, count: 64)
    var encoded: UnsafeMutablePointer<UInt8>?
    var length = 0
    let isP256 =
      EVP_PKEY_get_group_name(raw, &group, group.count, nil) == 1
      && group.withUnsafeBufferPointer { String(cString: $0.baseAddress!) } == "prime256v1"
    if isP256 { length = EVP_PKEY_get1_encoded_public_key(raw, &encoded) }
    defer { CRYPTO_free(encoded, nil, 0) }
    guard length == 65, let encoded else {
      EVP_PKEY_free(raw)
      throw KeyFault("reading \(place): not a key on the curve P-256, which ES256 needs")
    }
    self.raw = raw
    point = Array(UnsafeBufferPointer(start: encoded, count: length))
  }

  deinit { EVP_PKEY_free(raw) }

  /// A new key. EVP_PKEY_keygen(3)
  static func make() throws(KeyFault) -> EllipticKey {
    ERR_clear_error()
    var raw: OpaquePointer?
    let maker = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil)
    defer { EVP_PKEY_CTX_free(maker) }
    guard EVP_PKEY_keygen_init(maker) == 1,
      EVP_PKEY_CTX_set_ec_paramgen_curve_nid(maker, NID_X9_62_prime256v1) == 1,
      EVP_PKEY_keygen(maker, &raw) == 1, let raw
    else { throw KeyFault("making a key: \(OpenSSLError.drain().text)") }
    return try EllipticKey(owning: raw, from: "the new key")
  }

  /// A private key in PEM form, PKCS#8 or the older one. PEM_read_bio_PrivateKey(3)
  static func privateKey(pem: [UInt8], from place: String) throws(KeyFault) -> EllipticKey {
    ERR_clear_error()
    let memory = BIO_new_mem_buf(pem, Int32(clamping: pem.count))
    defer { BIO_free(memory) }
    // Without a callback OpenSSL would ask the terminal for a password.
    let noPassword:
      @convention(c) (
        UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?
      ) -> Int32 = { _, _, _, _ in -1 }
    guard let raw = PEM_read_bio_PrivateKey(memory, nil, noPassword, nil) else {
      let why = OpenSSLError.drain().text
      throw KeyFault(
        "reading \(place): no private key in PEM form without a password; \"takt keygen\" makes "
          + "one (\(why))")
    }
    return try EllipticKey(owning: raw, from: place)
  }

  /// A public key by its coordinates; refuses a point that is not on the curve. d2i_PUBKEY(3)
  static func publicKey(
    x: [UInt8], y: [UInt8], from place: String
  ) throws(KeyFault) -> EllipticKey {
    guard x.count == ECDSASignature.numberBytes, y.count == ECDSASignature.numberBytes else {
      throw KeyFault("reading \(place): a coordinate does not have 32 bytes")
    }
    ERR_clear_error()
    let bytes = publicPrefix + [4] + x + y
    let raw = bytes.withUnsafeBufferPointer { buffer in
      var start = buffer.baseAddress
      return d2i_PUBKEY(nil, &start, buffer.count)
    }
    guard let raw else {
      throw KeyFault("reading \(place): no point of P-256 (\(OpenSSLError.drain().text))")
    }
    return try EllipticKey(owning: raw, from: place)
  }

  /// The private key as PKCS#8 in PEM form. PEM_write_bio_PKCS8PrivateKey(3)
  func pem() throws(KeyFault) -> [UInt8] {
    ERR_clear_error()
    let memory = BIO_new(BIO_s_mem())
    defer { BIO_free(memory) }
    guard PEM_write_bio_PKCS8PrivateKey(memory, raw, nil, nil, 0, nil, nil) == 1 else {
      throw KeyFault("writing a key: \(OpenSSLError.drain().text)")
    }
    return contents(of: memory)
  }

  private var x: String { Base64.encodeURL(Array(point[1...32])) }
  private var y: String { Base64.encodeURL(Array(point[33...64])) }

  /// SHA-256 of the public point, to compare by telephone.
  var fingerprint: String { "sha256 " + Hex.encode(SHA256.digest(point)) }

  /// RFC 7638: base64url of SHA-256 over the required members in order.
  var thumbprint: String {
    let members: JSONValue = [
      "crv": "P-256", "kty": "EC", "x": .string(x), "y": .string(y),
    ]
    return Base64.encodeURL(SHA256.digest(members.canonicalBytes))
  }

  /// The public key as a member of a JWKS (RFC 7517).
  func jwk(kid: String) -> JSONValue {
    [
      "alg": "ES256", "crv": "P-256", "kid": .string(kid), "kty": "EC", "use": "sig",
      "x": .string(x), "y": .string(y),
    ]
  }
}

/// Everything a memory BIO holds.
func contents(of memory: OpaquePointer?) -> [UInt8] {
  let count = BIO_ctrl_pending(memory)
  guard count > 0 else { return [] }
  return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
    filled = max(0, Int(BIO_read(memory, buffer.baseAddress, Int32(clamping: count))))
  }
}
