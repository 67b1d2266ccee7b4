// The Modbus link against peers that answer late, wrongly, partly or not at all.

import Glibc
import ModbusEdge
import Polling
import Primitives
import Synchronization
import Testing

private func registers(_ start: UInt16, _ count: UInt16 = 2, within: Int = 200) -> ReadRequest {
  ReadRequest(
    unitAddress: 7, table: .holding, start: start, count: count,
    timeout: .milliseconds(within))
}

/// One opened link to a peer.
private struct Rig: ~Copyable {
  var bus: ModbusTCPBus
  let peer: HostilePeer

  init(_ script: @escaping HostilePeer.Script) throws {
    peer = HostilePeer(script)
    bus = ModbusTCPBus(host: "127.0.0.1", port: peer.port)
    try bus.open(timeout: .seconds(5))
  }

  consuming func end() {
    bus.close()
    peer.stop()
  }
}

@Suite struct ModbusHostileTests {
  @Test func `F11: a late answer is not taken for the answer to the next request`() throws {
    // The answer to the first request comes with the second one, just before that one's own.
    let held = Mutex<[UInt8]>([])
    var rig = try Rig { number, request in
      if number == 1 {
        held.withLock { $0 = answer(request, value: 1111) }
        return .silence
      }
      return .send(held.withLock { $0 } + answer(request, value: 2222))
    }
    #expect(rig.bus.reading(registers(0)) == .failure(.timeout))
    #expect(rig.bus.reading(registers(0, within: 5000)) == .success([2222, 2222]))
    rig.end()
  }

  @Test func `F10: a peer that stays one answer behind is caught up with`() throws {
    // Each request brings the answer to the one before it, and only then its own.
    let held = Mutex<[UInt8]>([])
    var rig = try Rig { number, request in
      let earlier = held.withLock { $0 }
      held.withLock { $0 = answer(request, value: UInt16(number)) }
      return number == 1
        ? .silence : .send(earlier + answer(request, value: UInt16(number)))
    }
    #expect(rig.bus.reading(registers(0)) == .failure(.timeout))
    for number in UInt16(2)...50 {
      #expect(rig.bus.reading(registers(0, within: 5000)) == .success([number, number]))
    }
    rig.end()
  }

  @Test func `F11: an answer cut in two around the deadline never becomes a value`() throws {
    let held = Mutex<[UInt8]>([])
    var rig = try Rig { number, request in
      let own = answer(request, value: UInt16(number))
      guard number == 1 else {
        defer { held.withLock { $0 = [] } }
        return .send(held.withLock { $0 } + own)
      }
      held.withLock { $0 = Array(own.dropFirst(10)) }
      return .send(Array(own.prefix(10)))
    }
    #expect(rig.bus.reading(registers(0)) == .failure(.timeout))
    // Should the first half have come too late as well, it is passed over as a whole.
    let second = rig.bus.reading(registers(0, within: 5000))
    #expect(second.isNoAnswer || second == .success([2, 2]))
    #expect(rig.bus.reading(registers(0, within: 5000)) == .success([3, 3]))
    rig.end()
  }

