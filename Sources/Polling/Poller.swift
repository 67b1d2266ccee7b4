// Decides what is asked on one bus, when, and what the results mean.
//
// Invariants
// - One transaction at a time: after `.read` or `.open` comes exactly one result (F9).
// - The schedule does not drift: dues lie on a grid of the period, shifted by a hash of the names
//   of bus and unit, so that gateways and units do not all ask at the same moment (F19). The first
//   read after the start or a return comes at once.
// - More than a period late: what was missed is left out and counted as an overrun.
// - A failure concerns its unit, and only that one (F3 to F6); a refusal concerns its signals, and
//   only those (F1): the block is halved, at the widest gap first, until the guilty stand alone.
//   The whole plan is tried again at growing intervals, since a PLC may only have been busy.
// - Time and chance are arguments: the same inputs give the same requests.

public import Primitives
import Signals

/// The bus schedule with the health of its units and its link.
public struct Poller: Sendable {
  public let bus: BusDefinition
  /// Signals that no request can read.
  public let impossible: [ImpossibleRead]
  private(set) var blocks: [ScheduledBlock] = []
  private(set) var units: [UnitRecord]
  private(set) var link = FieldLink()
  private(set) var counters = PollCounters()
  private(set) var opens: UInt64 = 0
  private(set) var lastAnswer: Instant?
  private(set) var lastError: String?
  var generator: SeededGenerator

  /// A poller that reads everything as soon as the link is open.
  public init(bus: BusDefinition, seed: UInt64, now: Instant) {
    self.bus = bus
    generator = SeededGenerator(seed: seed)
    let plan = ReadPlan(bus)
    impossible = plan.impossible
    units = bus.units.enumerated().map { index, unit in
      let isIdle = !plan.blocks.contains { $0.unit == index }
      return UnitRecord(unit, bus: bus.name, isIdle: isIdle, now: now)
    }
    blocks = plan.blocks.map { ScheduledBlock($0, phase: units[$0.unit].phase, due: now) }
  }

  /// The health of a unit by its position in the bus definition.
  public func health(of unit: Int) -> UnitHealth { units[unit].health }

  /// The state of the link.
  public var linkState: LinkState { link.state }

  // MARK: what next

  /// The next thing to do; ask again after each result and at the end of each wait.
  public mutating func next(now: Instant) -> PollAction {
    switch link.state {
    case .breaking:
      link.closed(at: now, using: &generator)
      return .close
    case .coolingOff(let until) where now < until:
      return .wait(until: until)
    case .down, .connecting, .coolingOff:
      guard !blocks.isEmpty else { return .wait(until: .distantFuture) }
      link.connecting()
      return .open(timeout: bus.connectTimeout)
    case .up:
      replanWhereDue(now)
      return nextRead(now)
    }
  }

  private mutating func nextRead(_ now: Instant) -> PollAction {
    var chosen: Int?
    var best = (Instant.distantFuture, Instant.distantFuture)
    for index in blocks.indices {
      let due = blocks[index].due
      let askable = units[blocks[index].block.unit].health.askableAt
      let ready = due < askable ? askable : due
      if (ready, due) < best { (chosen, best) = (index, (ready, due)) }
    }
    guard let chosen, best.0 <= now else {
      return .wait(until: min(best.0, nextReplan))
    }
    link.asked(chosen)
    let block = blocks[chosen].block
    let unit = bus.units[block.unit]
    return .read(
      ReadRequest(
        unitAddress: unit.address, table: block.table, start: block.start, count: block.count,
        timeout: unit.timeout))
  }

  private var nextReplan: Instant { units.map(\.replanAt).min() ?? .distantFuture }

  private mutating func replanWhereDue(_ now: Instant) {
    for unit in units.indices where units[unit].replanAt <= now { replan(unit, now) }
  }

  // MARK: the link

  /// The link was opened.
  public mutating func opened(now: Instant) {
    opens += 1
    link.opened()
    for unit in units.indices where !units[unit].isIdle { units[unit].health.linkOpened(at: now) }
  }

  /// The link could not be opened: no unit is in reach.
  public mutating func openFailed(_ fault: BusFault, now: Instant) -> PollOutcome {
    link.openFailed(at: now, using: &generator)
    lastError = fault.sentence(opening: bus)
    var outcome = PollOutcome()
    for unit in units.indices where !units[unit].isIdle {
      if case .lost(let since) = units[unit].health.linkRefused(at: now) {
        lose(unit, since: since, &outcome)
      }
    }
    return outcome
  }

  // MARK: results

  /// The answer to the last request arrived, with this many words.
  public mutating func answered(
    wordCount: Int, started: Instant, ended: Instant
  ) -> PollOutcome {
    guard case .up(let asked?) = link.state else { return PollOutcome() }
    let block = blocks[asked].block
    guard wordCount == Int(block.count) else {
      let text = "\(wordCount) values instead of \(block.count)"
      return failed(.garbage(text), started: started, ended: ended)
    }
    _ = link.takeAsked()
    countPoll(block.unit)
    var outcome = PollOutcome()
    contact(block.unit, started: started, ended: ended, &outcome)
    blocks[asked].failures = 0
    blocks[asked].backoff.reset()
    advance(asked, ended)
    outcome.answered = block
    outcome.finished = hasDue(block.unit, at: ended) ? nil : block.unit
    return outcome
  }

