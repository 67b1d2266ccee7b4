// What a machine's signals said last, and what follows from it by the compiled rules.
//
// Invariants
// - A claim is answered only when a signal it names changed or one of its deadlines came: never by
//   the time of processing. Answering allocates nothing and follows no reference.
// - While contact is lost nothing is answered: delays and standing counts go on where they were,
//   without the time that nobody saw. A time in which only the gateway was down is measured.
// - Standing still is proved by looking: when the next count is known to have come after `looked`,
//   a limit that ends later proves nothing (see `foresee`).
// - An answer names the signal that gave it: of `any` the first that holds, of `all` the first, or
//   the first code that says a reason.

import Primitives
import Signals

/// Whether a condition holds. Ordered: `all` is the least of its conditions, `any` the greatest.
enum Truth: UInt8, Comparable, Sendable {
  case fails, unknown, holds

  static func < (left: Truth, right: Truth) -> Bool { left.rawValue < right.rawValue }

  var opposite: Truth {
    switch self {
    case .fails: .holds
    case .unknown: .unknown
    case .holds: .fails
    }
  }
}

struct EvidenceBoard: Equatable, Sendable {
  enum Seen: UInt8, Sendable { case never, good, noContact, unusable }

  struct Slot: Equatable, Sendable {
    var seen: Seen = .never
    var value: Value = .none
    /// When it last moved, or was first read; nil before.
    var moved: Stamp?
    var rose: Stamp?
    /// Time without contact since it moved, in nanoseconds.
    var unseen: Int64 = 0
    var riseUnseen: Int64 = 0
    /// Since when it cannot be read.
    var away: Instant?
    /// Only from then on is it known to stand; nil where all the time that was seen counts.
    var restsFrom: Instant?
    /// Nobody looked when it moved last.
    var movedUnseen = false
    /// Nobody looked when it rose last.
    var roseUnseen = false
    /// Nobody looked between this moment and the next count, which is known to come.
    var foreseen: Instant?
  }

  struct Node: Equatable, Sendable {
    /// The answer, after its delays.
    var answer: Truth = .unknown
    /// Since when the condition has contradicted the answer; `distantFuture` while it does not.
    var since: Instant = .distantFuture
    /// A threshold that was passed and not yet left.
    var latched = false
    /// What the children say so far.
    var gathered: Truth = .unknown
    /// The leaf that decided; -1 for none.
    var witness: Int32 = -1
    /// Of the root of a claim: the next moment at which the claim may answer otherwise.
    var due: Instant = .distantFuture
  }

  var program: EvidenceProgram
  /// The signal of each slot: what tells this program from that of a machine of the same kind.
  let signals: [SignalID]
  var slots: [Slot]
  var nodes: [Node]
  /// The next moment at which evidence changes of itself; the end of time for none.
  private(set) var deadline: Instant = .distantFuture
  /// Claims to be answered again, a bit each.
  var dirty: UInt64 = .max
  /// The ideal cycle in nanoseconds; nil while nobody knows it.
  var cycle: Int64?
  /// What was known last said that the machine stands.
  var stood = false
  /// The claim that decided last; -1 for none.
  var last = -1
  /// Since when contact is lost, so that nothing is answered.
  var frozen: Instant?
  var holding = Holding()

  init(_ program: EvidenceProgram) {
    self.program = program
    signals = program.signals
    slots = Array(repeating: Slot(), count: program.signals.count)
    nodes = Array(repeating: Node(), count: program.steps.count)
  }

  /// Goes on with what another board of the same shape was told and answered, in its own words.
  mutating func goOn(from before: EvidenceBoard) {
    let own = program
    self = before
    program = own
    dirty = .max
  }

  /// Whether everything that decides can be read.
  var contact: Contact {
    var (good, partial, unusable) = (false, false, false)
    for slot in slots {
      switch slot.seen {
      case .noContact: return .lost
      case .never: partial = true
      case .unusable: unusable = true
      case .good: good = true
      }
    }
    if partial { return .partial }
    return !good && unusable ? .lost : .full
  }

  /// Takes what a signal says; `moved` overrules what its values say of a counter.
  ///
  /// `isSame`: what it shows after a loss of contact proves that it did not move in it, so that it
  /// stood all the time.
  ///
  /// Returns by how much a counter rose, nil when it did not move.
  mutating func note(
    _ slot: Int, _ value: Value, _ quality: Quality, moved: Bool? = nil,
    isSame: Bool = true, at: Stamp
  ) -> UInt64? {
    dirty |= program.dependents[slot]
    return slots[slot].note(
      value, quality, moved: moved, isSame: isSame, stood: stood, at: at)
  }

  /// The next count of a signal will come, at some time after `looked`.
  mutating func foresee(_ slot: Int, looked: Instant) {
    slots[slot].foreseen = looked
    dirty |= program.dependents[slot]
  }

