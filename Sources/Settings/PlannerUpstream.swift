// Uplinks and routes of the plan.

import Delivery
import Machines
import Outbox
import Primitives

extension Planner {
  /// `gateway` is the name of this gateway, by which brokers know it unless told otherwise.
  static func uplink(_ record: Record, gateway: String) -> UplinkSettings? {
    guard let name = record.text("name"), let place = place(of: record) else { return nil }
    let backoff = record.record("backoff")
    var uplink = UplinkSettings(
      name: name, host: place.host, port: place.port, path: place.path,
      caFile: record.text("caFile"),
      certificateFile: record.text("certificateFile"), keyFile: record.text("keyFile"),
      serverName: record.text("serverName") ?? record.web("url")?.host,
      bearerFile: record.text("bearerFile"),
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
    let order = record.text("order").flatMap(LaneRules.Order.init) ?? .strict
    let onRefusal = record.text("onRefusal").flatMap(LaneRules.OnRefusal.init)
    uplink.lanes = LaneRules(
      replayRate: record.integer("replayRate").map { Int(clamping: $0) }, order: order,
      holdsKeys: onRefusal == .holdKey || order == .key)
    uplink.mqtt = mqtt(record, uplink, gateway: gateway)
    uplink.passwordFile = record.text("passwordFile")
    return uplink
  }

  /// Where an uplink leads: its URL, or its first broker.
  private static func place(of record: Record) -> WebAddress? {
    guard record.text("type") == UplinkType.mqtt.rawValue else { return record.web("url") }
    return record.words("brokers").first.flatMap { MQTTAddress(text: $0.text) }.map {
      WebAddress(host: $0.host, port: $0.port, path: "/")
    }
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
        machines: record.words("machines").compactMap { names.firstIndex(of: $0.text) },
        minimumDuration: record.duration("minimumDuration"),
        severities: record.words("severities").compactMap { LimitSeverity(rawValue: $0.text) })
    }
  }
}
