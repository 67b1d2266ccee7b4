// The judge's view of evidence: what every condition says at every moment of a recorded life.
//
// From which text each rule comes
// - Unknown, `all`, `any`, `not`, hysteresis, delays, standing still: the head and the sentences of
//   EvidenceRules.
// - Time without contact does not count for delays and standing, time without the gateway does; a
//   standstill is proved by looking; an answer names the leaf that gave it: head of EvidenceBoard.
// - At one moment the samples come before the ends of delays: head of StateMachineDriver.
// It is naive: each condition is a column over all moments, filled from the columns below it.

import Machines
import Primitives
import Signals

/// A moment at which somebody looked, or could have acted on what was seen last.
struct JudgeMoment {
  var at: Int64
  /// The scan of this moment, or the last one before it.
  var scan: Int
  /// The moment is the scan's own.
  var isScan: Bool
  /// Contact was lost for so long just before.
  var lost: Int64?
  /// The gateway had died just before.
  var restarted: Bool
  /// Time until here in which there was contact, or only the gateway was away.
  var clock: Int64
  var planned: Bool
}

/// What a condition says at one moment.
struct JudgeAnswer {
  enum Word: Int { case fails, unknown, holds }
  var word: Word
  var leaf: SignalID?
  var reason: String?
  var code: Int64?
  /// The last count before a standstill.
  var began: Int64?
  /// The last count of a counter that is asked whether it stands, whatever the answer.
  var movedAt: Int64?
  /// Nobody saw that count: somebody looked again only behind it.
  var beganUnseen = false
  /// The leaf is a table of codes.
  var isCode = false
}

struct JudgeEvidence {
  let life: JudgeLife
  /// For each counter the scans at which it shows that something was made.
  let moves: [SignalID: Set<Int>]
  private(set) var moments: [JudgeMoment] = []

  init(_ life: JudgeLife, moves: [SignalID: Set<Int>]) {
    (self.life, self.moves) = (life, moves)
    moments = Self.moments(life)
  }

  /// Signals that decide: those of the claims and the counter that proves production.
  static func deciding(_ rules: StateRules) -> Set<SignalID> {
    var found = Set(rules.evidence.claims.flatMap { signals($0.rule) })
    if let counter = rules.counter { found.insert(counter) }
    return found
  }

  /// The signals that a rule names.
  static func signals(_ rule: EvidenceRule) -> [SignalID] {
    switch rule.test {
    case .bit(let id), .code(let id, _, _), .above(let id, _, _), .below(let id, _, _),
      .counterStands(let id, _), .pulseStands(let id, _):
      [id]
    case .all(let inner), .any(let inner): inner.flatMap(signals)
    case .not(let inner): signals(inner)
    }
  }

  /// A claim of a stop by nothing but what stands still.
  static func isStanding(_ claim: EvidenceClaim) -> Bool {
    func rests(_ rule: EvidenceRule) -> Bool {
      switch rule.test {
      case .counterStands, .pulseStands: true
      case .all(let inner), .any(let inner): inner.allSatisfy(rests)
      case .bit, .code, .above, .below, .not: false
      }
    }
    return claim.state.stands && rests(claim.rule)
  }

  /// Since when a signal that is refused in a scan could not be read.
  func refusedSince(_ id: SignalID, scan: Int) -> Int64 {
    let read = life.scans[...scan].lastIndex {
      life.answers(id, $0) && $0.value(of: id) != nil
    }
    return life.scans[read.map { $0 + 1 } ?? 0].at
  }

  /// Whether every unit of what decides answers in a scan, and anything of it could be read.
  static func sees(_ scan: JudgeScan, _ life: JudgeLife) -> Bool {
    let deciding = deciding(life.states)
    return deciding.allSatisfy { life.answers($0, scan) }
      && deciding.contains { scan.value(of: $0) != nil }
  }

