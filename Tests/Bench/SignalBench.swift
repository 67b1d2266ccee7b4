// Samples a second through signals, and through signals, ring and machines, against a tight loop
// in C that scales, compares, debounces and detects stops on the same raw values; what both take
// from the heap, and what the machines take of memory.
//
// The site is `SignalPlant`; 1, 10 or 100 % of its signals move in a scan. A sample is one signal
// looked at in one scan, as in the loop. Steady are machines that run on while counts and values
// move; stopping ones have their run bit among what moves, which at 10 % begins or ends a stop
// 0.7 times a second at each: a stop is told with texts, which cost; a sample is not.
//
// Two loops stand beside ours. The one of the goals (signals.c) puts a detector of stops behind
// every signal: never above 3 times that, and 1.5 times is the aim, which the row of a whole scan
// shows. The other (machines.c) tells the same stops and counts of the same 1,000 machines by the
// same rules and no more than that: no ring and no second thread behind it, no quality, no
// heartbeat, one kind of evidence, nothing that a restart could go on from. It has no goal; it says
// what all of that costs.

import CAnchors
import Primitives

enum SignalBench {
  private static let frames = 64
  private static let scans = 256
  /// Milliseconds of a scan for each nanosecond of a sample.
  private static let scan = Double(SignalPlant.signals) / 1e6

  static func run(_ table: inout Table) {
    for share in [1, 10, 100] {
      let raw = values(share)
      var events: UInt64 = 0
      let signals = inTurns(
        { ours(raw, deciding: false) },
        { anchor_signals(raw, SignalPlant.signals, Int32(scans), &events) })
      table.row(
        "samples, signals, \(share) % moving", signals.ours, "ns", anchor: signals.anchor,
        goal: .ratioAtMost(1.5))
    }
  }

  static func machines(_ table: inout Table) {
    memory(&table)
    for share in [1, 10, 100] {
      for stops in [false, true] {
        let raw = values(share, stops: stops)
        var (events, bare): (UInt64, [Double]) = (0, [])
        let machines = inTurns(
          { ours(raw, deciding: true) },
          {
            bare.append(anchor_machines(raw, SignalPlant.signals, Int32(scans), &events))
            return anchor_signals(raw, SignalPlant.signals, Int32(scans), &events)
          })
        let title = "\(share) % moving, \(stops ? "stopping" : "steady")"
        table.row(
          "signals and machines, \(title)", machines.ours, "ns", anchor: machines.anchor,
          goal: .ratioAtMost(3))
        table.row(
          "a scan of 10,000, \(title)", machines.ours * scan, "ms",
          anchor: machines.anchor * scan, goal: .ratioAtMost(1.5))
        table.row(
          "the same stops in a bare loop, \(title)", machines.ours, "ns", anchor: median(bare))
        table.row(
          "allocations in 1,000 samples, \(title)", allocations(raw) * 1000,
          goal: stops ? .none : .atMost(0))
      }
    }
  }

  /// What the machines with their signals take, after they have seen every value move.
  private static func memory(_ table: inout Table) {
    var raw = values(100)
    let before = anchor_resident_bytes()
    guard var plant = try? SignalPlant() else { return }
    round(&plant, &raw, deciding: true)
    let used = anchor_resident_bytes() - before
    precondition(plant.happened > 0, "nothing was measured")
    table.row(
      "resident, 10,000 signals on 1,000 machines", Double(used) / 1e6, "MB", goal: .atMost(16))
  }

  /// What a sample takes from the heap, once everything has the room that it needs.
  private static func allocations(_ values: [UInt16]) -> Double {
    var raw = values
    guard var plant = try? SignalPlant() else { return .nan }
    for _ in 0..<4 { round(&plant, &raw, deciding: true) }
    let before = anchor_allocations()
    for _ in 0..<scans / frames { round(&plant, &raw, deciding: true) }
    return Double(anchor_allocations() - before) / Double(scans * SignalPlant.signals)
  }

  /// Nanoseconds of this thread's processor for each signal of each scan.
  private static func ours(_ values: [UInt16], deciding: Bool) -> Double {
    var raw = values
    guard var plant = try? SignalPlant() else { return .nan }
    round(&plant, &raw, deciding: deciding)
    var used: Int64 = 0
    for _ in 0..<scans / frames { used += round(&plant, &raw, deciding: deciding) }
    precondition(plant.told > 0 && (plant.happened > 0) == deciding, "nothing was measured")
    return Double(used) / Double(scans) / Double(SignalPlant.signals)
  }

  /// One round of all scans, and what it took; the counters then go on from where they are.
  @discardableResult
  private static func round(
    _ plant: inout SignalPlant, _ raw: inout [UInt16], deciding: Bool
  ) -> Int64 {
    let began = anchor_thread_time()
    for frame in 0..<frames { plant.scan(raw, frame: frame, deciding: deciding) }
    let used = anchor_thread_time() - began
    let last = (frames - 1) * SignalPlant.signals
    for signal in stride(from: 1, to: SignalPlant.signals, by: SignalPlant.perMachine) {
      let made = raw[last + signal] &- raw[signal]
      for frame in 0..<frames { raw[frame * SignalPlant.signals + signal] &+= made }
    }
    return used
  }

  /// 64 scans of raw values, of which so many percent differ from the scan before.
  private static func values(_ share: Int, stops: Bool = true) -> [UInt16] {
    var generator = SeededGenerator(seed: 1)
    var raw = [UInt16](repeating: 0, count: frames * SignalPlant.signals)
    for index in raw.indices {
      let signal = index % SignalPlant.signals
      let role = signal % SignalPlant.perMachine
      let isFirst = index < SignalPlant.signals
      let before = isFirst ? 0 : raw[index - SignalPlant.signals]
      let moves = isFirst || Int.random(in: 0..<100, using: &generator) < share
      guard moves else {
        raw[index] = before
        continue
      }
      switch role {
      case 0: raw[index] = before == 0 || !stops ? 1 : 0
      // A machine that stands makes nothing.
      case 1: raw[index] = before &+ raw[index - 1]
      default: raw[index] = UInt16.random(in: 0..<4000, using: &generator)
      }
    }
    return raw
  }
}
