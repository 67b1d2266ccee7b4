// Certificates of our own making, for the bench, the demonstration and the tests.
// A plant has its own authority; these are for the day before it answers.

import COpenSSL
import Glibc

/// What a certificate is to say.
public struct CertificateRequest: Sendable {
  /// What its holder may do.
  public enum Purpose: String, Sendable {
    case authority
    case server = "serverAuth"
    case client = "clientAuth"
  }

  public var commonName: String
  public var purpose: Purpose
  /// Host names and addresses; an address is told from a name by its form.
  public var hosts: [String]
  /// The role in which its holder asks Modbus devices (MB-TCP-Security, section 8.3); nil for none.
  public var role: String?
  /// Days from now; negative is the past.
  public var validFromDays: Int
  public var validToDays: Int

  public init(
    commonName: String, purpose: Purpose, hosts: [String] = [], role: String? = nil,
    validFromDays: Int = -1, validToDays: Int = 825
  ) {
    self.commonName = commonName
    self.purpose = purpose
    self.hosts = hosts
    self.role = role
    self.validFromDays = validFromDays
    self.validToDays = validToDays
  }
}

/// A certificate with its private key.
public final class CertifiedKey {
  /// OpenSSL's number for the extension that carries a role. OBJ_create(3)
  private static let roleExtension = OBJ_create(
    "1.3.6.1.4.1.50316.802.1", "modbusRole", "Modbus/TCP Security role")

  private let key: EllipticKey
  private let certificate: OpaquePointer

  /// Signs a certificate for a new key; without an issuer it signs itself. X509_sign(3)
  public init(_ request: CertificateRequest, issuer: CertifiedKey? = nil) throws(KeyFault) {
    key = try EllipticKey.make()
    ERR_clear_error()
    guard let certificate = X509_new() else {
      throw KeyFault("making a certificate: \(OpenSSLError.drain().text)")
    }
    self.certificate = certificate
    guard fill(request, issuer), X509_sign(certificate, (issuer?.key ?? key).raw, EVP_sha256()) > 0
    else { throw KeyFault("making a certificate: \(OpenSSLError.drain().text)") }
  }

  deinit { X509_free(certificate) }

  private func fill(_ request: CertificateRequest, _ issuer: CertifiedKey?) -> Bool {
    let day = 86_400
    guard X509_set_version(certificate, 2) == 1, setSerial(),
      X509_gmtime_adj(X509_getm_notBefore(certificate), request.validFromDays * day) != nil,
      X509_gmtime_adj(X509_getm_notAfter(certificate), request.validToDays * day) != nil,
      X509_NAME_add_entry_by_txt(
        X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, request.commonName, -1, -1, 0)
        == 1,
      X509_set_issuer_name(
        certificate, X509_get_subject_name((issuer ?? self).certificate)) == 1,
      X509_set_pubkey(certificate, key.raw) == 1
    else { return false }
    var extensions: [(Int32, String)] = [(NID_subject_key_identifier, "hash")]
    switch request.purpose {
    case .authority:
      extensions.append((NID_basic_constraints, "critical,CA:TRUE"))
      extensions.append((NID_key_usage, "critical,keyCertSign,cRLSign"))
    case .server, .client:
      extensions.append((NID_basic_constraints, "critical,CA:FALSE"))
      extensions.append((NID_key_usage, "critical,digitalSignature"))
      extensions.append((NID_ext_key_usage, request.purpose.rawValue))
    }
    if !request.hosts.isEmpty {
      let names = request.hosts.map { SocketAddress.isLiteral($0) ? "IP:\($0)" : "DNS:\($0)" }
      extensions.append((NID_subject_alt_name, names.joined(separator: ",")))
    }
    if let role = request.role {
      extensions.append((Self.roleExtension, "ASN1:UTF8String:\(role)"))
    }
    return extensions.allSatisfy { add($0.0, $0.1, issuer ?? self) }
  }

