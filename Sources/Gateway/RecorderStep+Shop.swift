// What the recorder does for orders, shifts and limits in a turn: it takes what people ask, follows
// the calendars, and hears from the floor what desks and sums must know.
//
// Everything here only makes entries. They are carried out while a transaction is made (see
// `RecorderStep+Sealing`), so that a count has its sequence, and a repeated transaction repeats
// nothing at a desk.

import Events
import Machines
import Outbox
import Primitives
import Signals

/// One thing that waits to become events, in order.
enum RecorderEntry: Sendable {
  case draft(EventDraft)
  case fact(FloorFact)
  case limit(machine: Int, LimitFact)
  /// What a desk told as it was resumed.
  case orders(line: Int, [OrderFact])
  case request(ticket: UInt64, ShopRequest, at: Stamp)
  case outbox(ticket: UInt64, OutboxRequest)
  /// To be given once everything before it is durable.
  case answer(ticket: UInt64, ShopAnswer)
  case shiftEnded(line: Int, at: Stamp)
  /// The first look at a machine after a restart.
  case seen(machine: Int, MachineCondition, at: Stamp)
  case doubt(machine: Int, isOpen: Bool)
  /// Everything behind it is sealed in another journal than it was the first time.
  case newEpoch(String)
}

/// What the recorder keeps beside the shop, and does not undo with it.
struct ShopWatch: Sendable {
  var clocks: [LineClock]
  var limits: LimitBoard
  /// Machines that nobody has looked at since the start.
  var unseen: [Int]
  /// By machine: a counter is doubted.
  var isDoubted: [Bool]
  /// By bus: machines in lines or with limits, whose deadlines its marks must reach.
  let machinesOfBus: [[Int]]
  let startedAt: Instant
  /// By machine: stops that left its list before anybody said why.
  var forgotten: [Int64]
  /// By machine: that its list is full was told, and has been so since.
  var isFull: [Bool]

  init(
    plan: RecorderPlan, state: StoreState, shop: Shop, floor: Floor, reading: ClockReading,
    unread: inout [String]
  ) {
    clocks = plan.lines.map { line in
      LineClock(
        line, snapshot: state.snapshots[LineClock.snapshotName(line.name)], reading: reading)
    }
    limits = LimitBoard(plan: plan, state: state, reading: reading, unread: &unread)
    unseen = shop.members.indices.filter { shop.members[$0] != nil }
    isDoubted = plan.machines.map { _ in false }
    machinesOfBus = (0...(plan.busOfUnit.max() ?? 0)).map { bus in
      plan.machines.indices.filter { machine in
        let rules = plan.machines[machine]
        return (shop.members[machine] != nil || !rules.limits.isEmpty)
          && rules.units.contains { unit in
            Int(unit.index) < plan.busOfUnit.count && plan.busOfUnit[Int(unit.index)] == bus
          }
      }
    }
    startedAt = reading.monotonic
    forgotten = floor.machines.map(\.forgottenStops)
    isFull = floor.machines.map { _ in false }
  }

  /// What the health of the gateway says of them; nil while there are none.
  func stopsWithoutReason(_ names: [String]) -> StopsWithoutReason? {
    let having = forgotten.indices.filter { forgotten[$0] > 0 }
    guard !having.isEmpty else { return nil }
    let sorted = having.sorted { (forgotten[$1], $0) < (forgotten[$0], $1) }
    return StopsWithoutReason(
      count: having.reduce(0) { sum, machine in
        let (count, overflow) = sum.addingReportingOverflow(forgotten[machine])
        return overflow ? .max : count
      },
      machines: sorted.map { names[$0] })
  }

  /// Compares after a fact of a stop; true when its list has run over for the first time.
  mutating func isNewlyFull(_ machine: Int, _ floor: Floor) -> Bool {
    let count = floor.machines[machine].forgottenStops
    defer { forgotten[machine] = count }
    if count > forgotten[machine] {
      defer { isFull[machine] = true }
      return !isFull[machine]
    }
    if isFull[machine], floor.unclassified(machine: machine).count < ReasonLimits.endedStops {
      isFull[machine] = false
    }
    return false
  }

  /// The snapshots of calendars and limits that changed since the last call.
  mutating func takeSnapshots(_ reading: ClockReading) -> [(name: String, bytes: [UInt8])] {
    clocks.indices.compactMap { clocks[$0].takeSnapshot() } + limits.takeSnapshots(reading)
  }

  mutating func wantSnapshots() {
    for index in clocks.indices { clocks[index].wantSnapshot() }
    limits.wantSnapshots()
  }
}

