// Randomness of the kernel, for epochs, back-off and file names.

import CLinux
import Glibc

/// The kernel's random numbers. Wraps getrandom(2).
public struct SystemRandom: RandomNumberGenerator, Sendable {
  public init() {}

  public mutating func next() -> UInt64 {
    var value: UInt64 = 0
    // Up to 256 bytes are never interrupted once the pool is initialised (getrandom(2)); before
    // that the call waits, and a signal may end it early: then it is asked again.
    while getrandom(&value, MemoryLayout<UInt64>.size, 0) != MemoryLayout<UInt64>.size {}
    return value
  }
}
