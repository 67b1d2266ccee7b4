// Brokers that are none: each way of swallowing a connection, over real sockets, with a stated
// reaction, nothing delivered and nothing lost.

import Delivery
import Glibc
import LinuxEdge
import Outbox
import Primitives
import Testing

@testable import Gateway

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
    case announcesAGiantPacket
    case babbles

    /// What the courier says about it.
    var words: String {
      switch self {
      case .refuses: "not reachable"
      case .neverReads, .neverAnswers: "no CONNACK"
      case .answersConnectOnly, .oneByteAtATime: "no acknowledgement within"
      case .resetsInTheMiddle: "the connection broke"
      case .talksAnotherProtocol, .babbles: "reading MQTT"
      case .announcesAGiantPacket: "268435460 bytes"
      }
    }
  }

  private static let welcome = MQTTPacket.connack(MQTTConnack(reason: 0)).bytes(.five)

  private static func serve(_ hole: Hole, _ client: Int32) {
    switch hole {
    case .refuses: return
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
    if hole == .refuses {
      let listener = listen(backlog: 1)
      port = boundPort(listener)
      close(listener)
    }
    var policy = MQTTPolicy(
      brokers: [MQTTAddress(host: "127.0.0.1", port: port, isSecure: false)], clientID: "gw17",
      topic: .standard)
    policy.answerTimeout = .milliseconds(100)
    policy.firstRetry = .milliseconds(5)
    policy.lastRetry = .milliseconds(20)
    let rig = try CourierRig(policy, tls: nil)
    #expect(rig.link.post(Parcel(events: (1...100).map { brokerEvent($0) }, previous: 0)))
    rig.wait("the third failure") { rig.status.failures >= 3 }
    #expect(rig.status.lastError?.contains(hole.words) == true, "\(rig.status.lastError ?? "")")
    #expect(rig.answers.isEmpty && rig.status.connections >= 3)
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
