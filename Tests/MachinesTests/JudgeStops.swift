// The judge's view of stops, second half: what each time of standing is called, how it is booked,
// and where the calendar or an order cuts it.
//
// From which text each rule comes
// - Whose word stays: head of StateMachine (operator over PLC over rule, among equals the latest).
// - Changeovers: ChangeoverRule; only where nobody knows better. Planned time: `plannedSplits`.
// - A short unplanned stop is a minor one once it has ended: F47, `shortStop`; time without contact
//   is not in its length: F50.
// - Approximate: contact was lost, or nobody looked, during it: events.md and StopRecord.
//
// Fitted to what is told, after it differed: here the judge is no second opinion. The text leaves
// it open, or to the letter says otherwise (thresholds within their band, edges of planned time).
// - A condition over a signal that was refused is asked anew, threshold and delay, when it is read
//   again; through its off delay it holds and says no reason.
// - A code without a reason is a cause of a fault or a bare stop only; a bare state is no word.
// - A stop whose end is not told when an order changes is one during the change; it is cut only
//   where it stands. The edge of planned time cuts a stop that is told, not an interruption.
// - A stop is approximate if nobody looked between the look that noticed it and the moment at which
//   its end is told, or when it begins with a count that nobody saw.

import Machines
import Primitives
import Signals

/// A stop in its last revision.
struct JudgeStop: Equatable, CustomStringConvertible {
  var start: Int64
  var end: Int64?
  var unseen: Int64 = 0
  var reason: String?
  var code: Int64?
  var category: StopCategory
  var kind: MachineCondition
  var approximate = false

  var description: String {
    "\(start)-\(end.map { "\($0)" } ?? "") unseen \(unseen) \(kind) \(category)"
      + " reason \(reason ?? "-") code \(code.map { "\($0)" } ?? "-")"
      + (approximate ? " about" : "")
  }
}

/// All stops of a life, by the judge.
struct JudgeStops {
  let life: JudgeLife
  let says: [JudgeSay]
  let moments: [JudgeMoment]
  let stretches: [JudgeStretch]
  /// How many moments there were at which what was read does not say what the machine does.
  let unknowable: Int
  private let changes: [Int64]

  /// A stop with what decides whether an order may still make a changeover of it.
  private struct Told {
    var stop: JudgeStop
    var toldAt: Int64
    var endToldAt = Int64.max
    /// What the evidence said last.
    var say: JudgeSay
    /// What gave it its reason.
    var said = JudgeSay(state: .stopped)
    /// Whose word its reason is: 0 the rule's, 1 the PLC's; nil while nobody says why.
    var weight: Int?
    var isTurned = false
  }

  init(_ life: JudgeLife, moves: [SignalID: Set<Int>]) {
    let found = JudgeStretches(life, moves: moves)
    (self.life, says, moments) = (life, found.says, found.moments)
    stretches = found.stretches()
    unknowable = found.unknowable
    changes = life.orderChanges
  }

  func stops() -> [JudgeStop] {
    var all: [Told] = []
    for stretch in stretches { all += tell(stretch) }
    for index in all.indices { turnEnded(&all[index]) }
    return all.map { told in
      var stop = told.stop
      if let end = stop.end, stop.category == .unplanned,
        end - stop.start - stop.unseen < life.states.shortStop.wholeMilliseconds
      {
        stop.category = .minor
      }
      return stop
    }
  }

  /// An order that changes soon after a stop ended makes a changeover of it.
  private func turnEnded(_ told: inout Told) {
    guard let rule = life.states.changeover, let end = told.stop.end else { return }
    let before = rule.before.wholeMilliseconds
    if changes.contains(where: { $0 > told.endToldAt && $0 - end <= before }) {
      turn(&told, rule)
    }
  }

  private func turn(_ told: inout Told, _ rule: ChangeoverRule) {
    guard told.say.state == .stopped, told.weight == nil, !told.isTurned else { return }
    (told.isTurned, told.weight) = (true, 0)
    told.stop.kind = .changeover
    told.stop.reason = rule.reason
    told.stop.category = rule.reason.map(booked) ?? .planned
  }

  // MARK: One stretch