  private static func moments(_ life: JudgeLife) -> [JudgeMoment] {
    var moments: [JudgeMoment] = []
    var lostAt: Int64?
    var (lostInAll, isNew) = (Int64(0), false)
    for (index, scan) in life.scans.enumerated() {
      let planned = index > 0 && life.scans[index - 1].planned
      isNew = isNew || (scan.restarted && index > 0)
      guard sees(scan, life) else {
        lostAt = lostAt ?? scan.at
        continue
      }
      let lost = lostAt.map { scan.at - $0 }
      lostInAll += lost ?? 0
      moments.append(
        JudgeMoment(
          at: scan.at, scan: index, isScan: true, lost: lost, restarted: isNew,
          clock: scan.at - lostInAll, planned: planned))
      (lostAt, isNew) = (nil, false)
      let next = index + 1 < life.scans.count ? life.scans[index + 1] : nil
      if next?.restarted == true { continue }
      for at in stride(from: scan.at + 10, to: next?.at ?? life.end, by: 10)
      where at % 50 == 0 || at - scan.at == 70 {
        moments.append(
          JudgeMoment(
            at: at, scan: index, isScan: false, lost: nil, restarted: false, clock: at - lostInAll,
            planned: at - scan.at >= 70 ? scan.planned : planned))
      }
    }
    return moments
  }

  // MARK: Conditions

  /// What a rule says at every moment.
  func answers(_ rule: EvidenceRule, denied: Bool = false) -> [JudgeAnswer] {
    var raw: [JudgeAnswer]
    switch rule.test {
    case .bit, .code: raw = moments.map { plain(rule.test, life.scans[$0.scan]) }
    case .above(let id, let on, let off):
      raw = threshold(id, passes: { $0 >= on }, leaves: { $0 < off })
    case .below(let id, let on, let off):
      raw = threshold(id, passes: { $0 <= on }, leaves: { $0 > off })
    case .counterStands(let id, let limit), .pulseStands(let id, let limit):
      raw = stands(id, limit)
    case .all(let rules):
      let columns = rules.map { answers($0, denied: denied) }
      raw = moments.indices.map { row in
        // All of them decide; the first stands for them, or the first code that says a reason, or
        // of several that stand still the one with the last count.
        let row = columns.map { $0[row] }
        let word = row.map(\.word.rawValue).min().flatMap(JudgeAnswer.Word.init) ?? .holds
        let those = row.filter { $0.word == word }
        var told =
          (word == .holds ? those.first { $0.isCode } : nil) ?? those.first
          ?? JudgeAnswer(word: word)
        if word == .holds, !told.isCode, var last = told.movedAt {
          for other in those {
            guard let moved = other.movedAt, moved > last else { continue }
            (told, last) = (other, moved)
          }
        }
        told.word = word
        return told
      }
    case .any(let rules):
      let columns = rules.map { answers($0, denied: denied) }
      raw = moments.indices.map { row in
        let row = columns.map { $0[row] }
        let word = row.map(\.word.rawValue).max().flatMap(JudgeAnswer.Word.init) ?? .fails
        var told = row.first { $0.word == word } ?? JudgeAnswer(word: word)
        told.word = word
        return told
      }
    case .not(let inner):
      raw = answers(inner, denied: !denied).map { answer in
        var answer = answer
        answer.word = JudgeAnswer.Word(rawValue: 2 - answer.word.rawValue) ?? .unknown
        return answer
      }
    }
    if denied, Self.isLeaf(rule.test) {
      // What speaks against a claim does not say why.
      for row in raw.indices {
        (raw[row].reason, raw[row].code, raw[row].began) = (nil, nil, nil)
        raw[row].beganUnseen = false
      }
    }
    return delayed(raw, on: rule.onDelay.wholeMilliseconds, off: rule.offDelay.wholeMilliseconds)
  }

  private static func isLeaf(_ test: EvidenceRule.Test) -> Bool {
    switch test {
    case .bit, .code, .above, .below, .counterStands, .pulseStands: true
    case .all, .any, .not: false
    }
  }

  private func plain(_ test: EvidenceRule.Test, _ scan: JudgeScan) -> JudgeAnswer {
    switch test {
    case .bit(let id):
      guard case .integer(let value)? = scan.value(of: id) else {
        return JudgeAnswer(word: .unknown, leaf: id)
      }
      return JudgeAnswer(word: value != 0 ? .holds : .fails, leaf: id)
    case .code(let id, let meanings, let anyOther):
      guard case .integer(let value)? = scan.value(of: id) else {
        return JudgeAnswer(word: .unknown, leaf: id, isCode: true)
      }
      if let meaning = meanings.first(where: { $0.values.contains(value) }) {
        return JudgeAnswer(
          word: .holds, leaf: id, reason: meaning.reason, code: value, isCode: true)
      }
      return JudgeAnswer(
        word: anyOther && value != 0 ? .holds : .fails, leaf: id,
        code: anyOther && value != 0 ? value : nil,
        isCode: true)
    case .above, .below, .counterStands, .pulseStands, .all, .any, .not:
      return JudgeAnswer(word: .unknown)
    }
  }

