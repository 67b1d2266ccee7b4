// Whole plants in the virtual world: every promise is kept, the same seed is the same life, and the
// faults really strike. scripts/test runs 200 seeds with the release build.

import Primitives
import Simulation
import Testing

@Suite struct `The virtual world` {
  @Test(arguments: UInt64(1)...20)
  func `keeps every promise`(seed: UInt64) {
    let report = World(WorldOptions(seed: seed, storm: .seconds(300))).run()
    #expect(report.isClean, "\(report.violations.prefix(3)); scripts/simulate --seed \(seed)")
    #expect(report.comparison.agrees)
    // A life in which nothing was made or nothing stood proves nothing.
    #expect(report.comparison.stopsInTruth > 0 && report.comparison.piecesInTruth > 100)
    #expect(report.comparison.stopsMatched == report.comparison.stopsInTruth)
  }

  @Test(arguments: stride(from: UInt64(102), through: 135, by: 3).map { $0 })
  func `F49: confirms every piece of every order once`(seed: UInt64) {
    let report = World(WorldOptions(seed: seed, storm: .seconds(400))).run()
    #expect(report.isClean, "\(report.violations.prefix(3)); scripts/simulate --seed \(seed)")
    #expect((report.struck["answered request"] ?? 0) > 5)
  }

  @Test(arguments: [UInt64(3), 17])
  func `lives the same life for the same seed`(seed: UInt64) {
    let options = WorldOptions(seed: seed, storm: .seconds(200))
    let (first, second) = (World(options).run(), World(options).run())
    #expect(first == second)
    #expect(first.traceHash == second.traceHash && first.struck == second.struck)
    let other = World(WorldOptions(seed: seed + 1, storm: .seconds(200))).run()
    #expect(other.traceHash != first.traceHash)
  }

  @Test func `every fault strikes`() {
    var missing: Set = [
      "kill", "power cut", "orderly restart", "PLC restart", "silent unit", "bus reset",
      "timeout", "noise", "busy unit", "noisy unit", "illegal register", "refused", "black hole",
      "bad certificate", "lost answer",
      "reset", "503", "429", "401", "413", "500 after taking", "disk full", "disk failing",
      "slow disk", "duplicate",
    ]
    var seed: UInt64 = 1000
    while !missing.isEmpty, seed < 1100 {
      let report = World(WorldOptions(seed: seed, machines: 2, storm: .seconds(400))).run()
      missing.subtract(report.struck.keys)
      seed += 1
    }
    #expect(missing.isEmpty)
  }
}
