// A Modbus TCP server for simulators and tests: many clients, many units, one thread, read only.
//
// Invariants
// - Function codes 1 to 4 are answered, every other one gets exception 1: nobody can write here.
// - Counts are checked before libmodbus sees them: modbus_reply(3) sleeps for its response timeout
//   on a count that is out of range.
// - A client that stops in the middle of a request is dropped after
//   `ModbusLimits.serverReceiveMicroseconds`; it cannot hold up the others for longer.
// - While switched off nothing listens, so that connecting is refused; switching on takes the
//   same port again.

import CModbus
import Glibc
import Primitives

/// Why a server cannot listen.
public struct ModbusServerFault: Error, Equatable, Sendable, CustomStringConvertible {
  public var description: String

  /// A fault with its sentence.
  public init(description: String) { self.description = description }
}

/// A Modbus TCP server that one thread turns.
public struct ModbusServer: ~Copyable, @unchecked Sendable {
  /// Why a turn ended.
  public enum Turn: Equatable, Sendable {
    /// The time was over.
    case idle
    /// Something was accepted, answered or dropped.
    case served
    /// The descriptor given to wake the server became readable.
    case woken
  }

  public let host: String
  /// The port that clients connect to; never 0.
  public let port: UInt16
  private let context: OpaquePointer
  private var listener: Int32?
  private var clients: [Int32] = []
  private var request = [UInt8](repeating: 0, count: ModbusLimits.frameBytes)
  /// Requests answered so far, those with an exception included.
  public private(set) var answered = 0

  /// Listens; port 0 picks a free one.
  public init(host: String, port: UInt16) throws(ModbusServerFault) {
    let socket = try ListeningSocket.open(host: host, port: port)
    guard let created = modbus_new_tcp_pi(host, String(port)) else {
      Glibc.close(socket)
      throw ModbusServerFault(description: "listening on \(host): this is no host or address")
    }
    modbus_set_byte_timeout(created, 0, 0)
    modbus_set_indication_timeout(created, 0, ModbusLimits.serverReceiveMicroseconds)
    self.host = host
    self.port = ListeningSocket.port(of: socket)
    context = created
    listener = socket
  }

  deinit {
    for client in clients { Glibc.close(client) }
    if let listener { Glibc.close(listener) }
    modbus_free(context)
  }

  /// Whether it listens.
  public var isOn: Bool { listener != nil }

  /// How many clients are connected.
  public var clientCount: Int { clients.count }

  /// Listens again on the same port; does nothing when it listens.
  public mutating func switchOn() throws(ModbusServerFault) {
    guard listener == nil else { return }
    listener = try ListeningSocket.open(host: host, port: port)
  }

  /// Stops listening and resets every connection, as a PLC that loses its power.
  public mutating func switchOff() {
    dropClients()
    if let listener { Glibc.close(listener) }
    listener = nil
  }

  /// Resets every connection.
  public mutating func dropClients() {
    for client in clients {
      // Reset rather than closed in good order: nothing is left in TIME_WAIT on our port.
      var now = linger(l_onoff: 1, l_linger: 0)
      setsockopt(client, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
      Glibc.close(client)
    }
    clients.removeAll(keepingCapacity: true)
  }

  /// Waits at most `timeout` for something to do and does it. poll(2), modbus_receive(3)
  public mutating func serve(
    atMost timeout: Duration, wake: Int32 = -1, respond: (_ unit: UInt8) -> ModbusReply
  ) -> Turn {
    var entries = clients.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    entries.append(pollfd(fd: listener ?? -1, events: Int16(POLLIN), revents: 0))
    entries.append(pollfd(fd: wake, events: Int16(POLLIN), revents: 0))
    let milliseconds = Deadline(after: timeout).milliseconds()
    guard poll(&entries, nfds_t(entries.count), milliseconds) > 0 else { return .idle }
    if entries[entries.count - 1].revents != 0 { return .woken }
    for entry in entries.dropLast(2) where entry.revents != 0 {
      if !answer(entry.fd, respond) { drop(entry.fd) }
    }
    if entries[entries.count - 2].revents != 0 { accept() }
    return .served
  }

  private mutating func accept() {
    guard let listener else { return }
    let client = Glibc.accept(listener, nil, nil)
    guard client >= 0 else { return }
    guard clients.count < ModbusLimits.serverClients, client < ModbusLimits.descriptors else {
      Glibc.close(client)
      return
    }
    TCPSocket.prepare(client)
    clients.append(client)
  }

  private mutating func drop(_ client: Int32) {
    Glibc.close(client)
    clients.removeAll { $0 == client }
  }

  /// Answers one request of one client; false when the client is to be dropped.
  private mutating func answer(_ client: Int32, _ respond: (UInt8) -> ModbusReply) -> Bool {
    modbus_set_socket(context, client)
    let length = request.withUnsafeMutableBufferPointer { modbus_receive(context, $0.baseAddress) }
    guard length > 0 else { return false }
    guard length >= ModbusLimits.requestBytes || request[7] > 4 else { return false }
    answered += 1
    if let refusal {
      // The rest of a function that is not known here would be taken for the next request.
      modbus_flush(context)
      return reply(exception: refusal)
    }
    switch respond(request[6]) {
    case .silent: return true
    case .exception(let code): return reply(exception: code)
    case .memory(let memory): return reply(length, from: memory)
    }
  }

  /// The exception that a request earns by itself.
  private var refusal: UInt8? {
    guard (1...4).contains(request[7]) else { return 1 }
    let count = Int(request[10]) << 8 | Int(request[11])
    return (1...(request[7] <= 2 ? 2000 : 125)).contains(count) ? nil : 3
  }

  private func reply(exception code: UInt8) -> Bool {
    request.withUnsafeBufferPointer {
      modbus_reply_exception(context, $0.baseAddress, UInt32(code)) > 0
    }
  }

  /// Lends the four tables to modbus_reply(3), which only reads them for function codes 1 to 4.
  private func reply(_ length: Int32, from memory: ModbusMemory) -> Bool {
    var coils = memory.coils.values.map { UInt8($0 ? 1 : 0) }
    var discrete = memory.discrete.values.map { UInt8($0 ? 1 : 0) }
    var input = memory.input.values
    var holding = memory.holding.values
    return coils.withUnsafeMutableBufferPointer { coils in
      discrete.withUnsafeMutableBufferPointer { discrete in
        input.withUnsafeMutableBufferPointer { input in
          holding.withUnsafeMutableBufferPointer { holding in
            var mapping = modbus_mapping_t(
              nb_bits: Int32(coils.count), start_bits: Int32(memory.coils.start),
              nb_input_bits: Int32(discrete.count),
              start_input_bits: Int32(memory.discrete.start),
              nb_input_registers: Int32(input.count),
              start_input_registers: Int32(memory.input.start),
              nb_registers: Int32(holding.count), start_registers: Int32(memory.holding.start),
              tab_bits: coils.baseAddress, tab_input_bits: discrete.baseAddress,
              tab_input_registers: input.baseAddress, tab_registers: holding.baseAddress)
            return request.withUnsafeBufferPointer {
              modbus_reply(context, $0.baseAddress, length, &mapping) > 0
            }
          }
        }
      }
    }
  }
}
