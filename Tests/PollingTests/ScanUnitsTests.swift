// A scan for units against lines in memory: it finds exactly who is there, and asks no more than
// it said.

import Polling
import Primitives
import Testing

/// What a unit of a line in memory does.
enum Manner: CaseIterable {
  case answers, refuses, ignoresHolding, busyForGateway, denied
}

/// Units at their speeds; a unit that hears another speed may make noise.
struct LineModel {
  private var units: [String: [UInt8: Manner]] = [:]
  var isNoisy: Bool

  init(isNoisy: Bool = false) { self.isNoisy = isNoisy }

  subscript(speed: SerialSpeed?) -> [UInt8: Manner] {
    get { units["\(speed, default: "-")"] ?? [:] }
    set { units["\(speed, default: "-")"] = newValue }
  }

  func answer(_ request: ReadRequest, at speed: SerialSpeed?) -> ScanAnswer {
    guard let manner = self[speed][request.unitAddress] else {
      let isElsewhere = units.values.contains { $0[request.unitAddress] != nil }
      return isNoisy && isElsewhere ? .noise : .silence
    }
    switch manner {
    case .answers: return .words([7])
    case .refuses: return .exception(2)
    case .ignoresHolding: return request.table == .holding ? .silence : .words([1])
    case .busyForGateway: return .exception(11)
    case .denied: return .exception(10)
    }
  }

  /// Who is there: everybody but those a gateway denies, and the deaf ones when nobody asks twice.
  func truth(at speed: SerialSpeed?, asksInput: Bool) -> Set<UInt8> {
    Set(
      self[speed].filter { _, manner in
        switch manner {
        case .answers, .refuses: true
        case .ignoresHolding: asksInput
        case .busyForGateway, .denied: false
        }
      }.keys)
  }
}

/// Plays a scan to its end and checks every request on the way.
func play<Scan: ScanSteps>(
  _ scan: inout Scan, _ answer: (ReadRequest, SerialSpeed?) -> ScanAnswer
) -> ScanEnd {
  while true {
    switch scan.next() {
    case .over(let end):
      #expect(scan.asked <= scan.mostRequests)
      return end
    case .ask(let request, let speed):
      #expect(request.unitAddress != 0, "unit 0 is everybody")
      #expect((1...request.table.limitPerRequest).contains(Int(request.count)))
      #expect(Int(request.start) + Int(request.count) <= 65_536)
      scan.answered(answer(request, speed), took: .milliseconds(3))
      guard scan.asked <= scan.mostRequests else {
        Issue.record("more requests than the estimate said")
        return .requestsUsed
      }
    }
  }
}

@Suite("Scan for units") struct ScanUnitsTests {
  static let speeds: [SerialSpeed] = UnitScanOrder.speeds(
    bauds: [9600, 19_200, 38_400], parities: [.none, .even], stopBits: [1, 2])

  func order(_ speeds: [SerialSpeed?], _ units: ClosedRange<UInt8> = 1...247) -> UnitScanOrder {
    UnitScanOrder(speeds: speeds, units: Array(units), timeout: .milliseconds(200))
  }

