// A second, naive opinion about states: it holds the whole recorded trace in memory, answers every
// condition at every 50 ms of it from the definition, cuts the time into pieces of standing and
// running, and only then asks which of the pieces are stops.

import Machines
import Primitives
import Signals

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

struct StateReference {
  let rules: StateRules
  let frames: [CellFrame]
  /// The moments at which somebody looked, in units of 50 ms. Time without contact is not there.
  private let moments: [Int]
  private var judged: [Judged] = []

  init(_ rules: StateRules, _ frames: [CellFrame]) {
    self.rules = rules
    // Where every signal that decides is refused, nobody can see the machine.
    let signals = Self.signals(rules)
    let frames = frames.map { frame in
      var frame = frame
      let refused = [
        Cell.run: frame.run == nil, Cell.code: frame.code == nil,
        Cell.blocked: frame.blocked == nil,
      ]
      if signals.allSatisfy({ refused[$0] == true }) { frame.seen = false }
      return frame
    }
    self.frames = frames
    moments = (0..<frames.count * 2).filter { frames[$0 / 2].seen }
    judged = rules.evidence.claims.map { judge($0.rule) }
  }

  private static func signals(_ rules: StateRules) -> [SignalID] {
    func gather(_ rule: EvidenceRule) -> [SignalID] {
      switch rule.test {
      case .bit(let signal), .code(let signal, _, _), .above(let signal, _, _),
        .below(let signal, _, _), .counterStands(let signal, _), .pulseStands(let signal, _):
        [signal]
      case .all(let rules), .any(let rules): rules.flatMap(gather)
      case .not(let inner): gather(inner)
      }
    }
    return rules.evidence.claims.flatMap { gather($0.rule) } + (rules.counter.map { [$0] } ?? [])
  }

  private func steps(_ duration: Duration) -> Int {
    Int(duration.components.seconds) * 20
      + Int(duration.components.attoseconds / 50_000_000_000_000_000)
  }

  // MARK: Conditions

  /// A condition with what it says at every moment.
  private struct Judged {
    var rule: EvidenceRule
    var raw: [Bool?]
    var answers: [Bool?]
    var parts: [Judged]
  }

  private func judge(_ rule: EvidenceRule) -> Judged {
    let parts: [Judged] =
      switch rule.test {
      case .all(let rules), .any(let rules): rules.map(judge)
      case .not(let inner): [judge(inner)]
      case .bit, .code, .above, .below, .counterStands, .pulseStands: []
      }
    let raw = raw(rule.test, parts.map(\.answers))
    var answers: [Bool?] = []
    for index in moments.indices {
      guard let now = raw[index] else {
        answers.append(nil)
        continue
      }
      // How long it has said so without a break.
      var first = index
      while first > 0, raw[first - 1] == now { first -= 1 }
      let before = index == 0 ? nil : answers[index - 1]
      let wait = steps(now ? rule.onDelay : rule.offDelay)
      if before == nil, !now {
        answers.append(false)
      } else {
        answers.append(before == now || index - first >= wait ? now : !now)
      }
    }
    return Judged(rule: rule, raw: raw, answers: answers, parts: parts)
  }

  private func raw(_ test: EvidenceRule.Test, _ each: [[Bool?]]) -> [Bool?] {
    switch test {
    case .bit(let signal):
      return frames(of: moments).map { signal == Cell.run ? $0.run : $0.blocked }
    case .code(_, let table, let anyOther):
      return frames(of: moments).map { frame in
        frame.code.map { code in
          table.contains { $0.values.contains(code) } || (anyOther && code != 0)
        }
      }
    case .above(_, let on, let off), .below(_, let on, let off):
      var isAbove = false
      if case .above = test { isAbove = true }
      var held = false
      return frames(of: moments).map { frame in
        let level = Double(frame.level)
        if isAbove ? level >= on : level <= on { held = true }
        if isAbove ? level < off : level > off { held = false }
        return held
      }
    case .counterStands(_, let limit): return stands(limit) { $0.count != $1.count }
    case .pulseStands(_, let limit): return stands(limit) { !$0.pulse && $1.pulse }
    case .all:
      return moments.indices.map { index in
        let said = each.map { $0[index] }
        return said.contains(false) ? false : said.contains(nil) ? nil : true
      }
    case .any:
      return moments.indices.map { index in
        let said = each.map { $0[index] }
        return said.contains(true) ? true : said.contains(nil) ? nil : false
      }
    case .not: return each[0].map { $0.map { !$0 } }
    }
  }

