// How a recorder makes things durable, and what it does when the disk refuses.

import Events
import Machines
import Outbox
import Primitives

extension RecorderStep where Store: ~Copyable {
  /// Commits what is waiting, or repeats what failed once its time has come.
  mutating func settle(_ reading: ClockReading, isLast: Bool = false) {
    switch journal {
    case .healthy:
      guard isLast || isCommitDue(reading) else { return }
      let pending = prepare(reading, isLast: isLast)
      // What was asked and refused changes nothing, and costs no sync.
      if pending.transaction.isEmpty { accept(pending) } else { commit(pending, reading) }
    case .failing(let fault, let since, let retryAt, let pending):
      guard isLast || reading.monotonic >= retryAt else { return }
      retry(fault, pending, since: since, reading)
      if isLast, case .healthy = journal { settle(reading, isLast: true) }
    }
  }

  private func isCommitDue(_ reading: ClockReading) -> Bool {
    if !entries.isEmpty || isShopDue(reading) || retention.expired != nil { return true }
    guard outbox.hasUnsettled, let since = acknowledgedSince else { return false }
    return acknowledgedEvents >= GatewayLimits.acknowledgementEvents
      || reading.monotonic >= since + GatewayLimits.acknowledgementDelay
  }

  private mutating func commit(_ pending: Pending, _ reading: ClockReading) {
    do throws(StoreFault) {
      try store.commit(pending.transaction)
      accept(pending)
    } catch {
      switch error {
      case .quotaReached: makeRoom(pending, reading)
      case .diskFull, .inputOutput, .damaged, .damagedEvent, .inUse, .tooNew, .denied:
        fail(error, pending, since: reading.monotonic, reading)
      }
    }
  }

  /// What was pending is durable now.
  private mutating func accept(_ pending: Pending) {
    chain = pending.chain
    for tap in taps { tap.add(pending.transaction.events) }
    outbox.settled(pending.transaction)
    let bytes = pending.transaction.events.reduce(0) { $0 + $1.bytes.count }
    intake.add(bytes: Int64(bytes), now: lastReading.monotonic)
    // What was answered while the transaction waited is not in it.
    acknowledgedSince = outbox.hasUnsettled ? lastReading.monotonic : nil
    acknowledgedEvents = 0
    backoff.reset()
    journal = .healthy
    for (ticket, answer) in pending.answers { requests.answer(ticket, answer) }
  }

  /// The journal's own quota: the oldest part goes, told in the same transaction.
  private mutating func makeRoom(_ refused: Pending, _ reading: ClockReading) {
    var pending = refused
    for _ in 0..<GatewayLimits.retirementsPerTurn {
      guard let retirement = (try? makeRoomOnce()) ?? outbox.retire() else { break }
      add(retirement, to: &pending, reading)
      // Anew: the lanes have passed what is dropped, and a refusal goes to quarantine once.
      pending.transaction.cursors = []
      pending.transaction.quarantined = []
      outbox.fill(&pending.transaction)
      do throws(StoreFault) {
        try store.commit(pending.transaction)
        accept(pending)
        return
      } catch {
        guard error == .quotaReached else {
          fail(error, pending, since: reading.monotonic, reading)
          return
        }
        // Not enough: the next step begins behind this one.
        var gone = Transaction()
        gone.deleteThrough = retirement.deleteThrough
        outbox.settled(gone)
      }
    }
    fail(.quotaReached, pending, since: reading.monotonic, reading)
  }

  private mutating func fail(
    _ fault: StoreFault, _ pending: Pending, since: Instant, _ reading: ClockReading
  ) {
    var delay = backoff.next(using: &generator)
    if fault == .diskFull { delay = min(delay, GatewayLimits.fullDiskRetry) }
    journal = .failing(fault, since: since, retryAt: reading.monotonic + delay, pending: pending)
  }

