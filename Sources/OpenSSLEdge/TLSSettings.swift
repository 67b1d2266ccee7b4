// What a TLS client needs from the configuration, and the context made from it once.

import COpenSSL
public import Delivery

/// The files and names of a TLS client.
public struct TLSClientSettings: Equatable, Sendable {
  /// The lowest protocol version that is spoken.
  public enum Version: String, Equatable, Sendable, CaseIterable {
    case tls12 = "1.2"
    case tls13 = "1.3"
  }

  /// The authorities that may vouch for the receiver; nil is this system's store, on request only.
  public var caFile: String?
  /// Our certificate with its intermediates, when the receiver wants one.
  public var certificateFile: String?
  /// The private key of that certificate, mode 0600.
  public var keyFile: String?
  /// The name the receiver's certificate must carry; nil is the host of the address.
  public var serverName: String?
  public var minimumVersion: Version
  /// Revocation lists, PEM or DER, one of each issuer in the chain; nil asks for none.
  public var crlFile: String?
  /// SHA-256 of public keys, "sha256/…" in Base64, of which the verified chain must hold one.
  public var pins: [String] = []
  /// Through whom the receiver is reached; nil for the straight way.
  public var proxy: ProxySettings?

  public init(
    caFile: String?, certificateFile: String? = nil, keyFile: String? = nil,
    serverName: String? = nil, minimumVersion: Version = .tls12
  ) {
    self.caFile = caFile
    self.certificateFile = certificateFile
    self.keyFile = keyFile
    self.serverName = serverName
    self.minimumVersion = minimumVersion
  }
}

/// Why TLS could not be set up from its files, as a sentence with the path.
public struct TLSSettingsFault: Error, Equatable, Sendable, CustomStringConvertible {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// One SSL_CTX.
struct TLSContext: ~Copyable {
  let raw: OpaquePointer

  /// TLS 1.2 with ECDHE and an AEAD only; TLS 1.3 has nothing else.
  private static let suites = "ECDHE+AESGCM:ECDHE+CHACHA20"
  /// SSL_OP_NO_COMPRESSION, SSL_OP_NO_RENEGOTIATION: shifted macros that Swift does not import.
  private static let options: UInt64 = 1 << 17 | 1 << 30
  private static let securityLevel: Int32 = 2

  private init(raw: OpaquePointer) { self.raw = raw }

  deinit { SSL_CTX_free(raw) }

  private static func make(
    _ method: OpaquePointer?, minimum: Int32
  ) throws(TLSSettingsFault) -> TLSContext {
    ERR_clear_error()
    guard let method, let raw = SSL_CTX_new(method) else {
      throw TLSSettingsFault("setting up TLS: \(OpenSSLError.drain().text)")
    }
    let context = TLSContext(raw: raw)
    SSL_CTX_set_security_level(raw, securityLevel)
    _ = SSL_CTX_set_options(raw, options)
    guard takt_SSL_CTX_set_min_proto_version(raw, Int32(minimum)) == 1,
      SSL_CTX_set_cipher_list(raw, suites) == 1
    else { throw TLSSettingsFault("setting up TLS: \(OpenSSLError.drain().text)") }
    return context
  }

  static func client(
    _ settings: TLSClientSettings, _ material: TLSMaterial
  ) throws(TLSSettingsFault) -> TLSContext {
    let minimum = settings.minimumVersion == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION
    let context = try make(TLS_client_method(), minimum: minimum)
    SSL_CTX_set_verify(context.raw, SSL_VERIFY_PEER, nil)
    _ = SSL_CTX_set_purpose(context.raw, X509_PURPOSE_SSL_SERVER)
    if let file = material.authorities {
      try context.trust(file)
    } else if SSL_CTX_set_default_verify_paths(context.raw) != 1 {
      throw TLSSettingsFault("reading the system's CA store: \(OpenSSLError.drain().text)")
    }
    if let file = material.revocations { try context.refuseRevoked(file) }
    if let pin = settings.pins.first(where: { !KeyPin.isWellFormed($0) }) {
      throw TLSSettingsFault("setting up TLS: pin \(pin) is not \"sha256/\" with 44 characters")
    }
    switch (material.certificate, material.key) {
    case (nil, nil): break
    case (let certificate?, let key?): try context.showIdentity(certificate, key)
    case (let certificate?, nil):
      throw TLSSettingsFault("setting up TLS: certificate \(certificate.path) has no key beside it")
    case (nil, let key?):
      throw TLSSettingsFault("setting up TLS: key \(key.path) has no certificate beside it")
    }
    return context
  }

  static func server(
    certificate: String, key: String, clientCA: String?
  ) throws(TLSSettingsFault) -> TLSContext {
    let context = try make(TLS_server_method(), minimum: TLS1_2_VERSION)
    let material = try TLSMaterial(certificate: certificate, key: key, clientCA: clientCA)
    if let certificate = material.certificate, let key = material.key {
      try context.showIdentity(certificate, key)
    }
    guard let clientCA, let authorities = material.authorities else { return context }
    try context.trust(authorities)
    SSL_CTX_set_verify(context.raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    if let names = SSL_load_client_CA_file(clientCA) {
      SSL_CTX_set_client_CA_list(context.raw, names)
    }
    return context
  }

  /// When our own certificate begins and ends to be valid; nil without one.
  var identity: CertificateFacts? { SSL_CTX_get0_certificate(raw).map { CertificateFacts($0) } }

  private func trust(_ file: TLSMaterial.File) throws(TLSSettingsFault) {
    ERR_clear_error()
    guard file.addCertificates(to: SSL_CTX_get_cert_store(raw)) > 0 else {
      throw TLSSettingsFault("reading CA file \(file.path): no certificate in PEM form")
    }
  }

  /// Takes revocation lists, and asks for one of every issuer in a chain.
  private func refuseRevoked(_ file: TLSMaterial.File) throws(TLSSettingsFault) {
    ERR_clear_error()
    guard file.addRevocations(to: SSL_CTX_get_cert_store(raw)) > 0 else {
      throw TLSSettingsFault("reading CRL file \(file.path): no revocation list in it")
    }
    X509_VERIFY_PARAM_set_flags(
      SSL_CTX_get0_param(raw), UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL))
  }

  private func showIdentity(
    _ certificate: TLSMaterial.File, _ key: TLSMaterial.File
  ) throws(TLSSettingsFault) {
    ERR_clear_error()
    guard certificate.useChain(in: raw) else {
      throw fault("certificate", certificate.path, "no usable certificate in PEM form")
    }
    ERR_clear_error()
    guard key.useKey(in: raw) else {
      throw fault("key", key.path, "not the private key of \(certificate.path)")
    }
  }

  private func fault(_ what: String, _ path: String, _ why: String) -> TLSSettingsFault {
    TLSSettingsFault("reading \(what) \(path): \(why) (\(OpenSSLError.drain().text))")
  }
}