  private func frames(of moments: [Int]) -> [CellFrame] { moments.map { frames[$0 / 2] } }

  /// At each moment the last one at which it moved: indices into `moments`.
  private func moves(_ moved: (CellFrame, CellFrame) -> Bool) -> [Int] {
    var last = 0
    return moments.indices.map { index in
      let isScan = moments[index] % 2 == 0
      if isScan, index > 0, moved(frames[moments[index - 1] / 2], frames[moments[index] / 2]) {
        last = index
      }
      return last
    }
  }

  private func stands(
    _ limit: StillLimit, _ moved: (CellFrame, CellFrame) -> Bool
  ) -> [Bool?] {
    let length: Int
    switch limit {
    case .duration(let duration): length = steps(duration)
    case .cycles(let hundredths):
      guard let cycle = rules.idealCycle else { return moments.map { _ in nil } }
      length = steps(cycle) * Int(hundredths) / 100
    }
    let last = moves(moved)
    return moments.indices.map { index in
      let due = last[index] + length
      guard due <= index else { return false }
      // Between two scans: it is proved by the look before, unless the next one shows no movement.
      guard moments[index] % 2 == 1, moments[index] / 2 + 1 < frames.count else { return true }
      let (this, next) = (frames[moments[index] / 2], frames[moments[index] / 2 + 1])
      return !(next.seen && moved(this, next)) || due <= index - 1
    }
  }

  /// The condition that speaks for a rule that holds, or that fails.
  private func speaker(_ judged: Judged, _ index: Int) -> Judged {
    let raw = judged.raw[index]
    switch judged.rule.test {
    case .bit, .code, .above, .below, .counterStands, .pulseStands: return judged
    case .not: return speaker(judged.parts[0], index)
    case .any: break
    case .all:
      guard raw == true else { break }
      let each = judged.parts.map { speaker($0, index) }
      return each.first { if case .code = $0.rule.test { true } else { false } } ?? each[0]
    }
    let part = judged.parts.first { $0.answers[index] == raw } ?? judged.parts[0]
    return speaker(part, index)
  }

  // MARK: Verdicts

  struct Say: Equatable {
    var state: EvidenceState
    var byCalendar = false
    var text = ""
    var weight = 0
    var category = StopCategory.unplanned
    var classified = false
    var code: Int64?
    /// The moment of the last count, in units of 50 ms.
    var began: Int?

    var stands: Bool { state != .running && state != .slow }
  }

  private func say(_ index: Int) -> Say {
    let order = EvidenceRules.settled(rules.evidence.order)
    var said = Say(state: .running)
    let claims = rules.evidence.claims
    let made = claims.indices.filter { judged[$0].answers[index] == true }
    let strongest = order.lazy.compactMap { state in
      made.first { claims[$0].state == state }
    }.first
    if let strongest {
      said = mean(claims[strongest].state, judged[strongest], index)
    } else if claims.indices.contains(where: {
      claims[$0].state == .running && judged[$0].answers[index] == false
    }) {
      said.state = .stopped
    }
    let rank = order.firstIndex(of: said.state) ?? 0
    if frames[moments[index] / 2].planned, said.stands,
      rank > order.firstIndex(of: .planned) ?? 0
    {
      let began = said.began
      said = Say(state: .planned, byCalendar: true, began: began)
    }
    if said.text.isEmpty { usual(&said) }
    return said
  }

