// Deadband, debounce and heartbeat on drawn timelines.

import Primitives
import Signals
import Testing

/// One signal on a timeline of reads 100 ms apart; what is told is written as "time value".
private struct Timeline {
  var conditioner: Conditioner
  let ring: TestRing
  let width: Int

  init(_ definition: SignalDefinition, capacity: Int = 256) {
    conditioner = Conditioner([(SignalID(0), definition)])
    ring = TestRing(capacity)
    width = Int(definition.format.count)
  }

  mutating func read(_ words: [UInt16], at tick: Int) -> Int {
    let places = [SignalPlace(slot: 0, offset: 0, count: width)]
    return conditioner.observe(
      places, in: words.span, at: Self.instant(tick), into: &ring.producer)
  }

  static func instant(_ tick: Int) -> Instant {
    Instant(nanoseconds: Int64(tick) * 100_000_000)
  }

  /// Reads one word a tick; a nil is a loss of contact.
  mutating func play(_ words: [UInt16?], from start: Int = 0) -> [String] {
    for (index, word) in words.enumerated() {
      if let word {
        _ = read([word], at: start + index)
      } else {
        conditioner.degrade(
          0, to: .noContact, at: Self.instant(start + index), into: &ring.producer)
      }
    }
    return told()
  }

  func told() -> [String] {
    ring.takeAll().map { sample in
      let tick = sample.at.nanoseconds / 100_000_000
      let value =
        switch sample.value {
        case .integer(let value): "\(value)"
        case .unsigned(let value): "\(value)"
        case .real(let value): "\(value)"
        case .text(let piece): "text \(piece)"
        case .none: "none"
        }
      return sample.quality == .good
        ? "\(tick) \(value)" : "\(tick) \(value) \(sample.quality.text)"
    }
  }
}

private func signal(
  _ type: RegisterType = .u16, count: UInt16 = 1, scaling: Scaling = .none,
  deadband: Deadband = .none, heartbeat: Duration? = nil, on: Int64 = 0, off: Int64 = 0
) -> SignalDefinition {
  SignalDefinition(
    name: "s", format: RegisterFormat(type: type, count: count), scaling: scaling,
    deadband: deadband, heartbeat: heartbeat,
    debounce: Debounce(on: .milliseconds(on), off: .milliseconds(off)))
}

@Suite struct `A conditioner` {
  @Test func `tells the first value and then only changes`() {
    var line = Timeline(signal())
    #expect(line.play([7, 7, 7, 8, 8, 7]) == ["0 7", "3 8", "5 7"])
  }

  @Test(arguments: [
    (Deadband.absolute(2), [10, 12, 8, 13, 15, 10] as [UInt16], ["0 10", "3 13", "5 10"]),
    (
      .percent(10, span: nil), [100, 110, 111, 122, 123, 0, 1],
      ["0 100", "2 111", "4 123", "5 0", "6 1"]
    ),
    (.percent(1, span: 1000), [0, 10, 11, 0], ["0 0", "2 11", "3 0"]),
  ])
  func `keeps movements within the deadband to itself`(
    deadband: Deadband, words: [UInt16], told: [String]
  ) {
    var line = Timeline(signal(deadband: deadband))
    #expect(line.play(words) == told)
  }

  @Test func `measures the deadband after scaling`() {
    let scaling = Scaling(gain: 0.5, offset: -5)
    var line = Timeline(signal(scaling: scaling, deadband: .absolute(1)))
    #expect(line.play([100, 102, 103, 101, 100]) == ["0 45.0", "2 46.5", "4 45.0"])
  }

  @Test func `a slow drift is told as soon as it has left the last told value`() {
    var line = Timeline(signal(deadband: .absolute(3)))
    #expect(line.play([10, 11, 12, 13, 14, 15, 16, 17, 18]) == ["0 10", "4 14", "8 18"])
  }

  @Test func `repeats an unchanged value with the heartbeat`() {
    var line = Timeline(signal(heartbeat: .milliseconds(300)))
    #expect(line.play([5, 5, 5, 5, 5, 6, 6, 6, 6]) == ["0 5", "3 5", "5 6", "8 6"])
  }

