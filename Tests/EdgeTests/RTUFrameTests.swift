// The search for an RTU answer among whatever a line brings, without any port.

import Polling
import Primitives
import Testing

@testable import ModbusEdge

/// Bytes with their checksum behind them.
@Sendable func sealed(_ bytes: [UInt8]) -> [UInt8] {
  let sum = RTUChecksum.of(bytes.span)
  return bytes + [UInt8(sum & 0xFF), UInt8(sum >> 8)]
}

@Suite struct RTUFrameTests {
  static let request = ReadRequest(
    unitAddress: 7, table: .holding, start: 100, count: 2, timeout: .seconds(1))
  static let sent: [UInt8] = sealed([7, 3, 0, 100, 0, 2])
  static let good: [UInt8] = sealed([7, 3, 4, 0xAB, 0xCD, 0, 1])

  private func look(
    _ bytes: [UInt8], for request: ReadRequest = Self.request, _ words: inout [UInt16]
  ) -> RTUFinding {
    var search = RTUSearch(request, sent: RTUFrame.encode(request))
    return search.look(at: bytes.span, into: &words)
  }

  @Test func `a request is the bytes of the specification, for each of the four functions`() {
    // The example of Modbus over serial line, and one computed by other people's masters.
    #expect(sealed([0x02, 0x07]) == [0x02, 0x07, 0x41, 0x12])
    #expect(sealed([0x11, 0x03, 0x00, 0x6B, 0x00, 0x03]).suffix(2) == [0x76, 0x87])
    for table in ModbusTable.allCases {
      let request = ReadRequest(
        unitAddress: 7, table: table, start: 0x0102, count: 125, timeout: .seconds(1))
      let bytes = RTUFrame.encode(request)
      #expect(
        bytes.indices.map { bytes[$0] } == sealed([7, table.readFunction, 1, 2, 0, 0x7D]))
    }
  }

  @Test func `a good answer replaces the words, and bits come as 0 and 1`() {
    var words: [UInt16] = [1, 2, 3]
    #expect(look(Self.good, &words) == .answer(0..<9))
    #expect(words == [0xABCD, 1])
    let bits = ReadRequest(
      unitAddress: 7, table: .coil, start: 0, count: 10, timeout: .seconds(1))
    #expect(look(sealed([7, 1, 2, 0b101, 0b10]), for: bits, &words) == .answer(0..<7))
    #expect(words == [1, 0, 1, 0, 0, 0, 0, 0, 0, 1])
  }

  @Test func `F11: every answer with one bit or one byte changed is refused`() {
    for index in Self.good.indices {
      for value in UInt8.min...UInt8.max where value != Self.good[index] {
        var bytes = Self.good
        bytes[index] = value
        var words: [UInt16] = [1, 2]
        if case .answer = look(bytes, &words) { Issue.record("byte \(index) is \(value)") }
        #expect(words == [1, 2])
      }
    }
  }

  @Test func `F11: a long answer with any one or two of its bits flipped is refused`() {
    let request = ReadRequest(
      unitAddress: 7, table: .input, start: 0, count: 125, timeout: .seconds(1))
    let good = sealed([7, 4, 250] + (0..<250).map { UInt8(truncatingIfNeeded: $0 &* 37) })
    var words: [UInt16] = []
    #expect(look(good, for: request, &words) == .answer(0..<255))
    let kept = words
    var generator = SeededGenerator(seed: 77)
    for bit in 0..<good.count * 8 {
      var bytes = good
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      if bit % 2 == 1 {
        let second = Int.random(in: 0..<good.count * 8, using: &generator)
        if second == bit { continue }
        bytes[second / 8] ^= 1 << UInt8(second % 8)
      }
      if case .answer = look(bytes, for: request, &words) { Issue.record("bit \(bit)") }
    }
    #expect(words == kept)
  }

  @Test func `an answer is found as soon as it is whole, however it is cut up`() {
    let stream = [0, 0xFF, 7, 3] + Self.good
    var search = RTUSearch(Self.request, sent: RTUFrame.encode(Self.request))
    var words: [UInt16] = []
    for count in 0..<stream.count {
      let finding = search.look(at: stream.span.extracting(first: count), into: &words)
      guard case .nothing(let missing) = finding else {
        Issue.record("\(finding) after \(count) bytes")
        return
      }
      // Never more than is really missing: the wait would be too long.
      #expect((1...stream.count - count).contains(missing))
    }
    #expect(search.look(at: stream.span, into: &words) == .answer(4..<13))
  }

  /// What may stand before an answer without hiding it, by name.
  static let before: [(name: String, bytes: [UInt8])] = [
    ("our own echo", sent),
    ("our own echo, twice", sent + sent),
    ("half of our own echo", Array(sent.prefix(4))),
    ("a broadcast that writes a register", sealed([0, 6, 0, 1, 0, 5])),
    ("a broadcast that writes many", sealed([0, 16, 0, 1, 0, 2, 4, 1, 2, 3, 4])),
    ("an answer of another unit", sealed([9, 3, 4, 1, 2, 3, 4])),
    ("an answer of another unit with ours inside", sealed([9, 3, 9] + good)),
    ("an exception of another unit", sealed([9, 0x83, 2])),
    ("another master's request to another unit", sealed([9, 3, 0, 1, 0, 2])),
    ("another master's request for more registers", sealed([7, 3, 0, 1, 0, 3])),
    ("our unit's answer of another length", sealed([7, 3, 2, 1, 2])),
    ("our unit's answer to another function", sealed([7, 4, 4, 1, 2, 3, 4])),
    ("half an answer", Array(good.prefix(5))),
    ("an answer with a wrong checksum", good.dropLast() + [0]),
    ("glitches of a transmitter", [0, 0xFF]),
  ]

  @Test(arguments: before.map(\.name))
  func `F7: the answer is found behind what is none`(_ name: String) throws {
    let before = try #require(Self.before.first { $0.name == name }).bytes
    var words: [UInt16] = []
    let found = look(before + Self.good + [0xFF], &words)
    #expect(found == .answer(before.count..<before.count + 9))
    #expect(words == [0xABCD, 1])
    if case .answer = look(before, &words) { Issue.record("found without the answer") }
  }

  @Test func `our own echo is never an answer, whatever it asks for`() {
    // With one register from 0x0200 on, the echo begins as an answer would.
    for start in UInt16(0x0200)...0x02FF {
      for unit in UInt8(1)...247 {
        let request = ReadRequest(
          unitAddress: unit, table: .holding, start: start, count: 1, timeout: .seconds(1))
        let bytes = RTUFrame.encode(request)
        var search = RTUSearch(request, sent: bytes)
        var words: [UInt16] = []
        for count in 7...bytes.count {
          guard case .nothing = search.look(at: bytes.span.extracting(first: count), into: &words)
          else {
            Issue.record("unit \(unit), start \(start), after \(count) bytes")
            return
          }
        }
        #expect(search.fault(after: bytes.count) == .timeout)
      }
    }
  }

  @Test func `F9: another master that asks the same of the same unit ends the search`() {
    var words: [UInt16] = []
    let found = look(sealed([7, 3, 0, 200, 0, 2]) + Self.good, &words)
    guard case .hopeless(let why) = found else {
      Issue.record("\(found)")
      return
    }
    #expect(why.hasPrefix("another master on this line asks unit 7 too"))
  }

  @Test func `an exception comes with its code, if the specification knows it`() {
    var words: [UInt16] = []
    for code in UInt8(1)...11 {
      #expect(look([0xFF] + sealed([7, 0x83, code]), &words) == .exception(code, 1..<6))
    }
    #expect(
      look(sealed([7, 0x83, 99]), &words)
        == .hopeless("exception code 99 is not in the specification"))
    if case .exception = look([7, 0x83, 2, 0, 0], &words) { Issue.record("a wrong checksum") }
  }

  @Test func `an answer behind random noise is found, and noise alone is never one`() {
    var generator = SeededGenerator(seed: 20_240_607)
    var found = 0
    for round in 0..<5_000 {
      let noise = (0..<Int.random(in: 0...64, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      var words: [UInt16] = []
      if case .answer = look(noise, &words) { Issue.record("round \(round): \(noise)") }
      // What hides an answer costs a fault, never a wrong value.
      if case .answer = look(noise + Self.good, &words) {
        found += 1
        #expect(words == [0xABCD, 1], "round \(round)")
      }
    }
    #expect(found >= 4_990)
  }

  @Test func `no bytes whatever can trap the search`() {
    var generator = SeededGenerator(seed: 4)
    let functions: [UInt8] = [1, 2, 3, 4, 5, 6, 8, 15, 16, 0x81, 0x83, 0x90, 0, 255, 43]
    for _ in 0..<5_000 {
      var bytes = (0..<Int.random(in: 0...300, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      if bytes.count > 1 { bytes[1] = functions[Int.random(in: 0..<15, using: &generator)] }
      if Bool.random(using: &generator) { bytes = sealed(bytes) }
      var words: [UInt16] = []
      _ = look(bytes, &words)
      #expect(words.isEmpty || words.count == 2)
    }
  }

  @Test(arguments: [
    (1200, SerialSpeed.Parity.even, 1, 32_083_331), (9600, .none, 1, 3_645_831),
    (19_200, .even, 1, 2_005_206), (115_200, .even, 1, 1_750_000),
  ])
  func `F20: a line is silent for three and a half characters, or 1.75 ms`(
    _ baud: Int, _ parity: SerialSpeed.Parity, _ stopBits: Int, _ nanoseconds: Int64
  ) {
    let speed = SerialSpeed(baud: baud, parity: parity, stopBits: stopBits)
    #expect(abs(RTUTiming(speed).silence - nanoseconds) < 10)
  }

  @Test(arguments: [Int.min, -1, 0, 1, Int.max])
  func `an impossible speed costs no trap`(_ baud: Int) {
    let timing = RTUTiming(SerialSpeed(baud: baud, parity: .odd, stopBits: 7))
    #expect(timing.character > 0 && timing.silence > 0)
  }
}
