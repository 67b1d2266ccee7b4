// The recorder's end of one bus's ring, and the bell by which that bus wakes it.
//
// Wake-ups are the budget. A field thread rings when a scan pushed a change, when its mark has
// passed the moment at which a machine wants to act, or when the ring is half full; never by a
// tick.

import Primitives
public import Signals
import Synchronization

/// When a bus must wake the recorder although nothing changed.
public final class WakeLine: Sendable {
  private let nanoseconds = Atomic<Int64>(.max)
  private let ring: @Sendable () -> Void

  /// `ring` is called from the field thread and must not block.
  public init(ring: @escaping @Sendable () -> Void) { self.ring = ring }

  /// Set by the recorder: the next moment at which a machine of this bus wants to act.
  func arm(at instant: Instant) { nanoseconds.store(instant.nanoseconds, ordering: .releasing) }

  /// Called by the field thread after it has published.
  public func published(_ outcome: FieldOutcome, capacity: Int) {
    let marked = outcome.markedThrough?.nanoseconds ?? .min
    let isDue = marked >= nanoseconds.load(ordering: .acquiring)
    if outcome.changed || isDue || outcome.fill * 2 >= capacity { ring() }
  }
}

/// One ring as the recorder holds it; a class, because an array cannot hold a noncopyable end.
public final class RingInlet {
  var consumer: RingConsumer
  let line: WakeLine
  /// The time of the sample that was taken last; nil before the first.
  var takenThrough: Instant?

  public init(consumer: consuming RingConsumer, line: WakeLine) {
    self.consumer = consumer
    self.line = line
  }
}
