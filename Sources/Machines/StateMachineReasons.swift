// Why a machine stands: what the evidence means, what an operator says later, and which stops still
// wait for somebody to say it.
//
// Invariants
// - A classification never changes which stop it is, or its times: only its cause and booking, with
//   a revision one higher (F48).
// - The stops that may still be classified are the open one and the last `ReasonLimits.endedStops`;
//   the classified ones among them make room first. When one must go that nobody has classified,
//   that is counted for ever (`forgotten`): its end was told as unclassified, the status and the
//   gateway's health say how many can no longer get a reason here, and who tries is told where the
//   reason can still be given.
// - A short unplanned stop is a minor one when it has ended, whoever classified it (F47).

package import Primitives

/// How a stop is booked, and why.
struct StopMeaning: Equatable, Sendable {
  var cause: Cause
  var category: StopCategory
  var costCenter: String?
  var classified: Bool
}

/// The last stops of a machine, for reasons that arrive late.
package struct StopLedger: Equatable, Sendable {
  /// Each behind a reference, so that making room moves a kilobyte and not twelve.
  private struct Entry: Equatable, Sendable {
    let record: Shared<StopRecord>
    let isClassified: Bool

    init(_ record: StopRecord) {
      self.record = Shared(record)
      isClassified = record.classified
    }
  }

  private var entries: [Entry] = []
  /// Stops that had to make room before anybody classified them.
  package internal(set) var forgotten: Int64 = 0

  package init() {}

  /// In the order in which they ended.
  package var stops: [StopRecord] { entries.map(\.record.value) }

  /// Keeps a stop that has ended, or its next revision.
  mutating func keep(_ record: StopRecord) {
    if let index = entries.firstIndex(where: { $0.record.value.stopID == record.stopID }) {
      entries[index] = Entry(record)
    } else {
      add(record)
    }
  }

  /// Keeps a stop that ends now, which no stop has done that is kept.
  mutating func add(_ record: StopRecord) {
    if entries.count >= ReasonLimits.endedStops {
      let classified = entries.firstIndex { $0.isClassified }
      if classified == nil { forgotten = saturating(forgotten, plus: 1) }
      entries.remove(at: classified ?? 0)
    }
    entries.append(Entry(record))
  }

  subscript(id: String) -> StopRecord? {
    entries.first { $0.record.value.stopID == id }?.record.value
  }

  package var unclassified: [StopRecord] {
    entries.filter { !$0.isClassified }.map(\.record.value)
  }

  /// How many wait for a reason.
  var unclassifiedCount: Int { entries.count { !$0.isClassified } }
}

extension StateMachine {
  /// The stops that wait for a reason, oldest first, the open one last.
  package var unclassified: [StopRecord] {
    let open = phase.stop.map { $0.record.classified ? [] : [$0.record] } ?? []
    return ledger.unclassified + open
  }

  /// Gives a stop the reason that an operator says.
  package mutating func classify(
    _ stopID: String, reason: String, by: String, at: Stamp, into facts: inout [Fact]
  ) throws(ReasonFault) {
    guard (1...ReasonLimits.byBytes).contains(by.utf8.count) else {
      throw .strangeName(bytes: by.utf8.count)
    }
    guard let meaning = rules.reasons.meaning(reason, from: .operator, value: nil) else {
      throw rules.reasons.unknown(reason)
    }
    if var stop = phase.stop, stop.record.stopID == stopID {
      guard reclassify(&stop.record, meaning) else { return }
      switch phase {
      case .stopped(_, let run): phase = .stopped(stop, run: run)
      case .noContact(.stopped(_, let run)): phase = .noContact(.stopped(stop, run: run))
      case .unknown, .running, .noContact: break
      }
      tell(stop.record, by: by, at: at, into: &facts)
    } else if var record = ledger[stopID] {
      guard reclassify(&record, meaning) else { return }
      record.category = final(record)
      ledger.keep(record)
      tell(record, by: by, at: at, into: &facts)
    } else {
      throw isForgotten(stopID) ? .forgottenStop(id: stopID) : .unknownStop(id: stopID)
    }
  }

  /// Whether a stop of this machine and journal is meant that made room for newer ones.
  private func isForgotten(_ stopID: String) -> Bool {
    guard stopID.hasPrefix(stopPrefix),
      let number = Int64(stopID.dropFirst(stopPrefix.count))
    else { return false }
    return number >= 0 && number < nextStop
  }

  /// Gives a stop a cause that says something new, if its word counts for as much.
  func reclassify(_ record: inout StopRecord, _ meaning: StopMeaning) -> Bool {
    let (cause, known) = (meaning.cause, record.cause)
    guard meaning.classified || cause.code != nil, cause.from.weight >= known.from.weight,
      (cause.code, cause.reason, cause.text) != (known.code, known.reason, known.text)
    else { return false }
    record.cause = cause
    record.category = meaning.category
    record.costCenter = meaning.costCenter
    record.classified = meaning.classified
    record.revision += 1
    return true
  }

  /// Whose word on an interruption stays: the weightier, among equals the later that says anything.
  func word(_ before: Verdict?, _ now: Verdict) -> Verdict? {
    // What was said on the other side of the edge of planned time was said of another stop.
    let before = rules.plannedSplits && before?.byCalendar != now.byCalendar ? nil : before
    let meaning = meaning(of: now)
    guard meaning.classified || meaning.cause.code != nil else { return before }
    guard let before, self.meaning(of: before).cause.from.weight > meaning.cause.from.weight else {
      return now
    }
    return before
  }

  /// What the evidence means as a cause.
  func meaning(of verdict: Verdict) -> StopMeaning {
    let reason = verdict.byCalendar ? rules.plannedReason : verdict.reason
    let isOfCode = verdict.reasonIsOfCode && !verdict.byCalendar
    if let reason,
      let meaning = rules.reasons.meaning(
        reason, from: isOfCode ? .plc : .rule, value: verdict.code)
    {
      return meaning
    }
    var usual = Self.usual(verdict.state)
    if let stood = verdict.stoodFor, verdict.state == .stopped, !verdict.byCalendar {
      usual.cause.text = "no count for \(stood.text)"
    }
    guard let code = verdict.code, !verdict.byCalendar, !usual.classified else { return usual }
    return StopMeaning(
      cause: Cause(code: code, text: "code \(code)", from: .plc), category: usual.category,
      classified: false)
  }

  var changeover: StopMeaning {
    rules.changeover?.reason.flatMap { rules.reasons.meaning($0, from: .rule, value: nil) }
      ?? Self.usual(.setup)
  }

  /// How a stop is booked when only its kind is known.
  private static func usual(_ state: EvidenceState) -> StopMeaning {
    func row(
      _ text: String, _ category: StopCategory, isKnown: Bool = true
    ) -> StopMeaning {
      StopMeaning(
        cause: Cause(code: nil, text: text, from: isKnown ? .rule : .inferred),
        category: category, classified: isKnown)
    }
    return switch state {
    case .fault: row("fault, no code", .unplanned, isKnown: false)
    case .setup: row("changeover", .planned)
    case .planned: row("planned stop", .planned)
    case .blocked: row("blocked", .external)
    case .starved: row("starved", .external)
    case .stopped, .noContact, .slow, .running:
      row("stopped, no reason", .unplanned, isKnown: false)
    }
  }

  /// How an ended stop is booked: a short unplanned one is minor (F47).
  func final(_ record: StopRecord) -> StopCategory {
    switch record.category {
    case .planned, .external, .minor: record.category
    case .unplanned: record.duration < times.shortStop ? .minor : .unplanned
    }
  }
}