  @Test(arguments: 1...60)
  func `F23: on any line everybody who is there is found and nobody else`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var line = LineModel(isNoisy: seed.isMultiple(of: 2))
    for speed in Self.speeds where Int.random(in: 0..<3, using: &random) == 0 {
      for _ in 0..<Int.random(in: 0...12, using: &random) {
        let manner = Manner.allCases[Int.random(in: 0..<Manner.allCases.count, using: &random)]
        line[speed][UInt8.random(in: 1...247, using: &random)] = manner
      }
    }
    var order = order(Self.speeds)
    order.goesOn = true
    order.asksInput = Int.random(in: 0..<2, using: &random) == 0
    var scan = UnitScan(order)
    #expect(play(&scan, line.answer) == .complete)
    for speed in Self.speeds {
      let found = scan.found.filter { $0.speed == speed }.map(\.address)
      #expect(Set(found) == line.truth(at: speed, asksInput: order.asksInput))
      #expect(Set(found).count == found.count)
    }
  }

  @Test(arguments: 1...60)
  func `one proved speed is searched to its end, and no other`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let right = Self.speeds[Int.random(in: 0..<Self.speeds.count, using: &random)]
    var line = LineModel()
    for _ in 0..<Int.random(in: 1...9, using: &random) {
      line[right][UInt8.random(in: 1...247, using: &random)] = .answers
    }
    var scan = UnitScan(order(Self.speeds))
    #expect(play(&scan, line.answer) == .complete)
    #expect(Set(scan.found.map(\.address)) == line.truth(at: right, asksInput: true))
  }

  @Test func `F23: a usual line costs hundreds of requests instead of thousands`() {
    var line = LineModel()
    line[Self.speeds[4]] = [1: .answers, 40: .refuses]
    var scan = UnitScan(order(Self.speeds))
    _ = play(&scan, line.answer)
    #expect(scan.found.map(\.address) == [1, 40])
    #expect(scan.mostRequests > 5000)
    // Four speeds with 7 likely units, then 247 units and the 245 silent ones for input.
    #expect(scan.asked == 4 * 7 + 247 + 245)
  }

  @Test func `a speed at which something is heard is searched before the others`() {
    var line = LineModel(isNoisy: true)
    line[Self.speeds[9]] = [77: .answers]
    let right = Self.speeds[9]
    var scan = UnitScan(order(Self.speeds))
    _ = play(&scan) { request, speed in
      if request.unitAddress == 1, speed == right { return .noise }
      return line.answer(request, at: speed)
    }
    #expect(scan.found.map(\.address) == [77])
    #expect(scan.asked < 12 * 8 + 2 * 247 + 8)
  }

  @Test func `a gateway that denies a unit is not asked for it again`() {
    var asked: [UInt8: Int] = [:]
    var scan = UnitScan(order([nil], 1...20))
    _ = play(&scan) { request, _ in
      asked[request.unitAddress, default: 0] += 1
      return request.unitAddress == 5 ? .words([0]) : .exception(11)
    }
    #expect(scan.found.map(\.address) == [5])
    #expect(asked.values.allSatisfy { $0 == 1 })
    #expect(!scan.ignoresUnitNumber)
  }

  @Test func `a device that answers to every number is seen as one`() {
    var scan = UnitScan(order([nil], 1...20))
    _ = play(&scan) { _, _ in .words([3]) }
    #expect(scan.ignoresUnitNumber)
  }

  @Test func `a line that is gone ends the scan with its cause`() {
    var scan = UnitScan(order([nil]))
    #expect(play(&scan) { _, _ in .lost("no route") } == .lost("no route"))
    #expect(scan.asked == ScanLimits.lossesInARow)
  }

  @Test func `noise is repeated within a budget, and a bound on requests holds`() {
    var scan = UnitScan(order([nil]))
    #expect(play(&scan) { _, _ in .noise } == .complete)
    #expect(scan.asked == 2 * 247 + ScanLimits.repeats)
    var order = order([nil])
    order.requestLimit = 10
    var short = UnitScan(order)
    #expect(play(&short) { _, _ in .silence } == .requestsUsed)
    #expect(short.asked == 10)
    #expect(short.mostRequests == 10)
  }

  @Test func `nothing to ask is over at once, and unit 0 is never asked`() {
    var nobody = UnitScan(UnitScanOrder(speeds: [nil], units: [0], timeout: .seconds(1)))
    #expect(nobody.next() == .over(.complete))
    var none = UnitScan(UnitScanOrder(speeds: [], units: [1], timeout: .seconds(1)))
    #expect(none.next() == .over(.complete))
  }

  @Test func `a slow line gets the time its frames need`() {
    let slow = SerialSpeed(baud: 1200, parity: .even)
    var scan = UnitScan(order([slow]))
    guard case .ask(let request, _) = scan.next() else { return }
    // 15 characters of 11 bits at 1,200 baud are 137.5 ms.
    #expect(request.timeout == .microseconds(337_500))
    #expect(scan.estimate.mostTime > scan.estimate.likelyTime)
  }
}
