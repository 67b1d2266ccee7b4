// The read plan against every plan there is, on small sets of signals; and its time on large ones.

import Polling
import Primitives
import Signals
import Testing

/// A small device with random facts.
private struct Case {
  let bus: BusDefinition
  var unit: UnitDefinition { bus.units[0] }

  init(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let limit = Int.random(in: 4...40, using: &generator)
    let bindings = (0..<7).map { _ in
      binding(
        Int.random(in: 0...60, using: &generator), Int.random(in: 1...4, using: &generator))
    }
    let forbidden = (0..<Int.random(in: 0...2, using: &generator)).map { _ in
      let first = UInt16.random(in: 0...60, using: &generator)
      return AddressRange(.holding, first...(first + .random(in: 0...3, using: &generator)))
    }
    let gap = Bool.random(using: &generator) ? Int.random(in: 0...8, using: &generator) : nil
    let quirks = DeviceQuirks(
      registersPerRequest: limit, gapLimit: gap, forbidden: forbidden,
      pause: .milliseconds([0, 10].randomElement(using: &generator) ?? 0))
    let bauds = [1200, 9600, 19_200, 115_200]
    bus = serialBus(
      bauds.randomElement(using: &generator) ?? 9600,
      [PollingTests.unit(1, quirks: quirks, bindings)])
  }

  /// The signals that any request can read.
  var readable: [ReadBinding] {
    unit.bindings.filter { binding in
      let end = Int(binding.address) + Int(binding.count)
      return binding.count <= unit.quirks.registersPerRequest
        && isAllowed(Int(binding.address)..<end)
    }
  }

  func isAllowed(_ range: Range<Int>) -> Bool {
    unit.quirks.forbidden.allSatisfy { barred in
      !range.contains { barred.addresses.contains(UInt16($0)) }
    }
  }

  /// Nanoseconds; or, with a gap limit of the device, requests before addresses.
  func price(_ count: Int) -> Int64 {
    if unit.quirks.gapLimit != nil { return 1 << 32 + Int64(count) }
    let timing = LineTiming(bus)
    return timing.cost(.holding, count: count).nanoseconds
      + timing.rest(unit.quirks).nanoseconds
  }

  /// What one request for a set of signals costs; nil if there is none.
  func price(of members: [ReadBinding]) -> Int64? {
    let sorted = members.sorted { $0.address < $1.address }
    let start = Int(sorted[0].address)
    var end = start
    for member in sorted {
      if let gap = unit.quirks.gapLimit, Int(member.address) > end + gap { return nil }
      end = max(end, Int(member.address) + Int(member.count))
    }
    guard end - start <= unit.quirks.registersPerRequest, isAllowed(start..<end) else {
      return nil
    }
    return price(end - start)
  }

  /// The least price of all, by trying every set of signals as one request.
  var least: Int64 {
    let all = 1 << readable.count
    let prices = (0..<all).map { set -> Int64? in
      let members = readable.indices.filter { set & 1 << $0 != 0 }.map { readable[$0] }
      return members.isEmpty ? nil : price(of: members)
    }
    var best = [Int64](repeating: .max, count: all)
    best[0] = 0
    for state in 0..<all where best[state] != .max {
      for set in 1..<all where set & state == 0 {
        guard let price = prices[set] else { continue }
        best[state | set] = min(best[state | set], best[state] + price)
      }
    }
    return best[all - 1]
  }
}

@Suite struct `The cheapest read plan` {
  @Test(arguments: 0..<150)
  func `F17, F18: is as cheap as the cheapest of all, and covers every signal`(seed: UInt64) {
    let example = Case(seed: seed)
    let plan = ReadPlan(example.bus)
    #expect(plan.blocks.reduce(0) { $0 + example.price(Int($1.count)) } == example.least)
    #expect(plan.impossible.count == example.unit.bindings.count - example.readable.count)
    for (slot, wanted) in example.unit.bindings.enumerated() {
      let holders = plan.blocks.filter { block in
        block.places.contains { place in
          Int(place.slot) == slot && block.start + place.offset == wanted.address
            && place.count == wanted.count && place.offset + place.count <= block.count
        }
      }
      #expect(holders.count == (plan.impossible.contains { $0.slot == slot } ? 0 : 1))
    }
    for block in plan.blocks {
      #expect(Int(block.count) <= example.unit.quirks.registersPerRequest)
      #expect(example.isAllowed(Int(block.start)..<block.end))
      #expect(block.places.map(\.offset) == block.places.map(\.offset).sorted())
    }
  }

  @Test func `takes as many steps as there are signals`() {
    // A plan of 65,536 bits with every second one in use ends in a blink; a plan that tried each
    // start in reach would take 2,000 times as long, and this test minutes.
    let bits = stride(from: 0, to: 65_536, by: 2).map { binding($0, 1, .coil) }
    let unit = unit(1, quirks: DeviceQuirks(), bits)
    #expect(ReadPlan(bus(unit)).blocks.count == 33)
    #expect(ReadPlan(serialBus(9600, [unit])).blocks.count == 33)
  }

  @Test func `bears extreme times without overflow`() {
    let longest = Duration.seconds(Int64.max)
    let quirks = DeviceQuirks(pause: longest)
    let far = stride(from: 0, to: 65_536, by: 2).map { binding($0) }
    for baud in [Int.min, 0, 1, 300, Int.max] {
      var bus = serialBus(baud, [unit(1, quirks: quirks, far)])
      bus.requestPause = longest
      let plan = ReadPlan(bus)
      #expect(plan.blocks.reduce(0) { $0 + $1.places.count } == far.count)
      #expect(PlanForecast(plan, of: bus, turnaround: longest).utilisation > 0)
    }
  }
}
