// How a refusal is narrowed down to the addresses that cause it, kept, and looked at again.
//
// ```
//   refused ─▶ two suspect parts ─▶ … ─▶ guilty alone, or both parts answered ─▶ learnt
//                                                                                  │ plan anew
//   forgotten, plan anew ◀─ answered ── retest ◀─ growing interval ────────────────┘
// ```
//
// Invariants
// - Only the guilty signals go bad (F1). The parts are asked at once, so a block of a hundred is
//   read again, but for the guilty one, after two requests for each halving.
// - When no part is in suspicion any more, the unit is planned anew, around what it refuses: not
//   seven pieces of a hundred registers for ever, but two. A wrong conclusion costs a round more.
// - A split whose parts were both answered teaches that the seam between them must not be crossed:
//   an unmapped gap, the edge of a device's own block, a request too long (F18).
// - A retest asks for the guilty piece only, beside the regular reads: it costs them nothing (F2).
// - What is refused is not asked for again after a restart either; each look that was in vain
//   doubles the interval up to `retestCeiling`, and there is no last one.
// - A device that refuses by chance cannot take the bus: beyond `splitsAtOnce`, parts wait for
//   their regular time.
// - At most `refusalsPerUnit` are kept; beyond, parts stay apart and guilty ones are tried rarely.

import Primitives
import Signals

extension Poller {
  /// What the units of this bus are known to refuse.
  public var learnt: [LearntRefusal] { units.flatMap { $0.refusals.map(\.learnt) } }

  /// Positions of the signals of a unit that it refuses, in its bindings.
  public func refusedSlots(of unit: Int) -> [Int] { units[unit].refused.sorted() }

  /// Positions of signals that a unit does not give although it answers: device busy or failed.
  ///
  /// What it has been learnt to refuse is not among them.
  public func unreadSlots(of unit: Int) -> [Int] {
    let refused = units[unit].refused
    let given = blocks.filter { $0.unit == unit && $0.isGivenUp }.flatMap(\.block.places)
    return given.map { Int($0.slot) }.filter { !refused.contains($0) }.sorted()
  }

  // MARK: at the start

  /// Plans a unit around what was learnt before; what concerns nothing it is asked for is dropped.
  mutating func remember(_ learnt: [LearntRefusal], _ unit: Int, _ now: Instant) {
    let definition = bus.units[unit]
    for refusal in learnt where refusal.unit == definition.address {
      let known = units[unit].refusals.map(\.learnt)
      guard known.count < PollingLimits.refusalsPerUnit,
        !known.contains(where: { $0.isSame(as: refusal) }),
        LearntPlan.retest(
          of: refusal, definition, units[unit].base, among: known + [refusal]) != nil
      else { continue }
      units[unit].refusals.append(KeptRefusal(refusal, now: now, using: &generator))
    }
    plan(unit, now)
    askSomething(of: unit, now)
    // Whether they had been found one by one or all at once is not known any more.
    let isLive = blocks.contains { $0.unit == unit && $0.isLive }
    if !isLive, !units[unit].refusals.isEmpty { units[unit].refusesAllSince = .distantPast }
  }

  // MARK: results

  /// A refusal: halves the block, or learns that what is left of it is guilty.
  mutating func refuse(
    _ asked: Int, exception: UInt8, at now: Instant, _ outcome: inout PollOutcome
  ) {
    let block = blocks[asked].block
    let unit = block.unit
    switch blocks[asked].role {
    case .regular, .suspect: break
    case .retest(let kept):
      refusedAgain(kept, unit, now)
      blocks[asked].due = units[unit].refusals[kept].retestAt
      return
    case .measure:
      measured(asked, isTaken: false, exception, now, &outcome)
      return
    }
    // Exception 1 concerns the function, not an address: halving would teach nothing.
    let start = bus.units[unit].quirks.requestStart[block.table]
    if exception != 1, let (parts, seam) = block.split(from: start) {
      units[unit].splits.append(
        Split(whole: block, exception: exception, seam: seam))
      // Silence is dear: its parts wait for their regular time.
      let isSoon = exception != 0 && units[unit].haste.allows(now)
      let unansweredSince = blocks[asked].unansweredSince ?? now
      let halves = parts.map { part in
        var half = ScheduledBlock(part, phase: phase(of: part), due: now, role: .suspect)
        half.unansweredSince = unansweredSince
        if !isSoon { half.due = half.grid(after: now) }
        return half
      }
      blocks.replaceSubrange(asked...asked, with: halves)
      return
    }
    let guilty = LearntRefusal(
      unit: bus.units[unit].address, table: block.table, addresses: block.addresses,
      exception: exception, since: now)
    guard keep(guilty, unit, now) else {
      blocks[asked].role = .regular
      giveUp(asked, quality: .refused, at: now, &outcome)
      return
    }
    blocks.remove(at: asked)
    dropSuspects(forbiddenBy: guilty, unit)
    refuseSlots(block.places.map { Int($0.slot) }, unit, now, &outcome)
    settle(unit, now, &outcome)
  }

