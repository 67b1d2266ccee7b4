// What results mean: for the unit asked, for its signals, for the link.

public import Primitives
import Signals

extension Poller {
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
    failures.used(from: started, to: ended)
    countPoll(block.unit)
    rest(block.unit, ended)
    var outcome = PollOutcome()
    contact(block.unit, started: started, ended: ended, &outcome)
    outcome.answered = block
    if blocks[asked].role == .measure {
      measured(asked, isTaken: true, 0, ended, &outcome)
    } else {
      if blocks[asked].isGivenUp { givenUpChanges &+= 1 }
      blocks[asked].failures = 0
      blocks[asked].unansweredSince = nil
      blocks[asked].backoff.reset()
      advance(asked, ended)
      learnFrom(answered: asked, ended, &outcome)
    }
    gaveValues(block.unit, ended, &outcome)
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
    let unit = block.unit
    countPoll(unit)
    count(fault, block)
    rest(unit, ended)
    failures.used(from: started, to: ended)
    if units[unit].health.isLost { probes.spend(ended - started, at: ended) }
    postpone(asked, fault, ended)
    if blocks[asked].unansweredSince == nil { blocks[asked].unansweredSince = started }
    switch fault {
    case .timeout:
      link.timedOut()
      expectLateAnswer(to: asked, ended)
      fail(asked, ended - started, at: ended, &outcome)
      if link.silence >= silenceUntilReopen, units.allSatisfy(\.isFailingOrIdle) {
        breakLink(at: ended)
      }
    case .garbage:
      link.garbled()
      expectLateAnswer(to: asked, ended)
      fail(asked, ended - started, at: ended, &outcome)
      if link.garbage >= PollingLimits.garbageUntilReopen { breakLink(at: ended) }
    case .broken, .unreachable:
      fail(asked, ended - started, at: ended, &outcome)
      breakLink(at: ended)
    case .exception where couldBeLate(asked, started):
      // The refusal of the request before looks the same, and its own answer may still come.
      link.answered()
      expectLateAnswer(to: asked, ended)
      fail(asked, ended - started, at: ended, &outcome)
    case .exception(10), .exception(11):
      // The gateway on the way answers for a unit that does not.
      link.answered()
      fail(asked, ended - started, at: ended, &outcome)
    case .exception(let code) where (1...3).contains(code):
      contact(unit, started: started, ended: ended, &outcome)
      refuse(asked, exception: code, at: ended, &outcome)
      keepAsking(unit, ended)
    case .exception(let code):
      contact(unit, started: started, ended: ended, &outcome)
      failBlock(asked, quality: .refused, at: ended, &outcome)
      keepAsking(unit, ended)
      if ExceptionText.isPatience(code), !blocks[asked].isExtra {
        blocks[asked].due = min(blocks[asked].due, ended + PollingLimits.suspectRetryCeiling)
      }
    }
    if !units[unit].health.isLost, !hasDue(unit, at: ended) { outcome.finished = unit }
    return outcome
  }

  // MARK: the unit

  private mutating func contact(
    _ unit: Int, started: Instant, ended: Instant, _ outcome: inout PollOutcome
  ) {
    link.answered()
    lastAnswer = ended
    units[unit].lastAnswer = ended
    units[unit].responses.add(ended - started)
    units[unit].doubt.answered(afterFailures: units[unit].health.failuresInARow)
    if units[unit].expectsLateAnswer {
      units[unit].expectsLateAnswer = false
      for index in blocks.indices where blocks[index].unit == unit {
        blocks[index].notBefore = .distantPast
      }
    }
    guard case .restored(let since) = units[unit].health.answered() else { return }
    outcome.restored = PollOutcome.Restoration(unit: unit, lostSince: since)
    // All of it at once, and the refused addresses soon: it may have been given a new program.
    for index in blocks.indices where blocks[index].unit == unit {
      blocks[index].failures = 0
      blocks[index].backoff.reset()
      let isRetest = blocks[index].isExtra
      // What could not be asked for was not late.
      blocks[index].due =
        isRetest ? min(blocks[index].due, ended + PollingLimits.retestFloor) : ended
    }
    let unreadable =
      impossible.filter { $0.unit == unit }.map(\.slot) + units[unit].refused.sorted()
    if !unreadable.isEmpty {
      outcome.degradations.append(
        Degradation(unit: unit, slots: unreadable, quality: .refused, since: ended))
    }
  }

  private mutating func fail(
    _ asked: Int, _ cost: Duration, at now: Instant, _ outcome: inout PollOutcome
  ) {
    let unit = blocks[asked].block.unit
    if !units[unit].health.isLost { failures.spend(cost) }
    if case .lost(let since) = units[unit].health.failed(at: now, using: &generator) {
      lose(unit, since: since, &outcome)
    } else if blocks[asked].role == .measure {
      measured(asked, isTaken: false, 0, now, &outcome)
    } else if !units[unit].health.isLost {
      if units[unit].health.failuresInARow == 1, isNarrowing(asked) {
        refuse(asked, exception: 0, at: now, &outcome)
      } else {
        failBlock(asked, quality: .noContact, at: now, &outcome)
      }
    }
  }

  mutating func lose(_ unit: Int, since: Instant, _ outcome: inout PollOutcome) {
    outcome.degradations.append(
      Degradation(unit: unit, slots: nil, quality: .noContact, since: since))
    for index in blocks.indices where blocks[index].unit == unit {
      if blocks[index].isGivenUp { givenUpChanges &+= 1 }
      blocks[index].failures = 0
      blocks[index].unansweredSince = nil
    }
  }

  /// A block that keeps failing while its unit answers others goes bad alone, and is tried rarely.
  private mutating func failBlock(
    _ index: Int, quality: Quality, at now: Instant, _ outcome: inout PollOutcome
  ) {
    guard !blocks[index].isExtra else { return }
    blocks[index].failures += 1
    guard blocks[index].failures >= PollingLimits.failuresUntilLost else { return }
    if quality == .noContact, dropsRequests(index) {
      refuse(index, exception: 0, at: now, &outcome)
      return
    }
    giveUp(index, quality: quality, at: now, &outcome)
  }

  /// Tells that the signals of a block cannot be read, and tries it rarely from now on.
  mutating func giveUp(
    _ index: Int, quality: Quality, at now: Instant, _ outcome: inout PollOutcome
  ) {
    blocks[index].failures = PollingLimits.failuresUntilLost
    blocks[index].unansweredSince = nil
    givenUpChanges &+= 1
    var delay = blocks[index].backoff.next(using: &generator)
    if units[blocks[index].unit].refusesAllSince != nil {
      delay = PollingLimits.blockRetryCeiling
    }
    blocks[index].due = max(blocks[index].due, now + delay)
    let block = blocks[index].block
    let slots = block.places.map { Int($0.slot) }
    outcome.degradations.append(
      Degradation(unit: block.unit, slots: slots, quality: quality, since: now))
  }

  // MARK: time

  /// Keeps the silences that the bus and the device need after a transaction.
  private mutating func rest(_ unit: Int, _ now: Instant) {
    quietUntil = now + bus.requestPause
    units[unit].quietUntil = now + bus.units[unit].quirks.pause
  }

  private var silenceUntilReopen: Int {
    switch bus.line {
    case .tcp, .tls, .rtuOverTCP: PollingLimits.timeoutsUntilReopen
    case .rtu: PollingLimits.timeoutsUntilSerialReopen
    }
  }

  private mutating func expectLateAnswer(to asked: Int, _ now: Instant) {
    let block = blocks[asked].block
    expectLateAnswer(
      LateShape(block.unit, block.table, block.count), within: bus.units[block.unit].timeout, now)
  }

  /// On an RTU line: nothing of the same shape is asked of the unit while an answer may be late.
  mutating func expectLateAnswer(_ shape: LateShape, within timeout: Duration, _ now: Instant) {
    guard bus.line.framing == .rtu else { return }
    let moment = now + min(timeout, PollingLimits.quietCeiling)
    units[shape.unit].expectsLateAnswer = true
    for index in blocks.indices {
      let block = blocks[index].block
      guard LateShape(block.unit, block.table, block.count) == shape else { continue }
      blocks[index].notBefore = max(blocks[index].notBefore, moment)
    }
  }

  /// Whether a refusal could be that of an earlier request: an exception tells the function only.
  private func couldBeLate(_ asked: Int, _ started: Instant) -> Bool {
    let block = blocks[asked].block
    return units[block.unit].expectsLateAnswer
      && blocks.contains {
        $0.block.unit == block.unit && $0.block.table == block.table && $0.notBefore > started
      }
  }

  private mutating func advance(_ index: Int, _ now: Instant) {
    let (due, missed) = blocks[index].next(after: now)
    blocks[index].due = due
    counters.overruns += missed
    units[blocks[index].unit].counters.overruns += missed
  }

  private mutating func postpone(_ index: Int, _ fault: BusFault, _ now: Instant) {
    switch blocks[index].role {
    case .regular, .suspect, .measure:
      // A slow block is tried again soon: the unit's marks wait until it is answered or given up.
      blocks[index].due = min(
        blocks[index].grid(after: now), now + PollingLimits.suspectRetryCeiling)
    case .retest(let kept):
      let unit = blocks[index].unit
      if fault == .timeout {
        // What it refused it may as well drop: a look that was in vain, and a dear one.
        refusedAgain(kept, unit, now)
      } else {
        units[unit].refusals[kept].postpone(now, using: &generator)
      }
      blocks[index].due = units[unit].refusals[kept].retestAt
    }
  }

  private func hasDue(_ unit: Int, at now: Instant) -> Bool {
    blocks.contains { $0.unit == unit && $0.due <= now && !$0.isExtra }
  }

  private mutating func countPoll(_ unit: Int) {
    counters.polls += 1
    units[unit].counters.polls += 1
  }

  private mutating func count(_ fault: BusFault, _ block: ReadBlock) {
    let text = fault.sentence(reading: block, of: bus.units[block.unit], on: bus.line)
    lastError = text
    units[block.unit].lastError = text
    counters.count(fault)
    units[block.unit].counters.count(fault)
  }
}

/// What tells answers apart on a line without transaction ids.
struct LateShape: Equatable {
  let unit: Int
  let table: ModbusTable
  let valueBytes: Int

  init(_ unit: Int, _ table: ModbusTable, _ count: UInt16) {
    (self.unit, self.table, valueBytes) = (unit, table, table.valueBytes(count))
  }
}
