// The judge's view of stops, first half: what the evidence says at each moment, when the machine
// stood, and which of the times of standing are stops.
//
// From which text each rule comes
// - Which claim counts, what nothing claimed means, planned time: EvidenceRules and the sentence of
//   MachineStates about planned time.
// - `ignoreUnder`, `minimumRun`: StateRules; from when they are told, what a loss of contact makes
//   of them, when a stop goes on: head of StateMachine, point 2 of the issue, F47, F50.
// - A stop inferred from standing still begins with the last count: EvidenceRules.
// - A deadline of states comes before the samples of its moment: head of StateMachineDriver.

import Machines
import Primitives
import Signals

/// What follows from the evidence at one moment.
struct JudgeSay: Equatable {
  var state: EvidenceState
  var leaf: SignalID?
  var reason: String?
  var code: Int64?
  var began: Int64?
  var beganUnseen = false
  var byCalendar = false
  /// The code says why: it has a reason, or nothing else says anything.
  var byPLC = false

  var stands: Bool { state.stands }

  /// 1 for the word of a PLC, 0 for that of a rule, nil where nobody says why.
  var weight: Int? {
    if byPLC { return 1 }
    return state.saysNothing && reason == nil ? nil : 0
  }
}

extension EvidenceState {
  /// Whether a stop of which only this is known is a stop without a reason.
  var saysNothing: Bool {
    switch self {
    case .fault, .stopped: true
    case .setup, .planned, .blocked, .starved, .noContact, .slow, .running: false
    }
  }
}

/// A time in which the machine stood, or ran, for all that was seen.
struct JudgePiece {
  var stands: Bool
  /// Indices of its first and last moment.
  var first: Int
  var last: Int
  var from: Int64
  /// When it was known to be over, or nobody looked any more.
  var to: Int64
  /// Contact was lost for so long just before.
  var lost: Int64?
  var restarted = false
  /// The counter moved in the gap before it.
  var moved = false
}

/// One time of standing that is told.
struct JudgeStretch {
  var start: Int64
  var toldAt: Int64
  var end: Int64?
  var endToldAt = Int64.max
  /// Nobody looked just before it.
  var isBlindStart = false
  /// It is told because it lasted, before what the evidence says at that very moment.
  var isToldFirst = false
  /// Indices of the moments at which it stood, as far as it was not told before it began.
  var moments: [Int] = []
}

struct JudgeStretches {
  let evidence: JudgeEvidence
  let rules: StateRules
  let says: [JudgeSay]
  /// At every moment at which somebody looked, what was read says what the machine does.
  let isKnowable: Bool

  init(_ life: JudgeLife, moves: [SignalID: Set<Int>]) {
    let evidence = JudgeEvidence(life, moves: moves)
    self.evidence = evidence
    rules = life.states
    let claims = life.states.evidence.claims.map { ($0, evidence.answers($0.rule)) }
    let order = EvidenceRules.settled(life.states.evidence.order)
    says = evidence.moments.indices.map { row in
      Self.say(claims.map { ($0.0, $0.1[row]) }, order, life.states, evidence.moments[row])
    }
    isKnowable = evidence.moments.indices.allSatisfy { row in
      Self.knows(
        claims.map { ($0.0, $0.1[row]) }, life.states,
        refused: { life.scans[evidence.moments[row].scan].value(of: $0) == nil })
    }
  }

  /// Whether a claim is made, a running claim is denied, or none that might be made is refused.
  ///
  /// Head of EvidenceRules: else nobody knows what the machine does, unless a counter moves.
  private static func knows(
    _ claims: [(EvidenceClaim, JudgeAnswer)], _ rules: StateRules, refused: (SignalID) -> Bool
  ) -> Bool {
    if claims.contains(where: { $0.1.word == .holds }) { return true }
    if rules.evidence.otherwise == nil,
      claims.contains(where: { $0.0.state == .running && $0.1.word == .fails })
    {
      return true
    }
    return !claims.contains { claim, answer in
      claim.state != .slow && answer.word == .unknown
        && JudgeEvidence.signals(claim.rule).contains(where: refused)
    }
  }

  private static func say(
    _ claims: [(EvidenceClaim, JudgeAnswer)], _ order: [EvidenceState], _ rules: StateRules,
    _ moment: JudgeMoment
  ) -> JudgeSay {
    func rank(_ state: EvidenceState) -> Int { order.firstIndex(of: state) ?? order.count }
    var say: JudgeSay?
    for (claim, answer) in claims where answer.word == .holds {
      if let said = say, rank(said.state) <= rank(claim.state) { continue }
      say = JudgeSay(
        state: claim.state, leaf: answer.leaf, reason: answer.reason ?? claim.reason,
        code: answer.code, began: answer.began, beganUnseen: answer.beganUnseen,
        byPLC: answer.code != nil
          && (answer.reason != nil || (claim.state.saysNothing && claim.reason == nil)))
    }
    let halted = claims.first { $0.0.state == .running && $0.1.word == .fails }
    var decided =
      say ?? rules.evidence.otherwise.map { JudgeSay(state: $0) }
      ?? JudgeSay(state: halted == nil ? .running : .stopped, leaf: halted?.1.leaf)
    if moment.planned, decided.stands, rank(decided.state) > rank(.planned) {
      decided = JudgeSay(
        state: .planned, reason: rules.plannedReason, code: decided.code, began: decided.began,
        beganUnseen: decided.beganUnseen, byCalendar: true)
    }
    return decided
  }

