// The judge's view of running slowly: for every time that is told as running, window by window,
// whether it made less than a share of what the ideal rate makes.
//
// From which text each rule comes
// - Slow is running below a share of the ideal rate: point 2 of the issue; a claim of evidence says
//   it as well. The windows, and from when the first of them counts: SlowRule.
// - While an interruption waits to be told, the rate waits: head of StateMachineDeadlines. So the
//   window ends with the first look at which the machine runs again.
// - What is due comes before the samples of its moment; what comes late, after a restart, with the
//   first look: heads of StateMachineDriver and StateMachineDeadlines.
// - The ideal cycle is the time of one piece: Order, KPI and the setting.

import Machines
import Primitives
import Signals

/// A time that is told as running.
struct JudgeRun {
  var from: Int64
  /// When it was known, so that its first window begins.
  var toldAt: Int64
  /// It is told because it lasted, before what is read at that very moment.
  var isToldFirst = false
  var end: Int64?
  var endToldAt = Int64.max

  init(from: Int64, toldAt: Int64, isToldFirst: Bool = false) {
    (self.from, self.toldAt, self.isToldFirst) = (from, toldAt, isToldFirst)
  }
}

/// A time of running slowly; it has no end while it lasts.
struct JudgeSlowTime: Equatable, CustomStringConvertible {
  var from: Int64
  var to: Int64?

  var description: String { "\(from)-\(to.map { "\($0)" } ?? "")" }

  /// What was told as slow.
  static func told(_ facts: [Fact]) -> [JudgeSlowTime] {
    var times: [JudgeSlowTime] = []
    for fact in facts {
      guard case .stateChanged(let state, let previous, _, _) = fact.kind else { continue }
      let at = fact.at.instant.milliseconds
      if previous == .slow { times[times.count - 1].to = at }
      if state == .slow { times.append(JudgeSlowTime(from: at)) }
    }
    return joined(times)
  }

  /// Without times of no length, and those that touch as one.
  static func joined(_ times: [JudgeSlowTime]) -> [JudgeSlowTime] {
    var all: [JudgeSlowTime] = []
    for time in times where time.to != time.from {
      if let last = all.last, last.to == time.from {
        all[all.count - 1].to = time.to
      } else {
        all.append(time)
      }
    }
    return all
  }
}

struct JudgeSlow {
  private let found: JudgeStretches
  private let stops: [JudgeStop]
  private let rules: StateRules
  /// The pieces of the counter that gives the rate, by time.
  private let made: [Int64: Int64]

  init(_ life: JudgeLife, _ counts: JudgeCounts, _ stops: [JudgeStop]) {
    self.stops = stops
    found = JudgeStretches(life, moves: counts.moves)
    rules = life.states
    let each = life.pieces(rules.counter)
    made = (rules.counter.flatMap { counts.counts[$0] } ?? [:]).mapValues { $0 * each }
  }

  func times() -> [JudgeSlowTime] { JudgeSlowTime.joined(found.runs().flatMap(times)) }

  /// From when a run is told: where an order that changed while it was not told yet made a
  /// changeover of the stop before it, that was told, and no state begins before the one before it.
  private func begin(of run: JudgeRun) -> Int64 {
    guard let rule = rules.changeover, let stop = stops.first(where: { $0.end == run.from }),
      stop.kind == .changeover,
      let last = found.moments.lastIndex(where: { $0.at < run.from }),
      found.says[last].state == .stopped
    else { return run.from }
    let changes = found.evidence.life.orderChanges
    let after = rule.after.wholeMilliseconds
    let isTurned = changes.contains { $0 <= run.from && stop.start - $0 <= after }
    let cut = changes.first { $0 > run.from && $0 < run.toldAt }
    return isTurned ? run.from : cut ?? run.from
  }

  private func times(_ run: JudgeRun) -> [JudgeSlowTime] {
    var times: [JudgeSlowTime] = []
    let from = begin(of: run)
    var last = from
    func tell(_ isSlow: Bool, at: Int64) {
      let isOpen = times.last.map { $0.to == nil } ?? false
      guard isSlow != isOpen else { return }
      if isSlow { times.append(JudgeSlowTime(from: at)) } else { times[times.count - 1].to = at }
      last = at
    }
    let rows = found.moments.indices.filter { row in
      let at = found.moments[row].at
      return at < run.endToldAt && (at > run.toldAt || (run.isToldFirst && at == run.toldAt))
    }
    // What was heard when it was told: of its own moment, or of the one before.
    let first = found.moments.indices.last { row in
      let at = found.moments[row].at
      return run.isToldFirst ? at < run.toldAt : at <= run.toldAt
    }
    guard let first else { return [] }
    var before = first
    var claimed = found.says[first].state == .slow
    var window = (from: run.toldAt, isSlow: false)
    var countsFrom = run.isToldFirst ? run.toldAt : run.toldAt + 1
    tell(claimed, at: from)
    for row in rows {
      let moment = found.moments[row]
      while let length, window.from + length <= moment.at, !found.says[before].stands,
        !moment.restarted
      {
        let due = window.from + length
        window = (due, isSlow(countsFrom..<due, window.from, due))
        countsFrom = due
        tell(claimed || window.isSlow, at: due)
      }
      before = row
      guard !found.says[row].stands else { continue }
      claimed = found.says[row].state == .slow
      tell(claimed || window.isSlow, at: moment.at)
      if let length, window.from + length <= moment.at {
        window = (moment.at, isSlow(countsFrom..<moment.at + 1, window.from, moment.at))
        countsFrom = moment.at + 1
        tell(claimed || window.isSlow, at: moment.at)
      }
    }
    if let end = run.end, times.last?.to == nil, !times.isEmpty {
      times[times.count - 1].to = max(end, last)
    }
    return times
  }

  /// Milliseconds of a window; nil where nobody looks at the rate.
  private var length: Int64? { rules.slow.map { max($0.window.wholeMilliseconds, 1000) } }

  /// Whether so few pieces came that the ideal rate would have made them in less than the share.
  private func isSlow(_ times: Range<Int64>, _ from: Int64, _ to: Int64) -> Bool {
    guard let rule = rules.slow, let cycle = rules.idealCycle?.wholeMilliseconds else {
      return false
    }
    let pieces = made.reduce(0) { times.contains($1.key) ? $0 + $1.value : $0 }
    return pieces * cycle * 1000 < (to - from) * rule.share
  }
}

extension JudgeLife {
  /// Pieces of one count; 1 where no machine follows the counter.
  func pieces(_ signal: SignalID?) -> Int64 {
    guard isFollowed else { return 1 }
    return counters.first { $0.rules.signal == signal }?.rules.piecesPerCount ?? 1
  }
}
