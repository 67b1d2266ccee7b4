// What the recorder knows of orders, shifts and sums: an OrderDesk for each line, Totals and a
// ledger for each machine of a line.
//
//   facts, requests, ends of shifts ──tell, book, carryOut──▶ drafts to be sealed, in this order
//                                                        └──▶ effects on the floor
//
// Invariants
// - It runs while a transaction is made, never before: a count reaches its desk with the sequence
//   that its event has just got. The recorder keeps the shop from before each transaction; when the
//   journal is lost, that one is taken again and everything pending runs through it once more.
// - A value without clocks, threads or disks: the same inputs give the same drafts and snapshots.
// - Every event of a machine has the members of its order: a count that before its end, a stop that
//   at its start, a change of state that at its time.
// - A machine in no line has no orders, no shifts and no sums; its events are told all the same.
//
// Why totals follow the facts that were sealed, and not the machines: then the sums in the status,
// the sums in events and the snapshots end at the same event after any crash.

import Events
import Machines
import Outbox
import Primitives

/// What a change of order or time means for a machine on the floor.
enum ShopEffect: Equatable, Sendable {
  case idealCycle(machine: Int, Duration?, at: Stamp)
}

/// The orders, shifts and sums of all lines.
struct Shop: Sendable {
  /// One line with its orders.
  struct Line: Sendable {
    let rules: LineRules
    var desk: OrderDesk
    /// Indices of its machines.
    let machines: [Int]
    var isDirty = false
    /// How far its machines have followed its orders; nil before they did.
    var followed: UInt64?
    /// Orders have changed since the last transaction, so any machine may be due at another time.
    var isTurned = false
  }

  /// One machine of a line with its sums.
  ///
  /// What is large of it stands apart: every transaction keeps the shop from before, and what is
  /// then changed is the one machine that has told something, and not a copy of all.
  struct Member: Sendable {
    private struct Content: Sendable {
      var totals: Totals
      var ledger: MachineLedger
      var run: OrderRun?
      var written: MachineLedger?
    }

    let line: Int
    var isDirty = false
    /// Always one.
    private var content: [Content]

    init(line: Int, totals: Totals, ledger: MachineLedger) {
      self.line = line
      content = [Content(totals: totals, ledger: ledger)]
    }

    var totals: Totals {
      get { content[0].totals }
      _modify { yield &content[0].totals }
    }

    var ledger: MachineLedger {
      get { content[0].ledger }
      _modify { yield &content[0].ledger }
    }

    /// The run that totals and floor know of.
    var run: OrderRun? {
      get { content[0].run }
      _modify { yield &content[0].run }
    }

    /// The ledger as it was written last: it changes with stops only, and not with every count.
    var written: MachineLedger? {
      get { content[0].written }
      _modify { yield &content[0].written }
    }
  }

  let rules: [MachineRules]
  let names: EventNames
  var epoch: String
  var lines: [Line] = []
  /// By machine; nil for one that is in no line.
  var members: [Member?] = []
  /// By machine: when something of it is due, once everything before is told. Apart from the
  /// members, because it is looked through with each turn.
  var due: [Instant] = []
  var effects: [ShopEffect] = []
  /// Sums of shifts that ended or changed since, to be told.
  var shifts: [ShiftTotals] = []
  /// Scratch.
  var facts: [OrderFact] = []

  /// Nothing is declared that it would have to look after.
  var isEmpty: Bool { lines.isEmpty }

  func name(_ machine: Int) -> String { rules[machine].name }

  func member(named name: String) -> Int? {
    rules.indices.first { rules[$0].name == name && members[$0] != nil }
  }
}

// MARK: Orders in force

extension Shop {
  /// The order in force at a machine at a moment.
  func run(_ machine: Int, at moment: Instant) -> OrderRun? {
    guard let line = members[machine]?.line else { return nil }
    return lines[line].desk.orders.tag(machine: name(machine), at: moment)
  }

  /// The order that a count belongs to that ends at a moment.
  func run(_ machine: Int, before moment: Instant) -> OrderRun? {
    guard let line = members[machine]?.line else { return nil }
    return lines[line].desk.orders.tag(machine: name(machine), before: moment)
  }

