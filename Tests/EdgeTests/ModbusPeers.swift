// The other ends of the Modbus tests: our server in a thread of its own, a peer on a raw socket
// that misbehaves by script, and a raw client. All wait for bytes or for each other, never for a
// clock.

import Dispatch
import Glibc
import ModbusEdge
import Polling
import Primitives
import Synchronization

/// A Modbus server that lives in its own thread; orders are carried out before `perform` returns.
final class ServerPeer: Sendable {
  typealias Order = @Sendable (inout ModbusServer) -> Void

  let port: UInt16
  private let orders = Mutex<[Order]>([])
  private let wake: (read: Int32, write: Int32)
  private let over = DispatchSemaphore(value: 0)
  private let isOver = Mutex(false)

  /// A peer that lets go of its port for a while wants an address of its own, so that nobody else
  /// is given that port meanwhile.
  init(
    host: String = "127.0.0.1", _ respond: @escaping @Sendable (UInt8) -> ModbusReply
  ) throws {
    let first = try ModbusServer(host: host, port: 0)
    let pipe = makePipe()
    wake = pipe
    port = first.port
    let box = ServerBox(first)
    Thread.start { [self] in
      var server = box.take()
      while !isOver.withLock({ $0 }) {
        guard server.serve(atMost: .seconds(60), wake: pipe.read, respond: respond) == .woken
        else { continue }
        var byte: UInt8 = 0
        _ = read(pipe.read, &byte, 1)
        for order in orders.withLock({ take(&$0) }) { order(&server) }
      }
      over.signal()
    }
  }

  func perform(_ order: @escaping Order) {
    let done = DispatchSemaphore(value: 0)
    orders.withLock {
      $0.append {
        order(&$0)
        done.signal()
      }
    }
    _ = write(wake.write, "x", 1)
    done.wait()
  }

  /// Ends the thread and gives every descriptor back.
  func stop() {
    isOver.withLock { $0 = true }
    _ = write(wake.write, "x", 1)
    over.wait()
    close(wake.read)
    close(wake.write)
  }
}

private func take<Element>(_ list: inout [Element]) -> [Element] {
  defer { list.removeAll() }
  return list
}

/// Carries the server into its thread.
private final class ServerBox: Sendable {
  private let content: Mutex<ModbusServer?>

  init(_ server: consuming sending ModbusServer) { content = Mutex(server) }

  func take() -> ModbusServer {
    content.withLock { content in
      guard let server = content.take() else { preconditionFailure("taken twice") }
      return server
    }
  }
}

enum Thread {
  static func start(_ body: @escaping @Sendable () -> Void) {
    DispatchQueue(label: "peer").async(execute: body)
  }
}

func makePipe() -> (read: Int32, write: Int32) {
  var ends: [Int32] = [-1, -1]
  precondition(pipe(&ends) == 0)
  return (ends[0], ends[1])
}

/// What a hostile peer does about one request.
enum Reaction: Sendable {
  case send([UInt8])
  case silence
  /// Closes in good order.
  case close
  /// Closes with a reset.
  case reset
  /// Sends these bytes again and again until the other side gives up.
  case babble([UInt8])
  /// Does this with the socket; false ends the connection.
  case act(@Sendable (Int32) -> Bool)
}

/// A peer on a raw socket; the script is told the number of the request and its twelve bytes.
final class HostilePeer: Sendable {
  typealias Script = @Sendable (_ number: Int, _ request: [UInt8]) -> Reaction

  let port: UInt16
  private let listener: Int32
  private let ended = DispatchSemaphore(value: 0)

  init(_ script: @escaping Script) {
    listener = listen(backlog: 4)
    port = boundPort(listener)
    let listener = listener
    let ended = ended
    Thread.start {
      var number = 0
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { break }
        Self.serve(client, &number, script)
      }
      ended.signal()
    }
  }

  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    ended.wait()
    close(listener)
  }

  private static func serve(_ client: Int32, _ number: inout Int, _ script: Script) {
    while let request = receive(client, count: 12) {
      number += 1
      switch script(number, request) {
      case .silence: continue
      case .send(let bytes): _ = sendAll(client, bytes)
      case .babble(let bytes): while sendAll(client, bytes) {}
      case .act(let act):
        guard act(client) else {
          close(client)
          return
        }
      case .close:
        close(client)
        return
      case .reset:
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(client, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close(client)
        return
      }
    }
    close(client)
  }
}

/// A correct answer to a request for registers: all of them show `value`.
func answer(_ request: [UInt8], value: UInt16, unit: UInt8? = nil) -> [UInt8] {
  let count = Int(request[10]) << 8 | Int(request[11])
  let values = (0..<count).flatMap { _ in [UInt8(value >> 8), UInt8(value & 255)] }
  return Array(request[0..<2]) + [0, 0] + [UInt8((values.count + 3) >> 8)]
    + [UInt8((values.count + 3) & 255), unit ?? request[6], request[7], UInt8(values.count)]
    + values
}

// MARK: - Raw sockets

func loopback(_ port: UInt16) -> sockaddr_in {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  return address
}

func withAddress<Result>(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result)
  -> Result
{
  var address = loopback(port)
  return withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
}

func rawSocket() -> Int32 {
  socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
}

func listen(backlog: Int32) -> Int32 {
  let listener = rawSocket()
  precondition(withAddress(0) { bind(listener, $0, $1) } == 0)
  precondition(Glibc.listen(listener, backlog) == 0)
  return listener
}

func boundPort(_ listener: Int32) -> UInt16 {
  var address = sockaddr_in()
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      _ = getsockname(listener, $0, &length)
    }
  }
  return UInt16(bigEndian: address.sin_port)
}

func connectRaw(_ port: UInt16) -> Int32 {
  let client = rawSocket()
  precondition(withAddress(port) { connect(client, $0, $1) } == 0)
  return client
}

func sendAll(_ client: Int32, _ bytes: [UInt8]) -> Bool {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    guard count > 0 else { return false }
    rest = rest.dropFirst(count)
  }
  return true
}

/// Exactly `count` bytes, or nil when the peer has closed.
func receive(_ client: Int32, count: Int) -> [UInt8]? {
  var bytes = [UInt8](repeating: 0, count: count)
  var have = 0
  while have < count {
    let got = bytes.withUnsafeMutableBytes { recv(client, $0.baseAddress! + have, count - have, 0) }
    guard got > 0 else { return nil }
    have += got
  }
  return bytes
}
