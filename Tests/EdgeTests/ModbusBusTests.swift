// The Modbus link and the Modbus server, both over libmodbus, against each other.

import Glibc
import ModbusEdge
import Polling
import Primitives
import Testing

private func request(
  _ table: ModbusTable, _ start: UInt16, _ count: UInt16, unit: UInt8 = 1, within: Int = 5000
) -> ReadRequest {
  ReadRequest(
    unitAddress: unit, table: table, start: start, count: count, timeout: .milliseconds(within))
}

private let memory = ModbusMemory(
  holding: .init(start: 100, (0..<200).map { UInt16($0) &* 331 }),
  input: .init((0..<125).map { 1000 + $0 }),
  coils: .init((0..<2000).map { $0 % 3 == 0 }),
  discrete: .init(start: 5, [true, false, true]))

@Suite struct ModbusBusTests {
  static let reads: [(ReadRequest, [UInt16])] = [
    (request(.holding, 100, 1), [0]),
    (request(.holding, 150, 125), (50..<175).map { UInt16($0) &* 331 }),
    (request(.input, 0, 125), (1000..<1125).map { UInt16($0) }),
    (request(.coil, 0, 2000), (0..<2000).map { $0 % 3 == 0 ? 1 : 0 }),
    (request(.coil, 3, 9), [1, 0, 0, 1, 0, 0, 1, 0, 0]),
    (request(.discrete, 5, 3), [1, 0, 1]),
  ]

  @Test(arguments: 0..<reads.count)
  func `all four tables are read as they stand`(_ index: Int) throws {
    let server = try ServerPeer { _ in .memory(memory) }
    var bus = ModbusTCPBus(host: "127.0.0.1", port: server.port)
    try bus.open(timeout: .seconds(5))
    var words: [UInt16] = [7, 7, 7]
    try bus.read(Self.reads[index].0, into: &words)
    #expect(words == Self.reads[index].1)
    server.stop()
  }

  @Test func `a host name is looked up, and each of its addresses is tried`() throws {
    let server = try ServerPeer { _ in .memory(memory) }
    // In most systems the name stands for ::1 first, where nobody listens.
    var bus = ModbusTCPBus(host: "localhost", port: server.port)
    try bus.open(timeout: .seconds(30))
    var words: [UInt16] = []
    try bus.read(request(.input, 0, 1), into: &words)
    #expect(words == [1000])
    server.stop()
  }

  @Test(arguments: UInt8(1)...11)
  func `an exception comes with its code`(_ code: UInt8) throws {
    let server = try ServerPeer { _ in .exception(code) }
    var bus = ModbusTCPBus(host: "127.0.0.1", port: server.port)
    try bus.open(timeout: .seconds(5))
    var words: [UInt16] = []
    #expect(throws: BusFault.exception(code)) {
      try bus.read(request(.holding, 0, 1), into: &words)
    }
    server.stop()
  }

  @Test func `an address outside the memory is exception 2`() throws {
    let server = try ServerPeer { _ in .memory(memory) }
    var bus = ModbusTCPBus(host: "127.0.0.1", port: server.port)
    try bus.open(timeout: .seconds(5))
    var words: [UInt16] = []
    for request in [request(.holding, 99, 2), request(.holding, 299, 2), request(.discrete, 0, 1)] {
      #expect(throws: BusFault.exception(2)) { try bus.read(request, into: &words) }
    }
    server.stop()
  }

  @Test func `F6: a silent unit leaves the link to its neighbours alone`() throws {
    let server = try ServerPeer { $0 == 2 ? .silent : .memory(memory) }
    var bus = ModbusTCPBus(host: "127.0.0.1", port: server.port)
    try bus.open(timeout: .seconds(5))
    var words: [UInt16] = []
    for _ in 0..<3 {
      #expect(throws: BusFault.timeout) {
        try bus.read(request(.input, 0, 1, unit: 2, within: 50), into: &words)
      }
      try bus.read(request(.input, 1, 1), into: &words)
      #expect(words == [1001])
    }
    server.perform { #expect($0.clientCount == 1) }
    server.stop()
  }

  @Test func `a refused connection is unreachable and says so`() throws {
    let listener = listen(backlog: 1)
    let port = boundPort(listener)
    close(listener)
    var bus = ModbusTCPBus(host: "127.0.0.1", port: port)
    #expect(
      throws: BusFault.unreachable("connecting to 127.0.0.1:\(port): connection refused")
    ) { try bus.open(timeout: .seconds(5)) }
  }

  @Test(arguments: ["", "256.1.1.1.1", "no such host", String(repeating: "x", count: 2000)])
  func `a host that cannot exist is a fault, not a trap`(_ host: String) {
    var bus = ModbusTCPBus(host: host, port: 502)
    #expect(throws: BusFault.self) { try bus.open(timeout: .seconds(5)) }
  }

  @Test(arguments: [0, 126, 65_535])
  func `a count that no request can carry is never sent`(_ count: UInt16) throws {
    let server = try ServerPeer { _ in .memory(memory) }
    var bus = ModbusTCPBus(host: "127.0.0.1", port: server.port)
    try bus.open(timeout: .seconds(5))
    var words: [UInt16] = []
    #expect(throws: BusFault.self) { try bus.read(request(.holding, 0, count), into: &words) }
    server.perform { #expect($0.answered == 0) }
    server.stop()
  }

  @Test func `a closed link reads nothing`() {
    var bus = ModbusTCPBus(host: "127.0.0.1", port: 502)
    var words: [UInt16] = []
    #expect(throws: BusFault.broken("the link to 127.0.0.1:502 is not open")) {
      try bus.read(request(.holding, 0, 1), into: &words)
    }
    bus.close()
  }
}
