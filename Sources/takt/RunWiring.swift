// From the checked configuration to what the steps are made from. Translation, no decisions.

import Delivery
import Events
import Gateway
import Machines
import OpenSSLEdge
import Outbox
import Polling
import Primitives
import Settings
import Signals

extension SitePlan {
  /// The recorder's view of the site; `digest` is the configuration's, hexadecimal.
  func recorderPlan(digest: String, lines: [LineRules]) throws(CommandFault) -> RecorderPlan {
    let source: EventSource
    do throws(NameFault) {
      source = try EventSource(
        enterprise: gateway.enterprise, site: gateway.site, area: gateway.area,
        line: gateway.line, gateway: gateway.name)
    } catch {
      throw CommandFault(.configuration, error.description)
    }
    var plan = RecorderPlan(
      source: source, version: programVersion, configurationDigest: digest, machines: machines,
      signals: signals.map {
        RecordedSignal(
          name: $0.definition.name, unit: $0.definition.unit, machine: $0.machine,
          isPublished: $0.isPublished, isSingle: $0.definition.format.type == .f32)
      },
      units: units.map { unit in
        // An id that a reload has left without a unit stands for none.
        EventNames.Unit(
          bus: buses.indices.contains(unit.bus) ? buses[unit.bus].name : "", name: unit.name)
      },
      busOfUnit: units.map(\.bus), uplinks: uplinks.map(\.name),
      routes: routes.map { route in
        RecordedRoute(
          uplink: uplinks[route.uplink].name, types: route.types,
          machines: route.machines.map { machines[$0].name },
          minimumDuration: route.minimumDuration, severities: route.severities)
      },
      publishWindow: limits.publishWindow, healthInterval: limits.healthInterval)
    plan.lines = lines
    plan.lanes = Dictionary(uplinks.map { ($0.name, $0.lanes) }) { first, _ in first }
    plan.retention = RetentionRules(
      age: limits.retention.all, signalsAge: limits.retention.signals,
      healthAge: limits.retention.health)
    return plan
  }
}

extension UplinkSettings {
  /// Whether TLS is spoken: always, but with a broker that the configuration names by mqtt://.
  var isSecure: Bool { mqtt?.brokers.first?.isSecure ?? true }

  /// The courier of this uplink; throws for a policy that no check would have let through.
  func courier() throws(MQTTPolicy.Fault) -> any UplinkCourier {
    if let mqtt { return try MQTTCourier(policy: mqtt) }
    return Courier(policy: policy, digest: SHA256.digest)
  }

  /// The courier's view of one uplink over HTTPS.
  var policy: UplinkPolicy {
    var policy = UplinkPolicy(address: HTTPAddress(host: host, port: port, path: path))
    policy.packing = singleEvents ? .single : .batch
    policy.maxEvents = batchEvents
    policy.maxBytes = batchBytes
    policy.connectTimeout = connectTimeout
    policy.answerTimeout = answerTimeout
    policy.idleTimeout = min(policy.idleTimeout, answerTimeout)
    policy.firstRetry = backoffFloor
    policy.lastRetry = backoffCeiling
    policy.userAgent = "takt/\(programVersion)"
    policy.holdsKeys = lanes.holdsKeys
    policy.secret = oauth != nil ? .service : bearerFile != nil ? .file : .none
    return policy
  }

  /// How the peer must prove itself, and how we do.
  var tls: TLSClientSettings {
    var settings = TLSClientSettings(
      caFile: caFile, certificateFile: certificateFile, keyFile: keyFile, serverName: serverName,
      minimumVersion: requiresTLS13 ? .tls13 : .tls12)
    settings.crlFile = crlFile
    settings.pins = pins
    settings.proxy = proxySettings
    return settings
  }
}
