// When a machine counts as stopped: the state machine, without samples, buffers or counters.
//
//                      ┌───────────────── evidence holds ─────────────────┐
//                      │                                                  ▼
//   unknown ──all read─┴─▶ running ──code, run bit, count stands still─▶ stopped
//      │                     │  ▲ ◀──running again, or it counts─────────┘ │
//      └──────no contact─────┴──┼───────────────no contact────────────────┘
//                     │         │                                   ▲
//                     ▼         └──runs, or made something──┐       │ still stopped, made nothing
//                 noContact (what it was before) ───────────┴───────┘
//
// Invariants
// - Precedence of evidence: a fault code other than 0, then the run bit, then the standing count.
//   A code stops the machine whatever the run bit says; the cause is the latest code of the stop.
// - One physical stop is one stop. No contact suspends it, and so does a time in which the gateway
//   did not run; it goes on when the machine still stands and made nothing meanwhile, else it ends
//   at the first moment at which everything that decides has been read again (F47, F48, F50).
// - No contact is never booked as a stop: its time is in `noContact` of the stop, not in
//   `duration`. A time in which only the gateway was down is measured, since the machine was not.
// - A stop inferred from a standing count ends with the next count, or when the run bit, having
//   said false during it, says true again. It starts at the last count, not when it was noticed.
// - A signal that the device refuses is evidence that nobody gave. If no evidence is left at all,
//   nobody can see the machine, and that is noContact.

package import Primitives
import Signals

/// A stop that has not ended.
package struct OpenStop: Equatable, Sendable {
  package var record: StopRecord
  /// Nothing but the standing count holds it.
  package var standing: Bool

  package init(record: StopRecord, standing: Bool) {
    self.record = record
    self.standing = standing
  }
}

/// What a machine was doing when contact was lost.
package enum Suspended: Equatable, Sendable {
  case unknown
  case running
  case stopped(OpenStop)
}

/// What a machine is doing.
package enum MachineState: Equatable, Sendable {
  /// Not everything that decides has been read yet.
  case unknown(since: Stamp)
  /// No evidence of a stop.
  case running(since: Stamp)
  /// Evidence of a stop.
  case stopped(since: Stamp, stop: OpenStop)
  /// Nobody can see the machine.
  case noContact(since: Stamp, before: Suspended)

  package var condition: MachineCondition {
    switch self {
    case .unknown: .unknown
    case .running: .running
    case .stopped: .stopped
    case .noContact: .noContact
    }
  }

  package var since: Stamp {
    switch self {
    case .unknown(let since), .running(let since): since
    case .stopped(let since, _), .noContact(let since, _): since
    }
  }

  package var openStop: OpenStop? {
    switch self {
    case .stopped(_, let stop), .noContact(_, .stopped(let stop)): stop
    case .unknown, .running, .noContact(_, .unknown), .noContact(_, .running): nil
    }
  }
}

/// Whether the signals that decide have been followed without a gap.
package enum Sight: Equatable, Sendable {
  case clear
  /// There was a gap, in which the counter moved or did not.
  case doubtful(moved: Bool)
}

/// What the signals say at one moment.
package struct View: Equatable, Sendable {
  package enum Contact: String, Equatable, Sendable, CaseIterable {
    /// Something that decides cannot be read.
    case lost
    /// Something that decides has not been read since the start.
    case partial
    case full
  }

  package var contact: Contact
  /// The fault code; nil when absent.
  package var code: Int64?
  /// The run bit; nil when absent.
  package var running: Bool?
  /// The good count moved at this moment.
  package var moved: Bool
  package var codeEvidence: Evidence?
  package var runEvidence: Evidence?
  package var countEvidence: Evidence?

  package init(contact: Contact, code: Int64? = nil, running: Bool? = nil, moved: Bool = false) {
    self.contact = contact
    self.code = code
    self.running = running
    self.moved = moved
  }

  var stops: Bool { (code ?? 0) != 0 || running == false }
}

