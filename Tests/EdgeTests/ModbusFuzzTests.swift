// Valid streams with seeded damage: nothing traps, and no value is believed that did not stand in a
// valid frame answering the request. What is valid is said here once more, in other words.

import Glibc
import Polling
import Primitives
import Synchronization
import Testing

@testable import ModbusEdge

/// Damage of one kind or another, or none.
private func damaged(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
  var bytes = bytes
  for _ in 0..<Int.random(in: 0...3, using: &generator) {
    let at = Int.random(in: 0...bytes.count, using: &generator)
    switch Int.random(in: 0..<5, using: &generator) {
    case 0 where at < bytes.count: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 1 where at < bytes.count: bytes[at] = UInt8.random(in: 0...255, using: &generator)
    case 2: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: at)
    case 3 where at < bytes.count: bytes.remove(at: at)
    case 4: bytes = Array(bytes.prefix(at))
    default: break
    }
  }
  return bytes
}

private func anyRequest(_ generator: inout SeededGenerator) -> ReadRequest {
  let table = ModbusTable.allCases[Int.random(in: 0..<4, using: &generator)]
  let most = UInt16(table.limitPerRequest)
  let count = Bool.random(using: &generator) ? UInt16.random(in: 1...4, using: &generator) : most
  return ReadRequest(
    unitAddress: .random(in: 1...9, using: &generator), table: table,
    start: .random(in: 0...999, using: &generator),
    count: .random(in: 1...count, using: &generator), timeout: .seconds(1))
}

/// Unit, function, byte count and random values, as a device answers.
private func body(_ request: ReadRequest, _ generator: inout SeededGenerator) -> [UInt8] {
  let bytes = request.table.holdsBits ? (Int(request.count) + 7) / 8 : Int(request.count) * 2
  let values = (0..<bytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
  return [request.unitAddress, request.table.readFunction, UInt8(bytes)] + values
}

/// What the values of a good body are.
private func values(_ request: ReadRequest, _ body: [UInt8]) -> [UInt16] {
  var values: [UInt16] = []
  for index in 0..<Int(request.count) {
    if request.table.holdsBits {
      let byte = body[3 + index / 8]
      values.append(UInt16(byte >> UInt8(index % 8)) & 1)
    } else {
      values.append(UInt16(body[3 + 2 * index]) * 256 + UInt16(body[4 + 2 * index]))
    }
  }
  return values
}

private func isGoodBody(_ bytes: [UInt8], for request: ReadRequest) -> Bool {
  let length = request.table.holdsBits ? (Int(request.count) + 7) / 8 : Int(request.count) * 2
  return bytes.count == length + 3
    && bytes.prefix(3) == [request.unitAddress, request.table.readFunction, UInt8(length)]
}

@Suite("Damaged streams") struct ModbusFuzzTests {
  @Test(arguments: [UInt64(1), 2, 3])
  func `F10, F11: the judge of TCP answers believes only what answers`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var believed = 0
    for _ in 0..<20_000 {
      let request = anyRequest(&generator)
      let transaction = UInt16.random(in: 0...3, using: &generator)
      let good = body(request, &generator)
      let length = [UInt8(good.count >> 8), UInt8(good.count & 255)]
      let frame = damaged([0, UInt8(transaction), 0, 0] + length + good, &generator)
      var words: [UInt16] = [99]
      let verdict = ModbusFrame.judge(
        frame.span, for: request, transaction: transaction, into: &words)
      guard case .answer = verdict else {
        #expect(words == [99])
        continue
      }
      believed += 1
      let found = Array(frame.dropFirst(6))
      #expect(frame.prefix(4) == [0, UInt8(transaction), 0, 0])
      #expect(Int(frame[4]) * 256 + Int(frame[5]) == found.count)
      #expect(isGoodBody(found, for: request) && words == values(request, found))
    }
    #expect(believed > 2000)
  }

  @Test(arguments: [UInt64(1), 2, 3])
  func `F7, F11: the search of RTU answers believes only what answers`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var believed = 0
    for _ in 0..<3000 {
      let request = anyRequest(&generator)
      let sent = RTUFrame.encode(request)
      var stream: [UInt8] = []
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: stream += damaged((0..<8).map { sent[$0] }, &generator)
        case 1: stream += damaged(sealed(body(anyRequest(&generator), &generator)), &generator)
        case 2: stream += (0..<5).map { _ in UInt8.random(in: 0...255, using: &generator) }
        default: stream += damaged(sealed(body(request, &generator)), &generator)
        }
      }
      stream = Array(stream.prefix(ModbusLimits.rtuReadBytes))
      var search = RTUSearch(request, sent: sent)
      var words: [UInt16] = [99]
      var have = 0
      reading: while have < stream.count {
        have = min(stream.count, have + Int.random(in: 1...40, using: &generator))
        switch search.look(at: stream.span.extracting(first: have), into: &words) {
        case .nothing: #expect(words == [99])
        case .exception, .hopeless: break reading
        case .answer(let range):
          believed += 1
          let frame = Array(stream[range])
          let found = Array(frame.dropLast(2))
          #expect(sealed(found) == frame && isGoodBody(found, for: request))
          #expect(words == values(request, found))
          break reading
        }
      }
    }
    #expect(believed > 300)
  }

  @Test(arguments: [UInt64(1), 2])
  func `F10: a link whose answers come damaged never gives a value that was not sent for it`(
    seed: UInt64
  ) {
    let generator = Mutex(SeededGenerator(seed: seed))
    // Each answer says where it was asked to begin, so that any other one's would be seen.
    let peer = HostilePeer { _, request in
      let start = UInt16(request[8]) << 8 | UInt16(request[9])
      return .send(generator.withLock { damagedFrame(answer(request, value: start), &$0) })
    }
    defer { peer.stop() }
    var bus = ModbusTCPBus(host: "127.0.0.1", port: peer.port)
    defer { bus.close() }
    var good = 0
    #expect(bus.opening() == nil)
    for start in UInt16(1)...300 {
      let result = bus.reading(start, 2, within: 50)
      if case .success(let words) = result {
        good += 1
        #expect(words == [start, start])
      }
      // What the damage has broken is opened again.
      if result.breaksLink { #expect(bus.opening() == nil) }
    }
    #expect(good > 50)
  }
}

/// Damages the header of a frame, but not its values: those TCP's own checksum keeps.
private func damagedFrame(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
  var bytes = bytes
  for _ in 0..<Int.random(in: 0...2, using: &generator) {
    bytes[.random(in: 0..<9, using: &generator)] = .random(in: 0...255, using: &generator)
  }
  return bytes
}
