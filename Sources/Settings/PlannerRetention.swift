// Retention of the plan.

import Primitives

/// How long events are kept, and what the disk keeps for others.
public struct RetentionSettings: Equatable, Sendable {
  /// Everything that is older goes; nil keeps it while there is room.
  public var all: Duration?
  /// The same for raw signals.
  public var signals: Duration?
  /// The same for the gateway's own health.
  public var health: Duration?
  /// Bytes that the journal leaves to others.
  public var diskReserveBytes: Int64

  init(_ record: Record?) {
    all = record?.duration("all")
    signals = record?.duration("signals")
    health = record?.duration("health")
    diskReserveBytes = record?.integer("diskReserve") ?? 64 << 20
  }
}