extension RecorderStep where Store: ~Copyable {
  /// Takes what people ask; lists are answered at once.
  mutating func takeRequests(_ reading: ClockReading) {
    for ticket in requests.take() {
      let at = Stamp(reading.monotonic, reading)
      switch ticket.request {
      case .listOrders: requests.answer(ticket.number, shop.listOrders())
      case .listHeld: requests.answer(ticket.number, shop.listHeld())
      case .listUnclassified: requests.answer(ticket.number, floor.listUnclassified())
      case .classify(let machine, let stopID, let reason, let by):
        answers.append((ticket.number, classify(machine, stopID, reason, by, reading)))
      case .outbox(let request): hear(request, ticket.number, reading)
      case .order, .orders, .hold, .release, .approve:
        for machine in shop.changes(ticket.request, at: at, reading) {
          floor.cut(machine: machine, at: at)
        }
        entries.append(.request(ticket: ticket.number, ticket.request, at: at))
      }
    }
  }

  /// Gives a stop its reason; the fact comes with the next advance of the floor.
  private mutating func classify(
    _ machine: String, _ stopID: String, _ reason: String, _ by: String, _ reading: ClockReading
  ) -> ShopAnswer {
    guard let index = machineNames.firstIndex(of: machine) else {
      let sentence =
        "classifying a stop: no machine \(machine); known are "
        + machineNames.joined(separator: ", ")
      return ShopAnswer(isDone: false, sentence: sentence)
    }
    do throws(ReasonFault) {
      try floor.classify(
        machine: index, stopID: stopID, reason: reason, by: by, reading: reading)
    } catch {
      return ShopAnswer(isDone: false, sentence: error.description)
    }
    return ShopAnswer(isDone: true, sentence: "stop \(stopID) of \(machine) is \(reason) now")
  }

  /// Follows the calendars: shifts end, stops become planned ones.
  mutating func followCalendars(_ reading: ClockReading) {
    for line in watch.clocks.indices {
      for edge in watch.clocks[line].advance(reading) {
        // Each edge, so that no window of counts lies across the end of a shift.
        for machine in shop.lines[line].machines {
          floor.plan(machine: machine, edge.isPlanned, at: edge.at)
        }
        if edge.ended != nil { entries.append(.shiftEnded(line: line, at: edge.at)) }
      }
    }
  }

  /// Hears from the floor, which has just advanced, what desks and limits must know.
  mutating func hearFloor(_ reading: ClockReading) {
    for told in facts {
      entries.append(.fact(told))
      // Told at once, in the gateway's health: who classifies must know that he is too late.
      if told.fact.isOfStop, watch.isNewlyFull(told.machine, floor) {
        healthDue = reading.monotonic
      }
    }
    facts.removeAll(keepingCapacity: true)
    watch.limits.advance(
      reading, toldUntil: { floor.toldUntil(machine: $0) }, into: &limitFacts)
    for (machine, fact) in limitFacts { entries.append(.limit(machine: machine, fact)) }
    limitFacts.removeAll(keepingCapacity: true)
    if !watch.unseen.isEmpty { lookAtUnseen(reading) }
    for machine in floor.moved where shop.members[machine] != nil {
      let isOpen = floor.machines[machine].isDoubted
      guard isOpen != watch.isDoubted[machine] else { continue }
      watch.isDoubted[machine] = isOpen
      entries.append(.doubt(machine: machine, isOpen: isOpen))
    }
    floor.settleMoved()
    for (ticket, answer) in answers { entries.append(.answer(ticket: ticket, answer)) }
    answers.removeAll()
  }

  /// Tells of machines that are looked at for the first time since the start.
  private mutating func lookAtUnseen(_ reading: ClockReading) {
    var still: [Int] = []
    for machine in watch.unseen {
      let until = floor.toldUntil(machine: machine)
      guard until > watch.startedAt else {
        still.append(machine)
        continue
      }
      let condition = floor.machines[machine].status(reading: reading).condition
      entries.append(.seen(machine: machine, condition, at: Stamp(until, reading)))
    }
    watch.unseen = still
  }

  /// Finds anew when something of the shop is due.
  mutating func findShopDue(_ reading: ClockReading) {
    for machine in shop.members.indices { shop.findDue(machine, reading) }
    shopDue = shop.earliestDue
  }

  /// Whether something of a machine is due, and everything before it has been told.
  func isShopDue(_ reading: ClockReading) -> Bool {
    guard shopDue <= reading.monotonic else { return false }
    let furthest = floor.furthest(reading)
    return shop.due.indices.contains { machine in
      shop.due[machine] <= furthest && shop.due[machine] <= floor.toldUntil(machine: machine)
    }
  }

  /// The next moment at which limits, desks or sums of the machines of a bus want to act.
  func shopDeadline(bus: Int) -> Instant {
    guard bus < watch.machinesOfBus.count else { return .distantFuture }
    var next = Instant.distantFuture
    for machine in watch.machinesOfBus[bus] {
      next = min(next, min(watch.limits.deadline(machine), shop.due[machine]))
    }
    return next
  }
}

extension Fact {
  /// The list of a machine's stops may have changed with it.
  fileprivate var isOfStop: Bool {
    switch kind {
    case .stopEnded, .stopClassified: true
    case .stateChanged, .stopStarted, .counted, .counterAnomaly, .contactLost, .contactRestored,
      .orderShown:
      false
    }
  }
}
