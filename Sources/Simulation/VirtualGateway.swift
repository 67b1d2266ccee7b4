// One life of the gateway in the virtual world: the real steps with the real ring between them.
//
// Invariants
// - Steps run on one thread, in the order of their virtual time; ties go field, recorder, courier.
// - A request blocks its bus for its latency or timeout, and nobody else.
// - Dropping this object is a crash: nothing is told, only the disk remembers.

import Delivery
import Gateway
import Outbox
import Polling
import Primitives
import Signals

/// A bell that only remembers that it rang.
final class VirtualBell: Sendable {
  private let bell = Mailbox<Bool>(capacity: 1)
  func ring() { _ = bell.post(true) }
  func take() -> Bool { bell.take() != nil }
  var hasRung: Bool { bell.isFull }
}

/// The gateway from one start to one end.
final class VirtualGateway {
  /// What the field thread is doing.
  private enum Field {
    case idle(until: Instant)
    case opening(until: Instant, Result<Void, BusFault>)
    case reading(since: Instant, until: Instant, Result<[UInt16], BusFault>)

    var until: Instant {
      switch self {
      case .idle(let until), .opening(let until, _), .reading(_, let until, _): until
      }
    }
  }

  static let ringCapacity = 4096

  private let clock: VirtualClock
  private let network: VirtualNetwork
  private let line: VirtualLine
  private let wakeLine: WakeLine
  private let recorderBell: VirtualBell
  private let courierBell: VirtualBell
  /// Where people ask; gone with the gateway.
  let requests: ShopMailbox
  private var field: FieldStep
  private var recorder: RecorderStep<VirtualStore, VirtualNotary>
  private var courier: CourierStep<VirtualStream>
  private var fieldState: Field
  private var recorderDue: Instant
  /// The recorder is inside a slow sync until then.
  var recorderStalledUntil = Instant.distantPast

  init(
    site: WorldSite, plan: RecorderPlan, clock: VirtualClock, disk: VirtualDisk,
    network: VirtualNetwork, line: VirtualLine, seed: UInt64
  ) {
    self.clock = clock
    self.network = network
    self.line = line
    let recorderBell = VirtualBell()
    let courierBell = VirtualBell()
    self.recorderBell = recorderBell
    self.courierBell = courierBell
    let wakeLine = WakeLine { recorderBell.ring() }
    self.wakeLine = wakeLine
    let ring = RingStorage(capacity: Self.ringCapacity)
    let link = CourierLink(
      name: "mes", wakeCourier: { courierBell.ring() }, wakeRecorder: { recorderBell.ring() })
    requests = ShopMailbox(wakeRecorder: { recorderBell.ring() })
    field = FieldStep(
      bus: site.bus, signals: site.definitions, producer: RingProducer(ring), seed: seed,
      now: clock.now(), learnt: line.learnt)
    recorder = RecorderStep(
      plan: plan, store: VirtualStore(disk: disk), state: disk.state, pen: VirtualNotary(),
      inlets: [RingInlet(consumer: RingConsumer(ring), line: wakeLine)], couriers: [link],
      requests: requests, seed: seed &+ 1, reading: clock.reading())
    let policy = UplinkPolicy(address: HTTPAddress(host: "mes", port: 443, path: "/events"))
    let notary = VirtualNotary()
    courier = CourierStep(
      courier: Courier(policy: policy, digest: { notary.digest($0) }),
      stream: VirtualStream(network: network), link: link, seed: seed &+ 2, readToken: { nil })
    fieldState = .idle(until: clock.now())
    recorderDue = clock.now()
  }

  // MARK: Turns

  /// The next moment at which one of the threads has something to do.
  var nextMoment: Instant {
    let now = clock.now()
    var next = fieldState.until
    next = min(next, recorderMoment)
    if courierBell.hasRung { next = now }
    for moment in [courier.nextDeadline, network.nextArrival].compactMap({ $0 }) {
      next = min(next, moment)
    }
    return max(next, now)
  }

  private var recorderMoment: Instant {
    max(recorderBell.hasRung ? clock.now() : recorderDue, recorderStalledUntil)
  }

  /// Lets every thread whose time has come take its turn.
  func turn() {
    let now = clock.now()
    if fieldState.until <= now { turnField(now) }
    if recorderMoment <= now {
      _ = recorderBell.take()
      let outcome = recorder.turn(clock.reading())
      recorderDue = outcome.hasMore ? now : outcome.nextTurn
    }
    let isCourierDue = courier.nextDeadline.map { $0 <= now } ?? false
    if courierBell.take() || isCourierDue || (network.nextArrival.map { $0 <= now } ?? false) {
      courier.turn(clock: clock)
    }
  }

  private func turnField(_ now: Instant) {
    switch fieldState {
    case .idle: break
    case .opening(_, .success): publish(field.opened(now: now))
    case .opening(_, .failure(let fault)): publish(field.openFailed(fault, now: now))
    case .reading(let since, _, .success(let words)):
      publish(field.answered(words: words, started: since, ended: now))
    case .reading(let since, _, .failure(let fault)):
      publish(field.failed(fault, started: since, ended: now))
    }
    line.learnt = field.poller.learnt
    begin(now)
  }

  private func publish(_ outcome: FieldOutcome) {
    wakeLine.published(outcome, capacity: Self.ringCapacity)
  }

  /// Takes the next action and lets the world say when it will be over, and how.
  private func begin(_ now: Instant) {
    switch field.next(now: now) {
    case .wait(let until):
      let renewed = now - FieldStep.markInterval
      publish(FieldOutcome(changed: false, markedThrough: renewed, fill: field.fill))
      fieldState = .idle(until: until)
    case .close: fieldState = .idle(until: now)
    case .open(let timeout):
      let (delay, result) = line.open(timeout: timeout)
      fieldState = .opening(until: now + delay, result)
    case .read(let request):
      let (delay, result) = line.read(request)
      fieldState = .reading(since: now, until: now + delay, result)
    }
  }

  /// An orderly end; true when everything is durable.
  func finish() -> Bool { recorder.finish(clock.reading(), why: "asked to stop") }

  /// Nothing is waiting: all that was decided is durable and acknowledged.
  var isDrained: Bool {
    let status = recorder.status
    return status.waiting == 0 && status.uplinks.allSatisfy { $0.depth == 0 }
  }

  /// Which thread wants to turn now, for the report of a world that is stuck.
  var what: String {
    let now = clock.now()
    return "field \(fieldState.until <= now), recorder \(recorderMoment <= now), courier "
      + "\(courier.nextDeadline.map { $0 <= now } ?? false), bell \(courierBell.hasRung), network "
      + "\(network.nextArrival.map { $0 <= now } ?? false) \(fieldState) \(recorder.fault ?? "")"
  }

  var status: RecorderStatus { recorder.status }
}
