// What events say of orders, confirmations, holds and limits.

import Events
import Machines
import Primitives
import Signals
import Testing

@Suite("What events say of orders and limits")
struct OrderEventsTests {
  static let order = Order(
    key: OrderKey(orderID: "4711", operationID: "0010"), materialID: "M-1", lotID: "L-7",
    plannedQuantity: 1000, uom: "PCE", idealCycle: .milliseconds(1200),
    bill: [
      BillItem(materialID: "R-1", quantityPer: "0.25", uom: "KGM", scrapFactor: "0.02")
    ].compactMap { $0 }, from: .file)

  static func later(_ milliseconds: Int64) -> Stamp {
    Stamp(testStamp.instant + .milliseconds(milliseconds), testReading)
  }

  /// The facts of one order at a machine, from its start to its last confirmation.
  static func facts(
    _ order: Order, place: OrderPlace = .machine("press-1"), good: Int64 = 6,
    release: Bool = false
  ) -> [OrderFact] {
    var desk = OrderDesk(
      line: "line3", machines: ["press-1"], rules: ConfirmationRules(), epoch: "00c0ffee")
    var facts: [OrderFact] = []
    _ = desk.start(order, at: place, testStamp, into: &facts)
    let record = CountRecord(
      from: testStamp, to: later(500), good: good, scrap: 1, goodTotal: good, scrapTotal: 1)
    desk.spend(.run, machine: "press-1", from: testStamp, into: &facts)
    desk.count(machine: "press-1", record, sequence: 17, into: &facts)
    _ = desk.end(at: place, later(1000), into: &facts)
    desk.advance(machine: "press-1", to: later(2000), into: &facts)
    if release {
      for held in desk.heldConfirmations {
        _ = desk.approve(confirmation: held.number, by: "anna", into: &facts)
      }
    }
    return facts
  }

  static func draft(_ fact: OrderFact) -> EventDraft {
    EventDraft(fact, epoch: "00c0ffee", uom: "PCE")
  }

