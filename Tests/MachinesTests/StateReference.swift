// A second, naive opinion about states: it holds the whole recorded trace in memory, answers every
// condition at every 50 ms of it from the definition, cuts the time into pieces of standing and
// running, and only then asks which of the pieces are stops.

import Machines
import Primitives
import Signals

struct StateReference {
  let rules: StateRules
  let frames: [CellFrame]
  /// The moments at which somebody looked, in units of 50 ms. Time without contact is not there.
  private(set) var moments: [Int]
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
    rules.evidence.claims.flatMap { signals($0.rule) } + (rules.counter.map { [$0] } ?? [])
  }

  private static func signals(_ rule: EvidenceRule) -> [SignalID] {
    switch rule.test {
    case .bit(let signal), .code(let signal, _, _), .above(let signal, _, _),
      .below(let signal, _, _), .counterStands(let signal, _), .pulseStands(let signal, _):
      [signal]
    case .all(let rules), .any(let rules): rules.flatMap(signals)
    case .not(let inner): signals(inner)
    }
  }

  func steps(_ duration: Duration) -> Int {
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
    /// It stands under an odd number of `not`: what it says speaks against the claim.
    var isDenied = false
  }

  private func judge(_ rule: EvidenceRule, isDenied: Bool = false) -> Judged {
    let parts: [Judged] =
      switch rule.test {
      case .all(let rules), .any(let rules): rules.map { judge($0, isDenied: isDenied) }
      case .not(let inner): [judge(inner, isDenied: !isDenied)]
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
    return Judged(rule: rule, raw: raw, answers: answers, parts: parts, isDenied: isDenied)
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
      let code = each.first { if case .code = $0.rule.test { true } else { false } }
      // Of what stands still the last to move: since then all of it stands.
      guard code == nil, let first = rest(each[0], index) else { return code ?? each[0] }
      let latest = each.compactMap { rest($0, index) }.max() ?? first
      return each.first { rest($0, index) == latest } ?? each[0]
    }
    let part = judged.parts.first { $0.answers[index] == raw } ?? judged.parts[0]
    return speaker(part, index)
  }

  /// Since when what a condition asks of has stood still; nil for one that does not ask that.
  private func rest(_ judged: Judged, _ index: Int) -> Int? {
    switch judged.rule.test {
    case .counterStands: moments[moves { $0.count != $1.count }[index]]
    case .pulseStands: moments[moves { !$0.pulse && $1.pulse }[index]]
    case .bit, .code, .above, .below, .all, .any, .not: nil
    }
  }

  // MARK: What nobody can know

  /// Since when a signal has been refused, or not seen; nil when it is read.
  private func away(_ signal: SignalID, _ index: Int) -> Int? {
    func isAway(_ frame: CellFrame) -> Bool {
      switch signal {
      case Cell.run: !frame.seen || frame.run == nil
      case Cell.code: !frame.seen || frame.code == nil
      case Cell.blocked: !frame.seen || frame.blocked == nil
      default: !frame.seen
      }
    }
    var frame = moments[index] / 2
    guard isAway(frames[frame]) else { return nil }
    while frame > 0, isAway(frames[frame - 1]) { frame -= 1 }
    return frame * 2
  }

  private func asksOnlyStanding(_ rule: EvidenceRule) -> Bool {
    switch rule.test {
    case .counterStands, .pulseStands: true
    case .all(let rules), .any(let rules): rules.allSatisfy(asksOnlyStanding)
    case .bit, .code, .above, .below, .not: false
    }
  }

  /// Whether what is refused leaves the state open; `stood` is what was known last.
  private func isUnknowable(_ index: Int, stood: Bool) -> Bool {
    let claims = rules.evidence.claims
    let decides = claims.indices.contains {
      let answer = judged[$0].answers[index]
      return answer == true || (answer == false && claims[$0].state == .running)
    }
    guard !decides else { return false }
    let refused = claims.indices.filter {
      claims[$0].state != .slow && judged[$0].answers[index] == nil
    }
    .flatMap { Self.signals(claims[$0].rule).compactMap { away($0, index) } }
    guard let away = refused.max() else { return false }
    return !claims.indices.contains { claim in
      guard claims[claim].state.stands, asksOnlyStanding(claims[claim].rule),
        judged[claim].answers[index] == false
      else { return false }
      return !stood || (rest(speaker(judged[claim], index), index) ?? 0) > away
    }
  }

  /// What is said at every moment, and which moments say something.
  private func known() -> (moments: [Int], says: [Say]) {
    var (known, says): ([Int], [Say]) = ([], [])
    for index in moments.indices
    where !isUnknowable(index, stood: says.last?.stands ?? false) {
      known.append(moments[index])
      says.append(say(index))
    }
    return (known, says)
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
    // Through its off delay it holds, and says no cause and no beginning any more.
    let holds =
      speaker.answers[index] == true && speaker.raw[index] == true && !speaker.isDenied
    switch speaker.rule.test {
    case .code(_, let table, _) where holds:
      let code = frames[moments[index] / 2].code ?? 0
      said.code = code
      if table.contains(where: { $0.values.contains(code) && $0.reason != nil }) {
        said.text = code == 12 ? "jam" : "lunch"
        said.category = code == 12 ? .unplanned : .planned
        (said.weight, said.classified) = (2, true)
      }
    case .counterStands(_, let limit) where holds:
      said.began = moments[moves { $0.count != $1.count }[index]]
      if state == .stopped { said.text = standing(limit) }
    case .pulseStands(_, let limit) where holds:
      said.began = moments[moves { !$0.pulse && $1.pulse }[index]]
      if state == .stopped { said.text = standing(limit) }
    case .code, .counterStands, .pulseStands, .bit, .above, .below, .all, .any, .not: break
    }
    return said
  }

  /// What stood still says for how long it must.
  private func standing(_ limit: StillLimit) -> String {
    switch limit {
    case .duration(let length): "\(Self.inferred)\(length.text)"
    case .cycles(let hundredths):
      "\(Self.inferred)\(((rules.idealCycle ?? .zero) * Int(hundredths) / 100).text)"
    }
  }

  private static let inferred = "no count for "

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

  // MARK: Stops

  func stops() -> [CellStop] {
    let (known, says) = known()
    var reference = self
    reference.moments = known
    return reference.stops(says)
  }

  private func stops(_ says: [Say]) -> [CellStop] {
    let changes = frames.indices.filter { frames[$0].orderChanged }.map { $0 * 2 }
    var stops: [(stop: CellStop, endToldAt: Int, byScan: Bool)] = []
    for stretch in stretches(says) {
      var teller = Teller(rules: rules, stretch: stretch, changes: changes)
      teller.early = stretch.early.map { says[$0] }
      for index in stretch.moments {
        let gap = stretch.gaps[index] ?? 0
        teller.hear(says[index], at: max(moments[index], stretch.toldAt), after: gap)
      }
      stops += teller.finish()
    }
    return stops.map { stop, told, byScan in
      var stop = stop
      guard let rule = rules.changeover, let end = stop.end, !stop.classified,
        stop.kind == .stopped,
        ["stopped, no reason", "fault, no code"].contains(stop.text)
          || stop.text.hasPrefix(Self.inferred)
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
