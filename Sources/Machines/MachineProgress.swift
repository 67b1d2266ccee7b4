// How far a machine is, for those who sum what it tells.

package import Primitives

extension Machine {
  /// Everything before it has been handled and told.
  package var toldUntil: Instant { now }

  /// A counter made a jump that is not decided yet.
  package var isDoubted: Bool { doubt != .distantFuture }
}
