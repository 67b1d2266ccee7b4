// F49: counters that roll over, reset, jump, and fall to come back.

import Machines
import Primitives
import Signals
import Testing

/// Scans a running machine's counter every 100 ms, then waits until nothing is doubted any more.
private func count(
  _ values: [UInt64], rate: Double? = nil, highest: UInt64 = 65_535, each step: Int64 = 100
) throws -> Bench {
  var bench = try Bench(Line.rules(rate: rate, highest: highest))
  for (index, value) in values.enumerated() {
    bench.scan(Int64(index) * step, Scan(run: true, code: 0, good: value, scrap: 0))
  }
  bench.mark(Int64(values.count) * step + 30_000)
  return bench
}

@Suite("Counters")
struct CounterTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var values: [UInt64]
    var rate: Double?
    var good: Int64
    var anomalies: [String]
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "the first sight is a baseline", values: [700], good: 0, anomalies: []),
    Case(name: "counts up", values: [700, 701, 705], good: 5, anomalies: []),
    Case(
      name: "rolls over near the top, without a rate", values: [65_530, 2], good: 8,
      anomalies: ["rollover 65530->2 booked 8 not 0"]),
    Case(
      name: "rolls over from anywhere the rate allows", values: [65_533, 9], rate: 20, good: 12,
      anomalies: ["rollover 65533->9 booked 12 not 0"]),
    Case(
      name: "is reset and goes on", values: [500, 0, 1, 3], good: 3,
      anomalies: ["reset 500->0 booked 0 not 0"]),
    Case(
      name: "is reset, has made two, and stands", values: [500, 2], good: 2,
      anomalies: ["reset 500->2 booked 2 not 0"]),
    Case(
      name: "is reset when it had hardly counted", values: [0, 3, 0, 4], good: 7,
      anomalies: ["reset 3->0 booked 0 not 0"]),
    Case(
      name: "falls and comes back: its lifetime is no production",
      values: [40_000, 40_001, 0, 40_003], good: 3,
      anomalies: ["implausible 40001->0 booked 0 not 0"]),
    Case(
      name: "falls to noise and comes back", values: [40_000, 17, 40_000, 40_001], good: 1,
      anomalies: ["implausible 40000->17 booked 0 not 17"]),
    Case(
      name: "wanders and comes back", values: [40_000, 17, 9, 40_002], good: 2,
      anomalies: ["implausible 40000->9 booked 0 not 9"]),
    Case(
      name: "jumps beyond its rate and stays", values: [100, 9000, 9001], rate: 2, good: 1,
      anomalies: ["implausible 100->9000 booked 0 not 8900"]),
    Case(
      name: "jumps beyond its rate and comes back", values: [100, 9000, 101, 102], rate: 2,
      good: 2, anomalies: ["implausible 100->9000 booked 0 not 8900"]),
    Case(
      name: "jumps beyond its rate and stands there", values: [100, 9000], rate: 2, good: 0,
      anomalies: ["implausible 100->9000 booked 0 not 8900"]),
    Case(
      name: "falls to more than can have been made", values: [60_000, 30_000, 30_001], rate: 2,
      good: 1, anomalies: ["reset 60000->30000 booked 0 not 30000"]),
  ]

  @Test(arguments: cases)
  func `F49: a counter`(_ it: Case) throws {
    let bench = try count(it.values, rate: it.rate)
    #expect(bench.good == it.good)
    #expect(bench.machine.status.goodTotal == it.good)
    #expect(
      bench.facts.filter { $0.anomaly != nil }.map {
        $0.line.split(separator: " ").dropFirst().joined(separator: " ")
      } == it.anomalies)
  }

  @Test func `pieces per count multiply exactly and saturate`() throws {
    var rules = Line.rules(highest: .max)
    rules.good?.piecesPerCount = .max
    var bench = try Bench(rules)
    for (index, value) in [5, 6, 7].enumerated() {
      bench.scan(Int64(index) * 100, Scan(run: true, code: 0, good: UInt64(value), scrap: 0))
    }
    bench.shutDown()
    #expect(bench.facts.last?.counted?.goodTotal == .max)
  }

  @Test func `a window sums, begins where the last one ended, and tells absolute sums`() throws {
    var bench = try Bench(Line.rules(window: .seconds(1)))
    let counts: [(Int64, UInt64, UInt64)] = [
      (0, 10, 0), (400, 11, 0), (900, 13, 1), (2000, 14, 1), (4000, 14, 2),
    ]
    for (at, good, scrap) in counts {
      bench.scan(at, Scan(run: true, code: 0, good: good, scrap: scrap))
    }
    bench.shutDown()
    #expect(
      bench.lines.dropFirst() == [
        "0..1400 made 3+1 of 3+1", "1400..3000 made 1+0 of 4+1", "3000..4000 made 0+1 of 4+2",
      ])
  }

  @Test func `a window is told before a stop and before a loss`() throws {
    var bench = try Bench(Line.rules())
    bench.scan(0, Scan(run: true, code: 0, good: 10, scrap: 0))
    bench.scan(100, Scan(run: true, code: 0, good: 12, scrap: 0))
    bench.scan(200, Scan(run: false, code: 12, good: 13, scrap: 0))
    bench.scan(300, Scan(run: true, code: 0, good: 14, scrap: 0))
    bench.scan(400, Scan(run: true, code: 0, good: 14, scrap: 0, quality: .noContact))
    #expect(
      bench.lines.dropFirst() == [
        "0..200 made 3+0 of 3+0",
        "200 start #1 jam, unplanned by 1", "200 running 200 -> fault (jam)",
        "300 end #1 jam, minor 100", "300 fault 100 -> running",
        "200..400 made 1+0 of 4+0",
        "400 lost 0 noContact", "400 running 100 -> noContact",
      ])
  }

  @Test func `what was made while nobody looked is booked once, as recovered`() throws {
    var bench = try Bench(Line.rules())
    bench.scan(0, Scan(run: true, code: 0, good: 10, scrap: 0))
    bench.scan(100, Scan(run: true, code: 0, good: 11, scrap: 0))
    bench.scan(200, Scan(run: true, code: 0, good: 0, scrap: 0, quality: .noContact))
    bench.scan(900, Scan(run: true, code: 0, good: 15, scrap: 1))
    bench.at = 1000
    try bench.restart()
    bench.scan(2000, Scan(run: true, code: 0, good: 18, scrap: 1))
    bench.shutDown()
    #expect(
      bench.lines.filter { $0.contains("made") } == [
        "0..200 made 1+0 of 1+0", "200..900 made 4+1 of 5+1 recovered",
        "900..2000 made 3+0 of 8+1 recovered",
      ])
  }

  @Test func `a PLC restarted over night is a reset, not a rollover`() throws {
    var bench = try Bench(Line.rules(rate: 2))
    bench.scan(0, Scan(run: false, code: 20, good: 100, scrap: 0))
    bench.scan(60_000, Scan(run: false, code: 20, good: 100, scrap: 0, quality: .noContact))
    bench.scan(50_000_000, Scan(run: true, code: 0, good: 4, scrap: 0))
    bench.mark(50_020_000)
    bench.shutDown()
    #expect(bench.good == 4)
    #expect(bench.facts.compactMap(\.anomaly).map(\.verdict) == [.reset])
  }

  @Test func `a counter that stood all night and falls under our eyes is a reset`() throws {
    var bench = try Bench(Line.rules(rate: 2))
    bench.scan(0, Scan(run: false, code: 20, good: 100, scrap: 0))
    for minute in 1...600 {
      bench.scan(Int64(minute) * 60_000, Scan(run: false, code: 20, good: 100, scrap: 0))
    }
    bench.scan(36_060_000, Scan(run: false, code: 20, good: 0, scrap: 0))
    bench.mark(36_080_000)
    #expect(bench.facts.compactMap(\.anomaly).map(\.verdict) == [.reset])
    #expect(bench.good == 0)
  }
}
