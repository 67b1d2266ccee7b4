// The recorder's end of one bus's ring, and the bell by which that bus wakes it.
//
// Wake-ups are the budget: each costs more than all the samples of a scan. A field thread rings
// - when a scan has ended in which something changed that a machine may decide on at once;
// - when its mark has passed the moment at which a machine wants to act;
// - when the recorder would else sleep beyond the end of the window in which a change is told;
// - when the ring is half full.
// It never rings by a tick. What only counts, or is of interest to nobody, waits in the ring for
// one of these, or for the recorder's next turn, which is `recorderIdle` away at most.
//
// Nothing is missed: the recorder says until when it will sleep and only then looks once more
// whether something lies in a ring; the field thread publishes and only then looks at what the
// recorder said. Between the two steps of either stands a fence, so one of them sees the other.

import Primitives
public import Signals
import Synchronization

/// When a bus must wake the recorder, and when it need not.
public final class WakeLine: Sendable {
  private let deadline = Atomic<Int64>(.max)
  private let wakesAt = Atomic<Int64>(.max)
  private let window: Duration
  private let ring: @Sendable () -> Void

  /// Changes are published in windows of this length, or at once; `ring` is called from the field
  /// thread and must not block.
  public init(window: Duration = .zero, ring: @escaping @Sendable () -> Void) {
    self.window = window
    self.ring = ring
  }

  /// Set by the recorder: the next moment at which a machine of this bus wants to act, and the one
  /// at which the recorder takes a turn even if nobody rings.
  func arm(at instant: Instant, wakesAt: Instant = .distantFuture) {
    deadline.store(instant.nanoseconds, ordering: .relaxed)
    self.wakesAt.store(wakesAt.nanoseconds, ordering: .relaxed)
  }

  /// Called by the field thread after it has published.
  public func published(_ outcome: FieldOutcome, capacity: Int) {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    if isWanted(outcome) || outcome.fill * 2 >= capacity { ring() }
  }

  private func isWanted(_ outcome: FieldOutcome) -> Bool {
    let marked = outcome.markedThrough?.nanoseconds ?? .min
    if marked >= deadline.load(ordering: .relaxed) { return true }
    switch outcome.news {
    case .none, .quiet: return false
    case .published:
      let end = SignalsPublisher.end(of: outcome.at, window)
      return wakesAt.load(ordering: .relaxed) > end.nanoseconds
    case .prompt: return true
    }
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
