// Listening for connections on an address.
//
// Invariants
// - IPv4 and IPv6; the port 0 takes a free one, which `port` then tells.
// - The listener and every accepted connection are non-blocking and close-on-exec.

import CLinux
import Glibc

/// A host and a port as people write them: "127.0.0.1:8443", "[::1]:8443", ":8443".
public struct HostAndPort: Equatable, Sendable, CustomStringConvertible {
  public var host: String
  public var port: UInt16

  public init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Reads the text; nil when there is no port or an IPv6 address without brackets.
  public init?(text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...])
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    self.init(host: String(host), port: port)
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// A listening TCP socket. Wraps socket(2), bind(2), listen(2), accept4(2).
public struct TCPListener: ~Copyable {
  private let socket: Descriptor
  /// The port that was bound.
  public let port: UInt16

  /// Binds the first address of the host; an empty host means every address of this machine.
  public init(_ address: HostAndPort) throws(LinuxFault) {
    let operation = "listening on \(address)"
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    var found: UnsafeMutablePointer<addrinfo>?
    let host = address.host.isEmpty ? nil : address.host
    let code = getaddrinfo(host, String(address.port), &hints, &found)
    guard code == 0, let first = found else {
      throw LinuxFault(operation, reason: String(cString: gai_strerror(code)))
    }
    defer { freeaddrinfo(found) }
    let info = first.pointee
    let kind = info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let socket = Descriptor(
      owning: try attempt(operation) { Glibc.socket(info.ai_family, kind, info.ai_protocol) })
    var on: Int32 = 1
    try attempt(operation) {
      setsockopt(socket.number, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    }
    try attempt(operation) { bind(socket.number, info.ai_addr, info.ai_addrlen) }
    try attempt(operation) { listen(socket.number, LinuxLimits.listenBacklog) }
    port = try Self.boundPort(socket, operation)
    self.socket = socket
  }

  /// The number to poll for reading.
  public var descriptor: Int32 { socket.number }

  /// The next connection that waits, or nil; one that vanished meanwhile is skipped.
  public func accept() throws(LinuxFault) -> Descriptor? {
    let number = socket.number
    do {
      let accepted = try attemptNow("accepting a connection") { takt_accept(number) }
      guard let accepted else { return nil }
      var on: Int32 = 1
      setsockopt(
        accepted, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
      return Descriptor(owning: accepted)
    } catch {
      if error.code == ECONNABORTED { return nil }
      throw error
    }
  }

  private static func boundPort(
    _ socket: borrowing Descriptor, _ operation: String
  ) throws(LinuxFault) -> UInt16 {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let number = socket.number
    try attempt(operation) {
      withUnsafeMutablePointer(to: &storage) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &size) }
      }
    }
    // The port stands at the same place in sockaddr_in and sockaddr_in6, in network byte order.
    return withUnsafeBytes(of: &storage) {
      UInt16($0[2]) << 8 | UInt16($0[3])
    }
  }
}
