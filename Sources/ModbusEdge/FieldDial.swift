// How a stream link reaches its endpoint: straight over TCP, or through something that stands
// between, such as a TLS tunnel. The link itself only ever sees a socket.
//
// Invariants
// - Opening ends by its deadline, whatever the peer and the name server do; all addresses of a name
//   share it, so that one that swallows everything leaves time for the next.

public import Polling
import Primitives

/// The way to an endpoint, owned by the thread of its bus.
public protocol FieldDial: AnyObject {
  /// Opens the way within a time and returns a connected, non-blocking stream socket, which the
  /// caller closes; or throws `unreachable` or `timeout`.
  func open(timeout: Duration) throws(BusFault) -> Int32

  /// The socket was closed: lets go of whatever stands behind it.
  func close()

  /// Why the far side broke the way, when it is known better here than at the socket.
  var causeOfEnd: String? { get }
}

/// The straight way: TCP to a host name, an IPv4 or an IPv6 address.
public final class TCPDial: FieldDial {
  private let host: String
  private let port: UInt16
  private var lookup: NameLookup?

  /// A way that is not open yet.
  public init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Host and port as one writes them: `plc.lan:502`, `[fd00::5]:502`.
  public static func text(host: String, port: UInt16) -> String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  public func open(timeout: Duration) throws(BusFault) -> Int32 {
    let deadline = Deadline(after: timeout)
    let endpoint = Self.text(host: host, port: port)
    guard (1...ModbusLimits.hostBytes).contains(host.utf8.count), !host.utf8.contains(0) else {
      throw .unreachable("connecting to \(endpoint): this is no host name or address")
    }
    let found = try addresses(until: deadline)
    var failure: BusFault = .timeout
    for (index, address) in found.enumerated() {
      switch TCPSocket.connect(address, until: deadline.share(among: found.count - index)) {
      case .connected(let socket): return socket
      case .timedOut: continue
      case .failed(let cause):
        failure = .unreachable("connecting to \(endpoint): \(cause)")
      }
    }
    throw failure
  }

  public func close() {}

  public var causeOfEnd: String? { nil }

  private func addresses(until deadline: Deadline) throws(BusFault) -> [SocketAddress] {
    if let known = NameLookup.numeric(host: host, port: port) { return known }
    let question = if let lookup { lookup } else { try NameLookup(host: host, port: port) }
    lookup = question
    guard let answer = question.wait(until: deadline) else { throw .timeout }
    lookup = nil
    switch answer {
    case .addresses(let found): return found
    case .failure(let cause): throw .unreachable("looking up \(host): \(cause)")
    }
  }
}
