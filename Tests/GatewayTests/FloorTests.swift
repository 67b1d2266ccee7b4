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
    var told = FloorFacts()
    var expected = [[Fact]](repeating: [], count: machines.count)
    var marks = [Instant](repeating: .distantPast, count: Hall.units)
    for _ in 0..<200 {
      let samples = stream.next()
      for sample in samples {
        floor.take(sample)
        if sample.kind == .mark { marks[Int(sample.subject)] = sample.at }
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
      if stream.chance(10) { check(&floor, machines, marks, reading) }
    }
    let reading = Hall.reading(Instant(nanoseconds: stream.now))
    floor.flush(reading, into: &told)
    for machine in machines.indices {
      machines[machine].flush(reading: reading, into: &expected[machine])
      #expect(told.filter { $0.machine == machine }.map(\.fact) == expected[machine])
    }
    #expect(expected.prefix(3).allSatisfy { $0.count > 20 })
    check(&floor, machines, marks, reading)
  }

  private static func moment(_ milliseconds: Int64) -> Instant {
    Instant(nanoseconds: milliseconds * 1_000_000)
  }

  @Test func `what waits for another bus is told as soon as that bus has passed it`() throws {
    var unread: [String] = []
    let start = Hall.reading(Self.moment(1000))
    var floor = Floor(
      plan: try Hall.plan(), state: StoreState(epoch: "e1"), reading: start, unread: &unread)
    var told = FloorFacts()
    func turn(_ at: Int64) { floor.advance(Hall.reading(Self.moment(at)), into: &told) }
    func deadlines() -> [Instant] {
      var found: [Instant] = []
      floor.deadlines { _, deadline in found.append(deadline) }
      return found
    }
    let (near, far) = (UnitID(0), UnitID(1))
    for signal in 4..<8 {
      floor.take(Sample(signal: SignalID(signal), at: Self.moment(1000), value: .integer(1)))
    }
    floor.take(Sample(mark: near, at: Self.moment(1001)))
    floor.take(Sample(mark: far, at: Self.moment(1001)))
    turn(1001)
    #expect(told.map(\.machine) == [1])
    #expect(deadlines() == [.distantFuture, .distantFuture])

    // It stops on the first bus, while the second does not answer.
    floor.take(Sample(signal: SignalID(4), at: Self.moment(1100), value: .integer(0)))
    let behind = Self.moment(1100).advanced(nanoseconds: 1)
    turn(1100)
    #expect(deadlines() == [behind, behind])
    floor.take(Sample(mark: near, at: Self.moment(1101)))
    turn(1101)
    #expect(told.count == 1)
    // Only the second is waited for: scans of the first wake nobody.
    #expect(deadlines() == [.distantFuture, behind])

    floor.take(Sample(mark: far, at: Self.moment(1600)))
    turn(1600)
    #expect(told.map(\.fact.at.instant).contains(Self.moment(1100)))
    // What waits now is the limit of a short stop, a second after its beginning.
    let limit = Self.moment(2100).advanced(nanoseconds: 1)
    #expect(deadlines() == [limit, limit])
  }

  /// Statuses, snapshots and deadlines are those of machines that see everything.
  private func check(
    _ floor: inout Floor, _ machines: [Machine], _ marks: [Instant], _ reading: ClockReading
  ) {
    for (told, machine) in zip(floor.statuses(reading), machines) where told.name != "m3" {
      #expect(told == machine.status(reading: reading))
    }
    floor.wantSnapshots()
    for (told, machine) in zip(floor.takeSnapshots(reading), machines.prefix(3)) {
      #expect(told.bytes == machine.snapshot(reading: reading), "\(told.name)")
    }
    floor.deadlines { bus, deadline in
      // The second machine stands on both buses, by its first unit and by its second.
      var both = machines[1]
      let wake = both.findWish().wake
      let alone = bus == 0 ? machines[0] : machines[2]
      let earliest = min(
        alone.nextDeadline ?? .distantFuture, marks[bus] < wake ? wake : .distantFuture)
      #expect(deadline == earliest)
    }
  }
}
