// Decides what is asked on one bus, when, and what the results mean.
//
// Invariants
// - One transaction at a time: after `.read` or `.open` comes exactly one result (F9).
// - The schedule does not drift: dues lie on a grid of the period, shifted by the phase of the unit
//   (see PhaseSpread), so that gateways and units do not all ask at the same moment (F19). The
//   first read after the start or a return comes at once.
// - More than a period late: what was missed is left out and counted as an overrun.
// - A failure concerns its unit, and only that one (F3 to F7); a refusal concerns its signals, and
//   only those (F1): see PollerLearning.
// - Probes of lost units take what the others leave free, or `PollingLimits.probeShare` of the
//   time, however many are lost (F4). A timeout is the configured one, always (F5).
// - On an RTU line nothing in a frame tells a late answer from the one that is waited for. After a
//   timeout the unit is not asked for an answer of the same shape (function and byte count) before
//   its timeout has passed again or it has answered something else; others are asked meanwhile
//   (F11). Silences that the bus or a device needs are kept the same way (F22).
// - Time and chance are arguments: the same inputs give the same requests.

public import Primitives
import Signals

/// The bus schedule with the health of its units and its link.
public struct Poller: Sendable {
  public let bus: BusDefinition
  /// Signals that no request can read.
  public let impossible: [ImpossibleRead]
  /// When in their periods the units are read.
  let spread: PhaseSpread
  var blocks: [ScheduledBlock] = []
  var units: [UnitRecord]
  var link = FieldLink()
  var counters = PollCounters()
  private(set) var opens: UInt64 = 0
  var lastAnswer: Instant?
  /// The last thing that went wrong, in a sentence; nil before the first.
  public internal(set) var lastError: String?
  /// From due to start, of reads of units that answer.
  private(set) var lateness = ResponseTimes()
  /// Moves with each refusal learnt or forgotten.
  public internal(set) var learntChanges: UInt64 = 0
  /// Counts whenever `unreadSlots` may have changed.
  public internal(set) var givenUpChanges: UInt64 = 0
  var probes = ProbeBudget()
  var failures = FailureBudget()
  /// Nothing is asked before: the silence that the bus needs.
  var quietUntil = Instant.distantPast
  /// On an RTU line: until when a guest's answer may still come, by the unit's address.
  var lateGuests: [UInt8: Instant] = [:]
  /// From when on the open link may be used: what was due before is not late for it.
  private var usableSince = Instant.distantPast
  var generator: SeededGenerator

  /// A poller that reads everything as soon as the link is open, but what was learnt to be refused.
  public init(bus: BusDefinition, seed: UInt64, now: Instant, learnt: [LearntRefusal] = []) {
    self.bus = bus
    generator = SeededGenerator(seed: seed)
    let plan = ReadPlan(bus)
    spread = PhaseSpread(plan, in: bus)
    impossible = plan.impossible
    units = bus.units.enumerated().map { index, unit in
      UnitRecord(unit, base: plan.blocks.filter { $0.unit == index }, now: now)
    }
    for index in bus.units.indices { remember(learnt, index, now) }
  }

  /// The health of a unit by its position in the bus definition.
  public func health(of unit: Int) -> UnitHealth { units[unit].health }

  /// Before that moment everything of a unit has been seen; nil when all is up to date.
  ///
  /// A unit may answer some requests and not others: what it did not say is not known, even though
  /// it is there. A count that nobody could read does not stand still.
  public func doubtfulSince(of unit: Int, now: Instant) -> Instant? {
    guard !units[unit].health.isLost else { return nil }
    var doubt = units[unit].health.doubtfulSince
    for index in blocks.indices where blocks[index].unit == unit {
      guard let since = blocks[index].doubtfulSince(now) else { continue }
      doubt = min(doubt ?? since, since)
    }
    return doubt
  }

  /// The last thing that went wrong with a unit, in a sentence; nil before the first.
  public func lastError(of unit: Int) -> String? { units[unit].lastError }

  /// How long a unit takes to answer; nil before its first answer.
  public func responses(of unit: Int) -> ResponseTimes.Summary? { units[unit].responses.summary }

  /// The state of the link.
  public var linkState: LinkState { link.state }