  @Test func `an order starts, ends and is confirmed in the words of the vocabulary`() {
    let drafts = Self.facts(Self.order).map(Self.draft)
    #expect(drafts.map(\.type) == [.orderStarted, .orderEnded, .productionConfirmation])
    #expect(drafts.allSatisfy { $0.subject == "4711/0010" && $0.partitionKey == "4711" })
    #expect(drafts.allSatisfy { $0.unit == .machine("press-1") })
    let texts = drafts.map(\.data.canonicalText)
    #expect(
      texts == [
        #"{"from":"file","idealCycleMs":1200,"lotId":"L-7","materialId":"M-1","#
          + #""operationId":"0010","orderId":"4711","plannedQuantity":1000,"uom":"PCE"}"#,
        #"{"from":"file","idealCycleMs":1200,"lotId":"L-7","materialId":"M-1","#
          + #""operationId":"0010","orderId":"4711","plannedQuantity":1000,"reason":"ended","#
          + #""startedAt":"2026-03-02T07:15:30.250Z","uom":"PCE"}"#,
        #"{"confirmationId":"line3-00c0ffee-c1","consumption":[{"materialId":"R-1","#
          + #""quantity":"1.785","uom":"KGM"}],"final":true,"from":"2026-03-02T07:15:30.250Z","#
          + #""fromSequence":17,"goodQuantity":6,"hold":false,"lotId":"L-7","materialId":"M-1","#
          + #""operationId":"0010","orderId":"4711","plannedStopMs":0,"reworkQuantity":0,"#
          + #""runMs":1000,"scrapQuantity":1,"stopMs":0,"to":"2026-03-02T07:15:31.250Z","#
          + #""toSequence":17,"uom":"PCE","verified":true}"#,
      ])
  }

  @Test func `a line's order is told by the gateway and names the line`() {
    let drafts = Self.facts(Self.order, place: .line("line3")).map(Self.draft)
    #expect(drafts.map(\.unit) == [.gateway, .gateway, .machine("press-1")])
    #expect(drafts.first?.data["line"] == "line3")
  }

  @Test func `what a person let go says so, with what spoke against it`() {
    var order = Self.order
    order.isReleased = false
    let draft = Self.facts(order, release: true).map(Self.draft).last
    #expect(draft?.data["verified"] == false)
    #expect(draft?.data["hold"] == false)
    #expect(draft?.data["approvedBy"] == "anna")
    #expect(draft?.data["reasons"]?.array?.count == 1)
  }

  @Test func `a hold and its release name scope, reason and person`() {
    var desk = OrderDesk(
      line: "line3", machines: ["press-1"], rules: ConfirmationRules(), epoch: "00c0ffee")
    var facts: [OrderFact] = []
    desk.hold(
      .lot("L-7"), reason: "too hot", by: "oven", from: .rule, at: testStamp, into: &facts)
    _ = desk.release(hold: 1, by: "anna", at: Self.later(250), into: &facts)
    let drafts = facts.map(Self.draft)
    #expect(drafts.map(\.type) == [.qualityHold, .qualityReleased])
    #expect(
      drafts.map(\.data.canonicalText) == [
        #"{"by":"oven","from":"rule","holdId":1,"reason":"too hot","scope":{"lotId":"L-7"}}"#,
        #"{"by":"anna","durationMs":250,"from":"rule","heldAt":"2026-03-02T07:15:30.250Z","#
          + #""holdId":1,"reason":"too hot","scope":{"lotId":"L-7"}}"#,
      ])
  }

  @Test func `a limit is told with its value, and how long it was exceeded`() {
    let rules = LimitRules(
      name: "oven", signal: SignalID(1), side: .high, limit: 200.5, severity: .alarm)
    let facts = [
      LimitFact(
        at: testStamp, since: testStamp, kind: .exceeded, rules: rules, value: .real(201.25)),
      LimitFact(
        at: Self.later(3000), since: testStamp,
        kind: .cleared(duration: .seconds(3), unseen: .seconds(1)), rules: rules,
        value: .integer(190)),
    ]
    let drafts = facts.map {
      EventDraft($0, machine: "press-1", names: VocabularyTests.names)
    }
    #expect(drafts.map(\.type) == [.limitExceeded, .limitCleared])
    #expect(
      drafts.map(\.data.canonicalText) == [
        #"{"limit":"200.5","name":"oven","severity":"alarm","side":"high","#
          + #""signal":"temperature","since":"2026-03-02T07:15:30.250Z","unit":"°C","#
          + #""value":"201.25"}"#,
        #"{"durationMs":3000,"limit":"200.5","name":"oven","noContactMs":1000,"#
          + #""severity":"alarm","side":"high","signal":"temperature","#
          + #""since":"2026-03-02T07:15:30.250Z","unit":"°C","value":190}"#,
      ])
  }

  @Test func `the heaviest confirmation there may be is sealed whole`() throws {
    let name = String(repeating: "\"", count: OrderLimits.nameBytes)
    var order = Order(
      key: OrderKey(orderID: name, operationID: name), materialID: name, lotID: name,
      plannedQuantity: 1, uom: name, isReleased: false, from: .file)
    let item = try #require(
      BillItem(materialID: name, quantityPer: "999999.999999", uom: name, scrapFactor: "9.999999"))
    for _ in 0..<OrderLimits.billItems {
      order.bill.append(item)
      var desk = OrderDesk(
        line: "line3", machines: ["press-1"], rules: ConfirmationRules(), epoch: "00c0ffee")
      var facts: [OrderFact] = []
      let answer = desk.start(order, at: .machine("press-1"), testStamp, into: &facts)
      if answer.effect == .refused { order.bill.removeLast() }
    }
    #expect(!order.bill.isEmpty)
    var chain = try testChain()
    var notary = TestNotary()
    let facts = Self.facts(order, good: .max - 1, release: true)
    #expect(facts.count == 3)
    for fact in facts {
      let event = try chain.seal(Self.draft(fact), reading: testReading, notary: &notary)
      #expect(event.bytes.count <= EventLimits.eventBytes)
      #expect(try JSONValue(parsing: event.bytes).canonicalBytes == event.bytes)
    }
  }
}
