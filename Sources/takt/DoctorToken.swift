// What `takt doctor` looks at where an uplink's tokens come from: the service is asked for one, as
// the gateway itself would, and what it gives is thrown away. No event is posted with it.

import Delivery
import LinuxEdge
import OpenSSLEdge
import Primitives
import Settings

struct DoctorToken: Sendable {
  private let uplink: UplinkSettings
  private let oauth: OAuthPlan
  private let plan: SitePlan
  private var place: String { "uplink \(uplink.name)" }

  /// nil for an uplink that asks no service.
  init?(_ uplink: UplinkSettings, _ plan: SitePlan) {
    guard let oauth = uplink.oauth else { return nil }
    (self.uplink, self.oauth, self.plan) = (uplink, oauth, plan)
  }

  func findings() -> [DoctorFinding] {
    // A secret that systemd hands over is there for the service alone.
    guard Credential.file(oauth.clientSecretFile) != nil else {
      return [
        .warn(
          place, "its token service was not asked: \(oauth.clientSecretFile) is for the service",
          "\"takt status\" says whether the gateway has a token")
      ]
    }
    var settings = TLSClientSettings(caFile: oauth.caFile)
    settings.proxy = uplink.proxySettings
    var service = TokenService(
      address: HTTPAddress(host: oauth.host, port: oauth.port, path: oauth.path),
      clientID: oauth.clientID, scope: oauth.scope)
    service.timeout = DoctorLimits.uplink
    let secret = TokenFetcher(
      service: service, secretFile: oauth.clientSecretFile, settings: settings,
      userAgent: "takt-doctor/\(programVersion)", clock: SystemClock(),
      floor: TimeFloor(TimeEvidence.newest(plan))
    ).fetch()
    switch secret {
    case .token, .none:
      return [.ok(place, "the token service \(oauth.host):\(oauth.port) gives a token")]
    case .kept(let why): return [.warn(place, why)]
    case .fault(let why, isLasting: true):
      return [.fail(place, why, "put oauth right, or have its operator do so; no event goes out")]
    case .fault(let why, isLasting: false):
      return [
        .fail(
          place, why,
          "check tokenUrl, network and \(uplink.proxy == nil ? "firewall" : "proxy"); the gateway "
            + "tries it again by itself")
      ]
    }
  }
}
