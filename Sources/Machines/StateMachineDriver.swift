// The states of one machine, driven by its signals: evidence and state machine together.
//
// Invariants
// - What it tells is a function of the samples, inputs and deadlines in the order of their times.
// - The caller hands over everything of one moment (`take`, `plan`), then `settle`s it; deadlines
//   before that moment are fired before. Of the very moment, what the state machine waited for
//   comes first (an interruption of exactly `ignoreUnder` is told), then the samples, then the
//   delays of evidence (a count at the limit of standing still is no standstill).
// - A gap, by loss of contact or restart, is settled by the first look with full contact.

public import Primitives
public import Signals

/// The states and stops of one machine.
public struct MachineStates: Sendable {
  public let rules: StateRules
  var board: EvidenceBoard
  var core: StateMachine
  private var slots: [SignalID: Int] = [:]
  private let counterSlot: Int?
  private var moved = false
  private var counts: UInt64 = 0
  /// Planned time, by the calendar.
  var isPlanned = false

  /// Refuses rules that are too large, contradict themselves or name a reason that nobody declared.
  public init(
    rules: StateRules, epoch: String, firstStop: Int64 = 1, at: Stamp
  ) throws(StateRulesFault) {
    let program: EvidenceProgram
    do { program = try EvidenceProgram(rules.evidence, also: rules.counter) } catch {
      throw .evidence(machine: rules.name, error)
    }
    for code in rules.namedReasons where rules.reasons[code] == nil {
      throw .reason(machine: rules.name, rules.reasons.unknown(code))
    }
    self.rules = rules
    board = EvidenceBoard(program)
    core = StateMachine(rules: rules, epoch: epoch, firstStop: firstStop, at: at)
    counterSlot = rules.counter.flatMap { program.signals.firstIndex(of: $0) }
    for (slot, signal) in program.signals.enumerated() { slots[signal] = slot }
    board.cycle = core.cycle
  }

  /// The signals that decide, for a routing table.
  public var interest: [SignalID] { board.program.signals }

  /// The place of a signal among those that decide; nil for one that decides nothing.
  public func slot(of signal: SignalID) -> Int? { slots[signal] }

  /// Takes what a signal says at the moment that is settled next.
  ///
  /// `moved` is the word of who follows the counter through resets and noise, if anybody does.
  public mutating func take(
    _ value: Value, _ quality: Quality, slot: Int, moved: Bool? = nil, at: Stamp
  ) {
    guard board.slots.indices.contains(slot) else { return }
    let rise = board.note(slot, value, quality, moved: moved, at: at)
    guard slot == counterSlot, let rise else { return }
    self.moved = true
    let (sum, overflow) = counts.addingReportingOverflow(rise)
    counts = overflow ? .max : sum
  }

  /// The next count of a slot is known to come, at some time after its unit was `looked` at.
  public mutating func foresee(slot: Int, looked: Instant) {
    guard board.slots.indices.contains(slot) else { return }
    board.foresee(slot, looked: looked)
  }

  /// Planned time begins or ends, at the moment that is settled next.
  public mutating func plan(_ isPlanned: Bool) { self.isPlanned = isPlanned }

  /// The ideal cycle from the moment that is settled next; nil when nobody knows it.
  public mutating func setIdealCycle(_ cycle: Duration?) {
    core.cycle = cycle.map { max(0, $0.nanoseconds) }
    board.setCycle(core.cycle)
  }

  /// Decides what everything taken of one moment means.
  public mutating func settle(at: Stamp, into facts: inout [Fact]) {
    core.fire(at: at, counted: counted, into: &facts)
    let contact = board.contact
    var look = Look(contact, moved: moved, counts: counts)
    (moved, counts) = (false, 0)
    switch contact {
    case .lost: board.freeze()
    case .partial: break
    case .full:
      if case .noContact = core.phase {
        board.thaw(after: max(0, at.instant.nanoseconds(since: core.since.instant)))
      }
      look.verdict = byCalendar(board.decide(at: at.instant))
    }
    core.follow(look, at: at, into: &facts)
    core.fire(at: at, counted: counted, into: &facts)
  }

  /// The next moment at which it acts of itself; `fire` then.
  public var deadline: Instant? {
    let own = core.sight == .clear ? core.deadline : nil
    guard let other = core.sight == .clear ? board.deadline : nil else { return own }
    return min(own ?? other, other)
  }

  /// Acts on what is due; samples of the same moment have been settled before.
  public mutating func fire(at: Stamp, into facts: inout [Fact]) {
    guard core.sight == .clear, let due = deadline, due <= at.instant else { return }
    core.fire(at: at, counted: counted, into: &facts)
    if let due = board.deadline, due <= at.instant { settle(at: at, into: &facts) }
  }

  /// The order changes now.
  public mutating func changeOrder(at: Stamp, into facts: inout [Fact]) {
    core.changeOrder(at: at, into: &facts)
  }

  /// Gives an open or recently ended stop the reason that an operator says.
  public mutating func classify(
    _ stopID: String, reason: String, by: String, at: Stamp, into facts: inout [Fact]
  ) throws(ReasonFault) {
    try core.classify(stopID, reason: reason, by: by, at: at, into: &facts)
  }

  /// What the machine does now.
  public var condition: MachineCondition { core.phase.condition }
  /// Since when.
  public var since: Stamp { core.since }
  /// The stop that has not ended.
  public var openStop: StopRecord? { core.phase.stop?.record }
  /// The stops that wait for a reason, oldest first.
  public var unclassified: [StopRecord] { core.unclassified }

  private var counted: Evidence? {
    counterSlot.map {
      Evidence(signal: board.program.signals[$0], value: board.slots[$0].value)
    }
  }

  /// In planned time, what stands for a reason weaker than the plan is planned.
  private func byCalendar(_ verdict: Verdict) -> Verdict {
    let ranks = board.program.ranks
    guard isPlanned, verdict.state.stands, let rank = ranks[verdict.state],
      let plan = ranks[.planned], rank > plan
    else { return verdict }
    var planned = verdict
    planned.state = .planned
    planned.byCalendar = true
    return planned
  }
}

/// Why the rules of a machine's states are refused.
public enum StateRulesFault: Error, Equatable, Sendable, CustomStringConvertible {
  case evidence(machine: String, EvidenceFault)
  case reason(machine: String, ReasonFault)

  public var description: String {
    switch self {
    case .evidence(let machine, let fault): "machine \(machine): \(fault)"
    case .reason(let machine, let fault): "machine \(machine), a rule's reason: \(fault)"
    }
  }
}
