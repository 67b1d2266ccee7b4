// What a recorder notices about time and about itself: steps of the clock, health, the next turn.

import Delivery
import Events
import Machines
import Outbox
import Primitives

extension RecorderStep where Store: ~Copyable {
  /// Compares the clocks with those of the turn before; a step is told once, as a correction (F40).
  mutating func watchClock(_ clocks: ClockReading) -> ClockReading {
    var reading = clocks
    let before = lastReading.wall.milliseconds - lastReading.monotonic.milliseconds
    let now = clocks.wall.milliseconds - clocks.monotonic.milliseconds
    let moved = now - before
    if abs(moved) > GatewayLimits.clockStep.wholeMilliseconds {
      hasStepped = clocks.quality != .synchronised
      drafts.append(
        .clockCorrected(
          plan.source, at: Stamp(clocks.monotonic, clocks), bootID: clocks.bootID,
          offsetMilliseconds: moved))
    }
    if clocks.quality == .synchronised { hasStepped = false }
    if hasStepped, clocks.quality == .held { reading.quality = .stepped }
    lastReading = reading
    return reading
  }

  mutating func tellHealth(_ reading: ClockReading) {
    guard reading.monotonic >= healthDue else { return }
    healthDue = reading.monotonic + plan.healthInterval
    drafts.append(
      .gatewayHealth(plan.source, at: Stamp(reading.monotonic, reading), health(reading)))
  }

  private func health(_ reading: ClockReading) -> GatewayHealth {
    let uplinks = outbox.statistics.map { statistics in
      let told = couriers.first { $0.name == statistics.name }?.status.newest
      return UplinkHealth(
        name: statistics.name, depth: Int(clamping: statistics.depth),
        lastSuccess: told?.lastSuccess?.wall, lastError: told?.lastError,
        conditions: told?.conditions ?? [])
    }
    return GatewayHealth(uplinks: uplinks, clock: reading.quality, samplesLost: samplesLost)
  }

  /// Tells each bus from when on its marks must wake this thread.
  mutating func arm() {
    let inlets = inlets
    floor.deadlines { bus, deadline in
      if bus < inlets.count { inlets[bus].line.arm(at: deadline) }
    }
  }

  func nextTurn(_ reading: ClockReading) -> Instant {
    var next = min(reading.monotonic + GatewayLimits.recorderIdle, healthDue)
    if let window = publisher.nextDeadline { next = min(next, window) }
    switch journal {
    case .healthy:
      if !drafts.isEmpty { next = reading.monotonic }
      if outbox.hasUnsettled, let since = acknowledgedSince {
        next = min(next, since + GatewayLimits.acknowledgementDelay)
      }
    case .failing(_, _, let retryAt, _): next = min(next, retryAt)
    }
    return next
  }
}
