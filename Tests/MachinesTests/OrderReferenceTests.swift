// Random lives of a line: every piece counted must be confirmed once, as a naive sum says.
//
// The reference keeps a list of who set which order when, and a list of counts; it sums in the end.

import Machines
import Primitives
import Testing

/// Who made what, from lists alone.
private struct OrderReference {
  enum Force: Equatable {
    case none, running(OrderKey), paused(OrderKey)

    var key: OrderKey? {
      switch self {
      case .none: nil
      case .running(let key), .paused(let key): key
      }
    }
  }

  struct Made {
    var machine: String
    var to: Int64
    var pieces: Quantities
  }

  struct Spent {
    var machine: String
    var at: Int64
    var time: TimeClass
  }

  var changes: [(place: OrderPlace, at: Int64, force: Force)] = []
  var made: [Made] = []
  var spent: [Spent] = []
  var shown: [OrderPlace: String] = [:]
  var described: [String: OrderKey] = [:]

  func force(_ place: OrderPlace, where applies: (Int64) -> Bool = { _ in true }) -> Force {
    changes.last { $0.place == place && applies($0.at) }?.force ?? .none
  }

  func key(_ machine: String, where applies: (Int64) -> Bool) -> OrderKey? {
    var force = force(.machine(machine), where: applies)
    if force == .none { force = self.force(.line(Desk.line), where: applies) }
    if case .running(let key) = force { return key }
    return nil
  }

  mutating func show(_ number: String, _ place: OrderPlace, _ at: Int64) {
    let before = shown[place]
    guard before != number else { return }
    shown[place] = number
    let current = force(place)
    if number.isEmpty {
      if let key = current.key, key.orderID == before { changes.append((place, at, .none)) }
    } else if let key = described[number] {
      changes.append((place, at, .running(key)))
    } else if let key = current.key, key.orderID == number {
      changes.append((place, at, .running(key)))
    } else {
      changes.append((place, at, .running(OrderKey(orderID: number))))
    }
  }

  /// Pieces by order; nil is no order.
  var pieces: [OrderKey?: [Int64]] {
    var sums: [OrderKey?: [Int64]] = [:]
    for entry in made {
      let key = key(entry.machine) { $0 < entry.to }
      var sum = sums[key] ?? [0, 0, 0]
      sum[0] += entry.pieces.good
      sum[1] += entry.pieces.scrap
      sum[2] += entry.pieces.rework
      sums[key] = sum
    }
    return sums
  }

  /// Milliseconds by order, millisecond by millisecond.
  func times(_ machines: [String], until end: Int64) -> [OrderKey: [Int64]] {
    var sums: [OrderKey: [Int64]] = [:]
    for machine in machines {
      let own = spent.filter { $0.machine == machine }
      let edges = Set(own.map(\.at) + changes.map(\.at) + [end]).sorted()
      for (from, until) in zip(edges, edges.dropFirst()) {
        guard let time = own.last(where: { $0.at <= from })?.time,
          let key = key(machine, where: { $0 <= from })
        else { continue }
        var sum = sums[key] ?? [0, 0, 0]
        switch time {
        case .run: sum[0] += until - from
        case .stop: sum[1] += until - from
        case .planned: sum[2] += until - from
        case .unseen: break
        }
        sums[key] = sum
      }
    }
    return sums
  }
}

/// One life, drawn from a seed, told to the desk and to the reference alike.
private struct OrderLife {
  var desk: Desk
  var reference = OrderReference()
  var random: SeededGenerator
  var now: Int64 = 1000
  var clockOfMachine: [String: Int64] = ["a": 1000, "b": 1000]
  /// The most a machine's facts are late, in milliseconds.
  let lag: Int64
  /// The last count, to tell it again after a restart.
  var last: (machine: String, to: Int64)?
  var hasRestarts: Bool
  static let names = ["A", "B", "C", "D"]

  init(seed: UInt64, lag: Int64, hasRestarts: Bool) {
    random = SeededGenerator(seed: seed)
    self.lag = lag
    self.hasRestarts = hasRestarts
    desk = Desk(
      ConfirmationRules(
        interval: .milliseconds(Int64.random(in: 0...3000, using: &random)),
        percentAbovePlan: Int64.random(in: 0...20, using: &random),
        replacementEnds: Bool.random(using: &random)))
  }

  mutating func pick<Element>(_ list: [Element]) -> Element {
    list[Int.random(in: 0..<list.count, using: &random)]
  }

  mutating func drawnOrder() -> Order {
    let number = pick(Self.names)
    let operation = number < "C" ? nil : "10"
    return Desk.order(
      number, operation: operation, lot: pick([nil, nil, "L1", "L2"]),
      planned: pick([nil, 500, 5_000_000]), released: pick([true, true, false]))
  }

