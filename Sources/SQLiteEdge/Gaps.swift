// A row that stands for a run of events which left the middle of the journal.
//
//   place 4711, due to nobody, eight bytes: the last place of the run
//
// Invariants
// - It is a row like any other: its digest is that of its bytes and it carries the same proof, so a
//   run that left is never taken for damage, nor damage for a run that left.
// - No event is so short: eight bytes are less than an envelope.
// - Where a gap begins, no row follows before its end; what a salvage finds there is old and goes.
//
// Why a row and no list: a list of runs would be written again with each; a row is written once,
// costs 60 bytes, and goes with the range that is deleted later.

internal import CSQLite
internal import Outbox

enum Gap {
  static let byteCount = 8

  /// The last place of the run that a row stands for; nil when it is an event.
  static func end(due: UInt64, _ count: Int, _ bytes: @autoclosure () -> [UInt8]) -> UInt64? {
    guard due == 0, count == byteCount else { return nil }
    return StoredNumber.read(bytes())
  }

  /// The row of a run.
  static func row(
    _ run: ClosedRange<UInt64>, digest: ([UInt8]) -> [UInt8]
  ) -> StoredEvent {
    let bytes = StoredNumber.bytes(run.upperBound)
    return StoredEvent(sequence: run.lowerBound, bytes: bytes, digest: digest(bytes), due: 0)
  }
}

extension Connection {
  /// Takes runs out of the middle, each by one deletion, and puts their rows in their place.
  mutating func thin(
    _ runs: [ClosedRange<UInt64>], _ gaps: [StoredEvent]
  ) throws(StoreFault) {
    for (run, gap) in zip(runs, gaps) {
      try self.run(.deleteRun) {
        $0.bind(1, run.lowerBound)
        $0.bind(2, run.upperBound)
      }
      try put(gap, .insertEvent)
    }
  }

  /// The runs that the rows of a salvaged journal stand for; what is found inside of them goes.
  mutating func keepGaps() throws(StoreFault) -> [UInt64: UInt64] {
    var gaps: [UInt64: UInt64] = [:]
    try rows("SELECT sequence, body FROM event WHERE due = 0 AND length(body) = \(Gap.byteCount)") {
      gaps[$0.unsigned(0)] = StoredNumber.read($0.bytes(1))
      return true
    }
    for (first, last) in gaps where last > first {
      try run(.deleteRun) {
        $0.bind(1, first + 1)
        $0.bind(2, last)
      }
    }
    return gaps
  }
}
