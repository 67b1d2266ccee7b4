// The RTU link against peers that answer late, wrongly, partly or not at all, and against lines on
// which others talk; each on a pseudo terminal and through a TCP connection.

import Glibc
import ModbusEdge
import Polling
import Primitives
import Synchronization
import Testing

private func registers(
  _ start: UInt16, _ count: UInt16 = 2, unit: UInt8 = 7, within: Int = 200
) -> ReadRequest {
  ReadRequest(
    unitAddress: unit, table: .holding, start: start, count: count,
    timeout: .milliseconds(within))
}

/// One opened link to a peer.
private struct Rig: ~Copyable {
  var bus: ModbusRTUBus
  let peer: RTUPeer
  let tap = FrameTap { Instant(nanoseconds: 5) }

  init(
    _ way: RTUPeer.Way, baud: Int = 19_200, hasEcho: Bool = false,
    _ script: @escaping RTUPeer.Script
  ) throws {
    peer = RTUPeer(way, script)
    tap.set(open: true)
    bus = peer.bus(baud: baud, hasEcho: hasEcho, tap: tap)
    try bus.open(timeout: .seconds(5))
  }

  consuming func end() {
    bus.close()
    peer.stop()
  }
}

extension Result where Failure == BusFault {
  fileprivate var isBroken: Bool { if case .failure(.broken) = self { true } else { false } }
  fileprivate var garbage: String? {
    if case .failure(.garbage(let text)) = self { text } else { nil }
  }
}

