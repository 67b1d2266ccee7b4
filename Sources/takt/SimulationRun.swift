// takt simulation: lives whole plants on a virtual clock, a storm of faults from each seed.
//
// Not in the list of subcommands that a technician sees; scripts/simulate calls it.

import LinuxEdge
import Primitives
import Simulation

enum SimulationCommand {
  /// Runs that make a fault that never struck a finding.
  static let seedsUntilEveryFaultStrikes = 100
  static let everyFault = [
    "kill", "power cut", "orderly restart", "PLC restart", "silent unit", "bus reset", "timeout",
    "noise", "busy unit", "refused", "black hole", "bad certificate", "lost answer", "reset", "503",
    "429", "401", "413", "500 after taking", "disk full", "disk failing", "slow disk", "duplicate",
  ]

  static let usage = CommandUsage(
    name: "simulation", summary: "run the gateway's steps in a virtual world full of faults",
    options: [
      .value("seed", "N", "run this one seed and tell everything"),
      .value("seeds", "N", "run so many seeds", default: "200"),
      .value("from", "N", "the first of them", default: "1"),
      .value("minutes", "N", "virtual minutes of storm in each", default: "15"),
    ],
    exits: [.ok, .unverified])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let minutes: Int64 = try options.integer("minutes", in: 1...100_000) ?? 15
      let storm = Duration.seconds(minutes * 60)
      if let seed: UInt64 = try options.integer("seed", in: 0...UInt64.max) {
        let report = World(WorldOptions(seed: seed, storm: storm)).run()
        tell(report, isWhole: true)
        return report.isClean ? .ok : .unverified
      }
      let first: UInt64 = try options.integer("from", in: 0...UInt64.max / 2) ?? 1
      let count: UInt64 = try options.integer("seeds", in: 1...1_000_000_000) ?? 200
      return many(first, count, storm)
    }
  }

  private static func many(_ first: UInt64, _ count: UInt64, _ storm: Duration) -> ExitCode {
    var struck: [String: Int] = [:]
    var bad = 0
    for seed in first..<(first + count) {
      let report = World(WorldOptions(seed: seed, storm: storm)).run()
      struck.merge(report.struck, uniquingKeysWith: +)
      if !report.isClean {
        bad += 1
        tell(report, isWhole: false)
      }
    }
    let never = everyFault.filter { struck[$0] == nil }
    StandardStream.output.line(
      struck.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
    StandardStream.output.line("\(count) seeds, \(bad) with violations")
    if count >= seedsUntilEveryFaultStrikes, !never.isEmpty {
      StandardStream.output.line("never struck: \(never.joined(separator: ", "))")
      return .unverified
    }
    return bad == 0 ? .ok : .unverified
  }

  private static func tell(_ report: WorldReport, isWhole: Bool) {
    StandardStream.output.line("replay: scripts/simulate --seed \(report.seed)")
    for violation in report.violations.prefix(isWhole ? 1000 : 5) {
      StandardStream.output.line("  \(violation)")
    }
    guard isWhole else { return }
    let comparison = report.comparison
    StandardStream.output.line(
      "\(report.lives) lives, \(comparison.events) events, \(comparison.stopsMatched) of "
        + "\(comparison.stopsInTruth) stops, \(comparison.piecesBooked) of "
        + "\(comparison.piecesInTruth) pieces (\(comparison.piecesUnknowable) unknowable)")
    StandardStream.output.line("trace \(report.traceHash)")
  }
}
