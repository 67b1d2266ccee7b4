// Where a record of counts begins when the order or planned time changed and nothing was open.

import Machines
import Primitives
import Signals
import Testing

@Suite struct `A change while no count is being summed` {
  /// A counter alone; three pieces are told as 0..11000, and nothing after that.
  private func bench() throws -> Bench {
    var bench = try Bench(Line.rules(run: false, code: false, rate: 100))
    bench.scan(0, Scan(good: 0))
    bench.scan(1000, Scan(good: 3))
    bench.mark(20_000)
    #expect(counts(bench) == ["0..11000 made 3+0 of 3+0"])
    return bench
  }

  private func counts(_ bench: Bench) -> [String] {
    bench.facts.filter { $0.counted != nil }.map(\.line)
  }

  @Test(arguments: ["order", "plan"], [false, true])
  func `F49: what is counted after it begins there, over a restart too`(
    _ change: String, _ restarts: Bool
  ) throws {
    var bench = try bench()
    let at = Stamp(.milliseconds(30_000), bench.reading)
    if change == "order" { bench.machine.cut(at: at) } else { bench.machine.plan(false, at: at) }
    bench.mark(31_000)
    if restarts {
      try bench.restart()
      bench.scan(32_000, Scan(good: 3))
    }
    bench.scan(35_000, Scan(good: 10))
    bench.mark(50_000)
    #expect(counts(bench).last == "30000..45000 made 7+0 of 10+0")
    // The next one goes on where that ended.
    bench.scan(51_000, Scan(good: 11))
    bench.mark(70_000)
    #expect(counts(bench).last == "45000..61000 made 1+0 of 11+0")
  }

  @Test func `F49: one that is open is told up to it, and the next begins there`() throws {
    var bench = try bench()
    bench.scan(21_000, Scan(good: 5))
    bench.machine.cut(at: Stamp(.milliseconds(22_000), bench.reading))
    bench.scan(23_000, Scan(good: 6))
    bench.mark(40_000)
    #expect(
      counts(bench).suffix(2) == [
        "11000..22000 made 2+0 of 5+0", "22000..33000 made 1+0 of 6+0",
      ])
  }

  @Test func `F50: what was made while nobody looked keeps its start, whatever changed since`()
    throws
  {
    var bench = try bench()
    bench.scan(25_000, Scan(good: 3, quality: .noContact))
    bench.machine.cut(at: Stamp(.milliseconds(30_000), bench.reading))
    bench.mark(35_000)
    bench.scan(40_000, Scan(good: 10))
    bench.scan(41_000, Scan(good: 11))
    bench.mark(60_000)
    #expect(
      counts(bench).suffix(2) == [
        "25000..40000 made 7+0 of 10+0 recovered", "40000..51000 made 1+0 of 11+0",
      ])
  }
}