@Suite struct RTUHostileTests {
  @Test(arguments: RTUPeer.Way.allCases)
  func `F11: a late answer is not taken for the answer to the next request`(
    _ way: RTUPeer.Way
  ) throws {
    let held = Mutex<[UInt8]>([])
    var rig = try Rig(way) { number, request in
      guard number == 1 else { return .whole(rtuAnswer(request, value: 2222)) }
      held.withLock { $0 = rtuAnswer(request, value: 1111) }
      return .silence
    }
    #expect(rig.bus.reading(registers(0)) == .failure(.timeout))
    let late = held.withLock { $0 }
    rig.peer.send(late)
    #expect(rig.bus.reading(registers(0, within: 5000)) == .success([2222, 2222]))
    #expect(
      rig.tap.frames(after: 0).map(\.direction) == [.sent, .discarded, .sent, .received])
    #expect(rig.tap.frames(after: 1).first?.bytes == late)
    rig.end()
  }

  @Test(arguments: RTUPeer.Way.allCases)
  func `F11: a late answer of another shape is passed over while the next one is awaited`(
    _ way: RTUPeer.Way
  ) throws {
    let held = Mutex<[UInt8]>([])
    var rig = try Rig(way) { number, request in
      let earlier = held.withLock { $0 }
      held.withLock { $0 = rtuAnswer(request, value: UInt16(number)) }
      return number == 1
        ? .silence : .send([earlier + rtuAnswer(request, value: UInt16(number))])
    }
    #expect(rig.bus.reading(registers(0, 5)) == .failure(.timeout))
    #expect(rig.bus.reading(registers(0, 2, within: 5000)) == .success([2, 2]))
    rig.end()
  }

  @Test(arguments: RTUPeer.Way.allCases)
  func `F11: an answer cut in two around the deadline never becomes a value`(
    _ way: RTUPeer.Way
  ) throws {
    let held = Mutex<[UInt8]>([])
    var rig = try Rig(way) { number, request in
      let own = rtuAnswer(request, value: UInt16(number))
      guard number == 1 else { return .send([held.withLock { $0 } + own]) }
      held.withLock { $0 = Array(own.dropFirst(5)) }
      return .whole(Array(own.prefix(5)))
    }
    #expect(
      rig.bus.reading(registers(0)).garbage == "the answer of unit 7 stopped after 5 of 9 bytes")
    #expect(rig.bus.reading(registers(0, within: 5000)) == .success([2, 2]))
    rig.end()
  }

  /// A first answer that is none, by name, and what is said about it.
  static let wrong: [(name: String, change: @Sendable ([UInt8]) -> [UInt8], says: String)] = [
    ("another unit", { rtuAnswer($0, value: 9, unit: 9) }, "a frame of unit 9, none of unit 7"),
    ("a broadcast", { _ in sealed([0, 6, 0, 1, 0, 9]) }, "a frame of unit 0, none of unit 7"),
    (
      "another function", { _ in sealed([7, 4, 4, 0, 9, 0, 9]) },
      "unit 7 answered function 4 instead of 3"
    ),
    (
      "another byte count", { _ in sealed([7, 3, 2, 0, 9]) },
      "unit 7 answered with 2 bytes instead of 4"
    ),
    (
      "a wrong checksum", { rtuAnswer($0, value: 9).dropLast() + [0] },
      "the answer of unit 7 came damaged, its checksum is wrong"
    ),
    (
      "half an answer", { Array(rtuAnswer($0, value: 9).prefix(6)) },
      "the answer of unit 7 stopped after 6 of 9 bytes"
    ),
    (
      "another master's request", { _ in sealed([9, 3, 0, 0, 0, 2]) },
      "another master's request to unit 9"
    ),
    (
      "F9: another master's request of the same shape", { _ in sealed([7, 3, 1, 0, 0, 2]) },
      "another master on this line asks unit 7 too, its answers look like ours"
    ),
    (
      "an exception code beyond the specification", { _ in sealed([7, 0x83, 99]) },
      "exception code 99 is not in the specification"
    ),
    (
      "zeroes", { _ in [UInt8](repeating: 0, count: 300) },
      "300 bytes that are no frame; check baud rate, parity and the two wires"
    ),
    (
      "ones", { _ in [UInt8](repeating: 255, count: 20) },
      "20 bytes that are no frame; check baud rate, parity and the two wires"
    ),
    (
      "more than four frames", { _ in [UInt8](repeating: 1, count: 2000) },
      "more than 1024 bytes, none of them an answer"
    ),
  ]

  @Test(arguments: RTUPeer.Way.allCases, wrong.map(\.name))
  func `F7, F11: garbage is no value, and the next answer is believed on the same link`(
    _ way: RTUPeer.Way, _ name: String
  ) throws {
    let (_, change, says) = try #require(Self.wrong.first { $0.name == name })
    var rig = try Rig(way) { number, request in
      .whole(number == 1 ? change(request) : rtuAnswer(request, value: 5))
    }
    #expect(rig.bus.reading(registers(0)).garbage == says)
    #expect(rig.bus.reading(registers(0, within: 5000)) == .success([5, 5]))
    #expect(rig.peer.connections < 2)
    rig.end()
  }

  @Test(arguments: RTUPeer.Way.allCases)
  func `F7: strangers' frames around an answer cost nothing`(_ way: RTUPeer.Way) throws {
    let strangers =
      sealed([0, 16, 0, 1, 0, 1, 2, 1, 2]) + sealed([9, 3, 0, 0, 0, 2])
      + sealed([9, 3, 4, 1, 2, 3, 4]) + [0, 0xFF]
    var rig = try Rig(way) { number, request in
      .whole(strangers + rtuAnswer(request, value: UInt16(number)) + [0])
    }
    for number in UInt16(1)...5 {
      #expect(rig.bus.reading(registers(0, within: 5000)) == .success([number, number]))
    }
    let frames = rig.tap.frames(after: 0)
    #expect(frames.prefix(3).map(\.direction) == [.sent, .discarded, .received])
    #expect(frames[1].bytes == strangers)
    #expect(frames[2].bytes == sealed([7, 3, 4, 0, 1, 0, 1]))
    rig.end()
  }

  @Test(arguments: RTUPeer.Way.allCases, [true, false])
  func `an adapter that hears itself is understood, expected or not`(
    _ way: RTUPeer.Way, _ isExpected: Bool
  ) throws {
    var rig = try Rig(way, hasEcho: isExpected) { number, request in
      number == 2 ? .whole(request) : .whole(request + rtuAnswer(request, value: 5))
    }
    #expect(rig.bus.reading(registers(0, within: 5000)) == .success([5, 5]))
    // The echo alone is no answer and no garbage: the unit is silent.
    #expect(rig.bus.reading(registers(0)) == .failure(.timeout))
    #expect(rig.bus.reading(registers(0, within: 5000)) == .success([5, 5]))
    rig.end()
  }

  @Test(arguments: RTUPeer.Way.allCases)
  func `an answer that comes byte by byte is an answer`(_ way: RTUPeer.Way) throws {
    var rig = try Rig(way) { _, request in
      .send(rtuAnswer(request, value: 0x0703).map { [$0] })
    }
    #expect(
      rig.bus.reading(registers(0, 20, within: 5000))
        == .success(.init(repeating: 0x0703, count: 20)))
    rig.end()
  }

  @Test(arguments: RTUPeer.Way.allCases, UInt8(1)...11)
  func `an exception comes with its code, and leaves the link in order`(
    _ way: RTUPeer.Way, _ code: UInt8
  ) throws {
    var rig = try Rig(way) { number, request in
      .whole(
        number == 1
          ? sealed([request[0], request[1] | 0x80, code]) : rtuAnswer(request, value: 5))
    }
    #expect(rig.bus.reading(registers(0, within: 5000)) == .failure(.exception(code)))
    #expect(rig.bus.reading(registers(0, within: 5000)) == .success([5, 5]))
    rig.end()
  }

  @Test(arguments: RTUPeer.Way.allCases)
  func `F3, F4, F6: a silent unit leaves the line to its neighbours`(_ way: RTUPeer.Way) throws {
    var rig = try Rig(way) { _, request in
      request[0] == 2 ? .silence : .whole(rtuAnswer(request, value: UInt16(request[0])))
    }
    for _ in 0..<3 {
      #expect(rig.bus.reading(registers(0, unit: 2, within: 50)) == .failure(.timeout))
      for unit in UInt8(3)...6 {
        let value = UInt16(unit)
        #expect(
          rig.bus.reading(registers(0, unit: unit, within: 5000)) == .success([value, value]))
      }
    }
    #expect(rig.peer.connections < 2)
    rig.end()
  }

  @Test(arguments: RTUPeer.Way.allCases)
  func `F7: a line that talks without end is garbage, and is used again once it is quiet`(
    _ way: RTUPeer.Way
  ) throws {
    var rig = try Rig(way, baud: 115_200) { number, request in
      number == 1
        ? .babble([UInt8](repeating: 0x20, count: 100)) : .whole(rtuAnswer(request, value: 5))
    }
    #expect(rig.bus.reading(registers(0)).garbage != nil)
    #expect(rig.bus.reading(registers(0)).garbage != nil)
    rig.peer.hush()
    // What it had said by then is still on its way.
    var last = rig.bus.reading(registers(0, within: 5000))
    for _ in 0..<100 where last.garbage != nil {
      last = rig.bus.reading(registers(0, within: 5000))
    }
    #expect(last == .success([5, 5]))
    #expect(rig.peer.connections < 2)
    rig.end()
  }

  @Test func `F16: a long answer on a slow line is not cut by the timeout`() throws {
    // 125 registers at 600 baud take 4.7 s; here half of them come after a timeout of 1 s.
    var rig = try Rig(.port, baud: 600) { _, request in
      let whole = rtuAnswer(request, value: 5)
      return .send([Array(whole.prefix(100)), Array(whole.dropFirst(100))])
    }
    #expect(
      rig.bus.reading(registers(0, 125, within: 1000)) == .success(.init(repeating: 5, count: 125)))
    rig.end()
  }

  @Test(arguments: RTUPeer.Way.allCases)
  func `a link that has ended is broken until it is opened again`(_ way: RTUPeer.Way) throws {
    var rig = try Rig(way) { number, request in
      number == 1 ? .end : .whole(rtuAnswer(request, value: 5))
    }
    #expect(rig.bus.reading(registers(0, within: 5000)).isBroken)
    #expect(rig.bus.reading(registers(0, within: 5000)).isBroken)
    if way == .stream {
      try rig.bus.open(timeout: .seconds(5))
      #expect(rig.bus.reading(registers(0, within: 5000)) == .success([5, 5]))
    }
    rig.end()
  }

  @Test(arguments: RTUPeer.Way.allCases)
  func `what no request can carry is never sent`(_ way: RTUPeer.Way) throws {
    var rig = try Rig(way) { _, request in .whole(rtuAnswer(request, value: 5)) }
    for count in [UInt16(0), 126, 65_535] {
      #expect(rig.bus.reading(registers(0, count)).garbage != nil)
    }
    #expect(
      rig.bus.reading(registers(0, 1, unit: 0)).garbage?.hasPrefix("unit 0 is the broadcast")
        == true)
    #expect(rig.tap.frames(after: 0).isEmpty)
    rig.bus.close()
    #expect(rig.bus.reading(registers(0)).isBroken)
    rig.end()
  }
}
