// The public keys that a receiver trusts, read from a JWKS file.

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
