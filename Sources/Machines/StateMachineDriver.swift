// The states of one machine, driven by its signals: evidence and state machine together.
//
// Invariants
// - What it tells is a function of the samples, inputs and deadlines in the order of their times.
// - The caller hands over everything of one moment (`take`, `plan`), then `settle`s it; deadlines
//   before that moment are fired before. Of the very moment, what the state machine waited for
//   comes first (an interruption of exactly `ignoreUnder` is told), then the samples, then the
//   delays of evidence (a count at the limit of standing still is no standstill).
// - Evidence goes on being answered while what is refused leaves the state unknown; while contact
//   is lost it is not.
// - A gap, by loss of contact or restart, is settled by the first look with full contact.

public import Primitives
public import Signals

/// The states and stops of one machine.
public struct MachineStates: Sendable {
  /// Everything declared about its states.
  public var rules: StateRules { core.rules }
  var board: EvidenceBoard
  var core: StateMachine
  private var slots: [SignalID: Int] = [:]
  private let counterSlot: Int?
  private var moved = false
  private var counts: UInt64 = 0
  /// Planned time, by the calendar.
  var isPlanned = false

  /// Refuses rules that are too large, contradict themselves or name a reason that nobody declared.
  ///
  /// `pieces` of a count, by counter: so much longer a counter may rest by an ideal cycle.
  public init(
    rules: StateRules, epoch: String, firstStop: Int64 = 1, at: Stamp,
    pieces: [SignalID: Int64] = [:]
  ) throws(StateRulesFault) {
    let program: EvidenceProgram
    do {
      program = try EvidenceProgram(rules.evidence, also: rules.counter, pieces: pieces)
    } catch {
      throw .evidence(machine: rules.name, error)
    }
    for code in rules.namedReasons where rules.reasons[code] == nil {
      throw .reason(machine: rules.name, rules.reasons.unknown(code))
    }
    board = EvidenceBoard(program)
    core = StateMachine(rules: rules, epoch: epoch, firstStop: firstStop, at: at)
    counterSlot = rules.counter.flatMap { program.signals.firstIndex(of: $0) }
    for (slot, signal) in program.signals.enumerated() { slots[signal] = slot }
    board.cycle = core.cycle
  }

  /// States without evidence, for a machine whose rules cannot be followed.
  init(blind name: String, epoch: String, firstStop: Int64, at: Stamp) {
    let rules = StateRules(name: name, evidence: EvidenceRules([]))
    board = EvidenceBoard(EvidenceProgram())
    core = StateMachine(rules: rules, epoch: epoch, firstStop: firstStop, at: at)
    counterSlot = nil
  }

  /// The signals that decide, for a routing table.
  public var interest: [SignalID] { board.signals }

  /// Takes what never changes from other states, where it is the same: one program for all machines
  /// of a kind stays in the caches, where one for each does not.
  mutating func share(with kin: MachineStates) { board.program.share(with: kin.board.program) }

  /// Goes on where states that ask the same were, with their own words and limits.
  mutating func goOn(from before: MachineStates) {
    board.goOn(from: before.board)
    core.goOn(from: before.core)
    (moved, counts, isPlanned) = (before.moved, before.counts, before.isPlanned)
  }

  /// The place of a signal among those that decide; nil for one that decides nothing.
  public func slot(of signal: SignalID) -> Int? { slots[signal] }

  /// Takes what a signal says at the moment that is settled next.
  ///
  /// `moved` is the word of who follows the counter through resets and noise, if anybody does.
  public mutating func take(
    _ value: Value, _ quality: Quality, slot: Int, moved: Bool? = nil, pieces: Int64? = nil,
    isSame: Bool = true, at: Stamp
  ) {
    guard board.slots.indices.contains(slot) else { return }
    let rise = board.note(slot, value, quality, moved: moved, isSame: isSame, at: at)
    guard slot == counterSlot, let rise else { return }
    self.moved = true
    let (sum, overflow) = counts.addingReportingOverflow(
      pieces.map { UInt64(clamping: $0) } ?? rise)
    counts = overflow ? .max : sum
  }

  /// Something was made at the moment that is settled next, by another counter than the leading.
  mutating func move() { moved = true }

  /// Nothing that decides was heard in the moment of such a piece: seen, it proves nothing later;
  /// in a gap it is kept for the look that settles it.
  mutating func passMove() {
    guard moved else { return }
    moved = false
    if case .doubtful = core.sight { core.sight = .doubtful(moved: true) }
  }