  mutating func step() throws {
    let places: [OrderPlace] = [.line(Desk.line), .line(Desk.line), .machine("a"), .machine("b")]
    let place = pick(places)
    now += Int64.random(in: 0...400, using: &random)
    for machine in desk.machines {
      let at = max(
        clockOfMachine[machine] ?? 0,
        now - (lag > 0 ? Int64.random(in: 0...lag, using: &random) : 0))
      clockOfMachine[machine] = at
      desk.desk.advance(machine: machine, to: stamp(at), into: &desk.facts)
    }
    switch Int.random(in: 0..<20, using: &random) {
    case 0, 1, 2:
      let order = drawnOrder()
      desk.start(order, place, at: now)
      reference.described[order.key.orderID] = order.key
      reference.changes.append((place, now, .running(order.key)))
    case 3: ask(.none, place)
    case 4, 5:
      ask(
        Bool.random(using: &random)
          ? .paused(OrderKey(orderID: "")) : .running(OrderKey(orderID: "")), place)
    case 6, 7:
      let number = pick(Self.names + [""])
      let text = number.isEmpty ? pick(["", "000", " \u{0}"]) : " " + number + "\u{0}\u{0}"
      _ = desk.desk.show(text, at: place, stamp(now), into: &desk.facts)
      reference.show(number, place, now)
    case 8: desk.desk.endShift(at: stamp(now), into: &desk.facts)
    case 9: rule()
    case 10:
      let order = drawnOrder()
      _ = desk.desk.describe(order, into: &desk.facts)
      reference.described[order.key.orderID] = order.key
    case 11, 12: spend()
    default: count()
    }
    guard hasRestarts else { return }
    try desk.restart(at: now)
    if let last { desk.recount(last.machine, desk.sequence, good: 7, from: last.to, to: last.to) }
  }

  mutating func ask(_ force: OrderReference.Force, _ place: OrderPlace) {
    let current = reference.force(place)
    guard let key = current.key else { return }
    switch force {
    case .none:
      desk.end(place, at: now)
      reference.changes.append((place, now, .none))
    case .paused:
      _ = desk.desk.pause(at: place, stamp(now), into: &desk.facts)
      reference.changes.append((place, now, .paused(key)))
    case .running:
      _ = desk.desk.resume(at: place, stamp(now), into: &desk.facts)
      reference.changes.append((place, now, .running(key)))
    }
  }

  mutating func rule() {
    let machine = pick(desk.machines)
    let isOn = Bool.random(using: &random)
    switch Int.random(in: 0..<5, using: &random) {
    case 0: desk.desk.contact(machine: machine, isLost: isOn, into: &desk.facts)
    case 1: desk.desk.doubt(machine: machine, isOpen: isOn, into: &desk.facts)
    case 2:
      let scope = pick([HoldScope.machine(machine), .order("A"), .lot("L1"), .line(Desk.line)])
      desk.desk.hold(scope, reason: "r", by: "p", from: .rule, at: stamp(now), into: &desk.facts)
    case 3:
      guard let hold = desk.desk.holds.first else { return }
      _ = desk.desk.release(hold: hold.number, by: "p", at: stamp(now), into: &desk.facts)
    default:
      guard let held = desk.desk.heldConfirmations.last else { return }
      _ = desk.desk.approve(confirmation: held.number, by: "p", into: &desk.facts)
    }
  }

  mutating func spend() {
    let machine = pick(desk.machines)
    let time = pick(TimeClass.allCases)
    let at = clockOfMachine[machine] ?? now
    desk.desk.spend(time, machine: machine, from: stamp(at), into: &desk.facts)
    reference.spent.append(.init(machine: machine, at: at, time: time))
  }

  mutating func count() {
    let machine = pick(desk.machines)
    let to = clockOfMachine[machine] ?? now
    let pieces = Quantities(
      good: Int64.random(in: 0...100_000, using: &random),
      scrap: Int64.random(in: 0...1000, using: &random),
      rework: Int64.random(in: 0...1000, using: &random))
    let from = to - Int64.random(in: 0...100, using: &random)
    let recovered = Int.random(in: 0..<8, using: &random) == 0
    desk.count(
      machine, good: pieces.good, scrap: pieces.scrap, rework: pieces.rework, from: from, to: to,
      recovered: recovered)
    reference.made.append(.init(machine: machine, to: to, pieces: pieces))
    last = (machine, to)
    // The same event again, as after a crash.
    desk.recount(machine, desk.sequence, good: pieces.good, from: from, to: to)
  }

