// How entries become a transaction: each is carried out and sealed in its order, and what follows
// from it is sealed right behind it.
//
// Invariants
// - The desk hears of a count with the sequence that its event has got, and of nothing that has no
//   event: what could not be sealed is told as dropped and booked nowhere.
// - Making a transaction changes the shop; the one from before is kept until the transaction is
//   durable. A transaction that is only repeated is not made again. One that must be made again in
//   another journal begins with the shop from before: no piece is booked twice, none is lost.

import Events
import Machines
import Outbox
import Primitives

/// A transaction on its way to the disk, with what becomes true when it gets there.
struct Pending: Sendable {
  var transaction = Transaction()
  var chain: EventChain
  /// What it was made from, and the shop before, to make it anew if this journal is lost.
  var entries: [RecorderEntry]
  var shop: Shop
  /// What is said to those who asked, once it is durable.
  var answers: [(ticket: UInt64, answer: ShopAnswer)] = []
}

extension RecorderStep where Store: ~Copyable {
  /// Carries out and seals all entries, and adds the snapshots and cursors that belong to them.
  mutating func prepare(_ reading: ClockReading, isLast: Bool) -> Pending {
    var pending = Pending(chain: chain, entries: entries, shop: shop)
    entries.removeAll(keepingCapacity: true)
    for entry in pending.entries { carryOut(entry, &pending, reading) }
    closeDue(&pending, reading, all: isLast)
    tellShifts(&pending, reading)
    pending.transaction.snapshots =
      floor.takeSnapshots(reading) + shop.takeSnapshots(reading) + watch.takeSnapshots(reading)
    if !pending.transaction.events.isEmpty {
      let record = LastRunRecord.bytes(reading, isClean: isLast)
      pending.transaction.snapshots.append((LastRunRecord.name, record))
    }
    expire(&pending, reading)
    outbox.fill(&pending.transaction)
    giveUpOldest(&pending, reading)
    for effect in shop.effects {
      switch effect {
      case .idealCycle(let machine, let cycle, let at):
        floor.setIdealCycle(machine: machine, cycle, at: at)
      }
    }
    shop.effects.removeAll()
    shopDue = shop.earliestDue
    return pending
  }

  private mutating func carryOut(
    _ entry: RecorderEntry, _ pending: inout Pending, _ reading: ClockReading
  ) {
    var drafts: [EventDraft] = []
    switch entry {
    case .draft(let draft): drafts = [draft]
    case .fact(let told):
      guard let draft = shop.draft(told) else {
        shop.follow(told, reading, into: &drafts)
        break
      }
      guard seal(draft, &pending, reading) else { break }
      if case .counted(let record) = told.fact.kind {
        shop.book(
          record, machine: told.machine, sequence: pending.chain.lastSequence, reading,
          into: &drafts)
      }
      shop.follow(told, reading, into: &drafts)
    case .limit(let machine, let fact):
      _ = seal(
        EventDraft(fact, machine: machineNames[machine], names: names), &pending, reading)
      shop.follow(fact, machine: machine, reading, into: &drafts)
    case .orders(let line, let facts):
      shop.atDesk(line, reading, into: &drafts) { _, told in told += facts }
    case .request(let ticket, let request, let at):
      let answer = shop.carryOut(request, at: at, reading, into: &drafts)
      pending.answers.append((ticket, answer))
    case .outbox(let ticket, let request):
      pending.answers.append((ticket, carryOut(request, &pending, reading)))
    case .answer(let ticket, let answer): pending.answers.append((ticket, answer))
    case .shiftEnded(let line, let at): shop.endShift(line, at: at, reading, into: &drafts)
    case .seen(let machine, let condition, let at):
      shop.seen(machine, condition, at: at, reading, into: &drafts)
    case .doubt(let machine, let isOpen):
      shop.doubt(machine, isOpen: isOpen, reading, into: &drafts)
    case .newEpoch(let epoch): shop.startAnew(epoch: epoch, reading, into: &drafts)
    }
    for draft in drafts { _ = seal(draft, &pending, reading) }
  }

  /// Closes what is due of each machine; at the end of a run every sum is brought up to date.
  private mutating func closeDue(
    _ pending: inout Pending, _ reading: ClockReading, all: Bool
  ) {
    var drafts: [EventDraft] = []
    let furthest = floor.furthest(reading)
    for machine in shop.members.indices {
      guard shop.members[machine] != nil else { continue }
      if shop.isStale(machine) { shop.findDue(machine, reading) }
      guard all || shop.due[machine] <= furthest else { continue }
      let until = floor.toldUntil(machine: machine)
      guard shop.due[machine] <= until || all, until > .distantPast else { continue }
      shop.advance(machine, to: Stamp(until, reading), reading, into: &drafts)
      shop.findDue(machine, reading)
    }
    for draft in drafts { _ = seal(draft, &pending, reading) }
  }

  /// Tells the sums of shifts that ended, some machines at a time.
  private mutating func tellShifts(_ pending: inout Pending, _ reading: ClockReading) {
    while !shop.shifts.isEmpty {
      let part = Array(shop.shifts.prefix(ShiftTotals.inOneEvent))
      shop.shifts.removeFirst(part.count)
      let draft = EventDraft.gatewayHealth(
        plan.source, at: Stamp(reading.monotonic, reading), health(reading), shifts: part)
      _ = seal(draft, &pending, reading)
    }
  }

  /// Seals one draft; what cannot become an event is told as dropped, never skipped in silence.
  ///
  /// True when the draft itself became an event.
  @discardableResult
  mutating func seal(
    _ draft: EventDraft, _ pending: inout Pending, _ reading: ClockReading
  ) -> Bool {
    do throws(EventFault) {
      let event = try pending.chain.seal(draft, reading: reading, notary: &pen)
      pending.transaction.events.append(Outbox.row(event, due: routes.due(draft)))
      return true
    } catch {
      guard draft.type != .eventsDropped else { return false }
      let loss = Loss(
        range: .times(draft.time, to: draft.time), count: 1, place: draft.type.rawValue,
        why: error.description)
      let told = EventDraft.eventsDropped(
        plan.source, at: Stamp(reading.monotonic, reading), loss)
      seal(told, &pending, reading)
      return false
    }
  }
}
