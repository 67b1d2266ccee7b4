// Point for point what a counter may be: its width, its direction, a pulse, one of several.

import Machines
import Primitives
import Signals
import Testing

/// Three signals that count, and a run bit; every one of them is told in each scan that has it.
private struct Stand {
  static let unit = UnitID(0)
  static let run = SignalID(0)
  static let first = SignalID(1)
  static let second = SignalID(2)
  static let third = SignalID(3)

  var machine: Machine
  let rules: MachineRules
  var facts: [Fact] = []
  var now: Int64 = 0

  init(_ counters: [RoleCounter], standstill: Duration? = nil) throws {
    var rules = MachineRules(
      name: "press-1", units: [Self.unit],
      signals: [Self.run, Self.first, Self.second, Self.third],
      running: Condition(signal: Self.run, comparison: .isTrue), standstill: standstill,
      countWindow: .seconds(1))
    rules.counters = counters
    self.rules = rules
    machine = try Machine(rules: rules, epoch: "e1", reading: Self.reading(0))
  }

  static func reading(_ now: Int64, boot: String = "a") -> ClockReading {
    ClockReading(
      monotonic: .milliseconds(now), wall: WallTime(milliseconds: 1_772_000_000_000 + now),
      quality: .synchronised, bootID: boot)
  }

  /// A scan after so many milliseconds; nil is a signal that was not told.
  mutating func scan(
    after step: Int64 = 100, _ values: [UInt64?], quality: Quality = .good
  ) {
    now += step
    let at = Instant.milliseconds(now)
    machine.take(Sample(signal: Self.run, at: at, value: .integer(1), quality: quality))
    for (index, value) in values.enumerated() {
      guard let value else { continue }
      let shown = Int64(exactly: value).map { Value.integer($0) } ?? .unsigned(value)
      machine.take(Sample(signal: SignalID(index + 1), at: at, value: shown, quality: quality))
    }
    machine.take(Sample(mark: Self.unit, at: at.advanced(nanoseconds: 1)))
    machine.advance(reading: Self.reading(now), into: &facts)
  }

  /// Lets everything that is doubted be settled, and tells the last window.
  mutating func end() {
    now += 30_000
    machine.take(Sample(mark: Self.unit, at: .milliseconds(now)))
    machine.flush(reading: Self.reading(now), into: &facts)
  }

  mutating func restart() throws {
    let bytes = machine.snapshot(reading: Self.reading(now))
    machine = try Machine(
      rules: rules, epoch: "e1", snapshot: bytes, reading: Self.reading(now))
  }

  var counted: [CountRecord] { facts.compactMap(\.counted) }
  var anomalies: [String] {
    facts.filter { $0.anomaly != nil }.map {
      $0.line.split(separator: " ").dropFirst().joined(separator: " ")
    }
  }
  var sums: [Int64] {
    counted.reduce(into: [0, 0, 0]) {
      $0 = [$0[0] + $1.good, $0[1] + $1.scrap, $0[2] + $1.rework]
    }
  }
}

@Suite("Kinds of counters")
struct CounterKindTests {
  private static func register(
    _ signal: SignalID = Stand.first, bits: Int = 16, rate: Double? = nil,
    direction: CounterRules.Direction = .up
  ) -> CounterRules {
    CounterRules(signal: signal, bits: bits, piecesPerSecond: rate, direction: direction)
  }

  @Test(arguments: [
    (bits: 1, highest: UInt64(1)), (8, 255), (16, 65_535), (24, 16_777_215), (32, 0xFFFF_FFFF),
    (64, .max), (0, 1), (65, .max),
  ])
  func `F49: a width in bits is its highest value`(bits: Int, highest: UInt64) {
    #expect(CounterRules(signal: Stand.first, bits: bits).highest == highest)
  }

  @Test(arguments: [8, 16, 24, 32, 48, 63, 64])
  func `F49: a counter of any declared width rolls over exactly`(bits: Int) throws {
    var stand = try Stand([RoleCounter(.good, Self.register(bits: bits, rate: 50))])
    let top = CounterRules(signal: Stand.first, bits: bits).highest
    for value in [top - 4, top - 1, top, 0, 3] { stand.scan([value]) }
    stand.end()
    #expect(stand.sums == [8, 0, 0])
    #expect(stand.anomalies == ["rollover \(top)->0 booked 1 not 0"])
  }

