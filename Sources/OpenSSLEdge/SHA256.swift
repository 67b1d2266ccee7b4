// SHA-256 (FIPS 180-4) in one shot.

import COpenSSL

/// The digest of events, bodies and keys.
public enum SHA256 {
  /// Fetched once: an implicit fetch costs more than the digest of a short text. Never changed.
  nonisolated(unsafe) static let method: OpaquePointer = {
    guard let method = EVP_MD_fetch(nil, "SHA256", nil) else {
      preconditionFailure("OpenSSL has no SHA-256: its installation is broken")
    }
    return method
  }()

  /// 32 bytes. EVP_Digest(3)
  public static func digest(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 32) { buffer, filled in
      let done = EVP_Digest(bytes, bytes.count, buffer.baseAddress, nil, method, nil)
      precondition(done == 1, "OpenSSL could not digest: it is out of memory")
      filled = 32
    }
  }
}
