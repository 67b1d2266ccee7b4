// What the reference reads and says, and how it tells one stretch of standing as stops.

import Machines
import Primitives

/// What one scan of 100 ms reads, and what happened just before it.
struct CellFrame {
  var run: Bool?
  var code: Int64?
  var blocked: Bool?
  var level: Int64
  var count: Int64
  var pulse: Bool
  var seen = true
  var restarted = false
  var orderChanged = false
  /// Whether the time from here on is planned.
  var planned = false
}

struct CellStop: Equatable {
  var start: Int64
  var end: Int64?
  var unseen: Int64 = 0
  var text: String
  var category: StopCategory
  var classified: Bool
  var kind: MachineCondition
}

/// Tells one stretch: what it is called, and where the calendar or an order cuts it.
struct Teller {
  let rules: StateRules
  let stretch: StateReference.Stretch
  let changes: [Int]
  private var heard: [(stop: CellStop, endToldAt: Int, byScan: Bool)] = []
  private var open: CellStop?
  private var said = StateReference.Say(state: .stopped)
  private var isTurned = false
  private var next = 0
  private var lastHeard = Int.min
  /// What was said before it was told.
  var early: [StateReference.Say] = []

  init(rules: StateRules, stretch: StateReference.Stretch, changes: [Int]) {
    (self.rules, self.stretch, self.changes) = (rules, stretch, changes)
  }

  mutating func hear(_ say: StateReference.Say, at tick: Int, after gap: Int) {
    guard open != nil else {
      while next < changes.count,
        changes[next] < tick || (changes[next] == tick && stretch.toldByScan)
      {
        next += 1
      }
      begin(say, at: stretch.start, tick, change: next > 0 ? changes[next - 1] : nil)
      open?.unseen = Int64(gap) * 50
      return
    }
    while next < changes.count, changes[next] <= tick {
      change(at: changes[next])
      next += 1
    }
    lastHeard = tick
    open?.unseen += Int64(gap) * 50
    if rules.plannedSplits, say.byCalendar != said.byCalendar {
      cut(at: tick, told: tick)
      begin(say, at: tick, tick, change: next > 0 ? changes[next - 1] : nil)
      return
    }
    said.state = say.state
    said.byCalendar = say.byCalendar
    let isNew =
      say.classified || say.code != nil
    if isNew, say.weight >= said.weight, say.text != open?.text {
      (said.weight, said.code) = (say.weight, say.code)
      name(say.text, say.category, say.classified)
    }
  }

  private mutating func begin(
    _ say: StateReference.Say, at start: Int, _ tick: Int, change: Int?
  ) {
    said = say
    isTurned = false
    lastHeard = tick
    open = CellStop(
      start: Int64(start) * 50, text: say.text, category: say.category,
      classified: say.classified, kind: .stopped)
    recall(say)
    if let rule = rules.changeover, let change, say.state == .stopped, said.weight == 0,
      Int64(start - change) * 50 <= rule.after.wholeMilliseconds
    {
      turn()
    }
  }

  /// The weightiest word on it stays, among equals the later.
  private mutating func recall(_ say: StateReference.Say) {
    var word: StateReference.Say?
    for now in early + [say] {
      if rules.plannedSplits, word?.byCalendar != now.byCalendar { word = nil }
      guard now.classified || now.code != nil else { continue }
      if now.weight >= word?.weight ?? 0 { word = now }
    }
    early = []
    guard let word else { return }
    (said.weight, said.code) = (word.weight, word.code)
    name(word.text, word.category, word.classified)
  }

  private mutating func name(_ text: String, _ category: StopCategory, _ classified: Bool) {
    open?.text = text
    open?.category = category
    open?.classified = classified
  }

  private mutating func turn() {
    isTurned = true
    name("changeover", .planned, true)
    said.weight = 1
  }

  private mutating func change(at tick: Int) {
    guard let rule = rules.changeover, said.state == .stopped, said.weight == 0 else { return }
    if rule.splits, lastHeard >= tick - 1 {
      cut(at: tick, told: tick)
      begin(said, at: tick, tick, change: nil)
    }
    turn()
  }

  private mutating func cut(at end: Int, told: Int, byScan: Bool = true) {
    guard var stop = open else { return }
    stop.end = Int64(end) * 50
    stop.kind = kind
    heard.append((stop, told, byScan))
  }

  private var kind: MachineCondition {
    switch said.state {
    case .fault: .fault
    case .setup: .changeover
    case .planned: .planned
    case .blocked: .blocked
    case .starved: .starved
    case .stopped, .noContact, .slow, .running: isTurned ? .changeover : .stopped
    }
  }

  mutating func finish() -> [(stop: CellStop, endToldAt: Int, byScan: Bool)] {
    while next < changes.count,
      changes[next] < stretch.endToldAt
        || (changes[next] == stretch.endToldAt && stretch.endToldByScan)
    {
      change(at: changes[next])
      next += 1
    }
    open?.unseen += Int64(stretch.lastGap) * 50
    if let end = stretch.end {
      cut(at: end, told: stretch.endToldAt, byScan: stretch.endToldByScan)
    } else if var stop = open {
      stop.kind = kind
      heard.append((stop, Int.max, true))
    }
    return heard
  }
}
