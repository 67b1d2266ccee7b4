// Confirmations: when they are told, what holds them back, and that nothing of them is lost.

import Machines
import Primitives
import Testing

@Suite("Confirmations")
struct ConfirmationTests {
  @Test func `a window is told after its interval, at shift end and at order end`() {
    var line = Desk(ConfirmationRules(interval: .seconds(60)), machines: ["a"])
    line.start(Desk.order("A", operation: "10"), at: 0)
    line.count("a", good: 5, scrap: 1, rework: 2, to: 10_000)
    line.count("a", good: 6, to: 20_000)
    line.advance(to: 70_000)
    #expect(line.told.isEmpty)
    line.advance(to: 70_001)
    #expect(line.told == ["a A/10 11/1/2"])
    #expect(
      line.confirmed.first?.sequences == SequenceRange(epoch: "00c0ffee", from: 1, to: 2))
    line.count("a", good: 7, to: 71_000)
    line.desk.endShift(at: stamp(72_000), into: &line.facts)
    line.advance(to: 72_001)
    line.count("a", good: 8, to: 73_000)
    line.end(at: 74_000)
    line.count("a", good: 9, from: 73_000, to: 74_000)
    line.advance(to: 75_000)
    #expect(line.told == ["a A/10 11/1/2", "a A/10 7/0/0", "a A/10 17/0/0 final"])
    #expect(line.confirmed.map(\.total) == [11, 18, 35])
  }

  @Test func `an interval without a piece is not told, its times wait for the next`() {
    var line = Desk(ConfirmationRules(interval: .seconds(1)), machines: ["a"])
    line.start(Desk.order("A"), at: 0)
    line.desk.spend(.stop, machine: "a", from: stamp(0), into: &line.facts)
    line.advance(to: 60_000)
    #expect(line.told.isEmpty)
    line.desk.spend(.run, machine: "a", from: stamp(60_000), into: &line.facts)
    line.desk.spend(.planned, machine: "a", from: stamp(61_000), into: &line.facts)
    line.desk.spend(.unseen, machine: "a", from: stamp(61_500), into: &line.facts)
    line.count("a", good: 1, to: 62_000)
    line.advance(to: 70_000)
    #expect(line.confirmed.map(\.times) == [TimeSums(run: 1000, stop: 60_000, planned: 500)])
  }

  @Test func `only the last machine of a line closes its order`() {
    var line = Desk()
    line.start(Desk.order("A"), at: 0)
    line.count("a", good: 5, to: 100)
    line.count("b", good: 4, to: 100)
    line.end(at: 200)
    line.desk.advance(machine: "b", to: stamp(300), into: &line.facts)
    #expect(line.told == ["b A 4/0/0"])
    line.desk.advance(machine: "a", to: stamp(300), into: &line.facts)
    #expect(line.told == ["b A 4/0/0", "a A 5/0/0 final"])
  }

  @Test func `at a line that hands on its pieces only the machines named are confirmed`() {
    var line = Desk(ConfirmationRules(confirming: ["b"]))
    line.start(Desk.order("A"), at: 0)
    line.count("a", good: 5, to: 100)
    line.count("b", good: 5, to: 100)
    line.end(at: 200)
    line.advance(to: 300)
    #expect(line.told == ["b A 5/0/0 final"])
    #expect(line.desk.withoutOrder(machine: "a").isEmpty)
  }

  @Test(arguments: [(110, true), (111, false)] as [(Int64, Bool)])
  func `the plan is exceeded above its share, not at it`(good: Int64, passes: Bool) {
    var line = Desk(ConfirmationRules(percentAbovePlan: 10), machines: ["a"])
    line.start(Desk.order("A", planned: 100), at: 0)
    line.count("a", good: good, to: 100)
    line.end(at: 200)
    line.advance(to: 300)
    #expect(line.told.isEmpty != passes)
    guard !passes else { return }
    #expect(
      line.sentences == [
        "order A has 111 good pieces and 100 are planned, 10 % more are allowed; correct the plan "
          + "or let it go by hand"
      ])
    _ = line.desk.describe(Desk.order("A", planned: 101), into: &line.facts)
    #expect(line.told == ["a A 111/0/0 final"])
  }

  @Test func `each rule holds until it is met`() {
    var line = Desk(machines: ["a"])
    line.start(Desk.order("A", released: false), at: 0)
    line.count("a", good: 1, to: 100)
    line.desk.contact(machine: "a", isLost: true, into: &line.facts)
    line.desk.doubt(machine: "a", isOpen: true, into: &line.facts)
    line.end(at: 200)
    line.advance(to: 300)
    #expect(
      line.sentences == [
        "order A is not released; drop its file with \"released\": true",
        "machine a has no contact; it is checked again when it answers",
        "a counter of machine a made a jump that is not decided yet; "
          + "it is checked again when it is",
      ])
    _ = line.desk.describe(Desk.order("A"), into: &line.facts)
    line.desk.contact(machine: "a", isLost: false, into: &line.facts)
    #expect(line.told.isEmpty)
    line.desk.doubt(machine: "a", isOpen: false, into: &line.facts)
    #expect(line.told == ["a A 1/0/0 final"])
  }

  @Test(arguments: [HoldScope.machine("a"), .line("line"), .order("A"), .lot("L1")])
  func `a quality hold blocks what it covers until it is released`(scope: HoldScope) {
    var line = Desk(machines: ["a"])
    line.start(Desk.order("A", lot: "L1"), at: 0)
    let number = line.desk.hold(
      scope, reason: "too hot", by: "limit oven", from: .rule, at: stamp(50), into: &line.facts)
    #expect(number == 1)
    #expect(
      line.desk.hold(
        scope, reason: "too hot", by: "limit oven", from: .rule, at: stamp(60), into: &line.facts)
        == nil)
    line.count("a", good: 1, to: 100)
    line.end(at: 200)
    line.advance(to: 300)
    let held = line.desk.heldConfirmations.first?.number ?? 0
    let answer = line.desk.approve(confirmation: held, by: "anna", into: &line.facts)
    #expect(answer.sentence.contains("still waits: quality hold 1"))
    #expect(line.told.isEmpty)
    #expect(
      line.desk.release(hold: 9, by: "anna", at: stamp(400), into: &line.facts).sentence
        == "releasing quality hold 9: there is none of that number; in force are 1")
    _ = line.desk.release(hold: 1, by: "anna", at: stamp(400), into: &line.facts)
    #expect(line.told == ["a A 1/0/0 final"])
  }

  @Test func `a hold on something else blocks nothing`() {
    var line = Desk(machines: ["a"])
    line.start(Desk.order("A", lot: "L1"), at: 0)
    for scope in [HoldScope.machine("b"), .order("B"), .lot("L2")] {
      line.desk.hold(scope, reason: "r", by: "p", from: .operator, at: stamp(0), into: &line.facts)
    }
    line.count("a", good: 1, to: 100)
    line.end(at: 200)
    line.advance(to: 300)
    #expect(line.told == ["a A 1/0/0 final"])
  }

  @Test func `a description releases every run of its order, and leaves each its lot`() {
    var line = Desk(machines: ["a"])
    line.start(Desk.order("A", lot: "L1", released: false), at: 0)
    line.count("a", good: 1, to: 100)
    line.start(Desk.order("A", lot: "L2", released: false), at: 200)
    line.count("a", good: 2, to: 300)
    line.desk.endShift(at: stamp(400), into: &line.facts)
    line.advance(to: 500)
    line.desk.hold(
      .lot("L1"), reason: "r", by: "p", from: .operator, at: stamp(500), into: &line.facts)
    line.start(Desk.order("A", lot: "L2"), at: 600)
    #expect(line.told == ["a A 2/0/0"])
    #expect(line.desk.heldConfirmations.map(\.lotID) == ["L1"])
  }

  @Test func `the last hold there is room for holds the whole line`() {
    var line = Desk(machines: ["a"])
    for number in 0..<OrderLimits.holds + 5 {
      line.desk.hold(
        .lot("\(number)"), reason: "r", by: "p", from: .rule, at: stamp(0), into: &line.facts)
    }
    #expect(line.desk.holds.count == OrderLimits.holds)
    #expect(line.desk.holds.last?.scope == .line("line"))
    #expect(line.desk.holds.last?.reason.hasSuffix("lot \(OrderLimits.holds - 1): r") == true)
  }

  @Test func `a final confirmation waits for the earlier ones of its order`() {
    var line = Desk(machines: ["a"])
    line.start(Desk.order("A"), at: 0)
    line.count("a", good: 1, from: 0, to: 100, recovered: true)
    line.start(Desk.order("B"), at: 200)
    line.start(Desk.order("A"), at: 300)
    line.count("a", good: 2, from: 150, to: 350, recovered: true)
    line.desk.endShift(at: stamp(400), into: &line.facts)
    line.advance(to: 450)
    line.end(at: 500)
    line.advance(to: 600)
    #expect(line.told == ["a A 1/0/0"])
    #expect(line.sentences.last?.hasPrefix("it is the last of order A") == true)
    let first = line.desk.heldConfirmations.first?.number ?? 0
    _ = line.desk.approve(confirmation: first, by: "anna", into: &line.facts)
    #expect(line.told == ["a A 1/0/0", "a A 2/0/0 unverified", "a A 0/0/0 final"])
  }

  @Test func `too many held ones of one order become one, and nothing is lost`() throws {
    var line = Desk(ConfirmationRules(interval: .milliseconds(10)), machines: ["a"])
    line.start(Desk.order("A", released: false), at: 0)
    let windows = Int64(OrderLimits.heldConfirmations) + 50
    for number in 1...windows {
      line.count("a", good: number, to: number * 100)
      line.advance(to: number * 100 + 50)
    }
    #expect(line.desk.heldConfirmations.count == OrderLimits.heldConfirmations)
    #expect(line.desk.heldConfirmations.first?.merged == 51)
    #expect(line.desk.heldConfirmations.first?.number == 1)
    try line.restart(at: windows * 100 + 50)
    _ = line.desk.describe(Desk.order("A"), into: &line.facts)
    #expect(line.desk.heldConfirmations.isEmpty)
    #expect(line.confirmed.map(\.pieces.good).reduce(0, +) == windows * (windows + 1) / 2)
    #expect(line.confirmed.first?.sequences?.to == 51)
  }

  @Test func `too many held ones of different orders: the oldest is told marked as held`() {
    var line = Desk(machines: ["a"])
    for number in 1...OrderLimits.heldConfirmations + 3 {
      let at = Int64(number) * 100
      line.start(Desk.order("\(number)", released: false), at: at)
      line.count("a", good: 1, to: at + 50)
      line.advance(to: at + 60)
    }
    line.end(at: 100_000)
    line.advance(to: 100_001)
    #expect(line.desk.heldConfirmations.count == OrderLimits.heldConfirmations)
    #expect(line.told.map { $0 } == (1...3).map { "a \($0) 1/0/0 unverified" })
    #expect(line.confirmed.allSatisfy { $0.isHeld && $0.reasons == [.notReleased] })
  }

  @Test func `what a confirmation used up is exact`() throws {
    let bill = [
      try #require(
        BillItem(materialID: "R", quantityPer: "0.1", uom: "KGM", scrapFactor: "0.02")),
      try #require(BillItem(materialID: "BOX", quantityPer: "3", uom: "PCE")),
    ]
    var line = Desk(machines: ["a"])
    line.start(Desk.order("A", bill: bill), at: 0)
    line.count("a", good: 2, scrap: 1, rework: 9, to: 100)
    line.end(at: 200)
    line.advance(to: 300)
    #expect(line.confirmed.first?.consumption.map(\.quantity.text) == ["0.306", "9"])
    let most = try #require(
      BillItem(
        materialID: "R", quantityPer: "1000000", uom: "KGM", scrapFactor: "10.000000"))
    #expect(most.consumption(of: .max).text == "101457092405402533877000000")
    let finest = try #require(
      BillItem(
        materialID: "R", quantityPer: "999999.999999", uom: "KGM", scrapFactor: "9.999999"))
    #expect(
      finest.consumption(of: .max).text == "101457083181929039939042162.502977775807")
  }

  @Test func `a counted event is taken once, whatever is repeated after a restart`() throws {
    var line = Desk(machines: ["a"])
    line.start(Desk.order("A"), at: 0)
    line.count("a", good: 5, to: 100)
    try line.restart(at: 100)
    line.recount("a", 1, good: 5, from: 100, to: 100)
    line.count("a", good: 6, to: 200)
    line.end(at: 300)
    line.advance(to: 400)
    #expect(line.told == ["a A 11/0/0 final"])
  }

  @Test func `a new epoch closes the windows of the one before`() throws {
    var line = Desk(machines: ["a"])
    line.start(Desk.order("A"), at: 0)
    line.count("a", good: 5, to: 100)
    try line.restart(at: 100, epoch: "0000beef")
    #expect(line.told == ["a A 5/0/0"])
    line.recount("a", 1, good: 6, from: 100, to: 200)
    line.end(at: 300)
    line.advance(to: 400)
    #expect(line.told == ["a A 5/0/0", "a A 6/0/0 final"])
    #expect(line.confirmed.map(\.sequences?.epoch) == ["00c0ffee", "0000beef"])
  }

  @Test func `a machine that left the line leaves its pieces behind`() throws {
    var line = Desk()
    line.start(Desk.order("A"), at: 0)
    line.count("a", good: 5, to: 100)
    line.count("b", good: 6, to: 100)
    line.end(at: 200)
    try line.restart(at: 300, machines: ["a"])
    line.desk.advance(machine: "a", to: stamp(400), into: &line.facts)
    #expect(line.told == ["b A 6/0/0", "a A 5/0/0 final"])
  }

  @Test func `F50: the time the gateway was down is booked nowhere`() throws {
    var line = Desk(machines: ["a"])
    line.start(Desk.order("A"), at: 0)
    line.desk.spend(.run, machine: "a", from: stamp(0), into: &line.facts)
    line.advance(to: 1000)
    try line.restart(at: 5000)
    line.advance(to: 6000)
    line.end(at: 6000)
    line.advance(to: 7000)
    #expect(line.confirmed.map(\.times) == [TimeSums(run: 2000)])
  }

  @Test(arguments: [
    "", "{}", #"{"version":2}"#, #"{"version":3}"#, #"{"version":1,"nextNumber":1}"#,
    #"{"version":1,"nextNumber":1,"orders":{"next":1,"runs":[],"changes":[]},"holds":[],"#
      + #""held":[],"stations":[],"endings":[{"run":5,"at":[1,1],"waiting":["a"]}],"totals":[]}"#,
  ])
  func `a snapshot that cannot be read is a fault with a sentence`(text: String) {
    var facts: [OrderFact] = []
    do throws(OrderSnapshotFault) {
      _ = try OrderDesk(
        line: "line", machines: ["a"], rules: ConfirmationRules(), epoch: "e",
        snapshots: { _ in Array(text.utf8) }, reading: clocks(0), into: &facts)
      Issue.record("it was read")
    } catch {
      #expect(error.description.hasPrefix("resuming the orders of line line: "))
    }
  }
}
