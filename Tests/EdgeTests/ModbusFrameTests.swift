// The bytes of a request and the judgement on an answer, without any socket.

import Polling
import Primitives
import Testing

@testable import ModbusEdge

@Suite struct ModbusFrameTests {
  static let requests: [(ModbusTable, [UInt8])] = [
    (.coil, [0x12, 0x34, 0, 0, 0, 6, 7, 1, 0x01, 0x02, 0x00, 0x7D]),
    (.discrete, [0x12, 0x34, 0, 0, 0, 6, 7, 2, 0x01, 0x02, 0x00, 0x7D]),
    (.holding, [0x12, 0x34, 0, 0, 0, 6, 7, 3, 0x01, 0x02, 0x00, 0x7D]),
    (.input, [0x12, 0x34, 0, 0, 0, 6, 7, 4, 0x01, 0x02, 0x00, 0x7D]),
  ]

  @Test(arguments: requests)
  func `a request is the bytes of the specification`(_ table: ModbusTable, _ bytes: [UInt8]) {
    let request = ReadRequest(
      unitAddress: 7, table: table, start: 0x0102, count: 125, timeout: .seconds(1))
    let encoded = ModbusFrame.encode(request, transaction: 0x1234)
    #expect(encoded.indices.map { encoded[$0] } == bytes)
  }

  static let request = ReadRequest(
    unitAddress: 7, table: .holding, start: 100, count: 2, timeout: .seconds(1))
  static let good: [UInt8] = [0, 9, 0, 0, 0, 7, 7, 3, 4, 0xAB, 0xCD, 0, 1]

  private func judge(_ bytes: [UInt8], _ words: inout [UInt16]) -> Verdict {
    ModbusFrame.judge(bytes.span, for: Self.request, transaction: 9, into: &words)
  }

  @Test func `a good answer replaces the words`() {
    var words: [UInt16] = [1, 2, 3, 4]
    #expect(judge(Self.good, &words) == .answer)
    #expect(words == [0xABCD, 1])
  }

  @Test func `an answer with one byte of its first nine changed is no answer`() {
    for index in 0..<9 {
      for value in UInt8.min...UInt8.max where value != Self.good[index] {
        var bytes = Self.good
        bytes[index] = value
        var words: [UInt16] = [1, 2]
        #expect(judge(bytes, &words) != .answer, "byte \(index) is \(value)")
        #expect(words == [1, 2])
      }
    }
  }

  @Test func `an answer that is cut or grown is no answer`() {
    for length in 0..<40 where length != Self.good.count {
      let bytes = Array((Self.good + [UInt8](repeating: 0, count: 40)).prefix(length))
      var words: [UInt16] = []
      #expect(judge(bytes, &words) != .answer)
    }
  }

  @Test func `where a frame ends is known from its first nine bytes, and not before`() {
    for length in 0..<9 {
      #expect(ModbusFrame.extent(of: Self.good.span.extracting(first: length)) == .unknown)
    }
    for length in 9...Self.good.count {
      #expect(ModbusFrame.extent(of: Self.good.span.extracting(first: length)) == .whole(13))
    }
    let refusal: [UInt8] = [0, 9, 0, 0, 0, 3, 7, 0x83, 2, 0xFF]
    #expect(ModbusFrame.extent(of: refusal.span) == .whole(9))
    let longest: [UInt8] = [0, 9, 0, 0, 0, 253, 7, 3, 250]
    #expect(ModbusFrame.extent(of: longest.span) == .whole(259))
  }

  @Test(
    arguments: [
      ([0, 9, 0, 1, 0, 7], "protocol id 1 instead of 0"),
      ([0, 9, 0, 0, 0, 2], "the header announces 2 bytes"),
      ([0, 9, 0, 0, 0, 255], "the header announces 255 bytes"),
      ([0, 9, 0, 0, 1, 7], "the header announces 263 bytes"),
      ([0, 9, 0, 0, 0, 99, 7, 3, 4], "the header announces 99 bytes, the answer has 7"),
      ([0, 9, 0, 0, 0, 4, 7, 0x83, 2], "the header announces 4 bytes, the answer has 3"),
    ] as [([UInt8], String)])
  func `F11: a length that the answer does not confirm is not waited for`(
    _ bytes: [UInt8], _ why: String
  ) {
    #expect(ModbusFrame.extent(of: bytes.span) == .noise(why))
  }

  @Test func `no bytes whatever can trap the judge`() {
    var generator = SeededGenerator(seed: 2024)
    for _ in 0..<20_000 {
      let length = Int.random(in: 0...ModbusLimits.frameBytes, using: &generator)
      var bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
      // Most start as the right answer does, so that the later checks are reached too.
      for (index, byte) in Self.good.prefix(Int.random(in: 0...9, using: &generator)).enumerated()
      where index < length {
        bytes[index] = byte
      }
      var words: [UInt16] = []
      _ = judge(bytes, &words)
      #expect(words.isEmpty || words.count == 2)
    }
  }
}
