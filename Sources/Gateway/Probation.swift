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
// - A criterion that is broken must stay so for a while before it counts: a device that starts
//   slowly, or a connection that is made anew, is given time. How long that is depends on the
//   slowest bus that was touched: `patienceForOne`.
// - A configuration under which nothing works any more is back within 30 s: `patience` is what of
//   these the threads do not need that are then inside a request or an opening.
// - Time is an argument; the same sights give the same verdict.

public import Polling
public import Primitives

/// How long and how patiently a configuration is watched.
public struct ProbationRules: Equatable, Sendable {
  /// How long it is watched.
  public var length: Duration
  /// How long nothing at all may be in contact.
  public var patience: Duration
  /// How long any other criterion may be broken.
  public var patienceForOne: Duration

  /// For a site with nothing slow in it: five tries of an opening that takes its 3 s.
  public static let usualPatience = Duration.seconds(15)
  /// From applying a configuration under which nothing works to the one before.
  static let backWithin = Duration.seconds(30)
  /// What of these is neither waiting nor a request: two looks a second apart, each with an answer
  /// of every thread to wait for, the disk, and making the connection of the one before.
  static let backOverhead = Duration.seconds(7)
  /// However slow the devices are: less is no proof.
  static let leastPatience = Duration.seconds(5)

  public init(
    length: Duration = .seconds(60), patience: Duration = ProbationRules.usualPatience,
    patienceForOne: Duration = ProbationRules.usualPatience
  ) {
    self.length = length
    self.patience = min(patience, length)
    self.patienceForOne = min(patienceForOne, length)
  }

  /// Fits the slowest of the buses that a change touched, and of the uplinks: for each of these the
  /// time from a try that failed to the end of the next one.
  public init(length: Duration, touched buses: [BusDefinition], uplinks: [Duration] = []) {
    let settling = buses.map(Self.settling).reduce(Self.usualPatience, max)
    let leaving = buses.map(Self.leaving).reduce(.zero, max)
    let rest = max(Self.leastPatience, Self.backWithin - Self.backOverhead - leaving)
    self.init(
      length: length, patience: min(settling, rest),
      patienceForOne: uplinks.reduce(settling, max))
  }

  /// Until a healthy unit has answered although an opening failed first, and two requests to each
  /// of its neighbours had no answer.
  private static func settling(_ bus: BusDefinition) -> Duration {
    let opening = bus.connectTimeout + bus.connectPause + PollingLimits.reopenFloor
    let rounds = bus.units.reduce(Duration.zero) { $0 + $1.timeout + bus.requestPause }
    return (opening + rounds) * 2
  }

  /// The longest that a thread is inside one request or opening, and hears of nothing.
  private static func leaving(_ bus: BusDefinition) -> Duration {
    bus.units.map(\.timeout).reduce(bus.connectTimeout, max)
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
    /// `dead` is set while nothing at all is in contact.
    case broken(since: Instant, dead: Instant?)
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
    let dead = death(sight)
    let fault = dead ?? fault(sight, isOver: now >= until)
    var (since, deadSince) = (now, now)
    switch state {
    case .ended(let verdict): return verdict
    case .watching: break
    case .broken(let first, let firstDead): (since, deadSince) = (first, firstDead ?? now)
    }
    guard let fault else {
      state = .watching
      return now >= until ? end(.stood) : .goesOn
    }
    let isTooLong =
      now - since >= rules.patienceForOne || dead != nil && now - deadSince >= rules.patience
    if isTooLong { return end(.failed(fault)) }
    state = .broken(since: since, dead: dead == nil ? nil : deadSince)
    return .goesOn
  }

  private mutating func end(_ verdict: ProbationVerdict) -> ProbationVerdict {
    state = .ended(verdict)
    return verdict
  }

  /// What a site cannot do without, as a sentence when it is gone.
  private func death(_ sight: ProbationSight) -> String? {
    if !units.isEmpty, sight.unitsInContact.isEmpty {
      let cause = units.lazy.compactMap { sight.units[$0]?.cause }.first
      return "no unit is in contact any more; before, "
        + "\(units.count == 1 ? units[0] + " was" : "\(units.count) were")"
        + (cause.map { " (\($0))" } ?? "")
    }
    if !uplinks.isEmpty, sight.uplinks.isEmpty {
      return "no uplink is left; before, \(uplinks.joined(separator: ", ")) delivered"
    }
    return nil
  }

  /// The first other criterion that is broken, as a sentence.
  private func fault(_ sight: ProbationSight, isOver: Bool) -> String? {
    for unit in units where touchedUnits.contains(unit) {
      guard let cause = sight.units[unit]?.cause else { continue }
      return "unit \(unit) was in contact before and is not now: \(cause)"
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
