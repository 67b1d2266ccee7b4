// What is wrong with a peer's certificate, in words a technician can act on.
//
// OpenSSL calls back for each finding while it verifies; the callback only takes notes and returns
// what it was given, so it can never turn a refusal into a yes.

import COpenSSL
import Glibc
import Primitives

/// The notes of one verification; the first finding is the one that is told.
final class PeerFindings {
  private(set) var code: Int32 = X509_V_OK
  private var certificate = CertificateFacts()

  func clear() {
    code = X509_V_OK
    certificate = CertificateFacts()
  }

  fileprivate func note(_ code: Int32, _ raw: OpaquePointer?) {
    guard self.code == X509_V_OK else { return }
    self.code = code
    if let raw { certificate = CertificateFacts(raw) }
  }

  /// The finding as a sentence; nil when the certificate was not the reason. `peer` is what the
  /// technician calls the other side: "receiver", "device"; `clock` is what ours said.
  func sentence(name: String, peer: String, clock: ClockReading) -> String? {
    let of = "certificate of \(name)"
    let owner = certificate.name.isEmpty ? of : "certificate \"\(certificate.name)\" of \(name)"
    switch code {
    case X509_V_OK: return nil
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "\(of) expired on \(certificate.notAfter.text); renew it at the \(peer)\(doubt(clock))"
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "\(of) is not valid before \(certificate.notBefore.text); "
        + "check the clocks of this gateway and of the \(peer)\(doubt(clock))"
    case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
      let names = certificate.alternatives.isEmpty ? "nobody" : certificate.alternatives
      return "the \(peer)'s certificate is for \(names) and not for \(name); "
        + "correct the address here or the certificate there"
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "\(of) is self-signed and not in the CA file; put it or its issuer there"
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
      X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "\(of) comes from an unknown issuer (\(certificate.issuer)); put the issuer's "
        + "certificate into the CA file, or have the \(peer) send it along if it stands between"
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "\(of) names the issuer \(certificate.issuer) but was not signed by the one we know; "
        + "put the current certificate of that issuer into the CA file"
    case X509_V_ERR_INVALID_PURPOSE:
      return "\(owner) is not made for servers; have one made with server authentication"
    case X509_V_ERR_INVALID_CA:
      return "\(of) was issued by \"\(certificate.name)\", which is no authority"
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
      return "\(of) was issued by an authority that \"\(certificate.name)\" may not appoint"
    default: return strengthSentence(owner) ?? revocationSentence(of, owner, peer) ?? other(owner)
    }
  }

  private func strengthSentence(_ owner: String) -> String? {
    switch code {
    case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL:
      "\(owner) has a key that is too short; have one made with 2048 bits RSA or P-256 at least"
    case X509_V_ERR_CA_MD_TOO_WEAK:
      "\(owner) was signed with a digest that can be forged; have it signed with SHA-256"
    case X509_V_ERR_PERMITTED_VIOLATION, X509_V_ERR_EXCLUDED_VIOLATION:
      "\(owner) bears a name that its issuer may not vouch for; use the issuer of that name"
    default: nil
    }
  }

  private func revocationSentence(_ of: String, _ owner: String, _ peer: String) -> String? {
    switch code {
    case X509_V_ERR_CERT_REVOKED:
      "\(owner) was revoked by its issuer; have a new one made and ask why"
    case X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
      "whether \(of) is revoked is not known: the CRL file has no list of \(certificate.issuer)"
    case X509_V_ERR_CRL_HAS_EXPIRED:
      "whether \(of) is revoked is not known: the list of \(certificate.issuer) in the CRL file "
        + "is out of date; put the current one there"
    case X509_V_ERR_CRL_NOT_YET_VALID:
      "whether \(of) is revoked is not known: the list of \(certificate.issuer) in the CRL file "
        + "is not valid yet; check the clock of this gateway"
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
      "whether \(of) is revoked is not known: the list in the CRL file was not signed by "
        + "\(certificate.issuer); put the right one there"
    default: nil
    }
  }

  private func other(_ owner: String) -> String {
    "\(owner) is not acceptable: \(String(cString: X509_verify_cert_error_string(Int(code))))"
  }

  /// What to add about a clock that nobody sets; nothing when there is no reason to doubt it.
  private func doubt(_ clock: ClockReading) -> String {
    guard clock.quality != .synchronised else { return "" }
    return "; nothing sets the clock of this gateway, which says \(clock.wall.text): "
      + "give it a time server or set it"
  }
}

/// Takes notes of a verification. SSL_set_verify(3)
func noteFinding(_ accepted: Int32, _ store: OpaquePointer?) -> Int32 {
  guard accepted != 1, let store else { return accepted }
  let raw = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx())
  if let raw, let notes = SSL_get_ex_data(OpaquePointer(raw), 0) {
    Unmanaged<PeerFindings>.fromOpaque(notes).takeUnretainedValue()
      .note(X509_STORE_CTX_get_error(store), X509_STORE_CTX_get_current_cert(store))
  }
  return accepted
}

/// The readable parts of a certificate.
struct CertificateFacts: Equatable {
  var name = ""
  var issuer = "no name"
  var alternatives = ""
  var notBefore = WallTime.earliest
  var notAfter = WallTime.latest

  init() {}

  init(_ certificate: OpaquePointer) {
    name = Self.commonName(X509_get_subject_name(certificate))
    let issuerName = Self.commonName(X509_get_issuer_name(certificate))
    if !issuerName.isEmpty { issuer = "\"\(issuerName)\"" }
    notBefore = Self.time(X509_get0_notBefore(certificate)) ?? .latest
    notAfter = Self.time(X509_get0_notAfter(certificate)) ?? .earliest
    alternatives = Self.alternatives(certificate)
  }

  private static func commonName(_ name: OpaquePointer?) -> String {
    guard let name else { return "" }
    var buffer = [CChar](repeating: 0, count: EdgeLimits.peerText)
    let count = X509_NAME_get_text_by_NID(name, NID_commonName, &buffer, Int32(buffer.count))
    guard count > 0 else { return "" }
    let bytes = buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }
    return printable(String(decoding: bytes, as: UTF8.self))
  }

  private static func time(_ time: UnsafePointer<ASN1_TIME>?) -> WallTime? {
    var parts = tm()
    guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
    return WallTime(milliseconds: Int64(timegm(&parts)) * 1000)
  }

  /// `DNS:a.example, IP Address:10.0.0.1`, without what is not of use to people.
  private static func alternatives(_ certificate: OpaquePointer) -> String {
    let place = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1)
    guard place >= 0, let found = X509_get_ext(certificate, place),
      let memory = BIO_new(BIO_s_mem())
    else { return "" }
    defer { BIO_free(memory) }
    guard X509V3_EXT_print(memory, found, 0, 0) == 1 else { return "" }
    var bytes = [UInt8](repeating: 0, count: EdgeLimits.peerText)
    let count = BIO_read(memory, &bytes, Int32(bytes.count))
    let text = printable(String(decoding: bytes.prefix(max(0, Int(count))), as: UTF8.self))
    return text.split(separator: ",").map { part in
      let entry = part.drop { $0 == " " }
      return String(entry.split(separator: ":", maxSplits: 1).last ?? entry)
    }.joined(separator: ", ")
  }
}
