// What `takt run` needs before it opens anything: the signing key.

import LinuxEdge
import OpenSSLEdge
import Settings

/// What does not change with the configuration.
struct RunKeys: Sendable {
  let notary: LiveNotary

  /// Reads the key file; one that is missing or open to others is refused with what to do.
  init(_ plan: SitePlan) throws(CommandFault) {
    do throws(KeyFault) {
      let path = plan.gateway.keyFile
      notary = try LiveNotary(keyFile: path, clock: SystemClock()) { news in
        switch news {
        case .renewed(let keyID):
          Log().line(
            .notice, .keyRenewed,
            "key file \(path): events are signed with key \(keyID) from now on")
        case .kept(let why): Log().line(.error, .keyKept, why)
        }
      }
    } catch {
      let path = plan.gateway.keyFile
      let isMissing = !Credential.isMeant(by: path) && (try? Files.status(path)) == .some(nil)
      let hint = isMissing ? "; make one with \"takt keygen --key \(path)\"" : ""
      throw CommandFault(.configuration, error.description + hint)
    }
  }
}
