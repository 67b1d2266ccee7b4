// The courier of one uplink: takes a parcel of events to a receiver and tells what became of them.
//
//             offer                opened                send
//   offline ────────▶ connecting ────────▶ ready ─────────────▶ awaitingAnswer
//      ▲                  │                  ▲ ▲                  │  │  │
//      │ time             │ fault            │ └── delivered ─────┘  │  │ 429 seen: pace
//      ├── coolingOff ◀───┴──────────────────┼── retry, fault ───────┘  │
//      └── parked ◀───── certificate, 403 …  └──── pausing ◀────────────┘
//
// Before connecting, a courier whose token comes from a service and no longer holds is
// `refreshing`: the driver fetches one and the next input goes on.
//
// Invariants
// - Pure: time, chance and bytes come in, actions go out; the driver performs them in order.
// - Events leave in order and are reported in order: a report never passes an event that is neither
//   delivered nor refused. Delivery is at least once.
// - A repeat of the same events is the same body with the same Idempotency-Key.
// - No state is terminal: parked means looking again after minutes (F8, F39).
// - Waits between attempts double up to the ceiling of the policy, with full jitter: 24 attempts an
//   hour on average with five minutes. The first success restores full speed.
// - One refused event never holds up its neighbours for longer than it takes to isolate it.
//   When everything is refused the receiver is doubted: one event per park goes to quarantine.
//
// Why a lost answer is simply repeated: the receiver drops a second copy by `source` and `id`.

public import Outbox
public import Primitives

/// The session machine of one uplink.
public struct Courier: Sendable {
  /// A connection and what it has carried.
  public struct Link: Equatable, Sendable {
    /// Answers that came over this connection: above 0, a silent end is only a stale connection.
    public var answers: Int
    public var idleUntil: Instant
  }

  /// A request that waits for its answer.
  public struct Exchange: Equatable, Sendable {
    /// Where its piece ends within the parcel.
    public var end: Int
    public var idleUntil: Instant
    public var until: Instant
    /// Its body was sent packed.
    public var isPacked = false
  }

  /// Where the courier stands; the payload is what is true there.
  public enum State: Equatable, Sendable {
    /// No connection and nothing to send.
    case offline
    /// The driver was asked for a token; what it got is acted on by the next input.
    case refreshing
    case connecting(deadline: Instant)
    /// Connected, with nothing to send.
    case ready(Link)
    /// Connected, with events, but the receiver asked for a slower rate.
    case pausing(Link, until: Instant)
    case awaitingAnswer(Link, Exchange)
    /// A failure that passes by itself.
    case coolingOff(until: Instant)
    /// A fault that a person has to put right; looked at again now and then.
    case parked(until: Instant, why: String)
  }

  public internal(set) var state: State = .offline
  let policy: UplinkPolicy
  let writer: HTTPRequestWriter
  var cargo: Cargo?
  var reader = HTTPResponseReader()
  var token: String?
  /// When the token is to be renewed; nil for one that nobody dates.
  var tokenStaleAt: Instant?
  /// Why there is no token.
  var secretFault: (sentence: String, isLasting: Bool)?
  var record = CourierStatus()
  var patience = Patience()
  /// Waits between attempts, and between looks when parked.
  var retries: Backoff
  var parks = Backoff(floor: DeliveryLimits.firstPark, ceiling: DeliveryLimits.lastPark)
  /// Pause between requests, learnt from 429; nil for none.
  var pacing: Duration?
  /// Events a batch, learnt from 413, and the deliveries since.
  var learntSize: Int?
  var deliveriesAtSize = 0
  /// Whether the receiver has said that it takes packed bodies; nil once it refused one.
  var takesGzip: Bool? = false
  /// Keys of which nothing more leaves for now.
  var keyHolds = KeyHolds()

  /// A courier for one uplink; `digest` is SHA-256.
  public init(
    policy: UplinkPolicy, token: String? = nil, digest: @escaping HTTPRequestWriter.Digest
  ) {
    self.policy = policy
    self.token = token
    retries = Backoff(floor: policy.firstRetry, ceiling: policy.lastRetry, jitter: .full)
    writer = HTTPRequestWriter(
      address: policy.address, userAgent: policy.userAgent, digest: digest)
  }

