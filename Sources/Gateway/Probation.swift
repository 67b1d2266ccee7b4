// How a configuration that was just applied is watched, and when it is taken back.
//
//   watching ──criterion broken──▶ broken ──for `patience`──▶ failed: roll back
//      ▲ └──`length` is over──▶ stood      │
//      └────────criteria hold again────────┘
//
// Criteria, against what was the case before it was applied:
// - every unit that was in contact, is still configured and whose bus was touched is in contact;
// - where any unit was in contact, one is;
// - every uplink that delivered, is still configured and was restarted does not fail; at the end of
//   the time nothing may still be owed to it that it has not begun to deliver;
// - where any uplink delivered, there is one.
//
// Invariants
// - What a reload did not touch is no ground for taking it back: a PLC that is switched off in that
//   very minute is not the configuration's fault.
// - What was taken out on purpose is told, not punished, unless nothing is left.
// - A criterion that is broken must stay so for `patience` before it counts: a device that starts
//   slowly, or a connection that is made anew, is given time. A configuration under which no unit
//   answers is back after `patience` and the time that its threads need to change, 30 s in all.
// - Time is an argument; the same sights give the same verdict.

public import Primitives

/// How long and how patiently a configuration is watched.
public struct ProbationRules: Equatable, Sendable {
  /// How long it is watched.
  public var length: Duration
  /// How long a criterion may be broken: five tries of an opening that takes its 3 s.
  public var patience: Duration

  public init(length: Duration = .seconds(60), patience: Duration = .seconds(15)) {
    self.length = length
    self.patience = min(patience, length)
  }
}

/// How the field and the uplinks look at one moment.
public struct ProbationSight: Equatable, Sendable {
  /// Whether a unit answers.
  public enum Unit: Equatable, Sendable {
    case inContact
    /// The sentence says what is wrong.
    case lost(String)
  }

  /// How an uplink is doing.
  public enum Uplink: Equatable, Sendable {
    /// It has delivered, and nothing failed since.
    case good
    /// It has not failed and has not delivered, and nothing waits for it.
    case idle
    /// Something waits that it has not delivered yet.
    case owing
    /// The sentence says what fails.
    case failing(String)
  }

  /// By name, all that are configured.
  public var units: [String: Unit]
  public var uplinks: [String: Uplink]

  public init(units: [String: Unit], uplinks: [String: Uplink]) {
    self.units = units
    self.uplinks = uplinks
  }

  var unitsInContact: [String] {
    units.filter { $0.value == .inContact }.map(\.key).sorted()
  }

  var uplinksInOrder: [String] {
    uplinks.filter { $0.value == .good }.map(\.key).sorted()
  }
}

extension ProbationSight.Unit {
  fileprivate var cause: String? {
    switch self {
    case .inContact: nil
    case .lost(let cause): cause
    }
  }
}

/// What is said of a configuration on probation.
public enum ProbationVerdict: Equatable, Sendable {
  case goesOn
  /// It has stood its time.
  case stood
  /// The sentence says which criterion is broken.
  case failed(String)
}

/// A configuration on probation.
public struct Probation: Equatable, Sendable {
  enum State: Equatable, Sendable {
    case watching
    case broken(since: Instant)
    case ended(ProbationVerdict)
  }

  public let rules: ProbationRules
  /// When it is over, if nothing is broken then.
  public let until: Instant
  private let units: [String]
  private let uplinks: [String]
  private let touchedUnits: Set<String>
  private let touchedUplinks: Set<String>
  private(set) var state = State.watching

  /// Begins to watch; `touched` are names of units and uplinks that the change concerns.
  public init(
    before: ProbationSight, touchedUnits: Set<String>, touchedUplinks: Set<String>,
    rules: ProbationRules, now: Instant
  ) {
    self.rules = rules
    self.touchedUnits = touchedUnits
    self.touchedUplinks = touchedUplinks
    units = before.unitsInContact
    uplinks = before.uplinksInOrder
    until = now + rules.length
  }

  /// Compares with what was the case before.
  public mutating func look(_ sight: ProbationSight, now: Instant) -> ProbationVerdict {
    let fault = fault(sight, isOver: now >= until)
    switch state {
    case .ended(let verdict): return verdict
    case .watching:
      if fault != nil {
        state = .broken(since: now)
        return .goesOn
      }
      return now >= until ? end(.stood) : .goesOn
    case .broken(let since):
      guard let fault else {
        state = .watching
        return now >= until ? end(.stood) : .goesOn
      }
      return now - since >= rules.patience ? end(.failed(fault)) : .goesOn
    }
  }

  private mutating func end(_ verdict: ProbationVerdict) -> ProbationVerdict {
    state = .ended(verdict)
    return verdict
  }

  /// The first criterion that is broken, as a sentence.
  private func fault(_ sight: ProbationSight, isOver: Bool) -> String? {
    if !units.isEmpty, sight.unitsInContact.isEmpty {
      let cause = units.lazy.compactMap { sight.units[$0]?.cause }.first
      return "no unit is in contact any more; before, "
        + "\(units.count == 1 ? units[0] + " was" : "\(units.count) were")"
        + (cause.map { " (\($0))" } ?? "")
    }
    for unit in units where touchedUnits.contains(unit) {
      guard let cause = sight.units[unit]?.cause else { continue }
      return "unit \(unit) was in contact before and is not now: \(cause)"
    }
    if !uplinks.isEmpty, sight.uplinks.isEmpty {
      return "no uplink is left; before, \(uplinks.joined(separator: ", ")) delivered"
    }
    for uplink in uplinks where touchedUplinks.contains(uplink) {
      switch sight.uplinks[uplink] {
      case .failing(let cause): return "uplink \(uplink) delivered before and fails now: \(cause)"
      case .owing where isOver: return "uplink \(uplink) delivered before and does not now"
      case .good, .idle, .owing, nil: continue
      }
    }
    return nil
  }
}
