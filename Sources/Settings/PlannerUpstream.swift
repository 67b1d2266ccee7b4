// Uplinks and routes of the plan.

import Primitives

extension Planner {
  static func uplink(_ record: Record) -> UplinkSettings? {
    guard let name = record.text("name"), let web = record.web("url") else { return nil }
    let backoff = record.record("backoff")
    var uplink = UplinkSettings(
      name: name, host: web.host, port: web.port, path: web.path, caFile: record.text("caFile"),
      certificateFile: record.text("certificateFile"), keyFile: record.text("keyFile"),
      serverName: record.text("serverName") ?? web.host, bearerFile: record.text("bearerFile"),
      batchEvents: Int(record.integer("batchEvents") ?? 100),
      batchBytes: Int(record.integer("batchBytes") ?? 262_144),
      singleEvents: record.boolean("singleEvents") ?? false,
      connectTimeout: record.duration("connectTimeout") ?? .seconds(10),
      answerTimeout: record.duration("answerTimeout") ?? .seconds(30),
      backoffFloor: backoff?.duration("floor") ?? .seconds(1),
      backoffCeiling: backoff?.duration("ceiling") ?? .seconds(120))
    uplink.requiresTLS13 = record.text("minimumTLS") == "1.3"
    uplink.crlFile = record.text("crlFile")
    uplink.pins = record.words("pins").map(\.text)
    uplink.oauth = record.record("oauth").flatMap { oauth($0, record) }
    uplink.proxy = record.record("proxy").flatMap { proxy in
      proxy.text("host").map { host in
        ProxyPlan(
          host: host, port: UInt16(clamping: proxy.integer("port") ?? 3128),
          credentialsFile: proxy.text("credentialsFile"))
      }
    }
    return uplink
  }

  private static func oauth(_ record: Record, _ uplink: Record) -> OAuthPlan? {
    guard let web = record.web("tokenUrl"), let client = record.text("clientId"),
      let file = record.text("clientSecretFile")
    else { return nil }
    return OAuthPlan(
      host: web.host, port: web.port, path: web.path, clientID: client, clientSecretFile: file,
      scope: record.text("scope"), caFile: record.text("caFile") ?? uplink.text("caFile"))
  }

  func routes(_ uplinks: [String: Int]) -> [RouteSettings] {
    let names = root.records("machines").compactMap { $0.text("name") }
    return root.records("routes").compactMap { record in
      guard let uplink = record.text("uplink").flatMap({ uplinks[$0] }) else { return nil }
      return RouteSettings(
        uplink: uplink, types: record.words("types").map(\.text),
        machines: record.words("machines").compactMap { names.firstIndex(of: $0.text) })
    }
  }
}