  /// Whether a parcel may be offered now; a courier carries one at a time.
  public var wantsParcel: Bool { cargo == nil }

  /// The token for the next requests.
  public mutating func useToken(_ token: String?) { self.token = token }

  /// What became of asking for a token.
  public mutating func use(_ secret: Secret) {
    secretFault = nil
    record.conditions = []
    switch secret {
    case .none: token = nil
    case .token(let token, let staleAt): (self.token, tokenStaleAt) = (token, staleAt)
    case .kept(let why): record.conditions = [why]
    case .fault(let sentence, let isLasting): secretFault = (sentence, isLasting)
    }
  }

  /// What is known, for people.
  public var status: CourierStatus {
    var status = record
    (status.state, status.nextAttempt) =
      switch state {
      case .offline: ("offline", nil)
      case .refreshing: ("refreshing", nil)
      case .connecting: ("connecting", nil)
      case .ready: ("ready", nil)
      case .pausing(_, let until): ("pausing", until)
      case .awaitingAnswer: ("sending", nil)
      case .coolingOff(let until): ("retrying", until)
      case .parked(let until, _): ("parked", until)
      }
    return status
  }

  /// When `timePassed` is to be called at the latest; nil when only an offer can change anything.
  public var nextDeadline: Instant? {
    switch state {
    case .offline: nil
    case .refreshing: .boot
    case .connecting(let deadline): deadline
    case .ready(let link): link.idleUntil
    case .pausing(_, let until), .coolingOff(let until), .parked(let until, _): until
    case .awaitingAnswer(_, let exchange): min(exchange.idleUntil, exchange.until)
    }
  }

  // MARK: Inputs

  /// Takes a parcel to carry. One offered while another is carried, or an empty one, is not taken.
  public mutating func offer(
    _ parcel: Parcel, now: Stamp, using generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    guard cargo == nil, !parcel.events.isEmpty else { return [] }
    keyHolds.hear(parcel)
    cargo = Cargo(parcel)
    let held = giveBack()
    guard cargo?.isDone == false else {
      cargo = nil
      return held + [.wantParcel]
    }
    return held + proceed(now)
  }

  /// Takes what the stream told.
  public mutating func handle(
    _ event: StreamEvent, now: Stamp, using generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    switch event {
    case .idle: return timePassed(now: now, using: &generator)
    case .opened:
      guard case .connecting = state else { return [] }  // Late: already given up.
      state = .ready(Link(answers: 0, idleUntil: now.instant + policy.keepAlive))
      return proceed(now)
    case .received(let bytes): return received(bytes, now, &generator)
    case .ended(let fault): return ended(fault, now, &generator)
    }
  }

  /// Acts on the deadlines that have passed.
  public mutating func timePassed(
    now: Stamp, using generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    guard let deadline = nextDeadline, deadline <= now.instant else { return [] }
    switch state {
    case .offline: return []
    case .refreshing: return refreshed(now, &generator)
    case .connecting:
      let wait = policy.connectTimeout.sentence
      return fail(
        "connecting to \(policy.address.authority): not open within \(wait); "
          + "check network and firewall", now, &generator)
    case .ready:
      state = .offline
      return [.close]
    case .pausing(let link, _):
      state = .ready(link)
      return proceed(now)
    case .awaitingAnswer(_, let exchange):
      let (what, wait) =
        exchange.until <= now.instant
        ? ("not complete", policy.answerTimeout) : ("no byte", policy.idleTimeout)
      return fail(
        "waiting for the answer of \(policy.address.authority): \(what) within \(wait.sentence); "
          + "check that the receiver is not stuck", now, &generator)
    case .coolingOff, .parked:
      state = .offline
      return proceed(now)
    }
  }

  // MARK: Stream