  /// A full disk changed nothing, so trying again is enough; anything else needs a fresh look.
  private mutating func retry(
    _ fault: StoreFault, _ pending: Pending, since: Instant, _ reading: ClockReading
  ) {
    switch fault {
    case .diskFull, .quotaReached:
      do throws(StoreFault) {
        try store.commit(pending.transaction)
        accept(pending)
      } catch {
        switch error {
        case .quotaReached: makeRoom(pending, reading)
        // A journal that had no room to be opened may be another one now: it is looked at at once.
        case .inputOutput: recover(pending, since: since, reading)
        case .diskFull, .damaged, .damagedEvent, .inUse, .tooNew, .denied:
          fail(error, pending, since: since, reading)
        }
      }
    case .inputOutput, .damaged, .damagedEvent, .inUse, .tooNew, .denied:
      recover(pending, since: since, reading)
    }
  }

  /// Opens the file again, looks whether the transaction got there, and repeats it if not.
  private mutating func recover(_ pending: Pending, since: Instant, _ reading: ClockReading) {
    let state: StoreState
    do throws(StoreFault) {
      state = try store.reopen()
    } catch {
      // Whether the transaction got there is still open, whatever stands in the way now.
      switch error {
      case .diskFull, .quotaReached:
        fail(.inputOutput("opened again, it is full"), pending, since: since, reading)
      case .inputOutput, .damaged, .damagedEvent, .inUse, .tooNew, .denied:
        fail(error, pending, since: since, reading)
      }
      return
    }
    guard state.epoch == chain.epoch else {
      startAnew(state, pending, reading)
      return
    }
    let last = pending.transaction.events.last?.sequence ?? 0
    if last > 0, state.lastSequence >= last {
      accept(pending)
      return
    }
    do throws(StoreFault) {
      try store.commit(pending.transaction)
      accept(pending)
    } catch {
      if error == .quotaReached { return makeRoom(pending, reading) }
      fail(error, pending, since: since, reading)
    }
  }

  /// The file was damaged and another epoch has begun: what was pending is sealed again there,
  /// unless it got to the disk before; what was in the old one and had not arrived is told as lost.
  private mutating func startAnew(
    _ state: StoreState, _ pending: Pending, _ reading: ClockReading
  ) {
    // Carried over, its last event is what the new epoch chains to: sealed again it would be told
    // and booked twice.
    let isThere =
      !pending.transaction.events.isEmpty && state.lastDigest == pending.chain.lastDigest
    let last = chain.lastSequence
    let due = outbox.statistics.compactMap(\.oldestUnacknowledged).min()
    let first = plan.uplinks.isEmpty ? last &- outbox.heldCount &+ 1 : due ?? .max
    chain = EventChain(
      source: plan.source, epoch: state.epoch, lastSequence: state.lastSequence,
      lastDigest: state.lastDigest)
    _ = outbox.reopened(state, sameEpoch: false)
    resumeHeld()
    for courier in couriers { courier.startAnew() }
    floor.wantSnapshots()
    // As before what is pending: it runs through the desks once more, with its new sequences.
    if !isThere { shop = pending.shop }
    shop.wantSnapshots()
    watch.wantSnapshots()
    entries = [.newEpoch(state.epoch)] + (isThere ? [] : pending.entries) + entries
    if isThere {
      for tap in taps { tap.add(pending.transaction.events) }
      for (ticket, answer) in pending.answers { requests.answer(ticket, answer) }
    }
    for loss in Outbox.losses(state).reversed() {
      let told = EventDraft.eventsDropped(
        plan.source, at: Stamp(reading.monotonic, reading), loss)
      entries.insert(.draft(told), at: 0)
    }
    // A store that carries nothing over has no places before its new epoch.
    if state.base == 0, first <= last {
      let loss = Loss(
        range: .sequences(first, through: last), count: last - first + 1, place: "journal",
        why: "the journal was damaged and a new epoch \(state.epoch) has begun")
      let told = EventDraft.eventsDropped(
        plan.source, at: Stamp(reading.monotonic, reading), loss)
      entries.insert(.draft(told), at: 0)
    }
    journal = .healthy
  }
}