  /// The ideal cycle is another one from now on.
  mutating func setCycle(_ nanoseconds: Int64?) {
    guard cycle != nanoseconds else { return }
    cycle = nanoseconds
    dirty |= program.ofCycle
  }

  /// Goes on after a time without contact: delays that were running do not count it.
  mutating func thaw(at now: Instant) {
    guard let since = frozen else { return }
    let gap = max(0, now.nanoseconds(since: since))
    frozen = nil
    dirty = .max
    for index in nodes.indices where nodes[index].since != .distantFuture {
      nodes[index].since = nodes[index].since.advanced(nanoseconds: gap)
    }
  }

  /// Nothing is answered until contact is back.
  mutating func freeze(at now: Instant) {
    if frozen == nil { frozen = now }
    for claim in program.claims { nodes[claim.root].due = .distantFuture }
    deadline = .distantFuture
    dirty = .max
  }

  /// Answers what may have changed, and says what follows; false when nobody can know it.
  ///
  /// `verdict` is a new one, filled in place: it is not small, and goes through several hands.
  mutating func decide(at now: Stamp, into verdict: inout Verdict) -> Bool {
    if program.standsAnew, program.standing != 0 {
      answer(~program.standing, at: now.instant)
      renew(at: now)
      answer(program.standing, at: now.instant)
      keep()
    } else {
      answer(.max, at: now.instant)
    }
    dirty = 0
    guard judge(&verdict) else { return false }
    stood = verdict.state.stands
    return true
  }

  /// Answers those of some claims that a signal has touched, or whose moment has come: a bit each,
  /// so that what nothing has touched is not even looked at.
  private mutating func answer(_ claims: UInt64, at now: Instant) {
    var open = dirty & program.all
    if deadline <= now {
      for (index, claim) in program.claims.enumerated() where nodes[claim.root].due <= now {
        open |= 1 << UInt64(index)
      }
    }
    open &= claims
    guard open != 0 else { return }
    while open != 0 {
      let index = open.trailingZeroBitCount
      open &= open - 1
      let claim = program.claims[index]
      var due = Instant.distantFuture
      answer(claim, at: now, due: &due)
      if nodes[claim.root].due != due { nodes[claim.root].due = due }
    }
    var earliest = Instant.distantFuture
    for claim in program.claims { earliest = min(earliest, nodes[claim.root].due) }
    deadline = earliest
  }

  private mutating func answer(
    _ claim: EvidenceProgram.Claim, at now: Instant, due: inout Instant
  ) {
    if claim.first < claim.root {
      for index in claim.first...claim.root {
        nodes[index].gathered = program.steps[index].operation == .all ? .holds : .fails
        nodes[index].witness = -1
      }
    }
    // Held apart, so that a step is looked at where it is.
    let steps = program.steps
    for index in claim.first...claim.root {
      let step = steps[index]
      var node = nodes[index]
      let raw =
        step.operation.isLeaf
        ? leaf(&node, index, step, at: now, due: &due) : node.gathered
      if step.operation.isLeaf { node.witness = Int32(index) }
      node.delay(step, raw, at: now, due: &due)
      nodes[index] = node
      if step.parent >= 0 { gather(index, into: Int(step.parent)) }
    }
  }

  private mutating func gather(_ child: Int, into parent: Int) {
    let (said, witness) = (nodes[child].answer, nodes[child].witness)
    let known = nodes[parent].witness
    let sofar = nodes[parent].gathered
    switch program.steps[parent].operation {
    case .not: (nodes[parent].gathered, nodes[parent].witness) = (said.opposite, witness)
    case .all:
      nodes[parent].gathered = min(sofar, said)
      let isBetter =
        said == .holds && sofar == .holds
        && (!isCode(known) && isCode(witness) || movedLater(witness, than: known))
      if known < 0 || said < sofar || isBetter { nodes[parent].witness = witness }
    case .any:
      nodes[parent].gathered = max(sofar, said)
      if known < 0 || said > sofar { nodes[parent].witness = witness }
    case .bit, .code, .above, .below, .counterStands, .pulseStands: break
    }
  }

  private func isCode(_ node: Int32) -> Bool {
    node >= 0 && program.steps[Int(node)].operation == .code
  }

