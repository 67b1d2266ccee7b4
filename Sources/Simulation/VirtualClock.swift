// The clock of the virtual world: it stands still until the world moves it.
//
// World time runs through everything; a gateway's monotonic time starts anew with each boot of its
// machine. Wall time is world time plus a fixed date, so that truth and events can be compared.

public import Primitives
import Synchronization

/// A clock that only the world moves.
public final class VirtualClock: Clock {
  /// 2026-03-02T06:00:00Z, a Monday morning.
  public static let epochMilliseconds: Int64 = 1_772_431_200_000

  private let world = Atomic<Int64>(0)
  private let bootedAt = Atomic<Int64>(0)
  private let boots = Atomic<Int>(1)

  public init() {}

  /// World time, in nanoseconds since the simulation began.
  var worldTime: Int64 { world.load(ordering: .relaxed) }

  func move(to time: Int64) { world.store(max(time, worldTime), ordering: .relaxed) }

  /// The machine loses its power: monotonic time begins again.
  func reboot() {
    bootedAt.store(worldTime, ordering: .relaxed)
    boots.wrappingAdd(1, ordering: .relaxed)
  }

  /// World time of a moment of the present boot.
  func worldTime(of instant: Instant) -> Int64 {
    instant.advanced(nanoseconds: bootedAt.load(ordering: .relaxed)).nanoseconds
  }

  func wall(at worldTime: Int64) -> WallTime {
    WallTime(milliseconds: Self.epochMilliseconds + worldTime / 1_000_000)
  }

  /// World time since the last boot.
  public func now() -> Instant {
    Instant(nanoseconds: worldTime - bootedAt.load(ordering: .relaxed))
  }

  /// Both clocks, of which the wall clock starts at the epoch.
  public func reading() -> ClockReading {
    ClockReading(
      monotonic: now(), wall: wall(at: worldTime), quality: .synchronised,
      bootID: "boot-\(boots.load(ordering: .relaxed))")
  }
}
