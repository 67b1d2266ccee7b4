// The pieces of one machine: a window that is being summed, and the sums since the journal began.
//
// Invariants
// - Every piece booked is told in exactly one record; the sums of the records are the totals.
// - Records do not overlap in time: one begins where the last one ended, or later. One that opens
//   after a change of the order or of planned time begins there, though nothing was open then to be
//   told: its pieces were all seen after the change, so no share of them lies before it. A
//   recovered one begins where nobody looked any more, whatever changed since.
// - A window is told `countWindow` after its first piece, and earlier around stops and losses.
// - Where good pieces are what a total counts less the scrap, no record ever takes back what was
//   told: scrap that is seen after its piece was told as good is owed, and taken from the next good
//   pieces. So good + scrap - owed is always what the totals counted.
// - A sum stays at the end of Int64 rather than trap, and what it could not take is returned, to
//   be told. At 1,000 pieces a second that is 292 million years away; only nonsense gets there.

package import Primitives

package struct CountBook: Equatable, Sendable {
  package struct Pieces: Equatable, Sendable {
    package var good: Int64 = 0
    package var scrap: Int64 = 0
    package var rework: Int64 = 0

    var isEmpty: Bool { good == 0 && scrap == 0 && rework == 0 }
  }

  /// What the counters said at one moment, before it is known which pieces are good.
  package struct Sum: Equatable, Sendable {
    package var pieces = Pieces()
    package var total: Int64 = 0
    package var rollover = false
    package var reset = false

    /// Whether there is something to book.
    var says: Bool { rollover || reset || total > 0 || !pieces.isEmpty }

    mutating func add(_ count: Int64, _ role: CountRole) {
      switch role {
      case .good: pieces.good = saturating(pieces.good, plus: count)
      case .scrap: pieces.scrap = saturating(pieces.scrap, plus: count)
      case .rework: pieces.rework = saturating(pieces.rework, plus: count)
      case .total: total = saturating(total, plus: count)
      }
    }
  }

  /// What is being summed and not told yet.
  package struct Window: Equatable, Sendable {
    package var from: Stamp
    package var deadline: Instant
    /// When something was added last: it ends no earlier.
    package var last = Instant.distantPast
    package var pieces = Pieces()
    package var rollover = false
    package var reset = false

    /// Good pieces that fit; one call, so that who watches the window looks once.
    fileprivate mutating func goOn(_ good: Int64, at: Instant) {
      last = at
      pieces.good += good
    }
  }

  package var window: Window? {
    didSet { due = window?.deadline ?? .distantFuture }
  }
  /// When the open window is told; the end of time when none is open.
  private(set) var due: Instant = .distantFuture
  package var totals = Pieces()
  /// Scrap whose pieces were told as good.
  package var owed: Int64 = 0
  /// The end of the last record; nil until the first count is read.
  package var toldUntil: Stamp?
  /// The last change of the order or of planned time; nil once a record has ended after it.
  package private(set) var cutAt: Stamp?
  /// Good pieces are the total less the scrap.
  let derivesGood: Bool

  package init(derivesGood: Bool = false) { self.derivesGood = derivesGood }

  /// Opens a window, to be told so long after this moment.
  mutating func open(at: Stamp, window length: Duration) {
    let from = cutAt ?? toldUntil ?? at
    window = Window(from: from, deadline: at.instant + max(.zero, length))
  }

  /// What is counted from now on was made after this moment; the open window was told before.
  mutating func cut(at: Stamp) {
    guard let told = toldUntil, told.instant < at.instant else { return }
    cutAt = at
  }

  /// A record ends; a change before its end is no longer of interest.
  private mutating func tell(until end: Stamp) {
    toldUntil = end
    if let cut = cutAt, cut.instant <= end.instant { cutAt = nil }
  }

  /// Adds good pieces to the open window, as nearly every count does; false, and adds nothing,
  /// where that asks for more than two sums.
  mutating func goOn(_ pieces: Int64, _ role: CountRole, at: Instant) -> Bool {
    guard role == .good, due != .distantFuture, !derivesGood, totals.good <= .max - pieces else {
      return false
    }
    window?.goOn(pieces, at: at)
    totals.good += pieces
    return true
  }

  /// Adds pieces of a moment to the open window; returns what did not fit.
  mutating func add(_ sum: Sum, at: Instant) -> Pieces {
    window?.last = at
    var new = sum.pieces
    if derivesGood {
      new.good = pay(from: sum.total, for: sum.pieces.scrap)
      // What this window has not told yet can still be taken out of it.
      let back = min(owed, window?.pieces.good ?? 0)
      window?.pieces.good -= back
      totals.good -= back
      owed -= back
    }
    let added = totals.take(new)
    window?.pieces.add(added)
    if sum.rollover { window?.rollover = true }
    if sum.reset { window?.reset = true }
    return new.less(added)
  }

  /// Closes the window; nil when it holds nothing.
  mutating func close(at: Stamp) -> CountRecord? {
    guard let closing = window else { return nil }
    window = nil
    let end = at.instant < closing.from.instant ? closing.from : at
    tell(until: end)
    return record(
      closing.pieces, from: closing.from, to: end, recovered: false, closing.rollover,
      closing.reset)
  }

  /// Books pieces that were made while nobody looked, as a record of their own.
  mutating func recover(
    _ sum: Sum, from: Stamp, to: Stamp, unfit: inout Pieces
  ) -> CountRecord {
    var new = sum.pieces
    if derivesGood { new.good = pay(from: sum.total, for: sum.pieces.scrap) }
    let added = totals.take(new)
    unfit.add(new.less(added))
    tell(until: to)
    return record(added, from: from, to: to, recovered: true, sum.rollover, sum.reset)
  }

  /// The good ones of so many pieces, after what is owed; what they cannot pay is owed from now on.
  private mutating func pay(from total: Int64, for scrap: Int64) -> Int64 {
    owed = saturating(owed, plus: scrap)
    let paid = min(owed, total)
    owed -= paid
    return total - paid
  }

  private func record(
    _ pieces: Pieces, from: Stamp, to: Stamp, recovered: Bool, _ rollover: Bool, _ reset: Bool
  ) -> CountRecord {
    CountRecord(
      from: from, to: to, good: pieces.good, scrap: pieces.scrap, rework: pieces.rework,
      goodTotal: totals.good, scrapTotal: totals.scrap, reworkTotal: totals.rework,
      recovered: recovered, rollover: rollover, reset: reset)
  }
}

extension CountBook.Pieces {
  /// Adds as much as fits and returns that; the pieces are never negative.
  fileprivate mutating func take(_ new: Self) -> Self {
    let fit = Self(
      good: min(new.good, .max - good), scrap: min(new.scrap, .max - scrap),
      rework: min(new.rework, .max - rework))
    add(fit)
    return fit
  }

  mutating func add(_ new: Self) {
    good = saturating(good, plus: new.good)
    scrap = saturating(scrap, plus: new.scrap)
    rework = saturating(rework, plus: new.rework)
  }

  fileprivate func less(_ part: Self) -> Self {
    Self(good: good - part.good, scrap: scrap - part.scrap, rework: rework - part.rework)
  }
}