  /// A count of a running machine that goes on, of a slot that `goesOn`.
  mutating func goOn(_ value: Value, slot: Int, at: Stamp) {
    board.slots[slot].goOn(value, at: at)
  }

  /// By slot, whether nothing but standing still is asked of it: a count that goes on changes
  /// nothing while that is denied.
  var countsOnly: [Bool] {
    interest.indices.map { slot in
      board.program.steps.allSatisfy {
        !$0.operation.isLeaf || Int($0.slot) != slot || $0.operation == .counterStands
      }
    }
  }

  /// Slots of which somebody asks whether they stand still; `isPulse`: only a rise moves them.
  var resting: [(slot: Int, isPulse: Bool)] {
    interest.indices.flatMap { slot in
      [(slot, false), (slot, true)].filter { place, isPulse in
        board.program.steps.contains {
          $0.operation == (isPulse ? .pulseStands : .counterStands) && Int($0.slot) == place
        }
      }
    }
  }

  /// What a slot said last.
  func value(of slot: Int) -> Value { board.slots[slot].value }

  /// It runs, everything was read and nothing is waited for: a count that goes on changes nothing.
  var isIndifferent: Bool {
    guard core.glance.runs, core.sight == .clear, core.times.slowWindow == nil else {
      return false
    }
    for index in board.program.resting {
      let node = board.nodes[index]
      if node.answer == .holds || node.since != .distantFuture { return false }
      if board.slots[Int(board.program.steps[index].slot)].foreseen != nil { return false }
    }
    return true
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
    fireCore(at: at, into: &facts)
    var contact = board.contact
    var now = StateMachine.Moment(
      verdict: Verdict(.running), gap: false, moved: moved, at: at)
    let made = counts
    (moved, counts) = (false, 0)
    switch contact {
    case .lost: board.freeze(at: at.instant)
    case .partial: break
    case .full:
      board.thaw(at: at.instant)
      if board.decide(at: at, into: &now.verdict) {
        if isPlanned { plan(&now.verdict) }
      } else {
        // Everything was heard, and still nobody knows: that is no contact.
        contact = .lost
      }
    }
    core.follow(contact, &now, counts: made, into: &facts)
    fireCore(at: at, into: &facts)
  }

  /// The next moment at which it acts of itself; `fire` then.
  public var deadline: Instant? { due == .distantFuture ? nil : due }

  /// The same, as a number: the end of time for never.
  var due: Instant {
    min(core.sight == .clear ? core.glance.due : .distantFuture, board.deadline)
  }

  /// Acts on what is due; samples of the same moment have been settled before.
  public mutating func fire(at: Stamp, into facts: inout [Fact]) {
    guard let due = deadline, due <= at.instant else { return }
    fireCore(at: at, into: &facts)
    if board.deadline <= at.instant { settle(at: at, into: &facts) }
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

  /// A stop is open and seen.
  var isStopped: Bool { core.glance.isStopped }

  /// What the machine does now.
  public var condition: MachineCondition { core.phase.condition }
  /// Since when.
  public var since: Stamp { core.since }
  /// The stop that has not ended.
  public var openStop: StopRecord? { core.phase.stop?.record }
  /// How many stops wait for a reason, the open one with them.
  var unclassifiedCount: Int {
    core.ledger.unclassifiedCount + (openStop?.classified == false ? 1 : 0)
  }
  /// Stops that nobody classified before newer ones took their place.
  public var forgotten: Int64 { core.ledger.forgotten }
  /// The stops that wait for a reason, oldest first.
  public var unclassified: [StopRecord] { core.unclassified }

  private mutating func fireCore(at: Stamp, into facts: inout [Fact]) {
    guard core.glance.due <= at.instant else { return }
    var counted: Evidence?
    if let slot = counterSlot {
      counted = Evidence(signal: board.signals[slot], value: board.slots[slot].value)
    }
    core.fire(at: at, counted: counted, into: &facts)
  }

  /// In planned time, what stands for a reason weaker than the plan is planned.
  private func plan(_ verdict: inout Verdict) {
    let ranks = board.program.ranks
    guard verdict.state.stands, let rank = ranks[verdict.state],
      let plan = ranks[.planned], rank > plan
    else { return }
    verdict.state = .planned
    verdict.byCalendar = true
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
