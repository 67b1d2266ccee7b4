// The machine as the recorder meets it: routing, contact of its units, changed rules, shutdown.

import Machines
import Primitives
import Signals
import Testing

@Suite("The machine")
struct MachineTests {
  @Test(arguments: [1, 1_000_000])
  func `it finds its signals near and far, and drops those of others`(_ far: Int) throws {
    var rules = Line.rules()
    rules.good?.signal = SignalID(4 * far)
    var bench = try Bench(rules)
    #expect(bench.machine.interest.map(\.index) == [0, 1, 2, 3, UInt32(4 * far)])
    bench.machine.take(Sample(signal: SignalID(5), at: .boot, value: .integer(1)))
    #expect(bench.machine.status.waiting == 0 && bench.machine.status.lastSample == nil)
    bench.machine.take(Sample(signal: SignalID(4 * far), at: .boot, value: .integer(1)))
    #expect(bench.machine.status.waiting == 1)
  }

  @Test func `a signal that decides nothing waits only when its quality changes`() throws {
    var bench = try Bench(Line.rules(good: false))
    for index in 0..<100 {
      let at = Instant.milliseconds(Int64(index))
      bench.machine.take(Sample(signal: Line.scrap, at: at, value: .integer(Int64(index))))
    }
    #expect(bench.machine.status.waiting == 1)
    #expect(bench.machine.status.lastSample?.instant == .milliseconds(99))
  }

  @Test func `a unit is lost once and found with its first answer`() throws {
    var bench = try Bench(Line.rules())
    bench.scan(0, Scan(run: true, code: 0, good: 0, scrap: 0))
    bench.scan(100, Scan(run: true, code: 0, good: 0, scrap: 0, quality: .noContact))
    bench.scan(200, Scan(run: true, code: 0, good: 0, scrap: 0, quality: .noContact))
    bench.machine.take(Sample(signal: Line.scrap, at: .milliseconds(300), value: .integer(0)))
    bench.mark(300)
    #expect(
      bench.lines.dropFirst() == [
        "100 lost 0 noContact", "100 running 100 -> noContact", "300 found 0 after 200",
      ])
    #expect(bench.machine.status.condition == .noContact)
  }

  @Test func `a unit that refuses everything is lost for that reason`() throws {
    var bench = try Bench(Line.rules(code: false))
    bench.scan(0, Scan(run: true, code: 0, good: 0, scrap: 0))
    bench.scan(100, Scan(run: true, code: 0, good: 0, scrap: 0, quality: .refused))
    #expect(
      bench.lines.dropFirst() == ["100 lost 0 refused", "100 running 100 -> noContact"])
  }

  @Test func `good, scrap and rework of one moment without contact are one record`() throws {
    var rules = Line.rules(code: false)
    rules.rework = CounterRules(signal: Line.code, highest: 65_535)
    var bench = try Bench(rules)
    bench.scan(0, Scan(run: true, code: 1, good: 1, scrap: 1))
    bench.scan(100, Scan(run: true, code: 1, good: 1, scrap: 1, quality: .noContact))
    bench.scan(900, Scan(run: true, code: 4, good: 9, scrap: 3))
    let records = bench.facts.compactMap(\.counted)
    #expect(records.map { [$0.good, $0.scrap, $0.rework] } == [[8, 2, 3]])
    #expect(records.first?.recovered == true && records.first?.reworkTotal == 3)
  }

  @Test func `a shutdown tells the window so far and the next start goes on from there`() throws {
    var bench = try Bench(Line.rules())
    bench.scan(0, Scan(run: true, code: 0, good: 1, scrap: 0))
    bench.scan(500, Scan(run: true, code: 0, good: 3, scrap: 0))
    bench.shutDown()
    bench.shutDown()
    try bench.restart()
    bench.scan(900, Scan(run: true, code: 0, good: 4, scrap: 0))
    #expect(
      bench.lines.dropFirst() == [
        "0..500 made 2+0 of 2+0", "500..900 made 1+0 of 3+0 recovered",
      ])
  }

  @Test func `a stop that a new configuration left without evidence ends`() throws {
    var bench = try Bench(Line.rules(good: false))
    bench.scan(0, Scan(run: false, code: 12))
    let bytes = bench.machine.snapshot(reading: bench.reading)
    bench.machine = try Machine(
      rules: Line.rules(run: false, code: false, good: false), epoch: "e1", snapshot: bytes,
      reading: bench.reading)
    bench.told = [:]
    bench.scan(700, Scan(run: false, code: 12))
    #expect(bench.facts.compactMap(\.ended).map(\.duration) == [.milliseconds(700)])
  }

  @Test func `a counter declared with another width starts from its next reading`() throws {
    var bench = try Bench(Line.rules())
    bench.scan(0, Scan(run: true, code: 0, good: 60_000, scrap: 0))
    let bytes = bench.machine.snapshot(reading: bench.reading)
    bench.machine = try Machine(
      rules: Line.rules(highest: 99_999), epoch: "e1", snapshot: bytes, reading: bench.reading)
    bench.told = [:]
    bench.scan(700, Scan(run: true, code: 0, good: 5, scrap: 0))
    bench.scan(800, Scan(run: true, code: 0, good: 7, scrap: 0))
    bench.shutDown()
    #expect(bench.good == 2 && bench.facts.allSatisfy { $0.anomaly == nil })
  }

  @Test func `the status shows an open stop measured up to now`() throws {
    var bench = try Bench(Line.rules())
    bench.scan(0, Scan(run: true, code: 0, good: 0, scrap: 0))
    bench.scan(1000, Scan(run: false, code: 12, good: 0, scrap: 0))
    bench.mark(4000)
    let status = bench.machine.status
    #expect(status.condition == .fault && status.since.instant == .milliseconds(1000))
    #expect(status.stop?.duration == .seconds(3) && status.stop?.cause.text == "jam")
  }
}
