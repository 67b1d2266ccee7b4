// The plain way to an endpoint over TCP, with the name looked up each time it is opened.
//
// Invariants
// - Opening ends by its deadline, whatever the peer and the name server do; all addresses of a name
//   share it, so that one that swallows everything leaves time for the next.

public import Polling
import Primitives

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

  public func open(timeout: Duration) throws(BusFault) -> Int32 {
    let deadline = Deadline(after: timeout)
    let endpoint = BusLine.tcp(host: host, port: port).text
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
