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
  /// The stops in a ring, the oldest at `oldest`: one more takes its place, and moves no other.
  private var entries: [StopRecord] = []
  private var oldest = 0
  /// How many of them have their reason.
  private var classified = 0
  /// Stops that had to make room before anybody classified them.
  package internal(set) var forgotten: Int64 = 0

  package init() {}

  /// In the order in which they ended.
  package var stops: [StopRecord] { Array(entries[oldest...] + entries[..<oldest]) }

  /// Keeps a stop that has ended, or its next revision.
  mutating func keep(_ record: StopRecord) {
    if let index = entries.firstIndex(where: { $0.isSameStop(as: record) }) {
      if entries[index].classified { classified -= 1 }
      if record.classified { classified += 1 }
      entries[index] = record
    } else {
      add(record)
    }
  }

  /// Keeps a stop that ends now, which no stop has done that is kept.
  mutating func add(_ record: StopRecord) {
    defer { if record.classified { classified += 1 } }
    guard entries.count >= ReasonLimits.endedStops else {
      entries.append(record)
      return
    }
    if classified > 0 {
      // The oldest that has its reason goes; those before it stay the oldest.
      var inOrder = stops
      if let index = inOrder.firstIndex(where: \.classified) { inOrder.remove(at: index) }
      classified -= 1
      (entries, oldest) = (inOrder + [record], 0)
    } else {
      forgotten = saturating(forgotten, plus: 1)
      entries[oldest] = record
      oldest = (oldest + 1) % entries.count
    }
  }

  subscript(id: String) -> StopRecord? { entries.first { $0.stopID == id } }

  package var unclassified: [StopRecord] { stops.filter { !$0.classified } }

  /// How many wait for a reason.
  var unclassifiedCount: Int { entries.count - classified }
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
      record.category = final(record.category, lasted: record.duration.nanoseconds)
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
    record.change {
      $0.cause = cause
      $0.category = meaning.category
      $0.costCenter = meaning.costCenter
      $0.classified = meaning.classified
      $0.revision += 1
    }
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
      usual.cause.text = "no count for \(Duration.nanoseconds(stood).text)"
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
  func final(_ category: StopCategory, lasted nanoseconds: Int64) -> StopCategory {
    switch category {
    case .planned, .external, .minor: category
    case .unplanned: nanoseconds < times.shortStop ? .minor : .unplanned
    }
  }
}
