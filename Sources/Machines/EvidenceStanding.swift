// What stands still, beside other evidence: since when it counts, and what is known when some of
// the evidence cannot be read.
//
// Invariants
// - With `standsAnew`, what stood still while other evidence held the machine has its whole time
//   once that is over, so that a stop ends when the machine says so and not a cycle later. A stop
//   that the standing itself began goes on through a code that comes and goes; only other evidence
//   of a stop, such as a run bit that was false, ends that.
// - A claim that cannot be read because a signal of it is refused or invalid leaves the machine's
//   state unknown where no claim is made. What is known not to stand still proves running; but of
//   a machine that stood when it was known last, only if it has moved since.

import Primitives

extension EvidenceBoard {
  /// What holds the machine, for standing still that begins anew.
  struct Holding: Equatable, Sendable {
    /// Since when standing still counts; nil before the first look.
    var anew: Stamp?
    /// Other evidence holds it.
    var byOther = false
    /// What stands still began it, and holds it.
    var byStanding = false
  }

  /// Looks whether other evidence has ceased to hold the machine.
  mutating func renew(at now: Stamp) {
    var (holds, denies, isUnread) = (false, false, false)
    for (index, claim) in program.claims.enumerated()
    where claim.state.stands && program.standing >> UInt64(index) & 1 == 0 {
      switch nodes[claim.root].answer {
      case .holds:
        holds = true
        if claim.state == .stopped { denies = true }
      case .unknown: isUnread = isUnread || isRefused(claim)
      case .fails: break
      }
    }
    if holds {
      if denies { holding.byStanding = false }
      holding.byOther = true
    } else if !isUnread {
      if holding.anew == nil || (holding.byOther && !holding.byStanding) { begin(anew: now) }
      holding.byOther = false
    }
  }

  private mutating func begin(anew now: Stamp) {
    holding.anew = now
    dirty |= program.standing
    for index in slots.indices {
      (slots[index].unseen, slots[index].riseUnseen, slots[index].restsFrom) = (0, 0, nil)
    }
  }

  /// Notes whether what stands still holds the machine now.
  mutating func keep() {
    let rests = program.claims.indices.contains {
      program.standing >> UInt64($0) & 1 == 1 && nodes[program.claims[$0].root].answer == .holds
    }
    holding.byStanding = rests && (holding.byStanding || !holding.byOther)
  }

  /// Says since when something has stood still.
  func begin(_ verdict: inout Verdict, _ moved: Stamp?, _ unseen: Int64, isAbout: Bool) {
    verdict.began = moved
    verdict.isAbout = isAbout
    guard let anew = holding.anew, let moved else { return }
    if moved.instant < anew.instant {
      verdict.began = anew
      verdict.isAbout = false
    }
    verdict.unseen = max(0, unseen)
  }

  /// Whether both stand still, and the first began to later.
  func movedLater(_ node: Int32, than other: Int32) -> Bool {
    guard let left = rest(node), let right = rest(other) else { return false }
    return left > right
  }

  private func rest(_ node: Int32) -> Instant? {
    guard node >= 0 else { return nil }
    let step = program.steps[Int(node)]
    switch step.operation {
    case .counterStands: return slots[Int(step.slot)].moved?.instant
    case .pulseStands: return slots[Int(step.slot)].rose?.instant
    case .bit, .code, .above, .below, .all, .any, .not: return nil
    }
  }

  // MARK: What cannot be read

  private func isRefused(_ claim: EvidenceProgram.Claim) -> Bool {
    program.steps[claim.first...claim.root].contains {
      $0.operation.isLeaf && slots[Int($0.slot)].seen == .unusable
    }
  }

  /// How long it may stand still, in nanoseconds; nil while that is in cycles and none is known.
  func limit(of step: EvidenceProgram.Step) -> Int64? {
    step.limitIsCycles ? cycle.map { hundredths(step.limit, of: $0) } : step.limit
  }

  /// Since when a claim that might be made cannot be read; nil when all of them can.
  var refusedSince: Instant? {
    var away: Instant?
    for claim in program.claims
    where claim.state != .slow && nodes[claim.root].answer == .unknown && isRefused(claim) {
      for step in program.steps[claim.first...claim.root] where step.operation.isLeaf {
        let slot = slots[Int(step.slot)]
        if slot.seen == .unusable { away = max(away ?? .distantPast, slot.away ?? .distantPast) }
      }
    }
    return away
  }

  /// Whether something that is known not to stand still proves that the machine runs.
  func isProvenRunning(since refused: Instant) -> Bool {
    program.claims.indices.contains { index in
      guard program.standing >> UInt64(index) & 1 == 1 else { return false }
      let claim = program.claims[index]
      guard nodes[claim.root].answer == .fails else { return false }
      return !stood || (rest(nodes[claim.root].witness) ?? .distantPast) > refused
    }
  }
}
