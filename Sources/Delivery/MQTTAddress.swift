// Where a broker is, as people write it: mqtts://broker.plant:8883, mqtt://localhost:1883

/// A broker's address and whether TLS is spoken with it.
public struct MQTTAddress: Hashable, Sendable {
  public var host: String
  public var port: UInt16
  /// `mqtts`; plain `mqtt` is for this machine only unless forced.
  public var isSecure: Bool

  /// The registered ports of mqtts and mqtt.
  public static let securePort: UInt16 = 8883
  public static let plainPort: UInt16 = 1883

  public init(host: String, port: UInt16? = nil, isSecure: Bool = true) {
    self.host = host
    self.port = port ?? (isSecure ? Self.securePort : Self.plainPort)
    self.isSecure = isSecure
  }

  /// Reads `mqtts://host[:port]` or `mqtt://…`; nil for anything else, a path or credentials.
  public init?(text: String) {
    let lower = text.lowercased()
    let isSecure = lower.hasPrefix("mqtts://")
    guard isSecure || lower.hasPrefix("mqtt://"), text.utf8.count <= 300 else { return nil }
    var rest = String(text.dropFirst(isSecure ? 8 : 7))
    if rest.hasSuffix("/") { rest.removeLast() }
    self.init(place: rest, isSecure: isSecure)
  }

  /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`, as a server reference names a broker.
  init?(place: String, isSecure: Bool) {
    guard !place.contains("/"), !place.contains("?") else { return nil }
    guard let parts = HTTPAddress(text: "https://\(place)") else { return nil }
    let named = place.hasSuffix("]") || !place.contains(":") ? nil : parts.port
    self.init(host: parts.host.lowercased(), port: named, isSecure: isSecure)
  }

  /// The host is this machine by its literal or reserved name.
  public var isLocal: Bool {
    let name = host.lowercased()
    if name == "localhost" || name == "::1" { return true }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  /// Host and port; IPv6 in brackets.
  public var authority: String {
    host.utf8.contains(58) ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  /// What a stream is opened to.
  public var target: StreamTarget { StreamTarget(host: host, port: port) }
}
