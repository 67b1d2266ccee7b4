// The states of a machine: from what the evidence says at each moment to stops, told once.
//
//                 ┌────────── runs, for the minimum run ──────────┐
//                 ▼                                               │
//   unknown ──▶ running ⇄ slow ──stands, no longer ignored──▶ shortStop ──limit──▶ stopped
//      │           │                                          fault  blocked  starved
//      │           │                                          changeover  planned
//      └───────────┴──────────────── no contact ───────────────────┘ (each to each, one stop)
//                                     │   ▲
//                                     ▼   │
//                                  noContact ──seen again──▶ running, or the stop goes on, or ends
//
// Invariants
// - One physical stop is one stop with one id, whatever kinds it passes through: it opens once, may
//   be classified late and again (revisions), and closes once (F47, F48). Two rules cut it: the
//   edge of planned time, and the change of an order, when they are told to.
//   Neither cuts what is not told yet: an interruption that waits is one stop from its beginning,
//   as what it is when it is told, and a stop whose run waits is one during the change of the
//   order, however long that run has lasted and however small the rule's `before` is.
// - An interruption of a running that was seen is told when it has lasted `ignoreUnder`, from its
//   beginning; a run within a stop is told when it has lasted `minimumRun`, from its beginning.
// - No contact suspends: its time is in `noContact` of the stop, never in its duration, and no stop
//   begins in it (F50). A stop goes on when the machine stands as before and its counter did not
//   move; else it ended, about then. What the counter lets one infer is told as approximate.
// - Evidence that cannot be read, so that nobody knows what the machine does, is no contact too.
// - An interruption, or a run, that a loss of contact cuts is told at the return: nobody can
//   measure any more how long it was.
// - States follow each other in time: one begins where the one before it ended.
// - A word of more weight stays: operator over PLC over rule; among equals the latest (F48).

package import Primitives
import Signals

/// What the signals say at one moment, once the evidence has been answered.
package struct Look: Equatable, Sendable {
  package var contact: Contact
  /// What follows; only with full contact.
  package var verdict: Verdict?
  /// The counter moved.
  package var moved: Bool
  /// By how much.
  package var counts: UInt64

  package init(
    _ contact: Contact, _ verdict: Verdict? = nil, moved: Bool = false, counts: UInt64 = 0
  ) {
    self.contact = contact
    self.verdict = verdict
    self.moved = moved
    self.counts = counts
  }
}

