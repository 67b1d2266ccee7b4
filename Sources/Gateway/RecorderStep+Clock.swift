// What a recorder notices about time and about itself: steps of the clock, health, the next turn.

import Delivery
import Events
import Machines
import Outbox
import Primitives
import Synchronization

extension RecorderStep where Store: ~Copyable {
  /// Compares the clocks with those of the turn before; a step is told once, as a correction (F40).
  mutating func watchClock(_ clocks: ClockReading) -> ClockReading {
    var reading = clocks
    let before = lastReading.wall.milliseconds - lastReading.monotonic.milliseconds
    let now = clocks.wall.milliseconds - clocks.monotonic.milliseconds
    let moved = now - before
    var isStep = clocks.quality != lastReading.quality
    if abs(moved) > GatewayLimits.clockStep.wholeMilliseconds {
      hasStepped = clocks.quality != .synchronised
      tell([
        .clockCorrected(
          plan.source, at: Stamp(clocks.monotonic, clocks), bootID: clocks.bootID,
          offsetMilliseconds: moved)
      ])
      isStep = true
    }
    if clocks.quality == .synchronised { hasStepped = false }
    if hasStepped, clocks.quality == .held { reading.quality = .stepped }
    lastReading = reading
    // Boundaries of shifts lie elsewhere on the monotonic clock now.
    if isStep { findShopDue(reading) }
    return reading
  }

  mutating func tellHealth(_ reading: ClockReading) {
    guard reading.monotonic >= healthDue else { return }
    healthDue = reading.monotonic + plan.healthInterval
    tell([.gatewayHealth(plan.source, at: Stamp(reading.monotonic, reading), health(reading))])
  }

  func health(_ reading: ClockReading) -> GatewayHealth {
    let uplinks = outbox.statistics.map { statistics in
      let told = couriers.first { $0.name == statistics.name }?.status.newest
      return UplinkHealth(
        name: statistics.name, depth: Int(clamping: statistics.depth),
        lastSuccess: told?.lastSuccess?.wall, lastError: told?.lastError,
        conditions: told?.conditions ?? [])
    }
    var health = GatewayHealth(uplinks: uplinks, clock: reading.quality, samplesLost: samplesLost)
    health.stopsWithoutReason = watch.stopsWithoutReason(machineNames)
    return health
  }

  /// Tells each bus from when on its marks must wake this thread, and when it wakes by itself.
  mutating func arm(_ next: Instant) {
    let inlets = inlets
    var deadlines: [Instant] = inlets.map { _ in .distantFuture }
    floor.deadlines { bus, deadline in
      if bus < deadlines.count { deadlines[bus] = deadline }
    }
    for bus in inlets.indices {
      inlets[bus].line.arm(at: min(deadlines[bus], shopDeadline(bus: bus)), wakesAt: next)
    }
    atomicMemoryFence(ordering: .sequentiallyConsistent)
  }

  func nextTurn(_ reading: ClockReading) -> Instant {
    var next = min(reading.monotonic + GatewayLimits.recorderIdle, healthDue)
    if let window = publisher.nextDeadline { next = min(next, window) }
    for clock in watch.clocks { next = min(next, clock.nextEdge(reading) ?? next) }
    if let due = outbox.replayDue(reading.monotonic) { next = min(next, due) }
    if plan.retention.isTimed { next = min(next, retention.due) }
    switch journal {
    case .healthy:
      if !entries.isEmpty { next = reading.monotonic }
      if outbox.hasUnsettled, let since = acknowledgedSince {
        next = min(next, since + GatewayLimits.acknowledgementDelay)
      }
    case .failing(_, _, let retryAt, _): next = min(next, retryAt)
    }
    return next
  }
}
