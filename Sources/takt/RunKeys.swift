// What `takt run` needs before it opens anything: the plan for the recorder and the signing key.

import Gateway
import OpenSSLEdge
import Primitives
import Settings

/// The signing key and what is derived from it and the configuration.
struct RunKeys: Sendable {
  let notary: ES256Notary
  let recorderPlan: RecorderPlan

  /// Reads the key file; one that is missing or open to others is refused with what to do.
  init(_ plan: SitePlan) throws(CommandFault) {
    do throws(KeyFault) {
      notary = try ES256Notary(keyFile: plan.gateway.keyFile)
    } catch {
      throw CommandFault(.configuration, error.description)
    }
    recorderPlan = try plan.recorderPlan(digest: Hex.encode(SHA256.digest(plan.digestInput)))
  }
}
