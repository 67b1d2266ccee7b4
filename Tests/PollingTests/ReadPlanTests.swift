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

func unit(_ number: Int, quirks: DeviceQuirks, _ bindings: [ReadBinding]) -> UnitDefinition {
  var unit = unit(number, bindings)
  unit.quirks = quirks
  return unit
}

func bus(_ units: UnitDefinition...) -> BusDefinition {
  BusDefinition(
    name: "line", line: .tcp(host: "plc", port: 502), connectTimeout: .seconds(3), units: units)
}

/// A serial line with eight data bits, no parity and one stop bit: ten bits a character.
func serialBus(_ baud: Int, _ units: [UnitDefinition]) -> BusDefinition {
  let speed = SerialSpeed(baud: baud, parity: .none, stopBits: 1)
  return BusDefinition(
    name: "line", line: .rtu(SerialLine(path: "/dev/serial/by-id/adapter", speed: speed)),
    connectTimeout: .seconds(3), units: units)
}

/// Each request as "table start+count: slots".
func drawn(_ plan: ReadPlan) -> [String] {
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
}
