// One machine: samples in, facts out. It waits until every unit of the machine has told everything
// before a moment, and then handles that moment as a whole.
//
// Invariants
// - What it decides is a function of the samples and marks alone: never of when they were
//   processed, in which portions, or what the wall clock said. The wall clock only labels.
// - All samples of one moment are handled together: a code and a run bit of one scan open one stop.
// - A moment is handled once every unit's mark is *after* it, because a mark allows samples at its
//   own time. So a unit's mark should lie behind the samples of its scan, by a nanosecond at least.
// - Deadlines (standstill, count window, a doubted counter) fire at their own time, in order with
//   the samples; a sample at the very moment of a deadline goes first.
// - Time never goes back: a sample before what was handled is handled at the machine's own time.
// - Memory is bounded: see `MachineLimits.waitingSamples`.
// - The facts and the snapshot belong in one transaction: from the snapshot it goes on exactly
//   where those facts end. A stop keeps its id and its start's label, a piece is booked once.

public import Primitives
public import Signals

/// What a machine waits for; the end of time for nothing.
package struct Wish: Equatable, Sendable, BitwiseCopyable {
  /// The earliest mark that would make it act without another sample.
  package var deadline: Instant
  /// The earliest mark of a unit at which it may have something to do, of itself or of what waits.
  package var wake: Instant
}

/// The decisions about one machine, from samples to facts.
///
/// What is asked with every sample stands first, so that it lies in few lines of the cache.
public struct Machine: Sendable {
  var buffer = SampleBuffer()
  /// Everything before it has been handled.
  var now: Instant
  /// The next moment at which its states act of themselves.
  var stateDue: Instant = .distantFuture
  /// The earliest moment at which a doubted counter is settled.
  var doubt: Instant = .distantFuture
  var reading: ClockReading
  var inputs = MachineInputs()
  /// Counts what was handled; while it stands still, so does the snapshot's content.
  public internal(set) var revision: UInt64 = 0
  /// A signal or input that decides was heard in the moment that is being handled.
  var isHeard = false
  /// The calendar said something of the moment that is handled next: its pieces end there.
  var isEdge = false
  /// It runs and everything was read: a count that goes on changes nothing.
  var isIndifferent = false
  /// The order changes with the moment that is handled next.
  var isCutDue = false
  /// Some signals show its order.
  let showsOrder: Bool
  /// By slot: the index of its counter, or one of `CounterPlace`.
  private(set) var counterOfSlot: [Int32]
  private(set) var evidence: EvidencePlaces
  var roster: Roster
  /// In the order of `MachineRules.allCounters`.
  var counters: [Counter]
  var book: CountBook
  /// Its states and stops: one state machine, whether its evidence is declared or simple.
  var states: MachineStates
  /// Why its rules cannot be followed, so that it tells no states; nil when they can.
  public let rulesFault: StateRulesFault?
  /// Everything declared about it.
  public var rules: MachineRules { declared.value }
  private let declared: Shared<MachineRules>
  /// Sums that are at the end of their range, which was told.
  var full: Set<CountRole> = []
  var order: ShownOrder
  var lastSample: Instant?
  /// Samples that were handled before every unit had told its own, because too many waited.
  public private(set) var handledEarly: Int64 = 0

  /// A machine that starts anew, or goes on where a snapshot ends; throws if that is unreadable.
  public init(
    rules: MachineRules, epoch: String, snapshot: [UInt8]? = nil, reading: ClockReading,
    firstStop: Int64 = 1
  ) throws(SnapshotFault) {
    declared = Shared(rules)
    self.reading = reading
    showsOrder = rules.order != nil
    roster = Roster(rules: rules)
    counters = rules.allCounters.map { Counter(rules: $0.rules, role: $0.role) }
    book = CountBook(derivesGood: rules.derivesGood)
    now = .distantPast
    let start = Stamp(reading.monotonic, reading)
    (states, rulesFault) = MachineStates.following(
      rules, epoch: epoch, firstStop: firstStop, at: start)
    roster.follow(states.interest)
    counterOfSlot = CounterPlace.table(rules, roster)
    evidence = EvidencePlaces(rules, roster, states)
    order = ShownOrder(rules, roster)
    if let snapshot { try resume(snapshot) }
  }

  /// What its evidence asks, in a word: machines of which it is the same may `share`.
  package var kind: String { states.board.program.shape }

  /// Takes over the memory of what is the same in another machine, and never changes in either.
  package mutating func share(with kin: Machine) {
    states.share(with: kin.states)
    if counterOfSlot == kin.counterOfSlot { counterOfSlot = kin.counterOfSlot }
    evidence.share(with: kin.evidence)
  }

  /// The signals whose samples this machine wants, for a routing table.
  public var interest: [SignalID] { roster.interest }

