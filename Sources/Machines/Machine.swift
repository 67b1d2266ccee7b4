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

/// The decisions about one machine, from samples to facts.
public struct Machine: Sendable {
  public let rules: MachineRules
  var roster: Roster
  var buffer = SampleBuffer()
  var stops: StopDetector
  var good: Counter?
  var scrap: Counter?
  var rework: Counter?
  var book = CountBook()
  /// Everything before it has been handled.
  var now: Instant
  var reading: ClockReading
  var lastSample: Instant?
  var scratch: [Fact] = []
  /// Samples that were handled before every unit had told its own, because too many waited.
  public private(set) var handledEarly: Int64 = 0
  /// Counts what was handled; while it stands still, so does the snapshot's content.
  public internal(set) var revision: UInt64 = 0

  /// A machine that starts anew, or goes on where a snapshot ends; throws if that is unreadable.
  public init(
    rules: MachineRules, epoch: String, snapshot: [UInt8]? = nil, reading: ClockReading,
    firstStop: Int64 = 1
  ) throws(SnapshotFault) {
    self.rules = rules
    self.reading = reading
    roster = Roster(rules: rules)
    good = rules.good.map { Counter(rules: $0) }
    scrap = rules.scrap.map { Counter(rules: $0) }
    rework = rules.rework.map { Counter(rules: $0) }
    now = .distantPast
    let start = Stamp(reading.monotonic, reading)
    stops = StopDetector(rules: rules, epoch: epoch, firstStop: firstStop, at: start)
    if let snapshot { try resume(snapshot) }
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
      let looked = unit < roster.units.count ? roster.units[unit].mark : .distantPast
      buffer.insert(.init(sample: sample, slot: Int32(slot), looked: looked))
    }
  }

  /// Handles everything that every unit has told, in the order of its time.
  public mutating func advance(reading: ClockReading, into facts: inout [Fact]) {
    self.reading = reading
    if buffer.count > MachineLimits.waitingSamples {
      let early = buffer.count / 2
      handledEarly += Int64(early)
      handle(before: buffer.time(at: early), into: &facts)
    }
    let watermark = roster.watermark ?? reading.monotonic
    handle(before: watermark, into: &facts)
    now = max(now, watermark)
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
  public var nextDeadline: Instant? { ownDeadline?.advanced(nanoseconds: 1) }

  private mutating func handle(before watermark: Instant, into facts: inout [Fact]) {
    while true {
      let sample = buffer.first.map { max($0, now) }
      let deadline = ownDeadline.map { max($0, now) }
      if let sample, sample < watermark, sample <= deadline ?? .distantFuture {
        now = sample
        handleMoment(into: &facts)
      } else if let deadline, deadline < watermark {
        now = deadline
        fireDeadlines(into: &facts)
      } else {
        return
      }
      revision &+= 1
    }
  }
}
