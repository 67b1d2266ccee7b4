// The clocks of this machine.
//
// Invariants
// - Monotonic time is CLOCK_BOOTTIME: it runs through suspend and never steps.
// - Wall and monotonic time of one reading belong together to within the two calls around them.
// - The quality is told by the kernel (adjtimex): synchronised, or held. "stepped" is for the
//   caller to say, who remembers an earlier reading; "neverset" is a date before this program was.

import CLinux
import Glibc
public import Primitives

/// The machine's clocks behind the port of the pure rooms.
public struct SystemClock: Clock {
  /// The kernel's id of this boot, 32 hex digits with dashes; "unknown" where /proc is not mounted.
  public let bootID: String

  public init() {
    let bytes = try? Files.read("/proc/sys/kernel/random/boot_id", limit: 128)
    let text = String(decoding: bytes ?? [], as: UTF8.self)
    let line = text.prefix { !$0.isWhitespace }
    bootID = line.isEmpty ? "unknown" : String(line)
  }

  /// Monotonic time. Wraps clock_gettime(CLOCK_BOOTTIME).
  public func now() -> Instant { Self.now() }

  static func now() -> Instant { Instant(nanoseconds: read(CLOCK_BOOTTIME)) }

  /// Both clocks read together. Wraps clock_gettime(2) and adjtimex(2).
  public func reading() -> ClockReading {
    let before = Self.read(CLOCK_BOOTTIME)
    let wall = WallTime(milliseconds: Self.read(CLOCK_REALTIME) / 1_000_000)
    let after = Self.read(CLOCK_BOOTTIME)
    return ClockReading(
      monotonic: Instant(nanoseconds: before + (after - before) / 2), wall: wall,
      quality: Self.quality(wall: wall, disciplined: Self.isDisciplined()), bootID: bootID)
  }

  static func quality(wall: WallTime, disciplined: Bool) -> ClockQuality {
    if wall < LinuxLimits.wallFloor { return .neverset }
    return disciplined ? .synchronised : .held
  }

  /// Exists once systemd-timesyncd has synchronised the clock in this boot.
  private static let timesyncMark = "/run/systemd/timesync/synchronized"

  /// Whether a time source disciplines the clock. Where the kernel will not say, because
  /// ProtectClock= of the service refuses the question, the mark of systemd-timesyncd counts.
  private static func isDisciplined() -> Bool {
    var state = timex()
    let result = adjtimex(&state)
    guard result >= 0 else { return access(timesyncMark, F_OK) == 0 }
    return result != TIME_ERROR && state.status & STA_UNSYNC == 0
  }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    // Cannot fail: the clocks exist on every kernel since 2.6.39, and the pointer is ours.
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