  private func leaf(
    _ node: inout Node, _ index: Int, _ step: EvidenceProgram.Step, at now: Instant,
    due: inout Instant
  ) -> Truth {
    let place = Int(step.slot)
    guard slots[place].seen == .good else {
      node.latched = false
      return .unknown
    }
    switch step.operation {
    case .bit: return truth(slots[place].value.isSet)
    case .code:
      guard let value = slots[place].value.code else { return .unknown }
      return truth(program.code(value, of: index) != nil || (step.anyOther && value != 0))
    case .above, .below:
      guard let value = slots[place].value.magnitude else {
        node.latched = false
        return .unknown
      }
      let isAbove = step.operation == .above
      let (isOn, isOff) =
        isAbove ? (value >= step.on, value < step.off) : (value <= step.on, value > step.off)
      if isOn { node.latched = true } else if isOff { node.latched = false }
      return node.latched ? .holds : .fails
    case .counterStands:
      let slot = slots[place]
      return stands(step, slot.moved, slot.unseen, slot, at: now, due: &due)
    case .pulseStands:
      let slot = slots[place]
      return stands(step, slot.rose, slot.riseUnseen, slot, at: now, due: &due)
    case .all, .any, .not: return node.gathered
    }
  }

  private func truth(_ holds: Bool?) -> Truth { holds.map { $0 ? .holds : .fails } ?? .unknown }

  private func stands(
    _ step: EvidenceProgram.Step, _ moved: Stamp?, _ unseen: Int64, _ slot: Slot, at now: Instant,
    due: inout Instant
  ) -> Truth {
    guard var moved else { return .unknown }
    if let anew = holding.anew, moved.instant < anew.instant { moved = anew }
    guard let limit = limit(of: step) else { return .unknown }
    let seen = moved.instant.advanced(nanoseconds: unseen)
    let end = max(seen, slot.restsFrom ?? seen).advanced(nanoseconds: limit)
    if let foreseen = slot.foreseen, foreseen < end { return .fails }
    if end <= now { return .holds }
    due = min(due, end)
    return .fails
  }

  // MARK: What follows

  private mutating func judge(_ verdict: inout Verdict) -> Bool {
    for index in program.ranking where nodes[program.claims[index].root].answer == .holds {
      last = index
      tell(program.claims[index], &verdict)
      return true
    }
    let denied = program.claims.indices.first {
      program.claims[$0].state == .running && nodes[program.claims[$0].root].answer == .fails
    }
    var state = program.otherwise ?? (denied == nil ? .running : .stopped)
    if denied == nil || program.otherwise != nil, let refused = refusedSince {
      guard isProvenRunning(since: refused) else { return false }
      state = .running
    }
    verdict.state = state
    let speaker = state.stands ? denied ?? last : last
    if let claim = speaker >= 0 ? speaker : program.ranking.first {
      verdict.evidence = evidence(of: nodes[program.claims[claim].root].witness)
    }
    return true
  }

  private func tell(_ claim: EvidenceProgram.Claim, _ verdict: inout Verdict) {
    verdict.state = claim.state
    let witness = Int(nodes[claim.root].witness)
    verdict.evidence = evidence(of: Int32(witness))
    if claim.reason >= 0 { verdict.reason = program.reasons[Int(claim.reason)] }
    guard witness >= 0, !program.steps[witness].isDenied else { return }
    // What holds through an off delay alone, its own or one of what it stands in, says no cause and
    // no beginning any more.
    guard nodes[witness].answer == .holds else { return }
    var node = witness
    while node >= 0 {
      guard nodes[node].since == .distantFuture else { return }
      node = Int(program.steps[node].parent)
    }
    let place = Int(program.steps[witness].slot)
    switch program.steps[witness].operation {
    case .code:
      guard let value = slots[place].value.code else { break }
      verdict.code = value
      guard let code = program.code(value, of: witness), program.codes[code].reason >= 0
      else { break }
      verdict.reason = program.reasons[Int(program.codes[code].reason)]
      verdict.reasonIsOfCode = true
    case .counterStands:
      let slot = slots[place]
      begin(&verdict, slot.moved, slot.unseen, isAbout: slot.movedUnseen)
      verdict.stoodFor = limit(of: program.steps[witness])
    case .pulseStands:
      let slot = slots[place]
      begin(&verdict, slot.rose, slot.riseUnseen, isAbout: slot.roseUnseen)
      verdict.stoodFor = limit(of: program.steps[witness])
    case .bit, .above, .below, .all, .any, .not: break
    }
  }

  private func evidence(of witness: Int32) -> Evidence? {
    guard witness >= 0 else { return nil }
    let slot = Int(program.steps[Int(witness)].slot)
    return Evidence(signal: signals[slot], value: slots[slot].value)
  }
}

/// So many hundredths of a length, saturating.
func hundredths(_ count: Int64, of length: Int64) -> Int64 {
  let (product, overflow) = count.multipliedReportingOverflow(by: length)
  // Beyond 292 years × 100 the exact product does not matter: it never comes.
  return overflow ? .max : product / 100
}

extension Value {
  /// Whether it is a number other than 0; nil for what is no number.
  var isSet: Bool? { isZero.map { !$0 } }
}
