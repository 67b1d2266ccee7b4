// The loop of the bench receiver: one thread, poll(2), many connections.
//
// Invariants
// - Ends on SIGTERM or SIGINT, or when the file holds as many events as asked for and every answer
//   is out.
// - With all places taken the client that has been silent longest makes room for a new one; when
//   none can be spared, further clients wait in the kernel.

import LinuxEdge
import OpenSSLEdge
import Primitives

/// A listening receiver.
struct ReceiveServer: ~Copyable {
  private let context: TLSServerContext
  private let listener: TCPListener
  private var signals: SignalDescriptor
  private var desk: ReceiveDesk
  private var connections: [ReceiveConnection] = []
  private let delay: Duration
  private let clock = SystemClock()

  init(
    address: HostAndPort, context: consuming TLSServerContext, desk: consuming ReceiveDesk,
    delay: Duration
  ) throws(CommandFault) {
    let signals = try asking(.internal) { () throws(LinuxFault) in try SignalDescriptor() }
    let listener = try asking(.network) { () throws(LinuxFault) in try TCPListener(address) }
    self.signals = signals
    self.listener = listener
    self.context = context
    self.desk = desk
    self.delay = delay
  }

  /// The port that was bound.
  var port: UInt16 { listener.port }

  /// The sums so far.
  var tally: ReceiveTally { desk.ledger.tally }

  /// Serves until it is told to end, or the file holds `limit` events.
  mutating func run(until limit: Int?, tell: (String) -> Void) {
    while true {
      if signals.next() != nil { return }
      let isFull = limit.map { desk.ledger.count >= $0 } ?? false
      if isFull, connections.allSatisfy({ !$0.wantsToWrite && $0.wantsToRead }) { return }
      turn(tell)
    }
  }

  private mutating func turn(_ tell: (String) -> Void) {
    var set = PollSet()
    set.add(signals.descriptor, reading: true)
    let hasRoom =
      connections.count < ReceiveLimits.connections
      || connections.contains(where: \.wantsToRead)
    let door = set.add(listener.descriptor, reading: hasRoom)
    for connection in connections {
      set.add(
        connection.socket.number, reading: connection.wantsToRead,
        writing: connection.wantsToWrite, leaving: connection.isHolding)
    }
    set.wait(until: connections.map(\.deadline).min() ?? .distantFuture)
    let now = clock.now()
    for (index, connection) in connections.enumerated() {
      connection.turn(
        now: now, isReadable: set.isReadable(door + 1 + index), delay: delay, desk: &desk,
        tell: tell)
    }
    connections.removeAll { $0.phase == .done }
    if set.isReadable(door) { accept(now: now, tell) }
  }

  /// Drops the client that has been silent longest, of those that wait for nothing from us.
  private mutating func makeRoom() {
    let silent = connections.indices.filter { connections[$0].wantsToRead }
    guard let oldest = silent.min(by: { connections[$0].heardAt < connections[$1].heardAt })
    else { return }
    connections.remove(at: oldest)
  }

  private mutating func accept(now: Instant, _ tell: (String) -> Void) {
    for _ in 0..<ReceiveLimits.connections {
      do {
        guard let socket = try listener.accept() else { return }
        if connections.count >= ReceiveLimits.connections { makeRoom() }
        connections.append(try ReceiveConnection(socket, context, now: now))
      } catch {
        tell("✗ \(error)")
        return
      }
    }
  }
}
