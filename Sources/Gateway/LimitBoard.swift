// The limits on signals of all machines, and which sample belongs to which.
//
// Invariants
// - A sample of a signal without a limit costs one look into a table.
// - A delay ends only when everything before its end has been told by the machine's units, so a
//   late sample can still prevent it; it is told with the moment at which it ended.
// - Limits are decided as samples come, like the floor: not anew when a journal is lost.

import Machines
import Outbox
import Primitives
import Signals

/// The limits of all machines.
struct LimitBoard: Sendable {
  private var watches: [LimitWatch?]
  private let names: [String]
  /// By signal: the machine whose limits are on it; -1 for none.
  private var machineOfSignal: [Int32]
  private var deadlines: [Instant]
  private var isDirty: [Bool]
  /// Machines with limits.
  private let watched: [Int]

  init(
    plan: RecorderPlan, state: StoreState, reading: ClockReading, unread: inout [String]
  ) {
    names = plan.machines.map(\.name)
    watched = plan.machines.indices.filter { !plan.machines[$0].limits.isEmpty }
    watches = plan.machines.map { $0.limits.isEmpty ? nil : LimitWatch($0.limits) }
    machineOfSignal = Array(repeating: -1, count: plan.signals.count)
    deadlines = Array(repeating: .distantFuture, count: plan.machines.count)
    isDirty = Array(repeating: false, count: plan.machines.count)
    for machine in watched {
      for signal in watches[machine]?.interest ?? [] where Int(signal.index) < plan.signals.count {
        machineOfSignal[Int(signal.index)] = Int32(clamping: machine)
      }
      guard let bytes = state.snapshots[Self.snapshotName(names[machine])] else { continue }
      if watches[machine]?.resume(bytes, reading: reading) == false {
        unread.append("limits of machine \(names[machine]): the snapshot cannot be read")
      }
    }
  }

  /// A machine goes on with the limits of another board, which are the same.
  mutating func goOn(_ machine: Int, as before: Int, of board: LimitBoard) {
    watches[machine] = board.watches[before]
    deadlines[machine] = board.deadlines[before]
    isDirty[machine] = board.isDirty[before]
  }

  static func snapshotName(_ machine: String) -> String { "limits/\(machine)" }

  /// Takes one sample; what it exceeds or clears at once is told.
  mutating func take(
    _ sample: Sample, _ reading: ClockReading, into told: inout [(machine: Int, fact: LimitFact)]
  ) {
    let subject = Int(sample.subject)
    guard sample.kind == .value, subject < machineOfSignal.count, machineOfSignal[subject] >= 0
    else { return }
    let machine = Int(machineOfSignal[subject])
    var facts: [LimitFact] = []
    watches[machine]?.take(sample, reading: reading, into: &facts)
    settle(machine, facts, &told)
  }

  /// Ends the delays that lie before what has been told of each machine.
  mutating func advance(
    _ reading: ClockReading, toldUntil: (Int) -> Instant,
    into told: inout [(machine: Int, fact: LimitFact)]
  ) {
    for machine in watched where deadlines[machine] <= reading.monotonic {
      let moment = toldUntil(machine)
      guard deadlines[machine] <= moment else { continue }
      var facts: [LimitFact] = []
      watches[machine]?.advance(to: moment, reading: reading, into: &facts)
      settle(machine, facts, &told)
    }
  }

  private mutating func settle(
    _ machine: Int, _ facts: [LimitFact], _ told: inout [(machine: Int, fact: LimitFact)]
  ) {
    deadlines[machine] = watches[machine]?.nextDeadline ?? .distantFuture
    guard !facts.isEmpty else { return }
    isDirty[machine] = true
    for fact in facts { told.append((machine, fact)) }
  }

  /// When a delay of a machine ends; the end of time for none.
  func deadline(_ machine: Int) -> Instant { deadlines[machine] }

  /// The limits that are exceeded at a machine.
  func exceeded(_ machine: Int) -> [LimitRules] { watches[machine]?.exceeded ?? [] }

  /// The snapshots of the limits that something was told of since the last call.
  mutating func takeSnapshots(_ reading: ClockReading) -> [(name: String, bytes: [UInt8])] {
    watched.compactMap { machine in
      guard isDirty[machine], let watch = watches[machine] else { return nil }
      isDirty[machine] = false
      return (Self.snapshotName(names[machine]), watch.snapshot(reading: reading))
    }
  }

  /// The journal has no snapshots.
  mutating func wantSnapshots() { for machine in watched { isDirty[machine] = true } }
}