  // MARK: Pieces

  private var pieces: [JudgePiece] {
    let moments = evidence.moments
    var pieces: [JudgePiece] = []
    for (index, moment) in moments.enumerated() {
      let isGap = moment.lost != nil || moment.restarted
      if let piece = pieces.last, piece.stands == says[index].stands, !isGap {
        pieces[pieces.count - 1].last = index
        continue
      }
      if let piece = pieces.last { pieces[pieces.count - 1].to = over(piece, before: moment) }
      let moved = isGap && rules.counter.map { evidence.moves[$0]?.contains(moment.scan) } == true
      pieces.append(
        JudgePiece(
          stands: says[index].stands, first: index, last: index, from: moment.at, to: moment.at,
          lost: moment.lost, restarted: moment.restarted, moved: moved))
    }
    guard let piece = pieces.last else { return [] }
    pieces[pieces.count - 1].to = over(piece, before: nil)
    return pieces
  }

  /// Until when a piece was known to last; `next` is the first moment after it.
  private func over(_ piece: JudgePiece, before next: JudgeMoment?) -> Int64 {
    let scan = evidence.moments[piece.last].scan
    let scans = evidence.life.scans
    guard scan + 1 < scans.count else { return next?.at ?? evidence.life.end - 10 }
    if let next, next.lost == nil, !next.restarted { return next.at }
    // A gateway that died looked last at its last scan; lost contact was noticed at the next one.
    return scans[scan + 1].restarted ? scans[scan].at : scans[scan + 1].at
  }

  // MARK: Stretches

  /// Everything that is told as standing.
  func stretches() -> [JudgeStretch] {
    var cutter = JudgeCutter(rules: rules, says: says)
    for piece in pieces { piece.stands ? cutter.stand(piece) : cutter.run(piece) }
    return cutter.done + [cutter.open].compactMap { $0 }
  }
}

/// Goes through the pieces and keeps what is a stop.
struct JudgeCutter {
  let rules: StateRules
  let says: [JudgeSay]
  var done: [JudgeStretch] = []
  var open: JudgeStretch?
  /// An interruption that was too short to be told so far: when it began, and its moments.
  private var dip: (start: Int64, moments: [Int])?
  /// A run within a stop that was too short to end it so far.
  private var runFrom: Int64?
  private var ranFrom = Int64.min
  private var isFirst = true
  private var ignored: Int64 { rules.ignoreUnder.wholeMilliseconds }
  private var least: Int64 { rules.minimumRun.wholeMilliseconds }

  init(rules: StateRules, says: [JudgeSay]) { (self.rules, self.says) = (rules, says) }

  private mutating func close(_ end: Int64, told: Int64) {
    guard var stretch = open else { return }
    (stretch.end, stretch.endToldAt) = (end, told)
    done.append(stretch)
    (open, runFrom, ranFrom) = (nil, nil, end)
  }

  private mutating func begin(_ start: Int64, told: Int64, moments: [Int]) {
    open = JudgeStretch(start: start, toldAt: told, moments: moments)
    (dip, runFrom) = (nil, nil)
  }

  mutating func stand(_ piece: JudgePiece) {
    let moments = Array(piece.first...piece.last)
    let isGap = piece.lost != nil || piece.restarted
    let wasFirst = isFirst
    isFirst = false
    if open != nil {
      guard isGap, piece.moved else {
        runFrom = nil
        open?.moments += moments
        return
      }
      close(runFrom ?? piece.from, told: piece.from)
      begin(piece.from, told: piece.from, moments: moments)
      open?.isBlindStart = true
      return
    }
    if let dip, isGap, !piece.moved {
      if piece.lost != nil {
        begin(dip.start, told: piece.from, moments: dip.moments + moments)
      } else {
        wait(dip.start, piece, dip.moments + moments)
      }
      return
    }
    if wasFirst || piece.lost != nil {
      // It may have begun while nobody looked.
      begin(piece.from, told: piece.from, moments: moments)
      open?.isBlindStart = true
      return
    }
    let began = says[piece.first].began ?? piece.from
    wait(max(ranFrom, min(piece.from, began)), piece, moments)
  }

  /// Tells an interruption if it has lasted long enough by the end of a piece.
  private mutating func wait(_ start: Int64, _ piece: JudgePiece, _ moments: [Int]) {
    let due = max(start + ignored, piece.from)
    if due <= piece.to {
      begin(start, told: due, moments: moments)
      open?.isBlindStart = piece.restarted && start == piece.from
      open?.isToldFirst = due > piece.from
    } else {
      dip = (start, moments)
    }
  }

  mutating func run(_ piece: JudgePiece) {
    let isGap = piece.lost != nil || piece.restarted
    dip = nil
    guard open != nil else {
      if isFirst || piece.lost != nil { ranFrom = piece.from }
      isFirst = false
      return
    }
    let start = runFrom ?? piece.from
    if isGap && piece.moved || runFrom != nil && piece.lost != nil {
      close(start, told: piece.from)
      if piece.lost != nil { ranFrom = piece.from }
    } else if start + least <= piece.to {
      close(start, told: max(start + least, piece.from))
    } else {
      runFrom = start
    }
  }
}
