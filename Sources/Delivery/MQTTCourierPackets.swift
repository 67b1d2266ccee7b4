// What a courier does with the packets of a broker that has accepted it.

import Outbox
import Primitives

extension MQTTCourier {
  mutating func take(
    _ packet: MQTTPacket, _ session: inout MQTTSession, _ now: Stamp,
    _ generator: inout some RandomNumberGenerator
  ) -> MQTTEnding? {
    switch packet {
    case .puback(let id, let reason, let properties):
      guard let purpose = session.end(id) else { return nil }  // Answered twice: means nothing.
      return acknowledged(purpose, reason, properties, &session, now, &generator)
    case .suback(let id, let reasons, let properties):
      guard let purpose = session.end(id) else { return nil }
      return listening(purpose, reasons[0], properties, &session, now, &generator)
    case .unsuback(let id, _, _):
      _ = session.end(id)
      return nil
    case .publish(let publish): return heard(publish, &session, now)
    case .pingresp:
      session.pingUntil = nil
      brokers.settled()
      retries.reset()
      return nil
    case .disconnect(let reason, let properties):
      record.lastStatus = Int(reason)
      let said = "\(talking): it ended with \(MQTTReason.words(reason, properties))"
      return ending(MQTTVerdict(disconnect: reason), said, properties)
    case .connect, .connack, .subscribe, .unsubscribe, .pingreq:
      return .failed("\(talking): it sent what only a client or a new connection may say")
    }
  }

  // MARK: PUBACK

  private mutating func acknowledged(
    _ purpose: MQTTSession.Purpose, _ reason: UInt8, _ properties: MQTTProperties,
    _ session: inout MQTTSession, _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) -> MQTTEnding? {
    switch purpose {
    case .event(let number):
      record.lastStatus = Int(reason)
      return settle(number, reason, properties, &session, now, &generator)
    case .canary: return proofAcknowledged(&session, now)
    case .status:
      guard reason < 128 else {
        note(
          "\(talking): our status is refused with \(MQTTReason.words(reason, properties)); "
            + "let the client write it", now)
        return nil
      }
      // What works is the connection; while events are refused, that stays the news.
      guard refusals < MQTTLimits.refusalsInARow else { return nil }
      record.consecutiveFailures = 0
      record.alarm = alarmOfTopics
      return nil
    case .listenForAcknowledgements, .listenForProof, .stopListening:
      return .failed("\(talking): it answered a subscription with a PUBACK")
    }
  }

  /// The broker's word about one event.
  private mutating func settle(
    _ number: Int, _ reason: UInt8, _ properties: MQTTProperties, _ session: inout MQTTSession,
    _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) -> MQTTEnding? {
    guard let item = cargo[number], item.progress == .onItsWay else { return nil }
    let topic = item.message.topic
    // Whatever the answer is, the topic may be looked at again.
    parkedTopics[topic]?.isTried = false
    let said =
      "publishing event \(item.sequence) to \(topic): "
      + "answered \(MQTTReason.words(reason, properties))"
    switch MQTTVerdict(puback: reason) {
    case .accepted, .acceptedByNobody:
      if reason == 16 {
        record.unheardEvents &+= 1
        // Whose word is waited for does not listen: publishing on would only be done again.
        guard policy.acknowledgementTopic == nil else {
          pause(number, "\(said); the application does not listen", &session, now, &generator)
          return nil
        }
      }
      if session.proof?.number == number {
        return proofAcknowledged(&session, now)
      }
      accept(number, now)
      return nil
    case .refused, .tooLarge, .protest:
      return refuse(number, Int(reason), said, now)
    case .parkTopic:
      return parkTopic(topic, number, "\(said); let the client write this topic", now, &generator)
    case .newIdentifier, .retry:
      guard cargo.strike(number) < MQTTLimits.failuresOfOneEvent else {
        return refuse(number, Int(reason), "\(said), again and again", now)
      }
      pause(number, said, &session, now, &generator)
      return nil
    case .slowDown:
      pause(number, "\(said); the broker wants less", &session, now, &generator)
      return nil
    case .fallBack, .refreshCredential, .park, .reconnect, .oneAtATime, .withoutRetain,
      .elsewhere:
      return .failed(said)  // Never a verdict about one event.
    }
  }

  /// One event goes back to wait, and all of them with it.
  private mutating func pause(
    _ number: Int, _ said: String, _ session: inout MQTTSession, _ now: Stamp,
    _ generator: inout some RandomNumberGenerator
  ) {
    cargo.set(number, .waiting)
    cargo.rescan()
    countFailure(said, now)
    if session.pausedUntil == nil {
      session.pausedUntil = now.instant + pauses.next(using: &generator)
    }
  }

