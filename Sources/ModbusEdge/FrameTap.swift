// Frames on their way past, kept for whoever wants to look at a running bus.
//
// Invariants
// - While nobody looks, a frame costs one atomic load.
// - A tap that was opened for a time closes by itself when it is over, so that a reader who was cut
//   off leaves nothing behind.
// - Bounded: `FrameTap.capacity` frames of at most `ModbusLimits.frameBytes`; the oldest go first,
//   and numbers without gaps let the reader count what he missed.

public import Primitives
import Synchronization

/// One frame as it was sent or received, with everything that is on the wire.
public struct TappedFrame: Sendable, Equatable {
  /// Which way it went.
  public enum Direction: String, Sendable {
    case sent, received
    /// Bytes that belong to no frame, or to nobody who asked.
    case discarded
  }

  /// Counts from 1 for each bus.
  public var number: UInt64
  public var at: Instant
  public var direction: Direction
  public var bytes: [UInt8]
}

/// The last frames of one bus, written by its thread and read by another.
public final class FrameTap: Sendable {
  /// 256 frames: more than a second of any serial line, 70 KB at most.
  public static let capacity = 256

  private let isOpen = Atomic<Bool>(false)
  /// Nanoseconds of monotonic time at which it closes by itself.
  private let closesAt = Atomic<Int64>(.max)
  private let kept = Mutex<Kept>(Kept())

  private struct Kept {
    var frames: [TappedFrame] = []
    var last: UInt64 = 0
  }

  private let now: @Sendable () -> Instant

  /// A closed tap, with the clock that dates its frames.
  public init(now: @escaping @Sendable () -> Instant) { self.now = now }

  /// Starts keeping, or stops and forgets what is kept.
  public func set(open: Bool) {
    closesAt.store(.max, ordering: .relaxed)
    isOpen.store(open, ordering: .releasing)
    if !open { kept.withLock { $0.frames = [] } }
  }

  /// Keeps frames for so long from now on, unless asked again.
  public func open(for lease: Duration) {
    closesAt.store((now() + lease).nanoseconds, ordering: .relaxed)
    isOpen.store(true, ordering: .releasing)
  }

  /// The number of the newest frame.
  public var last: UInt64 { kept.withLock { $0.last } }

  /// Whether somebody looks.
  public var isOn: Bool { isOpen.load(ordering: .acquiring) }

  /// Keeps a frame when somebody looks.
  public func note(_ direction: TappedFrame.Direction, _ bytes: Span<UInt8>) {
    guard isOn else { return }
    let moment = now()
    guard moment.nanoseconds < closesAt.load(ordering: .relaxed) else { return set(open: false) }
    let copy = (0..<min(bytes.count, ModbusLimits.frameBytes)).map { bytes[$0] }
    kept.withLock { kept in
      kept.last &+= 1
      if kept.frames.count >= Self.capacity { kept.frames.removeFirst() }
      kept.frames.append(
        TappedFrame(number: kept.last, at: moment, direction: direction, bytes: copy))
    }
  }

  /// The frames kept whose number is above `number`, the oldest first.
  public func frames(after number: UInt64) -> [TappedFrame] {
    kept.withLock { kept in kept.frames.filter { $0.number > number } }
  }
}
