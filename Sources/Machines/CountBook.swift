// The pieces of one machine: a window that is being summed, and the sums since the journal began.
//
// Invariants
// - Every piece booked is told in exactly one record; the sums of the records are the totals.
// - Records do not overlap in time: one begins where the last one ended, or later.
// - A window is told `countWindow` after its first piece, and earlier around stops and losses.
// - Sums stay at the end of Int64 rather than trap.

package import Primitives

package struct CountBook: Equatable, Sendable {
  package struct Pieces: Equatable, Sendable {
    package var good: Int64 = 0
    package var scrap: Int64 = 0
    package var rework: Int64 = 0

    package mutating func add(_ pieces: Int64, to kind: WritableKeyPath<Pieces, Int64>) {
      self[keyPath: kind] = saturating(self[keyPath: kind], plus: pieces)
    }

    var isEmpty: Bool { good == 0 && scrap == 0 && rework == 0 }
  }

  /// What is being summed and not told yet.
  package struct Window: Equatable, Sendable {
    package var from: Stamp
    package var deadline: Instant
    package var pieces = Pieces()
    package var rollover = false
    package var reset = false
  }

  package var window: Window?
  package var totals = Pieces()
  /// The end of the last record; nil until the first count is read.
  package var toldUntil: Stamp?

  package init() {}

  /// Adds a tally that says something to the window, which opens with the first.
  mutating func book(
    _ tally: Tally, to kind: WritableKeyPath<Pieces, Int64>, at: Stamp, window length: Duration
  ) {
    var open =
      window ?? Window(from: toldUntil ?? at, deadline: at.instant + max(.zero, length))
    open.pieces.add(tally.pieces, to: kind)
    open.rollover = open.rollover || tally.rollover
    open.reset = open.reset || tally.reset
    totals.add(tally.pieces, to: kind)
    window = open
  }

  /// Closes the window; nil when it holds nothing.
  mutating func close(at: Stamp) -> CountRecord? {
    guard let closing = window else { return nil }
    window = nil
    let end = at.instant < closing.from.instant ? closing.from : at
    toldUntil = end
    return record(
      closing.pieces, from: closing.from, to: end, recovered: false, closing.rollover,
      closing.reset)
  }

  /// Books pieces that were made while nobody looked, as a record of their own.
  mutating func recover(_ window: Window, to: Stamp) -> CountRecord {
    totals.add(window.pieces.good, to: \.good)
    totals.add(window.pieces.scrap, to: \.scrap)
    totals.add(window.pieces.rework, to: \.rework)
    toldUntil = to
    return record(
      window.pieces, from: window.from, to: to, recovered: true, window.rollover, window.reset)
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
