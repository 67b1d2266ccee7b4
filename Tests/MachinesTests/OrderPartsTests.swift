// What the desk of a line writes down with each change, and that its parts are the desk.

import Machines
import Primitives
import Testing

@Suite struct `The parts in which a desk is written` {
  /// A line of so many machines that run, each with its own order or all with one, written once.
  private func line(_ count: Int, ownOrders: Bool) -> Desk {
    let names = (0..<count).map { "press-\($0)" }
    var line = Desk(machines: names)
    func order(_ number: Int) -> Order {
      Desk.order("47\(number)", operation: "0010", lot: "L-1", planned: 1000)
    }
    if ownOrders {
      for (index, name) in names.enumerated() { line.start(order(index), .machine(name), at: 0) }
    } else {
      line.start(order(11), at: 0)
    }
    for (index, name) in names.enumerated() {
      line.desk.spend(.run, machine: name, from: stamp(10), into: &line.facts)
      let record = CountRecord(
        from: stamp(0), to: stamp(1000), good: 3, scrap: 0, goodTotal: 3, scrapTotal: 0)
      line.desk.count(
        machine: name, record, sequence: UInt64(index + 1), into: &line.facts)
    }
    line.write(at: 1000)
    return line
  }

  @Test(arguments: [(1, false), (1, true), (100, false), (100, true), (1000, false)])
  func `a count writes the station of its machine and no more, however long the line is`(
    _ count: Int, _ ownOrders: Bool
  ) {
    var line = line(count, ownOrders: ownOrders)
    #expect(line.store.count == count + 2)
    let record = CountRecord(
      from: stamp(1000), to: stamp(2000), good: 2, scrap: 0, goodTotal: 5, scrapTotal: 0)
    line.desk.count(
      machine: "press-0", record, sequence: 5000, into: &line.facts)
    let parts = line.desk.takeSnapshots(clocks(2000))
    #expect(parts.map(\.part) == [.station("press-0")])
    #expect((parts.first?.bytes.count ?? 0) <= 640)
    #expect(line.desk.takeSnapshots(clocks(2000)).isEmpty, "nothing has changed since")
    line.desk.wantSnapshots()
    #expect(line.desk.takeSnapshots(clocks(2000)).count == count + 2)
  }

  @Test func `an order that changes writes the orders, a hold the desk`() {
    var line = Desk()
    line.start(Desk.order("1"), at: 0)
    #expect(Set(line.write(at: 0)) == [.orders, .desk, .station("a"), .station("b")])
    line.start(Desk.order("2"), at: 10)
    #expect(line.write(at: 10) == [.orders, .desk], "and what ends")
    line.desk.hold(
      .order("2"), reason: "cracks", by: "anna", from: .operator, at: stamp(20), into: &line.facts)
    #expect(line.write(at: 20) == [.desk])
    line.desk.contact(machine: "a", isLost: true, into: &line.facts)
    #expect(line.write(at: 30) == [.desk, .station("a")])
    line.count("b", good: 1, to: 40)
    #expect(line.write(at: 40).isEmpty, "a count has written its station already")
  }

  @Test func `F49: what an order has made is known after a restart, whoever counted last`() throws {
    var line = Desk(machines: ["a", "b", "c"])
    line.start(Desk.order("1"), at: 0)
    line.start(Desk.order("2"), .machine("c"), at: 0)
    line.count("a", good: 1, to: 10)
    line.count("b", good: 2, to: 20)
    line.count("c", good: 4, to: 30)
    line.count("a", good: 8, to: 40)
    line.count("b", good: 16, to: 50)
    line.count("a", good: 32, to: 60)
    line.start(Desk.order("3"), .machine("a"), at: 70)
    line.count("a", good: 64, to: 80)
    line.count("a", good: 128, to: 90)
    let before = line.desk
    try line.restart(at: 100)
    for (order, good) in [("1", 59), ("2", 4), ("3", 192)] as [(String, Int64)] {
      let key = OrderKey(orderID: order, operationID: nil)
      #expect(before.counted(key) == good)
      #expect(line.desk.counted(key) == good, "order \(order)")
    }
  }

