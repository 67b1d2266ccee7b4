// What an uplink proves itself with, and what is known of the time when nothing sets the clock.

import Delivery
import LinuxEdge
import OpenSSLEdge
import Primitives
import Settings
import Synchronization

extension UplinkSettings {
  /// Through whom the receiver is reached.
  var proxySettings: ProxySettings? {
    proxy.map { ProxySettings(host: $0.host, port: $0.port, credentialsFile: $0.credentialsFile) }
  }
}

extension Daemon {
  /// Reads the token of an uplink from its file, or fetches one from its service.
  func secretReader(_ post: CourierPost) -> @Sendable () -> Secret {
    let uplink = post.uplink
    if let oauth = uplink.oauth {
      var settings = TLSClientSettings(caFile: oauth.caFile)
      settings.proxy = uplink.proxySettings
      let fetcher = TokenFetcher(
        service: TokenService(
          address: HTTPAddress(host: oauth.host, port: oauth.port, path: oauth.path),
          clientID: oauth.clientID, scope: oauth.scope),
        secretFile: oauth.clientSecretFile, settings: settings,
        userAgent: "takt/\(programVersion)", clock: clock, floor: timeFloor,
        wake: post.bell.descriptor
      ) { [life = post.life] in life.isEnding }
      return { fetcher.fetch() }
    }
    guard let path = uplink.bearerFile else { return { .none } }
    return { bearer(path) }
  }
}

/// The token in a file; one that can't be used leaves the token there was in use.
nonisolated func bearer(_ path: String) -> Secret {
  let kept = "the token read before is used until then"
  do throws(LinuxFault) {
    let text = String(decoding: try Files.read(path), as: UTF8.self)
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count == 1, let token = words.first, token.utf8.count <= DeliveryLimits.tokenBytes
    else {
      return .kept(why: "reading bearer token \(path): one word is expected; \(kept)")
    }
    return .token(String(token), staleAt: nil)
  } catch {
    return .kept(why: "\(error.description); \(kept)")
  }
}

/// What a gateway knows of the time at its start: the newest of its files, and when it was written.
enum TimeEvidence {
  static func newest(_ plan: SitePlan) -> WallTime {
    let journal = plan.gateway.stateDirectory + "/journal.db"
    return [journal, journal + "-wal", plan.gateway.keyFile].reduce(LinuxLimits.wallFloor) {
      newest, path in
      max(newest, (try? Files.status(path))??.modifiedAt ?? newest)
    }
  }
}
