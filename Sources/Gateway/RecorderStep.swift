// One turn of the recorder: answers in, samples in, machines decide, one transaction, parcels out.
//
//   healthy ──fault──▶ failing(until) ──reopened, transaction found or repeated──▶ healthy
//
// Invariants
// - The events of a turn and the snapshots of the machines they came from commit in one
//   transaction, whole: a crash leaves machines exactly where the journal ends.
// - A sequence is given when a transaction is made and kept when that transaction is repeated;
//   after a fault the reopened file says whether it got there, so no sequence has two bodies (F44).
// - Nothing is offered to an uplink before it is durable (F25); no state of an uplink changes what
//   this step does to samples (F26).
// - While the disk refuses, machines go on deciding: drafts wait in memory up to
//   `GatewayLimits.draftsHeld`, then samples wait in the rings, which count what they refuse.
// - Whatever was lost is told by an event (F31).

public import Events
import Machines
public import Outbox
public import Primitives
import Signals

/// How the journal is doing.
enum JournalHealth: Sendable {
  case healthy
  case failing(StoreFault, since: Instant, retryAt: Instant, pending: Pending)
}

/// What one turn asks of the loop around it.
public struct RecorderOutcome: Sendable, Equatable {
  /// When the next turn is due even if nobody rings.
  public var nextTurn: Instant
  /// More samples wait than one turn may take.
  public var hasMore: Bool
}

/// The recorder: every machine, the outbox and the one connection to the journal.
public struct RecorderStep<Store: EventStore & ~Copyable, Pen: Notary>: ~Copyable {
  var store: Store
  var pen: Pen
  var plan: RecorderPlan
  var names: EventNames
  var machineNames: [String]
  var inlets: [RingInlet]
  var couriers: [CourierLink]
  var floor: Floor
  var publisher: SignalsPublisher
  var chain: EventChain
  var outbox: Outbox
  var routes: RouteTable
  /// Decided and not yet sealed.
  var entries: [RecorderEntry] = []
  var shop: Shop
  var watch: ShopWatch
  /// When the first thing of the shop is due.
  var shopDue = Instant.distantPast
  let requests: ShopMailbox
  /// Who looks on at what is committed.
  public var taps: [EventTap] = []
  /// Answers that wait for the facts of what was asked.
  var answers: [(ticket: UInt64, answer: ShopAnswer)] = []
  var journal: JournalHealth = .healthy
  var backoff = Backoff(
    floor: GatewayLimits.journalRetryFloor, ceiling: GatewayLimits.journalRetryCeiling)
  var generator: SeededGenerator
  /// Since when acknowledgements wait for a transaction, and how many events they cover.
  var acknowledgedSince: Instant?
  var acknowledgedEvents: UInt64 = 0
  var lastReading: ClockReading
  var hasStepped = false
  var healthDue: Instant
  var retention: RetentionState
  var intake: JournalIntake
  var samplesLost: Int64 = 0
  var facts = FloorFacts()
  var limitFacts: [(machine: Int, fact: LimitFact)] = []
  /// What is in the journal of machines, lines and uplinks that are not configured now.
  var shelf: Shelf

