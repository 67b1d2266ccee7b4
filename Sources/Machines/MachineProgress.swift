// How far a machine is, for those who sum what it tells.

import Primitives

extension Machine {
  /// A counter made a jump that is not decided yet.
  package var isDoubted: Bool { doubt != .distantFuture }
}
