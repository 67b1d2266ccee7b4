// What survives a restart of the gateway, of the computer, and a damaged snapshot.

import Machines
import Primitives
import Signals
import Testing

@Suite("Snapshots")
struct SnapshotTests {
  private func stopped() throws -> Bench {
    var bench = try Bench(Line.rules(rate: 20), at: 5000)
    bench.scan(5000, Scan(run: true, code: 0, good: 10, scrap: 0))
    bench.scan(6000, Scan(run: true, code: 0, good: 12, scrap: 1))
    bench.scan(7000, Scan(run: false, code: 12, good: 12, scrap: 1))
    return bench
  }

  @Test func `a stop outlives the computer's restart with its id and its label`() throws {
    var bench = try stopped()
    let started = try #require(bench.facts.compactMap(\.started).first)
    try bench.reboot(downFor: 600_000)
    bench.scan(1500, Scan(run: false, code: 12, good: 12, scrap: 1))
    bench.scan(4000, Scan(run: true, code: 0, good: 12, scrap: 1))
    let ended = try #require(bench.facts.compactMap(\.ended).first)
    #expect(ended.stopID == started.stopID)
    #expect(ended.startedAt.wall == started.startedAt.wall)
    #expect(ended.startedAt.instant < .boot)
    // 600 s switched off, then 1 s up to the resume and 3 s more, on a start at 7 s of 7 s.
    #expect(ended.duration == .seconds(603))
    #expect(ended.approximate && ended.category == .unplanned)
  }

