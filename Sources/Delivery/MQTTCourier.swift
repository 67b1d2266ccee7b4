// The courier of one MQTT uplink: publishes events with QoS 1 and tells what became of them.
//
//   offline ──▶ connecting ──opened──▶ greeting ──CONNACK──▶ preparing ──▶ live
//      ▲            │ fault                │ refusal             │          │ fault, farewell
//      ├── coolingOff ◀────────────────────┴─────────────────────┴──────────┤
//      └── parked ◀──── certificate, password, client id … ◀────────────────┘
//
// Invariants
// - Pure: time, chance and bytes come in, actions go out; the driver performs them in order.
// - The outbox is the session: each connection starts clean, and what has no positive PUBACK is
//   published again, in order, under new identifiers. Delivery is at least once.
// - Reports never pass an event that is neither delivered nor refused.
// - On 3.1.1 a PUBACK counts only on a topic whose rights are proved (MQTTPolicy.RightsTest).
// - Never more on their way than the window and the broker's Receive Maximum; never a packet above
//   its Maximum Packet Size. Nothing is repeated on a live connection (MQTT-4.4.0-1).
// - No state is terminal: parked means looking again after minutes (F8, F39).
// - One event at which the broker fails is looked for one by one and refused alone; when everything
//   is refused the broker is doubted, and one event per park goes to quarantine.
//
// Why always connected: the retained status and its will are what tells the plant that we are here.

public import Outbox
public import Primitives

/// The session machine of one MQTT uplink.
public struct MQTTCourier: UplinkCourier {
  enum State: Equatable, Sendable {
    /// No connection; one is due at once.
    case offline
    case connecting(deadline: Instant)
    /// CONNECT is out.
    case greeting(deadline: Instant)
    /// Accepted; subscriptions and the self-test of rights come first.
    case preparing(MQTTSession)
    case live(MQTTSession)
    /// A failure that passes by itself.
    case coolingOff(until: Instant)
    /// A fault that a person has to put right; looked at again now and then.
    case parked(until: Instant)
  }

  /// A topic that we may not write.
  struct ParkedTopic: Equatable, Sendable {
    var since: Instant
    var until: Instant
    var backoff: Backoff
    /// One event is on its way to see whether it may by now.
    var isTried = false
    var why: String
  }

  var state: State = .offline
  let policy: MQTTPolicy
  var encoder: any MQTTEncoder
  var reader: MQTTReader
  var cargo = MQTTCargo()
  var password: String?
  /// Why the file of the password could not be read last.
  var secretTrouble: String?
  var record = CourierStatus()
  var retries: Backoff
  var parks = Backoff(floor: DeliveryLimits.firstPark, ceiling: DeliveryLimits.lastPark)
  var pauses: Backoff
  var brokers: MQTTBrokers
  var parkedTopics: [String: ParkedTopic] = [:]
  /// The password was read again since the last success.
  var refreshed = false
  /// Events refused in a row, and the one at which the broker was doubted.
  var refusals = 0
  var doubted: UInt64?
  /// Up to this number events leave one by one: one of them may break the connection.
  var carefulThrough = -1
  /// Learnt from the broker: one message at a time, nothing retained.
  var oneAtATime = false
  /// Keys of which nothing more leaves for now.
  var keyHolds = KeyHolds()
  var retains = true

  /// A courier for one uplink; `encoder` makes the messages, CloudEvents by the policy's template.
  public init(
    policy: MQTTPolicy, password: String? = nil, encoder: (any MQTTEncoder)? = nil
  ) throws(MQTTPolicy.Fault) {
    try policy.check()
    self.policy = policy
    self.password = password
    self.encoder = encoder ?? CloudEventEncoder(template: policy.topic)
    retries = Backoff(floor: policy.firstRetry, ceiling: policy.lastRetry, jitter: .full)
    pauses = Backoff(floor: policy.firstRetry, ceiling: MQTTLimits.lastPause)
    brokers = MQTTBrokers(policy)
    reader = MQTTReader(version: .five)
  }

  /// Whether a parcel may be offered: when less than a window is waiting to leave.
  public var wantsParcel: Bool {
    cargo.ahead < policy.allowedWindow && cargo.items.count < MQTTLimits.heldEvents
  }

  /// The password for the next connections.
  public mutating func useToken(_ token: String?) { password = token }

  /// What became of reading the password's file.
  public mutating func use(_ secret: Secret) {
    secretTrouble = nil
    switch secret {
    case .none: password = nil
    case .token(let token, _): password = token
    case .kept(let why), .fault(let why, _): secretTrouble = why
    }
  }

  /// What is known, for people.
  public var status: CourierStatus {
    var status = record
    (status.state, status.nextAttempt) =
      switch state {
      case .offline: ("offline", nil)
      case .connecting, .greeting, .preparing: ("connecting", nil)
      case .live(let session):
        if let until = session.pausedUntil {
          ("pausing", until)
        } else {
          (session.eventsOut > 0 ? "sending" : "ready", nil)
        }
      case .coolingOff(let until): ("retrying", until)
      case .parked(let until): ("parked", until)
      }
    status.conditions = conditions
    return status
  }

  /// When `handle(.idle, …)` is to be called at the latest.
  public var nextDeadline: Instant? {
    switch state {
    case .offline: return .boot
    case .connecting(let deadline), .greeting(let deadline): return deadline
    case .preparing(let session): return session.nextDeadline(policy.answerTimeout)
    case .live(let session):
      let deadline = session.nextDeadline(policy.answerTimeout)
      return min(deadline, applicationDeadline ?? deadline)
    case .coolingOff(let until), .parked(let until): return until
    }
  }

