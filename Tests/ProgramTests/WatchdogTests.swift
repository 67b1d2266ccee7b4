// The watchdog on a clock of its own: who is told what, and how long a hanging thread lives.

import Primitives
import Testing

@testable import takt

@Suite("The watchdog") struct WatchdogTests {
  private func at(_ milliseconds: Int64) -> Instant {
    Instant(nanoseconds: milliseconds * 1_000_000)
  }

  /// Looks each 250 ms at threads of which one stops at a moment; when it was called, and by which.
  private func life(
    _ counters: [TurnCounter], allowed: Duration, hangs: (Int64) -> Bool, until end: Int64
  ) -> (hangsAt: Int64?, name: String?, pings: [Int64]) {
    var watchdog = Watchdog(allowed / 2, at(0))
    var pings: [Int64] = []
    for moment in stride(from: Int64(0), through: end, by: 250) {
      for (index, counter) in counters.enumerated() where index > 0 || !hangs(moment) {
        counter.move()
      }
      switch watchdog.look(counters, at(moment)) {
      case .nothing: continue
      case .alive: pings.append(moment)
      case .hangs(let name): return (moment, name, pings)
      }
    }
    return (nil, nil, pings)
  }

  @Test func `while all threads turn it is fed at half of the time`() {
    let told = life(
      [TurnCounter("recorder"), TurnCounter("field-hall")], allowed: .seconds(30),
      hangs: { _ in false }, until: 60_000)
    #expect(told.hangsAt == nil)
    #expect(told.pings == [0, 15_000, 30_000, 45_000, 60_000])
  }

  @Test(arguments: stride(from: Int64(5_000), to: 21_000, by: 1_250).map { $0 }, [Int64(3), 30])
  func `a thread that hangs is named within the time that systemd allows, and not much sooner`(
    _ moment: Int64, _ seconds: Int64
  ) throws {
    let told = life(
      [TurnCounter("recorder"), TurnCounter("field-hall")], allowed: .seconds(seconds),
      hangs: { $0 >= moment }, until: 60_000)
    #expect(told.name == "recorder")
    let lived = try #require(told.hangsAt) - moment
    #expect((seconds * 1000 - 1500...seconds * 1000 + 500).contains(lived), "\(lived) ms")
    // What is said to be well was well when it was said, give or take one ping.
    #expect(told.pings.allSatisfy { $0 <= moment + seconds * 500 + 1000 })
  }

  @Test func `a turn that may last longer is no reason, and one that has ended is not asked for`() {
    let slow = TurnCounter("field-line", longestTurn: .seconds(50))
    let told = life(
      [slow, TurnCounter("recorder")], allowed: .seconds(30), hangs: { $0 > 1_000 }, until: 45_000)
    #expect(told.hangsAt == nil)
    #expect(told.pings.count == 4)
    var watchdog = Watchdog(.seconds(15), at(0))
    let over = TurnCounter("courier-old")
    _ = watchdog.look([over], at(0))
    #expect(watchdog.look([], at(40_000)) == .alive)
    var nobody = Watchdog(nil, at(0))
    #expect(nobody.look([over], at(99_000)) == .nothing)
  }
}
