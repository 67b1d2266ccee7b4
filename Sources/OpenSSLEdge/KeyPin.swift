// Pins: the public keys that a chain must hold one of, whoever vouches for them (RFC 7469's form).
//
// They are compared with the chain that was verified, not with what the peer sent: anybody can send
// a pinned certificate along.

import COpenSSL
import Primitives

enum KeyPin {
  private static let prefix = "sha256/"

  /// Whether a text can be a pin at all: 32 bytes in Base64 after the prefix.
  static func isWellFormed(_ text: String) -> Bool {
    let digits = text.dropFirst(prefix.count)
    return text.hasPrefix(prefix) && digits.utf8.count == 44 && digits.hasSuffix("=")
      && digits.dropLast().utf8.allSatisfy {
        switch $0 {
        case 43, 47...57, 65...90, 97...122: true
        default: false
        }
      }
  }

  /// The pin of a certificate's public key. i2d_X509_PUBKEY(3)
  static func text(_ certificate: OpaquePointer) -> String {
    let memory = BIO_new(BIO_s_mem())
    defer { BIO_free(memory) }
    guard i2d_X509_PUBKEY_bio(memory, X509_get_X509_PUBKEY(certificate)) == 1 else { return "" }
    return prefix + Base64.encode(SHA256.digest(contents(of: memory)))
  }

  /// Why no key of a verified chain is pinned; nil when one is.
  static func refusal(
    _ chain: [OpaquePointer], pins: [String], name: String, peer: String
  ) -> String? {
    let keys = chain.map(text)
    guard !keys.contains(where: pins.contains) else { return nil }
    return "no key in the chain of \(name) is pinned; its own is \(keys.first ?? "missing"). "
      + "If the \(peer) has a new key, have it confirmed and put it into pins"
  }
}
