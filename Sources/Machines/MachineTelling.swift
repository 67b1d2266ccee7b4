// How a machine tells which unit it lost, and which one answers again.

import Primitives
import Signals

extension Machine {
  mutating func tellContacts(at: Stamp, into facts: inout [Fact]) {
    roster.hasNews = false
    for index in roster.units.indices {
      let unit = roster.units[index]
      roster.units[index].news = .none
      switch (unit.news, unit.lost) {
      // One signal was refused before another was read again, in one moment: it answers.
      case (.lost(let cause), nil) where cause != .noContact && unit.unusable < unit.signals:
        break
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
