// What leaves, and when: the window, the parked topics, the proofs, the deadlines.

import Outbox
import Primitives

extension MQTTCourier {
  /// Sends what may leave and reports what is settled; the last step of every input.
  mutating func goOn(
    _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    var actions: [CourierAction] = []
    switch state {
    case .preparing(var session):
      if !session.outgoing.isEmpty { actions.append(.send(session.outgoing)) }
      session.outgoing = []
      put(session)
    case .live(var session):
      state = .offline  // Gives the session up, so that it is not copied.
      let ending = fill(&session, now)
      if !session.outgoing.isEmpty { actions.append(.send(session.outgoing)) }
      session.outgoing = []
      put(session)
      if let ending { return actions + finish(ending, now, &generator) }
    case .offline, .connecting, .greeting, .coolingOff, .parked: break
    }
    return actions + reports()
  }

  /// What is settled at the front, for the outbox.
  mutating func reports() -> [CourierAction] {
    let before = cargo.base
    let answers = cargo.settled()
    guard !answers.isEmpty else { return [] }
    let refused = answers.count { if case .refused = $0 { true } else { false } }
    let held = answers.count { if case .held = $0 { true } else { false } }
    record.deliveredEvents &+= UInt64(cargo.base - before - refused - held)
    record.refusedEvents &+= UInt64(refused)
    if refused + held < answers.count { record.deliveredBatches &+= 1 }
    return answers.map { .report($0) } + (wantsParcel ? [.wantParcel] : [])
  }

  // MARK: Events

  private enum Leave {
    case go, prove
    /// Nothing more may leave now.
    case full
    /// This one waits; others may go.
    case held
    /// Its topic has held up the others for too long.
    case given
  }

  /// Publishes events from the front as far as the window allows.
  private mutating func fill(_ session: inout MQTTSession, _ now: Stamp) -> MQTTEnding? {
    session.fillAgainAt = nil
    guard session.pausedUntil == nil else { return nil }
    if policy.keepsKeyOrder || session.version == .three || !parkedTopics.isEmpty {
      cargo.rescan()
    }
    var blocked: Set<String> = []
    if policy.keepsKeyOrder {
      blocked = Set(session.events.compactMap { cargo[$0]?.message.key })
    }
    var isFront = cargo.next == cargo.base
    while cargo.next < cargo.end {
      let number = cargo.next
      guard let item = cargo[number] else { break }
      if item.progress == .waiting {
        switch mayLeave(number, item, blocked, isFront: isFront, &session, now) {
        case .full: return nil
        case .given: setRefused(number, item, status: 135, text: parkedWhy(item))
        case .held: blocked.insert(item.message.key)
        case .go:
          if let ending = publish(number, item, &session, now) { return ending }
          blocked.insert(item.message.key)
        case .prove:
          session.proof = MQTTSession.Proof(
            topic: item.message.topic, number: number, payload: item.message.payload,
            until: now.instant + policy.answerTimeout)
          listen(item.message.topic, .listenForProof, &session, now)
          blocked.insert(item.message.key)
        }
      }
      isFront = isFront && (cargo[number]?.isSettled ?? true)
      cargo.next = number + 1
    }
    return nil
  }

  private mutating func mayLeave(
    _ number: Int, _ item: MQTTCargo.Item, _ blocked: Set<String>, isFront: Bool,
    _ session: inout MQTTSession, _ now: Stamp
  ) -> Leave {
    let careful = number <= carefulThrough
    guard session.eventsOut < (careful ? 1 : session.window) else { return .full }
    let topic = item.message.topic
    if policy.keepsKeyOrder, blocked.contains(item.message.key) { return .held }
    if session.proof?.number == number { return .held }
    if let parked = parkedTopics[topic] {
      let patience = parked.since + policy.topicPatience
      guard parked.until <= now.instant, !parked.isTried else {
        if isFront, !parked.isTried, patience <= now.instant { return .given }
        let again = isFront ? min(parked.until, patience) : parked.until
        if again > now.instant {
          session.fillAgainAt = min(session.fillAgainAt ?? again, again)
        }
        return .held
      }
    }
    guard session.version == .three, policy.rightsTest == .eachTopic,
      (session.assured[topic] ?? .distantPast) <= now.instant
    else {
      parkedTopics[topic]?.isTried = true
      return .go
    }
    guard session.proof == nil else { return .held }
    parkedTopics[topic]?.isTried = true
    return .prove
  }

  private func parkedWhy(_ item: MQTTCargo.Item) -> String {
    let why = parkedTopics[item.message.topic]?.why ?? "not authorized"
    return String(why.prefix(DeliveryLimits.quotedCharacters))
  }

  mutating func publish(
    _ number: Int, _ item: MQTTCargo.Item, _ session: inout MQTTSession, _ now: Stamp
  ) -> MQTTEnding? {
    var publish = MQTTPublish(
      topic: item.message.topic, payload: item.message.payload,
      retain: item.message.retain && session.mayRetain)
    publish.properties = item.message.properties
    let id = session.begin(.event(number), now: now.instant)
    publish.id = id
    let bytes = publish.bytes(session.version)
    guard bytes.count <= session.maximumPacket else {
      _ = session.end(id)
      if session.proof?.number == number { session.proof = nil }
      return refuse(
        number, 149,
        "publishing event \(item.sequence): a packet of \(bytes.count) bytes, and the broker "
          + "takes \(session.maximumPacket); raise its limit", now)
    }
    session.outgoing.append(contentsOf: bytes)
    session.lastSent = now.instant
    cargo.set(number, .onItsWay)
    record.requests &+= 1
    return nil
  }

  // MARK: Deadlines

  /// Acts on what has not come in time.
  mutating func overdue(
    _ session: inout MQTTSession, _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) -> MQTTEnding? {
    let instant = now.instant
    let wait = policy.answerTimeout.sentence
    if let first = session.errands.first, first.since + policy.answerTimeout <= instant {
      return .failed("\(talking): no acknowledgement within \(wait); check that it is not stuck")
    }
    if let until = session.pingUntil, until <= instant {
      return .failed("\(talking): no PINGRESP within \(wait); check the line")
    }
    if let proof = session.proof, proof.until <= instant {
      return unproved(proof, &session, now, &generator)
    }
    if let until = session.pausedUntil, until <= instant { session.pausedUntil = nil }
    if let until = applicationDeadline, until <= instant {
      cargo.recallAccepted()
      let sentence =
        "\(talking): the application did not acknowledge within "
        + "\(policy.applicationTimeout.sentence); check that it runs; publishing again"
      countFailure(sentence, now)
      record.alarm = sentence
    }
    if session.pingUntil == nil, session.pingAt <= instant {
      session.send(.pingreq, now: instant)
      session.pingUntil = instant + policy.answerTimeout
    }
    return nil
  }

  /// A message was acknowledged and did not come back: on 3.1.1 that is how a denied one looks.
  private mutating func unproved(
    _ proof: MQTTSession.Proof, _ session: inout MQTTSession, _ now: Stamp,
    _ generator: inout some RandomNumberGenerator
  ) -> MQTTEnding? {
    let sentence =
      "\(talking): what we publish to \(proof.topic) does not come back, so its acknowledgement "
      + "proves nothing; let the client write and read this topic, or use MQTT 5.0"
    guard let number = proof.number else { return .parked(sentence) }
    session.proof = nil
    let id = session.begin(.stopListening, now: now.instant)
    session.send(.unsubscribe(id: id, [proof.topic], MQTTProperties()), now: now.instant)
    return parkTopic(proof.topic, number, sentence, now, &generator)
  }
}
