// A scan for readable addresses against devices in memory: it finds exactly what can be read.

import Polling
import Primitives
import Testing

/// A device with holes, a limit, pieces that no request may cross, and values of two registers.
struct DeviceModel {
  var readable: Set<Int> = []
  var limit = 125
  /// Addresses at which a piece begins.
  var borders: Set<Int> = []
  /// Values of two registers, beginning at even addresses, are given whole or not at all.
  var givesPairsOnly = false
  var tables: Set<ModbusTable> = [.holding]
  var isSilentElsewhere = false

  func answer(_ request: ReadRequest) -> ScanAnswer {
    guard tables.contains(request.table) else {
      return isSilentElsewhere ? .silence : .exception(1)
    }
    let (start, count) = (Int(request.start), Int(request.count))
    guard count <= limit else { return .exception(3) }
    if givesPairsOnly, !start.isMultiple(of: 2) || !count.isMultiple(of: 2) { return .exception(2) }
    let asked = start..<(start + count)
    guard asked.allSatisfy(readable.contains) else { return .exception(2) }
    if asked.dropFirst().contains(where: borders.contains) { return .exception(2) }
    return .words(Array(repeating: 0, count: count))
  }

  /// What can be read, in runs.
  var runs: [ClosedRange<UInt16>] {
    var runs: [ClosedRange<UInt16>] = []
    for address in readable.sorted().map({ UInt16($0) }) {
      if let last = runs.last, last.upperBound + 1 == address {
        runs[runs.count - 1] = last.lowerBound...address
      } else {
        runs.append(address...address)
      }
    }
    return runs
  }
}

@Suite("Scan for addresses") struct ScanRangesTests {
  func order(_ addresses: ClosedRange<UInt16>, isThorough: Bool = true) -> RangeScanOrder {
    var order = RangeScanOrder(unit: 3, addresses: addresses, timeout: .milliseconds(200))
    order.tables = [.holding]
    order.isThorough = isThorough
    return order
  }

  /// Runs of random lengths with random holes.
  func map(_ random: inout SeededGenerator, _ size: Int, pairs: Bool = false) -> Set<Int> {
    var readable: Set<Int> = []
    var address = 0
    let longest = [1, 3, 20, 200][Int.random(in: 0..<4, using: &random)]
    while address < size {
      let run = Int.random(in: 0...longest, using: &random) * (pairs ? 2 : 1)
      readable.formUnion(address..<min(size, address + run))
      address += run + Int.random(in: 1...longest, using: &random) * (pairs ? 2 : 1)
    }
    return readable
  }

  @Test(arguments: 1...200)
  func `F23: a thorough scan finds exactly what can be read`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let size = Int.random(in: 1...600, using: &random)
    var device = DeviceModel(readable: map(&random, size))
    device.limit = [1, 2, 3, 10, 60, 100, 124, 125][Int.random(in: 0..<8, using: &random)]
    if seed.isMultiple(of: 3) {
      device.borders = Set((0..<10).map { _ in Int.random(in: 0..<size, using: &random) })
    }
    var scan = RangeScan(order(0...UInt16(size - 1)))
    #expect(play(&scan) { request, _ in device.answer(request) } == .complete)
    #expect(scan.readable.map(\.addresses) == device.runs)
    #expect(scan.outcomes == [.holding: .offered])
    // A limit may stay unseen behind borders and short runs, but never is a wrong one told.
    if let limit = scan.registerLimit, device.borders.isEmpty { #expect(limit == device.limit) }
    let longest = device.runs.map(\.count).max() ?? 0
    if device.borders.isEmpty, device.limit < 125, longest > device.limit + 1 {
      #expect(scan.registerLimit == device.limit)
    }
  }

