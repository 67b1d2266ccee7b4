// What a broken handshake means, in words.

import COpenSSL
import Delivery

enum TLSAlerts {
  /// The fault of an error that was not about the peer's certificate.
  static func fault(
    _ error: OpenSSLError, offersCertificate: Bool, peer: String
  ) -> StreamFault {
    let detail = error.text.isEmpty ? "no reason given" : error.text
    switch error.reason {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return .handshake(
        "the \(peer) wants a client certificate and none is configured (\(detail))")
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
      SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
      SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, SSL_R_TLSV1_ALERT_UNKNOWN_CA,
      SSL_R_TLSV1_ALERT_ACCESS_DENIED, SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      return .handshake(
        "the \(peer) refuses our client certificate; renew it or have its issuer trusted there "
          + "(\(detail))")
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE where !offersCertificate:
      return .handshake(
        "the \(peer) found nothing in common; it may want a client certificate, or offers only "
          + "old ciphers (\(detail))")
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, SSL_R_UNSUPPORTED_PROTOCOL:
      return .handshake("the \(peer) speaks no TLS version that is allowed here (\(detail))")
    case SSL_R_WRONG_VERSION_NUMBER, SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_HTTP_REQUEST,
      SSL_R_BAD_RECORD_TYPE, SSL_R_RECORD_LENGTH_MISMATCH:
      return .handshake("what answers there does not speak TLS; check the port (\(detail))")
    default:
      return .handshake(
        "the \(peer) does not keep to TLS; have its software brought up to date (\(detail))")
    }
  }
}
