// A bell between threads: any thread rings, one thread waits, with a deadline.
//
// Invariants
// - Rings are counted, not lost: a ring before the wait ends the wait at once.
// - Ringing never blocks and never fails.
// - The descriptor may be polled together with others (TLS streams do).

import CLinux
import Glibc
public import Primitives

/// A bell with a descriptor. Wraps eventfd(2).
public final class WakeUp: Sendable {
  private let bell: Descriptor

  public init() throws(LinuxFault) {
    let number = try attempt("creating an event descriptor") {
      eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
    }
    bell = Descriptor(owning: number)
  }

  /// The number to poll for reading; stays valid as long as this object lives.
  public var descriptor: Int32 { bell.number }

  /// Rings; may be called from any thread.
  public func signal() {
    var one: UInt64 = 1
    // EAGAIN means that 2^64-2 rings are waiting: the bell is heard anyway.
    while Glibc.write(bell.number, &one, 8) == -1, errno == EINTR {}
  }

  /// Takes all rings; true when there was one.
  @discardableResult
  public func drain() -> Bool {
    var count: UInt64 = 0
    while true {
      let result = Glibc.read(bell.number, &count, 8)
      if result == 8 { return true }
      if result == -1, errno == EINTR { continue }
      return false
    }
  }

  /// Waits for a ring or the deadline, and takes the rings; true when there was one.
  @discardableResult
  public func wait(until deadline: Instant) -> Bool {
    var set = PollSet()
    set.add(bell.number, reading: true)
    // Without a ring there is nothing to take, and a system call less.
    return set.wait(until: deadline) > 0 && drain()
  }
}
