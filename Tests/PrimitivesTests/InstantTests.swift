// Monotonic time: it orders, it measures, and no arithmetic on it can trap.

import Primitives
import Testing

private let year = Duration.seconds(365 * 86_400)

@Suite struct `An instant` {
  @Test(arguments: [Int64.min, .min + 1, -1, 0, 1, .max - 1, .max])
  func `plus or minus anything stays within the ends of time`(nanoseconds: Int64) {
    let instant = Instant(nanoseconds: nanoseconds)
    for step in [Int64.min, .min + 1, -1, 0, 1, .max - 1, .max] {
      let exactSum = Int128(nanoseconds) + Int128(step)
      let exactDifference = Int128(nanoseconds) - Int128(step)
      #expect((instant + .nanoseconds(step)).nanoseconds == Int64(clamping: exactSum))
      #expect((instant - .nanoseconds(step)).nanoseconds == Int64(clamping: exactDifference))
      let other = Instant(nanoseconds: step)
      #expect(instant.nanoseconds(since: other) == Int64(clamping: exactDifference))
      #expect(instant.advanced(nanoseconds: step).nanoseconds == Int64(clamping: exactSum))
      #expect((instant - other).nanoseconds == Int64(clamping: exactDifference))
      #expect((instant < other) == (nanoseconds < step))
    }
  }

  @Test func `plus a duration of centuries is the end of time`() {
    #expect(Instant.boot + year * 300 == .distantFuture)
    #expect(Instant(nanoseconds: -1) - year * 300 == .distantPast)
    #expect(Instant.boot + .seconds(Int64.max) == .distantFuture)
    #expect(Instant.boot + .seconds(Int64.min) == .distantPast)
  }

  @Test(arguments: [(0, 0), (999_999, 0), (1_000_000, 1), (1_999_999, 1), (-1, 0)])
  func `tells whole milliseconds`(nanoseconds: Int64, milliseconds: Int64) {
    #expect(Instant(nanoseconds: nanoseconds).milliseconds == milliseconds)
  }
}

@Suite struct `A duration` {
  @Test func `in nanoseconds saturates at 292 years`() {
    #expect((year * 292).nanoseconds == 292 * 365 * 86_400 * 1_000_000_000)
    #expect((year * 293).nanoseconds == .max)
    #expect((year * -293).nanoseconds == .min)
    #expect(Duration.seconds(Int64.max).nanoseconds == .max)
    #expect(Duration.nanoseconds(Int64.max).nanoseconds == .max)
    #expect(Duration.nanoseconds(Int64.min).nanoseconds == .min)
    #expect(Duration.milliseconds(-1).nanoseconds == -1_000_000)
    #expect(Duration(secondsComponent: 0, attosecondsComponent: 1_999_999_999).nanoseconds == 1)
  }

  @Test(arguments: [(1_999_999, 1), (-1_999_999, -1), (0, 0)])
  func `in milliseconds is cut towards zero`(nanoseconds: Int64, milliseconds: Int64) {
    #expect(Duration.nanoseconds(nanoseconds).wholeMilliseconds == milliseconds)
  }

  @Test(arguments: [
    ("0s", 0), ("250ms", 250_000_000), ("2s", 2_000_000_000), ("1.5s", 1_500_000_000),
    ("5min", 300_000_000_000), ("8h", 28_800_000_000_000), ("30d", 2_592_000_000_000_000),
    ("100us", 100_000), ("7ns", 7), ("0.25h", 900_000_000_000), ("0.000000001s", 1),
    ("1.001us", 1001), ("1.000000000ns", 1), ("0001s", 1_000_000_000),
    ("106751d", 9_223_286_400_000_000_000), ("9223372036s", 9_223_372_036_000_000_000),
    ("9223372036.854775807s", Int64.max), ("0.0d", 0),
  ])
  func `is read from what people write`(text: String, nanoseconds: Int64) {
    #expect(Duration(text: text)?.nanoseconds == nanoseconds)
  }

  @Test(arguments: [
    "", "s", "ms", "2", "2 s", " 2s", "2s ", "2S", "2sec", "2m", "2mins", "-2s", "+2s", "1.s",
    ".5s",
    "1..5s", "1.5.5s", "1,5s", "1e3s", "0x2s", "2sms", "2s2", "٢s", "2ś", "∞s", "1.0000000000s",
    "1.0001us", "0.5ns", "1.0000000001s", "106752d", "9223372036.854775808s",
    "9223372037s", "999999999999999d", "9999999999999999s", "NaNs", "2\u{0}s", "2s\u{301}",
  ])
  func `is not read from anything else`(text: String) {
    #expect(Duration(text: text) == nil)
  }

  @Test(arguments: [
    (0, "0s"), (250_000_000, "250ms"), (2_000_000_000, "2s"), (90_000_000_000, "90s"),
    (120_000_000_000, "2min"), (28_800_000_000_000, "8h"), (86_400_000_000_000, "1d"),
    (1500, "1500ns"), (2000, "2us"), (-250_000_000, "-250ms"),
  ])
  func `is written in the largest unit that is exact`(nanoseconds: Int64, text: String) {
    #expect(Duration.nanoseconds(nanoseconds).text == text)
  }

  @Test func `is read back as it was written`() {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<2000 {
      let unit: Int64 = [1, 1000, 1_000_000, 1_000_000_000, 60_000_000_000][
        Int.random(in: 0...4, using: &generator)]
      // At most 15 digits: the longest number the reader takes.
      let duration = Duration.nanoseconds(unit * Int64.random(in: 0...100_000, using: &generator))
      #expect(Duration(text: duration.text) == duration)
    }
  }
}
