// What `takt run` needs before it opens anything: the signing key.

import LinuxEdge
import OpenSSLEdge
import Settings

/// What does not change while the daemon runs.
struct RunKeys: Sendable {
  let notary: ES256Notary

  /// Reads the key file; one that is missing or open to others is refused with what to do.
  init(_ plan: SitePlan) throws(CommandFault) {
    do throws(KeyFault) {
      notary = try ES256Notary(keyFile: plan.gateway.keyFile)
    } catch {
      let path = plan.gateway.keyFile
      let isMissing = (try? Files.status(path)) == .some(nil)
      let hint = isMissing ? "; make one with \"takt keygen --key \(path)\"" : ""
      throw CommandFault(.configuration, error.description + hint)
    }
  }
}