  private mutating func received(
    _ bytes: [UInt8], _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    switch state {
    case .awaitingAnswer(let link, var exchange):
      do {
        if let response = try reader.read(bytes) {
          return settle(response, link, exchange, now, &generator)
        }
        exchange.idleUntil = now.instant + policy.idleTimeout
        state = .awaitingAnswer(link, exchange)
        return []
      } catch {
        return fail("talking to \(policy.address.authority): \(error)", now, &generator)
      }
    case .ready:
      // Bytes that nobody asked for, as a server sends before it closes: drop the connection.
      state = .offline
      return [.close]
    case .pausing(_, let until):
      state = .coolingOff(until: until)
      return [.close]
    case .offline, .refreshing, .connecting, .coolingOff, .parked:
      return []  // Late: already closed.
    }
  }

  private mutating func ended(
    _ fault: StreamFault, _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    switch state {
    case .connecting: return broken(fault, now, &generator)
    case .awaitingAnswer(let link, let exchange):
      let response = try? reader.finish(inGoodOrder: fault == .finished)
      if let response { return settle(response, link, exchange, now, &generator) }
      if link.answers > 0, !reader.hasBegun { return [.close] + open(now) }
      return broken(fault, now, &generator)
    case .ready:
      state = .offline
      return [.close]
    case .pausing(_, let until):
      state = .coolingOff(until: until)
      return [.close]
    case .offline, .refreshing, .coolingOff, .parked: return []  // Late: already closed.
    }
  }

  private mutating func broken(
    _ fault: StreamFault, _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    let sentence = fault.sentence(policy.address)
    switch fault {
    case .certificate, .proxy(_, isLasting: true): return park(sentence, now, &generator)
    case .proxy(_, isLasting: false), .nameUnknown, .unreachable, .timeout, .handshake, .finished,
      .closed:
      return fail(sentence, now, &generator)
    }
  }

  // MARK: Moves

  /// Goes on with what there is to do: connects, or sends the next piece.
  mutating func proceed(_ now: Stamp) -> [CourierAction] {
    guard let cargo else { return [] }
    switch state {
    case .offline: return open(now)
    case .ready where needsToken(now): return [.close] + open(now)
    case .ready(let link): return send(cargo, link, now)
    case .refreshing, .connecting, .pausing, .awaitingAnswer, .coolingOff, .parked: return []
    }
  }

  private mutating func open(_ now: Stamp) -> [CourierAction] {
    switch policy.secret {
    case .none: return connect(now)
    case .file: return [.reloadToken] + connect(now)
    case .service:
      guard needsToken(now) else { return connect(now) }
      state = .refreshing
      return [.reloadToken]
    }
  }

  private mutating func connect(_ now: Stamp) -> [CourierAction] {
    record.connections &+= 1
    state = .connecting(deadline: now.instant + policy.connectTimeout)
    return [.open(policy.address.target)]
  }

  private func needsToken(_ now: Stamp) -> Bool {
    guard policy.secret == .service else { return false }
    return token == nil || tokenStaleAt.map { $0 <= now.instant } ?? false
  }

  /// The driver has asked for a token.
  private mutating func refreshed(
    _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    if let fault = secretFault {
      secretFault = nil
      return fault.isLasting
        ? park(fault.sentence, now, &generator) : fail(fault.sentence, now, &generator)
    }
    guard !needsToken(now) else { return fail("asking for a token: none came", now, &generator) }
    return connect(now)
  }

  private mutating func send(_ cargo: Cargo, _ link: Link, _ now: Stamp) -> [CourierAction] {
    let end = cargo.pieceEnd(maxEvents: pieceLimit, maxBytes: policy.maxBytes)
    let body = cargo.body(end, policy.packing)
    let isPacked = takesGzip == true && body.count >= DeliveryLimits.packedBytes
    let request = writer.post(
      body, type: policy.contentType, previous: cargo.previousSequence, bearer: token,
      isReplay: cargo.isReplay, isPacked: isPacked)
    record.requests &+= 1
    reader = HTTPResponseReader()
    state = .awaitingAnswer(
      link,
      Exchange(
        end: end, idleUntil: now.instant + policy.idleTimeout,
        until: now.instant + policy.answerTimeout, isPacked: isPacked))
    return [.send(request)]
  }

  /// Events in the next piece, apart from what isolating a refused one says.
  private var pieceLimit: Int {
    if policy.packing == .single || patience.refusals >= DeliveryLimits.refusalsInARow { return 1 }
    return min(policy.maxEvents, learntSize ?? policy.maxEvents)
  }
}
