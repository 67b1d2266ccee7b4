// Waiting for several descriptors with one deadline on the monotonic clock.
//
// Invariants
// - A deadline in the past polls once without waiting; `distantFuture` waits for ever.
// - An interrupted wait goes on with what is left of the time.
// - A descriptor that hung up or failed counts as readable and writable: the next call on it tells.

import CLinux
import Glibc
public import Primitives

/// Descriptors to wait for. Wraps ppoll(2).
public struct PollSet {
  private var entries: [pollfd] = []

  public init() {}

  public var count: Int { entries.count }

  /// POLLRDHUP of the kernel, which Swift's importer hides: the peer has closed its half.
  private static let peerLeft: Int32 = 0x2000

  /// Adds a descriptor and returns its index, by which the outcome is asked for.
  ///
  /// With `leaving` a peer that ends the connection counts as readable although nothing is read.
  @discardableResult
  public mutating func add(
    _ descriptor: Int32, reading: Bool, writing: Bool = false, leaving: Bool = false
  ) -> Int {
    let wanted =
      (reading ? POLLIN : 0) | (writing ? POLLOUT : 0) | (leaving ? Self.peerLeft : 0)
    entries.append(pollfd(fd: descriptor, events: Int16(wanted), revents: 0))
    return entries.count - 1
  }

  public mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

  /// Waits until something is ready or the deadline has passed; returns how many are ready.
  @discardableResult
  public mutating func wait(until deadline: Instant) -> Int {
    while true {
      var timeout = Self.remaining(until: deadline)
      let ready = entries.withUnsafeMutableBufferPointer { buffer in
        deadline == .distantFuture
          ? takt_poll(buffer.baseAddress, nfds_t(buffer.count), nil)
          : takt_poll(buffer.baseAddress, nfds_t(buffer.count), &timeout)
      }
      if ready >= 0 { return Int(ready) }
      let code = errno
      // ENOMEM passes; EINVAL and EFAULT would be ours.
      precondition(code == EINTR || code == ENOMEM, "poll was called wrongly")
    }
  }

  public func isReadable(_ index: Int) -> Bool {
    has(POLLIN | POLLHUP | POLLERR | Self.peerLeft, index)
  }
  public func isWritable(_ index: Int) -> Bool { has(POLLOUT | POLLHUP | POLLERR, index) }

  private func has(_ events: Int32, _ index: Int) -> Bool {
    Int32(entries[index].revents) & events != 0
  }

  private static func remaining(until deadline: Instant) -> timespec {
    let left = max(0, deadline.nanoseconds(since: SystemClock.now()))
    return timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
  }
}
