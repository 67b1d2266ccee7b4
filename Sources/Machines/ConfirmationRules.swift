// When a window is confirmed, and what must be true before an ERP may book it.
//
// Invariants
// - Every rule that is not met is named with its sentence; none hides another.
// - A person may let go what a rule holds. Nobody lets go what a quality hold holds, except by
//   releasing the hold; and a final confirmation never overtakes an earlier one of its order.
//
// Why an interval without a piece is not told: a machine that stands over a weekend would confirm
// nothing 200 times. Its times wait for the next piece, the end of shift or the end of the order.

/// The rules of confirmations for one line.
public struct ConfirmationRules: Equatable, Sendable {
  /// A window with pieces is closed after this long.
  public var interval: Duration
  /// Good pieces may exceed the plan by this share, in percent; nil when the plan does not bind.
  public var percentAbovePlan: Int64?
  public var needsRelease: Bool
  public var needsContact: Bool
  public var needsSoundCounter: Bool
  /// An order that another one replaces is done: its last confirmation is final.
  public var replacementEnds: Bool
  /// Machines whose counts are confirmed; empty for all. At a line where one machine hands its
  /// pieces to the next, only the last one may count them.
  public var confirming: Set<String>

  public init(
    interval: Duration = .seconds(900), percentAbovePlan: Int64? = 10, needsRelease: Bool = true,
    needsContact: Bool = true, needsSoundCounter: Bool = true, replacementEnds: Bool = false,
    confirming: Set<String> = []
  ) {
    self.interval = interval
    self.percentAbovePlan = percentAbovePlan
    self.needsRelease = needsRelease
    self.needsContact = needsContact
    self.needsSoundCounter = needsSoundCounter
    self.replacementEnds = replacementEnds
    self.confirming = confirming
  }

  func confirms(_ machine: String) -> Bool { confirming.isEmpty || confirming.contains(machine) }
}

/// A rule that a confirmation does not meet.
public enum HeldReason: Equatable, Sendable {
  case notDescribed
  case notReleased
  case abovePlan(total: Int64, planned: Int64, percent: Int64)
  case noContact
  case counterDoubted
  case orderChangedUnseen
  case onHold(QualityHold)
  case waitsFor(number: Int64)

  /// Whether a person may let it go all the same.
  public var yieldsToPerson: Bool {
    switch self {
    case .notDescribed, .notReleased, .abovePlan, .noContact, .counterDoubted, .orderChangedUnseen:
      true
    case .onHold, .waitsFor: false
    }
  }

  /// Why it is held and what to do, for one confirmation.
  public func sentence(_ confirmation: Confirmation) -> String {
    let order = confirmation.key.text
    return switch self {
    case .notDescribed:
      "order \(order) is known by its number only; drop its order file"
    case .notReleased:
      "order \(order) is not released; drop its file with \"released\": true"
    case .abovePlan(let total, let planned, let percent):
      "order \(order) has \(total) good pieces and \(planned) are planned, \(percent) % more are "
        + "allowed; correct the plan or let it go by hand"
    case .noContact:
      "machine \(confirmation.machine) has no contact; it is checked again when it answers"
    case .counterDoubted:
      "a counter of machine \(confirmation.machine) made a jump that is not decided yet; it is "
        + "checked again when it is"
    case .orderChangedUnseen:
      "the order at machine \(confirmation.machine) changed while nobody looked, so some pieces "
        + "may belong to the other one; check them and let it go by hand"
    case .onHold(let hold):
      "quality hold \(hold.number) on \(hold.scope.kind) \(hold.scope.name) by \(hold.by): "
        + "\(hold.reason); release the hold"
    case .waitsFor(let number):
      "it is the last of order \(order), and confirmation \(number) of it is held"
    }
  }
}

/// What is true of a machine at the moment of validation.
struct Conditions: Equatable, Sendable {
  var isInContact = true
  var isCounterDoubted = false
}

extension ConfirmationRules {
  /// Every rule that a confirmation does not meet; `earlier` is one of its order that is held.
  func reasons(
    _ confirmation: Confirmation, straddles: Bool, _ conditions: Conditions, hold: QualityHold?,
    earlier: Int64?
  ) -> [HeldReason] {
    let order = confirmation.order
    var reasons: [HeldReason] = []
    if !order.isDescribed, needsRelease {
      reasons.append(.notDescribed)
    } else if !order.isReleased, needsRelease {
      reasons.append(.notReleased)
    }
    if let planned = order.plannedQuantity, let percent = percentAbovePlan,
      Int128(confirmation.total) * 100 > Int128(planned) * (100 + Int128(max(0, percent)))
    {
      reasons.append(.abovePlan(total: confirmation.total, planned: planned, percent: percent))
    }
    if needsContact, !conditions.isInContact { reasons.append(.noContact) }
    if needsSoundCounter, conditions.isCounterDoubted { reasons.append(.counterDoubted) }
    if straddles { reasons.append(.orderChangedUnseen) }
    if let hold { reasons.append(.onHold(hold)) }
    if let earlier, confirmation.isFinal { reasons.append(.waitsFor(number: earlier)) }
    return reasons
  }
}