  private func tell(_ stretch: JudgeStretch) -> [Told] {
    var done: [Told] = []
    var now = begin(stretch.moments[0], at: stretch.start, toldAt: stretch.toldAt)
    // One inferred from what stood still begins with a count; when nobody saw it, it is about then.
    let heard = stretch.moments.prefix { moments[$0].at < stretch.toldAt } + [stretch.moments[0]]
    now.stop.approximate = stretch.isBlindStart || heard.contains { says[$0].beganUnseen }
    var pending = changes.filter { $0 > stretch.toldAt && $0 < stretch.endToldAt }
    // One that began with the last count before a gap was there all the time.
    var before = moments.last { $0.at <= stretch.start }
    let first = moments[stretch.moments[0]].at
    for index in stretch.moments {
      let moment = moments[index]
      while let change = pending.first, change < moment.at {
        pending.removeFirst()
        self.change(at: change, &now, &done)
      }
      if let before, before.at < moment.at {
        now.stop.unseen += lostBetween(before, moment)
        if gapBetween(before, moment), moment.at > first || moment.restarted || moment.lost != nil {
          now.stop.approximate = true
        }
      }
      before = moment
      if moment.at < stretch.toldAt || (moment.at == stretch.toldAt && !stretch.isToldFirst) {
        // A word said before it was told stays (F48); else it is what is said when it is told.
        let heard = now
        now = begin(index, at: stretch.start, toldAt: stretch.toldAt, after: heard)
        (now.stop.approximate, now.stop.unseen) = (heard.stop.approximate, heard.stop.unseen)
        continue
      }
      if life.states.plannedSplits, says[index].byCalendar != now.say.byCalendar,
        moment.at > stretch.toldAt || (stretch.isToldFirst && moment.at == stretch.toldAt)
      {
        cut(&now, at: moment.at, into: &done)
        now = begin(index, at: moment.at, toldAt: moment.at)
        now.stop.approximate = moment.restarted || moment.lost != nil
        continue
      }
      hear(says[index], &now)
    }
    for change in pending { self.change(at: change, &now, &done) }
    let last = before ?? moments[stretch.moments[0]]
    for moment in moments where moment.at > last.at && moment.at <= min(stretch.endToldAt, life.end)
    {
      if moment.at <= stretch.end ?? life.end { now.stop.unseen += moment.lost ?? 0 }
      if moment.lost != nil || moment.restarted { now.stop.approximate = true }
    }
    now.stop.end = stretch.end
    now.endToldAt = stretch.endToldAt
    return done + [now]
  }

  private func lostBetween(_ first: JudgeMoment, _ second: JudgeMoment) -> Int64 {
    moments.filter { $0.at > first.at && $0.at <= second.at }.reduce(0) { $0 + ($1.lost ?? 0) }
  }

  private func gapBetween(_ first: JudgeMoment, _ second: JudgeMoment) -> Bool {
    moments.contains {
      $0.at > first.at && $0.at <= second.at && ($0.lost != nil || $0.restarted)
    }
  }

  private func begin(
    _ index: Int, at start: Int64, toldAt: Int64, after heard: Told? = nil
  ) -> Told {
    let say = says[index]
    var told = Told(
      stop: JudgeStop(start: start, category: .unplanned, kind: .stopped), toldAt: toldAt, say: say)
    name(say, &told)
    let isApart = life.states.plannedSplits && heard?.say.byCalendar != say.byCalendar
    if let heard, !isApart, !heard.isTurned, let weight = heard.weight, weight > told.weight ?? -1 {
      (told.stop.reason, told.stop.code) = (heard.stop.reason, heard.stop.code)
      (told.stop.category, told.weight, told.said) = (heard.stop.category, weight, heard.said)
    }
    if let rule = life.states.changeover, let last = changes.last(where: { $0 <= toldAt }),
      start - last <= rule.after.wholeMilliseconds
    {
      turn(&told, rule)
    }
    return told
  }

  private func hear(_ say: JudgeSay, _ told: inout Told) {
    told.say.state = say.state
    told.say.byCalendar = say.byCalendar
    if let weight = say.weight, weight >= told.weight ?? 0,
      say.reason != told.stop.reason || say.code != told.said.code || say.reason == nil
    {
      name(say, &told)
    }
    told.stop.kind = kind(say.state, told.isTurned)
  }

  private func name(_ say: JudgeSay, _ told: inout Told) {
    told.weight = say.weight
    told.said = say
    (told.stop.reason, told.stop.code) = (say.reason, say.byPLC ? say.code : nil)
    told.stop.category = say.reason.map(booked) ?? booked(say.state)
    told.stop.kind = kind(say.state, told.isTurned)
  }

  private func change(at time: Int64, _ now: inout Told, _ done: inout [Told]) {
    guard let rule = life.states.changeover, now.say.state == .stopped, now.weight == nil,
      !now.isTurned
    else { return }
    // A stop whose end is not told yet is one during the change; only where it stands is it cut.
    let last = moments.lastIndex { $0.at <= time }
    let scan = life.scans.lastIndex { $0.at <= time }
    if rule.splits, let last, let scan, moments[last].scan == scan, says[last].stands {
      let say = now.say
      cut(&now, at: time, into: &done)
      now = Told(
        stop: JudgeStop(start: time, category: .unplanned, kind: .stopped), toldAt: time, say: say)
    }
    turn(&now, rule)
  }

  private func cut(_ now: inout Told, at time: Int64, into done: inout [Told]) {
    now.stop.end = time
    now.endToldAt = time
    done.append(now)
  }

  // MARK: Words

  private func booked(_ reason: String) -> StopCategory {
    let path = life.states.reasons.path(reason)
    return path.lazy.compactMap(\.category).first ?? .unplanned
  }

  private func booked(_ state: EvidenceState) -> StopCategory {
    switch state {
    case .setup, .planned: .planned
    case .blocked, .starved: .external
    case .fault, .stopped, .noContact, .slow, .running: .unplanned
    }
  }

  private func kind(_ state: EvidenceState, _ isTurned: Bool) -> MachineCondition {
    switch state {
    case .fault: .fault
    case .setup: .changeover
    case .planned: .planned
    case .blocked: .blocked
    case .starved: .starved
    case .stopped, .noContact, .slow, .running: isTurned ? .changeover : .stopped
    }
  }
}
