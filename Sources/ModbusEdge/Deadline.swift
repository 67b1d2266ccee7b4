// The time left for one call, on the kernel's monotonic clock. A link blocks, so it must know how
// long it may; nothing here is a moment that anybody decides by or writes down.

import Glibc
import Primitives

/// The moment at which a blocking call gives up.
struct Deadline {
  private let nanoseconds: Int64

  init(after timeout: Duration) {
    self = Deadline(nanoseconds: Self.now()).later(by: timeout)
  }

  private init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The same moment, so much later; stays at the end of time rather than overflow.
  func later(by delay: Duration) -> Deadline {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(max(0, delay.nanoseconds))
    return Deadline(nanoseconds: overflow ? .max : sum)
  }

  /// The one that comes first.
  static func earlier(_ left: Deadline, _ right: Deadline) -> Deadline {
    left.nanoseconds < right.nanoseconds ? left : right
  }

  /// The one that comes last.
  static func later(_ left: Deadline, _ right: Deadline) -> Deadline {
    left.nanoseconds < right.nanoseconds ? right : left
  }

  /// Nanoseconds left, 0 or less when it is over.
  var remaining: Int64 { nanoseconds - Self.now() }

  /// Milliseconds left for poll(2), rounded up, at most `limit`.
  func milliseconds(atMost limit: Int64 = Int64(Int32.max)) -> Int32 {
    Int32(clamping: min(limit, max(0, (remaining + 999_999) / 1_000_000)))
  }

  /// The deadline of the first of `count` tries that share what is left.
  func share(among count: Int) -> Deadline {
    Deadline(after: .nanoseconds(max(0, remaining) / Int64(max(1, count))))
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
