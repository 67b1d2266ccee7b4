// What minisign signs with: Ed25519 (RFC 8032) over BLAKE2b-512 (RFC 7693).

import COpenSSL
import Glibc

/// Digests and verifies as minisign does.
public enum Minisign {
  /// Fetched once: an implicit fetch costs more than the digest of a short text. Never changed.
  nonisolated(unsafe) private static let method: OpaquePointer = {
    guard let method = EVP_MD_fetch(nil, "BLAKE2B-512", nil) else {
      preconditionFailure("OpenSSL has no BLAKE2b-512: its installation is broken")
    }
    return method
  }()

  /// BLAKE2b-512, 64 bytes. EVP_Digest(3)
  public static func digest(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 64) { buffer, filled in
      let done = EVP_Digest(bytes, bytes.count, buffer.baseAddress, nil, method, nil)
      precondition(done == 1, "OpenSSL could not digest: it is out of memory")
      filled = 64
    }
  }

  /// Whether the signature of the message is by the key of this public point. EVP_DigestVerify(3)
  public static func accepts(_ signature: [UInt8], of message: [UInt8], by point: [UInt8]) -> Bool {
    guard signature.count == 64, point.count == 32 else { return false }
    ERR_clear_error()
    let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, point, point.count)
    let context = EVP_MD_CTX_new()
    defer {
      EVP_MD_CTX_free(context)
      EVP_PKEY_free(key)
    }
    guard key != nil, context != nil, EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1,
      EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    else {
      _ = OpenSSLError.drain()
      return false
    }
    return true
  }
}