  /// When the application has to have acknowledged what the broker accepted first.
  var applicationDeadline: Instant? {
    guard policy.acknowledgementTopic != nil else { return nil }
    return cargo.oldestAccepted.map { $0 + policy.applicationTimeout }
  }

  // MARK: Inputs

  /// Takes a parcel to carry, behind the ones it has.
  public mutating func offer(
    _ parcel: Parcel, now: Stamp, using generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    guard wantsParcel, !parcel.events.isEmpty else { return [] }
    keyHolds.hear(parcel)
    var previous = parcel.previous
    for event in parcel.events {
      cargo.add(
        event, base: parcel.base,
        encoder.message(event, previous: previous, isReplay: parcel.isReplay))
      previous = event.sequence &- parcel.base
    }
    if !keyHolds.isEmpty { cargo.giveBack(keyHolds.holds) }
    return goOn(now, &generator)
  }

  /// Takes what the stream told, and acts on the deadlines that have passed.
  public mutating func handle(
    _ event: StreamEvent, now: Stamp, using generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    switch event {
    case .idle: return timePassed(now, &generator)
    case .opened:
      guard case .connecting = state else { return [] }  // Late: already given up.
      // A broker that lets everybody in would take us for somebody else.
      if policy.secret == .file, password == nil, let secretTrouble {
        return finish(.parked("\(dialling): \(secretTrouble)"), now, &generator)
      }
      return greet(now)
    case .received(let bytes):
      let actions = received(bytes, now, &generator)
      // A broker that never pauses puts no deadline off.
      return actions + (isTalking ? timePassed(now, &generator) : [])
    case .ended(let fault): return ended(fault, now, &generator)
    }
  }

  /// Says "offline" on the status topic and ends the session in good order.
  public mutating func farewell() -> [CourierAction] {
    guard case .live(var session) = state else { return [] }
    state = .offline
    let now = session.lastSent
    publishStatus(online: false, &session, now: now)
    session.send(.disconnect(reason: 0, MQTTProperties()), now: now)
    cargo.recall()
    return [.send(session.outgoing), .close]
  }

  private mutating func timePassed(
    _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    guard let deadline = nextDeadline, deadline <= now.instant else { return [] }
    switch state {
    case .offline, .coolingOff, .parked: return connect(now)
    case .connecting:
      return finish(.failed("\(dialling): not open; check network and firewall"), now, &generator)
    case .greeting:
      return finish(
        .failed("\(talking): no CONNACK; check that an MQTT broker listens there"), now, &generator)
    case .preparing(var session), .live(var session):
      let ending = overdue(&session, now, &generator)
      put(session)
      if let ending { return finish(ending, now, &generator) }
      return goOn(now, &generator)
    }
  }

  private mutating func received(
    _ bytes: [UInt8], _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    switch state {
    case .greeting, .preparing, .live: reader.feed(bytes)
    case .offline, .connecting, .coolingOff, .parked: return []  // Late: already closed.
    }
    while true {
      let packet: MQTTPacket?
      do { packet = try reader.next() } catch {
        return finish(.failed("\(talking): \(error)"), now, &generator)
      }
      guard let packet else { return goOn(now, &generator) }
      let ending: MQTTEnding?
      switch state {
      case .greeting: ending = greeted(packet, now)
      case .preparing(var session), .live(var session):
        state = .offline  // Gives the session up, so that it is not copied.
        ending = take(packet, &session, now, &generator)
        put(session)
      case .offline, .connecting, .coolingOff, .parked: return []
      }
      if let ending { return finish(ending, now, &generator) }
    }
  }

  private mutating func ended(
    _ fault: StreamFault, _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    let sentence = fault.sentence(brokers.current.authority)
    switch state {
    case .connecting:
      if case .certificate = fault { return finish(.parked(sentence), now, &generator) }
      return finish(.failed(sentence), now, &generator)
    case .greeting:
      switch fault {
      case .certificate: return finish(.parked(sentence), now, &generator)
      case .finished, .closed: return finish(.closedAtGreeting(sentence), now, &generator)
      case .nameUnknown, .unreachable, .timeout, .handshake, .proxy:
        return finish(.failed(sentence), now, &generator)
      }
    case .preparing, .live:
      // Mosquitto before 2.1 says no more when another client takes over.
      let advice = "if this goes on, look for another client with the client id \(policy.clientID)"
      return finish(.broken("\(sentence); \(advice)"), now, &generator)
    case .offline, .coolingOff, .parked: return []  // Late: already closed.
    }
  }

  /// Whether a broker is connected to.
  private var isTalking: Bool {
    switch state {
    case .greeting, .preparing, .live: true
    case .offline, .connecting, .coolingOff, .parked: false
    }
  }

  /// Where the session stands by what is left to prepare.
  mutating func put(_ session: MQTTSession) {
    state = session.preparations.isEmpty ? .live(session) : .preparing(session)
  }

  // MARK: Words

  /// What works and yet is not as it should be.
  private var conditions: [String] {
    var conditions = secretTrouble.map { [$0] } ?? []
    if record.unheardEvents > 0 {
      conditions.append(
        "the broker took events that nobody subscribes to; look for the application that should "
          + "listen to \(policy.topic)")
    }
    return conditions
  }

  var dialling: String { "connecting to \(brokers.current.authority)" }
  var talking: String { "talking to the broker \(brokers.current.authority)" }
}
