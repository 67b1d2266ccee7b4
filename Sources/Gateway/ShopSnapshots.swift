// How the shop goes on after a restart, and what it leaves behind for the next one.
//
// Snapshots: of each line `orders/<line>`, `desk/<line>` and `station/<line>/<machine>` (see
// OrderDeskParts), of each machine `totals/<machine>` and `ledger/<machine>`; all of those that a
// transaction changed are in it.
//
// Invariants
// - What cannot be read is told, and begins anew; a desk then numbers its confirmations behind
//   every sequence of this epoch, so that none has the number of one that was told before.
// - Between the last transaction of the run before and the first look of this one nobody saw the
//   machines: that time is booked as unknown (F50). Up to that transaction it is booked as told.
// - Orders of a line that is configured no more stay in the journal, and the start says so.

import Events
import Machines
import Outbox
import Primitives

extension Shop {
  static func ordersName(_ line: String) -> String { partName(line, .orders) }
  static func partName(_ line: String, _ part: OrderDeskPart) -> String {
    switch part {
    case .orders: "orders/\(line)"
    case .desk: "desk/\(line)"
    case .station(let machine): "station/\(line)/\(machine)"
    }
  }
  static func totalsName(_ machine: String) -> String { "totals/\(machine)" }
  static func ledgerName(_ machine: String) -> String { "ledger/\(machine)" }

  /// Continues from the snapshots of a journal; `unread` gets a sentence for each that cannot be
  /// read, and what the desks have to tell at once is among `told`.
  init(
    plan: RecorderPlan, state: StoreState, reading: ClockReading, unread: inout [String],
    told: inout [(line: Int, facts: [OrderFact])]
  ) {
    rules = plan.machines
    names = plan.names
    epoch = state.epoch
    members = plan.machines.map { _ in nil }
    due = plan.machines.map { _ in .distantFuture }
    let aliveUntil = LastRunRecord(state.snapshots[LastRunRecord.name]).aliveUntil(reading)
    for line in plan.lines {
      let machines = line.machines.compactMap { name in
        plan.machines.firstIndex { $0.name == name }
      }
      var facts: [OrderFact] = []
      let desk = Self.desk(line, state, reading, &unread, &facts)
      lines.append(Line(rules: line, desk: desk, machines: machines, isDirty: !facts.isEmpty))
      if !facts.isEmpty { told.append((lines.count - 1, facts)) }
      let calendar = WorkCalendar(line.calendar)
      for machine in machines where members[machine] == nil {
        let rules = plan.machines[machine]
        var totals = Self.totals(rules, calendar, state, reading, &unread)
        if let aliveUntil {
          _ = totals.take(.activity(.unknown, at: aliveUntil), reading: reading)
        }
        var member = Member(
          line: lines.count - 1, totals: totals,
          ledger: MachineLedger(minorStopWindow: rules.minorStopWindow))
        if let bytes = state.snapshots[Self.ledgerName(rules.name)],
          !member.ledger.resume(bytes, reading: reading)
        {
          unread.append("short stops of machine \(rules.name): the snapshot cannot be read")
        }
        members[machine] = member
      }
    }
    tellStrangers(state, &unread)
    for line in lines.indices { followOrders(line, reading) }
    for machine in members.indices { findDue(machine, reading) }
  }

  private static func desk(
    _ line: LineRules, _ state: StoreState, _ reading: ClockReading, _ unread: inout [String],
    _ facts: inout [OrderFact]
  ) -> OrderDesk {
    if state.snapshots[ordersName(line.name)] != nil {
      do throws(OrderSnapshotFault) {
        var desk = try OrderDesk(
          line: line.name, machines: line.machines, rules: line.confirmations, epoch: state.epoch,
          snapshots: { state.snapshots[partName(line.name, $0)] }, reading: reading, into: &facts)
        // Nobody looks until the first mark of this run.
        let now = Stamp(reading.monotonic, reading)
        for machine in line.machines {
          desk.spend(.unseen, machine: machine, from: now, into: &facts)
        }
        return desk
      } catch {
        facts = []
        unread.append(error.description)
      }
    }
    return OrderDesk(
      line: line.name, machines: line.machines, rules: line.confirmations, epoch: state.epoch,
      firstNumber: Int64(clamping: state.lastSequence &+ 1))
  }

  private static func totals(
    _ rules: MachineRules, _ calendar: WorkCalendar, _ state: StoreState,
    _ reading: ClockReading, _ unread: inout [String]
  ) -> Totals {
    let ideal = rules.states?.idealCycle?.nanoseconds
    if let bytes = state.snapshots[totalsName(rules.name)] {
      do throws(TotalsFault) {
        var totals = try Totals(
          calendar: calendar, snapshot: bytes, reading: reading, idealNanoseconds: ideal)
        totals.calendarChanged()
        return totals
      } catch {
        unread.append("machine \(rules.name): \(error.description)")
      }
    }
    return Totals(calendar: calendar, start: reading.monotonic, idealNanoseconds: ideal)
  }

  private func tellStrangers(_ state: StoreState, _ unread: inout [String]) {
    let known = Set(lines.map { Self.ordersName($0.rules.name) })
    for name in state.snapshots.keys.sorted() where name.hasPrefix("orders/") {
      guard !known.contains(name) else { continue }
      let line = name.dropFirst("orders/".count)
      unread.append(
        "line \(line) is configured no more: what is open or held of its orders stays in the "
          + "journal until a line of that name is configured again")
    }
  }

  /// The snapshots of everything that was touched since the last call.
  mutating func takeSnapshots(_ reading: ClockReading) -> [(name: String, bytes: [UInt8])] {
    var snapshots: [(name: String, bytes: [UInt8])] = []
    for index in lines.indices where lines[index].isDirty {
      (lines[index].isDirty, lines[index].isTurned) = (false, false)
      let name = lines[index].rules.name
      for (part, bytes) in lines[index].desk.takeSnapshots(reading) {
        snapshots.append((Self.partName(name, part), bytes))
      }
    }
    for machine in members.indices {
      guard members[machine]?.isDirty == true, let member = members[machine] else { continue }
      members[machine]?.isDirty = false
      let name = rules[machine].name
      snapshots.append((Self.totalsName(name), member.totals.snapshot(reading: reading)))
      guard member.written != member.ledger else { continue }
      members[machine]?.written = member.ledger
      snapshots.append((Self.ledgerName(name), member.ledger.snapshot(reading: reading)))
    }
    return snapshots
  }

  /// Everything is due for a snapshot: the journal has none, or this is the end.
  mutating func wantSnapshots() {
    for line in lines.indices {
      lines[line].isDirty = true
      lines[line].desk.wantSnapshots()
    }
    for machine in members.indices {
      members[machine]?.isDirty = true
      members[machine]?.written = nil
    }
  }
}