  /// Keeps a sample or a mark until it can be handled; one that decides nothing is dropped here.
  public mutating func take(_ sample: Sample) {
    switch sample.kind {
    case .mark:
      roster.mark(sample.subject, at: sample.at)
    case .value:
      guard let slot = roster.slot(of: sample.subject) else { return }
      lastSample = max(lastSample ?? sample.at, sample.at)
      if roster.slots[slot].role.isEmpty, roster.slots[slot].taken == sample.quality { return }
      roster.slots[slot].taken = sample.quality
      let unit = roster.slots[slot].unit
      let looked = unit < roster.units.count ? roster.marks[unit] : .distantPast
      buffer.insert(.init(sample: sample, slot: Int32(slot), looked: looked))
    }
  }

  /// Where a signal stands in this machine; nil for a signal of another one.
  package func place(of signal: SignalID) -> (slot: Int, unit: UnitID?, decides: Bool)? {
    guard let slot = roster.slot(of: signal.index) else { return nil }
    let unit = roster.slots[slot].unit
    return (
      slot, unit < roster.units.count ? roster.units[unit].id : nil,
      !roster.slots[slot].role.isEmpty
    )
  }

  /// Keeps a sample that decides something; `looked` is the mark of its unit.
  package mutating func take(_ sample: Sample, slot: Int, looked: Instant) {
    buffer.insert(.init(sample: sample, slot: Int32(slot), looked: looked))
  }

  /// Hears how far every unit is known, when nothing that waits is due by that.
  package mutating func hear(_ marks: [Instant]) {
    roster.hear(marks)
    now = max(now, roster.watermark ?? now)
  }

  /// Hears how far every unit is known, by index, handles everything up to there, and says what it
  /// waits for.
  package mutating func advance(
    marks: [Instant], reading: ClockReading, into facts: inout [Fact]
  ) -> Wish {
    roster.hear(marks)
    advance(reading: reading, into: &facts)
    return findWish()
  }

  /// Hears how far every unit is known, and tells everything gathered so far.
  package mutating func flush(
    marks: [Instant], reading: ClockReading, into facts: inout [Fact]
  ) {
    roster.hear(marks)
    flush(reading: reading, into: &facts)
  }

  /// What it waits for. Mutating, so that nothing of a kilobyte is copied to ask.
  package mutating func findWish() -> Wish {
    let deadline = min(ownDeadline(), inputs.firstTime)
    return Wish(
      deadline: deadline == .distantFuture ? deadline : deadline.advanced(nanoseconds: 1),
      wake: min(deadline, min(buffer.firstTime, inputs.firstTime)).advanced(nanoseconds: 1))
  }

  /// Handles everything that every unit has told, in the order of its time.
  public mutating func advance(reading: ClockReading, into facts: inout [Fact]) {
    remember(reading)
    if !inputs.said.isEmpty { speak(into: &facts) }
    if buffer.count > MachineLimits.waitingSamples {
      let early = buffer.count / 2
      handledEarly += Int64(early)
      handle(before: buffer.time(at: early), into: &facts)
    }
    let watermark = roster.watermark ?? reading.monotonic
    handle(before: watermark, into: &facts)
    now = max(now, watermark)
  }

  /// Keeps the clocks for labels; the boot's name, which is counted memory, only when it is new.
  private mutating func remember(_ now: ClockReading) {
    if reading.bootID != now.bootID { reading.bootID = now.bootID }
    reading.monotonic = now.monotonic
    reading.wall = now.wall
    reading.quality = now.quality
  }

  /// Handles what can be handled and tells the pieces of the open window: an orderly shutdown.
  public mutating func flush(reading: ClockReading, into facts: inout [Fact]) {
    advance(reading: reading, into: &facts)
    guard book.window != nil else { return }
    revision &+= 1
    tellWindow(at: Stamp(now, reading), into: &facts)
  }

  /// The earliest mark of all units that would make it act without another sample; nil for none.
  ///
  /// It lies in the past while a unit's mark is late: then that unit's next mark is what to wait
  /// for.
  public var nextDeadline: Instant? {
    var copy = self
    let deadline = copy.findWish().deadline
    return deadline == .distantFuture ? nil : deadline
  }

  private mutating func handle(before watermark: Instant, into facts: inout [Fact]) {
    while true {
      let sample = max(min(buffer.firstTime, inputs.firstTime), now)
      let deadline = max(ownDeadline(), now)
      if sample < watermark, sample <= deadline {
        now = sample
        if !countOn(into: &facts) { handleMoment(into: &facts) }
      } else if deadline < watermark {
        now = deadline
        fireDeadlines(into: &facts)
      } else {
        return
      }
      revision &+= 1
    }
  }
}
