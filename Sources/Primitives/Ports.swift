// The ports every room may ask for: time is read through one of these or handed in.

/// The clocks of the machine, or of a virtual world.
public protocol Clock: Sendable {
  /// Monotonic time that runs through suspend (CLOCK_BOOTTIME).
  func now() -> Instant
  /// Monotonic and wall time read together, with what is known about the wall clock.
  func reading() -> ClockReading
}