  /// Continues from an opened journal; `note` says what opening it had to repair, if anything.
  public init(
    plan: RecorderPlan, store: consuming Store, state: StoreState, pen: Pen,
    inlets: [RingInlet], couriers: [CourierLink], requests: ShopMailbox = ShopMailbox(),
    seed: UInt64, reading: ClockReading, note: String? = nil
  ) {
    self.store = store
    self.pen = pen
    self.plan = plan
    self.inlets = inlets
    self.couriers = couriers
    self.requests = requests
    names = plan.names
    machineNames = plan.machines.map(\.name)
    generator = SeededGenerator(seed: seed)
    lastReading = reading
    healthDue = reading.monotonic + plan.healthInterval
    intake = JournalIntake(now: reading.monotonic)
    retention = RetentionState(due: reading.monotonic)
    publisher = SignalsPublisher(plan: plan)
    chain = EventChain(
      source: plan.source, epoch: state.epoch, lastSequence: state.lastSequence,
      lastDigest: state.lastDigest)
    outbox = Outbox(uplinks: plan.uplinks, state: state, rules: plan.lanes)
    routes = Self.routes(plan, outbox)
    shelf = Shelf(plan, state)
    var unread: [String] = []
    floor = Floor(plan: plan, state: state, reading: reading, unread: &unread)
    var told: [(line: Int, facts: [OrderFact])] = []
    shop = Shop(plan: plan, state: state, reading: reading, unread: &unread, told: &told)
    watch = ShopWatch(
      plan: plan, state: state, shop: shop, floor: floor, reading: reading, unread: &unread)
    let notes = ([note].compactMap { $0 } + unread).joined(separator: "; ")
    let started = LastRunRecord(state.snapshots[LastRunRecord.name]).started(
      plan, reading, note: notes.isEmpty ? nil : notes)
    entries.append(.draft(started))
    for loss in Outbox.losses(state) {
      entries.append(
        .draft(.eventsDropped(plan.source, at: Stamp(reading.monotonic, reading), loss)))
    }
    for (line, facts) in told { entries.append(.orders(line: line, facts)) }
    if state.quarantinedCount > 0 { resumeHeld() }
  }

  static func routes(_ plan: RecorderPlan, _ outbox: Outbox) -> RouteTable {
    var routes: [Route] = []
    for uplink in plan.uplinks {
      guard let bit = outbox.bit(of: uplink) else { continue }
      let own = plan.routes.filter { $0.uplink == uplink }
      if own.isEmpty { routes.append(Route(bit: bit, types: ["*"])) }
      for route in own {
        let types = route.types.isEmpty ? ["*"] : route.types
        routes.append(
          Route(
            bit: bit, types: types, machines: route.machines,
            minimumDuration: route.minimumDuration, severities: route.severities.map(\.rawValue)))
      }
    }
    return RouteTable(routes)
  }

  /// Does everything that is due now; never waits but for the disk.
  public mutating func turn(_ clocks: ClockReading) -> RecorderOutcome {
    let reading = watchClock(clocks)
    takeAnswers(reading)
    let isHeldBack = entries.count >= GatewayLimits.draftsHeld
    var hasMore = decide(reading)
    tell(publisher.drafts(reading, machines: machineNames, names: names))
    tellHealth(reading)
    lookAtDays(reading)
    settle(reading)
    // What waited in the rings for room has it now, and nobody else would ring for it.
    if isHeldBack, entries.count < GatewayLimits.draftsHeld { hasMore = true }
    offerParcels(reading)
    let next = nextTurn(reading)
    arm(next)
    // What was published meanwhile looked at what the turn before had said.
    if entries.count < GatewayLimits.draftsHeld, inlets.contains(where: { $0.consumer.fill > 0 }) {
      hasMore = true
    }
    return RecorderOutcome(nextTurn: next, hasMore: hasMore)
  }

  /// The last turn of an orderly end: tells everything gathered so far, and that it stops.
  /// True when it is all durable.
  public mutating func finish(_ clocks: ClockReading, why: String) -> Bool {
    let reading = watchClock(clocks)
    takeAnswers(reading)
    while decide(reading) {}
    floor.flush(reading, into: &facts)
    hearFloor(reading)
    tell(publisher.drafts(reading, machines: machineNames, names: names, all: true))
    let stopped = EventDraft.gatewayStopped(
      plan.source, at: Stamp(reading.monotonic, reading), version: plan.version,
      configurationDigest: plan.configurationDigest, why: why)
    entries.append(.draft(stopped))
    settle(reading, isLast: true)
    if case .healthy = journal { return entries.isEmpty }
    return false
  }

  /// Lets drafts wait for the next transaction.
  mutating func tell(_ drafts: [EventDraft]) {
    for draft in drafts { entries.append(.draft(draft)) }
  }

