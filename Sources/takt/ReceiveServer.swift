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
    do throws(LinuxFault) {
      signals = try SignalDescriptor()
    } catch {
      throw CommandFault(.internal, error.description)
    }
    do throws(LinuxFault) {
      server = try HTTPServer(
        address: address, context: context, desk: desk, limits: ReceiveLimits.server,
        delay: delay)
    } catch {
      throw CommandFault(.network, error.description)
    }
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