  @Test(arguments: 1...60)
  func `a device that gives values of two registers only whole is read in pairs`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var device = DeviceModel(readable: map(&random, 300, pairs: true), givesPairsOnly: true)
    device.readable = device.readable.filter { device.readable.contains($0 ^ 1) }
    device.limit = [2, 20, 80, 125][Int.random(in: 0..<4, using: &random)]
    guard !device.readable.isEmpty else { return }
    var scan = RangeScan(order(0...299))
    #expect(play(&scan) { request, _ in device.answer(request) } == .complete)
    #expect(scan.readable.map(\.addresses) == device.runs)
  }

  @Test(arguments: 1...60)
  func `without looking at everything nothing wrong is told, and little is asked`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var device = DeviceModel()
    device.limit = [20, 60, 125][Int.random(in: 0..<3, using: &random)]
    for _ in 0..<4 {
      let first = 10 * Int.random(in: 0..<90, using: &random) + (seed.isMultiple(of: 2) ? 1 : 0)
      device.readable.formUnion(first..<(first + Int.random(in: 1...40, using: &random)))
    }
    var scan = RangeScan(order(0...9999, isThorough: false))
    #expect(play(&scan) { request, _ in device.answer(request) } == .complete)
    // All of it begins where manuals begin things, within the first thousand.
    #expect(scan.readable.map(\.addresses) == device.runs)
    #expect(scan.asked < 1500)
  }

  @Test func `everything readable costs one request for each block`() {
    let device = DeviceModel(readable: Set(0...65_535))
    var scan = RangeScan(order(0...65_535))
    #expect(play(&scan) { request, _ in device.answer(request) } == .complete)
    #expect(scan.readable.map(\.addresses) == [0...65_535])
    #expect(scan.asked == 525)
    #expect(scan.registerLimit == nil)
  }

  @Test func `a limit costs a handful of requests`() {
    let device = DeviceModel(readable: Set(0...999), limit: 60)
    var scan = RangeScan(order(0...999))
    _ = play(&scan) { request, _ in device.answer(request) }
    #expect(scan.registerLimit == 60)
    #expect(scan.asked < 17 + 14)
  }

  @Test func `which functions a device offers is told`() {
    var device = DeviceModel(readable: [0, 1], tables: [.input])
    var order = order(0...9)
    order.tables = ModbusTable.allCases
    var scan = RangeScan(order)
    _ = play(&scan) { request, _ in device.answer(request) }
    #expect(
      scan.outcomes == [
        .input: .offered, .holding: .refused, .coil: .refused, .discrete: .refused,
      ])
    device.isSilentElsewhere = true
    var deaf = RangeScan(order)
    _ = play(&deaf) { request, _ in device.answer(request) }
    #expect(
      deaf.outcomes == [
        .input: .offered, .holding: .ignored, .coil: .ignored, .discrete: .ignored,
      ])
  }

  @Test func `bits are felt two thousand at once`() {
    var scan: RangeScan
    var bits = order(0...9999)
    bits.tables = [.coil]
    let device = DeviceModel(readable: Set(0...4000), limit: 2000, tables: [.coil])
    scan = RangeScan(bits)
    _ = play(&scan) { request, _ in device.answer(request) }
    #expect(scan.readable == [AddressRange(.coil, 0...4000)])
    #expect(scan.bitLimit == nil)
  }

  @Test func `a busy device is asked again, a line that is gone is not`() {
    let device = DeviceModel(readable: Set(0...9))
    var scan = RangeScan(order(0...9))
    var isBusy = false
    _ = play(&scan) { request, _ in
      isBusy.toggle()
      return isBusy ? .exception(6) : device.answer(request)
    }
    #expect(scan.readable.map(\.addresses) == [0...9])
    var gone = RangeScan(order(0...9))
    #expect(play(&gone) { _, _ in .lost("unplugged") } == .lost("unplugged"))
  }

  @Test func `a bound on requests ends it with what was found`() {
    var order = order(0...9999)
    order.requestLimit = 3
    var scan = RangeScan(order)
    #expect(play(&scan) { _, _ in .words([]) } == .requestsUsed)
    #expect(scan.readable.map(\.addresses) == [0...374])
    #expect(scan.outcomes == [.holding: .offered])
    #expect(scan.mostRequests == 3)
  }
}
