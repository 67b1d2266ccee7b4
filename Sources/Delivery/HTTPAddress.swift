// Where a receiver is, as people write it: https://mes.example:8443/mes/v1/events

/// The parts of an https address.
public struct HTTPAddress: Equatable, Sendable {
  public var host: String
  public var port: UInt16
  /// Path and query, at least "/".
  public var path: String

  public init(host: String, port: UInt16 = Self.defaultPort, path: String = "/") {
    self.host = host
    self.port = port
    self.path = path.hasPrefix("/") ? path : "/" + path
  }

  /// The port of https when an address names none.
  public static let defaultPort: UInt16 = 443

  /// Reads `https://host[:port][/path]`; nil for anything else, for credentials and for a fragment.
  public init?(text: String) {
    let scheme = "https://"
    guard text.utf8.count <= 2048, text.lowercased().hasPrefix(scheme) else { return nil }
    let rest = Array(text.utf8.dropFirst(scheme.utf8.count))
    guard rest.allSatisfy({ (33...126).contains($0) && $0 != 35 && $0 != 92 }) else { return nil }
    let end = rest.firstIndex { $0 == 47 || $0 == 63 } ?? rest.count
    guard let place = Self.place(Array(rest[..<end])) else { return nil }
    let path = String(decoding: rest[end...], as: UTF8.self)
    self.init(host: place.host, port: place.port, path: path)
  }

  /// Host and port of `host`, `host:port`, `[v6]` or `[v6]:port`.
  private static func place(_ bytes: [UInt8]) -> (host: String, port: UInt16)? {
    guard !bytes.contains(64) else { return nil }
    var (host, tail) = (bytes[...], bytes[bytes.endIndex...])
    if bytes.first == 91 {
      guard let close = bytes.firstIndex(of: 93) else { return nil }
      host = bytes[1..<close]
      tail = bytes[(close + 1)...]
      guard host.contains(58) else { return nil }
    } else if let colon = bytes.firstIndex(of: 58) {
      host = bytes[..<colon]
      tail = bytes[colon...]
      guard !tail.dropFirst().contains(58) else { return nil }
    }
    guard (1...255) ~= host.count, !host.contains(91), !host.contains(93) else { return nil }
    let name = String(decoding: host, as: UTF8.self)
    guard !tail.isEmpty else { return (name, defaultPort) }
    guard tail.first == 58, (2...6) ~= tail.count,
      tail.dropFirst().allSatisfy({ (48...57).contains($0) }),
      let port = UInt16(String(decoding: tail.dropFirst(), as: UTF8.self)), port > 0
    else { return nil }
    return (name, port)
  }

  /// The Host field: IPv6 in brackets, the port unless it is 443.
  public var authority: String {
    let named = Self.authority(host, port)
    return port == Self.defaultPort ? String(named.dropLast(4)) : named
  }

  /// Host and port together, an IPv6 address in brackets.
  static func authority(_ host: String, _ port: UInt16) -> String {
    "\(host.utf8.contains(58) ? "[\(host)]" : host):\(port)"
  }

  /// What a stream is opened to.
  public var target: StreamTarget { StreamTarget(host: host, port: port) }
}
