// Brokers that are none: each way of swallowing a connection, over real sockets, with a stated
// reaction, nothing delivered and nothing lost.

import Delivery
import Glibc
import LinuxEdge
import Outbox
import Primitives
import Testing

@testable import Gateway
@testable import OpenSSLEdge

@Suite("MQTT: black holes", .serialized) struct MQTTBlackHoleTests {
  /// How a broker misbehaves once it has the first bytes.
  enum Hole: String, CaseIterable, Sendable {
    case refuses
    case neverReads
    case neverAnswers
    case answersConnectOnly
    case oneByteAtATime
    case resetsInTheMiddle
    case talksAnotherProtocol
    /// The largest that there can be, 256 MiB: a length of 1 GiB cannot be written.
    case announcesAGiantPacket
    case babbles
    /// The packets that should open a connection vanish.
    case drops
    /// Messages without an end, each of them right, and never an answer.
    case floods
    /// Lengths and identifiers of nothing that we asked for, without an end.
    case acknowledgesStrangers

    /// What the courier says about it.
    var words: String {
      switch self {
      case .refuses: "not reachable"
      case .drops: "not open"
      case .neverReads, .neverAnswers: "no CONNACK"
      case .answersConnectOnly, .oneByteAtATime, .floods, .acknowledgesStrangers:
        "no acknowledgement within"
      case .resetsInTheMiddle: "the connection broke"
      case .talksAnotherProtocol, .babbles: "reading MQTT"
      case .announcesAGiantPacket: "268435460 bytes"
      }
    }
  }

  private static let welcome = MQTTPacket.connack(MQTTConnack(reason: 0)).bytes(.five)