  private func threshold(
    _ id: SignalID, passes: (Double) -> Bool, leaves: (Double) -> Bool
  ) -> [JudgeAnswer] {
    var isOver = false
    return moments.map { moment in
      guard case .real(let value)? = life.scans[moment.scan].value(of: id) else {
        // What was not known is asked anew when it is known again.
        isOver = false
        return JudgeAnswer(word: .unknown, leaf: id)
      }
      isOver = passes(value) || (isOver && !leaves(value))
      return JudgeAnswer(word: isOver ? .holds : .fails, leaf: id)
    }
  }

  private func stands(_ id: SignalID, _ limit: StillLimit) -> [JudgeAnswer] {
    let needed: Int64
    switch limit {
    case .duration(let duration): needed = duration.wholeMilliseconds
    case .cycles(let hundredths):
      guard let cycle = life.states.idealCycle else {
        return moments.map { _ in JudgeAnswer(word: .unknown, leaf: id) }
      }
      // The cycle of a piece: a count of several takes so much longer.
      needed = cycle.wholeMilliseconds * hundredths * life.pieces(id) / 100
    }
    let rests = rests(of: id)
    return moments.map { moment in
      guard let rest = rests[moment.scan] else { return JudgeAnswer(word: .unknown, leaf: id) }
      let proven = countsNext(id, moment) ? 0 : moment.at - life.scans[moment.scan].at
      let holds = rest.stood + proven >= needed
      return JudgeAnswer(
        word: holds ? .holds : .fails, leaf: id, began: holds ? rest.movedAt : nil,
        movedAt: rest.movedAt, beganUnseen: holds && rest.isUnseen)
    }
  }

  /// How a counter rests as one of its scans ends.
  private struct Rest {
    var movedAt: Int64
    /// Nobody saw that count: its unit did not answer, it was refused, or no gateway was there.
    var isUnseen = false
    /// Time since it moved in which its own unit answered, or only the gateway was away.
    var stood: Int64 = 0
  }

  /// For every scan how a counter rests; nil where it cannot be read.
  private func rests(of id: SignalID) -> [Rest?] {
    var rest: Rest?
    var before: JudgeScan?
    return life.scans.enumerated().map { index, scan in
      let canRead = life.answers(id, scan) && scan.value(of: id) != nil
      if let before { rest?.stood += scan.at - before.at }
      if canRead, rest == nil {
        rest = Rest(movedAt: scan.at)
      } else if canRead, moves[id]?.contains(index) == true {
        rest = Rest(movedAt: scan.at, isUnseen: before == nil || scan.restarted)
      }
      before = canRead ? scan : nil
      return canRead ? rest : nil
    }
  }

  /// Whether the next scan of the same life shows a count that may have come before this moment.
  private func countsNext(_ id: SignalID, _ moment: JudgeMoment) -> Bool {
    let next = moment.scan + 1
    guard next < life.scans.count, life.answers(id, life.scans[next]),
      !life.scans[next].restarted
    else {
      return false
    }
    return moves[id]?.contains(next) == true
  }

  private func delayed(_ raw: [JudgeAnswer], on: Int64, off: Int64) -> [JudgeAnswer] {
    var said = false
    var since: Int64?
    return raw.indices.map { index in
      guard raw[index].word != .unknown else {
        // What was not known is asked anew when it is known again.
        (said, since) = (false, nil)
        return raw[index]
      }
      let now = raw[index].word == .holds
      if now == said { since = nil }
      if now != said {
        let began = since ?? moments[index].clock
        since = began
        if moments[index].clock - began >= (now ? on : off) { (said, since) = (now, nil) }
      }
      // One that holds on through its off delay says that, and no longer why.
      return now == said
        ? raw[index]
        : JudgeAnswer(
          word: said ? .holds : .fails, leaf: raw[index].leaf, movedAt: raw[index].movedAt,
          isCode: raw[index].isCode)
    }
  }
}
