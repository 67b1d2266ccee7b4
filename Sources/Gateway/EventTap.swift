// The newest committed events, for whoever wants to look on: `takt tail`.
//
// Invariants
// - Only what is durable is here, in the order of the journal, byte for byte.
// - Bounded in events and bytes; the oldest go first, and whoever asks is told how many he missed.
// - The recorder never waits for a reader: who reads takes a reference to the list, some ten
//   nanoseconds under the lock, and the list is copied only if it changes while he looks at it.

import Events
public import Outbox
import Synchronization

/// The last committed events.
public final class EventTap: Sendable {
  /// The most events kept: about a minute of a large line, or a quiet night.
  public static let eventLimit = 512
  /// The most bytes kept: 16 windows of signals, or more than 100 stops and counts.
  public static let byteLimit = 128 << 10

  private struct Kept {
    /// The bodies, the oldest first.
    var bodies: [[UInt8]] = []
    var bytes = 0
    /// The number of the newest, counted from 1 at the start of the program.
    var last: UInt64 = 0
  }

  /// What a reader gets.
  public struct Glance: Equatable, Sendable {
    /// The bodies of the events behind the number asked for, the oldest first.
    public var bodies: [[UInt8]]
    /// The number of the last one here, to ask for what comes behind it.
    public var last: UInt64
    /// How many went before they were fetched.
    public var missed: UInt64
  }

  private let kept = Mutex(Kept())
  private let isOnlyOfStates: Bool
  private let isOpen: Atomic<Bool>

  /// With `onlyStates` it keeps what tells of states and stops, once somebody wants it.
  public init(onlyStates: Bool = false) {
    isOnlyOfStates = onlyStates
    isOpen = Atomic(!onlyStates)
  }

  /// Whether anything is kept.
  public var isOn: Bool { isOpen.load(ordering: .relaxed) }

  /// Begins or ends keeping.
  public func turn(on: Bool) { isOpen.store(on, ordering: .relaxed) }

  /// The ends of the bodies that tell of states and stops: `type` is the last member of an event.
  private static let states = [
    EventType.stateChanged, .stopStarted, .stopClassified, .stopEnded,
  ].map { Array("\"type\":\"\($0.rawValue)\"}".utf8) }

  private func wants(_ event: StoredEvent) -> Bool {
    !isOnlyOfStates || Self.states.contains { event.bytes.suffix($0.count).elementsEqual($0) }
  }

  /// Adds what has just become durable.
  public func add(_ events: [StoredEvent]) {
    guard isOn, !events.isEmpty else { return }
    kept.withLock { kept in
      for event in events where wants(event) {
        kept.bodies.append(event.bytes)
        kept.bytes += event.bytes.count
        kept.last += 1
      }
      var surplus = 0
      while surplus < kept.bodies.count,
        kept.bodies.count - surplus > Self.eventLimit || kept.bytes > Self.byteLimit
      {
        kept.bytes -= kept.bodies[surplus].count
        surplus += 1
      }
      if surplus > 0 { kept.bodies.removeFirst(surplus) }
    }
  }

  /// The number of the newest event; 0 before the first.
  public var last: UInt64 { kept.withLock { $0.last } }

  /// What came behind a number, as much as fits into a number of bytes, one event at least.
  public func glance(after number: UInt64, byteLimit: Int) -> Glance {
    let kept = kept.withLock { $0 }
    let before = kept.last - UInt64(kept.bodies.count)
    let start = min(max(number, before), kept.last)
    var bodies: [[UInt8]] = []
    var bytes = 0
    for body in kept.bodies.dropFirst(Int(start - before)) {
      guard bodies.isEmpty || bytes + body.count <= byteLimit else { break }
      bodies.append(body)
      bytes += body.count
    }
    return Glance(
      bodies: bodies, last: start + UInt64(bodies.count),
      missed: before > number ? before - number : 0)
  }
}