  struct Down: Sendable, CustomTestStringConvertible {
    var name: String
    var values: [UInt64]
    var good: Int64
    var anomalies: [String]
    var testDescription: String { name }
  }

  @Test(arguments: [
    Down(name: "counts", values: [500, 499, 495], good: 5, anomalies: []),
    Down(
      name: "goes on at its highest after 0", values: [2, 0, 65_535, 65_530], good: 8,
      anomalies: ["rollover 0->65535 booked 1 not 0"]),
    Down(
      name: "is reset to its highest", values: [30_000, 65_535, 65_533], good: 2,
      anomalies: ["reset 30000->65535 booked 0 not 0"]),
    Down(
      name: "rises and comes back: noise", values: [30_000, 65_535, 29_999], good: 1,
      anomalies: ["implausible 30000->65535 booked 0 not 0"]),
    Down(
      name: "jumps beyond its rate and stays", values: [30_000, 100, 99], good: 1,
      anomalies: ["implausible 30000->100 booked 0 not 29900"]),
    Down(
      name: "shows more than it was declared to", values: [65_535, 70_000, 65_534], good: 1,
      anomalies: ["implausible 65535->70000 booked 0 not 0"]),
  ])
  func `F49: a counter that counts down`(_ it: Down) throws {
    var stand = try Stand([RoleCounter(.good, Self.register(rate: 20, direction: .down))])
    for value in it.values { stand.scan([value]) }
    stand.end()
    #expect(stand.sums == [it.good, 0, 0])
    #expect(stand.anomalies == it.anomalies)
  }

  @Test func `a counter that counts down goes on over a restart`() throws {
    var stand = try Stand([RoleCounter(.good, Self.register(rate: 20, direction: .down))])
    stand.scan([10])
    stand.scan([8])
    try stand.restart()
    stand.scan(after: 1000, [5])
    stand.end()
    #expect(stand.sums == [5, 0, 0])
    #expect(stand.counted.map(\.recovered) == [false, true])
  }

  @Test func `a pulse counts at its rising edge, whatever is told between`() throws {
    var stand = try Stand([RoleCounter(.good, CounterRules(pulse: Stand.first, piecesPerCount: 4))])
    for level: UInt64? in [1, 1, 0, 0, nil, 1, nil, 1, 0, 1] { stand.scan([level]) }
    stand.end()
    #expect(stand.sums == [8, 0, 0])
    #expect(stand.anomalies.isEmpty)
  }

  @Test func `F49: of a pulse that nobody watched only what is sure is booked, as recovered`()
    throws
  {
    var stand = try Stand([RoleCounter(.good, CounterRules(pulse: Stand.first))])
    for level: UInt64 in [0, 1, 0] { stand.scan([level]) }
    stand.scan([0], quality: .noContact)
    stand.scan(after: 60_000, [1])
    stand.scan([0])
    try stand.restart()
    stand.scan(after: 60_000, [0])
    stand.scan([1])
    stand.end()
    #expect(stand.counted.map(\.good) == [1, 1, 1])
    #expect(stand.counted.map(\.recovered) == [false, true, false])
    #expect(stand.counted[1].from.instant == .milliseconds(400))
  }

  @Test func `a bouncing pulse is not booked, and told once for all of it`() throws {
    let pulse = CounterRules(pulse: Stand.first, piecesPerSecond: 1)
    var stand = try Stand([RoleCounter(.good, pulse)])
    for _ in 0..<20 {
      stand.scan(after: 20, [0])
      stand.scan(after: 20, [1])
    }
    stand.end()
    // 1.5 a second and two ahead: the first three, and one more after two thirds of a second.
    #expect(stand.sums == [4, 0, 0])
    #expect(stand.anomalies == ["implausible 0->16 booked 0 not 16"])
  }

  @Test func `several counters of a role are summed, and each is judged by its own rate`() throws {
    var stand = try Stand([
      RoleCounter(.good, Self.register(rate: 100)),
      RoleCounter(.scrap, Self.register(Stand.second, rate: 1)),
      RoleCounter(.scrap, Self.register(Stand.third, rate: 1000)),
    ])
    stand.scan([0, 0, 0])
    stand.scan([5, 1, 90])
    stand.scan([9, 900, 91])
    stand.end()
    #expect(stand.sums == [9, 92, 0])
    #expect(stand.anomalies == ["implausible 1->900 booked 0 not 899"])
  }