  /// An answer clears a suspect, and proves obsolete what forbade the request.
  mutating func learnFrom(answered asked: Int, _ now: Instant, _ outcome: inout PollOutcome) {
    let block = blocks[asked].block
    let unit = block.unit
    units[unit].lengths[block.table] = max(units[unit].lengths[block.table] ?? 0, Int(block.count))
    if blocks[asked].role == .suspect {
      blocks[asked].role = .regular
      units[unit].splits.removeAll {
        $0.table == block.table && block.addresses.covers($0.span)
      }
      settle(unit, now, &outcome)
    }
    let obsolete = units[unit].refusals.filter {
      $0.learnt.table == block.table && $0.learnt.forbids(block.addresses)
    }
    guard let first = obsolete.first else { return }
    units[unit].refusals.removeAll {
      $0.learnt.table == block.table && $0.learnt.forbids(block.addresses)
    }
    // What was learnt together may well have ended together.
    for index in units[unit].refusals.indices {
      let apart = units[unit].refusals[index].learnt.since - first.learnt.since
      guard abs(apart.nanoseconds) <= PollingLimits.learntTogether.nanoseconds else { continue }
      units[unit].refusals[index].retestAt = min(units[unit].refusals[index].retestAt, now)
    }
    learntChanges += 1
    replan(unit, now, &outcome)
  }

  /// Values came: if the unit had refused everything before, it was not about addresses.
  mutating func gaveValues(_ unit: Int, _ now: Instant, _ outcome: inout PollOutcome) {
    units[unit].refusingSince = nil
    guard let since = units[unit].refusesAllSince else { return }
    units[unit].refusesAllSince = nil
    let before = units[unit].refusals.count
    units[unit].refusals.removeAll { $0.learnt.since >= since }
    if units[unit].refusals.count != before { learntChanges += 1 }
    for index in blocks.indices where blocks[index].unit == unit {
      if blocks[index].isGivenUp {
        blocks[index].due = now
        givenUpChanges &+= 1
      }
      blocks[index].failures = 0
      blocks[index].backoff.reset()
    }
    replan(unit, now, &outcome)
  }

  /// A unit from which nothing is had any more, but refusals, is asked one thing at least every
  /// `retestFloor`: a PLC that is being programmed is back soon after that (F4).
  mutating func keepAsking(_ unit: Int, _ now: Instant) {
    let since = units[unit].refusingSince ?? now
    units[unit].refusingSince = since
    guard !blocks.contains(where: { $0.unit == unit && $0.isLive }) else { return }
    if units[unit].refusesAllSince == nil {
      units[unit].refusesAllSince = since
      for index in blocks.indices where blocks[index].unit == unit && !blocks[index].isExtra {
        blocks[index].due = now + PollingLimits.blockRetryCeiling
      }
    }
    let own = blocks.indices.filter { blocks[$0].unit == unit }
    guard let next = own.min(by: { blocks[$0].due < blocks[$1].due }) else { return }
    let floor = PollingLimits.retestFloor.nanoseconds
    let delay = Int64.random(in: floor / 2...floor, using: &generator)
    blocks[next].due = min(blocks[next].due, now.advanced(nanoseconds: delay))
  }

  /// A look in vain: worth keeping as long as it makes the next one later.
  mutating func refusedAgain(_ kept: Int, _ unit: Int, _ now: Instant) {
    if units[unit].refusals[kept].learnt.tries < PollingLimits.triesUntilCeiling {
      learntChanges += 1
    }
    units[unit].refusals[kept].refusedAgain(now, using: &generator)
  }

  // MARK: conclusions

  mutating func keep(_ refusal: LearntRefusal, _ unit: Int, _ now: Instant) -> Bool {
    if units[unit].refusals.contains(where: { $0.learnt.isSame(as: refusal) }) { return true }
    if refusal.longest != nil {
      units[unit].refusals.removeAll {
        $0.learnt.longest != nil && $0.learnt.table == refusal.table
      }
    }
    guard units[unit].refusals.count < PollingLimits.refusalsPerUnit else { return false }
    units[unit].refusals.append(KeptRefusal(refusal, now: now, using: &generator))
    learntChanges += 1
    return true
  }