  /// How often the link was opened after the first time.
  var reopens: UInt64 { opens > 0 ? opens - 1 : 0 }

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
      return nextRead(now)
    }
  }

  private mutating func nextRead(_ now: Instant) -> PollAction {
    let (regular, probe) = candidates(now)
    var best = regular
    if let probe {
      let ready = moment(of: probe, beside: regular, now)
      if ready < regular.ready {
        best = Candidate(ready: ready, due: probe.due, index: probe.index)
      }
    }
    let start = max(best.ready, quietUntil)
    guard let chosen = best.index, start <= now else { return .wait(until: start) }
    link.asked(chosen)
    let block = blocks[chosen].block
    let unit = bus.units[block.unit]
    if !units[block.unit].health.isFailing { lateness.add(now - max(best.due, usableSince)) }
    return .read(
      ReadRequest(
        unitAddress: unit.address, table: block.table, start: block.start, count: block.count,
        timeout: unit.timeout))
  }

  /// What is to be asked soonest: of units that are not lost, and of those that are.
  private func candidates(_ now: Instant) -> (regular: Candidate, probe: Candidate?) {
    var regular = Candidate()
    var probe: Candidate?
    let payable = failures.availableAt
    // Once for each unit, not for each of its blocks: they may be hundreds.
    let gates = units.indices.map { unit in
      let record = units[unit]
      let isLost = record.health.isLost
      let hasToPay = record.doubt.isPresent && !isLost
      return (
        askableAt: hasToPay ? max(record.askableAt, payable) : record.askableAt, isLost: isLost,
        wantsProof: wantsProof(unit, now)
      )
    }
    for index in blocks.indices {
      let gate = gates[blocks[index].unit]
      if gate.wantsProof, !blocks[index].isProven { continue }
      let due = blocks[index].due
      let ready = max(max(due, blocks[index].notBefore), gate.askableAt)
      let candidate = Candidate(ready: ready, due: due, index: index)
      if gate.isLost {
        if candidate.isBefore(probe ?? Candidate()) { probe = candidate }
      } else if candidate.isBefore(regular) {
        regular = candidate
      }
    }
    return (regular, probe)
  }

  /// Whether one more failure would make a unit lost that has a block which it answered last time:
  /// then that one is asked first. What is dropped in silence must not take the rest with it.
  private func wantsProof(_ unit: Int, _ now: Instant) -> Bool {
    guard units[unit].health.failuresInARow == PollingLimits.failuresUntilLost - 1 else {
      return false
    }
    let soon = now + PollingLimits.suspectRetryCeiling
    return blocks.contains { $0.unit == unit && $0.isProven && $0.due <= soon }
  }

  /// When a lost unit may be probed: when nobody else wants the bus meanwhile, or within budget.
  private func moment(of probe: Candidate, beside regular: Candidate, _ now: Instant) -> Instant {
    guard let index = probe.index else { return .distantFuture }
    let timeout = bus.units[blocks[index].unit].timeout
    let isFree = regular.ready >= max(probe.ready, now) + timeout
    return isFree ? probe.ready : max(probe.ready, probes.availableAt)
  }

  // MARK: the link

  /// The link was opened.
  public mutating func opened(now: Instant) {
    opens += 1
    link.opened()
    quietUntil = now + bus.connectPause
    usableSince = quietUntil
    // What could not be asked for was not late.
    for index in blocks.indices where !blocks[index].isExtra {
      blocks[index].due = max(blocks[index].due, usableSince)
    }
    for unit in units.indices where !units[unit].isIdle {
      units[unit].health.linkOpened(at: now)
      askSomething(of: unit, now)
    }
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

  mutating func breakLink(at now: Instant) {
    link.broke(at: now)
    for unit in units.indices where !units[unit].isIdle { units[unit].health.linkBroke(at: now) }
  }
}

/// A block with the moment from which it may be asked.
private struct Candidate {
  var ready = Instant.distantFuture
  var due = Instant.distantFuture
  var index: Int?

  func isBefore(_ other: Candidate) -> Bool { (ready, due) < (other.ready, other.due) }
}

/// The time on the bus that probing lost units has cost, to be paid back before the next probe.
struct ProbeBudget: Sendable {
  private(set) var availableAt = Instant.distantPast

  mutating func spend(_ cost: Duration, at now: Instant) {
    let price = cost * Int(PollingLimits.probeShare)
    let saved = now - PollingLimits.probeBurst * Int(PollingLimits.probeShare)
    // What idle time paid for is no debt: after any probe the next one is a price away at most.
    availableAt = min(max(availableAt, saved) + price, now + price)
  }
}
