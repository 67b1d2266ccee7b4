// Refused events as the journal keeps them, and how they are asked for.
//
// Invariants
// - For people an event's number is its place in the journal: it stays over restarts and salvages,
//   and is its sequence in a journal that was never damaged.
// - The key of a row is of this opening of the file alone: a salvage numbers the rows anew.

/// One refused event with the key of its row.
public struct QuarantinedRow: Equatable, Sendable {
  public var row: Int64
  public var event: QuarantinedEvent

  public init(row: Int64, event: QuarantinedEvent) {
    self.row = row
    self.event = event
  }

  /// What deletes exactly this row.
  public var key: QuarantineKey {
    QuarantineKey(row: row, uplink: event.uplink, sequence: event.sequence)
  }
}

/// Which row is meant; all three must fit, so that a number used again deletes no other.
public struct QuarantineKey: Equatable, Hashable, Sendable {
  public var row: Int64
  public var uplink: String
  public var sequence: UInt64

  public init(row: Int64, uplink: String, sequence: UInt64) {
    self.row = row
    self.uplink = uplink
    self.sequence = sequence
  }
}

/// Which refused events are asked for.
public struct QuarantineQuery: Equatable, Sendable {
  /// Rows behind this one; 0 for all.
  public var after: Int64
  /// nil for those of all uplinks.
  public var uplink: String?
  /// Places; nil for all.
  public var places: Set<UInt64>?
  public var countLimit: Int
  public var byteLimit: Int

  public init(
    after: Int64 = 0, uplink: String? = nil, places: Set<UInt64>? = nil,
    countLimit: Int = OutboxLimits.parcelEvents, byteLimit: Int = OutboxLimits.parcelBytes
  ) {
    self.after = after
    self.uplink = uplink
    self.places = places
    self.countLimit = countLimit
    self.byteLimit = byteLimit
  }

  /// Whether an event is asked for.
  public func wants(_ row: Int64, uplink: String, place: UInt64) -> Bool {
    row > after && (self.uplink ?? uplink) == uplink && places?.contains(place) ?? true
  }
}
