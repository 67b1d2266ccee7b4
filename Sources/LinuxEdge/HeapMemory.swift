// What the heap keeps of memory that was freed.
//
// Why: reading a large configuration takes ten times what is kept of it, and glibc gives every
// thread an arena of its own that only grows: 64 bus threads would hold 64 heaps half empty.

import CLinux
import Glibc

/// Bounds on the heap of this process.
public enum HeapMemory {
  /// Lets threads share so many arenas; to be called before the first thread. Wraps mallopt(3).
  public static func limitArenas(to count: Int) {
    _ = mallopt(M_ARENA_MAX, Int32(clamping: count))
  }

  /// Gives free pages back to the system. Wraps malloc_trim(3).
  public static func giveBack() { _ = malloc_trim(0) }

  /// Empties whole pages inside a piece of memory that holds nothing any more; they read as zero.
  ///
  /// Wraps madvise(2) with MADV_DONTNEED; what is no whole page stays as it is.
  public static func empty(_ memory: UnsafeMutableRawBufferPointer) {
    guard let start = memory.baseAddress else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let address = Int(bitPattern: start)
    let first = (address + page - 1) / page * page
    let end = (address + memory.count) / page * page
    guard end > first else { return }
    _ = madvise(start + (first - address), end - first, MADV_DONTNEED)
  }
}