  /// Ends everything, tells everything, lets everything go.
  mutating func finish() {
    now += 10_000
    desk.advance(to: now)
    for place in [OrderPlace.line(Desk.line), .machine("a"), .machine("b")] {
      if reference.force(place).key != nil { reference.changes.append((place, now, .none)) }
      desk.end(place, at: now)
    }
    desk.advance(to: now + 1)
    for machine in desk.machines {
      desk.desk.contact(machine: machine, isLost: false, into: &desk.facts)
      desk.desk.doubt(machine: machine, isOpen: false, into: &desk.facts)
    }
    for hold in desk.desk.holds {
      _ = desk.desk.release(hold: hold.number, by: "p", at: stamp(now), into: &desk.facts)
    }
    for held in desk.desk.heldConfirmations {
      _ = desk.desk.approve(confirmation: held.number, by: "p", into: &desk.facts)
    }
  }

  /// Told, held and open together, by order.
  var accounted: [OrderKey: [Int64]] {
    var sums: [OrderKey: [Int64]] = [:]
    func add(_ pieces: Quantities, _ key: OrderKey) {
      guard !pieces.isEmpty else { return }
      let sum = sums[key] ?? [0, 0, 0]
      sums[key] = [sum[0] + pieces.good, sum[1] + pieces.scrap, sum[2] + pieces.rework]
    }
    for told in desk.confirmed + desk.desk.heldConfirmations { add(told.pieces, told.key) }
    let keys = Set(reference.changes.compactMap(\.force.key))
    for key in keys { add(desk.desk.open(key), key) }
    return sums
  }

  func check(_ seed: UInt64) {
    var expected = reference.pieces
    let none = expected.removeValue(forKey: nil) ?? [0, 0, 0]
    let ordered = expected.filter { $0.value != [0, 0, 0] }
    var known: [OrderKey: [Int64]] = [:]
    for (key, sum) in ordered { if let key { known[key] = sum } }
    #expect(accounted == known, "seed \(seed)")
    var apart = Quantities()
    for machine in desk.machines {
      let own = desk.desk.withoutOrder(machine: machine)
      apart.good += own.good
      apart.scrap += own.scrap
      apart.rework += own.rework
    }
    #expect([apart.good, apart.scrap, apart.rework] == none, "seed \(seed)")
  }
}

@Suite("Orders against a naive reference")
struct OrderReferenceTests {
  @Test func `every piece is told, held or open in every moment of a random life`() throws {
    for seed in UInt64(1)...100 {
      var life = OrderLife(
        seed: seed, lag: seed.isMultiple(of: 2) ? 900 : 0, hasRestarts: false)
      for _ in 0..<80 {
        try life.step()
        life.check(seed)
      }
      life.finish()
      #expect(life.desk.desk.heldConfirmations.isEmpty, "seed \(seed)")
      life.check(seed)
      let numbers = life.desk.confirmed.map(\.number)
      #expect(Set(numbers).count == numbers.count, "seed \(seed)")
    }
  }

  @Test func `a restart after every step tells the same facts`() throws {
    for seed in UInt64(1000)...1060 {
      var (whole, broken) = (
        OrderLife(seed: seed, lag: 0, hasRestarts: false),
        OrderLife(seed: seed, lag: 0, hasRestarts: true)
      )
      for _ in 0..<60 {
        try whole.step()
        try broken.step()
      }
      whole.finish()
      broken.finish()
      #expect(whole.desk.facts == broken.desk.facts, "seed \(seed)")
      broken.check(seed)
    }
  }

  @Test func `the milliseconds of each order are those that passed under it`() throws {
    for seed in UInt64(2000)...2080 {
      var life = OrderLife(
        seed: seed, lag: seed.isMultiple(of: 2) ? 700 : 0, hasRestarts: false)
      for _ in 0..<60 { try life.step() }
      life.finish()
      var sums: [OrderKey: [Int64]] = [:]
      for told in life.desk.confirmed {
        let sum = sums[told.key] ?? [0, 0, 0]
        sums[told.key] = [
          sum[0] + told.times.run, sum[1] + told.times.stop, sum[2] + told.times.planned,
        ]
      }
      let expected = life.reference.times(life.desk.machines, until: life.now)
      #expect(
        sums.filter { $0.value != [0, 0, 0] } == expected.filter { $0.value != [0, 0, 0] },
        "seed \(seed)")
    }
  }

  @Test func `confirmations of one order are numbered in the order they are told, final last`()
    throws
  {
    for seed in UInt64(3000)...3050 {
      var life = OrderLife(seed: seed, lag: 0, hasRestarts: false)
      for _ in 0..<60 { try life.step() }
      life.finish()
      for told in life.desk.confirmed where told.isFinal {
        let index = life.desk.confirmed.firstIndex { $0.number == told.number } ?? 0
        let later = life.desk.confirmed[index...].filter {
          $0.key == told.key && $0.number < told.number
        }
        #expect(later.isEmpty, "seed \(seed)")
      }
    }
  }
}
