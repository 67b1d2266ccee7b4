// What the heap keeps of memory that was freed.
//
// Why: reading a large configuration takes ten times what is kept of it, and glibc gives every
// thread an arena of its own that only grows: 64 bus threads would hold 64 heaps half empty.

import CLinux

/// Bounds on the heap of this process.
public enum HeapMemory {
  /// Lets threads share so many arenas; to be called before the first thread. Wraps mallopt(3).
  public static func limitArenas(to count: Int) {
    _ = mallopt(M_ARENA_MAX, Int32(clamping: count))
  }

  /// Gives free pages back to the system. Wraps malloc_trim(3).
  public static func giveBack() { _ = malloc_trim(0) }
}