  /// 16 random bytes, positive.
  private func setSerial() -> Bool {
    var bytes = [UInt8](repeating: 0, count: 16)
    guard RAND_bytes(&bytes, 16) == 1 else { return false }
    bytes[0] = bytes[0] & 0x7F | 1
    let number = BN_bin2bn(bytes, 16, nil)
    defer { BN_free(number) }
    return BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil
  }

  private func add(_ kind: Int32, _ value: String, _ issuer: CertifiedKey) -> Bool {
    var context = X509V3_CTX()
    X509V3_set_ctx(&context, issuer.certificate, certificate, nil, nil, 0)
    guard let made = X509V3_EXT_nconf_nid(nil, &context, kind, value) else { return false }
    defer { X509_EXTENSION_free(made) }
    return X509_add_ext(certificate, made, -1) == 1
  }

  /// The certificate in PEM form.
  public var certificatePEM: [UInt8] {
    let memory = BIO_new(BIO_s_mem())
    defer { BIO_free(memory) }
    return PEM_write_bio_X509(memory, certificate) == 1 ? contents(of: memory) : []
  }

  /// The private key in PEM form.
  public func keyPEM() throws(KeyFault) -> [UInt8] { try key.pem() }

  /// SHA-256 of the certificate's DER form, as people compare it.
  public var fingerprint: [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 32
    return X509_digest(certificate, EVP_sha256(), &digest, &length) == 1 ? digest : []
  }
}

/// The files a receiver on the bench needs.
public struct BenchCertificates: Sendable {
  public var caFile: String
  public var certificateFile: String
  public var keyFile: String
  /// What the gateway shows to a receiver or broker that asks for a certificate.
  public var clientCertificateFile: String
  public var clientKeyFile: String
  /// SHA-256 of the server's certificate.
  public var fingerprint: [UInt8]

  /// Makes `ca.pem`, `server.pem`, `server.key`, `client.pem` and `client.key` in a directory; the
  /// server has these names and addresses.
  public static func make(
    directory: String, hosts: [String], force: Bool = false
  ) throws(KeyFault) -> BenchCertificates {
    guard let first = hosts.first, hosts.allSatisfy(isHost) else {
      throw KeyFault(
        "making certificates: a host is a name of letters, digits, points and hyphens, or an "
          + "address")
    }
    let made = mkdir(directory, 0o755)
    guard made == 0 || errno == EEXIST else {
      throw KeyFault("making directory \(directory): \(systemText(errno))")
    }
    let files = ["ca.pem", "server.pem", "server.key", "client.pem", "client.key"].map {
      "\(directory)/\($0)"
    }
    if !force, let there = files.first(where: FileBytes.exists) {
      throw KeyFault("writing \(there): it exists already; --force replaces it")
    }
    let authority = try CertifiedKey(
      CertificateRequest(commonName: "Takt bench authority", purpose: .authority))
    let server = try CertifiedKey(
      CertificateRequest(commonName: first, purpose: .server, hosts: hosts), issuer: authority)
    try FileBytes.write(authority.certificatePEM, to: files[0], mode: 0o644, replace: force)
    try FileBytes.write(server.certificatePEM, to: files[1], mode: 0o644, replace: force)
    try FileBytes.write(server.keyPEM(), to: files[2], mode: 0o600, replace: force)
    let client = try CertifiedKey(
      CertificateRequest(commonName: "Takt bench gateway", purpose: .client), issuer: authority)
    try FileBytes.write(client.certificatePEM, to: files[3], mode: 0o644, replace: force)
    try FileBytes.write(client.keyPEM(), to: files[4], mode: 0o600, replace: force)
    return BenchCertificates(
      caFile: files[0], certificateFile: files[1], keyFile: files[2],
      clientCertificateFile: files[3], clientKeyFile: files[4],
      fingerprint: server.fingerprint)
  }

  private static func isHost(_ host: String) -> Bool {
    SocketAddress.isLiteral(host)
      || (1...64) ~= host.utf8.count
        && host.utf8.allSatisfy { byte in
          (48...57).contains(byte) || (97...122).contains(byte) || (65...90).contains(byte)
            || byte == 45 || byte == 46
        }
  }
}
