// The read plan by default and under the facts of a device: caps, tables, forbidden addresses.

import Polling
import Primitives
import Signals
import Testing

private func places(_ plan: ReadPlan) -> [String] {
  plan.blocks.map { "\($0.table.rawValue) \($0.start)-\($0.end - 1)" }
}

@Suite struct `A read plan by default` {
  @Test(arguments: [(1, 1), (125, 1), (126, 2), (1000, 8), (1001, 9)])
  func `F17: asks for registers in a row with the fewest requests`(registers: Int, requests: Int) {
    let all = (0..<registers).map { binding($0) }
    let plan = ReadPlan(bus(unit(1, quirks: DeviceQuirks(), all)))
    #expect(plan.blocks.count == requests)
    #expect(plan.blocks.map { Int($0.count) }.reduce(0, +) == registers)
    #expect(plan.blocks.dropLast().allSatisfy { $0.count == 125 })
  }

  @Test func `F17: 64 controllers with 125 registers need one request each`() {
    for number in 1...64 {
      let all = (0..<125).map { binding($0) }
      #expect(ReadPlan(bus(unit(number, quirks: DeviceQuirks(), all))).blocks.count == 1)
    }
  }

  @Test(arguments: [(9600, 12, 13), (115_200, 55, 56)])
  func `F17: reads over a gap where that is cheaper than a request`(
    baud: Int, merged: Int, apart: Int
  ) {
    for (gap, blocks) in [(merged, 1), (apart, 2)] {
      let unit = unit(1, quirks: DeviceQuirks(), [binding(0), binding(1 + gap)])
      #expect(ReadPlan(serialBus(baud, [unit])).blocks.count == blocks)
    }
  }

  @Test func `F17: on a network a gap is cheaper than a round trip up to the cap`() {
    let far = unit(1, quirks: DeviceQuirks(), [binding(0), binding(124)])
    #expect(places(ReadPlan(bus(far))) == ["holding 0-124"])
    let further = unit(1, quirks: DeviceQuirks(), [binding(0), binding(125)])
    #expect(places(ReadPlan(bus(further))) == ["holding 0-0", "holding 125-125"])
  }

  @Test func `a pause that a device needs makes a wider gap worth reading`() {
    let quirks = DeviceQuirks(pause: .milliseconds(100))
    let unit = unit(1, quirks: quirks, [binding(0), binding(50)])
    #expect(places(ReadPlan(serialBus(9600, [unit]))) == ["holding 0-50"])
  }

  @Test func `a gap where the limit cuts anyway is not read`() {
    // Full first requests would reach over the gap of 10 to 20 and be cut at 30 all the same.
    let addresses = Array(0..<10) + Array(20..<50)
    let quirks = DeviceQuirks(registersPerRequest: 30)
    let unit = unit(1, quirks: quirks, addresses.map { binding($0) })
    #expect(places(ReadPlan(serialBus(9600, [unit]))) == ["holding 0-9", "holding 20-49"])
  }
}

