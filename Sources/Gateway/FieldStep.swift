// One turn of a field thread: what the poller decides, through the conditioners, into the ring.
//
// Invariants
// - A sample carries the midpoint of request and answer; the loss of a unit the first failure.
// - A mark never passes a pending change, nor the moment since when a unit or a part of what it is
//   asked for is in doubt, nor a loss that the ring had no room for. Marks only grow; one that
//   nothing holds back is at most `markInterval` old whenever a turn begins, whether the unit
//   answers or not, and a doubt ends with an answer or with three failures.
// - Everything one result brings is published with one store, at its end.
// - A full ring costs samples, which it counts, and never the schedule.
//
// Why `next` and the results are separate: the production loop performs the action between them and
// blocks on the bus; the simulation lets several buses block at once in virtual time.

public import Polling
public import Primitives
public import Signals

/// What a result left in the ring.
public struct FieldOutcome: Equatable, Sendable {
  /// A value or a quality was pushed: worth waking the recorder.
  public var changed: Bool
  /// The mark that was pushed for the unit concerned, when one was.
  public var markedThrough: Instant?
  /// Samples in the ring now.
  public var fill: Int

  public init(changed: Bool, markedThrough: Instant?, fill: Int) {
    self.changed = changed
    self.markedThrough = markedThrough
    self.fill = fill
  }
}

/// The state of one field thread: its poller, its signals, its end of the ring.
public struct FieldStep: ~Copyable {
  /// How old a unit's mark may get before a turn renews it.
  public static let markInterval = Duration.seconds(1)

  /// The size of the ring for a bus: every signal changing at every read, and a mark a read.
  public static func ringCapacity(for bus: BusDefinition) -> Int {
    var perSecond = 0.0
    for binding in bus.units.flatMap(\.bindings) {
      let period = max(binding.period, PollingLimits.shortestPeriod)
      // A text is pieces of eight bytes, four registers each; anything else is one sample.
      let samples = 1 + Double(max(1, (Int(binding.count) + 3) / 4))
      perSecond += samples * 1e9 / Double(period.nanoseconds)
    }
    return RingLimits.capacity(samplesPerSecond: Int(min(perSecond.rounded(.up), 1e9)))
  }

  public private(set) var poller: Poller
  private var conditioners: [Conditioner]
  private var progress: [UnitProgress]
  private var producer: RingProducer

  /// Takes the definition of one bus, the gateway's whole table of signals, a ring's end, and what
  /// an earlier run has learnt about the units.
  public init(
    bus: BusDefinition, signals: [SignalDefinition], producer: consuming RingProducer,
    seed: UInt64, now: Instant, learnt: [LearntRefusal] = []
  ) {
    poller = Poller(bus: bus, seed: seed, now: now, learnt: learnt)
    conditioners = bus.units.map { unit in
      Conditioner(
        unit.bindings.map { binding in
          let index = Int(binding.signal.index)
          precondition(index < signals.count, "a binding names a signal outside the table")
          return (binding.signal, signals[index])
        })
    }
    progress = bus.units.map { _ in UnitProgress() }
    self.producer = producer
    for read in poller.impossible {
      let unit = read.unit
      conditioners[unit].degrade(read.slot, to: .refused, at: now, into: &self.producer)
    }
    for unit in bus.units.indices {
      for slot in poller.refusedSlots(of: unit) {
        conditioners[unit].degrade(slot, to: .refused, at: now, into: &self.producer)
      }
    }
    self.producer.publish()
  }

  /// The next thing to do on the bus; renews marks, and never waits past the next renewal.
  public mutating func next(now: Instant) -> PollAction {
    for unit in progress.indices {
      if progress[unit].isMarkDue(now) { _ = mark(unit, through: now) }
    }
    producer.publish()
    let action = poller.next(now: now)
    // Also where there is nothing to mark: who makes no turns is taken for dead by the watchdog.
    guard case .wait(let until) = action else { return action }
    return .wait(until: min(until, now + Self.markInterval))
  }

  /// The link was opened.
  public mutating func opened(now: Instant) -> FieldOutcome {
    poller.opened(now: now)
    return finish(changed: false, markedThrough: nil)
  }

