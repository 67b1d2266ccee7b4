// What the counters of a machine say at one moment, and how that is booked and told.
//
// Invariants
// - Contact is told first, then the anomalies, then the pieces: a loss closes the window before the
//   pieces of its own moment.
// - A piece that was made while nobody looked is in a record of its own, `recovered`, from the
//   moment of the last look.
// - A sum that cannot take a piece says so as an anomaly, once: nothing is lost in silence.

import Primitives
import Signals

/// What the counters said at one moment.
struct CountTurn {
  var sum = CountBook.Sum()
  /// What was made while nobody looked, and since when.
  var unseen: (sum: CountBook.Sum, from: Stamp)?
  var anomalies: [CounterAnomaly] = []
  /// The leading counter showed that something was made, or may have been.
  var moved = false

  /// Whether there is something to book or to tell.
  var says: Bool { sum.says || unseen != nil || !anomalies.isEmpty }

  mutating func add(_ tally: Tally, _ role: CountRole) {
    if !tally.anomalies.isEmpty { anomalies += tally.anomalies }
    guard tally.pieces > 0 || tally.rollover || tally.reset else { return }
    guard let from = tally.recoveredFrom else {
      Self.add(tally, role, to: &sum)
      return
    }
    var (joined, since) = unseen ?? (CountBook.Sum(), from)
    if from.instant < since.instant { since = from }
    Self.add(tally, role, to: &joined)
    unseen = (joined, since)
  }

  private static func add(_ tally: Tally, _ role: CountRole, to sum: inout CountBook.Sum) {
    sum.add(tally.pieces, role)
    sum.rollover = sum.rollover || tally.rollover
    sum.reset = sum.reset || tally.reset
  }
}

extension Machine {
  /// Books what the counters said: into the window, or as recovered where nobody looked.
  mutating func tell(_ turn: CountTurn, at: Stamp, into facts: inout [Fact]) {
    for anomaly in turn.anomalies { facts.append(Fact(at: at, kind: .counterAnomaly(anomaly))) }
    var unfit = CountBook.Pieces()
    if let unseen = turn.unseen {
      // What other counters showed meanwhile is told before, up to its last piece.
      let last = Stamp(max(unseen.from.instant, book.window?.last ?? .distantPast), reading)
      var from = last.instant > unseen.from.instant ? last : unseen.from
      tellWindow(at: from, into: &facts)
      // A doubted counter may have been settled, and told, after contact was lost.
      if let told = book.toldUntil, told.instant > from.instant { from = told }
      let record = book.recover(unseen.sum, from: from, to: at, unfit: &unfit)
      facts.append(Fact(at: at, kind: .counted(record)))
    }
    if turn.sum.says {
      if book.window == nil { book.open(at: at, window: rules.countWindow) }
      unfit.add(book.add(turn.sum, at: at.instant))
    }
    if !unfit.isEmpty { tellUnfit(unfit, at: at, into: &facts) }
  }

  /// The order or planned time changes: what was counted before is told before, and what is counted
  /// after it begins there.
  mutating func cutWindow(at: Stamp, into facts: inout [Fact]) {
    tellWindow(at: at, into: &facts)
    book.cut(at: at)
  }

  mutating func tellWindow(at: Stamp, into facts: inout [Fact]) {
    guard let record = book.close(at: at) else { return }
    facts.append(Fact(at: record.to, kind: .counted(record)))
  }

  /// The sums are at the end of their range: told when they get there, not with every piece after.
  mutating func tellUnfit(
    _ unfit: CountBook.Pieces, at: Stamp, into facts: inout [Fact]
  ) {
    for (role, pieces) in [
      (CountRole.good, unfit.good), (.scrap, unfit.scrap), (.rework, unfit.rework),
    ] where pieces > 0 && !full.contains(role) {
      full.insert(role)
      let counter = counters.first { $0.role == role } ?? counters.first { $0.role == .total }
      guard let counter else { continue }
      let shown = counter.last.map(counter.shown) ?? 0
      let anomaly = CounterAnomaly(
        signal: counter.rules.signal, before: shown, after: shown, verdict: .implausible,
        booked: 0, notBooked: pieces)
      facts.append(Fact(at: at, kind: .counterAnomaly(anomaly)))
    }
  }
}
