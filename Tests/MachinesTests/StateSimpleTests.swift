// What a run bit and a fault code meant before there were rules of evidence, they mean still: the
// lives of the older reference, told by the states.

import Machines
import Primitives
import Signals
import Testing

@Suite("States as before")
struct StateSimpleTests {
  @Test(arguments: 0..<10)
  func `100 lives with a run bit and codes are told as the older reference says`(
    _ part: UInt64
  ) throws {
    for seed in part * 100..<part * 100 + 100 {
      let (run, code, count) = (seed % 3 != 0, seed % 3 != 1, seed % 2 == 0)
      let rules = try StateRules(simple: Line.rules(run: run, code: code, good: count))
      var generator = TraceGenerator(seed: seed, resets: false)
      let frames = generator.trace(20 + Int(seed % 150)).map { frame in
        var frame = frame
        frame.noise = false
        return frame
      }
      let end = Int64(frames.count) * 100
      var reference = Reference(run: run, code: code, counter: count, standstill: nil)
      let expected = reference.evaluate(frames, until: end).stops
      var bench = try StateBench(rules)
      for frame in frames {
        if frame.restarted { try bench.restart(before: frame.at) }
        bench.scan(
          frame.at,
          [
            Line.run: .integer(frame.run ? 1 : 0), Line.code: .integer(frame.code),
            Line.good: .unsigned(frame.shown),
          ], seen: frame.seen)
      }
      bench.advance(before: end)
      #expect(bench.simple == expected, "seed \(seed)")
    }
  }

  @Test func `conditions mean as rules what they mean by themselves`() throws {
    let comparisons: [Condition.Comparison] = [
      .isTrue, .isFalse, .equals(3), .oneOf([0, 2]), .above(2), .below(2),
    ]
    for comparison in comparisons {
      let condition = Condition(signal: Cell.level, comparison: comparison)
      let claim = EvidenceClaim(.running, when: EvidenceRule(condition))
      var bench = try StateBench(try Cell.rules { $0.evidence.claims = [claim] })
      for (index, value) in [0, 1, 2, 3, 2, 1, 0].enumerated() {
        bench.scan(
          Int64(index) * 100, [Cell.level: .integer(Int64(value)), Cell.count: .integer(0)])
        #expect((bench.states.condition == .running) == condition.runs(Int64(value)))
      }
    }
  }
}

extension Condition {
  /// The comparison, by hand.
  fileprivate func runs(_ value: Int64) -> Bool {
    switch comparison {
    case .isTrue: value != 0
    case .isFalse: value == 0
    case .equals(let number): value == number
    case .oneOf(let numbers): numbers.contains(value)
    case .above(let limit): Double(value) > limit
    case .below(let limit): Double(value) < limit
    }
  }
}

extension StateBench {
  /// The stops in the words of the older reference.
  fileprivate var simple: [Expected.Stop] {
    var stops = facts.compactMap(\.ended)
    if let open = states.openStop { stops.append(open) }
    return stops.map { stop in
      Expected.Stop(
        start: stop.startedAt.instant.milliseconds, end: stop.endedAt?.instant.milliseconds,
        unseen: stop.noContact.wholeMilliseconds, code: stop.cause.code)
    }
  }
}
