// The judge's view of stops, first half: what the evidence says at each moment, when the machine
// stood, and which of the times of standing are stops.
//
// From which text each rule comes
// - Which claim counts, what nothing claimed means, planned time: EvidenceRules and the sentence of
//   MachineStates about planned time.
// - `ignoreUnder`, `minimumRun`: StateRules; from when they are told, what a loss of contact makes
//   of them, when a stop goes on: head of StateMachine, point 2 of the issue, F47, F50.
// - A stop inferred from standing still begins with the last count: EvidenceRules.
// - Evidence that is refused, so that nobody knows what the machine does, is no contact, but its
//   delays go on: heads of EvidenceRules, StateMachine and StateMachineDriver. What is known not to
//   stand still proves running: head of EvidenceStanding.
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
  /// The moments at which somebody knew what the machine does, and what follows from each.
  private(set) var moments: [JudgeMoment] = []
  private(set) var says: [JudgeSay] = []
  /// Nobody knew any more from then on, before the next of the moments or the end.
  private var unknownFrom: [Int64?] = []
  /// The moments at which somebody looked and could not know.
  private(set) var unknowable = 0

  init(_ life: JudgeLife, moves: [SignalID: Set<Int>]) {
    let evidence = JudgeEvidence(life, moves: moves)
    self.evidence = evidence
    rules = life.states
    let claims = life.states.evidence.claims.map { ($0, evidence.answers($0.rule)) }
    let order = EvidenceRules.settled(life.states.evidence.order)
    // Until somebody knows again: since when nobody does, and whether the gateway died in it.
    var (since, isNew): (Int64?, Bool) = (nil, false)
    for (row, moment) in evidence.moments.enumerated() {
      let row = claims.map { ($0.0, $0.1[row]) }
      var say: JudgeSay? = Self.say(row, order, life.states, moment)
      if let refused = Self.refused(row, evidence, moment) {
        say =
          Self.proves(row, refused, stood: says.last?.stands == true) ? .init(state: .running) : nil
      }
      guard let say else {
        unknowable += 1
        isNew = isNew || moment.restarted
        if since == nil {
          since = moment.lost.map { moment.at - $0 } ?? moment.at
          if !unknownFrom.isEmpty { unknownFrom[unknownFrom.count - 1] = since }
        }
        continue
      }
      var known = moment
      known.restarted = known.restarted || isNew
      if let since { known.lost = moment.at - since }
      moments.append(known)
      says.append(say)
      unknownFrom.append(nil)
      (since, isNew) = (nil, false)
    }
  }

  /// Since when what might make a claim is refused; nil where everybody knows what is claimed.
  ///
  /// Head of EvidenceRules: a claim that is made decides, and so does a running claim that is
  /// denied; where none does and one that might is refused, nobody knows.
  private static func refused(
    _ claims: [(EvidenceClaim, JudgeAnswer)], _ evidence: JudgeEvidence, _ moment: JudgeMoment
  ) -> Int64? {
    if claims.contains(where: { $0.1.word == .holds }) { return nil }
    if evidence.life.states.evidence.otherwise == nil,
      claims.contains(where: { $0.0.state == .running && $0.1.word == .fails })
    {
      return nil
    }
    let scan = evidence.life.scans[moment.scan]
    let refused = claims.filter { $0.0.state != .slow && $0.1.word == .unknown }
      .flatMap { JudgeEvidence.signals($0.0.rule) }.filter { scan.value(of: $0) == nil }
    return refused.map { evidence.refusedSince($0, scan: moment.scan) }.max()
  }

  /// Whether what is known not to stand still proves that it runs: of a machine that stood, only
  /// when it has moved since.
  private static func proves(
    _ claims: [(EvidenceClaim, JudgeAnswer)], _ refused: Int64, stood: Bool
  ) -> Bool {
    claims.contains { claim, answer in
      JudgeEvidence.isStanding(claim) && answer.word == .fails
        && (!stood || answer.movedAt ?? .min > refused)
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
    var pieces: [JudgePiece] = []
    for (index, moment) in moments.enumerated() {
      let isGap = moment.lost != nil || moment.restarted
      if let piece = pieces.last, piece.stands == says[index].stands, !isGap {
        pieces[pieces.count - 1].last = index
        continue
      }
      if let piece = pieces.last { pieces[pieces.count - 1].to = over(piece, before: moment) }
      let before = index > 0 ? moments[index - 1].scan : moment.scan - 1
      let moved =
        isGap
        && evidence.life.proving.contains { id in
          (before + 1..<moment.scan + 1).contains { evidence.moves[id]?.contains($0) == true }
        }
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
    let scan = moments[piece.last].scan
    let scans = evidence.life.scans
    let follows = scan + 1 < scans.count
    // A gateway that died looked last at its last scan.
    let died = follows && scans[scan + 1].restarted ? scans[scan].at : Int64.max
    if let unknown = unknownFrom[piece.last] { return min(unknown, died) }
    guard follows else { return next?.at ?? evidence.life.end - 10 }
    if let next, next.lost == nil, !next.restarted { return next.at }
    // Lost contact was noticed at the next scan.
    return min(died, scans[scan + 1].at)
  }

  // MARK: Stretches

  /// Everything that is told as standing.
  func stretches() -> [JudgeStretch] {
    let cutter = cut()
    return cutter.done + [cutter.open].compactMap { $0 }
  }

  /// Every time that is told as running.
  func runs() -> [JudgeRun] {
    var cutter = cut()
    // Contact that is lost at the end is lost with the first scan that does not see it.
    let scans = evidence.life.scans
    if let last = moments.last, last.scan + 1 < scans.count || unknownFrom.last != .some(nil) {
      let lost = (unknownFrom.last ?? nil) ?? scans[last.scan + 1].at
      cutter.endRun(lost, told: lost)
    }
    return cutter.runs + [cutter.running].compactMap { $0 }
  }

  private func cut() -> JudgeCutter {
    var cutter = JudgeCutter(rules: rules, says: says)
    for piece in pieces {
      if let lost = piece.lost { cutter.endRun(piece.from - lost, told: piece.from - lost) }
      piece.stands ? cutter.stand(piece) : cutter.run(piece)
    }
    return cutter
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
  /// What was told as running, and what is being told so.
  var runs: [JudgeRun] = []
  var running: JudgeRun?
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
    endRun(start, told: told)
  }

  /// It is told as running no more from a moment on, and that was known at another.
  mutating func endRun(_ end: Int64, told: Int64) {
    guard var run = running else { return }
    (run.end, run.endToldAt) = (end, told)
    runs.append(run)
    running = nil
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
      if running == nil { running = JudgeRun(from: piece.from, toldAt: piece.from) }
      return
    }
    let start = runFrom ?? piece.from
    if isGap && piece.moved || runFrom != nil && piece.lost != nil {
      close(start, told: piece.from)
      if piece.lost != nil { ranFrom = piece.from }
      running = JudgeRun(from: piece.lost == nil ? start : piece.from, toldAt: piece.from)
    } else if start + least <= piece.to {
      let told = max(start + least, piece.from)
      close(start, told: told)
      running = JudgeRun(
        from: piece.lost == nil ? start : piece.from, toldAt: told,
        isToldFirst: told > piece.from)
    } else {
      runFrom = start
    }
  }
}
