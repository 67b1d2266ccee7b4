// How the recorder goes on under another configuration: the same journal, the same chain, the same
// parcels on their way; other machines, rings and routes.
//
//   every producer has left the rings that go ─▶ drain, decide, commit ─▶ change ─▶ next turn
//
// Invariants
// - What was sampled under the old configuration is decided by it, to the last sample, and durable
//   before anything is decided by the new one. The journal stays open.
// - A machine whose rules are the same goes on as the value that it is: no gap, nothing recovered,
//   no window cut. One whose words or limits changed but that asks the same goes on without a gap
//   too, any other from its snapshot of this moment, as after a restart. One that is gone tells
//   what it had gathered; its snapshot stays, for the day it comes back.
// - While the disk refuses, nothing is handed over: everything pending is of the old configuration.
// - A hand-over that cannot be carried out yet has changed nothing; it is asked for again.

public import Events
import Machines
import Outbox
public import Primitives
public import Signals

/// Where the samples of a bus of the new plan come from.
public enum RecorderSeat: Sendable {
  /// The ring that the bus with this index had.
  case kept(Int)
  case fresh(RingStorage, WakeLine)
}

/// Everything that a recorder needs to go on under another configuration.
public struct RecorderHandOver: Sendable {
  public var plan: RecorderPlan
  /// By bus of the new plan.
  public var seats: [RecorderSeat]
  /// By uplink of the new plan.
  public var couriers: [CourierLink]
  /// Names of uplinks whose courier is another one: what was on its way is offered again.
  public var restarted: [String]
  /// What is told of it, as the first event of the new configuration.
  public var news: ConfigurationNews

  public init(
    plan: RecorderPlan, seats: [RecorderSeat], couriers: [CourierLink], restarted: [String],
    news: ConfigurationNews
  ) {
    self.plan = plan
    self.seats = seats
    self.couriers = couriers
    self.restarted = restarted
    self.news = news
  }
}

extension RecorderStep where Store: ~Copyable {
  /// Tells what became of a configuration; the event is committed with the next turn.
  public mutating func tell(_ news: ConfigurationNews, _ reading: ClockReading) {
    tell([.configuration(plan.source, at: Stamp(reading.monotonic, reading), news)])
  }

  /// Goes on under another configuration; false when that has to wait, and nothing has changed.
  public mutating func handOver(_ order: RecorderHandOver, _ clocks: ClockReading) -> Bool {
    guard case .healthy = journal else { return false }
    let reading = watchClock(clocks)
    takeAnswers(reading)
    while decide(reading) {}
    let staying = Set(order.plan.machines.map(\.name))
    for machine in machineNames.indices where !staying.contains(machineNames[machine]) {
      floor.flush(machine: machine, reading, into: &facts)
    }
    hearFloor(reading)
    tell(publisher.drafts(reading, machines: machineNames, names: names, all: true))
    settle(reading)
    guard case .healthy = journal, entries.isEmpty, areLeftRingsEmpty(order) else { return false }
    change(order, reading)
    return true
  }

  private func areLeftRingsEmpty(_ order: RecorderHandOver) -> Bool {
    let kept = Set(order.seats.compactMap { if case .kept(let index) = $0 { index } else { nil } })
    return inlets.indices.allSatisfy { kept.contains($0) || inlets[$0].consumer.fill == 0 }
  }

  private mutating func change(_ order: RecorderHandOver, _ reading: ClockReading) {
    let (floorBefore, shopBefore, watchBefore, planBefore) = (floor, shop, watch, plan)
    let snapshots = allSnapshots(reading)
    var state = StoreState(epoch: chain.epoch, lastSequence: chain.lastSequence)
    state.snapshots = shelf.snapshots.merging(snapshots) { _, newer in newer }
    plan = order.plan
    names = plan.names
    machineNames = plan.machines.map(\.name)
    let known = Self.known(plan, planBefore)
    let same = known.filter { planBefore.machines[$0.before] == plan.machines[$0.machine] }
    let changed = known.filter { planBefore.machines[$0.before] != plan.machines[$0.machine] }
    var unread: [String] = []
    floor = Floor(plan: plan, state: state, reading: reading, unread: &unread)
    let units = plan.units.indices.filter { unit in
      planBefore.units.indices.contains(unit) && planBefore.units[unit] == plan.units[unit]
    }
    floor.goOn(from: floorBefore, units: units, same: same, changed: changed)
    var told: [(line: Int, facts: [OrderFact])] = []
    shop = Shop(plan: plan, state: state, reading: reading, unread: &unread, told: &told)
    watch = ShopWatch(
      plan: plan, state: state, shop: shop, floor: floor, reading: reading, unread: &unread)
    shop.goOn(from: shopBefore, same: same)
    watch.goOn(
      from: watchBefore, lines: plan.lines, linesBefore: planBefore.lines, same: same)
    sayAgain(same, planBefore, reading)
    findShopDue(reading)
    publisher = SignalsPublisher(plan: plan)
    shelf.put(snapshots, beside: plan)
    follow(order)
    healthDue = min(healthDue, reading.monotonic + plan.healthInterval)
    var news = order.news
    news.changed += unread
    tell(news, reading)
    let linesBefore = planBefore.lines
    for (line, facts) in told where !linesBefore.contains(plan.lines[line]) {
      entries.append(.orders(line: line, facts))
    }
  }

  /// The machines that both plans have, with their indices.
  private static func known(
    _ plan: RecorderPlan, _ before: RecorderPlan
  ) -> [(machine: Int, before: Int)] {
    var known: [String: Int] = [:]
    for (index, rules) in before.machines.enumerated() { known[rules.name] = index }
    return plan.machines.indices.compactMap { machine in
      known[plan.machines[machine].name].map { (machine, $0) }
    }
  }

  /// The snapshots of everything there is, as of now.
  private mutating func allSnapshots(_ reading: ClockReading) -> [String: [UInt8]] {
    floor.wantSnapshots()
    shop.wantSnapshots()
    watch.wantSnapshots()
    let all =
      floor.takeSnapshots(reading) + shop.takeSnapshots(reading) + watch.takeSnapshots(reading)
    return Dictionary(all.map { ($0.name, $0.bytes) }) { _, newer in newer }
  }

  /// Machines that went on from a snapshot are told what the snapshot does not hold.
  private mutating func sayAgain(
    _ same: [(machine: Int, before: Int)], _ before: RecorderPlan, _ reading: ClockReading
  ) {
    let silent = Set(same.map(\.machine))
    for line in watch.clocks.indices where before.lines.contains(plan.lines[line]) {
      guard let span = watch.clocks[line].span else { continue }
      for machine in shop.lines[line].machines where !silent.contains(machine) {
        floor.plan(
          machine: machine, span.planned != nil, at: Stamp(reading.monotonic, reading))
      }
    }
  }

  /// Rings, uplinks and routes of the new plan.
  private mutating func follow(_ order: RecorderHandOver) {
    let before = inlets
    inlets = order.seats.map { seat in
      switch seat {
      case .kept(let index): before[index]
      case .fresh(let ring, let line):
        RingInlet(consumer: RingConsumer(ring), line: line)
      }
    }
    couriers = order.couriers
    outbox.follow(plan.uplinks, strangers: &shelf.cursors)
    outbox.use(plan.lanes)
    for name in order.restarted {
      if let bit = outbox.bit(of: name) { outbox.rewind(bit) }
    }
    resumeHeld()
    routes = Self.routes(plan, outbox)
  }
}
