// Devices of Modbus/TCP Security: TLS in front of a plain Modbus peer, whether honest or hostile,
// and the link to it as the program makes it.

import Dispatch
import Glibc
import LinuxEdge
import ModbusEdge
import OpenSSLEdge
import Polling
import Primitives
import Synchronization

@testable import takt

/// TLS before a peer on this machine: deciphers what clients say, enciphers what the peer answers.
final class TLSFront: Sendable {
  enum Order: Sendable {
    /// Nothing listens and every connection is reset, as when the power goes.
    case off
    case on
    /// Ends every connection with a farewell, or without one.
    case farewell, cut
    case stop
  }

  let host: String
  let port: UInt16
  /// Deciphered bytes that clients sent, over all connections.
  let heard = Mutex(0)
  private let orders = Mutex<[Order]>([])
  private let wake = makePipe()
  private let done = DispatchSemaphore(value: 0)

  /// Listens on a loopback address of its own choice.
  init(
    _ files: PeerFiles, before backend: UInt16, clientCA: String? = nil,
    host: String = "127.0.0.1"
  ) throws {
    let context = try TLSServerContext(
      certificateFile: files.certificate, keyFile: files.key, clientCAFile: clientCA)
    self.host = host
    let listener = listen(on: host, port: 0)
    port = boundPort(listener)
    let state = FrontState(context, listener, backend)
    let box = Handover(state)
    Thread.start { [self] in
      guard let state = box.take() else { return }
      while serve(state) {}
    }
  }

  /// Has an order carried out and waits for that.
  func perform(_ order: Order) {
    orders.withLock { $0.append(order) }
    _ = write(wake.write, "x", 1)
    done.wait()
  }

  /// Ends the thread and gives every descriptor back.
  func stop() {
    perform(.stop)
    close(wake.read)
    close(wake.write)
  }

  /// One round of the thread; false after the last one.
  private func serve(_ state: FrontState) -> Bool {
    var entries = [wake.read, state.listener].map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    for client in state.clients {
      entries.append(pollfd(fd: client.socket, events: Int16(POLLIN), revents: 0))
      entries.append(pollfd(fd: client.plain, events: Int16(POLLIN), revents: 0))
    }
    _ = poll(&entries, nfds_t(entries.count), -1)
    if entries[0].revents != 0 {
      var byte: UInt8 = 0
      _ = read(wake.read, &byte, 1)
      let order = orders.withLock { $0.removeFirst() }
      state.perform(order, host: host, port: port)
      done.signal()
      return order != .stop
    }
    for (index, client) in state.clients.enumerated() {
      if entries[2 + 2 * index].revents != 0, client.isOpen { client.decipher(heard) }
      if entries[3 + 2 * index].revents != 0, client.isOpen { client.encipher() }
    }
    state.clients.removeAll { !$0.isOpen }
    if entries[1].revents != 0 { state.accept() }
    return true
  }
}

/// What the thread of a front owns.
private final class FrontState {
  let context: TLSServerContext
  let backend: UInt16
  var listener: Int32
  var clients: [FrontClient] = []

  init(_ context: consuming TLSServerContext, _ listener: Int32, _ backend: UInt16) {
    self.context = context
    self.listener = listener
    self.backend = backend
  }

  func accept() {
    let socket = Glibc.accept(listener, nil, nil)
    guard socket >= 0 else { return }
    guard let session = try? TLSServerSession(context) else { preconditionFailure("no session") }
    clients.append(FrontClient(socket, connectRaw(backend), session))
  }

  func perform(_ order: TLSFront.Order, host: String, port: UInt16) {
    switch order {
    case .on: listener = listen(on: host, port: port)
    case .farewell: for client in clients { client.end(saying: true) }
    case .cut: for client in clients { client.end(saying: false) }
    case .off, .stop:
      for client in clients {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
          client.socket, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        client.end(saying: false)
      }
      if listener >= 0 { close(listener) }
      listener = -1
    }
    clients.removeAll { !$0.isOpen }
  }
}