  /// The broker has the event; it is delivered unless the application has to say so.
  mutating func accept(_ number: Int, _ now: Stamp) {
    guard let item = cargo[number] else { return }
    if policy.acknowledgementTopic == nil {
      cargo.set(number, .done)
    } else {
      cargo.accept(number, at: now.instant)
    }
    if parkedTopics.removeValue(forKey: item.message.topic) != nil { cargo.rescan() }
    record.lastSuccess = now
    record.consecutiveFailures = 0
    record.alarm = alarmOfTopics
    refusals = 0
    doubted = nil
    refreshed = false
    brokers.settled()
    retries.reset()
    parks.reset()
    pauses.reset()
  }

  // MARK: What comes back

  private mutating func listening(
    _ purpose: MQTTSession.Purpose, _ reason: UInt8, _ properties: MQTTProperties,
    _ session: inout MQTTSession, _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) -> MQTTEnding? {
    let words = MQTTReason.words(reason, properties)
    switch purpose {
    case .listenForAcknowledgements:
      guard reason < 128 else {
        return .parked(
          "\(talking): listening for the application's acknowledgements is refused with \(words); "
            + "let the client read \(policy.acknowledgementTopic ?? "it")")
      }
      session.preparations.removeFirst()
      prepare(&session, now)
      return nil
    case .listenForProof:
      guard let number = session.proof?.number else {
        guard reason < 128 else {
          return .parked(
            "\(talking): listening to the canary topic is refused with \(words); "
              + "without it an acknowledgement of MQTT 3.1.1 proves nothing; let the client read it"
          )
        }
        publishCanary(&session, now, &generator)
        return nil
      }
      guard reason < 128, let item = cargo[number] else {
        let topic = session.proof?.topic ?? ""
        session.proof = nil
        return parkTopic(
          topic, number,
          "listening to our own topic \(topic): refused with \(words); without it an "
            + "acknowledgement of MQTT 3.1.1 proves nothing; let the client read it, or use 5.0",
          now, &generator)
      }
      session.proof?.until = now.instant + policy.answerTimeout
      return publish(number, item, &session, now)
    case .event, .status, .canary, .stopListening:
      return .failed("\(talking): it answered a message with a SUBACK")
    }
  }

  private func publishCanary(
    _ session: inout MQTTSession, _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) {
    guard case .canary(let topic) = policy.rightsTest else { return }
    let nonce = UInt64.random(in: 0...UInt64.max, using: &generator)
    let payload = Array("takt canary \(nonce)".utf8)
    session.proof = MQTTSession.Proof(
      topic: topic, number: nil, payload: payload, until: now.instant + policy.answerTimeout)
    let id = session.begin(.canary, now: now.instant)
    session.send(.publish(MQTTPublish(topic: topic, payload: payload, id: id)), now: now.instant)
  }

  /// A message for us: the application's acknowledgement, or our own that comes back.
  private mutating func heard(
    _ publish: MQTTPublish, _ session: inout MQTTSession, _ now: Stamp
  ) -> MQTTEnding? {
    if publish.qos > 0 {
      session.send(.puback(id: publish.id, reason: 0, MQTTProperties()), now: now.instant)
    }
    if publish.topic == policy.acknowledgementTopic {
      confirm(publish.payload)
      return nil
    }
    guard let proof = session.proof, proof.topic == publish.topic, proof.payload == publish.payload
    else { return nil }
    session.proof?.isHeard = true
    return proveIfDone(&session, now)
  }

  /// The broker's word is here: what it passes on comes at the same time, or soon.
  private mutating func proofAcknowledged(
    _ session: inout MQTTSession, _ now: Stamp
  ) -> MQTTEnding? {
    session.proof?.isAcknowledged = true
    session.proof?.until = now.instant + MQTTLimits.echoWait
    return proveIfDone(&session, now)
  }

  /// Both answers of a proof are here: its topic is believed for a while.
  private mutating func proveIfDone(
    _ session: inout MQTTSession, _ now: Stamp
  ) -> MQTTEnding? {
    guard let proof = session.proof, proof.isHeard, proof.isAcknowledged else { return nil }
    session.proof = nil
    let id = session.begin(.stopListening, now: now.instant)
    session.send(.unsubscribe(id: id, [proof.topic], MQTTProperties()), now: now.instant)
    guard let number = proof.number else {
      session.preparations.removeAll { $0 == .canary }
      prepare(&session, now)
      return nil
    }
    if session.assured.count >= MQTTLimits.rememberedTopics { session.assured = [:] }
    session.assured[proof.topic] = now.instant + policy.rightsLast
    accept(number, now)
    cargo.rescan()
    return nil
  }

  /// `{"sequence":4711,"epoch":"1a2b3c4d"}`, or the sequence alone; as a number or as digits.
  private mutating func confirm(_ payload: [UInt8]) {
    guard payload.count <= 1024, let value = try? JSONValue(parsing: payload) else { return }
    let sequence = value["sequence"] ?? value
    let number =
      sequence.integer.flatMap { UInt64(exactly: $0) } ?? sequence.string.flatMap(UInt64.init)
    guard let number else { return }
    cargo.confirm(through: number, epoch: value["epoch"]?.string)
  }
}
