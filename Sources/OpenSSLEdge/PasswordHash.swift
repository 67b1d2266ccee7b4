// Passwords of people who look at the status page, as PBKDF2 (RFC 8018) makes them useless to
// steal.
//
//   pbkdf2-sha256:<iterations>:<salt>:<hash>      salt and hash in base64url
//
// Invariants
// - The comparison takes the same time wherever the first difference is.
// - A hash that cannot be read matches nothing, and costs as much as one that can.
//
// Why PBKDF2 and not scrypt or Argon2: scrypt wants 16 MB for each question, more than the whole
// gateway; Debian 12's OpenSSL has no Argon2.

import COpenSSL
import Primitives

/// Hashes and checks passwords.
public enum PasswordHash {
  /// OWASP's figure of 2023 for PBKDF2-HMAC-SHA256 is 600,000; 210,000 take 60 ms on a small
  /// industrial processor, and the door shuts after five misses anyway.
  private static let iterations: Int32 = 210_000
  /// What a file may ask for: a hostile one cannot stop the page for minutes.
  private static let accepted: ClosedRange<Int32> = 10_000...1_000_000
  private static let saltBytes = 16
  private static let hashBytes = 32
  private static let name = "pbkdf2-sha256"

  /// A line's last part for a password. Wraps PKCS5_PBKDF2_HMAC(3) and RAND_bytes(3).
  public static func make(_ password: String) throws(KeyFault) -> String {
    var salt = [UInt8](repeating: 0, count: saltBytes)
    guard RAND_bytes(&salt, Int32(salt.count)) == 1,
      let hash = derive(password, salt, iterations)
    else { throw KeyFault("hashing a password: \(OpenSSLError.drain().text)") }
    return "\(name):\(iterations):\(Base64.encodeURL(salt)):\(Base64.encodeURL(hash))"
  }

  /// Whether a password belongs to a hash; false for a text that is none.
  public static func verify(_ password: String, _ text: String) -> Bool {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == name, let rounds = Int32(parts[1]),
      accepted.contains(rounds), let salt = Base64.decodeURL(String(parts[2])),
      (8...64).contains(salt.count), let hash = Base64.decodeURL(String(parts[3])),
      hash.count == hashBytes
    else {
      _ = derive(password, [UInt8](repeating: 0, count: saltBytes), iterations)
      return false
    }
    guard let derived = derive(password, salt, rounds) else { return false }
    return CRYPTO_memcmp(derived, hash, hashBytes) == 0
  }

  private static func derive(_ password: String, _ salt: [UInt8], _ rounds: Int32) -> [UInt8]? {
    let bytes = Array(password.utf8).map { CChar(bitPattern: $0) }
    var hash = [UInt8](repeating: 0, count: hashBytes)
    let done = PKCS5_PBKDF2_HMAC(
      bytes, Int32(clamping: bytes.count), salt, Int32(clamping: salt.count), rounds,
      EVP_sha256(), Int32(hashBytes), &hash)
    return done == 1 ? hash : nil
  }
}
