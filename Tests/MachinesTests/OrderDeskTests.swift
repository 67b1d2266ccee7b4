// Orders and their confirmations, rule by rule.

import Machines
import Primitives
import Testing

@Suite("Orders of a line")
struct OrderDeskTests {
  @Test func `a line's order is that of its machines, unless a machine has its own`() {
    var line = Desk()
    line.start(Desk.order("L"), at: 0)
    line.start(Desk.order("M"), .machine("a"), at: 100)
    let orders = line.desk.orders
    #expect(orders.tag(machine: "a", at: stamp(50).instant)?.order.key.orderID == "L")
    #expect(orders.tag(machine: "a", at: stamp(100).instant)?.order.key.orderID == "M")
    #expect(orders.tag(machine: "a", before: stamp(100).instant)?.order.key.orderID == "L")
    #expect(orders.tag(machine: "b", at: stamp(100).instant)?.order.key.orderID == "L")
    line.end(.machine("a"), at: 200)
    #expect(
      line.desk.orders.tag(machine: "a", at: stamp(200).instant)?.order.key.orderID == "L")
  }

  @Test func `the same file, the same request and the same number change nothing`() {
    var line = Desk()
    #expect(line.start(Desk.order("A"), at: 0, request: "f1").effect == .started)
    #expect(line.start(Desk.order("A"), at: 1).effect == .unchanged)
    line.end(at: 2)
    let again = line.start(Desk.order("A"), at: 3, request: "f1")
    #expect(again == OrderAnswer(.unchanged, "this was carried out before, and is not done twice"))
    var facts: [OrderFact] = []
    let first = line.desk.show("7", at: .machine("a"), stamp(4), into: &facts)
    #expect(first.effect == .started)
    #expect(
      line.desk.show(" 7\u{0}", at: .machine("a"), stamp(5), into: &facts).effect == .unchanged)
    #expect(facts.count == 1)
  }

  @Test func `what was refused may come again under its name`() {
    var line = Desk()
    #expect(line.start(Desk.order("A"), .machine("c"), at: 0, request: "f").effect == .refused)
    #expect(line.start(Desk.order("A"), .machine("a"), at: 0, request: "f").effect == .started)
  }

  @Test func `a register that still shows the old number does not undo a dropped file`() {
    var line = Desk()
    _ = line.desk.show("7", at: .machine("a"), stamp(0), into: &line.facts)
    line.start(Desk.order("8"), .machine("a"), at: 10)
    _ = line.desk.show("7", at: .machine("a"), stamp(20), into: &line.facts)
    #expect(line.desk.orders.current(at: .machine("a"))?.order.key.orderID == "8")
  }

  @Test func `a register that shows nothing ends what it started, and nothing else`() {
    var line = Desk()
    line.start(Desk.order("8"), .machine("a"), at: 0)
    _ = line.desk.show("000", at: .machine("a"), stamp(10), into: &line.facts)
    #expect(line.desk.orders.current(at: .machine("a"))?.order.key.orderID == "8")
    _ = line.desk.show("9", at: .machine("a"), stamp(20), into: &line.facts)
    _ = line.desk.show("", at: .machine("a"), stamp(30), into: &line.facts)
    #expect(line.desk.orders.current(at: .machine("a")) == nil)
  }

  @Test func `a number that nobody described is an order without plan, and says so`() {
    var line = Desk()
    let answer = line.desk.show("4711", at: .machine("a"), stamp(0), into: &line.facts)
    #expect(
      answer
        == OrderAnswer(
          .started,
          "order 4711 runs at machine a; nobody has described it, so it has no plan and what it "
            + "makes is held: drop its order file"))
    line.count("a", good: 5, to: 100)
    line.desk.endShift(at: stamp(200), into: &line.facts)
    line.advance(to: 300)
    #expect(
      line.sentences == ["order 4711 is known by its number only; drop its order file"])
    _ = line.desk.describe(Desk.order("4711"), into: &line.facts)
    #expect(line.told == ["a 4711 5/0/0"])
  }

  @Test func `a request with an unknown place or an unfit name is refused with a sentence`() {
    var line = Desk()
    #expect(
      line.start(Desk.order("A"), .machine("c"), at: 0).sentence
        == "starting an order at machine c: it is not known at line line; "
        + "name the line or one of its machines: a, b")
    #expect(line.start(Desk.order(""), at: 0).effect == .refused)
    #expect(line.start(Desk.order("a\nb"), at: 0).effect == .refused)
    let long = String(repeating: "9", count: OrderLimits.nameBytes + 1)
    #expect(line.desk.show(long, at: .machine("a"), stamp(0), into: &line.facts).effect == .refused)
    #expect(line.facts.isEmpty)
    line.start(Desk.order("A"), at: 0)
    let wrong = line.desk.end(at: .line(Desk.line), order: "B", stamp(1), into: &line.facts)
    #expect(
      wrong
        == OrderAnswer(
          .refused, "ending order B at line line: order A runs there; name that one"))
  }

  @Test func `times go forward: an order is never started before what was booked`() {
    var line = Desk()
    line.start(Desk.order("A"), .machine("a"), at: 0)
    line.count("a", good: 5, to: 1000)
    line.start(Desk.order("B"), .machine("a"), at: 500)
    line.count("a", good: 7, to: 1100)
    line.end(.machine("a"), at: 1200)
    line.advance(to: 2000)
    #expect(line.told == ["a A 5/0/0", "a B 7/0/0 final"])
  }

  @Test func `pieces of a pause and of no order are summed apart`() {
    var line = Desk()
    line.count("a", good: 1, to: 10)
    line.start(Desk.order("A"), at: 20)
    line.count("a", good: 2, to: 30)
    _ = line.desk.pause(at: .line(Desk.line), stamp(40), into: &line.facts)
    line.count("a", good: 4, scrap: 1, to: 50)
    _ = line.desk.resume(at: .line(Desk.line), stamp(60), into: &line.facts)
    line.count("a", good: 8, to: 70)
    line.end(at: 80)
    line.advance(to: 100)
    #expect(line.told == ["a A 2/0/0", "a A 8/0/0", "b A 0/0/0 final"])
    #expect(line.desk.withoutOrder(machine: "a") == Quantities(good: 5, scrap: 1))
  }

  @Test func `pieces seen at the moment of the change belong to the order before`() {
    var line = Desk(machines: ["a"])
    line.start(Desk.order("A"), at: 0)
    line.start(Desk.order("B"), at: 100)
    line.count("a", good: 3, from: 50, to: 100)
    line.count("a", good: 4, from: 100, to: 101)
    line.end(at: 200)
    line.advance(to: 300)
    #expect(line.told == ["a A 3/0/0", "a B 4/0/0 final"])
  }

  @Test func `pieces made unseen over a change are held for a person to look at`() {
    var line = Desk(machines: ["a"])
    line.start(Desk.order("A"), at: 0)
    line.start(Desk.order("B"), at: 100)
    line.count("a", good: 3, from: 50, to: 150, recovered: true)
    line.end(at: 200)
    line.advance(to: 300)
    #expect(line.sentences.first?.contains("changed while nobody looked") == true)
    let number = line.desk.heldConfirmations.first?.number ?? 0
    let answer = line.desk.approve(confirmation: number, by: "anna", into: &line.facts)
    #expect(answer.sentence == "confirmation \(number) is let go")
    #expect(line.told == ["a B 3/0/0 final unverified"])
    #expect(line.confirmed.first?.approvedBy == "anna")
  }
}