  @Test func `believes on and off after their own delays, dated to the first sight`() {
    var line = Timeline(signal(on: 200, off: 300))
    #expect(
      line.play([0, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0]) == ["0 0", "1 1", "8 0"])
  }

  @Test func `a change that does not hold is not told`() {
    var line = Timeline(signal(on: 200, off: 200))
    #expect(line.play([0, 1, 0, 1, 1, 0, 0, 0]) == ["0 0"])
  }

  @Test func `a code must hold as it is`() {
    var line = Timeline(signal(on: 200))
    #expect(line.play([0, 12, 13, 13, 13, 0]) == ["0 0", "2 13", "5 0"])
  }

  @Test func `a real that wavers within its deadband holds`() {
    var line = Timeline(
      signal(scaling: Scaling(gain: 0.1, offset: 0), deadband: .absolute(0.5), on: 200))
    #expect(line.play([100, 200, 203, 199, 200]) == ["0 10.0", "1 20.0"])
  }

  @Test func `says how far a mark may go`() {
    var line = Timeline(signal(on: 200))
    _ = line.play([0])
    #expect(line.conditioner.earliestPending == nil)
    _ = line.play([1], from: 1)
    #expect(line.conditioner.earliestPending == Timeline.instant(1))
    _ = line.play([2], from: 2)
    #expect(line.conditioner.earliestPending == Timeline.instant(2))
    _ = line.play([2, 2], from: 3)
    #expect(line.conditioner.earliestPending == nil)
    _ = line.play([3, nil], from: 5)
    #expect(line.conditioner.earliestPending == nil)
  }

  @Test func `is silent with the heartbeat while a change is pending`() {
    var line = Timeline(signal(heartbeat: .milliseconds(200), on: 500))
    #expect(line.play([0, 1, 1, 1, 1, 1, 1, 1, 1]) == ["0 0", "1 1", "8 1"])
  }

  @Test func `tells each change of quality once, and the return always`() {
    var line = Timeline(signal(deadband: .absolute(5), on: 500))
    #expect(
      line.play([3, nil, nil, 3, 3, 9, nil, 9])
        == ["0 3", "1 3 noContact", "3 3", "6 3 noContact", "7 9"])
  }

  @Test func `a loss before the first value carries none`() {
    var line = Timeline(signal())
    #expect(line.play([nil, nil, 4]) == ["0 none noContact", "2 4"])
  }

  @Test func `NaN is invalid, once, and keeps the last value`() {
    var line = Timeline(signal(.f32, count: 2))
    let reads: [[UInt16]] = [
      [0x3F80, 0], [0x7FC0, 0], [0x7FC0, 0], [0x7F80, 0], [0x3F80, 0], [0x3F80, 0],
    ]
    #expect(reads.enumerated().map { line.read($1, at: $0) } == [1, 1, 0, 0, 1, 0])
    #expect(line.told() == ["0 1.0", "1 1.0 invalid", "4 1.0"])
  }

  @Test func `after a loss the same invalid words are invalid again`() {
    var line = Timeline(signal(.f32, count: 2))
    _ = line.read([0x7FC0, 0], at: 0)
    line.conditioner.degrade(0, to: .noContact, at: Timeline.instant(1), into: &line.ring.producer)
    _ = line.read([0x7FC0, 0], at: 2)
    #expect(line.told() == ["0 none invalid", "1 none noContact", "2 none invalid"])
  }

  @Test func `a value that the ring refused is told at the next read`() {
    var line = Timeline(signal(), capacity: 2)
    #expect(line.read([1], at: 0) == 1)
    #expect(line.read([2], at: 1) == 1)
    #expect(line.read([3], at: 2) == 0)
    #expect(line.read([3], at: 3) == 0)
    #expect(line.told() == ["0 1", "1 2"])
    #expect(line.read([3], at: 4) == 1)
    let sample = line.ring.takeAll()
    #expect(sample.map(\.lost) == [2])
    #expect(sample.map(\.at) == [Timeline.instant(4)])
  }

  @Test func `a loss that the ring refused is reported as such`() {
    var line = Timeline(signal(), capacity: 2)
    _ = line.play([1])
    for tick in 1...2 { _ = line.read([UInt16(tick + 1)], at: tick) }
    let first = line.conditioner.degradeAll(
      to: .noContact, at: Timeline.instant(3), into: &line.ring.producer)
    #expect(!first)
    #expect(line.told() == ["1 2", "2 3"])
    let second = line.conditioner.degradeAll(
      to: .noContact, at: Timeline.instant(3), into: &line.ring.producer)
    #expect(second)
    #expect(line.told() == ["3 3 noContact"])
  }

  @Test func `texts are told whole when they change, debounced as the rest`() {
    var line = Timeline(signal(.string, count: 2, on: 200))
    let (first, second): ([UInt16], [UInt16]) = ([0x4142, 0], [0x4344, 0])
    for (tick, words) in [first, first, second, second, second, first, second].enumerated() {
      _ = line.read(words, at: tick)
    }
    #expect(line.told() == ["0 text \(0x4241)", "2 text \(0x4443)"])
    #expect(line.read([0xFFFF, 0], at: 7) == 1)
    #expect(line.told() == ["7 text \(0x4443) invalid"])
  }

  @Test func `bits beside the wanted one move nothing`() {
    let format = RegisterFormat(type: .bit, bit: 3, count: 1)
    var line = Timeline(SignalDefinition(name: "b", format: format))
    #expect(line.play([0, 1, 0xFFF7, 8, 0xFFFF, 0]) == ["0 0", "3 1", "5 0"])
  }

  @Test func `extremes of 64 bits do not trap`() {
    var line = Timeline(signal(.i64, count: 4, deadband: .absolute(10)))
    _ = line.read([0x8000, 0, 0, 0], at: 0)
    _ = line.read([0x7FFF, 0xFFFF, 0xFFFF, 0xFFFF], at: 1)
    #expect(line.told() == ["0 \(Int64.min)", "1 \(Int64.max)"])
    var unsigned = Timeline(signal(.u64, count: 4, deadband: .percent(50, span: nil)))
    _ = unsigned.read([0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF], at: 0)
    _ = unsigned.read([0, 0, 0, 1], at: 1)
    #expect(unsigned.told() == ["0 \(UInt64.max)", "1 1"])
  }

  @Test func `an answer too short for a signal moves nothing`() {
    var line = Timeline(signal(.u32, count: 2))
    #expect(line.read([1], at: 0) == 0)
    #expect(line.told() == [])
  }
}
