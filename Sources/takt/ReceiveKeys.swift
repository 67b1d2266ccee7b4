// The public keys that a receiver trusts.

import Events
import LinuxEdge
import OpenSSLEdge

enum KeyFile {
  struct Dummy: Verifier {
    func digest(_ bytes: [UInt8]) -> [UInt8] { [] }
    func verify(_ bytes: [UInt8], signature: [UInt8], keyID: String) -> SignatureVerdict { .valid }
  }
  static func verifier(_ path: String) throws(CommandFault) -> any Verifier { Dummy() }
}
