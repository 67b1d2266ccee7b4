// What the program is wired from: the checked configuration as plain values of the other rooms.
//
// Invariants
// - Ids are indices: `signals[SignalID.index]`, `units[UnitID.index]`, `machines[i]`, `uplinks[i]`.
// - One `UnitDefinition` for each device (bus and unit number), however many machines share it.
// - Everything is within the limits of `SettingsLimits`; no reference is open.

public import Delivery
public import Machines
public import Outbox
public import Polling
public import Signals

/// Who this gateway is and where it keeps its things.
public struct GatewaySettings: Equatable, Sendable {
  public var name: String
  public var enterprise: String
  public var site: String
  public var area: String
  public var line: String
  /// An IANA name, `Europe/Berlin`.
  public var timeZone: String
  /// The private key that signs, PEM.
  public var keyFile: String
  public var stateDirectory: String
  public var controlSocket: String
}

/// One signal with everything the wiring asks about it.
public struct PlannedSignal: Equatable, Sendable {
  public var definition: SignalDefinition
  /// The index of its machine.
  public var machine: Int
  public var unit: UnitID
  /// Told in `takt.signals.changed`.
  public var isPublished: Bool

  public init(definition: SignalDefinition, machine: Int, unit: UnitID, isPublished: Bool) {
    self.definition = definition
    self.machine = machine
    self.unit = unit
    self.isPublished = isPublished
  }
}

/// One device, for status and events.
public struct PlannedUnit: Equatable, Sendable {
  /// The index of its bus.
  public var bus: Int
  /// The unit number on the wire.
  public var address: UInt8
  /// `<bus>/<unit number>`.
  public var name: String
  /// The indices of the machines that read from it.
  public var machines: [Int]
}

/// A service that gives bearer tokens.
public struct OAuthPlan: Equatable, Sendable {
  public var host: String
  public var port: UInt16
  public var path: String
  public var clientID: String
  public var clientSecretFile: String
  public var scope: String?
  /// PEM of the issuers that vouch for it; nil for those of the system.
  public var caFile: String?
}

/// A proxy that lets connections through.
public struct ProxyPlan: Equatable, Sendable {
  public var host: String
  public var port: UInt16
  /// A file with "user:password".
  public var credentialsFile: String?
}

/// One destination, over HTTPS or MQTT.
public struct UplinkSettings: Equatable, Sendable {
  public var name: String
  public var host: String
  public var port: UInt16
  /// Path and query of the request line, `/` at least.
  public var path: String
  /// PEM of the issuers that are trusted; nil for those of the system.
  public var caFile: String?
  public var certificateFile: String?
  public var keyFile: String?
  /// The name the certificate must bear and that SNI carries; nil for the host connected to.
  public var serverName: String?
  /// A file with the bearer token; read anew for each connection.
  public var bearerFile: String?
  public var batchEvents: Int
  public var batchBytes: Int
  /// One event a request, for receivers that cannot take batches.
  public var singleEvents: Bool
  public var connectTimeout: Duration
  public var answerTimeout: Duration
  public var backoffFloor: Duration
  public var backoffCeiling: Duration
  /// TLS 1.2 is not good enough.
  public var requiresTLS13 = false
  /// Revocation lists; nil asks for none.
  public var crlFile: String?
  /// Hashes of public keys of which the verified chain must hold one; empty for any.
  public var pins: [String] = []
  public var oauth: OAuthPlan?
  public var proxy: ProxyPlan?
  /// How brokers are spoken to; nil for HTTPS. Host and port are then the first broker's.
  public var mqtt: MQTTPolicy?
  /// A file with the password for the broker; read anew for each connection.
  public var passwordFile: String?
  /// How it is served behind an outage.
  public var lanes = LaneRules()
}

/// Which events an uplink gets.
public struct RouteSettings: Equatable, Sendable {
  /// The index of the uplink.
  public var uplink: Int
  /// Event types, `*` for any rest: `takt.stop.*`. Empty for every type.
  public var types: [String]
  /// Only events of these machines; empty for every machine and the gateway itself.
  public var machines: [Int]
  /// Stops that were shorter are left out; nil for none.
  public var minimumDuration: Duration?
  /// Limits of other severities are left out; empty for none.
  public var severities: [LimitSeverity] = []

  /// Whether an event goes this way; `machine` is nil for the gateway's own events.
  public func takes(type: String, machine: Int?) -> Bool {
    let isMachineTaken = machines.isEmpty || machine.map(machines.contains) ?? false
    return isMachineTaken
      && (types.isEmpty || types.contains { Self.matches(type, pattern: $0) })
  }

  static func matches(_ type: String, pattern: String) -> Bool {
    pattern.hasSuffix("*") ? type.hasPrefix(pattern.dropLast()) : type == pattern
  }
}

/// Everything that is bounded by configuration.
public struct LimitSettings: Equatable, Sendable {
  /// Bytes the journal may take on disk.
  public var journalBytes: Int64
  /// Samples in each bus's ring, a power of two, by index of bus.
  public var ringSamples: [Int]
  /// Changed signals are gathered this long; zero tells every scan.
  public var publishWindow: Duration
  /// How often the gateway tells its health.
  public var healthInterval: Duration
  /// How long events are kept.
  public var retention: RetentionSettings
}

/// A checked site, ready to be wired.
public struct SitePlan: Equatable, Sendable {
  public var gateway: GatewaySettings
  public var buses: [BusDefinition]
  /// By `UnitID.index`.
  public var units: [PlannedUnit]
  /// By `SignalID.index`.
  public var signals: [PlannedSignal]
  public var machines: [MachineRules]
  /// The name of the calendar of a line of which nobody declared one.
  public static let roundTheClock = "round-the-clock"
  /// Every machine is in one of them; their calendars are in UTC until their zones are read.
  public var lines: [LineRules] = []
  public var uplinks: [UplinkSettings]
  public var routes: [RouteSettings]
  public var limits: LimitSettings
  /// Whose bundles are taken; nil for nobody's.
  public var remote: RemotePlan?
  /// Local files that fail after a reload are taken back, as bundles are.
  public var takesBackLocalFiles = false
  /// nil while nothing is to listen.
  public var page: PageSettings?
  /// Canonical JSON of the effective configuration; its SHA-256 is the configuration's digest.
  public var digestInput: [UInt8]

  /// The indices of the uplinks an event is due to; an uplink without a route gets everything.
  public func uplinks(dueTo type: String, machine: Int?) -> [Int] {
    uplinks.indices.filter { uplink in
      let own = routes.filter { $0.uplink == uplink }
      return own.isEmpty || own.contains { $0.takes(type: type, machine: machine) }
    }
  }
}