  private func mean(_ state: EvidenceState, _ claim: Judged, _ index: Int) -> Say {
    var said = Say(state: state)
    let speaker = speaker(claim, index)
    let holds = speaker.answers[index] == true
    switch speaker.rule.test {
    case .code(_, let table, _) where holds:
      let code = frames[moments[index] / 2].code ?? 0
      said.code = code
      if table.contains(where: { $0.values.contains(code) && $0.reason != nil }) {
        said.text = code == 12 ? "jam" : "lunch"
        said.category = code == 12 ? .unplanned : .planned
        (said.weight, said.classified) = (2, true)
      }
    case .counterStands where holds: said.began = moments[moves { $0.count != $1.count }[index]]
    case .pulseStands where holds: said.began = moments[moves { !$0.pulse && $1.pulse }[index]]
    case .code, .counterStands, .pulseStands, .bit, .above, .below, .all, .any, .not: break
    }
    return said
  }

  private func usual(_ said: inout Say) {
    switch said.state {
    case .setup: (said.text, said.category) = ("changeover", .planned)
    case .planned: (said.text, said.category) = ("planned stop", .planned)
    case .blocked, .starved: (said.text, said.category) = (said.state.rawValue, .external)
    case .fault: said.text = "fault, no code"
    case .stopped, .noContact, .slow, .running: said.text = "stopped, no reason"
    }
    said.classified = ![.fault, .stopped, .running, .slow].contains(said.state)
    said.weight = said.classified ? 1 : 0
    if said.classified { said.code = nil }
    if let code = said.code { (said.text, said.weight) = ("code \(code)", 2) }
  }

  // MARK: Pieces

  /// A time in which it stood, or ran, without a cut.
  private struct Piece {
    var stands: Bool
    /// Indices into `moments`.
    var first: Int
    var last: Int
    /// In units of 50 ms; `to` is where the next piece, the loss or the trace begins or ends.
    var from: Int
    var to: Int
    /// Nobody looked before it: the loss began then. Nil without one.
    var lostAt: Int?
    var isFirst = false
    /// Something was made while nobody looked.
    var moved = false
    var followsRestart = false
  }

  private func pieces(_ says: [Say]) -> [Piece] {
    var pieces: [Piece] = []
    for index in moments.indices {
      let tick = moments[index]
      let frame = frames[tick / 2]
      let lost = index > 0 ? moments[index - 1] + 1 < tick : tick > 0
      let isScan = tick % 2 == 0
      let moved =
        index > 0 && isScan && rules.counter != nil
        && frames[moments[index - 1] / 2].count != frame.count
      let isCut = index == 0 || lost || (isScan && frame.restarted && moved)
      if !isCut, let piece = pieces.last, piece.stands == says[index].stands {
        pieces[pieces.count - 1].last = index
        continue
      }
      if !pieces.isEmpty { pieces[pieces.count - 1].to = lost ? moments[index - 1] + 1 : tick }
      pieces.append(
        Piece(
          stands: says[index].stands, first: index, last: index, from: tick, to: tick,
          lostAt: lost && index > 0 ? moments[index - 1] + 1 : nil, isFirst: index == 0,
          moved: isCut && moved, followsRestart: isCut && !lost && index > 0))
    }
    if let last = pieces.last { pieces[pieces.count - 1].to = moments[last.last] + 1 }
    return pieces
  }

  /// A stop as a stretch of time, before anybody asks why.
  struct Stretch {
    var start: Int
    /// When it was told; from then on it can be classified.
    var toldAt: Int
    var toldByScan: Bool
    var end: Int?
    var endToldAt = Int.max
    var endToldByScan = true
    /// Times without contact that are not in it yet: each before one of its moments, or before its
    /// end.
    var gaps: [Int: Int] = [:]
    var lastGap = 0
    /// The moments at which it stood and was told.
    var moments: [Int] = []
  }

  /// Whether a time comes while the piece lasts, or with its end; a restart there has not seen it.
  private func passes(_ due: Int, _ piece: Piece) -> Bool {
    guard due == piece.to, due > piece.from else { return due <= piece.to }
    return due < frames.count * 2 && !(due % 2 == 0 && frames[due / 2].restarted)
  }

