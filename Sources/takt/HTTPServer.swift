// A small HTTP server: one thread, poll(2), a bounded number of connections.
//
// Invariants
// - With all places taken the client that has been silent longest makes room for a new one; when
//   none can be spared, further clients wait in the kernel.
// - It waits only in `turn`, which ends at a client's deadline, at the caller's descriptor or
//   deadline, or when a client speaks.

import LinuxEdge
import OpenSSLEdge
import Primitives

/// A listening server over whatever desk answers.
struct HTTPServer<Desk: HTTPDesk & ~Copyable>: ~Copyable {
  private let context: TLSServerContext?
  private let listener: TCPListener
  private(set) var desk: Desk
  private var connections: [ServerConnection] = []
  private let limits: ServerLimits
  private let delay: Duration
  private let clock = SystemClock()

  /// Without a context it speaks plain HTTP.
  init(
    listener: consuming TCPListener, context: consuming TLSServerContext?,
    desk: consuming Desk, limits: ServerLimits, delay: Duration = .zero
  ) {
    self.listener = listener
    self.context = context
    self.desk = desk
    self.limits = limits
    self.delay = delay
  }

  /// The port that was bound.
  var port: UInt16 { listener.port }

  /// Whether every answer is out.
  var isQuiet: Bool { connections.allSatisfy { !$0.wantsToWrite && $0.wantsToRead } }

  /// Waits for clients, for another descriptor or for a deadline, and serves.
  mutating func turn(beside other: Int32, until end: Instant, tell: (String) -> Void) {
    var set = PollSet()
    set.add(other, reading: true)
    let hasRoom =
      connections.count < limits.connections || connections.contains(where: \.wantsToRead)
    let door = set.add(listener.descriptor, reading: hasRoom)
    for connection in connections {
      set.add(
        connection.socket.number, reading: connection.wantsToRead,
        writing: connection.wantsToWrite, leaving: connection.isHolding)
    }
    set.wait(until: min(end, connections.map(\.deadline).min() ?? .distantFuture))
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
    for _ in 0..<limits.connections {
      do {
        guard let socket = try listener.accept() else { return }
        if connections.count >= limits.connections { makeRoom() }
        connections.append(ServerConnection(socket, try session(), limits, now: now))
      } catch {
        tell("✗ \(error)")
        return
      }
    }
  }

  private func session() throws(TLSSettingsFault) -> ServerSession {
    switch context {
    case .some(let context): ServerSession(try TLSServerSession(context))
    case nil: ServerSession()
    }
  }
}
