// When a guest may use a bus that has a schedule of its own.
//
// Invariants
// - A guest whose worst case ends before the next due request goes at once: it disturbs nobody.
// - One that will probably fit (by the unit's 99th percentile), and one that has waited
//   `GuestLimits.patience` for room that never came, may go too; but what they delay the schedule
//   is paid back `GuestLimits.delayPayback` times before another may. So all guests together never
//   delay a bus by more than 1/50 of its time, and a busy bus answers late rather than never.

public import Primitives

/// Decides on one bus.
public struct GuestPolicy: Equatable, Sendable {
  /// Before that moment nobody may risk a delay.
  public private(set) var delayAllowedFrom = Instant.distantPast

  public init() {}

  /// Whether a guest goes now.
  ///
  /// `worst` and `likely` are how long the bus may be taken; `room` is the time until the schedule
  /// needs it, zero when it is needed now; `waited` is how long the guest has been there.
  public func admits(
    worst: Duration, likely: Duration, room: Duration, waited: Duration, now: Instant
  ) -> Bool {
    if worst <= room { return true }
    guard now >= delayAllowedFrom else { return false }
    return likely <= room || waited >= GuestLimits.patience
  }

  /// A guest is done; `due` is when the schedule needed the bus.
  public mutating func ended(at now: Instant, due: Instant) {
    let delay = max(0, now.nanoseconds(since: due))
    guard delay > 0 else { return }
    let (payback, overflow) = delay.multipliedReportingOverflow(by: GuestLimits.delayPayback)
    delayAllowedFrom = now.advanced(nanoseconds: overflow ? .max : payback)
  }
}