  private func stretches(_ says: [Say]) -> [Stretch] {
    let pieces = pieces(says)
    let (ignored, least) = (steps(rules.ignoreUnder), steps(rules.minimumRun))
    var done: [Stretch] = []
    var open: Stretch?
    var ranFrom = 0
    var dip: Int?
    func close(_ end: Int, _ told: Int, byScan: Bool = true) {
      open?.end = end
      open?.endToldByScan = byScan
      open?.endToldAt = told
      if let open { done.append(open) }
      open = nil
    }
    for (number, piece) in pieces.enumerated() {
      let next = number + 1 < pieces.count ? pieces[number + 1] : nil
      let gap = piece.lostAt.map { piece.from - $0 }
      let indices = Array(piece.first...piece.last)
      if piece.stands {
        let isCut = piece.isFirst || gap != nil || piece.followsRestart
        if open != nil, isCut, piece.moved {
          open?.lastGap += gap ?? 0
          close(piece.from, piece.from)
        }
        if open != nil {
          let before = (gap ?? 0) + (open?.lastGap ?? 0)
          open?.gaps[piece.first] = before
          open?.lastGap = 0
          open?.moments += indices
        } else if let dip, let gap, !piece.moved {
          open = Stretch(
            start: dip, toldAt: piece.from, toldByScan: true, gaps: [piece.first: gap],
            moments: indices)
        } else if piece.isFirst || gap != nil
          || (isCut && piece.moved && done.last?.endToldAt == piece.from)
        {
          open = Stretch(start: piece.from, toldAt: piece.from, toldByScan: true, moments: indices)
        } else {
          // It stood after a running that was seen.
          let began = says[piece.first].began.map { max(ranFrom, min($0, piece.from)) }
          let start = began ?? piece.from
          let due = max(start + ignored, piece.from)
          if passes(due, piece) {
            let told = indices.filter { moments[$0] >= due }
            let voice = indices.last { moments[$0] < due }
            open = Stretch(
              start: start, toldAt: due, toldByScan: due == piece.from,
              moments: (voice.map { [$0] } ?? []) + told)
          }
          dip = open == nil ? start : nil
          continue
        }
        dip = nil
      } else {
        defer { dip = nil }
        guard open != nil else {
          if piece.isFirst || gap != nil { ranFrom = piece.from }
          continue
        }
        let isCut = gap != nil || piece.followsRestart
        if (isCut && piece.moved) || least == 0 {
          open?.lastGap += gap ?? 0
          close(piece.from, piece.from)
          ranFrom = piece.from
        } else {
          open?.lastGap += gap ?? 0
          if passes(piece.from + least, piece) {
            close(piece.from, piece.from + least, byScan: false)
          } else if let next, next.lostAt != nil || next.followsRestart,
            next.moved || (next.lostAt != nil && !next.stands)
          {
            close(piece.from, next.from)
          }
          ranFrom = piece.from
        }
      }
    }
    if let open { done.append(open) }
    return done
  }

  // MARK: Stops

  func stops() -> [CellStop] {
    let says = moments.indices.map(say)
    let changes = frames.indices.filter { frames[$0].orderChanged }.map { $0 * 2 }
    var stops: [(stop: CellStop, endToldAt: Int, byScan: Bool)] = []
    for stretch in stretches(says) {
      var teller = Teller(rules: rules, stretch: stretch, changes: changes)
      for index in stretch.moments {
        let gap = stretch.gaps[index] ?? 0
        teller.hear(says[index], at: max(moments[index], stretch.toldAt), after: gap)
      }
      stops += teller.finish()
    }
    return stops.map { stop, told, byScan in
      var stop = stop
      guard let rule = rules.changeover, let end = stop.end, !stop.classified,
        stop.kind == .stopped, stop.text == "stopped, no reason" || stop.text == "fault, no code"
      else { return stop }
      let isNear = changes.contains {
        ($0 > told || ($0 == told && !byScan)) && end + rule.before.wholeMilliseconds >= $0 * 50
      }
      if isNear {
        (stop.text, stop.category, stop.classified) = ("changeover", .planned, true)
        stop.kind = .changeover
      }
      return stop
    }
  }
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
    if let rule = rules.changeover, let change, say.state == .stopped, say.weight == 0,
      Int64(start - change) * 50 <= rule.after.wholeMilliseconds
    {
      turn()
    }
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
