// The plain way to an endpoint over TCP, with the name looked up each time it is opened.

import Glibc
import Polling
import Primitives

/// Connects to a host and a port; all addresses of a name share the one deadline.
final class TCPDial: FieldDial {
  private let host: String
  private let port: UInt16
  private var lookup: NameLookup?

  init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  func open(timeout: Duration) throws(BusFault) -> Int32 {
    guard (1...ModbusLimits.hostBytes).contains(host.utf8.count), !host.utf8.contains(0) else {
      throw .unreachable("connecting to \(endpoint): this is no host name or address")
    }
    let deadline = Deadline(after: timeout)
    var failure: BusFault = .timeout
    for address in try addresses(until: deadline) {
      switch TCPSocket.connect(address, until: deadline) {
      case .connected(let socket): return socket
      case .timedOut: continue
      case .failed(let cause): failure = .unreachable("connecting to \(endpoint): \(cause)")
      }
    }
    throw failure
  }

  func close() {}

  var causeOfEnd: String? { nil }

  private var endpoint: String {
    BusLine.tcp(host: host, port: port).text
  }

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
