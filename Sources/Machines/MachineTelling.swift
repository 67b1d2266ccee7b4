// How a machine tells what it counted and which unit it lost.

import Primitives
import Signals

extension Machine {
  /// Books what the counters said: into the window, or as recovered where nobody looked.
  mutating func tell(_ tallies: Tallies, at: Stamp, into facts: inout [Fact]) {
    var recovered: CountBook.Window?
    tell(tallies.good, \.good, at, &recovered, into: &facts)
    tell(tallies.scrap, \.scrap, at, &recovered, into: &facts)
    tell(tallies.rework, \.rework, at, &recovered, into: &facts)
    guard var recovered else { return }
    tellWindow(at: recovered.from, into: &facts)
    // A doubted counter may have been settled, and told, after contact was lost.
    if let told = book.toldUntil, told.instant > recovered.from.instant { recovered.from = told }
    facts.append(Fact(at: at, kind: .counted(book.recover(recovered, to: at))))
  }

  private mutating func tell(
    _ tally: Tally?, _ kind: WritableKeyPath<CountBook.Pieces, Int64>, _ at: Stamp,
    _ recovered: inout CountBook.Window?, into facts: inout [Fact]
  ) {
    guard let tally else { return }
    for anomaly in tally.anomalies { facts.append(Fact(at: at, kind: .counterAnomaly(anomaly))) }
    guard tally.pieces > 0 || tally.rollover || tally.reset else { return }
    guard let from = tally.recoveredFrom else {
      book.book(tally, to: kind, at: at, window: rules.countWindow)
      return
    }
    var sum = recovered ?? CountBook.Window(from: from, deadline: at.instant)
    if from.instant < sum.from.instant { sum.from = from }
    sum.pieces.add(tally.pieces, to: kind)
    sum.rollover = sum.rollover || tally.rollover
    sum.reset = sum.reset || tally.reset
    recovered = sum
  }

  mutating func tellWindow(at: Stamp, into facts: inout [Fact]) {
    guard let record = book.close(at: at) else { return }
    facts.append(Fact(at: record.to, kind: .counted(record)))
  }

  mutating func tellContacts(at: Stamp, into facts: inout [Fact]) {
    for index in roster.units.indices {
      let unit = roster.units[index]
      roster.units[index].news = .none
      switch (unit.news, unit.lost) {
      case (.lost(let cause), nil):
        roster.units[index].lost = at
        tellWindow(at: at, into: &facts)
        facts.append(Fact(at: at, kind: .contactLost(unit: unit.id, cause: cause)))
      case (.found, .some(let lost)):
        roster.units[index].lost = nil
        let duration = max(.zero, at.instant - lost.instant)
        facts.append(Fact(at: at, kind: .contactRestored(unit: unit.id, duration: duration)))
      case (.none, _), (.found, nil), (.lost, .some): break
      }
    }
  }
}
