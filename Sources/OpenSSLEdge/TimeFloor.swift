// What is known of the time without a clock: it is no earlier than the newest thing that happened.
//
// A gateway without a battery boots in 1970 and then believes no certificate. The build of the
// program, the files it wrote and the date a verified receiver told are evidence that only grows.

public import Primitives
import Synchronization

/// The newest moment that is known to have passed; shared by the threads that learn and use it.
public final class TimeFloor: Sendable {
  private let milliseconds: Atomic<Int64>

  /// Begins with the evidence there is at the start.
  public init(_ start: WallTime) { milliseconds = Atomic(start.milliseconds) }

  /// The newest evidence so far.
  public var value: WallTime { WallTime(milliseconds: milliseconds.load(ordering: .acquiring)) }

  /// Takes new evidence; older than what is known changes nothing.
  public func raise(to time: WallTime) {
    milliseconds.max(time.milliseconds, ordering: .acquiringAndReleasing)
  }
}
