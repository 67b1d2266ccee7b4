// What this process uses of the machine.

import CLinux
import Glibc

/// Memory and time that this process has taken.
public struct ProcessFigures: Equatable, Sendable {
  /// Resident memory, in bytes (/proc/self/statm).
  public var residentBytes: Int64
  /// Time on the processors, user and system, since the start.
  public var processorTime: Duration

  /// Reads the figures now; 0 for what the machine will not say.
  public static func now() -> ProcessFigures {
    let text = String(decoding: (try? Files.read("/proc/self/statm")) ?? [], as: UTF8.self)
    let fields = text.split(separator: " ")
    let pages = fields.count > 1 ? Int64(fields[1]) ?? 0 : 0
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return ProcessFigures(
      residentBytes: pages &* Int64(sysconf(Int32(_SC_PAGESIZE))),
      processorTime: .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec))
  }

  /// The id of this process.
  public static var processID: Int32 { getpid() }
}
