// The Modbus server against raw clients: it reads only, serves many and cannot be held up.

import Glibc
import ModbusEdge
import Testing

private let memory = ModbusMemory(holding: .init([0x1234, 0x5678]))

private func frame(_ function: UInt8, _ rest: [UInt8], unit: UInt8 = 1) -> [UInt8] {
  [0, 42, 0, 0, 0, UInt8(rest.count + 2), unit, function] + rest
}

@Suite struct ModbusServerTests {
  @Test func `several clients and several units are told apart`() throws {
    let server = try ServerPeer { .memory(ModbusMemory(holding: .init([UInt16($0)]))) }
    let clients = (0..<20).map { _ in connectRaw(server.port) }
    for (index, client) in clients.enumerated() {
      let unit = UInt8(index + 1)
      #expect(sendAll(client, frame(3, [0, 0, 0, 1], unit: unit)))
      #expect(receive(client, count: 11) == [0, 42, 0, 0, 0, 5, unit, 3, 2, 0, unit])
    }
    server.perform { #expect($0.clientCount == 20) }
    for client in clients { close(client) }
    server.stop()
  }

  static let refused: [(name: String, bytes: [UInt8], code: UInt8)] = [
    ("write single coil", frame(5, [0, 0, 0xFF, 0]), 1),
    ("write single register", frame(6, [0, 0, 0, 1]), 1),
    ("write coils", frame(15, [0, 0, 0, 1, 1, 1]), 1),
    ("write registers", frame(16, [0, 0, 0, 1, 2, 0, 9]), 1),
    ("mask write", frame(22, [0, 0, 0, 1, 0, 9]), 1),
    ("read device identification", frame(43, [14, 1, 0]), 1),
    ("no register", frame(3, [0, 0, 0, 0]), 3),
    ("126 registers", frame(3, [0, 0, 0, 126]), 3),
    ("2001 bits", frame(1, [0, 0, 7, 0xD1]), 3),
    ("beyond the memory", frame(3, [0, 1, 0, 2]), 2),
  ]

  @Test(arguments: 0..<refused.count)
  func `what is not a good read is refused, and the next read is answered`(_ index: Int) throws {
    let (name, bytes, code) = Self.refused[index]
    let server = try ServerPeer { _ in .memory(memory) }
    let client = connectRaw(server.port)
    #expect(sendAll(client, bytes))
    #expect(
      receive(client, count: 9) == [0, 42, 0, 0, 0, 3, 1, bytes[7] | 0x80, code], "\(name)")
    #expect(sendAll(client, frame(3, [0, 0, 0, 2])))
    #expect(
      receive(client, count: 13) == [0, 42, 0, 0, 0, 7, 1, 3, 4, 0x12, 0x34, 0x56, 0x78])
    close(client)
    server.stop()
  }

  @Test func `a client that stops within a request is dropped, the others are served`() throws {
    let server = try ServerPeer { _ in .memory(memory) }
    let half = connectRaw(server.port)
    let whole = connectRaw(server.port)
    #expect(sendAll(half, [0, 1, 0, 0, 0]))
    #expect(receive(half, count: 1) == nil)
    #expect(sendAll(whole, frame(3, [0, 0, 0, 1])))
    #expect(receive(whole, count: 11)?.suffix(2) == [0x12, 0x34])
    server.perform { #expect($0.clientCount == 1) }
    close(half)
    close(whole)
    server.stop()
  }

  @Test func `one client too many is turned away`() throws {
    let server = try ServerPeer { _ in .memory(memory) }
    let clients = (0..<33).map { _ in connectRaw(server.port) }
    #expect(receive(clients[32], count: 1) == nil)
    server.perform { #expect($0.clientCount == 32) }
    for client in clients { close(client) }
    server.stop()
  }

  @Test func `a taken port is a fault that names it`() throws {
    let server = try ServerPeer { _ in .silent }
    let port = server.port
    #expect(
      throws: ModbusServerFault(
        description: "listening on 127.0.0.1:\(port): address already in use")
    ) { _ = try ModbusServer(host: "127.0.0.1", port: port) }
    server.stop()
  }
}
