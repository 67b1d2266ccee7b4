// What crosses the ring: one observation of one signal, or a mark of progress.
//
// Invariants
// - 32 bytes and BitwiseCopyable: pushing one moves no reference and allocates nothing.
// - `at` is the time of the read in which the value was first seen, never that of processing.
// - A mark for a unit at time t promises: no later sample of that unit carries a time before t.
//   A debounce that is still pending holds the mark back to the time its candidate was first seen.
//   So decisions that wait for a deadline are a function of the samples, not of the wake-up.

public import Primitives

/// The index of a signal in the gateway's table of signals.
public struct SignalID: Hashable, Sendable, BitwiseCopyable {
  public var index: UInt32
  public init(_ index: Int) { self.index = UInt32(clamping: index) }
}

/// The index of a unit (a device on a bus) in the gateway's table of units.
public struct UnitID: Hashable, Sendable, BitwiseCopyable {
  public var index: UInt32
  public init(_ index: Int) { self.index = UInt32(clamping: index) }
}

/// How far a value can be trusted.
public enum Quality: UInt8, Sendable, BitwiseCopyable, CaseIterable {
  case good
  /// The unit does not answer or the link is down; the value is the last one known.
  case noContact
  /// The device refuses this address (exception 2 or 3).
  case refused
  /// The registers hold no value of the declared type (a NaN, text that is not UTF-8).
  case invalid

  /// The word used in events and status.
  public var text: String {
    switch self {
    case .good: "good"
    case .noContact: "noContact"
    case .refused: "refused"
    case .invalid: "invalid"
    }
  }
}

/// The value of a signal, after scaling.
public enum Value: Equatable, Sendable, BitwiseCopyable {
  case integer(Int64)
  /// An unsigned 64-bit register above Int64.max.
  case unsigned(UInt64)
  case real(Double)
  /// Up to eight bytes of a text, first byte lowest; `Sample.remaining` counts the pieces to come.
  case text(UInt64)
  /// Nothing known yet.
  case none
}

/// One observation, or a mark of progress.
public struct Sample: Equatable, Sendable, BitwiseCopyable {
  /// What the sample tells: a value, or how far its unit is known.
  public enum Kind: UInt8, Sendable, BitwiseCopyable {
    case value
    /// `subject` is a unit: everything before `at` has been told.
    case mark
  }

  public var at: Instant
  public var value: Value
  public var quality: Quality
  public var kind: Kind
  /// Pieces of a text still to come after this one.
  public var remaining: UInt8
  /// The index of the signal, or of the unit for a mark.
  public var subject: UInt32
  /// How many samples before this one were lost because the ring was full.
  public var lost: UInt32

  public init(
    signal: SignalID, at: Instant, value: Value, quality: Quality = .good, remaining: UInt8 = 0
  ) {
    self.at = at
    self.value = value
    self.quality = quality
    self.kind = .value
    self.remaining = remaining
    self.subject = signal.index
    self.lost = 0
  }

  public init(mark unit: UnitID, at: Instant) {
    self.at = at
    self.value = .none
    self.quality = .good
    self.kind = .mark
    self.remaining = 0
    self.subject = unit.index
    self.lost = 0
  }
}
