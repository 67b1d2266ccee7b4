// The read plan: which neighbours are read together, and where blocks end.

import Polling
import Primitives
import Signals
import Testing

func binding(
  _ address: Int, _ count: Int = 1, _ table: ModbusTable = .holding, period: Int64 = 1000
) -> ReadBinding {
  ReadBinding(
    signal: SignalID(address), table: table, address: UInt16(address), count: UInt16(count),
    period: .milliseconds(period))
}

func unit(
  _ number: Int, registers: Int = 125, gap: Int = 16, _ bindings: [ReadBinding]
) -> UnitDefinition {
  UnitDefinition(
    id: UnitID(number), name: "unit-\(number)", address: UInt8(number),
    timeout: .milliseconds(500),
    quirks: DeviceQuirks(registersPerRequest: registers, gapLimit: gap),
    bindings: bindings)
}

func unit(registers: Int = 125, gap: Int = 16, _ bindings: [ReadBinding]) -> UnitDefinition {
  unit(1, registers: registers, gap: gap, bindings)
}

func bus(_ units: UnitDefinition...) -> BusDefinition {
  BusDefinition(
    name: "line", line: .tcp(host: "plc", port: 502), connectTimeout: .seconds(3), units: units)
}

/// Each request as "table start+count: slots".
private func drawn(_ plan: ReadPlan) -> [String] {
  plan.blocks.map { block in
    let slots = block.places.map { "\($0.slot)@\($0.offset)" }.joined(separator: " ")
    return "\(block.table.rawValue) \(block.start)+\(block.count): \(slots)"
  }
}

@Suite struct `A read plan` {
  @Test func `F17: merges neighbours within the gap limit`() {
    let plan = ReadPlan(bus(unit(gap: 4, [binding(10), binding(0), binding(6), binding(16, 2)])))
    #expect(drawn(plan) == ["holding 0+1: 1@0", "holding 6+5: 2@0 0@4", "holding 16+2: 3@0"])
  }

  @Test func `keeps tables, periods and units apart`() {
    let plan = ReadPlan(
      bus(
        unit(1, [binding(0), binding(1, 1, .input), binding(2, 1, .holding, period: 250)]),
        unit(2, [binding(0, 1, .coil), binding(1, 1, .coil)])))
    #expect(
      drawn(plan) == [
        "holding 2+1: 2@0", "holding 0+1: 0@0", "input 1+1: 1@0", "coil 0+2: 0@0 1@1",
      ])
    #expect(plan.blocks.map(\.unit) == [0, 0, 0, 1])
  }

  @Test func `never asks for more than the unit or the protocol allows`() {
    let registers = (0..<300).map { binding($0) }
    #expect(ReadPlan(bus(unit(registers))).blocks.map(\.count) == [125, 125, 50])
    #expect(
      ReadPlan(bus(unit(registers: 100, registers))).blocks.map(\.count) == [100, 100, 100])
    let bits = (0..<4001).map { binding($0, 1, .discrete) }
    #expect(ReadPlan(bus(unit(bits))).blocks.map(\.count) == [2000, 2000, 1])
  }

  @Test func `never splits a signal`() {
    let plan = ReadPlan(bus(unit(registers: 10, [binding(0, 8), binding(8, 4), binding(12, 2)])))
    #expect(drawn(plan) == ["holding 0+8: 0@0", "holding 8+6: 1@0 2@4"])
  }

  @Test func `reads overlapping signals once`() {
    let plan = ReadPlan(bus(unit([binding(0, 10), binding(3), binding(3), binding(9, 2)])))
    #expect(drawn(plan) == ["holding 0+11: 0@0 1@3 2@3 3@9"])
  }

  @Test func `names what no request can read`() {
    let plan = ReadPlan(
      bus(
        unit(registers: 10, [binding(0, 11), binding(65_535, 2), binding(5, 0), binding(65_535)])))
    #expect(plan.impossible.map(\.slot) == [0, 1, 2])
    #expect(drawn(plan) == ["holding 65535+1: 3@0"])
  }

  @Test func `an empty unit needs no request`() {
    #expect(ReadPlan(bus(unit([]))).blocks == [])
  }

  @Test(arguments: 0..<50)
  func `needs the fewest requests possible and covers every signal`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let limit = Int.random(in: 4...12, using: &generator)
    let gap = Int.random(in: 0...4, using: &generator)
    let bindings = (0..<8).map { _ in
      binding(
        Int.random(in: 0...30, using: &generator), Int.random(in: 1...4, using: &generator))
    }
    let plan = ReadPlan(bus(unit(registers: limit, gap: gap, bindings)))
    for (slot, wanted) in bindings.enumerated() {
      let holders = plan.blocks.filter { block in
        block.places.contains { place in
          Int(place.slot) == slot && block.start + place.offset == wanted.address
            && place.count == wanted.count && place.offset + place.count <= block.count
        }
      }
      #expect(holders.count == 1)
    }
    #expect(plan.blocks.allSatisfy { Int($0.count) <= limit })
    #expect(plan.blocks.count == fewest(bindings, limit: limit, gap: gap))
  }

  /// The least number of requests, by trying every set of signals as one request.
  private func fewest(_ bindings: [ReadBinding], limit: Int, gap: Int) -> Int {
    func fits(_ set: Int) -> Bool {
      let members = bindings.indices.filter { set & 1 << $0 != 0 }.map { bindings[$0] }
        .sorted { $0.address < $1.address }
      var end = Int(members[0].address)
      for member in members {
        if Int(member.address) > end + gap { return false }
        end = max(end, Int(member.address) + Int(member.count))
      }
      return end - Int(members[0].address) <= limit
    }
    let all = 1 << bindings.count
    let fitting = (1..<all).filter { fits($0) }
    var best = [Int](repeating: .max, count: all)
    best[0] = 0
    for state in 0..<all where best[state] != .max {
      for set in fitting where set & state == 0 {
        best[state | set] = min(best[state | set], best[state] + 1)
      }
    }
    return best[all - 1]
  }
}
