// What a poller wants done, and what came of it, as values.

public import Primitives
public import Signals

/// What to do next on a bus.
public enum PollAction: Equatable, Sendable {
  case open(timeout: Duration)
  case close
  case read(ReadRequest)
  /// Nothing to do before that moment.
  case wait(until: Instant)
}

/// Signals that can no longer be called good.
public struct Degradation: Equatable, Sendable {
  /// The position of the unit in the bus definition.
  public var unit: Int
  /// Positions in the unit's bindings; nil for all of them.
  public var slots: [Int]?
  public var quality: Quality
  /// From when on it holds.
  public var since: Instant
}

/// What a result on the bus means.
public struct PollOutcome: Equatable, Sendable {
  /// The block whose words arrived; its places say which word belongs to which signal.
  public var answered: ReadBlock?
  /// Signals that went bad with it.
  public var degradations: [Degradation] = []
  /// The unit whose contact is back, and since when it had been lost.
  public var restored: Restoration?
  /// The unit that has nothing more to be read now: a mark is due.
  public var finished: Int?

  /// Nothing came of it.
  public init() {}

  /// A unit that answers again.
  public struct Restoration: Equatable, Sendable {
    public var unit: Int
    public var lostSince: Instant
  }
}