@Suite struct `A read plan under a device's facts` {
  @Test func `F18: keeps to the caps of the device`() {
    let quirks = DeviceQuirks(registersPerRequest: 40, bitsPerRequest: 100)
    let all = (0..<100).map { binding($0) } + (0..<250).map { binding($0, 1, .coil) }
    let plan = ReadPlan(bus(unit(1, quirks: quirks, all)))
    #expect(
      places(plan) == [
        "coil 0-99", "coil 100-199", "coil 200-249", "holding 0-39", "holding 40-79",
        "holding 80-99",
      ])
  }

  @Test func `F18: never asks for a forbidden address, not even in between`() {
    let quirks = DeviceQuirks(forbidden: [
      AddressRange(.holding, 5...5), AddressRange(.holding, 12...14),
      AddressRange(.input, 0...65_535), AddressRange(.holding, 13...19),
    ])
    let unit = unit(
      1, quirks: quirks,
      [
        binding(0), binding(4), binding(6), binding(10, 2), binding(14), binding(20),
        binding(3, 3), binding(0, 1, .input),
      ])
    let plan = ReadPlan(bus(unit))
    #expect(places(plan) == ["holding 0-4", "holding 6-11", "holding 20-20"])
    #expect(plan.impossible.map(\.slot) == [4, 6, 7])
    #expect(
      plan.impossible.map(\.reason) == [
        .forbidden(AddressRange(.holding, 12...19)), .forbidden(AddressRange(.holding, 5...5)),
        .forbidden(AddressRange(.input, 0...65_535)),
      ])
  }

  @Test func `F18: asks only for the tables that the device offers`() {
    let quirks = DeviceQuirks(tables: [.input])
    let plan = ReadPlan(bus(unit(1, quirks: quirks, [binding(0), binding(0, 1, .input)])))
    #expect(places(plan) == ["input 0-0"])
    #expect(plan.impossible.map(\.reason) == [.tableMissing(.holding)])
  }

  @Test func `F18, F22: begins every request to a table where the device wants it`() {
    let quirks = DeviceQuirks(
      bitsPerRequest: 64, forbidden: [AddressRange(.discrete, 8...8)],
      requestStart: [.coil: 2, .discrete: 0])
    let unit = unit(
      1, quirks: quirks,
      [
        binding(9, 1, .coil), binding(65, 1, .coil), binding(66, 1, .coil), binding(1, 1, .coil),
        binding(20, 1, .coil, period: 250), binding(7, 1, .discrete), binding(9, 1, .discrete),
        binding(70),
      ])
    let plan = ReadPlan(bus(unit))
    #expect(
      drawn(plan) == [
        "coil 2+19: 4@18", "coil 2+64: 0@7 1@63", "discrete 0+8: 5@7", "holding 70+1: 7@0",
      ])
    #expect(
      plan.impossible.map(\.reason) == [
        .outOfReach(start: 2, limit: 64), .outOfReach(start: 2, limit: 64),
        .forbidden(AddressRange(.discrete, 8...8)),
      ])
  }

  @Test func `tells why neighbours are apart`() {
    func reason(_ quirks: DeviceQuirks, _ bindings: [ReadBinding]) -> BlockSplit? {
      let bus = serialBus(9600, [unit(1, quirks: quirks, bindings)])
      let plan = ReadPlan(bus)
      guard plan.blocks.count > 1 else { return nil }
      return plan.split(plan.blocks[0], plan.blocks[1], in: bus, avoiding: [])
    }
    let none = DeviceQuirks()
    #expect(reason(none, [binding(0), binding(3)]) == nil)
    #expect(reason(none, [binding(0), binding(0, 1, .input)]) == nil)
    #expect(reason(none, [binding(0), binding(3, period: 2000)]) == .period)
    #expect(reason(none, [binding(0), binding(21)]) == .cost(gap: 20, worth: 12))
    #expect(
      reason(none, (0..<126).map { binding($0) }) == .limit(addresses: 126, limit: 125))
    #expect(
      reason(DeviceQuirks(gapLimit: 2), [binding(0), binding(4)]) == .gapLimit(gap: 3, limit: 2))
    let barred = DeviceQuirks(forbidden: [AddressRange(.holding, 2...2)])
    #expect(
      reason(barred, [binding(0), binding(4)]) == .forbidden(AddressRange(.holding, 2...2)))
  }

  @Test func `F1: shows the plan around what a device refuses, and why`() throws {
    let unit = unit(7, quirks: DeviceQuirks(), (0..<10).map { binding($0) } + [binding(20)])
    let bus = bus(unit)
    let learnt = [
      LearntRefusal(unit: 7, table: .holding, addresses: 3...3, exception: 2, since: ms(0)),
      LearntRefusal(unit: 7, table: .holding, addresses: 9...20, exception: 3, since: ms(0)),
      LearntRefusal(unit: 8, table: .holding, addresses: 5...5, exception: 2, since: ms(0)),
    ]
    let plan = ReadPlan(bus, avoiding: learnt)
    #expect(places(plan) == ["holding 0-2", "holding 4-9", "holding 20-20"])
    #expect(plan.impossible.map(\.slot) == [3])
    #expect(
      plan.impossible.map(\.reason) == [.refused(AddressRange(.holding, 3...3), exception: 2)])
    #expect(
      plan.split(plan.blocks[0], plan.blocks[1], in: bus, avoiding: learnt)
        == .refused(AddressRange(.holding, 3...3), exception: 2))
    #expect(
      plan.split(plan.blocks[1], plan.blocks[2], in: bus, avoiding: learnt)
        == .refused(AddressRange(.holding, 9...20), exception: 3))
    #expect(ReadPlan(bus, avoiding: []) == ReadPlan(bus))
    // What the poller asks for at its start is the same.
    var dialogue = Dialogue(bus, learnt: learnt)
    dialogue.play(until: ms(900))
    #expect(dialogue.requests.map { Int($0.request.start) }.prefix(3).sorted() == [0, 4, 20])
  }

  @Test func `says of each obstacle what it is`() {
    let texts: [(ImpossibleRead.Reason, String)] = [
      (.outside, "0 to 65535"), (.tooLong(limit: 10), "the 10 addresses"),
      (.tableMissing(.input), "function code 4 (input)"),
      (.forbidden(AddressRange(.coil, 1...2)), "coil 1-2 must not be asked for"),
      (.outOfReach(start: 7, limit: 9), "begin at 7 and reach 9"),
      (.refused(AddressRange(.input, 3...4), exception: 2), "input 3-4 with exception 2"),
    ]
    for (reason, part) in texts { #expect(reason.text.contains(part)) }
  }
}