  /// Parts in suspicion that would be refused for what is known now need not be asked.
  private mutating func dropSuspects(forbiddenBy guilty: LearntRefusal, _ unit: Int) {
    blocks.removeAll {
      $0.role == .suspect && $0.unit == unit && $0.block.table == guilty.table
        && $0.block.split(from: bus.units[unit].quirks.requestStart[guilty.table]) == nil
        && guilty.forbids($0.block.addresses)
    }
  }

  /// Once nothing is in suspicion any more: what the splits have taught, and a plan around it.
  mutating func settle(_ unit: Int, _ now: Instant, _ outcome: inout PollOutcome) {
    let isOpen = blocks.contains {
      $0.unit == unit && ($0.role == .suspect || $0.role == .measure)
    }
    guard !isOpen else { return }
    if looksAtLength(unit, now) { return }
    let splits = units[unit].splits
    units[unit].splits = []
    var isKept = true
    // The innermost first: what is known to be guilty within a whole explains why it was refused.
    for split in splits.reversed() where !isExplained(split, unit) {
      let seam = LearntRefusal(
        unit: bus.units[unit].address, table: split.table, addresses: split.seam,
        exception: split.exception, since: now)
      isKept = keep(seam, unit, now) && isKept
    }
    // Without room to remember, the parts stay as they are: a plan anew would be refused anew.
    guard isKept else { return }
    replan(unit, now, &outcome)
  }

  /// Whether what is known to be refused is part of the whole.
  func isExplained(_ split: Split, _ unit: Int) -> Bool {
    units[unit].refusals.contains {
      $0.learnt.table == split.table && $0.learnt.forbids(split.span)
    }
  }

  private mutating func replan(_ unit: Int, _ now: Instant, _ outcome: inout PollOutcome) {
    let before = units[unit].refused
    plan(unit, now)
    let more = units[unit].refused.subtracting(before)
    if !more.isEmpty { tellRefused(more.sorted(), unit, now, &outcome) }
  }

  private mutating func refuseSlots(
    _ slots: [Int], _ unit: Int, _ now: Instant, _ outcome: inout PollOutcome
  ) {
    let more = slots.filter { units[unit].refused.insert($0).inserted }
    if !more.isEmpty { tellRefused(more, unit, now, &outcome) }
  }

  private func tellRefused(
    _ slots: [Int], _ unit: Int, _ now: Instant, _ outcome: inout PollOutcome
  ) {
    outcome.degradations.append(
      Degradation(unit: unit, slots: slots, quality: .refused, since: now))
  }

  /// The blocks of a unit from what is known now; one that stays keeps its place in time.
  func phase(of block: ReadBlock) -> Duration {
    spread.phase(ofUnit: block.unit, period: block.period)
  }

  private mutating func plan(_ unit: Int, _ now: Instant) {
    let definition = bus.units[unit]
    let refusals = units[unit].refusals.map(\.learnt)
    let plan = LearntPlan(definition, units[unit].base, avoiding: refusals)
    units[unit].refused = Set(plan.refused)
    units[unit].splits = []
    units[unit].search = nil
    let old = blocks.filter { $0.unit == unit && $0.role == .regular }
    blocks.removeAll { $0.unit == unit }
    for block in plan.blocks {
      blocks.append(
        old.first { $0.block == block }
          ?? ScheduledBlock(block, phase: phase(of: block), due: now, role: .regular))
    }
    for (index, kept) in units[unit].refusals.enumerated() {
      let block = LearntPlan.retest(
        of: kept.learnt, definition, units[unit].base, among: refusals)
      guard let block else { continue }
      blocks.append(
        ScheduledBlock(
          block, phase: phase(of: block), due: kept.retestAt, role: .retest(index)))
    }
  }

  /// A unit all of whose signals are refused is looked at once, or its contact would not be known.
  mutating func askSomething(of unit: Int, _ now: Instant) {
    guard !blocks.contains(where: { $0.unit == unit && !$0.isExtra }) else { return }
    let first = blocks.firstIndex { $0.unit == unit }
    if let first { blocks[first].due = min(blocks[first].due, now) }
  }
}

extension ClosedRange<UInt16> {
  func covers(_ other: ClosedRange<UInt16>) -> Bool {
    lowerBound <= other.lowerBound && upperBound >= other.upperBound
  }
}