  @Test func `a machine that leaves the line and comes back begins anew, and is closed once`()
    throws
  {
    var line = Desk()
    line.start(Desk.order("1", released: false), at: 0)
    line.count("a", good: 1, to: 10)
    line.count("b", good: 2, to: 20)
    let desk = line.desk
    try line.restart(at: 30, machines: ["a"])
    #expect(line.desk.heldConfirmations.map(\.pieces.good) == [2])
    try line.restart(at: 40, machines: ["a"])
    #expect(line.desk.heldConfirmations.map(\.pieces.good) == [2])
    try line.restart(at: 50, machines: ["a", "b"])
    #expect(line.desk.heldConfirmations.map(\.pieces.good) == [2])
    #expect(line.desk.unconfirmed == desk.unconfirmed)
    #expect(line.desk.counted(OrderKey(orderID: "1", operationID: nil)) == 3)
  }

  /// The parts as version 1 had them: all in one.
  private func version1(_ line: Desk) throws -> [UInt8] {
    func tree(_ part: OrderDeskPart) throws -> [String: JSONValue] {
      let bytes = try #require(line.store[part])
      let tree = try JSONValue(parsing: bytes)
      return try #require(tree.object)
    }
    var members = try tree(.orders).merging(try tree(.desk)) { first, _ in first }
    members["version"] = 1
    members["through"] = nil
    members["stations"] = .array(
      try line.machines.map { machine in
        var station = try tree(.station(machine))
        for name in ["version", "boot", "monotonic", "wall", "clock", "counted"] {
          station[name] = nil
        }
        return .object(station)
      })
    return JSONValue.object(members).canonicalBytes
  }

  @Test func `a store of the version before is gone on from, and then written in parts`() throws {
    var line = Desk(ConfirmationRules(interval: .seconds(60)))
    line.start(Desk.order("4711", lot: "L-1", planned: 1000), at: 0, request: "r1")
    line.desk.spend(.run, machine: "a", from: stamp(0), into: &line.facts)
    line.count("a", good: 5, from: 0, to: 1000)
    line.start(Desk.order("9", released: false), .machine("b"), at: 1500)
    line.count("b", good: 7, scrap: 1, from: 1500, to: 2000)
    line.end(.machine("b"), at: 3000)
    line.advance(to: 70_000)
    line.count("a", good: 2, from: 69_000, to: 70_500)
    line.write(at: 71_000)
    var old = line
    old.store = [.orders: try version1(line)]
    var restarted: [Desk] = []
    for var desk in [line, old] {
      let store = desk.store
      desk.desk = try OrderDesk(
        line: Desk.line, machines: desk.machines, rules: desk.rules, epoch: desk.desk.epoch,
        snapshots: { store[$0] }, reading: clocks(71_000), into: &desk.facts)
      #expect(desk.start(Desk.order("5"), at: 71_000, request: "r1").effect == .unchanged)
      desk.count("a", good: 3, from: 70_500, to: 72_000)
      desk.end(at: 80_000)
      desk.advance(to: 90_000)
      restarted.append(desk)
    }
    #expect(restarted[0].told == restarted[1].told)
    #expect(restarted[1].confirmed.reduce(0) { $0 + $1.pieces.good } == 10)
    #expect(restarted[1].confirmed.last?.isFinal == true)
    #expect(restarted[0].sentences == restarted[1].sentences && !restarted[1].sentences.isEmpty)
    #expect(restarted[1].desk.unconfirmed == restarted[0].desk.unconfirmed)
    #expect(restarted[1].desk.counted(OrderKey(orderID: "4711", operationID: nil)) == 10)
    #expect(Set(restarted[1].store.keys) == [.orders, .desk, .station("a"), .station("b")])
  }

  @Test(arguments: [OrderDeskPart.desk, .station("b"), .orders])
  func `a part that is missing is a fault, never a loss`(_ part: OrderDeskPart) {
    var line = Desk()
    line.start(Desk.order("1"), at: 0)
    line.count("b", good: 2, to: 20)
    line.store[part] = nil
    #expect(throws: OrderSnapshotFault.self) { try line.restart(at: 30) }
  }
}
