// The floor touches a machine only when it must; what the machines tell is what they would tell if
// each of them saw every sample and every mark.

import Events
import Machines
import Outbox
import Primitives
import Signals
import Testing

@testable import Gateway

/// Four machines on three units; the second stands on two of them, the last has no unit at all.
private struct Hall {
  static let units = 3
  static let unitsOfMachine = [[0], [0, 1], [2], []]
  static let perMachine = 4

  static func rules(_ machine: Int) -> MachineRules {
    let first = machine * perMachine
    let units = unitsOfMachine[machine]
    return MachineRules(
      name: "m\(machine)", units: units.map { UnitID($0) },
      signals: (first..<first + perMachine).map { SignalID($0) },
      unitOfSignal: units.isEmpty
        ? [] : (0..<perMachine).map { UnitID(units[$0 % units.count]) },
      running: Condition(signal: SignalID(first), comparison: .isTrue),
      good: CounterRules(signal: SignalID(first + 1), highest: 255, piecesPerSecond: 100),
      standstill: machine == 2 ? .seconds(2) : nil, shortStop: .seconds(1),
      countWindow: .milliseconds(700))
  }

  static func unit(of signal: Int) -> Int? {
    let units = unitsOfMachine[signal / perMachine]
    return units.isEmpty ? nil : units[signal % perMachine % units.count]
  }

  static func plan() throws -> RecorderPlan {
    var plan = try Press.plan()
    plan.machines = (0..<unitsOfMachine.count).map(rules)
    plan.signals = (0..<unitsOfMachine.count * perMachine).map {
      RecordedSignal(name: "s\($0)", machine: $0 / perMachine, isPublished: false)
    }
    plan.units = (0..<units).map { .init(bus: "hall", name: "u\($0)") }
    plan.busOfUnit = [0, 1, 1]
    return plan
  }

  static func reading(_ now: Instant) -> ClockReading {
    ClockReading(
      monotonic: now, wall: WallTime(milliseconds: 1_772_000_000_000 + now.milliseconds),
      quality: .synchronised, bootID: "boot")
  }
}

/// Scans of three units that answer at their own pace, some with marks that are held back.
private struct Stream {
  var random: SeededGenerator
  var values = [UInt64](repeating: 0, count: Hall.unitsOfMachine.count * Hall.perMachine)
  var isAway = [Bool](repeating: false, count: Hall.units)
  var now: Int64 = 1_000_000_000

  mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

  mutating func next() -> [Sample] {
    now += Int64.random(in: 1...300, using: &random) * 1_000_000
    let at = Instant(nanoseconds: now)
    var samples: [Sample] = []
    for unit in 0..<Hall.units where !chance(4) {
      let changed = chance(12)
      if changed { isAway[unit].toggle() }
      for signal in values.indices where Hall.unit(of: signal) ?? 2 == unit {
        let isTold = move(signal) || changed
        guard isTold, !isAway[unit] || changed else { continue }
        samples.append(
          Sample(
            signal: SignalID(signal), at: at, value: .integer(Int64(values[signal])),
            quality: isAway[unit] ? .noContact : .good))
      }
      if !chance(5) {
        samples.append(Sample(mark: UnitID(unit), at: at.advanced(nanoseconds: 1)))
      }
    }
    return samples
  }

  private mutating func move(_ signal: Int) -> Bool {
    switch signal % Hall.perMachine {
    case 0:
      guard chance(6) else { return false }
      values[signal] = 1 - values[signal]
    case 1:
      guard chance(2) else { return false }
      values[signal] = chance(40) ? 0 : (values[signal] + 1) & 255
    default:
      guard chance(3) else { return false }
      values[signal] = UInt64.random(in: 0..<1000, using: &random)
    }
    return true
  }
}

@Suite("The floor")
struct FloorTests {
  @Test(arguments: 0..<100)
  func `tells what machines tell that see everything`(seed: UInt64) throws {
    let plan = try Hall.plan()
    var stream = Stream(random: SeededGenerator(seed: seed))
    var unread: [String] = []
    let start = Hall.reading(Instant(nanoseconds: stream.now))
    var floor = Floor(
      plan: plan, state: StoreState(epoch: "e1"), reading: start, unread: &unread)
    var machines = try plan.machines.map { try Machine(rules: $0, epoch: "e1", reading: start) }
    var told: [FloorFact] = []
    var expected = [[Fact]](repeating: [], count: machines.count)
    for _ in 0..<200 {
      let samples = stream.next()
      for sample in samples {
        floor.take(sample)
        for machine in machines.indices {
          let isMine = Int(sample.subject) / Hall.perMachine == machine
          if sample.kind == .mark || isMine { machines[machine].take(sample) }
        }
      }
      let reading = Hall.reading(Instant(nanoseconds: stream.now))
      floor.advance(reading, into: &told)
      for machine in machines.indices {
        // A machine without a unit goes by the clock, in the turns that bring it something.
        let hasNews = samples.contains {
          $0.kind == .value && Int($0.subject) / Hall.perMachine == machine
        }
        if Hall.unitsOfMachine[machine].isEmpty, !hasNews { continue }
        machines[machine].advance(reading: reading, into: &expected[machine])
      }
      if stream.chance(10) { check(&floor, machines, reading) }
    }
    let reading = Hall.reading(Instant(nanoseconds: stream.now))
    floor.flush(reading, into: &told)
    for machine in machines.indices {
      machines[machine].flush(reading: reading, into: &expected[machine])
      #expect(told.filter { $0.machine == machine }.map(\.fact) == expected[machine])
    }
    #expect(expected.prefix(3).allSatisfy { $0.count > 20 })
    check(&floor, machines, reading)
  }

  /// Statuses, snapshots and deadlines are those of machines that see everything.
  private func check(_ floor: inout Floor, _ machines: [Machine], _ reading: ClockReading) {
    for (told, machine) in zip(floor.statuses(reading), machines) where told.name != "m3" {
      #expect(told == machine.status(reading: reading))
    }
    floor.wantSnapshots()
    for (told, machine) in zip(floor.takeSnapshots(reading), machines.prefix(3)) {
      #expect(told.bytes == machine.snapshot(reading: reading), "\(told.name)")
    }
    floor.deadlines { bus, deadline in
      let units = Set([0, 1, 2].filter { [0, 1, 1][$0] == bus })
      let own = machines.indices.filter { !units.isDisjoint(with: Hall.unitsOfMachine[$0]) }
      let earliest = own.compactMap { machines[$0].nextDeadline }.min()
      #expect(deadline == earliest ?? .distantFuture)
    }
  }
}
