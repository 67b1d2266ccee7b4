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
  }

  let program: EvidenceProgram
  var slots: [Slot]
  var nodes: [Node]
  /// The next moment at which a claim may answer otherwise.
  var dues: [Instant]
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
    slots = Array(repeating: Slot(), count: program.signals.count)
    nodes = Array(repeating: Node(), count: program.steps.count)
    dues = Array(repeating: .distantFuture, count: program.claims.count)
  }

  /// The next moment at which evidence changes of itself; the end of time for none.
  var deadline: Instant {
    var earliest = Instant.distantFuture
    for due in dues where due < earliest { earliest = due }
    return earliest
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
  /// `isGap`: nobody looked before; `isSame`: what it shows after a loss of contact proves that it
  /// did not move in it, so that it stood all the time.
  ///
  /// Returns by how much a counter rose, nil when it did not move.
  mutating func note(
    _ slot: Int, _ value: Value, _ quality: Quality, moved: Bool? = nil, isGap: Bool,
    isSame: Bool = true, at: Stamp
  ) -> UInt64? {
    dirty |= program.dependents[slot]
    guard quality == .good else {
      slots[slot].seen = quality == .noContact ? .noContact : .unusable
      if slots[slot].away == nil { slots[slot].away = at.instant }
      return nil
    }
    let before = slots[slot]
    slots[slot].seen = .good
    slots[slot].value = value
    slots[slot].foreseen = nil
    slots[slot].away = nil
    guard before.moved != nil else {
      (slots[slot].moved, slots[slot].rose) = (at, at)
      return nil
    }
    let gap = before.away.map { max(0, at.instant.nanoseconds(since: $0)) } ?? 0
    if value.isSet == true, before.value.isSet == false {
      (slots[slot].rose, slots[slot].riseUnseen) = (at, 0)
      slots[slot].roseUnseen = isGap || before.away != nil
    } else {
      slots[slot].riseUnseen = saturating(before.riseUnseen, plus: gap)
    }
    guard moved ?? (value.count != before.value.count) else {
      slots[slot].unseen = saturating(before.unseen, plus: gap)
      if before.away != nil, !isSame, !stood { slots[slot].restsFrom = at.instant }
      return nil
    }
    (slots[slot].moved, slots[slot].unseen) = (at, 0)
    slots[slot].restsFrom = nil
    slots[slot].movedUnseen = isGap || before.away != nil
    let (now, then) = (value.count ?? 0, before.value.count ?? 0)
    return now > then ? now - then : 0
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
    for index in dues.indices { dues[index] = .distantFuture }
    dirty = .max
  }

  /// Answers what may have changed, and says what follows; nil when nobody can know it.
  mutating func decide(at now: Stamp) -> Verdict? {
    if program.standsAnew, program.standing != 0 {
      answer(~program.standing, at: now.instant)
      renew(at: now)
      answer(program.standing, at: now.instant)
      keep()
    } else {
      answer(.max, at: now.instant)
    }
    dirty = 0
    let verdict = verdict()
    if let verdict { stood = verdict.state.stands }
    return verdict
  }

  private mutating func answer(_ claims: UInt64, at now: Instant) {
    for index in program.claims.indices
    where claims >> UInt64(index) & 1 == 1
      && (dirty >> UInt64(index) & 1 == 1 || dues[index] <= now)
    {
      var due = Instant.distantFuture
      answer(program.claims[index], at: now, due: &due)
      dues[index] = due
    }
  }

  private mutating func answer(
    _ claim: EvidenceProgram.Claim, at now: Instant, due: inout Instant
  ) {
    for index in claim.first...claim.root {
      nodes[index].gathered = program.steps[index].operation == .all ? .holds : .fails
      nodes[index].witness = -1
    }
    for index in claim.first...claim.root {
      let step = program.steps[index]
      let raw =
        step.operation.isLeaf ? leaf(index, step, at: now, due: &due) : nodes[index].gathered
      if step.operation.isLeaf { nodes[index].witness = Int32(index) }
      delay(index, step, raw, at: now, due: &due)
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

  private mutating func delay(
    _ index: Int, _ step: EvidenceProgram.Step, _ raw: Truth, at now: Instant, due: inout Instant
  ) {
    let before = nodes[index].answer
    let wait: Int64 =
      switch raw {
      case .holds: step.onDelay
      case .fails: before == .unknown ? 0 : step.offDelay
      case .unknown: 0
      }
    if raw == before || wait == 0 {
      (nodes[index].answer, nodes[index].since) = (raw, .distantFuture)
      return
    }
    if before == .unknown { nodes[index].answer = .fails }
    let since = min(nodes[index].since, now)
    let end = since.advanced(nanoseconds: wait)
    if end <= now {
      (nodes[index].answer, nodes[index].since) = (raw, .distantFuture)
    } else {
      nodes[index].since = since
      due = min(due, end)
    }
  }

  private mutating func leaf(
    _ index: Int, _ step: EvidenceProgram.Step, at now: Instant, due: inout Instant
  ) -> Truth {
    let slot = slots[Int(step.slot)]
    guard slot.seen == .good else {
      nodes[index].latched = false
      return .unknown
    }
    switch step.operation {
    case .bit: return truth(slot.value.isSet)
    case .code:
      guard let value = slot.value.code else { return .unknown }
      return truth(program.code(value, of: index) != nil || (step.anyOther && value != 0))
    case .above, .below:
      guard let value = slot.value.magnitude else {
        nodes[index].latched = false
        return .unknown
      }
      let isAbove = step.operation == .above
      let (isOn, isOff) =
        isAbove ? (value >= step.on, value < step.off) : (value <= step.on, value > step.off)
      if isOn { nodes[index].latched = true } else if isOff { nodes[index].latched = false }
      return nodes[index].latched ? .holds : .fails
    case .counterStands: return stands(step, slot.moved, slot.unseen, slot, at: now, due: &due)
    case .pulseStands: return stands(step, slot.rose, slot.riseUnseen, slot, at: now, due: &due)
    case .all, .any, .not: return nodes[index].gathered
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

  private mutating func verdict() -> Verdict? {
    for index in program.ranking where nodes[program.claims[index].root].answer == .holds {
      last = index
      return told(program.claims[index])
    }
    let denied = program.claims.indices.first {
      program.claims[$0].state == .running && nodes[program.claims[$0].root].answer == .fails
    }
    var state = program.otherwise ?? (denied == nil ? .running : .stopped)
    if denied == nil || program.otherwise != nil, let refused = refusedSince {
      guard isProvenRunning(since: refused) else { return nil }
      state = .running
    }
    var verdict = Verdict(state)
    let speaker = state.stands ? denied ?? last : last
    if let claim = speaker >= 0 ? speaker : program.ranking.first {
      verdict.evidence = evidence(of: nodes[program.claims[claim].root].witness)
    }
    return verdict
  }

  private func told(_ claim: EvidenceProgram.Claim) -> Verdict {
    var verdict = Verdict(claim.state)
    let witness = nodes[claim.root].witness
    verdict.evidence = evidence(of: witness)
    if claim.reason >= 0 { verdict.reason = program.reasons[Int(claim.reason)] }
    guard witness >= 0, !program.steps[Int(witness)].isDenied else { return verdict }
    // What holds through its off delay alone says no cause and no beginning any more.
    let node = nodes[Int(witness)]
    guard node.answer == .holds, node.since == .distantFuture else { return verdict }
    let step = program.steps[Int(witness)]
    let slot = slots[Int(step.slot)]
    switch step.operation {
    case .code:
      guard let value = slot.value.code else { break }
      verdict.code = value
      guard let code = program.code(value, of: Int(witness)), program.codes[code].reason >= 0
      else { break }
      verdict.reason = program.reasons[Int(program.codes[code].reason)]
      verdict.reasonIsOfCode = true
    case .counterStands:
      begin(&verdict, slot.moved, slot.unseen, isAbout: slot.movedUnseen)
      verdict.stoodFor = limit(of: step).map { .nanoseconds($0) }
    case .pulseStands:
      begin(&verdict, slot.rose, slot.riseUnseen, isAbout: slot.roseUnseen)
      verdict.stoodFor = limit(of: step).map { .nanoseconds($0) }
    case .bit, .above, .below, .all, .any, .not: break
    }
    return verdict
  }

  private func evidence(of witness: Int32) -> Evidence? {
    guard witness >= 0 else { return nil }
    let slot = Int(program.steps[Int(witness)].slot)
    return Evidence(signal: program.signals[slot], value: slots[slot].value)
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
  var isSet: Bool? { Condition(signal: SignalID(0), comparison: .isTrue).holds(for: self) }
}
