// The public keys that a receiver trusts, read from a JWKS file.
//
// A receiver that runs reads the file again when an event names a key that it does not know: a
// gateway's new key is then a file put in the place of the old one, and no event is refused for it.

import Events
import LinuxEdge
import OpenSSLEdge

/// Reads key files for the subcommands that verify.
enum KeyFile {
  static func verifier(_ path: String) throws(CommandFault) -> JWKSVerifier {
    do throws(KeyFault) {
      return try JWKSVerifier(file: path)
    } catch {
      throw CommandFault(.configuration, error.description)
    }
  }
}

/// The keys of a file as it is now; one that cannot be used leaves those before in use.
final class KeysOnDisk: Verifier {
  private let path: String
  private var keys: JWKSVerifier
  /// What the file was when it was read.
  private var seen: FileStatus?

  init(_ path: String) throws(CommandFault) {
    seen = try? Files.status(path)
    keys = try KeyFile.verifier(path)
    self.path = path
  }

  func digest(_ bytes: [UInt8]) -> [UInt8] { keys.digest(bytes) }

  func verify(_ bytes: [UInt8], signature: [UInt8], keyID: String) -> SignatureVerdict {
    let verdict = keys.verify(bytes, signature: signature, keyID: keyID)
    guard verdict == .keyUnknown, readAgain() else { return verdict }
    return keys.verify(bytes, signature: signature, keyID: keyID)
  }

  /// Whether the file has changed and its keys are in use now.
  private func readAgain() -> Bool {
    guard let now = try? Files.status(path), now != seen else { return false }
    seen = now
    guard let fresh = try? JWKSVerifier(file: path) else { return false }
    keys = fresh
    return true
  }
}
