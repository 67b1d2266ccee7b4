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

  // MARK: at the start

  /// Plans a unit around what was learnt before; what concerns nothing it is asked for is dropped.
  mutating func remember(_ learnt: [LearntRefusal], _ unit: Int, _ now: Instant) {
    let definition = bus.units[unit]
    for refusal in learnt where refusal.unit == definition.address {
      let known = units[unit].refusals.map(\.learnt)
      guard known.count < PollingLimits.refusalsPerUnit,
        !known.contains(where: { $0.isSame(as: refusal) }),
        LearntPlan.retest(of: refusal, definition, at: unit, on: timing, among: known + [refusal])
          != nil
      else { continue }
      units[unit].refusals.append(KeptRefusal(refusal, now: now, using: &generator))
    }
    plan(unit, now)
    askSomething(of: unit, now)
  }

  // MARK: results

  /// A refusal: halves the block, or learns that what is left of it is guilty.
  mutating func refuse(
    _ asked: Int, exception: UInt8, at now: Instant, _ outcome: inout PollOutcome
  ) {
    let block = blocks[asked].block
    let unit = block.unit
    if case .retest(let kept) = blocks[asked].role {
      units[unit].refusals[kept].refusedAgain(now, using: &generator)
      blocks[asked].due = units[unit].refusals[kept].retestAt
      return
    }
    // Exception 1 concerns the function, not an address: halving would teach nothing.
    let start = bus.units[unit].quirks.requestStart[block.table]
    if exception != 1, let (parts, seam) = block.split(from: start) {
      units[unit].splits.append(
        Split(table: block.table, exception: exception, span: block.addresses, seam: seam))
      let isSoon = units[unit].haste.allows(now)
      let halves = parts.map { part in
        var half = ScheduledBlock(part, phase: phase(of: part), due: now, role: .suspect)
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
    if blocks[asked].role == .suspect {
      blocks[asked].role = .regular
      units[unit].splits.removeAll {
        $0.table == block.table && block.addresses.covers($0.span)
      }
      settle(unit, now, &outcome)
    }
    let before = units[unit].refusals.count
    guard before > 0 else { return }
    units[unit].refusals.removeAll {
      $0.learnt.table == block.table && $0.learnt.forbids(block.addresses)
    }
    guard units[unit].refusals.count != before else { return }
    learntChanges += 1
    units[unit].splits = []
    replan(unit, now, &outcome)
  }

  // MARK: conclusions

  private mutating func keep(_ refusal: LearntRefusal, _ unit: Int, _ now: Instant) -> Bool {
    if units[unit].refusals.contains(where: { $0.learnt.isSame(as: refusal) }) { return true }
    guard units[unit].refusals.count < PollingLimits.refusalsPerUnit else { return false }
    units[unit].refusals.append(KeptRefusal(refusal, now: now, using: &generator))
    learntChanges += 1
    return true
  }

  /// Parts in suspicion that would be refused for what is known now need not be asked.
  private mutating func dropSuspects(forbiddenBy guilty: LearntRefusal, _ unit: Int) {
    blocks.removeAll {
      $0.role == .suspect && $0.block.unit == unit && $0.block.table == guilty.table
        && $0.block.split(from: bus.units[unit].quirks.requestStart[guilty.table]) == nil
        && guilty.forbids($0.block.addresses)
    }
  }

  /// Once nothing is in suspicion any more: what the splits have taught, and a plan around it.
  private mutating func settle(_ unit: Int, _ now: Instant, _ outcome: inout PollOutcome) {
    guard !blocks.contains(where: { $0.role == .suspect && $0.block.unit == unit }) else { return }
    let splits = units[unit].splits
    units[unit].splits = []
    var isKept = true
    // The innermost first: what is known to be guilty within a whole explains why it was refused.
    for split in splits.reversed() {
      let isExplained = units[unit].refusals.contains {
        $0.learnt.table == split.table && $0.learnt.forbids(split.span)
      }
      guard !isExplained else { continue }
      let seam = LearntRefusal(
        unit: bus.units[unit].address, table: split.table, addresses: split.seam,
        exception: split.exception, since: now)
      isKept = keep(seam, unit, now) && isKept
    }
    // Without room to remember, the parts stay as they are: a plan anew would be refused anew.
    guard isKept else { return }
    replan(unit, now, &outcome)
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
  private func phase(of block: ReadBlock) -> Duration {
    spread.phase(ofUnit: block.unit, period: block.period)
  }

  private mutating func plan(_ unit: Int, _ now: Instant) {
    let definition = bus.units[unit]
    let refusals = units[unit].refusals.map(\.learnt)
    let plan = LearntPlan(definition, at: unit, on: timing, avoiding: refusals)
    units[unit].refused = Set(plan.refused)
    let old = blocks.filter { $0.block.unit == unit && $0.role == .regular }
    blocks.removeAll { $0.block.unit == unit }
    for block in plan.blocks {
      blocks.append(
        old.first { $0.block == block }
          ?? ScheduledBlock(block, phase: phase(of: block), due: now, role: .regular))
    }
    for (index, kept) in units[unit].refusals.enumerated() {
      let block = LearntPlan.retest(
        of: kept.learnt, definition, at: unit, on: timing, among: refusals)
      guard let block else { continue }
      blocks.append(
        ScheduledBlock(
          block, phase: phase(of: block), due: kept.retestAt, role: .retest(index)))
    }
  }

  /// A unit all of whose signals are refused is looked at once, or its contact would not be known.
  mutating func askSomething(of unit: Int, _ now: Instant) {
    guard !blocks.contains(where: { $0.block.unit == unit && !$0.isRetest }) else { return }
    let first = blocks.firstIndex { $0.block.unit == unit }
    if let first { blocks[first].due = min(blocks[first].due, now) }
  }
}

extension ClosedRange<UInt16> {
  fileprivate func covers(_ other: ClosedRange<UInt16>) -> Bool {
    lowerBound <= other.lowerBound && upperBound >= other.upperBound
  }
}