  @Test func `a stop ends with the first look when something was made meanwhile`() throws {
    var bench = try stopped()
    try bench.restart()
    bench.scan(9000, Scan(run: false, code: 12, good: 15, scrap: 1))
    #expect(
      bench.lines.suffix(5) == [
        "7000 start #1 jam, unplanned by 1", "7000 running 2000 -> fault (jam)",
        "7000..9000 made 3+0 of 5+1 recovered", "9000 end #1 jam, minor, about 2000",
        "9000 start #2 jam, unplanned, about by 1",
      ])
  }

  @Test func `F49: a PLC restarted in the middle of a stop is no movement`() throws {
    var bench = try stopped()
    try bench.restart()
    bench.scan(9000, Scan(run: false, code: 12, good: 0, scrap: 0))
    bench.scan(9500, Scan(run: true, code: 0, good: 0, scrap: 0))
    bench.mark(30_000)
    #expect(bench.facts.compactMap(\.started).count == 1)
    #expect(bench.facts.compactMap(\.ended).map(\.duration) == [.seconds(2.5)])
    #expect(bench.facts.compactMap(\.anomaly).map(\.verdict) == [.reset, .reset])
  }

  @Test(arguments: [ClockQuality.neverset, .synchronised])
  func `F40: counts are kept when the wall clock of the new boot is in 1970`(
    quality: ClockQuality
  ) throws {
    var bench = try stopped()
    let bytes = bench.machine.snapshot(reading: bench.reading)
    let reading = ClockReading(
      monotonic: .milliseconds(800), wall: WallTime(milliseconds: 800), quality: quality,
      bootID: "boot-b")
    bench.machine = try Machine(
      rules: bench.rules, epoch: "e1", snapshot: bytes, reading: reading)
    bench.told = [:]
    (bench.at, bench.wallOfBoot, bench.boot, bench.facts) = (800, 0, "boot-b", [])
    bench.scan(900, Scan(run: true, code: 0, good: 5012, scrap: 1))
    #expect(bench.facts.compactMap(\.counted).map(\.good) == [5000])
    #expect(bench.facts.compactMap(\.ended).allSatisfy { $0.duration >= .zero && $0.approximate })
  }

  @Test func `F40: a step of the wall clock in a stop changes neither duration nor start`() throws {
    var bench = try stopped()
    let started = try #require(bench.facts.compactMap(\.started).first)
    bench.wallOfBoot += 315_360_000_000
    bench.scan(9000, Scan(run: true, code: 0, good: 12, scrap: 1))
    let ended = try #require(bench.facts.compactMap(\.ended).first)
    #expect(ended.duration == .seconds(2))
    #expect(ended.startedAt == started.startedAt)
  }

  @Test(arguments: 0..<30)
  func `a snapshot resumed at once is the same snapshot`(_ seed: UInt64) throws {
    var generator = TraceGenerator(seed: seed)
    var bench = try Bench(Line.rules(standstill: .milliseconds(450), rate: 20))
    for frame in generator.trace(60) {
      bench.scan(
        frame.at,
        Scan(
          run: frame.run, code: frame.code, good: frame.shown, scrap: 0,
          quality: frame.seen ? .good : .noContact))
      let bytes = bench.machine.snapshot(reading: bench.reading)
      let again = try Machine(
        rules: bench.rules, epoch: "e1", snapshot: bytes, reading: bench.reading)
      let once = again.snapshot(reading: bench.reading)
      let twice = try Machine(
        rules: bench.rules, epoch: "e1", snapshot: once, reading: bench.reading
      ).snapshot(reading: bench.reading)
      #expect(once == twice)
      #expect(again.status.stop == bench.machine.status.stop)
      #expect(again.status.goodTotal == bench.machine.status.goodTotal)
    }
  }

  @Test func `a damaged snapshot says what to do`() throws {
    let bench = try Bench(Line.rules())
    let cases: [(String, String)] = [
      ("{", "its snapshot is damaged (reading JSON at byte 1: "),
      ("{}", "its snapshot has version none, known are 1 to 2"),
      (#"{"version":3}"#, "its snapshot has version 3, known are 1 to 2"),
      (#"{"version":1}"#, "does not hold the number of the next stop"),
      (#"{"version":2}"#, "does not hold the number of the next stop"),
    ]
    for (text, message) in cases {
      let fault = #expect(throws: SnapshotFault.self) {
        try Machine(
          rules: bench.rules, epoch: "e1", snapshot: Array(text.utf8), reading: bench.reading)
      }
      #expect(fault?.description.contains(message) == true, "\(text)")
    }
  }

  @Test func `every member may be missing or strange, and costs only itself`() throws {
    let bench = try stopped()
    let bytes = bench.machine.snapshot(reading: bench.reading)
    let whole = try #require(try JSONValue(parsing: bytes).object)
    let strange: [JSONValue?] = [nil, .null, "x", -1, [1, 2, 3], ["since": "x", "is": "stopped"]]
    for name in whole.keys where name != "version" && name != "nextStop" {
      for value in strange {
        var members = whole
        members[name] = value
        let damaged = JSONValue.object(members).canonicalBytes
        var machine = try Machine(
          rules: bench.rules, epoch: "e1", snapshot: damaged, reading: bench.reading)
        var facts: [Fact] = []
        let at = Instant.milliseconds(8000)
        for signal in [Line.run, Line.code, Line.good, Line.scrap] {
          machine.take(Sample(signal: signal, at: at, value: .integer(0)))
        }
        machine.take(Sample(mark: Line.unit, at: .milliseconds(90_000)))
        machine.advance(reading: bench.reading, into: &facts)
        #expect(machine.status.condition == .stopped, "\(name)")
        #expect(facts.compactMap(\.started).allSatisfy { $0.stopID == "press-1-e1-2" })
      }
    }
  }

  @Test func `the next number can be given when a snapshot is lost`() throws {
    var bench = try Bench(Line.rules())
    bench.machine = try Machine(
      rules: bench.rules, epoch: "e1", reading: bench.reading, firstStop: 41)
    bench.scan(0, Scan(run: false, code: 0, good: 0, scrap: 0))
    #expect(bench.facts.compactMap(\.started).map(\.stopID) == ["press-1-e1-41"])
  }
}
