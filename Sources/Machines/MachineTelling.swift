// How a machine tells what it counted and which unit it lost.

import Primitives
import Signals

extension Machine {
  /// Books what the counters said: into the window, or as recovered where nobody looked.
  mutating func tell(_ tallies: Tallies, at: Stamp, into facts: inout [Fact]) {
    let all: [(Tally?, WritableKeyPath<CountBook.Pieces, Int64>)] = [
      (tallies.good, \.good), (tallies.scrap, \.scrap), (tallies.rework, \.rework),
    ]
    var recovered: CountBook.Window?
    for case (.some(let tally), let kind) in all {
      for anomaly in tally.anomalies {
        facts.append(Fact(at: at, kind: .counterAnomaly(anomaly)))
      }
      guard let from = tally.recoveredFrom else {
        book.book(tally, to: kind, at: at, window: rules.countWindow)
        continue
      }
      guard tally.pieces > 0 || tally.rollover || tally.reset else { continue }
      var sum = recovered ?? CountBook.Window(from: from, deadline: at.instant)
      if from.instant < sum.from.instant { sum.from = from }
      sum.pieces.add(tally.pieces, to: kind)
      sum.rollover = sum.rollover || tally.rollover
      sum.reset = sum.reset || tally.reset
      recovered = sum
    }
    guard let recovered else { return }
    tellWindow(at: recovered.from, into: &facts)
    facts.append(Fact(at: at, kind: .counted(book.recover(recovered, to: at))))
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
