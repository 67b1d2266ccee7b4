// Which events are due to which uplink.
//
// Invariants
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

  public init(bit: Int, types: [String], machines: [String] = []) {
    self.bit = bit
    self.types = types
    self.machines = machines
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
  private var remembered: [Key: UInt64] = [:]

  /// Routes whose bit is outside of `due` are left out.
  public init(_ routes: [Route]) {
    self.routes = routes.filter { (0..<OutboxLimits.uplinks).contains($0.bit) }
  }

  /// One bit for each uplink that an event is due to.
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