  /// The last request failed.
  public mutating func failed(
    _ fault: BusFault, started: Instant, ended: Instant
  ) -> PollOutcome {
    var outcome = PollOutcome()
    guard let asked = link.takeAsked() else { return outcome }
    let block = blocks[asked].block
    countPoll(block.unit)
    count(fault, block)
    blocks[asked].due = blocks[asked].grid(after: ended)
    switch fault {
    case .timeout:
      link.timedOut()
      fail(asked, at: ended, &outcome)
      if link.silence >= PollingLimits.timeoutsUntilReopen, units.allSatisfy(\.isFailingOrIdle) {
        breakLink(at: ended)
      }
    case .garbage:
      fail(asked, at: ended, &outcome)
      breakLink(at: ended)
    case .broken, .unreachable:
      fail(asked, at: ended, &outcome)
      breakLink(at: ended)
    case .exception(10), .exception(11):
      // The gateway on the way answers for a unit that does not.
      link.answered()
      fail(asked, at: ended, &outcome)
    case .exception(1), .exception(2), .exception(3):
      contact(block.unit, started: started, ended: ended, &outcome)
      // Exception 1 concerns the table, not an address in it: halving would teach nothing.
      refuse(asked, halving: fault != .exception(1), at: ended, &outcome)
    case .exception:
      contact(block.unit, started: started, ended: ended, &outcome)
      failBlock(asked, quality: .refused, at: ended, &outcome)
    }
    if !units[block.unit].health.isLost, !hasDue(block.unit, at: ended) {
      outcome.finished = block.unit
    }
    return outcome
  }

  // MARK: what results do

  private mutating func contact(
    _ unit: Int, started: Instant, ended: Instant, _ outcome: inout PollOutcome
  ) {
    link.answered()
    lastAnswer = ended
    units[unit].lastAnswer = ended
    units[unit].responses.add(ended - started)
    guard case .restored(let since) = units[unit].health.answered() else { return }
    outcome.restored = PollOutcome.Restoration(unit: unit, lostSince: since)
    // All of it at once, and the refused addresses too: it may have been given a new program.
    for index in blocks.indices where blocks[index].block.unit == unit {
      blocks[index].failures = 0
      blocks[index].backoff.reset()
      blocks[index].due = min(blocks[index].due, ended)
    }
    if units[unit].replanAt != .distantFuture { units[unit].replanAt = ended }
  }

  private mutating func fail(_ asked: Int, at now: Instant, _ outcome: inout PollOutcome) {
    let unit = blocks[asked].block.unit
    if case .lost(let since) = units[unit].health.failed(at: now, using: &generator) {
      lose(unit, since: since, &outcome)
    } else if !units[unit].health.isLost {
      failBlock(asked, quality: .noContact, at: now, &outcome)
    }
  }

  private mutating func lose(_ unit: Int, since: Instant, _ outcome: inout PollOutcome) {
    outcome.degradations.append(
      Degradation(unit: unit, slots: nil, quality: .noContact, since: since))
    for index in blocks.indices where blocks[index].block.unit == unit {
      blocks[index].failures = 0
    }
  }

  /// A block that keeps failing while its unit answers others goes bad alone, and is tried rarely.
  private mutating func failBlock(
    _ index: Int, quality: Quality, at now: Instant, _ outcome: inout PollOutcome
  ) {
    blocks[index].failures += 1
    guard blocks[index].failures >= PollingLimits.failuresUntilLost else { return }
    blocks[index].failures = PollingLimits.failuresUntilLost
    let delay = blocks[index].backoff.next(using: &generator)
    blocks[index].due = max(blocks[index].due, now + delay)
    let block = blocks[index].block
    let slots = block.places.map { Int($0.slot) }
    outcome.degradations.append(
      Degradation(unit: block.unit, slots: slots, quality: quality, since: now))
  }

  /// Halves a refused block; what cannot be halved is left alone until the next plan.
  private mutating func refuse(
    _ index: Int, halving: Bool, at now: Instant, _ outcome: inout PollOutcome
  ) {
    let block = blocks[index].block
    let unit = block.unit
    if units[unit].replanAt == .distantFuture {
      units[unit].scheduleReplan(now, using: &generator)
    }
    guard halving, block.places.count > 1 else {
      blocks[index].due = .distantFuture
      let slots = block.places.map { Int($0.slot) }
      units[unit].refused.formUnion(slots)
      outcome.degradations.append(
        Degradation(unit: unit, slots: slots, quality: .refused, since: now))
      return
    }
    let halves = block.halves.map { ScheduledBlock($0, phase: units[unit].phase, due: now) }
    blocks.replaceSubrange(index...index, with: halves)
  }

  private mutating func replan(_ unit: Int, _ now: Instant) {
    units[unit].replanAt = .distantFuture
    units[unit].refused = []
    blocks.removeAll { $0.block.unit == unit }
    let plan = ReadPlan(unit: bus.units[unit], at: unit, on: LineTiming(bus))
    blocks += plan.blocks.map { ScheduledBlock($0, phase: units[unit].phase, due: now) }
  }

  private mutating func breakLink(at now: Instant) {
    link.broke()
    for unit in units.indices where !units[unit].isIdle { units[unit].health.linkBroke(at: now) }
  }

  private mutating func advance(_ index: Int, _ now: Instant) {
    let (due, missed) = blocks[index].next(after: now)
    blocks[index].due = due
    counters.overruns += missed
    units[blocks[index].block.unit].counters.overruns += missed
  }

  private func hasDue(_ unit: Int, at now: Instant) -> Bool {
    blocks.contains { $0.block.unit == unit && $0.due <= now }
  }

  private mutating func countPoll(_ unit: Int) {
    counters.polls += 1
    units[unit].counters.polls += 1
  }

  private mutating func count(_ fault: BusFault, _ block: ReadBlock) {
    let text = fault.sentence(reading: block, of: bus.units[block.unit])
    lastError = text
    units[block.unit].lastError = text
    counters.count(fault)
    units[block.unit].counters.count(fault)
  }
}
