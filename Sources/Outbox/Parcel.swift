// What travels between the recorder and a courier: events one way, answers the other.

/// A run of committed events on its way to one uplink.
public struct Parcel: Equatable, Sendable {
  public var events: [StoredEvent]
  /// The sequence of the event that was due to this uplink before the first one; 0 for none.
  public var previous: UInt64
  /// Places before the epoch of these events; each one's own sequence is its place less this.
  public var base: UInt64
  /// Told again or late, behind newer events: the receiver must not take its order for a gap.
  public var isReplay: Bool
  /// The outbox had heard of everything up to here when it made this parcel.
  public var heardThrough: UInt64

  public init(
    events: [StoredEvent], previous: UInt64, base: UInt64 = 0, isReplay: Bool = false,
    heardThrough: UInt64 = 0
  ) {
    self.heardThrough = heardThrough
    self.events = events
    self.previous = previous
    self.base = base
    self.isReplay = isReplay
  }
}

/// What a courier reports about the events of its parcel, in order.
public enum Answer: Equatable, Sendable {
  /// Everything up to and including this sequence is at the destination.
  case delivered(through: UInt64)
  /// The destination refused this one event for good; it goes to quarantine and counts as done.
  case refused(StoredEvent, status: Int, body: String)
  /// Not sent, because an earlier one of its partition key was refused.
  case held(StoredEvent)
}
