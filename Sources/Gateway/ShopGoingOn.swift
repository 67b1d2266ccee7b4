// How orders, sums and calendars go on under another configuration.
//
// Invariants
// - A line whose rules are the same keeps its desk and its place in the calendar as they are; a
//   machine whose calendar is the same keeps its sums. Nothing is booked as unseen for them.
// - Everything else goes on from its snapshot, as after a restart that took no time.

import Machines
import Primitives

extension Shop {
  /// Takes over from the shop before what means the same in both plans.
  mutating func goOn(from before: Shop, same: [(machine: Int, before: Int)]) {
    var isKept = lines.map { _ in false }
    for index in lines.indices {
      guard let old = before.lines.first(where: { $0.rules == lines[index].rules }) else {
        continue
      }
      lines[index].desk = old.desk
      (lines[index].followed, lines[index].isTurned) = (nil, true)
      lines[index].isDirty = old.isDirty
      isKept[index] = true
    }
    for machine in members.indices {
      guard let member = members[machine],
        let old = before.rules.firstIndex(where: { $0.name == rules[machine].name }),
        let kept = before.members[old],
        before.lines[kept.line].rules.calendar == lines[member.line].rules.calendar,
        before.rules[old].states?.idealCycle == rules[machine].states?.idealCycle
      else { continue }
      let isSameWindow = before.rules[old].minorStopWindow == rules[machine].minorStopWindow
      var next = Member(
        line: member.line, totals: kept.totals,
        ledger: isSameWindow ? kept.ledger : member.ledger)
      next.run = kept.run
      due[machine] = before.due[old]
      next.isDirty = kept.isDirty
      next.written = kept.written
      members[machine] = next
    }
    // A machine that goes on as it is has heard of its cycle.
    let silent = Set(same.map(\.machine))
    effects.removeAll { effect in
      switch effect {
      case .idealCycle(let machine, _, _):
        silent.contains(machine) && (members[machine].map { isKept[$0.line] } ?? false)
      }
    }
  }
}

extension ShopWatch {
  /// Takes over from the watch before what means the same; `lines` are the rules of both plans.
  mutating func goOn(
    from before: ShopWatch, lines: [LineRules], linesBefore: [LineRules],
    same: [(machine: Int, before: Int)]
  ) {
    for index in clocks.indices {
      guard let old = linesBefore.firstIndex(of: lines[index]) else { continue }
      clocks[index] = before.clocks[old]
    }
    for (machine, old) in same {
      forgotten[machine] = before.forgotten[old]
      isFull[machine] = before.isFull[old]
    }
    let seenBefore = Set(same.filter { !before.unseen.contains($0.before) }.map(\.machine))
    unseen.removeAll { seenBefore.contains($0) }
    for (machine, old) in same {
      isDoubted[machine] = before.isDoubted[old]
      limits.goOn(machine, as: old, of: before.limits)
    }
  }
}
