// The simulated line of machines: what it says is true must be true, and the same for each seed.

import Primitives
import Testing

@testable import Simulation

private func options(
  seed: UInt64, power: PlantOptions.PowerCycle? = nil, freezeAfter: Duration? = nil
) -> PlantOptions {
  PlantOptions(
    seed: seed, machines: 6, cycle: .milliseconds(400), runs: .seconds(4) ... .seconds(12),
    stops: .seconds(3) ... .seconds(9), powerCycle: power, freezeAfter: freezeAfter)
}

private let start = Instant(nanoseconds: 5_000_000_000)
private let power = PlantOptions.PowerCycle(every: .seconds(31), offFor: .seconds(4))

/// Everything a line shows and tells in ten minutes, told in steps of the given length.
private func live(_ options: PlantOptions, step: Duration, for length: Duration = .seconds(600))
  -> (facts: [PlantFact], plant: Plant)
{
  var plant = Plant(options: options, start: start)
  var facts: [PlantFact] = []
  var now = start
  while now < start + length {
    now = min(now + step, start + length)
    facts += plant.advance(to: now)
  }
  return (facts, plant)
}

@Suite struct PlantTests {
  @Test(arguments: UInt64(1)...5)
  func `the same seed gives the same truth, whatever the steps`(_ seed: UInt64) {
    let options = options(seed: seed, power: power, freezeAfter: .seconds(500))
    let whole = live(options, step: .seconds(600))
    for step in [Duration.milliseconds(37), .milliseconds(400), .seconds(13)] {
      let parts = live(options, step: step)
      #expect(sorted(parts.facts) == sorted(whole.facts))
      for machine in 0..<6 {
        #expect(parts.plant.made(machine) == whole.plant.made(machine))
        #expect(parts.plant.registers(machine) == whole.plant.registers(machine))
      }
    }
  }

