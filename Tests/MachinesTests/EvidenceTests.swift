// Which evidence decides: standing counts, codes alone, refused signals, two units, portions.

import Machines
import Primitives
import Signals
import Testing

@Suite("Evidence")
struct EvidenceTests {
  @Test func `F47: a count that stands still is a stop from the last count on`() throws {
    var bench = try Bench(Line.rules(run: false, code: false, standstill: .seconds(1)))
    bench.scan(0, Scan(good: 5, scrap: 0))
    bench.scan(400, Scan(good: 6, scrap: 0))
    bench.scan(1300, Scan(good: 6, scrap: 0))
    #expect(bench.machine.nextDeadline == .milliseconds(1400).advanced(nanoseconds: 1))
    bench.scan(2000, Scan(good: 6, scrap: 0))
    bench.scan(9000, Scan(good: 7, scrap: 0))
    #expect(
      bench.stopLines == [
        "0 unknown 0 -> running",
        "400 start #1 no count for 1s, unplanned by 2",
        "400 running 400 -> shortStop (no count for 1s)",
        "5400 shortStop 5000 -> stopped (no count for 1s)",
        "9000 end #1 no count for 1s, unplanned 8600",
        "9000 stopped 3600 -> running",
      ])
  }

  @Test func `a count at the very deadline comes first`() throws {
    var bench = try Bench(Line.rules(run: false, code: false, standstill: .seconds(1)))
    bench.scan(0, Scan(good: 5, scrap: 0))
    bench.scan(1000, Scan(good: 6, scrap: 0))
    #expect(bench.stopLines.count == 1)
  }

  @Test func `a run bit that lies is overruled by the standing count`() throws {
    var bench = try Bench(Line.rules(standstill: .seconds(1)))
    bench.scan(0, Scan(run: true, code: 0, good: 5, scrap: 0))
    bench.scan(2000, Scan(run: true, code: 0, good: 5, scrap: 0))
    #expect(bench.facts.compactMap(\.started).map(\.startedAt.instant) == [.boot])
    bench.scan(3000, Scan(run: false, code: 0, good: 5, scrap: 0))
    bench.scan(4000, Scan(run: true, code: 0, good: 5, scrap: 0))
    #expect(bench.facts.compactMap(\.ended).map(\.duration) == [.seconds(4)])
  }

  @Test func `no contact does not count as standing still`() throws {
    var bench = try Bench(Line.rules(standstill: .seconds(1)))
    bench.scan(0, Scan(run: true, code: 0, good: 5, scrap: 0))
    bench.scan(500, Scan(run: true, code: 0, good: 5, scrap: 0, quality: .noContact))
    bench.scan(9000, Scan(run: true, code: 0, good: 5, scrap: 0))
    bench.scan(9400, Scan(run: true, code: 0, good: 5, scrap: 0))
    #expect(bench.facts.allSatisfy { $0.started == nil })
    // Half a second before and half a second after: that is a second of standing still.
    bench.scan(9600, Scan(run: true, code: 0, good: 5, scrap: 0))
    let stop = try #require(bench.facts.compactMap(\.started).first)
    #expect(stop.startedAt.instant == .boot)
    #expect(stop.noContact == .milliseconds(8500))
    #expect(stop.approximate)
  }

  @Test func `a code alone stops and starts`() throws {
    var bench = try Bench(Line.rules(run: false, good: false))
    bench.scan(0, Scan(code: 0))
    bench.scan(100, Scan(code: 99))
    bench.scan(200, Scan(code: 0))
    #expect(
      bench.lines.dropFirst() == [
        "100 start #1 code 99, unplanned by 1", "100 running 100 -> fault (code 99)",
        "200 end #1 code 99, minor 100", "200 fault 100 -> running",
      ])
    #expect(bench.facts.compactMap(\.ended).map(\.classified) == [false])
  }

  @Test func `a code stops even while the run bit is true`() throws {
    var bench = try Bench(Line.rules())
    bench.scan(0, Scan(run: true, code: 12, good: 0, scrap: 0))
    let stop = try #require(bench.facts.first?.started)
    #expect(stop.cause == Cause(code: 12, text: "jam", from: .plc, reason: "12"))
    #expect(stop.classified && stop.costCenter == "4711" && stop.approximate)
  }

  @Test func `F50: a run bit that is refused leaves the state unknown, until a code says it`()
    throws
  {
    var bench = try Bench(Line.rules(good: false))
    func refuse(_ signal: SignalID, _ at: Int64, _ quality: Quality) {
      bench.machine.take(
        Sample(signal: signal, at: .milliseconds(at), value: .none, quality: quality))
    }
    refuse(Line.run, 100, .refused)
    bench.machine.take(Sample(signal: Line.code, at: .milliseconds(100), value: .integer(0)))
    bench.mark(100)
    #expect(bench.machine.status.condition == .noContact)
    bench.machine.take(Sample(signal: Line.code, at: .milliseconds(200), value: .integer(12)))
    bench.mark(200)
    #expect(bench.machine.status.condition == .fault)
    refuse(Line.code, 300, .invalid)
    bench.mark(300)
    #expect(bench.machine.status.condition == .noContact)
  }

  @Test func `F47: a run bit that is refused within a stop suspends it, and it ends once`() throws {
    var bench = try Bench(Line.rules())
    bench.scan(0, Scan(run: true, code: 0, good: 5, scrap: 0))
    bench.scan(1000, Scan(run: false, code: 0, good: 5, scrap: 0))
    bench.machine.take(
      Sample(signal: Line.run, at: .milliseconds(2000), value: .none, quality: .refused))
    bench.mark(2000)
    bench.machine.take(Sample(signal: Line.run, at: .milliseconds(4000), value: .integer(0)))
    bench.mark(4000)
    bench.told = [:]
    bench.scan(5000, Scan(run: true, code: 0, good: 5, scrap: 0))
    #expect(
      bench.stopLines == [
        "0 unknown 0 -> running", "1000 start #1 stopped, no reason, unplanned by 0",
        "1000 running 1000 -> shortStop (stopped, no reason)", "2000 shortStop 1000 -> noContact",
        "4000 noContact 2000 -> shortStop (stopped, no reason)",
        "5000 end #1 stopped, no reason, minor, about 2000 unseen 2000",
        "5000 shortStop 1000 -> running",
      ])
  }

  @Test func `a count that moves proves that a machine runs whose code is refused`() throws {
    var bench = try Bench(Line.rules(run: false, standstill: .seconds(1)))
    bench.scan(0, Scan(code: 0, good: 5, scrap: 0))
    bench.scan(500, Scan(code: 12, good: 5, scrap: 0))
    bench.machine.take(
      Sample(signal: Line.code, at: .milliseconds(600), value: .none, quality: .refused))
    bench.mark(600)
    #expect(bench.machine.status.condition == .noContact)
    bench.machine.take(Sample(signal: Line.good, at: .milliseconds(900), value: .integer(6)))
    bench.mark(900)
    #expect(bench.machine.status.condition == .running)
    #expect(bench.facts.compactMap(\.ended).map(\.noContact) == [.milliseconds(300)])
    bench.mark(3000)
    #expect(bench.facts.compactMap(\.started).last?.startedAt.instant == .milliseconds(900))
  }

  @Test func `it is unknown until everything that decides has been read`() throws {
    var bench = try Bench(Line.rules())
    bench.machine.take(Sample(signal: Line.run, at: .milliseconds(100), value: .integer(1)))
    bench.mark(100)
    #expect(bench.machine.status.condition == .unknown && bench.facts.isEmpty)
  }

  @Test func `a machine on two units waits for the slower one`() throws {
    var rules = Line.rules()
    rules.units = [UnitID(0), UnitID(7)]
    rules.unitOfSignal = [UnitID(0), UnitID(0), UnitID(7), UnitID(7)]
    var bench = try Bench(rules)
    bench.scan(0, Scan(run: true, code: 0))
    bench.machine.take(Sample(signal: Line.good, at: .milliseconds(50), value: .integer(4)))
    bench.scan(100, Scan(run: false, code: 12))
    #expect(bench.facts.isEmpty)
    bench.machine.take(Sample(mark: UnitID(7), at: .milliseconds(90)))
    bench.machine.advance(reading: bench.reading, into: &bench.facts)
    #expect(bench.lines == ["50 unknown 50 -> running"])
    bench.machine.take(
      Sample(signal: Line.good, at: .milliseconds(95), value: .integer(4), quality: .noContact))
    bench.machine.take(Sample(mark: UnitID(7), at: .milliseconds(300)))
    bench.mark(300)
    #expect(
      bench.lines.dropFirst() == [
        "95 lost 7 noContact", "95 running 45 -> noContact",
      ])
  }

  @Test(arguments: 0..<20)
  func `portions do not matter: late turns tell what prompt ones tell`(_ seed: UInt64) throws {
    var generator = TraceGenerator(seed: seed)
    let frames = generator.trace(150)
    let rules = Line.rules(standstill: .milliseconds(450), rate: 20, window: .milliseconds(300))
    var prompt = try Bench(rules)
    var late = try Bench(rules)
    var random = SeededGenerator(seed: seed)
    for frame in frames {
      let scan = Scan(
        run: frame.run, code: frame.code, good: frame.shown, scrap: 0,
        quality: frame.seen ? .good : .noContact)
      prompt.scan(frame.at, scan)
      late.advances = Int.random(in: 0..<9, using: &random) == 0
      late.scan(frame.at, scan)
    }
    late.advances = true
    prompt.mark(60_000)
    late.mark(60_000)
    #expect(late.facts == prompt.facts)
    #expect(!prompt.facts.isEmpty)
  }

  @Test func `a sample from the past is handled now, and time never goes back`() throws {
    var bench = try Bench(Line.rules())
    bench.scan(1000, Scan(run: true, code: 0, good: 0, scrap: 0))
    bench.scan(2000, Scan(run: true, code: 0, good: 1, scrap: 0))
    bench.machine.take(Sample(signal: Line.run, at: .milliseconds(1500), value: .integer(0)))
    bench.mark(3000)
    #expect(bench.facts.compactMap(\.started).map(\.startedAt.instant.milliseconds) == [2000])
  }

  @Test func `too many waiting samples are handled early, oldest first`() throws {
    var bench = try Bench(Line.rules())
    for index in 0...MachineLimits.waitingSamples {
      bench.machine.take(
        Sample(
          signal: Line.code, at: .milliseconds(Int64(index)), value: .integer(Int64(index % 2))))
    }
    bench.machine.advance(reading: bench.reading, into: &bench.facts)
    let half = MachineLimits.waitingSamples / 2
    #expect(bench.machine.status.waiting == half + 1)
    #expect(bench.machine.handledEarly == Int64(half))
  }

  @Test func `conditions read every kind of number and no text`() {
    let cases: [(Condition.Comparison, Value, Bool?)] = [
      (.isTrue, .integer(2), true), (.isTrue, .unsigned(0), false), (.isTrue, .real(.nan), nil),
      (.isFalse, .integer(0), true), (.equals(3), .real(3), true), (.equals(3), .text(3), nil),
      (.oneOf([1, 5]), .unsigned(5), true), (.oneOf([1]), .none, nil),
      (.above(1.5), .integer(2), true), (.below(1.5), .real(2), false),
    ]
    for (comparison, value, expected) in cases {
      #expect(Condition(signal: Line.run, comparison: comparison).holds(for: value) == expected)
    }
  }
}
