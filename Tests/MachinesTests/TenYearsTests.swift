// F40: ten years of one machine in virtual time: restarts of the computer, a clock that is unset,
// set late and stepped, leap days, and a register that rolls over every seven weeks. Every piece is
// counted and every stop measured as if the clock had never been touched.

import Machines
import Primitives
import Signals
import Testing

/// The world: what the machine really does, and what the clocks of the computer show of it.
private struct Decade {
  /// 2026-03-01T00:00:00Z.
  static let start: Int64 = 1_772_323_200_000
  static let length: Int64 = 3_653 * 86_400_000
  static let rules = MachineRules(
    name: "press-1", units: [Line.unit], signals: [Line.run, Line.good],
    running: Condition(signal: Line.run, comparison: .isTrue),
    good: CounterRules(signal: Line.good, bits: 32, piecesPerSecond: 1000),
    countWindow: .seconds(10))

  var random: SeededGenerator
  var machine: Machine
  var facts: [Fact] = []
  /// Milliseconds since the start, and of the boot that is running.
  var real: Int64 = 0
  var boot: Int64 = 0
  var boots = 1
  /// What the wall clock is wrong by.
  var error: Int64 = 0
  var quality = ClockQuality.synchronised
  var register: UInt64 = 5
  var runs = true
  var rollovers = 0
  var made: Int64 = 0
  var stopped: Duration = .zero
  var stops = 0

  init(seed: UInt64) throws {
    random = SeededGenerator(seed: seed)
    machine = try Machine(
      rules: Self.rules, epoch: "e1",
      reading: ClockReading(
        monotonic: .boot, wall: WallTime(milliseconds: Self.start), quality: .synchronised,
        bootID: "1"))
  }

  var reading: ClockReading {
    ClockReading(
      monotonic: .milliseconds(real - boot),
      wall: WallTime(milliseconds: quality == .neverset ? real - boot : Self.start + real + error),
      quality: quality, bootID: "\(boots)")
  }

  mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

  mutating func scan() {
    let at = Instant.milliseconds(real - boot)
    machine.take(Sample(signal: Line.run, at: at, value: .integer(runs ? 1 : 0)))
    machine.take(Sample(signal: Line.good, at: at, value: .integer(Int64(register))))
    machine.take(Sample(mark: Line.unit, at: at.advanced(nanoseconds: 1)))
    machine.advance(reading: reading, into: &facts)
  }

  /// Time passes, and a machine that runs makes up to 1,000 a second.
  mutating func pass(_ milliseconds: Int64, canRollOver: Bool = true) {
    real += milliseconds
    guard runs else {
      stopped += .milliseconds(milliseconds)
      return
    }
    let room = canRollOver ? Int64.max : 0xFFFF_FFFF - Int64(register)
    let pieces = min(Int64.random(in: 0...milliseconds, using: &random), room)
    made += pieces
    let sum = register + UInt64(pieces)
    if sum > 0xFFFF_FFFF { rollovers += 1 }
    register = sum & 0xFFFF_FFFF
  }

  /// The computer is off for a while; its clock comes back right, or unset.
  mutating func reboot() throws {
    let kept = machine.snapshot(reading: reading)
    pass(Int64.random(in: 60_000...7_200_000, using: &random), canRollOver: false)
    (boot, boots, error) = (real - 20_000, boots + 1, 0)
    quality = chance(2) ? .neverset : .synchronised
    machine = try Machine(rules: Self.rules, epoch: "e1", snapshot: kept, reading: reading)
    scan()
  }

  /// Somebody or something sets the clock, in the middle of everything.
  mutating func step() {
    switch Int.random(in: 0..<3, using: &random) {
    case 0: (quality, error) = (.synchronised, 0)
    case 1:
      let year: Int64 = 31_557_600_000
      (quality, error) = (.stepped, Int64.random(in: -3 * year...3 * year, using: &random))
    default: (quality, error) = (.stepped, Int64.random(in: -3_600_000...3_600_000, using: &random))
    }
  }

  mutating func live() throws {
    scan()
    while real < Self.length {
      pass(Int64.random(in: 3_600_000...43_200_000, using: &random))
      let ran = runs
      runs = runs ? !chance(20) : true
      if ran, !runs { stops += 1 }
      scan()
      if chance(25) { step() }
      if runs, chance(120) { try reboot() }
    }
    runs = true
    pass(3_600_000)
    scan()
    machine.flush(reading: reading, into: &facts)
  }
}

@Suite("Ten years")
struct TenYearsTests {
  @Test(arguments: 0..<4)
  func `F40: every piece and every stop of ten years is told, whatever the clocks do`(
    seed: UInt64
  ) throws {
    var decade = try Decade(seed: seed)
    try decade.live()
    let counted = decade.facts.compactMap(\.counted)
    #expect(decade.made > 100_000_000_000 && decade.rollovers > 20 && decade.boots > 20)
    #expect(counted.reduce(0) { $0 + $1.good } == decade.made)
    #expect(counted.last?.goodTotal == decade.made)
    let anomalies = decade.facts.compactMap(\.anomaly)
    #expect(anomalies.allSatisfy { $0.verdict == .rollover })
    #expect(anomalies.count == decade.rollovers)

    let ended = decade.facts.compactMap(\.ended)
    #expect(ended.count == decade.stops)
    #expect(ended.map(\.stopID) == (1...decade.stops).map { "press-1-e1-\($0)" })
    #expect(ended.reduce(.zero) { $0 + $1.duration } == decade.stopped)
    #expect(ended.allSatisfy { !$0.approximate && $0.noContact == .zero })
  }

  @Test func `leap days are labelled as the days they are`() throws {
    var decade = try Decade(seed: 1)
    while decade.real < Decade.length {
      decade.pass(21_600_000)
      decade.scan()
    }
    let days = Set(decade.facts.compactMap(\.counted).map { $0.to.wall.text.prefix(10) })
    for leap in ["2028-02-29", "2032-02-29", "2036-02-29"] { #expect(days.contains(leap[...])) }
    #expect(days.isDisjoint(with: ["2027-02-29", "2030-02-29"]))
    // Every day of ten years has a window of its own, none is missing and none is there twice.
    #expect(days.count == 3_653)
  }

  @Test func `a clock set late labels what comes after it, and moves nothing that was told`() throws
  {
    var decade = try Decade(seed: 2)
    decade.quality = .neverset
    decade.scan()
    decade.pass(60_000)
    decade.scan()
    decade.pass(60_000)
    decade.scan()
    let before = decade.facts
    decade.quality = .synchronised
    decade.pass(60_000)
    decade.scan()
    decade.machine.flush(reading: decade.reading, into: &decade.facts)
    #expect(Array(decade.facts.prefix(before.count)) == before)
    let counted = decade.facts.compactMap(\.counted)
    #expect(counted.first?.to.wall.text.prefix(4) == "1970")
    #expect(counted.last?.to.wall.text.prefix(10) == "2026-03-01")
    for (earlier, later) in zip(counted, counted.dropFirst()) {
      #expect(earlier.to.instant <= later.from.instant && later.from.instant <= later.to.instant)
    }
    #expect(counted.last?.goodTotal == decade.made)
  }
}
