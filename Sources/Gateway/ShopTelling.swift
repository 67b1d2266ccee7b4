// From what happened on the floor to drafts, and to the desk and sums that follow it.
//
// Order within one fact: its own event first, then what it brings about (a confirmation that was
// waiting for contact, a hold that a limit sets). So a receiver has read the cause when it reads
// the effect.

import Events
import Machines
import Primitives

extension Shop {
  /// The draft of a fact with the members of its order; nil for what only the gateway listens to.
  func draft(_ told: FloorFact) -> EventDraft? {
    let rules = rules[told.machine]
    var context = EventContext(machine: rules.name, uom: rules.uom, mapping: rules.mapping)
    switch told.fact.kind {
    case .stateChanged:
      context.orderID = run(told.machine, at: told.fact.at.instant)?.order.key.orderID
    case .stopStarted(let stop, _):
      context.orderID = run(told.machine, at: stop.startedAt.instant)?.order.key.orderID
    case .stopClassified(let stop, _), .stopEnded(let stop):
      context.orderID = members[told.machine]?.ledger.order(ofStop: stop.stopID)
    case .counted(let record):
      context.order = run(told.machine, before: record.to.instant)?.order
    case .counterAnomaly, .contactLost, .contactRestored, .orderShown: break
    }
    return EventDraft(told.fact, context, names: names)
  }

  /// Follows a fact whose event is sealed; a count comes by `book`.
  mutating func follow(
    _ told: FloorFact, _ reading: ClockReading, into drafts: inout [EventDraft]
  ) {
    guard let line = members[told.machine]?.line else { return }
    let (machine, name, fact) = (told.machine, name(told.machine), told.fact)
    if let input = TotalsInput(fact) { feed(machine, input, reading) }
    switch fact.kind {
    case .stateChanged(let state, _, _, _):
      atDesk(line, reading, into: &drafts) { desk, facts in
        desk.spend(TimeClass(state), machine: name, from: fact.at, into: &facts)
        desk.contact(machine: name, isLost: state == .noContact, into: &facts)
      }
    case .stopStarted(let stop, _):
      let order = run(machine, at: stop.startedAt.instant)?.order.key.orderID
      members[machine]?.ledger.began(stop: stop.stopID, order: order)
    case .stopEnded(let stop):
      var windows: [MinorStops.Window] = []
      members[machine]?.ledger.minor.take(stop, into: &windows)
      drafts += windows.map { EventDraft($0, machine: name) }
    case .orderShown(let text, let operation):
      _ = atDesk(line, reading, into: &drafts) { desk, facts in
        desk.show(text, operation: operation, at: .machine(name), fact.at, into: &facts)
      }
    case .stopClassified, .counted, .counterAnomaly, .contactLost, .contactRestored: break
    }
    members[machine]?.isDirty = true
  }

  /// Books the pieces of a count event at the desk, by the sequence that it was sealed with.
  mutating func book(
    _ record: CountRecord, machine: Int, sequence: UInt64, _ reading: ClockReading,
    into drafts: inout [EventDraft]
  ) {
    guard let line = members[machine]?.line else { return }
    let name = name(machine)
    atDesk(line, reading, into: &drafts) { desk, facts in
      _ = desk.count(machine: name, record, sequence: sequence, into: &facts)
    }
  }

  /// A limit was exceeded or is cleared: its event is sealed, a hold may follow.
  mutating func follow(
    _ limit: LimitFact, machine: Int, _ reading: ClockReading, into drafts: inout [EventDraft]
  ) {
    guard let line = members[machine]?.line, let reason = limit.holdReason else { return }
    let name = name(machine)
    atDesk(line, reading, into: &drafts) { desk, facts in
      _ = desk.hold(
        .machine(name), reason: reason, by: "limit \(limit.rules.name)", from: .rule,
        at: limit.at, into: &facts)
    }
  }

  /// A counter of a machine made a jump that is not decided yet, or it has been decided.
  mutating func doubt(
    _ machine: Int, isOpen: Bool, _ reading: ClockReading, into drafts: inout [EventDraft]
  ) {
    guard let line = members[machine]?.line else { return }
    let name = name(machine)
    atDesk(line, reading, into: &drafts) { desk, facts in
      desk.doubt(machine: name, isOpen: isOpen, into: &facts)
    }
  }

  /// After a restart a machine was seen again, in this condition.
  mutating func seen(
    _ machine: Int, _ condition: MachineCondition, at: Stamp, _ reading: ClockReading,
    into drafts: inout [EventDraft]
  ) {
    guard let line = members[machine]?.line else { return }
    let name = name(machine)
    feed(machine, .activity(MachineActivity(condition), at: at.instant), reading)
    atDesk(line, reading, into: &drafts) { desk, facts in
      desk.spend(TimeClass(condition), machine: name, from: at, into: &facts)
      desk.contact(machine: name, isLost: condition == .noContact, into: &facts)
    }
  }

  /// A shift of a line ends: windows end with it, once everything before it is told.
  mutating func endShift(
    _ line: Int, at: Stamp, _ reading: ClockReading, into drafts: inout [EventDraft]
  ) {
    for machine in lines[line].machines {
      members[machine]?.ledger.minor.endShift(at: at)
      members[machine]?.isDirty = true
    }
    atDesk(line, reading, into: &drafts) { desk, facts in desk.endShift(at: at, into: &facts) }
  }

  /// Everything before `until` has been told of a machine: closes what is due before it.
  mutating func advance(
    _ machine: Int, to until: Stamp, _ reading: ClockReading, into drafts: inout [EventDraft]
  ) {
    guard let line = members[machine]?.line else { return }
    let name = name(machine)
    atDesk(line, reading, into: &drafts) { desk, facts in
      desk.advance(machine: name, to: until, into: &facts)
    }
    var windows: [MinorStops.Window] = []
    members[machine]?.ledger.minor.advance(to: until, into: &windows)
    drafts += windows.map { EventDraft($0, machine: name) }
    if let told = members[machine]?.totals.advance(to: until.instant, reading: reading) {
      keep(told, machine, line)
    }
    members[machine]?.isDirty = true
  }

  /// A new journal has begun: what was summed of the old one is closed.
  mutating func startAnew(
    epoch: String, _ reading: ClockReading, into drafts: inout [EventDraft]
  ) {
    self.epoch = epoch
    for line in lines.indices {
      atDesk(line, reading, into: &drafts) { desk, facts in
        desk.startAnew(epoch: epoch, into: &facts)
      }
    }
    for machine in members.indices { members[machine]?.isDirty = true }
  }
}