  /// The order in force at a machine after all changes known.
  func latestRun(_ machine: Int) -> OrderRun? { run(machine, at: .distantFuture) }

  /// The time of one piece at full speed: of the order, else of the machine.
  func idealCycle(_ machine: Int) -> Duration? {
    members[machine]?.run?.order.idealCycle ?? rules[machine].states?.idealCycle
  }

  /// Lets a desk do something, and turns what happened into drafts.
  mutating func atDesk<Result>(
    _ line: Int, _ reading: ClockReading, into drafts: inout [EventDraft],
    _ body: (inout OrderDesk, inout [OrderFact]) -> Result
  ) -> Result {
    let result = body(&lines[line].desk, &facts)
    lines[line].isDirty = true
    followOrders(line, reading)
    for fact in facts { drafts.append(EventDraft(fact, epoch: epoch, uom: uom(fact))) }
    facts.removeAll(keepingCapacity: true)
    return result
  }

  private func uom(_ fact: OrderFact) -> String {
    guard case .confirmed(let confirmation) = fact.kind else { return "PCE" }
    return rules.first { $0.name == confirmation.machine }?.uom ?? "PCE"
  }

  /// Tells totals and floor of each machine whose order has changed.
  ///
  /// Nearly every fact comes while the orders stay as they are: then no machine is asked.
  mutating func followOrders(_ line: Int, _ reading: ClockReading) {
    let turn = lines[line].desk.orders.turn.number
    guard lines[line].followed != turn else { return }
    lines[line].followed = turn
    lines[line].isTurned = true
    for machine in lines[line].machines {
      let run = latestRun(machine)
      guard members[machine]?.run != run else { continue }
      members[machine]?.run = run
      let at = facts.last(where: \.changesOrder)?.at ?? Stamp(reading.monotonic, reading)
      effects.append(.idealCycle(machine: machine, idealCycle(machine), at: at))
      feed(machine, .order(run.map(TotalsOrder.init), at: at.instant), reading)
    }
  }
}

extension OrderFact {
  fileprivate var changesOrder: Bool {
    switch kind {
    case .started, .ended: true
    case .confirmed, .qualityHeld, .qualityReleased: false
    }
  }
}

extension TotalsOrder {
  init(_ run: OrderRun) {
    self.init(key: run.order.key.text, idealNanoseconds: run.order.idealCycle?.nanoseconds)
  }
}

// MARK: Sums

extension Shop {
  /// Gives the sums of a machine an input; ends of shifts wait to be told.
  mutating func feed(_ machine: Int, _ input: TotalsInput, _ reading: ClockReading) {
    guard let line = members[machine]?.line,
      let told = members[machine]?.totals.take(input, reading: reading)
    else { return }
    members[machine]?.isDirty = true
    keep(told, machine, line)
  }

  mutating func keep(_ told: [TotalsBucket], _ machine: Int, _ line: Int) {
    for bucket in told {
      let totals = ShiftTotals(
        line: lines[line].rules.name, machine: rules[machine].name, bucket)
      if let totals { shifts.append(totals) }
    }
  }

  /// Finds anew when something of a machine is due.
  mutating func findDue(_ machine: Int, _ reading: ClockReading) {
    guard let line = members[machine]?.line else { return }
    let desk = lines[line].desk.nextDeadline(machine: name(machine)) ?? .distantFuture
    let minor = members[machine]?.ledger.minor.nextDeadline ?? .distantFuture
    let totals = members[machine]?.totals.nextDeadline(reading: reading) ?? .distantFuture
    due[machine] = min(desk, min(minor, totals))
  }

  /// Whether something of a machine may be due at another time than before.
  func isStale(_ machine: Int) -> Bool {
    guard let line = members[machine]?.line else { return false }
    return members[machine]?.isDirty == true || lines[line].isTurned
  }

  /// The moment at which the first thing is due; the end of time for none.
  var earliestDue: Instant { due.min() ?? .distantFuture }
}