/// The stop state machine of one machine.
package struct StopDetector: Equatable, Sendable {
  package var state: MachineState
  package var sight: Sight = .doubtful(moved: false)
  /// How long contact was lost before the present running began; nil when it began otherwise.
  package var blind: Duration?
  /// The number of the next stop.
  package var nextStop: Int64
  let stopPrefix: String
  let causes: CauseTable

  package init(rules: MachineRules, epoch: String, firstStop: Int64, at: Stamp) {
    state = .unknown(since: at)
    nextStop = firstStop
    stopPrefix = "\(rules.name)-\(epoch)-"
    causes = CauseTable(rules)
  }

  /// Follows what the signals say at one moment.
  package mutating func follow(_ view: View, at: Stamp, into facts: inout [Fact]) {
    switch view.contact {
    case .lost:
      doubt(view)
      lose(at, into: &facts)
    case .partial:
      doubt(view)
    case .full:
      let (gap, moved): (Bool, Bool) =
        switch sight {
        case .clear: (false, view.moved)
        case .doubtful(let before): (true, before || view.moved)
        }
      sight = .clear
      settle(view, gap: gap, moved: moved, at: at, into: &facts)
    }
  }

  /// The count stood still for the declared time: a stop that began with the last count.
  package mutating func standStill(
    from start: Stamp, _ view: View, gap: Bool, unseen: Duration = .zero, into facts: inout [Fact]
  ) {
    guard case .running = state else { return }
    open(
      causes.standing, standing: true, view.countEvidence, gap: gap, unseen: unseen, at: start,
      into: &facts)
  }

  private mutating func doubt(_ view: View) {
    switch sight {
    case .clear: sight = .doubtful(moved: view.moved)
    case .doubtful(let moved): sight = .doubtful(moved: moved || view.moved)
    }
  }

  private mutating func lose(_ at: Stamp, into facts: inout [Fact]) {
    switch state {
    case .unknown: enter(.noContact(since: at, before: .unknown), at, nil, into: &facts)
    case .running: enter(.noContact(since: at, before: .running), at, nil, into: &facts)
    case .stopped(_, let stop):
      enter(.noContact(since: at, before: .stopped(stop)), at, nil, into: &facts)
    case .noContact: break
    }
  }

  private mutating func settle(
    _ view: View, gap: Bool, moved: Bool, at: Stamp, into facts: inout [Fact]
  ) {
    switch state {
    case .unknown, .noContact(_, .unknown), .noContact(_, .running):
      if view.stops {
        open(view, gap: true, at: at, into: &facts)
      } else {
        enter(.running(since: at), at, nil, into: &facts)
      }
    case .running:
      if view.stops { open(view, gap: gap, at: at, into: &facts) }
    case .noContact(let since, .stopped(var stop)):
      let unseen = max(.zero, at.instant - since.instant)
      stop.record.noContact = stop.record.noContact + unseen
      go(on: stop, view, gap: true, moved: moved, at: at, into: &facts)
    case .stopped(_, let stop):
      go(on: stop, view, gap: gap, moved: moved, at: at, into: &facts)
    }
  }

  private mutating func go(
    on open: OpenStop, _ view: View, gap: Bool, moved: Bool, at: Stamp, into facts: inout [Fact]
  ) {
    var stop = open
    if gap { stop.record.approximate = true }
    if view.running == false || moved { stop.standing = false }
    guard view.stops || stop.standing, !(gap && moved) else {
      end(stop, at: at, into: &facts)
      if view.stops { self.open(view, gap: gap, at: at, into: &facts) }
      return
    }
    let classified = causes.classify(&stop.record, view.code)
    let cause = stop.record.cause
    if case .stopped(let since, _) = state {
      state = .stopped(since: since, stop: stop)
    } else {
      enter(.stopped(since: at, stop: stop), at, cause, into: &facts)
    }
    if classified {
      facts.append(Fact(at: at, kind: .stopClassified(stop.record, by: cause.from.rawValue)))
    }
  }

  private mutating func open(_ view: View, gap: Bool, at: Stamp, into facts: inout [Fact]) {
    let code = view.code ?? 0
    let meaning = code == 0 ? causes.withoutCode : causes.meaning(of: code)
    let evidence = code == 0 ? view.runEvidence : view.codeEvidence
    open(meaning, standing: false, evidence, gap: gap, at: at, into: &facts)
  }

  private mutating func open(
    _ meaning: CauseTable.Meaning, standing: Bool, _ evidence: Evidence?, gap: Bool,
    unseen: Duration = .zero, at: Stamp, into facts: inout [Fact]
  ) {
    let record = StopRecord(
      stopID: "\(stopPrefix)\(nextStop)", startedAt: at, noContact: unseen, cause: meaning.cause,
      category: meaning.category, costCenter: meaning.costCenter, classified: meaning.classified,
      approximate: gap)
    nextStop = saturating(nextStop, plus: 1)
    facts.append(Fact(at: at, kind: .stopStarted(record, evidence: evidence)))
    let stop = OpenStop(record: record, standing: standing)
    // A stop may have begun before the state in which it was noticed; states follow each other.
    let entered = at.instant < state.since.instant ? state.since : at
    enter(.stopped(since: entered, stop: stop), entered, meaning.cause, into: &facts)
  }

  private mutating func end(_ stop: OpenStop, at: Stamp, into facts: inout [Fact]) {
    var record = stop.record
    record.endedAt = at
    record.duration = stop.duration(until: at.instant)
    record.category = causes.final(record)
    facts.append(Fact(at: at, kind: .stopEnded(record)))
    enter(.running(since: at), at, nil, into: &facts)
  }

  private mutating func enter(
    _ next: MachineState, _ at: Stamp, _ cause: Cause?, into facts: inout [Fact]
  ) {
    let previous = state
    blind = nil
    if case .noContact(let since, .running) = previous, case .running = next {
      blind = max(.zero, at.instant - since.instant)
    }
    state = next
    facts.append(
      Fact(
        at: at,
        kind: .stateChanged(
          state: next.condition, previous: previous.condition,
          duration: max(.zero, at.instant - previous.since.instant), cause: cause)))
  }
}

extension OpenStop {
  /// The time measured as stopped up to a moment.
  func duration(until moment: Instant) -> Duration {
    max(.zero, moment - record.startedAt.instant - record.noContact)
  }
}
