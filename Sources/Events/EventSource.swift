// Who speaks: the gateway's place in the plant (ISA-95) and the unit within it.
//
// Invariants
// - Every part of a name is one to `EventLimits.nameBytes` bytes of `[A-Za-z0-9._-]`, so a source
//   is a URN without escapes, a file name without surprises (F58) and splits at its colons.

/// The unit an event speaks of.
public enum EventUnit: Hashable, Sendable {
  case machine(String)
  /// The gateway itself.
  case gateway
}

/// Which part of an identity cannot be a name.
public struct NameFault: Error, Equatable, Sendable, CustomStringConvertible {
  public var part: String
  public var found: String

  public var description: String {
    "naming the \(part): \"\(found)\" is not allowed; use 1 to \(EventLimits.nameBytes) "
      + "letters, digits, '.', '_' or '-'"
  }
}

/// The gateway's place: enterprise, site, area, line and its own name.
public struct EventSource: Equatable, Hashable, Sendable {
  public let enterprise: String
  public let site: String
  public let area: String
  public let line: String
  public let gateway: String

  public init(
    enterprise: String, site: String, area: String, line: String, gateway: String
  ) throws(NameFault) {
    let parts = [
      ("enterprise", enterprise), ("site", site), ("area", area), ("line", line),
      ("gateway", gateway),
    ]
    for (part, name) in parts where !Self.isName(name) {
      throw NameFault(part: part, found: name)
    }
    self.enterprise = enterprise
    self.site = site
    self.area = area
    self.line = line
    self.gateway = gateway
  }

  /// Whether a text may be part of a source, a topic or a file name.
  public static func isName(_ text: String) -> Bool {
    (1...EventLimits.nameBytes).contains(text.utf8.count) && text.utf8.allSatisfy(isNameByte)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "-"):
      true
    default: false
    }
  }

  /// Everything of the source before the unit, with its last colon.
  var prefix: String { "urn:isa95:\(enterprise):\(site):\(area):\(line):" }

  /// The source attribute of events of one unit.
  public func text(_ unit: EventUnit) -> String {
    switch unit {
    case .machine(let name): prefix + name
    case .gateway: prefix + "gateway:" + gateway
    }
  }
}
