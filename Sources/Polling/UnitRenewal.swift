// What must be told anew of a unit when the configuration changes around it.

/// A unit whose signals somebody new listens to, or that are conditioned in another way now.
public struct UnitRenewal: Equatable, Sendable {
  /// The position of the unit in its bus.
  public var unit: Int
  /// The positions of the signals that are conditioned in another way than before.
  public var redefined: [Int]

  public init(unit: Int, redefined: [Int] = []) {
    self.unit = unit
    self.redefined = redefined
  }
}