  /// The link could not be opened.
  public mutating func openFailed(_ fault: BusFault, now: Instant) -> FieldOutcome {
    let outcome = poller.openFailed(fault, now: now)
    let changed = degrade(outcome.degradations)
    for unit in progress.indices { _ = mark(unit, through: now) }
    return finish(changed: changed, markedThrough: nil)
  }

  /// The answer to the last request arrived.
  public mutating func answered(
    words: [UInt16], started: Instant, ended: Instant
  ) -> FieldOutcome {
    let outcome = poller.answered(wordCount: words.count, started: started, ended: ended)
    var changed = degrade(outcome.degradations)
    if let block = outcome.answered {
      let middle = started.advanced(nanoseconds: ended.nanoseconds(since: started) / 2)
      let told = conditioners[block.unit].observe(
        block.places, in: words.span, at: max(middle, progress[block.unit].marked),
        into: &producer)
      progress[block.unit].owed = nil
      changed = changed || told > 0
    }
    let marked = outcome.finished.flatMap { mark($0, through: ended) }
    return finish(changed: changed, markedThrough: marked)
  }

  /// The last request failed.
  public mutating func failed(
    _ fault: BusFault, started: Instant, ended: Instant
  ) -> FieldOutcome {
    let outcome = poller.failed(fault, started: started, ended: ended)
    let changed = degrade(outcome.degradations)
    let marked = outcome.finished.flatMap { mark($0, through: ended) }
    return finish(changed: changed, markedThrough: marked)
  }

  /// A request that is not of the schedule was performed; no fault when it was answered.
  public mutating func guestEnded(_ request: ReadRequest, _ fault: BusFault?, now: Instant) {
    poller.guestEnded(request, fault, now: now)
  }

  /// Samples in the ring now.
  public var fill: Int { producer.fill }

  /// What the status page shows of this bus.
  public var status: BusStatus {
    BusStatus(bus: poller.bus, poll: poller.statusSnapshot, lost: producer.lost)
  }

  // MARK: into the ring

  private mutating func degrade(_ degradations: [Degradation]) -> Bool {
    var changed = false
    for degradation in degradations {
      changed = true
      let unit = degradation.unit
      if let slots = degradation.slots {
        for slot in slots {
          let quality = degradation.quality
          conditioners[unit].degrade(slot, to: quality, at: degradation.since, into: &producer)
        }
      } else {
        progress[unit].owed = (degradation.quality, degradation.since)
        payOwed(unit)
      }
    }
    return changed
  }

  /// Tells the loss of a unit, again and again until the ring has taken all of it.
  private mutating func payOwed(_ unit: Int) {
    guard let (quality, since) = progress[unit].owed else { return }
    if conditioners[unit].degradeAll(to: quality, at: since, into: &producer) {
      progress[unit].owed = nil
    }
  }

  /// Pushes a mark as far as may be promised; returns it when it went further than the last.
  private mutating func mark(_ unit: Int, through now: Instant) -> Instant? {
    payOwed(unit)
    // Also when room appeared just now: the loss must be in the ring before a mark behind it.
    guard progress[unit].owed == nil else { return nil }
    var limit = now
    if let pending = conditioners[unit].earliestPending { limit = min(limit, pending) }
    if let doubt = poller.doubtfulSince(of: unit, now: now) { limit = min(limit, doubt) }
    guard limit > progress[unit].marked else { return nil }
    guard producer.push(Sample(mark: poller.bus.units[unit].id, at: limit)) else { return nil }
    progress[unit].marked = limit
    return limit
  }

  private mutating func finish(changed: Bool, markedThrough: Instant?) -> FieldOutcome {
    producer.publish()
    return FieldOutcome(changed: changed, markedThrough: markedThrough, fill: producer.fill)
  }
}

/// How far the ring knows about a unit.
private struct UnitProgress {
  /// The last mark pushed.
  var marked = Instant.distantPast
  /// A loss that the ring had no room for yet.
  var owed: (quality: Quality, since: Instant)?

  func isMarkDue(_ now: Instant) -> Bool { now - marked >= FieldStep.markInterval }
}
