// The control socket: one line of question, one answer, and the connection ends.
//
// Invariants
// - The owner polls one descriptor (an epoll instance) and calls `turn`; nothing here ever waits.
// - At most `LinuxLimits.controlConnections` at once; the oldest makes room, so a client that says
//   nothing cannot lock others out.
// - Who asks is told by the kernel (SO_PEERCRED), not by the asker.
// - A socket file left behind by a crash is removed only when nobody answers on it.

import CLinux
import Glibc

/// The address of a socket in the file system.
enum UnixAddress {
  /// Calls with the address of a path; a leading "@" names an abstract socket.
  @discardableResult
  static func with<Result: BinaryInteger>(
    _ path: String, _ operation: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) throws(LinuxFault) -> Result {
    var name = Array(path.utf8)
    guard !name.isEmpty, name.count <= LinuxLimits.socketPathBytes, !name.contains(0) else {
      throw LinuxFault(
        operation, reason: "the path must have 1 to \(LinuxLimits.socketPathBytes) bytes")
    }
    let isAbstract = name[0] == UInt8(ascii: "@")
    if isAbstract { name[0] = 0 }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let size = MemoryLayout<sa_family_t>.size + name.count + (isAbstract ? 0 : 1)
    return try attempt(operation) {
      withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, socklen_t(size)) }
      }
    }
  }

  static func socket(_ type: __socket_type, flags: UInt32 = 0) throws(LinuxFault) -> Descriptor {
    let kind = Int32(type.rawValue | SOCK_CLOEXEC.rawValue | flags)
    return Descriptor(owning: try attempt("making a socket") { Glibc.socket(AF_UNIX, kind, 0) })
  }
}

/// Answers one-line questions of local programs. Wraps epoll(7) over unix(7).
public struct UnixSocketServer: ~Copyable {
  private struct Connection: ~Copyable {
    let socket: Descriptor
    /// The user who connected; nil when the kernel did not say.
    let user: UInt32?
    var question: [UInt8] = []
    /// What is left to send; nil until the question is complete.
    var answer: ArraySlice<UInt8>?
  }

  private let listener: Descriptor
  private let events: Descriptor
  private let path: String
  private var connections: [Int32: ConnectionBox] = [:]
  private var order: [Int32] = []

  private final class ConnectionBox {
    var connection: Connection
    init(_ socket: consuming Descriptor) {
      let user = Self.user(of: socket.number)
      connection = Connection(socket: socket, user: user)
    }

    private static func user(of socket: Int32) -> UInt32? {
      var peer = takt_peer()
      guard takt_peer_of(socket, &peer) == 0 else { return nil }
      return peer.user
    }
  }

  /// Binds the path with a mode (0660: the owner and the group may ask).
  public init(path: String, mode: UInt32 = 0o660) throws(LinuxFault) {
    let operation = "opening control socket \(path)"
    try Self.removeStale(path, operation)
    let listener = try UnixAddress.socket(SOCK_STREAM, flags: SOCK_NONBLOCK.rawValue)
    // Before bind(2), so that the file is never open to more than the mode says.
    try attempt(operation) { fchmod(listener.number, mode_t(mode)) }
    try UnixAddress.with(path, operation) { bind(listener.number, $0, $1) }
    try attempt(operation) { chmod(path, mode_t(mode)) }
    try attempt(operation) { listen(listener.number, LinuxLimits.listenBacklog) }
    let events = Descriptor(owning: try attempt(operation) { epoll_create1(Int32(O_CLOEXEC)) })
    try attempt(operation) {
      takt_epoll_add(events.number, listener.number, UInt32(POLLIN))
    }
    self.listener = listener
    self.events = events
    self.path = path
  }

  deinit { unlink(path) }

  /// The number to poll for reading: readable when `turn` has something to do.
  public var descriptor: Int32 { events.number }

  /// Moves every connection as far as it goes without waiting.
  public mutating func turn(_ answer: (String) -> [UInt8]) {
    turn { line, _ in answer(line) }
  }

  /// The same, telling also which user asks; nil when the kernel did not say.
  public mutating func turn(_ answer: (String, UInt32?) -> [UInt8]) {
    acceptAll()
    for number in order { if !move(number, answer) { drop(number) } }
  }

  private mutating func acceptAll() {
    let number = listener.number
    while let accepted = try? attemptNow("accepting", { takt_accept(number) }) {
      if order.count >= LinuxLimits.controlConnections { drop(order[0]) }
      connections[accepted] = ConnectionBox(Descriptor(owning: accepted))
      order.append(accepted)
      _ = takt_epoll_add(events.number, accepted, UInt32(POLLIN))
    }
  }

  private mutating func drop(_ number: Int32) {
    order.removeAll { $0 == number }
    connections[number] = nil
  }

  /// False when the connection is done with.
  private func move(_ number: Int32, _ answer: (String, UInt32?) -> [UInt8]) -> Bool {
    guard let box = connections[number] else { return false }
    if box.connection.answer == nil {
      guard listenTo(&box.connection, answer) else { return false }
      guard box.connection.answer != nil else { return true }
      _ = takt_epoll_change(events.number, number, UInt32(POLLOUT))
    }
    while let rest = box.connection.answer, !rest.isEmpty {
      guard let count = try? box.connection.socket.write(rest) else { return false }
      if count == 0 { return true }
      box.connection.answer = rest.dropFirst(count)
    }
    return false
  }

  private func listenTo(_ connection: inout Connection, _ answer: (String, UInt32?) -> [UInt8])
    -> Bool
  {
    while true {
      guard let result = try? connection.socket.read() else { return false }
      switch result {
      case .notNow: return true
      case .end: return false
      case .bytes(let bytes):
        connection.question.append(contentsOf: bytes)
        if let end = connection.question.firstIndex(of: 10) {
          let line = String(decoding: connection.question[..<end], as: UTF8.self)
          connection.answer = answer(line, connection.user)[...]
          return true
        }
        guard connection.question.count <= LinuxLimits.controlRequestBytes else { return false }
      }
    }
  }

  private static func removeStale(_ path: String, _ operation: String) throws(LinuxFault) {
    guard let status = try Files.status(path) else { return }
    guard status.kind == .socket else {
      throw LinuxFault(operation, reason: "the path names something that is no socket")
    }
    let probe = try UnixAddress.socket(SOCK_STREAM, flags: SOCK_NONBLOCK.rawValue)
    do {
      try UnixAddress.with(path, operation) { connect(probe.number, $0, $1) }
    } catch {
      // Only a refusal proves that nobody listens any more.
      if error.code == ECONNREFUSED { return try Files.remove(path) }
      if error.code == ENOENT { return }
      if error.code != EAGAIN { throw error }
    }
    throw LinuxFault(operation, reason: "another takt answers there; stop it first")
  }
}
