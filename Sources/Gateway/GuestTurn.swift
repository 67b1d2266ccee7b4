// One turn of a guest between two of the schedule: its own request, performed by the thread that
// owns the bus.
//
// Invariants
// - A guest's result touches neither the health of a unit nor its counts; what it means for the
//   line (silence, a link that broke) is told to the step, since that is the schedule's line too.
// - A guest never opens or closes the link.

public import Polling
public import Primitives

extension FieldStep {
  /// Serves the guest whose turn it is, if that may be now; true when one was answered.
  ///
  /// `idleUntil` is how long the schedule leaves the bus alone; nil when it does not.
  public mutating func host<Bus: FieldBus & ~Copyable>(
    _ desk: GuestDesk, _ policy: inout GuestPolicy, idleUntil: Instant?, bus: inout Bus,
    clock: some Clock, words: inout [UInt16]
  ) -> Bool {
    guard desk.hasGuest else { return false }
    let now = clock.now()
    guard let guest = desk.first(now: now) else { return false }
    let waited = now - guest.postedAt
    if let refusal = refusal(idleUntil, waited) {
      desk.answer(guest.ticket, .failure(.unreachable(refusal)), took: .zero)
      return true
    }
    guard case .up = poller.linkState,
      poller.quietUntil(unitAddress: guest.unitAddress) <= now
    else { return false }
    let (request, likely) = question(of: guest)
    let pause = poller.pause(unitAddress: guest.unitAddress)
    let due = idleUntil ?? now
    // A timeout counts from the end of the request, and what was measured was perhaps shorter.
    let wire = poller.wireTime(of: request)
    guard
      policy.admits(
        worst: request.timeout + wire + pause, likely: likely + wire + pause, room: due - now,
        waited: waited, now: now)
    else { return false }
    let started = clock.now()
    do throws(BusFault) {
      try bus.read(request, into: &words)
      let ended = clock.now()
      guestEnded(request, nil, now: ended)
      desk.answer(guest.ticket, .success(words), took: ended - started)
    } catch {
      let ended = clock.now()
      guestEnded(request, error, now: ended)
      desk.answer(guest.ticket, .failure(error), took: ended - started)
    }
    policy.ended(at: clock.now() + pause, due: due)
    return true
  }

  /// Why there is no use in waiting for a turn.
  private func refusal(_ idleUntil: Instant?, _ waited: Duration) -> String? {
    switch poller.linkState {
    case .coolingOff:
      let why = poller.lastError ?? "it could not be opened"
      return "the gateway has no link to this bus and keeps trying: \(why)"
    case .down where idleUntil != nil:
      return "nothing is read from this bus, so the gateway does not open it"
    case .up where waited > GuestLimits.longestWait:
      return "the bus had no room for a guest within \(GuestLimits.longestWait.text): "
        + "its own requests need all of its time; \"takt plan\" shows them"
    case .down, .connecting, .up, .breaking: return nil
    }
  }

  /// The request, and how long its answer probably takes.
  private func question(of guest: Guest) -> (request: ReadRequest, likely: Duration) {
    let known = poller.bus.units.firstIndex { $0.address == guest.unitAddress }
    var timeout = min(
      known.map { poller.bus.units[$0].timeout } ?? GuestLimits.strangerTimeout,
      GuestLimits.timeouts.upperBound)
    var likely = timeout
    if let known {
      if case .up = poller.health(of: known).state {
        likely = poller.responses(of: known)?.p99 ?? timeout
      } else {
        timeout = min(timeout, GuestLimits.strangerTimeout)
      }
    }
    let request = ReadRequest(
      unitAddress: guest.unitAddress, table: guest.table, start: guest.start, count: guest.count,
      timeout: guest.timeout ?? timeout)
    return (request, min(likely, request.timeout))
  }
}
