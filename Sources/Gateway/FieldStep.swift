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
  var conditioners: [Conditioner]
  var progress: [UnitProgress]
  var producer: RingProducer
  /// What no outcome has told yet: the latest mark, and what a mark has made worth hearing.
  private var untold = (news: FieldNews.none, marked: Instant?.none)

  /// Takes the definition of one bus, the gateway's whole table of signals, and a ring's end.
  ///
  /// `learnt` is what an earlier run has found the units to refuse, `news` how soon news of each
  /// signal must be heard, by its index; where one is missing, at once.
  public init(
    bus: BusDefinition, signals: [SignalDefinition], producer: consuming RingProducer,
    seed: UInt64, now: Instant, learnt: [LearntRefusal] = [], news: [FieldNews] = []
  ) {
    poller = Poller(bus: bus, seed: seed, now: now, learnt: learnt)
    conditioners = bus.units.map { unit in
      Conditioner(
        unit.bindings.map { binding in
          let index = Int(binding.signal.index)
          precondition(index < signals.count, "a binding names a signal outside the table")
          return (binding.signal, signals[index])
        },
        ranks: unit.bindings.map { binding in
          let index = Int(binding.signal.index)
          return (index < news.count ? news[index] : .prompt).rawValue
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
    for unit in progress.indices where progress[unit].isMarkDue(now) {
      _ = mark(unit, through: now)
    }
    producer.publish()
    let action = poller.next(now: now)
    // Also where there is nothing to mark: who makes no turns is taken for dead by the watchdog.
    guard case .wait(let until) = action else { return action }
    return .wait(until: min(until, now + Self.markInterval))
  }

  /// What renewing marks has left in the ring, when nothing else is to be done; nil for nothing.
  public mutating func renewed(now: Instant) -> FieldOutcome? {
    untold.marked == nil ? nil : finish(.none, at: now)
  }

  /// The link was opened.
  public mutating func opened(now: Instant) -> FieldOutcome {
    poller.opened(now: now)
    return finish(.none, at: now)
  }

  /// The link could not be opened.
  public mutating func openFailed(_ fault: BusFault, now: Instant) -> FieldOutcome {
    let outcome = poller.openFailed(fault, now: now)
    let news = degrade(outcome.degradations)
    for unit in progress.indices { _ = mark(unit, through: now) }
    return finish(news, at: now)
  }

  /// The answer to the last request arrived.
  public mutating func answered(
    words: [UInt16], started: Instant, ended: Instant
  ) -> FieldOutcome {
    let outcome = poller.answered(wordCount: words.count, started: started, ended: ended)
    let news = degrade(outcome.degradations)
    if let block = outcome.answered {
      let middle = started.advanced(nanoseconds: ended.nanoseconds(since: started) / 2)
      let at = max(middle, progress[block.unit].marked)
      _ = conditioners[block.unit].observe(block.places, in: words.span, at: at, into: &producer)
      progress[block.unit].owed = nil
      let told = FieldNews(rawValue: conditioners[block.unit].takeLoudest()) ?? .prompt
      // A machine hears of a scan with its mark; until then nobody need be woken for it.
      if told != .none { progress[block.unit].gather(told, at: at) }
    }
    return end(of: outcome.finished, news, at: ended)
  }

  /// The last request failed.
  public mutating func failed(
    _ fault: BusFault, started: Instant, ended: Instant
  ) -> FieldOutcome {
    let outcome = poller.failed(fault, started: started, ended: ended)
    return end(of: outcome.finished, degrade(outcome.degradations), at: ended)
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

  private mutating func degrade(_ degradations: [Degradation]) -> FieldNews {
    for degradation in degradations {
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
    return degradations.isEmpty ? .none : .prompt
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
    untold.marked = max(untold.marked ?? limit, limit)
    untold.news = max(untold.news, progress[unit].release(limit))
    return limit
  }

  /// A result is told; with it the scan of a unit has ended, when one is named.
  private mutating func end(
    of unit: Int?, _ news: FieldNews, at now: Instant
  ) -> FieldOutcome {
    if let unit, mark(unit, through: now) == nil {
      untold.news = max(untold.news, progress[unit].release(nil))
    }
    return finish(news, at: now)
  }

  private mutating func finish(_ news: FieldNews, at now: Instant) -> FieldOutcome {
    producer.publish()
    defer { untold = (.none, nil) }
    return FieldOutcome(
      news: max(news, untold.news), markedThrough: untold.marked, fill: producer.fill, at: now)
  }
}

/// How far the ring knows about a unit.
struct UnitProgress {
  /// The last mark pushed.
  var marked = Instant.distantPast
  /// A loss that the ring had no room for yet.
  var owed: (quality: Quality, since: Instant)?
  /// What was told since the last end of a scan, and what no mark has passed yet.
  private var fresh = FieldNews.none
  private var waiting = FieldNews.none
  /// The moment of the latest of these.
  private(set) var toldAt = Instant.distantPast

  mutating func gather(_ news: FieldNews, at moment: Instant) {
    fresh = max(fresh, news)
    toldAt = max(toldAt, moment)
  }

  /// What is worth hearing at the end of a scan, with the mark that was pushed there.
  mutating func release(_ marked: Instant?) -> FieldNews {
    let news = max(fresh, marked == nil ? .none : waiting)
    let isPassed = marked.map { $0 > toldAt } ?? false
    waiting = isPassed ? .none : max(waiting, fresh)
    fresh = .none
    return news
  }

  func isMarkDue(_ now: Instant) -> Bool { now - marked >= FieldStep.markInterval }
}
