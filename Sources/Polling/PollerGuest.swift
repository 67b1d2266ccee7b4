// What a request that is not of the schedule means for it: a technician's read through the gateway.
//
// Invariants
// - It touches neither the health of a unit nor any count; what it needs of the schedule is
//   silence.
// - The pauses of bus and device hold before and behind it as for any other request.
// - On a line without transaction ids nothing of the same shape is asked while an answer may still
//   be on its way, in either direction: a guest's late answer is never taken for the schedule's,
//   nor the schedule's for a guest's, nor one guest's for the next one's (F11).

public import Primitives

extension Poller {
  /// Before that moment no guest may ask a unit anything.
  public func quietUntil(unitAddress: UInt8) -> Instant {
    let own = max(quietUntil, lateGuests[unitAddress] ?? .distantPast)
    guard let unit = index(of: unitAddress) else { return own }
    var moment = max(own, units[unit].quietUntil)
    guard units[unit].expectsLateAnswer else { return moment }
    for block in blocks where block.block.unit == unit { moment = max(moment, block.notBefore) }
    return moment
  }

  /// How long the frames of a request and its answer keep the line, beside the unit's own time.
  public func wireTime(of request: ReadRequest) -> Duration {
    LineTiming(bus).wireTime(request.table, count: Int(request.count))
  }

  /// The silence that follows a request to a unit.
  public func pause(unitAddress: UInt8) -> Duration {
    max(bus.requestPause, index(of: unitAddress).map { bus.units[$0].quirks.pause } ?? .zero)
  }

  /// A request that is not of this schedule was performed; no fault when it was answered.
  public mutating func guestEnded(_ request: ReadRequest, _ fault: BusFault?, now: Instant) {
    quietUntil = now + bus.requestPause
    if let unit = index(of: request.unitAddress) {
      units[unit].quietUntil = now + bus.units[unit].quirks.pause
    }
    switch fault {
    case nil, .exception: break
    case .timeout, .garbage: expectLateAnswer(to: request, now)
    case .broken(let cause), .unreachable(let cause):
      lastError = BusFault.broken(cause).sentence(losing: bus)
      breakLink(at: now)
    }
  }

  private mutating func expectLateAnswer(to request: ReadRequest, _ now: Instant) {
    guard bus.line.framing == .rtu else { return }
    let quiet = min(request.timeout, PollingLimits.quietCeiling)
    lateGuests[request.unitAddress] = now + quiet
    guard let unit = index(of: request.unitAddress) else { return }
    expectLateAnswer(LateShape(unit, request.table, request.count), within: quiet, now)
  }

  private func index(of unitAddress: UInt8) -> Int? {
    bus.units.firstIndex { $0.address == unitAddress }
  }
}
