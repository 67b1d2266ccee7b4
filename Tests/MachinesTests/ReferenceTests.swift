// Random lives of random machines: what the room tells must be what the naive reference works out.

import Machines
import Primitives
import Signals
import Testing

private struct Life {
  let seed: UInt64
  let rules: MachineRules
  let frames: [Frame]
  let expected: Expected
  let end: Int64

  init(seed: UInt64, standing: Bool = true, resets: Bool = true) {
    var random = SeededGenerator(seed: seed ^ 0x5EED)
    var (run, code, counter) = (Bool.random(using: &random), Bool.random(using: &random), true)
    if run || code { counter = Bool.random(using: &random) || Bool.random(using: &random) }
    let choices: [Int64?] = [nil, 350, 500, 800]
    let standstill = counter && standing ? choices.randomElement(using: &random) ?? nil : nil
    if seed.isMultiple(of: 3) { (run, code) = (true, true) }
    rules = Line.rules(
      run: run, code: code, good: counter, standstill: standstill.map { .milliseconds($0) },
      rate: 20, window: .milliseconds([0, 250, 1000][Int(seed % 3)]))
    var generator = TraceGenerator(seed: seed, resets: resets)
    var drawn = generator.trace(Int.random(in: 20...200, using: &random))
    // A last look: until then what was read but not committed is only in the PLC.
    if !resets { (drawn[drawn.count - 1].seen, drawn[drawn.count - 1].noise) = (true, false) }
    frames = drawn
    end = Int64(frames.count) * 100 + 30_000
    var reference = Reference(run: run, code: code, counter: counter, standstill: standstill)
    self.seed = seed
    expected = reference.evaluate(frames, until: end)
  }

  func live(commitsWithFacts: Bool = false) throws -> Bench {
    var bench = try Bench(rules)
    if commitsWithFacts { bench.committed = bench.machine.snapshot(reading: bench.reading) }
    for frame in frames {
      if frame.restarted { try bench.restart() }
      bench.scan(
        frame.at,
        Scan(
          run: frame.run, code: frame.code, good: frame.shown, scrap: 0,
          quality: frame.seen ? .good : .noContact))
    }
    bench.mark(end)
    bench.shutDown()
    return bench
  }
}

extension Bench {
  /// What was told, in the words of the reference.
  fileprivate var account: Expected {
    var stops: [Expected.Stop] = facts.compactMap(\.ended).map { stop in
      Expected.Stop(
        start: stop.startedAt.instant.milliseconds, end: stop.endedAt?.instant.milliseconds,
        unseen: stop.noContact.wholeMilliseconds, code: stop.cause.code)
    }
    if let open = machine.status.stop {
      stops.append(
        Expected.Stop(
          start: open.startedAt.instant.milliseconds, end: nil,
          unseen: open.noContact.wholeMilliseconds, code: open.cause.code))
    }
    return Expected(stops: stops, good: good)
  }
}

@Suite("Against the reference")
struct ReferenceTests {
  @Test(arguments: 0..<40)
  func `100 random lives are told stop by stop and part by part (F47 to F50)`(_ part: UInt64) throws
  {
    for seed in part * 100..<part * 100 + 100 {
      let life = Life(seed: seed)
      let bench = try life.live()
      guard bench.account == life.expected else {
        Issue.record("seed \(seed): \(bench.account) is not \(life.expected)\n\(life.drawing)")
        return
      }
      try check(bench, seed: seed)
    }
  }

  // What was read but not committed when the gateway dies, and the PLC restarts before it is back,
  // is lost to a recorder that commits only with facts; so these lives have no restart of the PLC.
  @Test(arguments: 0..<10)
  func `a snapshot committed only with facts loses no stop and no part`(_ part: UInt64) throws {
    for seed in part * 100..<part * 100 + 100 {
      let life = Life(seed: seed, standing: false, resets: false)
      let bench = try life.live(commitsWithFacts: true)
      guard bench.account == life.expected else {
        Issue.record("seed \(seed): \(bench.account) is not \(life.expected)\n\(life.drawing)")
        return
      }
    }
  }

  /// What holds for every stream of facts.
  private func check(_ bench: Bench, seed: UInt64) throws {
    let started = bench.facts.compactMap(\.started)
    let ended = bench.facts.compactMap(\.ended)
    #expect(
      started.map(\.stopID)
        == (1...max(1, started.count)).prefix(started.count).map {
          "press-1-e1-\($0)"
        })
    for stop in ended {
      let start = try #require(started.first { $0.stopID == stop.stopID })
      #expect(start.startedAt == stop.startedAt)
      let end = try #require(stop.endedAt)
      #expect(stop.duration + stop.noContact == end.instant - stop.startedAt.instant)
    }
    var before: Instant?
    for fact in bench.facts {
      guard case .stateChanged(_, _, let duration, _) = fact.kind else { continue }
      if let before { #expect(fact.at.instant - duration == before, "seed \(seed)") }
      before = fact.at.instant
    }
    var (sum, until): (Int64, Instant) = (0, .distantPast)
    for count in bench.facts.compactMap(\.counted) {
      sum += count.good
      #expect(count.goodTotal == sum && count.from.instant >= until, "seed \(seed)")
      #expect(count.to.instant >= count.from.instant)
      until = count.to.instant
    }
    #expect(bench.machine.status.goodTotal == sum)
  }
}

extension Life {
  fileprivate var drawing: String {
    let signs = frames.map { frame in
      (frame.restarted ? "|" : "")
        + (!frame.seen
          ? "?"
          : frame.noise
            ? "~"
            : frame.reset
              ? "0"
              : frame.code != 0
                ? "c"
                : frame.run ? (frame.made > 0 ? "r" : "i") : "_")
    }
    return "\(rules.running != nil) \(rules.faultCode != nil) \(rules.good != nil) "
      + "\(rules.standstill?.text ?? "-") \(signs.joined())"
  }
}