  @Test func `another seed gives another truth`() {
    #expect(
      live(options(seed: 1), step: .seconds(1)).facts
        != live(options(seed: 2), step: .seconds(1)).facts)
  }

  @Test(arguments: UInt64(1)...20)
  func `stops never overlap and keep to their lengths, as do the runs between`(_ seed: UInt64) {
    let facts = live(options(seed: seed), step: .milliseconds(50)).facts
    for machine in 0..<6 {
      var ended = start
      var began: Instant?
      var count = 0
      for fact in facts where fact.machine == machine {
        switch fact.kind {
        case .stopBegan:
          #expect(began == nil)
          #expect(fact.at - ended >= .seconds(4))
          // A count-only machine runs on to its next good piece: two cycles of 1.1 at most.
          #expect(fact.at - ended <= .milliseconds(12_000 + 880))
          began = fact.at
        case .stopEnded(let startedAt, _):
          #expect(startedAt == began)
          #expect((Duration.seconds(3) ... .seconds(9)).contains(fact.at - startedAt))
          ended = fact.at
          began = nil
          count += 1
        case .countersReset, .frozen: Issue.record("nothing else was asked for: \(fact)")
        }
      }
      #expect(count >= 20)
    }
  }

  @Test(arguments: UInt64(1)...5)
  func `totals are the sums of what the registers counted, modulo their width`(_ seed: UInt64) {
    var plant = Plant(
      options: options(seed: seed, power: power, freezeAfter: .seconds(550)), start: start)
    var last = (0..<6).map { plant.registers($0) }
    var sums = [(good16: Int64, good32: Int64, scrap: Int64)](repeating: (0, 0, 0), count: 6)
    for step in 1...6000 {
      let facts = plant.advance(to: start + .milliseconds(100) * step)
      for machine in 0..<6 {
        let shown = plant.registers(machine)
        if let reset = facts.first(where: { $0.machine == machine && $0.isReset }) {
          guard case .countersReset(let good, let scrap) = reset.kind else { continue }
          let before =
            PlantRegisters.kind(machine) == .runBitAndCode
            ? low(last[machine]) : long(last[machine])
          let more = Int64(good) - Int64(before)
          sums[machine].good16 += more < 0 ? more + 65_536 : more
          sums[machine].good32 += more < 0 ? more + 65_536 : more
          sums[machine].scrap += Int64(scrap) - Int64(last[machine][5])
          #expect(shown[2...5].allSatisfy { $0 == 0 })
        } else {
          sums[machine].good16 += Int64(shown[2] &- last[machine][2])
          sums[machine].good32 += Int64(long(shown) &- long(last[machine]))
          sums[machine].scrap += Int64(shown[5] &- last[machine][5])
        }
        last[machine] = shown
      }
    }
    for machine in 0..<6 {
      #expect(sums[machine].good16 == plant.made(machine).good)
      #expect(sums[machine].good32 == plant.made(machine).good)
      #expect(sums[machine].scrap == plant.made(machine).scrap)
      #expect(plant.made(machine).good > 400)
    }
  }

  @Test func `the first machine rolls its 16 bits over soon after the start`() {
    var plant = Plant(options: options(seed: 3), start: start)
    let before = plant.registers(0)[2]
    _ = plant.advance(to: start + .seconds(60))
    #expect(before == 65_524)
    #expect(plant.registers(0)[2] < 200)
    #expect(plant.registers(1)[3] == 1)
  }

  @Test(arguments: UInt64(1)...4)
  func `what a machine shows agrees with its stops`(_ seed: UInt64) {
    var plant = Plant(options: options(seed: seed), start: start)
    var kinds: Set<String> = []
    var counts = (0..<6).map { plant.registers($0)[4] }
    for step in 1...6000 {
      let told = plant.advance(to: start + .milliseconds(100) * step)
      for machine in 0..<6 {
        let shown = plant.registers(machine)
        let open = plant.openStop(machine)
        switch PlantRegisters.kind(machine) {
        case .runBitAndCode: #expect(shown[0] & 1 == (open == nil ? 1 : 0))
        case .codeOnly: #expect((shown[1] != 0) == (open != nil))
        case .countOnly: #expect(shown[0] == 0 && shown[1] == 0)
        }
        #expect(shown[1] == open?.code ?? 0)
        #expect((shown[8] == 0) == (open != nil))
        if open != nil, !told.contains(where: { $0.machine == machine }) {
          #expect(shown[4] == counts[machine])
          kinds.insert("\(PlantRegisters.kind(machine)) \(shown[1] == 0)")
        }
        counts[machine] = shown[4]
      }
    }
    // All three detections, and of the first both with and without a code.
    #expect(kinds.count == 4)
  }

  @Test(arguments: UInt64(1)...3)
  func `a count-only machine stands from a good piece to a good piece`(_ seed: UInt64) {
    var plant = Plant(options: options(seed: seed), start: start)
    var changed = start
    var count = plant.registers(2)[4]
    var longest = Duration.zero
    for step in 1...30_000 {
      let now = start + .milliseconds(10) * step
      let facts = plant.advance(to: now).filter { $0.machine == 2 }
      let moved = plant.registers(2)[4] != count
      for fact in facts { #expect(moved, "\(fact) without a piece") }
      guard moved else { continue }
      count = plant.registers(2)[4]
      if plant.openStop(2) == nil, facts.isEmpty { longest = max(longest, now - changed) }
      changed = now
    }
    // Scrap between two good pieces: 2.2 cycles of 400 ms and a step of 10 ms.
    #expect(longest <= .milliseconds(890))
    #expect(longest > .milliseconds(500))
  }

  @Test(arguments: UInt64(1)...10)
  func `while the power is off nothing happens, and an open stop stays one stop`(_ seed: UInt64) {
    var plant = Plant(options: options(seed: seed), start: start)
    var now = start
    while plant.openStop(0) == nil {
      now = now + .milliseconds(100)
      _ = plant.advance(to: now)
    }
    let began = plant.openStop(0)?.startedAt
    let made = (0..<6).map { plant.made($0).good }
    #expect(plant.cutPower(for: .seconds(60), keepCounters: false).count == 6)
    #expect(!plant.hasPower)
    #expect(plant.advance(to: now + .milliseconds(59_999)).isEmpty)
    #expect((0..<6).map { plant.made($0).good } == made)
    let after = plant.advance(to: now + .seconds(90))
    #expect(plant.hasPower)
    let end = after.first { $0.machine == 0 }
    guard case .stopEnded(let startedAt, _)? = end?.kind, let end else {
      Issue.record("the stop did not end")
      return
    }
    #expect(startedAt == began)
    #expect(end.at - startedAt >= .seconds(63))
  }

  @Test func `counters survive a loss of power when they are told to`() {
    var plant = Plant(options: options(seed: 4), start: start)
    _ = plant.advance(to: start + .seconds(20))
    let before = (0..<6).map { Array(plant.registers($0)[2...5]) }
    #expect(plant.cutPower(for: .seconds(5), keepCounters: true).isEmpty)
    _ = plant.advance(to: start + .seconds(25))
    #expect((0..<6).map { Array(plant.registers($0)[2...5]) } == before)
  }

  @Test(arguments: UInt64(1)...20)
  func `after the freeze every stop is over and every count rests`(_ seed: UInt64) {
    var plant = Plant(
      options: options(seed: seed, power: power, freezeAfter: .seconds(77)), start: start)
    let facts = plant.advance(to: start + .seconds(77))
    #expect(facts.count { $0.kind == .frozen } == 6)
    #expect(facts.count { $0.isBegin } == facts.count { $0.isEnd })
    for fact in facts {
      guard case .stopEnded(let startedAt, _) = fact.kind else { continue }
      #expect(fact.at - startedAt >= .seconds(3))
    }
    let rest = (0..<6).map { Array(plant.registers($0)[0...5]) }
    #expect(plant.advance(to: start + .seconds(1000)).isEmpty)
    #expect((0..<6).map { Array(plant.registers($0)[0...5]) } == rest)
    #expect((0..<6).allSatisfy { plant.openStop($0) == nil })
    #expect(plant.hasPower)
  }

  @Test func `a time that is over and the end of time change nothing and do not trap`() {
    var plant = Plant(options: options(seed: 1, freezeAfter: .seconds(9)), start: start)
    _ = plant.advance(to: start + .seconds(5))
    let shown = plant.registers(0)
    #expect(plant.advance(to: .distantPast).isEmpty)
    #expect(plant.registers(0) == shown)
    #expect(plant.advance(to: .distantFuture).count { $0.kind == .frozen } == 6)
    #expect(plant.registers(0).count == PlantRegisters.count)
  }

  @Test func `the machines of a line have names of their own`() {
    #expect(
      (0..<6).map(PlantRegisters.name)
        == ["press-1", "press-2", "filler-1", "press-3", "press-4", "filler-2"])
    #expect(Set((0..<247).map(PlantRegisters.name)).count == 247)
  }
}

private func low(_ registers: [UInt16]) -> UInt32 { UInt32(registers[2]) }
private func long(_ registers: [UInt16]) -> UInt32 {
  UInt32(registers[3]) << 16 | UInt32(registers[4])
}

/// By time and machine; facts of one moment at one machine keep their order.
private func sorted(_ facts: [PlantFact]) -> [PlantFact] {
  facts.enumerated().sorted {
    ($0.element.at, $0.element.machine, $0.offset) < ($1.element.at, $1.element.machine, $1.offset)
  }.map(\.element)
}

extension PlantFact {
  fileprivate var isReset: Bool { if case .countersReset = kind { true } else { false } }
  fileprivate var isBegin: Bool { if case .stopBegan = kind { true } else { false } }
  fileprivate var isEnd: Bool { if case .stopEnded = kind { true } else { false } }
}
