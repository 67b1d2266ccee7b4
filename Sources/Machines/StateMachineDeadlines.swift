// What a machine does of itself, when a time has passed: tell an interruption that was not ignored,
// end a stop that a run has outlasted, call a short stop a stop, look at the rate.
//
// Invariants
// - Each acts at its own time, in the order of time; what comes late (after a restart) acts at
//   once, with the time at which it would have.
// - While an interruption waits to be told, the rate waits; while a run waits, the length of the
//   stop waits.

package import Primitives

extension StateMachine {
  /// The next moment at which it acts of itself.
  package var deadline: Instant? { glance.due == .distantFuture ? nil : glance.due }

  /// Does everything that is due; nothing while nobody has looked since a gap.
  ///
  /// `counted` is the counter that gives the rate, as it stands.
  package mutating func fire(at: Stamp, counted: Evidence? = nil, into facts: inout [Fact]) {
    while glance.due <= at.instant, sight == .clear {
      let due = glance.due
      switch phase {
      case .unknown, .noContact: return
      case .running(_, _, .some(let dip)):
        open(
          dip.verdict, word: dip.word, from: dip.since, gap: dip.approximate, at: at, into: &facts)
      case .running(let from, let pace, nil): look(at: pace, from: from, at, counted, into: &facts)
      case .stopped(let stop, .some(let run)):
        let now = Moment(verdict: run.verdict, gap: false, moved: false, at: at)
        end(stop, at: run.since, now, into: &facts)
      case .stopped(var stop, nil):
        stop.isLong = true
        stop.record.kind = stop.condition
        enter(
          .stopped(stop, run: nil), at.moved(to: due), cause: stop.record.cause,
          evidence: evidence, into: &facts)
      }
    }
  }

  private mutating func look(
    at pace: Pace, from: Stamp, _ at: Stamp, _ counted: Evidence?, into facts: inout [Fact]
  ) {
    var next = Pace(from: at.instant)
    next.claimed = pace.claimed
    if let cycle, let rule = rules.slow {
      // Slow: counts × cycle < share of the window; in thousandths, exact up to the end of Int64.
      let made = saturating(pace.counts, times: cycle)
      let length = max(0, at.instant.nanoseconds(since: pace.windowFrom))
      next.measured = made < length / 1000 * max(0, rule.share)
    }
    enter(.running(from: from, next, dip: nil), at, evidence: counted, into: &facts)
  }

  // MARK: Orders

  /// The order changes: what stands around it is a changeover, if nobody knows better.
  package mutating func changeOrder(at: Stamp, into facts: inout [Fact]) {
    fire(at: at, into: &facts)
    orderChanged = at.instant
    guard let rule = rules.changeover else { return }
    for record in ledger.unclassified {
      guard let end = record.endedAt, end.instant + rule.before >= at.instant,
        record.kind == .stopped || record.kind == .shortStop
      else { continue }
      turn(record, at: at, into: &facts)
    }
    guard var stop = phase.stop, stop.kind == .stopped, stop.record.cause.from == .inferred
    else { return }
    switch phase {
    case .stopped(_, nil) where rule.splits:
      var verdict = Verdict(.stopped)
      verdict.byCalendar = stop.byCalendar
      verdict.evidence = evidence
      let now = Moment(verdict: verdict, gap: false, moved: false, at: at)
      end(stop, at: at, now, isTurned: true, into: &facts)
    case .stopped(_, let run):
      turn(&stop)
      enter(
        .stopped(stop, run: run), at, cause: stop.record.cause, evidence: evidence,
        into: &facts)
      tell(stop.record, by: Cause.Origin.rule.rawValue, at: at, into: &facts)
    case .noContact(.stopped(_, let run)):
      turn(&stop)
      phase = .noContact(.stopped(stop, run: run))
      tell(stop.record, by: Cause.Origin.rule.rawValue, at: at, into: &facts)
    case .unknown, .running, .noContact: break
    }
  }

  private func turn(_ stop: inout StateStop) {
    _ = reclassify(&stop.record, changeover)
    stop.isTurned = true
    stop.record.kind = stop.condition
  }

  private mutating func turn(_ ended: StopRecord, at: Stamp, into facts: inout [Fact]) {
    var record = ended
    guard reclassify(&record, changeover) else { return }
    record.kind = .changeover
    record.category = final(record.category, lasted: record.duration.nanoseconds)
    ledger.keep(record)
    tell(record, by: Cause.Origin.rule.rawValue, at: at, into: &facts)
  }

  func tell(_ record: StopRecord, by: String, at: Stamp, into facts: inout [Fact]) {
    facts.append(Fact(at: at, kind: .stopClassified(record, by: by)))
  }
}

extension Stamp {
  /// Another moment, with the label that belongs to it.
  func moved(to moment: Instant) -> Stamp {
    let reading = ClockReading(
      monotonic: instant, wall: wall, quality: .held, bootID: "")
    return Stamp(moment, reading)
  }
}
