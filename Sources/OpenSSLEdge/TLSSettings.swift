// What a TLS client needs from the configuration, and the context made from it once.

import COpenSSL
import Glibc

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

  static func client(_ settings: TLSClientSettings) throws(TLSSettingsFault) -> TLSContext {
    let minimum = settings.minimumVersion == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION
    let context = try make(TLS_client_method(), minimum: minimum)
    SSL_CTX_set_verify(context.raw, SSL_VERIFY_PEER, nil)
    _ = SSL_CTX_set_purpose(context.raw, X509_PURPOSE_SSL_SERVER)
    if let file = settings.caFile {
      try context.loadAuthorities(file)
    } else if SSL_CTX_set_default_verify_paths(context.raw) != 1 {
      throw TLSSettingsFault("reading the system's CA store: \(OpenSSLError.drain().text)")
    }
    switch (settings.certificateFile, settings.keyFile) {
    case (nil, nil): break
    case (let certificate?, let key?): try context.loadIdentity(certificate, key)
    case (let certificate?, nil):
      throw TLSSettingsFault("setting up TLS: certificate \(certificate) has no key beside it")
    case (nil, let key?):
      throw TLSSettingsFault("setting up TLS: key \(key) has no certificate beside it")
    }
    return context
  }

  static func server(
    certificate: String, key: String, clientCA: String?
  ) throws(TLSSettingsFault) -> TLSContext {
    let context = try make(TLS_server_method(), minimum: TLS1_2_VERSION)
    try context.loadIdentity(certificate, key)
    guard let clientCA else { return context }
    try context.loadAuthorities(clientCA)
    SSL_CTX_set_verify(context.raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    if let names = SSL_load_client_CA_file(clientCA) {
      SSL_CTX_set_client_CA_list(context.raw, names)
    }
    return context
  }

  private func loadAuthorities(_ path: String) throws(TLSSettingsFault) {
    try mayRead(path, "CA file")
    ERR_clear_error()
    guard SSL_CTX_load_verify_file(raw, path) == 1 else {
      throw fault("CA file", path, "no certificate in PEM form")
    }
  }

  private func loadIdentity(_ certificate: String, _ key: String) throws(TLSSettingsFault) {
    try mayRead(certificate, "certificate")
    ERR_clear_error()
    guard SSL_CTX_use_certificate_chain_file(raw, certificate) == 1 else {
      throw fault("certificate", certificate, "no usable certificate in PEM form")
    }
    do {
      _ = try FileBytes.read(key, what: "key", isPrivate: true)
    } catch {
      throw TLSSettingsFault(error.description)
    }
    ERR_clear_error()
    guard SSL_CTX_use_PrivateKey_file(raw, key, SSL_FILETYPE_PEM) == 1,
      SSL_CTX_check_private_key(raw) == 1
    else { throw fault("key", key, "not the private key of \(certificate)") }
  }

  private func mayRead(_ path: String, _ what: String) throws(TLSSettingsFault) {
    guard access(path, R_OK) == 0 else {
      throw TLSSettingsFault("reading \(what) \(path): \(systemText(errno))")
    }
  }

  private func fault(_ what: String, _ path: String, _ why: String) -> TLSSettingsFault {
    TLSSettingsFault("reading \(what) \(path): \(why) (\(OpenSSLError.drain().text))")
  }
}
