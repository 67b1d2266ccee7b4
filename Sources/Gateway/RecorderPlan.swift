// What a recorder is made from: the site as the pure rooms see it.

public import Events
public import Machines
public import Outbox
import Signals

/// One signal as the recorder routes it.
public struct RecordedSignal: Equatable, Sendable {
  public var name: String
  /// The engineering unit; nil for none.
  public var unit: String?
  /// The index of its machine.
  public var machine: Int
  /// Told in `takt.signals.changed`.
  public var isPublished: Bool
  /// Read as f32: told with the digits that a single-precision number has.
  public var isSingle: Bool

  public init(
    name: String, unit: String? = nil, machine: Int, isPublished: Bool, isSingle: Bool = false
  ) {
    self.isSingle = isSingle
    self.name = name
    self.unit = unit
    self.machine = machine
    self.isPublished = isPublished
  }
}

/// Which events one uplink gets; types and machines as the configuration names them.
public struct RecordedRoute: Equatable, Sendable {
  public var uplink: String
  /// Types as they are, or with `*` at the end.
  public var types: [String]
  /// Names of machines; none means all.
  public var machines: [String]
  /// Stops that were shorter are left out; nil for none.
  public var minimumDuration: Duration?
  /// Limits of other severities are left out; empty for none.
  public var severities: [LimitSeverity]

  public init(
    uplink: String, types: [String], machines: [String], minimumDuration: Duration? = nil,
    severities: [LimitSeverity] = []
  ) {
    self.minimumDuration = minimumDuration
    self.severities = severities
    self.uplink = uplink
    self.types = types
    self.machines = machines
  }
}

/// Everything a recorder must know that is not state.
public struct RecorderPlan: Sendable {
  public var source: EventSource
  public var version: String
  /// SHA-256 of the effective configuration, hexadecimal.
  public var configurationDigest: String
  public var machines: [MachineRules]
  /// With the zones of their calendars read; a machine in none of them has no orders or shifts.
  public var lines: [LineRules] = []
  /// By `SignalID.index`.
  public var signals: [RecordedSignal]
  /// By `UnitID.index`.
  public var units: [EventNames.Unit]
  /// The index of the bus, by `UnitID.index`.
  public var busOfUnit: [Int]
  public var uplinks: [String]
  public var routes: [RecordedRoute]
  public var publishWindow: Duration
  public var healthInterval: Duration
  /// How long events are kept although there is room.
  public var retention = RetentionRules()
  /// How uplinks are served behind an outage, by name; those without rules get all in order.
  public var lanes: [String: LaneRules] = [:]

  public init(
    source: EventSource, version: String, configurationDigest: String, machines: [MachineRules],
    signals: [RecordedSignal], units: [EventNames.Unit], busOfUnit: [Int], uplinks: [String],
    routes: [RecordedRoute], publishWindow: Duration = .seconds(1),
    healthInterval: Duration = .seconds(900)
  ) {
    self.source = source
    self.version = version
    self.configurationDigest = configurationDigest
    self.machines = machines
    self.signals = signals
    self.units = units
    self.busOfUnit = busOfUnit
    self.uplinks = uplinks
    self.routes = routes
    self.publishWindow = publishWindow
    self.healthInterval = healthInterval
  }

  /// The names behind indices, as the builders of events want them.
  public var names: EventNames {
    EventNames(
      signals: signals.map { EventNames.Signal(name: $0.name, unit: $0.unit) }, units: units)
  }
}
