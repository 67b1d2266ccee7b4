// What happened to orders, confirmations and holds, as values; the room Events gives them words.

public import Primitives

/// One thing that happened to an order, a confirmation or a hold.
public struct OrderFact: Equatable, Sendable {
  /// What happened, with its particulars.
  public enum Kind: Equatable, Sendable {
    /// In force from now on; again, when it had been paused.
    case started(OrderRun, resumed: Bool)
    /// No longer in force.
    case ended(OrderRun, OrderRun.End)
    /// Validated, or released by hand, and now to be told once.
    case confirmed(Confirmation)
    case qualityHeld(QualityHold)
    case qualityReleased(QualityHold, by: String)
  }

  public var at: Stamp
  public var kind: Kind

  public init(at: Stamp, kind: Kind) {
    self.at = at
    self.kind = kind
  }
}
