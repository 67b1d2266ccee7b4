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
      commit(prepare(reading, isLast: isLast), reading)
    case .failing(let fault, let since, let retryAt, let pending):
      guard isLast || reading.monotonic >= retryAt else { return }
      retry(fault, pending, since: since, reading)
      if isLast, case .healthy = journal { settle(reading, isLast: true) }
    }
  }

  private func isCommitDue(_ reading: ClockReading) -> Bool {
    if !drafts.isEmpty { return true }
    guard outbox.hasUnsettled, let since = acknowledgedSince else { return false }
    return acknowledgedEvents >= GatewayLimits.acknowledgementEvents
      || reading.monotonic >= since + GatewayLimits.acknowledgementDelay
  }

  /// Seals all drafts and adds the snapshots and cursors that belong to them.
  private mutating func prepare(_ reading: ClockReading, isLast: Bool) -> Pending {
    var transaction = Transaction()
    var next = chain
    for draft in drafts { seal(draft, &next, &transaction, reading) }
    let sealed = drafts
    drafts.removeAll(keepingCapacity: true)
    transaction.snapshots = floor.takeSnapshots(reading)
    if !transaction.events.isEmpty {
      let record = LastRunRecord.bytes(reading, isClean: isLast)
      transaction.snapshots.append((LastRunRecord.name, record))
    }
    outbox.fill(&transaction)
    return Pending(transaction: transaction, chain: next, drafts: sealed)
  }

  /// Seals one draft; what cannot become an event is told as dropped, never skipped in silence.
  private mutating func seal(
    _ draft: EventDraft, _ chain: inout EventChain, _ transaction: inout Transaction,
    _ reading: ClockReading
  ) {
    do throws(EventFault) {
      let event = try chain.seal(draft, reading: reading, notary: &pen)
      transaction.events.append(Outbox.row(event, due: routes.due(event.type, event.unit)))
    } catch {
      guard draft.type != .eventsDropped else { return }
      let loss = Loss(
        range: .times(draft.time, to: draft.time), count: 1, place: draft.type.rawValue,
        why: error.description)
      let told = EventDraft.eventsDropped(
        plan.source, at: Stamp(reading.monotonic, reading), loss)
      seal(told, &chain, &transaction, reading)
    }
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
    outbox.settled(pending.transaction)
    // What was answered while the transaction waited is not in it.
    acknowledgedSince = outbox.hasUnsettled ? lastReading.monotonic : nil
    acknowledgedEvents = 0
    backoff.reset()
    journal = .healthy
  }

  /// The journal's own quota: the oldest part goes, told in the same transaction.
  private mutating func makeRoom(_ refused: Pending, _ reading: ClockReading) {
    var pending = refused
    for _ in 0..<GatewayLimits.retirementsPerTurn {
      guard let retirement = outbox.retire() else { break }
      pending.transaction.deleteThrough = max(
        retirement.deleteThrough, pending.transaction.deleteThrough ?? 0)
      if let loss = retirement.loss {
        let draft = EventDraft.eventsDropped(
          plan.source, at: Stamp(reading.monotonic, reading), loss)
        seal(draft, &pending.chain, &pending.transaction, reading)
      }
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
    let delay = backoff.next(using: &generator)
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
        if error == .quotaReached { return makeRoom(pending, reading) }
        fail(error, pending, since: since, reading)
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

  /// The file was damaged and another epoch has begun: what was pending is sealed again there, and
  /// what was in the old one and had not arrived is told as lost.
  private mutating func startAnew(
    _ state: StoreState, _ pending: Pending, _ reading: ClockReading
  ) {
    let last = chain.lastSequence
    let due = outbox.statistics.compactMap(\.oldestUnacknowledged).min()
    let first = plan.uplinks.isEmpty ? last &- outbox.heldCount &+ 1 : due ?? .max
    chain = EventChain(
      source: plan.source, epoch: state.epoch, lastSequence: state.lastSequence,
      lastDigest: state.lastDigest)
    _ = outbox.reopened(state, sameEpoch: false)
    for courier in couriers { courier.startAnew() }
    floor.wantSnapshots()
    drafts = pending.drafts + drafts
    for loss in Outbox.losses(state).reversed() {
      drafts.insert(.eventsDropped(plan.source, at: Stamp(reading.monotonic, reading), loss), at: 0)
    }
    // A store that carries nothing over has no places before its new epoch.
    if state.base == 0, first <= last {
      let loss = Loss(
        range: .sequences(first, through: last), count: last - first + 1, place: "journal",
        why: "the journal was damaged and a new epoch \(state.epoch) has begun")
      drafts.insert(
        .eventsDropped(plan.source, at: Stamp(reading.monotonic, reading), loss), at: 0)
    }
    journal = .healthy
  }
}