  /// A first answer that is none, by name.
  static let wrong: [(name: String, change: @Sendable ([UInt8]) -> [UInt8])] = [
    ("another unit", { answer($0, value: 9, unit: 9) }),
    ("another function", { changed(answer($0, value: 9), 7, 4) }),
    ("another byte count", { short($0) }),
    ("another protocol id", { changed(answer($0, value: 9), 3, 1) }),
    ("a wrong length in the header", { changed(answer($0, value: 9), 5, 99) }),
    ("an exception code beyond the specification", { exception($0, code: 99) }),
    ("an exception of another function", { changed(exception($0, code: 2), 7, 0x84) }),
    ("the page of a web server", { _ in Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8) }),
    ("zeroes", { _ in [UInt8](repeating: 0, count: 300) }),
    ("ones", { _ in [UInt8](repeating: 255, count: 300) }),
    ("more than a frame can hold", { changed(answer($0, value: 9), 8, 255) + [1, 2, 3] }),
  ]

  @Test(arguments: wrong.map(\.name))
  func `F11: garbage is no value, and the next answer is believed again`(_ name: String) throws {
    let change = try #require(Self.wrong.first { $0.name == name }).change
    var rig = try Rig { number, request in
      .send(number == 1 ? change(request) : answer(request, value: 5))
    }
    #expect(rig.bus.reading(registers(0, within: 5000)).isNoAnswer)
    #expect(rig.bus.reading(registers(0, within: 5000)) == .success([5, 5]))
    rig.end()
  }

  @Test func `F11: another transaction's answer alone is a timeout, not a value`() throws {
    var rig = try Rig { _, request in .send(changed(answer(request, value: 9), 0, 0x55)) }
    #expect(rig.bus.reading(registers(0)) == .failure(.timeout))
    rig.end()
  }

  @Test func `a flood of stale answers ends the read, not the link`() throws {
    var rig = try Rig { number, request in
      guard number == 1 else { return .send(answer(request, value: 5)) }
      let stale = changed(answer(request, value: 9), 0, 0x55)
      return .send((0..<100).flatMap { _ in stale })
    }
    #expect(rig.bus.reading(registers(0, within: 5000)).isNoAnswer)
    #expect(rig.bus.reading(registers(0, within: 5000)) == .success([5, 5]))
    rig.end()
  }

  @Test func `a peer that talks without end loses its link`() throws {
    var rig = try Rig { _, _ in .babble([UInt8](repeating: 0x20, count: 1000)) }
    // A starved peer may pause for long enough to count as quiet; in the end it loses all the same.
    var reads = 0
    var last = rig.bus.reading(registers(0))
    while !last.breaksLink && reads < 100 {
      last = rig.bus.reading(registers(0))
      reads += 1
    }
    #expect(last.breaksLink)
    rig.end()
  }

  @Test(arguments: [true, false])
  func `a link that the peer ends is broken until it is opened again`(_ resets: Bool) throws {
    var rig = try Rig { number, request in
      number == 1 ? (resets ? .reset : .close) : .send(answer(request, value: 5))
    }
    #expect(rig.bus.reading(registers(0, within: 5000)).breaksLink)
    #expect(rig.bus.reading(registers(0, within: 5000)).breaksLink)
    try rig.bus.open(timeout: .seconds(5))
    #expect(rig.bus.reading(registers(0, within: 5000)) == .success([5, 5]))
    rig.end()
  }

  @Test func `F14: a peer that accepts and never answers is a timeout each time`() throws {
    var rig = try Rig { _, _ in .silence }
    for _ in 0..<3 { #expect(rig.bus.reading(registers(0, within: 50)) == .failure(.timeout)) }
    rig.end()
  }

  @Test func `opening a link that nobody takes ends by its deadline`() throws {
    // A full queue of connections: the kernel drops what comes further, as a black hole does.
    let listener = listen(backlog: 0)
    let port = boundPort(listener)
    let fillers = (0..<8).map { _ in rawSocket() }
    for filler in fillers {
      _ = fcntl(filler, F_SETFL, O_NONBLOCK)
      _ = withAddress(port) { connect(filler, $0, $1) }
    }
    var bus = ModbusTCPBus(host: "127.0.0.1", port: port)
    #expect(throws: BusFault.timeout) { try bus.open(timeout: .milliseconds(200)) }
    for filler in fillers { close(filler) }
    close(listener)
  }
}

@Sendable private func changed(_ bytes: [UInt8], _ index: Int, _ value: UInt8) -> [UInt8] {
  var bytes = bytes
  bytes[index] = value
  return bytes
}

@Sendable private func exception(_ request: [UInt8], code: UInt8) -> [UInt8] {
  Array(request[0..<2]) + [0, 0, 0, 3, request[6], request[7] | 0x80, code]
}

/// One register where two were asked for.
@Sendable private func short(_ request: [UInt8]) -> [UInt8] {
  answer(changed(request, 11, 1), value: 9)
}