  @Test func `several counters of a role are each gone on with after a restart`() throws {
    var stand = try Stand([
      RoleCounter(.total, Self.register()), RoleCounter(.scrap, Self.register(Stand.second)),
      RoleCounter(.scrap, Self.register(Stand.third)),
    ])
    stand.scan([100, 10, 20])
    stand.scan([104, 11, 20])
    try stand.restart()
    stand.scan(after: 5000, [109, 12, 22])
    stand.end()
    #expect(stand.sums == [5, 4, 0])
    #expect(stand.anomalies.isEmpty)
  }

  @Test func `good is the total less the scrap, and never less than nothing`() throws {
    var stand = try Stand([
      RoleCounter(.total, Self.register()), RoleCounter(.scrap, Self.register(Stand.second)),
    ])
    stand.scan([0, 0])
    stand.scan([10, 2])
    stand.scan(after: 2000, [10, 2])
    // The scrap of pieces that were told as good long ago: it is owed.
    stand.scan([10, 5])
    stand.scan(after: 2000, [10, 5])
    try stand.restart()
    stand.scan(after: 100, [12, 5])
    stand.scan(after: 2000, [20, 6])
    stand.end()
    #expect(stand.counted.map(\.good) == [8, 0, 0, 6])
    #expect(stand.counted.map(\.scrap) == [2, 3, 0, 1])
    #expect(stand.counted.last?.goodTotal == 14 && stand.counted.last?.scrapTotal == 6)
  }

  @Test(arguments: 0..<20)
  func `good and scrap are the total, however late the scrap is seen`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var stand = try Stand([
      RoleCounter(.total, Self.register(bits: 32)),
      RoleCounter(.scrap, Self.register(Stand.second, bits: 32)),
      RoleCounter(.rework, Self.register(Stand.third, bits: 32)),
    ])
    var (total, scrap, rework): (UInt64, UInt64, UInt64) = (0, 0, 0)
    stand.scan([0, 0, 0])
    for _ in 0..<200 {
      total += UInt64.random(in: 0...4, using: &random)
      scrap += UInt64.random(in: 0...min(3, total - scrap), using: &random)
      rework += UInt64.random(in: 0...1, using: &random)
      stand.scan(after: Int64.random(in: 50...900, using: &random), [total, scrap, rework])
      if Int.random(in: 0..<15, using: &random) == 0 { try stand.restart() }
    }
    // Everything scrapped was made before: a last good piece for each that is owed.
    total += scrap
    stand.scan([total, scrap, rework])
    stand.end()
    #expect(stand.sums == [Int64(total - scrap), Int64(scrap), Int64(rework)])
    #expect(stand.counted.allSatisfy { $0.good >= 0 && $0.scrap >= 0 })
    #expect(stand.counted.last?.goodTotal == stand.sums[0])
  }

  @Test func `a total that stands still is a stop`() throws {
    var stand = try Stand(
      [RoleCounter(.total, Self.register())], standstill: .seconds(5))
    stand.scan([1])
    stand.scan([2])
    stand.scan(after: 10_000, [2])
    #expect(stand.facts.compactMap(\.started).map(\.startedAt.instant) == [.milliseconds(200)])
  }

  @Test func `a machine has no more counters than its limit`() throws {
    let counter = RoleCounter(.scrap, Self.register())
    let stand = try Stand(Array(repeating: counter, count: MachineLimits.counters + 5))
    #expect(stand.machine.status.scrapTotal == 0)
  }

  @Test func `a sum at its end stays there and says so once`() throws {
    var rules = Self.register()
    rules.piecesPerCount = .max / 2 - 1
    var stand = try Stand([RoleCounter(.good, rules)])
    for value: UInt64 in [0, 1, 2, 3, 4, 5] { stand.scan([value]) }
    stand.end()
    #expect(stand.sums[0] == .max)
    #expect(stand.counted.last?.goodTotal == .max)
    #expect(stand.anomalies == ["implausible 3->3 booked 0 not \(Int64.max / 2 - 4)"])
  }
}
