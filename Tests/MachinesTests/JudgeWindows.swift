// The judge's view of windows: whether the records that were told hold exactly the pieces that were
// booked, each once, in the window in which it was made.
//
// From which text each rule comes
// - Every piece in exactly one record, records that do not overlap, sums that are the totals, a
//   window told `countWindow` after its first piece at the latest: head of CountBook.
// - Pieces made while nobody looked in a record of their own, with the window in which they were
//   made: CountRecord, point 4 of the issue.
// - A loss of contact closes the window before the pieces of its own moment, which another unit may
//   show: head of CountTurn.
// - Good pieces are the total less the scrap where nothing counts them; scrap seen after its piece
//   was told is taken from the next good ones: head of CountBook.

import Machines
import Primitives
import Signals

struct JudgeWindows {
  private let bookings: [JudgeBooking]
  private let window: Int64
  private let derivesGood: Bool
  private let orderChanges: [Int64]
  /// When a unit was lost.
  private let losses: Set<Int64>
  /// The pieces of each role that stand in no record yet.
  private var owed: Int64 = 0
  private var totals: [CountRole: Int64] = [:]

  init(_ bookings: [JudgeBooking], _ life: JudgeLife) {
    self.bookings = bookings
    window = life.countWindow.wholeMilliseconds
    orderChanges = life.orderChanges
    losses = life.losses
    let roles = life.counters.map(\.role)
    derivesGood = roles.contains(.total) && !roles.contains(.good)
  }

  /// What is wrong with the records; nil when they tell what was booked.
  func fault(in records: [CountRecord]) -> String? {
    var open = bookings
    var judge = self
    var until = Int64.min
    for record in records {
      let (from, to) = (record.from.judged, record.to.judged)
      if from > to || from < until { return "a record at \(from)..\(to) overlaps" }
      var mine = open.filter { booking in
        record.recovered
          ? booking.recoveredFrom != nil && booking.at == to
          : booking.recoveredFrom == nil && booking.at <= to
      }
      if !record.recovered, losses.contains(to) {
        var (one, other) = (judge, judge)
        let before = mine.filter { $0.at < to }
        if one.compare(record, mine) != nil, other.compare(record, before) == nil { mine = before }
      }
      // One record for all counters of a moment, from the first that was not read any more.
      if record.recovered, let lost = mine.compactMap(\.recoveredFrom).min(),
        from != max(lost, until)
      {
        return "\(from)..\(to): recovered from \(lost)"
      }
      until = to
      open.removeAll { mine.contains($0) }
      if let wrong = judge.compare(record, mine) { return "\(from)..\(to): \(wrong)" }
      for change in orderChanges where !record.recovered && change < to {
        if mine.contains(where: { $0.at < change }) {
          return "\(from)..\(to): pieces of the order before \(change)"
        }
      }
      if !record.recovered, let first = mine.map(\.at).min(), to - first > window {
        return "\(from)..\(to): told too late"
      }
    }
    return open.isEmpty ? nil : "not told: \(open)"
  }

  private mutating func compare(_ record: CountRecord, _ mine: [JudgeBooking]) -> String? {
    func sum(_ role: CountRole) -> Int64 {
      mine.filter { $0.role == role }.reduce(0) { $0 + $1.pieces }
    }
    var good = sum(.good)
    if derivesGood {
      let rest = sum(.total) - sum(.scrap) - owed
      good = max(0, rest)
      owed = max(0, -rest)
    }
    let due: [(String, Int64, Int64)] = [
      ("good", good, record.good), ("scrap", sum(.scrap), record.scrap),
      ("rework", sum(.rework), record.rework),
      ("goodTotal", add(.good, good), record.goodTotal),
      ("scrapTotal", add(.scrap, sum(.scrap)), record.scrapTotal),
      ("reworkTotal", add(.rework, sum(.rework)), record.reworkTotal),
    ]
    for (name, expected, seen) in due where expected != seen {
      return "\(name) is \(seen), not \(expected)"
    }
    if record.rollover != mine.contains(where: { $0.verdict == .rollover }) { return "rollover" }
    if record.reset != mine.contains(where: { $0.verdict == .reset }) { return "reset" }
    return nil
  }

  private mutating func add(_ role: CountRole, _ pieces: Int64) -> Int64 {
    totals[role, default: 0] += pieces
    return totals[role] ?? 0
  }
}

extension JudgeLife {
  /// When a unit was lost: it did not answer, or refused every signal.
  fileprivate var losses: Set<Int64> {
    func isLost(_ unit: UnitID, _ scan: JudgeScan) -> Bool {
      let own = JudgeScan.signals.filter { self.unit($0) == unit }
      return !own.isEmpty && own.allSatisfy { !answers($0, scan) || scan.value(of: $0) == nil }
    }
    var found: Set<Int64> = []
    for (before, scan) in zip(scans, scans.dropFirst()) {
      for unit in [UnitID(0), UnitID(1)] where isLost(unit, scan) && !isLost(unit, before) {
        found.insert(scan.at)
      }
    }
    return found
  }
}

extension JudgeBooking: CustomStringConvertible {
  var description: String {
    "\(at) \(role.rawValue) \(pieces)\(recoveredFrom.map { " recovered from \($0)" } ?? "")"
      + (verdict.map { " \($0.rawValue)" } ?? "")
  }
}

extension CountRecord {
  var words: String {
    "\(from.judged)..\(to.judged) good \(good) scrap \(scrap)"
      + " rework \(rework)\(recovered ? " recovered" : "")\(rollover ? " rollover" : "")"
      + (reset ? " reset" : "")
  }
}
