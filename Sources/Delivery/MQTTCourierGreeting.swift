// From the first packet to the first event: CONNECT, what CONNACK allows, subscriptions, self-test.

import Primitives

extension MQTTCourier {
  mutating func connect(_ now: Stamp) -> [CourierAction] {
    record.connections &+= 1
    state = .connecting(deadline: now.instant + policy.connectTimeout)
    let open = CourierAction.open(brokers.current.target)
    // A file may have been renewed since.
    return policy.secret == .file ? [.reloadToken, open] : [open]
  }

  /// Connected: says who we are and what becomes of our status when we are gone.
  mutating func greet(_ now: Stamp) -> [CourierAction] {
    let version = brokers.version(now: now.instant)
    reader = MQTTReader(version: version)
    state = .greeting(deadline: now.instant + policy.answerTimeout)
    let seconds = UInt16(clamping: max(1, policy.keepAlive.nanoseconds / 1_000_000_000))
    var connect = MQTTConnect(version: version, clientID: policy.clientID, keepAlive: seconds)
    connect.userName = policy.userName
    connect.password = password.map { Array($0.utf8) }
    // 3.1.1 knows no password without a user name.
    if version == .three, connect.userName == nil, connect.password != nil {
      connect.userName = ""
    }
    connect.properties.add(.receiveMaximum, .number(UInt32(policy.allowedWindow)))
    connect.properties.add(.maximumPacketSize, .number(UInt32(MQTTLimits.packetBytes)))
    if let topic = policy.statusTopic {
      connect.will = MQTTConnect.Will(topic: topic, payload: statusPayload(false), retain: retains)
    }
    return [.send(MQTTPacket.connect(connect).bytes(version))]
  }

  /// The answer to CONNECT.
  mutating func greeted(_ packet: MQTTPacket, _ now: Stamp) -> MQTTEnding? {
    switch packet {
    case .connack(let connack):
      let reason =
        connack.isOldForm || reader.version == .three
        ? MQTTReason.modern(connack.reason) : connack.reason
      record.lastStatus = Int(reason)
      guard reason == 0 else {
        let said = "\(talking): refused with \(MQTTReason.words(reason, connack.properties))"
        return ending(MQTTVerdict(connack: reason), said, connack.properties)
      }
      guard !connack.isOldForm else { return .fallBack("\(talking): it answers as 3.1.1 does") }
      // We started clean: a session that is present is another client's.
      guard !connack.sessionPresent else {
        return .failed("\(talking): it has a session although we asked for a new one")
      }
      return begin(connack, now)
    case .disconnect(let reason, let properties):
      let said = "\(talking): refused with \(MQTTReason.words(reason, properties))"
      return ending(MQTTVerdict(connack: reason), said, properties)
    case .connect, .publish, .puback, .subscribe, .suback, .unsubscribe, .unsuback, .pingreq,
      .pingresp:
      return .failed("\(talking): it answered CONNECT with something else")
    }
  }

  /// Accepted: takes over what the broker allows.
  private mutating func begin(_ connack: MQTTConnack, _ now: Stamp) -> MQTTEnding? {
    let version = reader.version
    let properties = connack.properties
    if properties.number(.maximumQoS) == 0 {
      return .parked("\(talking): it acknowledges nothing (QoS 0), so nothing can be delivered")
    }
    let receiveMaximum = properties.number(.receiveMaximum) ?? MQTTLimits.defaultReceiveMaximum
    let wanted = oneAtATime ? 1 : policy.allowedWindow
    var keepAlive = policy.keepAlive
    // Zero: the broker does not look, but a dead link has to be noticed all the same.
    if let seconds = properties.number(.serverKeepAlive), seconds > 0 {
      keepAlive = .seconds(seconds)
    }
    var session = MQTTSession(
      version: version, window: min(wanted, receiveMaximum),
      keepAlive: max(keepAlive, .seconds(1)), now: now.instant)
    session.maximumPacket = properties.number(.maximumPacketSize) ?? .max
    session.mayRetain = retains && properties.number(.retainAvailable) != 0
    brokers.accepted(version, now: now.instant)
    record.speaks = "MQTT \(version.name) with \(brokers.current.authority)"
    if let id = properties.text(.assignedClientID) {
      record.speaks = "MQTT \(version.name) with \(brokers.current.authority) as \(id)"
    }
    if policy.acknowledgementTopic != nil { session.preparations.append(.acknowledgements) }
    if version == .three, case .canary = policy.rightsTest {
      session.preparations.append(.canary)
    }
    publishStatus(online: true, &session, now: now.instant)
    prepare(&session, now)
    put(session)
    return nil
  }

  /// Begins the next preparation, if there is one.
  mutating func prepare(_ session: inout MQTTSession, _ now: Stamp) {
    switch session.preparations.first {
    case .acknowledgements:
      guard let topic = policy.acknowledgementTopic else { return }
      listen(topic, .listenForAcknowledgements, &session, now)
    case .canary:
      guard case .canary(let topic) = policy.rightsTest else { return }
      listen(topic, .listenForProof, &session, now)
    case nil: return
    }
  }

  func listen(
    _ topic: String, _ purpose: MQTTSession.Purpose, _ session: inout MQTTSession, _ now: Stamp
  ) {
    let id = session.begin(purpose, now: now.instant)
    session.send(
      .subscribe(id: id, [MQTTFilter(topic)], MQTTProperties()), now: now.instant)
  }

  func statusPayload(_ online: Bool) -> [UInt8] {
    JSONValue.object(["client": .string(policy.clientID), "online": .bool(online)])
      .canonicalBytes
  }

  /// Tells the plant that we are here, or go.
  func publishStatus(online: Bool, _ session: inout MQTTSession, now: Instant) {
    guard let topic = policy.statusTopic else { return }
    let id = session.begin(.status, now: now)
    var publish = MQTTPublish(
      topic: topic, payload: statusPayload(online), id: id, retain: session.mayRetain)
    publish.properties.add(.payloadFormat, .number(1))
    publish.properties.add(.contentType, .text("application/json"))
    session.send(.publish(publish), now: now)
  }
}
