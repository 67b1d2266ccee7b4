// All machines of the gateway, and which sample belongs to which.
//
// Invariants
// - Only machines that a sample or a mark has touched are looked at in a turn.
// - What a machine wants next changes only when it is touched; so its deadline is kept beside it,
//   and asking for the next of a thousand machines looks at a thousand numbers.
// - A machine is due for a snapshot from its first fact until `takeSnapshots` has returned it.

import Machines
import Outbox
import Primitives
import Signals

/// A fact with the index of the machine it happened at.
struct FloorFact: Equatable, Sendable {
  var machine: Int
  var fact: Fact
}

/// The machines with their routing tables.
struct Floor: Sendable {
  private(set) var machines: [Machine] = []
  private let machineOfSignal: [Int]
  private let machinesOfUnit: [[Int]]
  private let busesOfMachine: [[Int]]
  private let busCount: Int
  private var deadlineOfMachine: [Instant]
  private var touched: [Int] = []
  private var isTouched: [Bool]
  private var isSnapshotDue: [Bool]
  private var scratch: [Fact] = []

  /// Continues each machine from its snapshot; `unread` gets a sentence for each that cannot be.
  init(
    plan: RecorderPlan, state: StoreState, reading: ClockReading, unread: inout [String]
  ) {
    let epoch = state.epoch
    // A stop's number that no stop of this epoch can have had: each took a sequence of its own.
    let firstStop = Int64(clamping: state.lastSequence &+ 1)
    var machinesOfUnit = Array(repeating: [Int](), count: plan.units.count)
    var busesOfMachine: [[Int]] = []
    for (index, rules) in plan.machines.enumerated() {
      var buses: Set<Int> = []
      for unit in rules.units where Int(unit.index) < plan.units.count {
        machinesOfUnit[Int(unit.index)].append(index)
        buses.insert(plan.busOfUnit[Int(unit.index)])
      }
      busesOfMachine.append(buses.sorted())
      let name = Self.snapshotName(rules.name)
      do {
        machines.append(
          try Machine(rules: rules, epoch: epoch, snapshot: state.snapshots[name], reading: reading)
        )
      } catch {
        unread.append("machine \(rules.name): \(error.description)")
        machines.append(
          Self.fresh(rules, epoch: epoch, firstStop: firstStop, reading: reading))
      }
    }
    machineOfSignal = plan.signals.map(\.machine)
    self.machinesOfUnit = machinesOfUnit
    self.busesOfMachine = busesOfMachine
    busCount = (plan.busOfUnit.max() ?? -1) + 1
    deadlineOfMachine = machines.map { $0.nextDeadline ?? .distantFuture }
    isTouched = Array(repeating: false, count: plan.machines.count)
    isSnapshotDue = Array(repeating: false, count: plan.machines.count)
  }

  /// A machine that begins anew because its snapshot cannot be read.
  private static func fresh(
    _ rules: MachineRules, epoch: String, firstStop: Int64, reading: ClockReading
  ) -> Machine {
    do throws(SnapshotFault) {
      return try Machine(rules: rules, epoch: epoch, reading: reading, firstStop: firstStop)
    } catch {
      preconditionFailure("without a snapshot there is nothing that cannot be read: \(error)")
    }
  }

  static func snapshotName(_ machine: String) -> String { "machine/\(machine)" }

  /// Hands a sample to its machine, or a mark to all machines of its unit.
  mutating func take(_ sample: Sample) {
    let subject = Int(sample.subject)
    switch sample.kind {
    case .value:
      guard subject < machineOfSignal.count else { return }
      hand(sample, to: machineOfSignal[subject])
    case .mark:
      guard subject < machinesOfUnit.count else { return }
      for machine in machinesOfUnit[subject] { hand(sample, to: machine) }
    }
  }

  private mutating func hand(_ sample: Sample, to machine: Int) {
    machines[machine].take(sample)
    if !isTouched[machine] {
      isTouched[machine] = true
      touched.append(machine)
    }
  }

  /// Lets every touched machine decide, and appends what happened.
  mutating func advance(_ reading: ClockReading, into facts: inout [FloorFact]) {
    for machine in touched {
      isTouched[machine] = false
      machines[machine].advance(reading: reading, into: &scratch)
      collect(machine, into: &facts)
    }
    touched.removeAll(keepingCapacity: true)
  }

  /// Lets every machine tell what it has gathered so far, before an orderly end.
  mutating func flush(_ reading: ClockReading, into facts: inout [FloorFact]) {
    for machine in machines.indices {
      machines[machine].flush(reading: reading, into: &scratch)
      collect(machine, into: &facts)
      isSnapshotDue[machine] = true
    }
  }

  private mutating func collect(_ machine: Int, into facts: inout [FloorFact]) {
    deadlineOfMachine[machine] = machines[machine].nextDeadline ?? .distantFuture
    guard !scratch.isEmpty else { return }
    isSnapshotDue[machine] = true
    for fact in scratch { facts.append(FloorFact(machine: machine, fact: fact)) }
    scratch.removeAll(keepingCapacity: true)
  }

  /// Every machine is due for a snapshot: the journal has none.
  mutating func wantSnapshots() {
    for machine in machines.indices { isSnapshotDue[machine] = true }
  }

  /// The snapshots of all machines that something happened at since the last call.
  mutating func takeSnapshots(_ reading: ClockReading) -> [(name: String, bytes: [UInt8])] {
    var snapshots: [(name: String, bytes: [UInt8])] = []
    for machine in machines.indices where isSnapshotDue[machine] {
      isSnapshotDue[machine] = false
      snapshots.append(
        (
          Self.snapshotName(machines[machine].rules.name),
          machines[machine].snapshot(reading: reading)
        ))
    }
    return snapshots
  }

  /// For each bus the next moment at which one of its machines wants to act.
  var deadlines: [Instant] {
    var earliest = Array(repeating: Instant.distantFuture, count: busCount)
    for machine in machines.indices {
      let deadline = deadlineOfMachine[machine]
      for bus in busesOfMachine[machine] { earliest[bus] = min(earliest[bus], deadline) }
    }
    return earliest
  }
}