  // MARK: Samples

  /// Drains the rings and lets the machines decide; true when samples are left.
  mutating func decide(_ reading: ClockReading) -> Bool {
    guard entries.count < GatewayLimits.draftsHeld else { return false }
    takeRequests(reading)
    followCalendars(reading)
    var hasMore = false
    for bus in inlets.indices {
      let taken = drain(bus, reading)
      hasMore = hasMore || taken == GatewayLimits.samplesPerTurn
    }
    floor.advance(reading, into: &facts)
    hearFloor(reading)
    return hasMore
  }

  private mutating func drain(_ bus: Int, _ reading: ClockReading) -> Int {
    let inlet = inlets[bus]
    var through = inlet.takenThrough
    let taken = inlet.consumer.drain(limit: GatewayLimits.samplesPerTurn) { sample in
      if sample.lost > 0 { tellLost(sample, bus, since: through, reading) }
      through = sample.at
      floor.take(sample)
      watch.limits.take(sample, reading, into: &limitFacts)
      publisher.take(sample, reading)
    }
    inlet.takenThrough = through
    return taken
  }

  private mutating func tellLost(
    _ sample: Sample, _ bus: Int, since: Instant?, _ reading: ClockReading
  ) {
    samplesLost += Int64(sample.lost)
    let unit = plan.busOfUnit.firstIndex(of: bus)
    let name = unit.map { plan.units[$0].bus } ?? "\(bus)"
    let loss = Loss(
      range: .times(
        reading.label(since ?? sample.at), to: reading.label(sample.at)),
      count: UInt64(sample.lost),
      place: "ring of bus \(name)", why: "the recorder did not keep up: the disk was too slow")
    tell([.eventsDropped(plan.source, at: Stamp(sample.at, reading), loss)])
  }

  // MARK: Couriers

  mutating func takeAnswers(_ reading: ClockReading) {
    for courier in couriers {
      guard let bit = outbox.bit(of: courier.name) else { continue }
      for answer in courier.takeAnswers() {
        guard outbox.answered(answer, from: bit, at: reading.wall, now: reading.monotonic)
        else { continue }
        acknowledgedSince = acknowledgedSince ?? reading.monotonic
        acknowledgedEvents += 1
        if case .delivered = answer {
          acknowledgedEvents += GatewayLimits.acknowledgementEvents / 4
        }
      }
    }
  }

  /// Reads what is due next to each uplink and hands it to its courier.
  mutating func offerParcels(_ reading: ClockReading) {
    guard case .healthy = journal else { return }
    for courier in couriers {
      guard let bit = outbox.bit(of: courier.name) else { continue }
      while let order = outbox.order(for: bit, now: reading.monotonic),
        !courier.parcels.isFull
      {
        let events: [StoredEvent]
        do throws(StoreFault) {
          events = try store.read(
            after: order.after, dueBit: order.bit, countLimit: order.countLimit,
            byteLimit: order.byteLimit)
        } catch {
          skipUnreadable(error, order, reading)
          break
        }
        let parcel = outbox.offer(events, for: order, now: reading.monotonic, at: reading.wall)
        guard let parcel else { continue }
        guard courier.post(parcel) else { break }
      }
      offerLate(courier, bit)
    }
    // What was set aside behind a refused event is to be kept, whoever answers what.
    if outbox.hasUnsettled { acknowledgedSince = acknowledgedSince ?? reading.monotonic }
  }

  /// A row that no longer is what was committed is never sent; that it is missing is told.
  private mutating func skipUnreadable(
    _ fault: StoreFault, _ order: ReadOrder, _ reading: ClockReading
  ) {
    guard case .damagedEvent(let sequence) = fault,
      let loss = outbox.skip(sequence, for: order.bit, part: order.part)
    else { return }
    tell([.eventsDropped(plan.source, at: Stamp(reading.monotonic, reading), loss)])
  }
}