/// The state machine of one machine.
package struct StateMachine: Sendable {
  var rules: StateRules { declared.value }
  private let declared: Shared<StateRules>
  package var phase: Phase = .unknown {
    didSet { glance = Glance(phase, times) }
  }
  /// What is asked of the phase with each sample, kept so that nobody copies it to ask.
  private(set) var glance: Glance
  let times: StateTimes
  /// What was heard last while a stop was seen that is still open.
  var heard = Verdict(.stopped)
  /// Something was heard since that stop began, or since a restart.
  var hasHeard = false
  /// Since when the state that was told last has lasted.
  package var since: Stamp
  package var sight: Sight = .doubtful(moved: false)
  package var nextStop: Int64
  /// The last change of an order.
  var orderChanged: Instant?
  var cycle: Int64?
  var ledger = StopLedger()
  let stopPrefix: String

  package init(rules: StateRules, epoch: String, firstStop: Int64 = 1, at: Stamp) {
    declared = Shared(rules)
    times = StateTimes(rules)
    glance = Glance(.unknown, times)
    since = at
    nextStop = firstStop
    stopPrefix = "\(rules.name)-\(epoch)-"
    cycle = rules.idealCycle?.nanoseconds
  }

  /// Goes on where another was, by its own rules: no gap. What is heard next is heard anew.
  mutating func goOn(from before: StateMachine) {
    (sight, since, orderChanged, cycle) = (
      before.sight, before.since, before.orderChanged, before.cycle
    )
    (nextStop, ledger) = (before.nextStop, before.ledger)
    phase = before.phase
    hasHeard = false
  }

  /// The signal and value that said last that it stands.
  var evidence: Evidence? { hasHeard ? heard.evidence : nil }

  /// Follows what the signals say at one moment; what was due before must have been fired.
  package mutating func follow(_ look: Look, at: Stamp, into facts: inout [Fact]) {
    let knows = look.contact != .full || look.verdict != nil
    var now = Moment(
      verdict: look.verdict ?? Verdict(.running), gap: false, moved: look.moved, at: at)
    follow(knows ? look.contact : .partial, &now, counts: look.counts, into: &facts)
  }

  /// Follows one moment, whose verdict counts with full contact only.
  mutating func follow(
    _ contact: Contact, _ now: inout Moment, counts: UInt64, into facts: inout [Fact]
  ) {
    if counts > 0, case .running(let from, var pace, let dip) = phase {
      let (sum, overflow) = pace.counts.addingReportingOverflow(counts)
      pace.counts = overflow ? .max : sum
      phase = .running(from: from, pace, dip: dip)
    }
    guard contact == .full else {
      doubt(now.moved)
      if contact == .lost { lose(now.at, into: &facts) }
      return
    }
    switch sight {
    case .clear: now.gap = false
    case .doubtful(let before):
      now.gap = true
      now.moved = before || now.moved
      sight = .clear
    }
    // The usual sample of a stop: it says what the one before said.
    if !now.gap, glance.stands, hasHeard, heard.says(now.verdict) { return }
    settle(now, into: &facts)
  }

  private mutating func doubt(_ moved: Bool) {
    switch sight {
    case .clear: sight = .doubtful(moved: moved)
    case .doubtful(let before): sight = .doubtful(moved: before || moved)
    }
  }

  private mutating func lose(_ at: Stamp, into facts: inout [Fact]) {
    switch phase {
    case .unknown: enter(.noContact(.unknown), at, into: &facts)
    case .running(_, _, let dip):
      enter(.noContact(.running(dip: dip)), at, into: &facts)
    case .stopped(let stop, let run):
      enter(.noContact(.stopped(stop, run: run)), at, into: &facts)
    case .noContact: break
    }
  }

  /// One moment with full contact.
  struct Moment {
    var verdict: Verdict
    /// Nobody looked before it.
    var gap: Bool
    /// The counter moved, in the gap if there was one.
    var moved: Bool
    var at: Stamp
  }

  private mutating func settle(_ now: Moment, into facts: inout [Fact]) {
    let stands = now.verdict.state.stands
    switch phase {
    case .unknown, .noContact(.unknown):
      if stands {
        open(now.verdict, from: now.at, gap: true, at: now.at, into: &facts)
      } else {
        run(now, from: now.at, into: &facts)
      }
    case .running(let from, let pace, let dip):
      stands
        ? interrupt(now, from: from, pace, dip, into: &facts)
        : run(now, from: from, pace, into: &facts)
    case .noContact(.running(let dip)):
      var inferred = infer(now, before: .running)
      if !stands {
        run(now, from: now.at, inferred: inferred, into: &facts)
      } else if let dip, !now.moved {
        let unseen = max(0, now.at.instant.nanoseconds(since: since.instant))
        if times.counts { inferred.condition = .stopped }
        open(
          now.verdict, word: dip.word, from: dip.since, gap: true, unseen: unseen, at: now.at,
          inferred, into: &facts)
      } else if let began = now.verdict.began, !now.moved, now.verdict.unseen > 0 {
        // It had stood before the loss, and stood through it: together that is long enough.
        open(
          now.verdict, from: began, gap: true, unseen: now.verdict.unseen, at: now.at, inferred,
          into: &facts)
      } else {
        open(now.verdict, from: now.at, gap: true, at: now.at, inferred, into: &facts)
      }
    case .stopped(let stop, let run): go(on: stop, run: run, now, into: &facts)
    case .noContact(.stopped(let stop, let run)): resume(stop, run: run, now, into: &facts)
    }
  }

  private mutating func interrupt(
    _ now: Moment, from: Stamp, _ pace: Pace, _ dip: Dip?, into facts: inout [Fact]
  ) {
    var (begun, unseen) = (now.at, Int64(0))
    if let dip, !(now.gap && now.moved) {
      begun = dip.since
    } else if let earlier = now.verdict.began, earlier.instant < begun.instant {
      // What was stood through without contact is known to have begun before it.
      let isThrough = now.verdict.unseen > 0
      begun = earlier.instant < from.instant && !isThrough ? from : earlier
      if isThrough, earlier.instant < from.instant { unseen = now.verdict.unseen }
    }
    let isAbout = now.gap || now.verdict.isAbout || unseen > 0 || dip?.approximate == true
    guard times.ignoreUnder > 0 else {
      open(now.verdict, from: begun, gap: isAbout, unseen: unseen, at: now.at, into: &facts)
      return
    }
    let heard = now.gap && now.moved ? nil : dip?.word
    phase = .running(
      from: from, pace,
      dip: Dip(
        since: begun, verdict: now.verdict, word: word(heard, now.verdict), approximate: isAbout))
  }

  private mutating func run(
    _ now: Moment, from: Stamp, _ pace: Pace? = nil, inferred: Inference? = nil,
    into facts: inout [Fact]
  ) {
    var pace = pace ?? Pace(from: now.at.instant)
    pace.claimed = now.verdict.state == .slow
    enter(
      .running(from: from, pace, dip: nil), now.at, evidence: now.verdict.evidence, inferred,
      into: &facts)
  }

  /// What a time without contact was, as far as the counter tells.
  private func infer(_ now: Moment, before: EvidenceState) -> Inference {
    guard times.counts else { return Inference(counted: nil, condition: nil) }
    if now.moved { return Inference(counted: true, condition: .running) }
    let stood = before.stands && now.verdict.state.stands
    return Inference(counted: false, condition: stood ? phase.stop?.condition : nil)
  }

  // MARK: A stop that has not ended

  private mutating func resume(
    _ stop: StateStop, run: Dip?, _ now: Moment, into facts: inout [Fact]
  ) {
    let inferred = infer(now, before: stop.kind)
    var (stop, now) = (stop, now)
    now.gap = true
    stop.record.approximate = true
    if let run, !now.verdict.state.stands || now.moved {
      end(stop, at: run.since, now, inferred, into: &facts)
      return
    }
    let unseen = max(0, now.at.instant.nanoseconds(since: since.instant))
    stop.record.change { $0.noContact = saturating($0.noContact, plus: unseen) }
    go(on: stop, run: nil, now, inferred, into: &facts)
  }

  private mutating func go(
    on open: StateStop, run: Dip?, _ now: Moment, _ inferred: Inference? = nil,
    into facts: inout [Fact]
  ) {
    var stop = open
    if now.gap { stop.record.approximate = true }
    if now.gap, now.moved {
      end(stop, at: run?.since ?? now.at, now, inferred, into: &facts)
    } else if now.verdict.state.stands {
      carry(stop, now, inferred, into: &facts)
    } else if times.minimumRun == 0 {
      end(stop, at: run?.since ?? now.at, now, inferred, into: &facts)
    } else {
      enter(
        .stopped(stop, run: Dip(since: run?.since ?? now.at, verdict: now.verdict)), now.at,
        cause: stop.record.cause,
        evidence: now.verdict.evidence, inferred, into: &facts)
    }
  }

  /// Goes on with a stop as what the evidence says now.
  private mutating func carry(
    _ open: StateStop, _ now: Moment, _ inferred: Inference?, into facts: inout [Fact]
  ) {
    var stop = open
    if rules.plannedSplits, now.verdict.byCalendar != stop.byCalendar {
      end(stop, at: now.at, now, inferred, into: &facts)
      return
    }
    stop.kind = now.verdict.state
    stop.byCalendar = now.verdict.byCalendar
    if stop.record.kind != stop.condition { stop.record.kind = stop.condition }
    (heard, hasHeard) = (now.verdict, true)
    let meaning = meaning(of: now.verdict)
    let isNew = reclassify(&stop.record, meaning)
    enter(
      .stopped(stop, run: nil), now.at, cause: stop.record.cause, evidence: now.verdict.evidence,
      inferred, into: &facts)
    if isNew {
      let by = stop.record.cause.from.rawValue
      facts.append(
        Fact(
          at: now.at, kind: .stopClassified(stop.record, by: by), evidence: now.verdict.evidence))
    }
  }

  mutating func open(
    _ verdict: Verdict, word: Verdict? = nil, from start: Stamp, gap: Bool,
    unseen: Int64 = 0, at: Stamp, _ inferred: Inference? = nil, isTurned: Bool = false,
    into facts: inout [Fact]
  ) {
    var meaning: StopMeaning
    if let word, let said = self.word(word, verdict) {
      meaning = self.meaning(of: said)
    } else {
      meaning = self.meaning(of: verdict)
    }
    var turned = isTurned
    if times.turns, verdict.state == .stopped, meaning.cause.from == .inferred {
      let change = orderChanged
      let after = rules.changeover?.after ?? .zero
      turned = turned || change.map { start.instant - $0 <= after } ?? false
      if turned { meaning = self.changeover }
    }
    let isLong = times.shortStop == 0
    let record = StopRecord(
      StopRecord.Content(
        prefix: stopPrefix, number: nextStop, startedAt: start, duration: 0,
        noContact: unseen, cause: meaning.cause, category: meaning.category,
        costCenter: meaning.costCenter, classified: meaning.classified, approximate: gap,
        revision: 0,
        kind: StateStop.condition(verdict.state, isTurned: turned, isLong: isLong)))
    nextStop = saturating(nextStop, plus: 1)
    var stop = StateStop(record: record, kind: verdict.state, byCalendar: verdict.byCalendar)
    (stop.isTurned, stop.isLong) = (turned, isLong)
    (heard, hasHeard) = (verdict, true)
    facts.append(Fact(at: start, kind: .stopStarted(record, evidence: verdict.evidence)))
    // A stop that began before a time without contact is told as a state from the return on.
    let entered = glance.condition == .noContact ? at : start
    enter(
      .stopped(stop, run: nil), entered, cause: meaning.cause, evidence: verdict.evidence,
      inferred, into: &facts)
  }

  /// Ends a stop, and begins what the evidence says instead.
  mutating func end(
    _ stop: StateStop, at end: Stamp, _ now: Moment, _ inferred: Inference? = nil,
    isTurned: Bool = false, into facts: inout [Fact]
  ) {
    var record = stop.record
    record.change {
      $0.endedAt = end
      let stood = end.instant.nanoseconds(since: $0.startedAt.instant)
      $0.duration = max(0, saturating(stood, plus: 0 - $0.noContact))
      $0.category = final($0.category, lasted: $0.duration)
    }
    ledger.add(record)
    facts.append(Fact(at: end, kind: .stopEnded(record), evidence: now.verdict.evidence))
    if now.verdict.state.stands {
      open(
        now.verdict, from: now.at, gap: now.gap, at: now.at, inferred, isTurned: isTurned,
        into: &facts)
      return
    }
    var pace = Pace(from: now.at.instant)
    pace.claimed = now.verdict.state == .slow
    let entered = glance.condition == .noContact ? now.at : end
    enter(
      .running(from: entered, pace, dip: nil), entered, evidence: now.verdict.evidence, inferred,
      into: &facts)
  }

  mutating func enter(
    _ next: Phase, _ at: Stamp, cause: Cause? = nil, evidence: Evidence? = nil,
    _ inferred: Inference? = nil, into facts: inout [Fact]
  ) {
    let previous = glance.condition
    phase = next
    let condition = glance.condition
    guard condition != previous else { return }
    let entered = at.instant < since.instant ? since : at
    facts.append(
      Fact(
        at: entered,
        kind: .stateChanged(
          state: condition, previous: previous,
          duration: max(.zero, entered.instant - since.instant), cause: cause),
        evidence: evidence, inferred: inferred))
    since = entered
  }
}