  private static func serve(_ hole: Hole, _ client: Int32) {
    switch hole {
    case .refuses, .drops: return
    case .neverReads:
      // Until the other side gives up; nothing is taken out of the socket.
      // POLLRDHUP, which Swift does not import.
      var entry = pollfd(fd: client, events: 0x2000, revents: 0)
      _ = poll(&entry, 1, 20_000)
    case .neverAnswers: while readSome(client) != nil {}
    case .answersConnectOnly:
      guard readSome(client) != nil, sendAll(client, welcome) else { return }
      while readSome(client) != nil {}
    case .oneByteAtATime:
      guard readSome(client) != nil, sendAll(client, welcome) else { return }
      // The beginning of a packet of 60,000 bytes, and one more byte whenever something comes.
      guard sendAll(client, [0x30, 0xE0, 0xD4, 0x03]) else { return }
      while readSome(client) != nil, sendAll(client, [0]) {}
    case .resetsInTheMiddle:
      guard readSome(client) != nil, sendAll(client, welcome), readSome(client) != nil else {
        return
      }
      var now = linger(l_onoff: 1, l_linger: 0)
      setsockopt(client, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    case .talksAnotherProtocol:
      _ = readSome(client)
      _ = sendAll(client, Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
      while readSome(client) != nil {}
    case .announcesAGiantPacket:
      guard readSome(client) != nil, sendAll(client, welcome) else { return }
      _ = sendAll(client, [0x30, 0xFF, 0xFF, 0xFF, 0x7F])
      while readSome(client) != nil, sendAll(client, [UInt8](repeating: 0, count: 65536)) {}
    case .floods, .acknowledgesStrangers:
      guard readSome(client) != nil, sendAll(client, welcome) else { return }
      let payload = [UInt8](repeating: 7, count: 30_000)
      let packet =
        hole == .floods
        ? MQTTPacket.publish(MQTTPublish(topic: "takt/no", payload: payload, qos: 0))
        : MQTTPacket.puback(id: 60_000, reason: 0, MQTTProperties())
      let bytes = packet.bytes(.five)
      while sendAll(client, bytes) {}
    case .babbles:
      _ = readSome(client)
      while sendAll(client, [UInt8](repeating: 0xFF, count: 65536)) {}
    }
  }

  @Test(arguments: Hole.allCases)
  func `F39: whatever swallows the connection, it is said, and tried again`(hole: Hole) throws {
    let peer = try TLSPeer { _, client in Self.serve(hole, client) }
    defer { peer.stop() }
    var port = peer.port
    var crowd: [Int32] = []
    defer { for descriptor in crowd { close(descriptor) } }
    if hole == .refuses || hole == .drops {
      let listener = listen(backlog: 0)
      port = boundPort(listener)
      // Two fill the queue of a listener that nobody serves; what comes after them is dropped.
      if hole == .drops {
        crowd = [listener] + (0..<2).map { _ in connectedTo(port, waits: false) }
      }
      if hole == .refuses { close(listener) }
    }
    var policy = MQTTPolicy(
      brokers: [MQTTAddress(host: "127.0.0.1", port: port, isSecure: false)], clientID: "gw17",
      topic: .standard)
    policy.answerTimeout = .milliseconds(100)
    if hole == .drops { policy.connectTimeout = .milliseconds(150) }
    policy.firstRetry = .milliseconds(5)
    policy.lastRetry = .milliseconds(20)
    let before = ProcessFigures.now().residentBytes
    let rig = try CourierRig(policy, tls: nil)
    #expect(rig.link.post(Parcel(events: (1...100).map { brokerEvent($0) }, previous: 0)))
    rig.wait("the third failure") { rig.status.failures >= 3 }
    #expect(rig.status.lastError?.contains(hole.words) == true, "\(rig.status.lastError ?? "")")
    #expect(rig.answers.isEmpty && rig.status.connections >= 3)
    rig.stop()
    // Whatever they send: half a packet of ours is the most that is held.
    #expect(ProcessFigures.now().residentBytes - before < 64 << 20)
  }

  /// How a broker behind TLS swallows.
  enum SecureHole: CaseIterable {
    case alert, neverReads, neverAnswers
  }

  @Test(arguments: SecureHole.allCases)
  func `F39: behind TLS, too`(hole: SecureHole) throws {
    let plant = try Plant()
    let files = try plant.server(hosts: ["127.0.0.1"])
    let peer = try TLSPeer { _, client in
      guard
        let context = try? TLSServerContext(
          certificateFile: files.certificate, keyFile: files.key),
        var session = try? TLSServerSession(context)
      else { return }
      while session.takePlain().isEmpty, let bytes = readSome(client) {
        session.feed(bytes)
        guard sendAll(client, session.takeOutput()) else { return }
        if hole == .neverReads, session.state == .open {
          // POLLRDHUP, which Swift does not import.
          var entry = pollfd(fd: client, events: 0x2000, revents: 0)
          _ = poll(&entry, 1, 20_000)
          return
        }
      }
      // An alert in the clear, where only ciphers may be: nobody believes it, and all is over.
      if hole == .alert { _ = sendAll(client, [21, 3, 3, 0, 2, 2, 40]) }
      while readSome(client) != nil {}
    }
    defer { peer.stop() }
    var policy = MQTTPolicy(
      brokers: [MQTTAddress(host: "127.0.0.1", port: peer.port)], clientID: "gw17",
      topic: .standard)
    policy.answerTimeout = .milliseconds(150)
    policy.firstRetry = .milliseconds(5)
    policy.lastRetry = .milliseconds(20)
    let rig = try CourierRig(policy, tls: TLSClientSettings(caFile: plant.caFile))
    #expect(rig.link.post(Parcel(events: (1...100).map { brokerEvent($0) }, previous: 0)))
    rig.wait("the second failure") { rig.status.failures >= 2 }
    let words = hole == .alert ? "TLS" : "no CONNACK"
    #expect(rig.status.lastError?.contains(words) == true, "\(rig.status.lastError ?? "")")
    #expect(rig.answers.isEmpty && rig.status.requests == 0)
    rig.stop()
  }

  @Test func `what a black hole did not take arrives at the broker that comes after it`() throws {
    let plant = try Plant()
    let peer = try TLSPeer { _, client in Self.serve(.resetsInTheMiddle, client) }
    defer { peer.stop() }
    let broker = try Mosquitto(plant)
    defer { broker.kill() }
    let application = MQTTApplication(broker.plainPort, ["takt/#"])
    defer { application.stop() }
    var policy = MQTTPolicy(
      brokers: [peer.port, broker.plainPort].map {
        MQTTAddress(host: "127.0.0.1", port: $0, isSecure: false)
      }, clientID: "gw17", topic: .standard)
    policy.firstRetry = .milliseconds(5)
    let rig = try CourierRig(policy, tls: nil)
    defer { rig.stop() }
    let events = (1...150).map { brokerEvent($0) }
    rig.carry(events)
    application.wait("all events") { $0.messages.count >= 150 }
    #expect(application.events.map(\.payload) == events.map(\.bytes))
    #expect(rig.status.speaks?.contains(":\(broker.plainPort)") == true)
  }
}
