// Chance from a seed, and the delays drawn with it.

import Primitives
import Testing

@Suite struct `A seeded generator` {
  @Test func `gives the published numbers of SplitMix64`() {
    // The first outputs of the reference implementation for the seed 1234567.
    var generator = SeededGenerator(seed: 1_234_567)
    let first = (0..<5).map { _ in generator.next() }
    #expect(
      first == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
  }

  @Test func `replays from its seed and differs from another`() {
    func run(_ seed: UInt64) -> [UInt64] {
      var generator = SeededGenerator(seed: seed)
      return (0..<100).map { _ in generator.next() }
    }
    #expect(run(9) == run(9))
    #expect(Set(run(9) + run(10)).count == 200)
  }
}

@Suite struct `A backoff` {
  @Test(
    arguments: [
      (1_000_000_000, 300_000_000_000), (100_000_000, 100_000_000), (1, 3_600_000_000_000),
      (1, .max), (.max, .max),
    ] as [(Int64, Int64)])
  func `stays between half of the step and the whole of it, and reaches the ceiling`(
    floor: Int64, ceiling: Int64
  ) {
    var backoff = Backoff(floor: .nanoseconds(floor), ceiling: .nanoseconds(ceiling))
    var generator = SeededGenerator(seed: 7)
    var longest: Int64 = 0
    for failure in 0..<200 {
      #expect(backoff.failures == failure)
      let step = min(Int128(floor) << Int128(min(failure, 62)), Int128(ceiling))
      let delay = backoff.next(using: &generator).nanoseconds
      #expect((step / 2...step).contains(Int128(delay)))
      longest = max(longest, delay)
    }
    #expect(longest > ceiling / 10 * 4)
  }

  @Test func `does not overflow after a million failures`() {
    var backoff = Backoff(floor: .seconds(1), ceiling: .seconds(300))
    var generator = SeededGenerator(seed: 11)
    var worst = Duration.zero
    for _ in 0..<1_000_010 { worst = max(worst, backoff.next(using: &generator)) }
    #expect(worst <= .seconds(300))
    #expect(backoff.failures == 1_000_000)
    backoff.reset()
    #expect(backoff.failures == 0)
    #expect(backoff.next(using: &generator) <= .seconds(1))
  }

  @Test(arguments: [(0, 0), (-5, -9), (10, 1), (.min, .min)] as [(Int64, Int64)])
  func `makes sense of limits that make none`(floor: Int64, ceiling: Int64) {
    var backoff = Backoff(floor: .nanoseconds(floor), ceiling: .nanoseconds(ceiling))
    var generator = SeededGenerator(seed: 13)
    for _ in 0..<100 {
      let delay = backoff.next(using: &generator).nanoseconds
      #expect((0...max(1, floor)).contains(delay))
    }
  }

  @Test func `disperses a thousand gateways over the upper half of the step`() {
    var generator = SeededGenerator(seed: 17)
    var tenths = [Int](repeating: 0, count: 10)
    for _ in 0..<1000 {
      var backoff = Backoff(floor: .seconds(1), ceiling: .seconds(1000))
      for _ in 0..<20 { _ = backoff.next(using: &generator) }
      let delay = backoff.next(using: &generator).wholeMilliseconds
      tenths[min(9, max(0, Int(delay - 500_000) / 50_000))] += 1
    }
    #expect(tenths.allSatisfy { $0 > 50 }, "\(tenths)")
  }
}
