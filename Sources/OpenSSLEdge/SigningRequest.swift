// A request for a client certificate: what an authority of the plant signs.

import COpenSSL
import Glibc

/// A key for TLS with the request for its certificate (PKCS#10, RFC 2986).
public struct SigningRequest: Sendable {
  /// The request in PEM form.
  public var pem: [UInt8]
  /// The public point of the key, uncompressed.
  public var point: [UInt8]

  /// Makes a request for the key in a file, which is made when there is none. X509_REQ_sign(3)
  public static func make(
    keyFile: String, commonName: String, organization: String, unit: String
  ) throws(KeyFault) -> SigningRequest {
    if !FileBytes.exists(keyFile) {
      try FileBytes.write(EllipticKey.make().pem(), to: keyFile, mode: 0o600, replace: false)
    }
    let key = try EllipticKey.privateKey(
      pem: FileBytes.read(keyFile, what: "key", isPrivate: true), from: "key \(keyFile)")
    ERR_clear_error()
    let request = X509_REQ_new()
    let extensions = OPENSSL_sk_new_null()
    let usage = X509V3_EXT_nconf_nid(nil, nil, NID_ext_key_usage, "clientAuth")
    defer {
      X509_EXTENSION_free(usage)
      OPENSSL_sk_free(extensions)
      X509_REQ_free(request)
    }
    let name = X509_REQ_get_subject_name(request)
    let parts = [("O", organization), ("OU", unit), ("CN", commonName)]
    let isNamed = parts.allSatisfy { kind, value in
      X509_NAME_add_entry_by_txt(name, kind, MBSTRING_UTF8, value, -1, -1, 0) == 1
    }
    guard request != nil, usage != nil, isNamed, X509_REQ_set_version(request, 0) == 1,
      X509_REQ_set_pubkey(request, key.raw) == 1,
      OPENSSL_sk_push(extensions, UnsafeRawPointer(usage)) == 1,
      X509_REQ_add_extensions(request, extensions) == 1,
      X509_REQ_sign(request, key.raw, EVP_sha256()) > 0
    else { throw KeyFault("making a certificate request: \(OpenSSLError.drain().text)") }
    let memory = BIO_new(BIO_s_mem())
    defer { BIO_free(memory) }
    guard PEM_write_bio_X509_REQ(memory, request) == 1 else {
      throw KeyFault("writing a certificate request: \(OpenSSLError.drain().text)")
    }
    return SigningRequest(pem: contents(of: memory), point: key.point)
  }

  /// Reads a request and checks that whoever made it has the key. X509_REQ_verify(3)
  public init(file: String) throws(KeyFault) {
    pem = try FileBytes.read(file, what: "certificate request", isPrivate: false)
    ERR_clear_error()
    let memory = BIO_new_mem_buf(pem, Int32(clamping: pem.count))
    defer { BIO_free(memory) }
    let request = PEM_read_bio_X509_REQ(memory, nil, nil, nil)
    defer { X509_REQ_free(request) }
    let key = X509_REQ_get0_pubkey(request)
    guard request != nil, key != nil, X509_REQ_verify(request, key) == 1 else {
      throw KeyFault(
        "reading \(file): no proper certificate request (\(OpenSSLError.drain().text))")
    }
    var encoded: UnsafeMutablePointer<UInt8>?
    let length = EVP_PKEY_get1_encoded_public_key(key, &encoded)
    defer { CRYPTO_free(encoded, nil, 0) }
    guard length > 0, let encoded else {
      throw KeyFault("reading \(file): its key is not on an elliptic curve")
    }
    point = Array(UnsafeBufferPointer(start: encoded, count: length))
  }

  private init(pem: [UInt8], point: [UInt8]) {
    self.pem = pem
    self.point = point
  }

  /// Writes the request, whole or not at all.
  public func write(to file: String) throws(KeyFault) {
    try FileBytes.write(pem, to: file, mode: 0o644, replace: true)
  }
}