/// One client with its own connection to the peer behind.
private final class FrontClient {
  let socket: Int32
  let plain: Int32
  var isOpen = true
  var session: TLSServerSession

  init(_ socket: Int32, _ plain: Int32, _ session: consuming TLSServerSession) {
    (self.socket, self.plain) = (socket, plain)
    self.session = session
  }

  func decipher(_ heard: borrowing Mutex<Int>) {
    guard let bytes = readSome(socket) else { return end(saying: false) }
    session.feed(bytes)
    let said = session.takePlain()
    heard.withLock { $0 += said.count }
    guard sendAll(socket, session.takeOutput()), sendAll(plain, said), !session.ended else {
      return end(saying: false)
    }
  }

  func encipher() {
    guard let bytes = readSome(plain) else { return end(saying: true) }
    session.write(bytes)
    guard sendAll(socket, session.takeOutput()) else { return end(saying: false) }
  }

  func end(saying farewell: Bool) {
    if farewell {
      session.finish()
      _ = sendAll(socket, session.takeOutput())
    }
    close(socket)
    close(plain)
    isOpen = false
  }
}

/// Carries something into another thread, once.
private final class Handover<Content>: @unchecked Sendable {
  private var content: Content?

  init(_ content: Content) { self.content = content }

  func take() -> Content? {
    defer { content = nil }
    return content
  }
}

/// A listening socket on an IPv4 address.
func listen(on host: String, port: UInt16) -> Int32 {
  let listener = rawSocket()
  var yes: Int32 = 1
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
  var address = loopback(port)
  precondition(inet_pton(AF_INET, host, &address.sin_addr) == 1)
  let isBound = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
  precondition(isBound && Glibc.listen(listener, 8) == 0)
  return listener
}

extension Plant {
  /// The link to a device, as the program makes it from its configuration.
  func bus(
    _ port: UInt16, as client: PeerFiles? = nil, host: String = "127.0.0.1",
    name: String = "mes.example"
  ) -> ModbusTCPBus {
    let identity = TLSIdentity(
      caFile: caFile, certificateFile: client?.certificate, keyFile: client?.key, serverName: name)
    return ModbusTCPBus(
      host: host, port: port,
      through: SecureDial(host: host, port: port, identity: identity, clock: SystemClock()))
  }
}

extension ModbusTCPBus {
  /// What opening gives: nil, or its fault.
  mutating func opening(within timeout: Duration = .seconds(20)) -> BusFault? {
    do throws(BusFault) {
      try open(timeout: timeout)
      return nil
    } catch {
      return error
    }
  }

  /// What one read of holding registers gives: its values, or its fault.
  mutating func reading(
    _ start: UInt16 = 0, _ count: UInt16 = 2, unit: UInt8 = 7, within milliseconds: Int = 5000
  ) -> Result<[UInt16], BusFault> {
    reading(
      ReadRequest(
        unitAddress: unit, table: .holding, start: start, count: count,
        timeout: .milliseconds(milliseconds)))
  }
}

extension FieldBus where Self: ~Copyable {
  /// What one read gives: its values, or its fault.
  mutating func reading(_ request: ReadRequest) -> Result<[UInt16], BusFault> {
    var words: [UInt16] = []
    do throws(BusFault) {
      try read(request, into: &words)
      return .success(words)
    } catch {
      return .failure(error)
    }
  }
}

extension BusFault {
  /// The sentence of a fault that has one.
  var sentence: String {
    switch self {
    case .unreachable(let text), .broken(let text), .garbage(let text): text
    case .timeout: "timeout"
    case .exception(let code): "exception \(code)"
    }
  }
}

extension Result where Failure == BusFault {
  var sentence: String { if case .failure(let fault) = self { fault.sentence } else { "success" } }
  var breaksLink: Bool { if case .failure(.broken) = self { true } else { false } }
  var isNoAnswer: Bool { if case .failure(.garbage) = self { true } else { false } }
}
