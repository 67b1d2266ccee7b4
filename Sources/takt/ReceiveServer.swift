// The loop of the bench receiver.
//
// It ends on SIGTERM or SIGINT, or when the file holds as many events as asked for and every
// answer is out.

import LinuxEdge
import OpenSSLEdge
import Primitives

/// A listening receiver.
struct ReceiveServer: ~Copyable {
  private var signals: SignalDescriptor
  private var server: HTTPServer<ReceiveDesk>

  init(
    address: HostAndPort, context: consuming TLSServerContext, desk: consuming ReceiveDesk,
    delay: Duration
  ) throws(CommandFault) {
    let signals = try asking(.internal) { () throws(LinuxFault) in try SignalDescriptor() }
    let listener = try asking(.network) { () throws(LinuxFault) in try TCPListener(address) }
    self.signals = signals
    server = HTTPServer(
      listener: listener, context: context, desk: desk, limits: ReceiveLimits.server,
      delay: delay)
  }

  /// The port that was bound.
  var port: UInt16 { server.port }

  /// The sums so far.
  var tally: ReceiveTally { server.desk.ledger.tally }

  /// Serves until it is told to end, or the file holds `limit` events.
  mutating func run(until limit: Int?, tell: (String) -> Void) {
    while true {
      if signals.next() != nil { return }
      let isFull = limit.map { server.desk.ledger.count >= $0 } ?? false
      if isFull, server.isQuiet { return }
      server.turn(beside: signals.descriptor, until: .distantFuture, tell: tell)
    }
  }
}
