// Which events are due to which uplink.
//
// Invariants
// - A route with a least duration passes a stop whole, when it has ended and was so long: its end,
//   with the cause that was then known, and reasons that came after that. The start and reasons
//   told while it lasted are left out, for nobody knew then how long it would last.
// - A least duration speaks of stops alone, severities of limits alone; what else the types of the
//   route name, it passes.
// - A new route changes only events committed after it: what a stored event is due to is in its
//   row and stays (F28).

public import Events

/// Which types and machines one uplink wants.
public struct Route: Equatable, Sendable {
  /// The bit of the uplink.
  public var bit: Int
  /// Types as they are, or with `*` at the end: `takt.stop.*`, `*`.
  public var types: [String]
  /// Machines it speaks of; none means all. The gateway's own events pass whatever stands here.
  public var machines: [String]
  /// Stops that were shorter are left out; nil for none.
  public var minimumDuration: Duration?
  /// Limits of other severities are left out; empty for none.
  public var severities: [String]

  public init(
    bit: Int, types: [String], machines: [String] = [], minimumDuration: Duration? = nil,
    severities: [String] = []
  ) {
    self.bit = bit
    self.types = types
    self.machines = machines
    self.minimumDuration = minimumDuration
    self.severities = severities
  }

  func wants(_ draft: EventDraft) -> Bool {
    guard wants(draft.type, draft.unit) else { return false }
    switch draft.type {
    case .stopStarted, .stopClassified, .stopEnded:
      guard let minimumDuration else { return true }
      return draft.lasted.map { $0 >= minimumDuration } ?? false
    case .limitExceeded, .limitCleared:
      return severities.isEmpty || draft.severity.map(severities.contains) ?? true
    case .stateChanged, .stopsMinor, .productionCount, .productionConfirmation, .counterAnomaly,
      .orderStarted, .orderEnded, .qualityHold, .qualityReleased, .signalsChanged, .contactLost,
      .contactRestored, .gatewayStarted, .gatewayStopped, .gatewayHealth, .configurationApplied,
      .configurationRejected, .configurationRolledBack, .clockCorrected, .eventsDropped:
      return true
    }
  }

  func wants(_ type: EventType, _ unit: EventUnit) -> Bool {
    let machineFits =
      switch unit {
      case .gateway: true
      case .machine(let name): machines.isEmpty || machines.contains(name)
      }
    return machineFits && types.contains { Self.matches($0, type.rawValue) }
  }

  /// Whether a type fits a pattern.
  public static func matches(_ pattern: String, _ type: String) -> Bool {
    guard pattern.utf8.last == UInt8(ascii: "*") else { return pattern == type }
    return type.utf8.starts(with: pattern.utf8.dropLast())
  }
}

/// All routes, with their answers remembered.
public struct RouteTable: Sendable {
  private struct Key: Hashable {
    var type: EventType
    var unit: EventUnit
  }

  private let routes: [Route]
  private let hasConditions: Bool
  private var remembered: [Key: UInt64] = [:]

  /// Routes whose bit is outside of `due` are left out.
  public init(_ routes: [Route]) {
    self.routes = routes.filter { (0..<OutboxLimits.uplinks).contains($0.bit) }
    hasConditions = routes.contains { $0.minimumDuration != nil || !$0.severities.isEmpty }
  }

  /// One bit for each uplink that an event is due to, by all that its routes ask about it.
  public mutating func due(_ draft: EventDraft) -> UInt64 {
    switch draft.type {
    case .stopStarted, .stopClassified, .stopEnded, .limitExceeded, .limitCleared:
      guard hasConditions else { return due(draft.type, draft.unit) }
      return routes.reduce(into: UInt64(0)) { mask, route in
        if route.wants(draft) { mask |= 1 << UInt64(route.bit) }
      }
    default: return due(draft.type, draft.unit)
    }
  }

  /// One bit for each uplink that wants a type of event of a unit.
  public mutating func due(_ type: EventType, _ unit: EventUnit) -> UInt64 {
    let key = Key(type: type, unit: unit)
    if let mask = remembered[key] { return mask }
    let mask = routes.reduce(into: UInt64(0)) { mask, route in
      if route.wants(type, unit) { mask |= 1 << UInt64(route.bit) }
    }
    if remembered.count < OutboxLimits.rememberedRoutes { remembered[key] = mask }
    return mask
  }
}
