// What `takt run` needs before it opens anything: the plan for the recorder and the signing key.

import Gateway
import LinuxEdge
import OpenSSLEdge
import Primitives
import Settings

/// The signing key and what is derived from it and the configuration.
struct RunKeys: Sendable {
  let notary: LiveNotary
  let recorderPlan: RecorderPlan

  /// Reads the key file; one that is missing or open to others is refused with what to do.
  init(_ plan: SitePlan) throws(CommandFault) {
    do throws(KeyFault) {
      let path = plan.gateway.keyFile
      notary = try LiveNotary(keyFile: path, clock: SystemClock()) { news in
        switch news {
        case .renewed(let keyID):
          Log().line(.notice, "key file \(path): events are signed with key \(keyID) from now on")
        case .kept(let why): Log().line(.error, why)
        }
      }
    } catch {
      let path = plan.gateway.keyFile
      let isMissing = !Credential.isMeant(by: path) && (try? Files.status(path)) == .some(nil)
      let hint = isMissing ? "; make one with \"takt keygen --key \(path)\"" : ""
      throw CommandFault(.configuration, error.description + hint)
    }
    let (lines, warnings) = try plan.zonedLines()
    for warning in warnings { Log().line(.warning, warning) }
    recorderPlan = try plan.recorderPlan(
      digest: Hex.encode(SHA256.digest(plan.digestInput)), lines: lines)
  }
}
