// The public keys that a receiver trusts, read from a JWKS file.

import Events
import LinuxEdge
import OpenSSLEdge

/// Reads key files for the subcommands that verify.
enum KeyFile {
  static func verifier(_ path: String) throws(CommandFault) -> TrustedKeys {
    do throws(KeyFault) {
      return TrustedKeys(try JWKSVerifier(file: path))
    } catch {
      throw CommandFault(.configuration, error.description)
    }
  }
}

/// The keys of one file behind the port of the pure rooms; used by one thread.
struct TrustedKeys: Verifier {
  private let keys: JWKSVerifier
  private let names: Set<String>

  init(_ keys: JWKSVerifier) {
    self.keys = keys
    names = Set(keys.keyIDs)
  }

  func digest(_ bytes: [UInt8]) -> [UInt8] { SHA256.digest(bytes) }

  func verify(_ bytes: [UInt8], signature: [UInt8], keyID: String) -> SignatureVerdict {
    guard names.contains(keyID) else { return .keyUnknown }
    return keys.verify(bytes, signature: signature, kid: keyID) ? .valid : .invalid
  }
}
