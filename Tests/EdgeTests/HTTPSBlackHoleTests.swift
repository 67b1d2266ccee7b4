// Receivers that swallow: each way over real sockets and TLS, with a stated reaction, nothing
// delivered and nothing lost. What takes minutes is proved on virtual time in DeliveryTests.

import Delivery
import Glibc
import LinuxEdge
import Outbox
import Primitives
import Testing

@testable import Gateway
@testable import OpenSSLEdge

@Suite("HTTPS: black holes", .serialized) struct HTTPSBlackHoleTests {
  /// How a receiver misbehaves.
  enum Hole: String, CaseIterable, Sendable {
    case refuses
    /// The packets that should open a connection vanish.
    case drops
    case acceptsAndNeverReads
    case shakesHandsAndNeverReads
    case readsAndNeverAnswers
    case answersByteByByte
    case resetsInTheMiddle
    case sendsAnAlert
    case writesTenThousandLines
    case pointsElsewhere
    case hangsUp

    /// What the courier says about it.
    var words: String {
      switch self {
      case .refuses: "not reachable"
      case .drops, .acceptsAndNeverReads: "not open within 150 ms"
      case .shakesHandsAndNeverReads, .readsAndNeverAnswers: "no byte within 150 ms"
      case .answersByteByByte: "not complete within 300 ms"
      case .resetsInTheMiddle, .hangsUp: "the connection broke"
      case .sendsAnAlert: "no agreement on TLS"
      case .writesTenThousandLines: "the header fields are longer than allowed"
      case .pointsElsewhere: "never followed"
      }
    }

    /// Whether it gets as far as a handshake; then connecting has all the time it needs.
    var shakesHands: Bool {
      switch self {
      case .refuses, .drops, .acceptsAndNeverReads: false
      case .shakesHandsAndNeverReads, .readsAndNeverAnswers, .answersByteByByte,
        .resetsInTheMiddle, .sendsAnAlert, .writesTenThousandLines, .pointsElsewhere, .hangsUp:
        true
      }
    }
  }

  /// Until the other side gives up; nothing is taken out of the socket.
  private static func untilHungUp(_ client: Int32) {
    // POLLRDHUP, which Swift does not import.
    var entry = pollfd(fd: client, events: 0x2000, revents: 0)
    _ = poll(&entry, 1, 20_000)
  }

  private static func serve(_ hole: Hole, _ client: Int32, _ files: PeerFiles) {
    guard hole.shakesHands else { return untilHungUp(client) }
    guard
      let context = try? TLSServerContext(certificateFile: files.certificate, keyFile: files.key),
      var session = try? TLSServerSession(context)
    else { return }
    var isBegun = false
    while !isBegun, let bytes = readSome(client) {
      session.feed(bytes)
      guard sendAll(client, session.takeOutput()) else { return }
      if hole == .shakesHandsAndNeverReads, session.state == .open { return untilHungUp(client) }
      isBegun = !session.takePlain().isEmpty
    }
    func say(_ text: String) -> Bool {
      session.write(Array(text.utf8))
      return sendAll(client, session.takeOutput())
    }
    switch hole {
    case .refuses, .drops, .acceptsAndNeverReads, .shakesHandsAndNeverReads: return
    case .readsAndNeverAnswers: while readSome(client) != nil {}
    case .answersByteByByte:
      var entry = pollfd(fd: client, events: 0x2000, revents: 0)
      guard say("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n") else { return }
      while poll(&entry, 1, 20) == 0, say("x") {}
    case .resetsInTheMiddle:
      guard say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") else { return }
      var now = linger(l_onoff: 1, l_linger: 0)
      setsockopt(client, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    case .sendsAnAlert:
      _ = sendAll(client, [21, 3, 3, 0, 2, 2, 40])
      while readSome(client) != nil {}
    case .writesTenThousandLines:
      _ = say("HTTP/1.1 200 OK\r\n" + String(repeating: "X-Line: 1\r\n", count: 10_000) + "\r\n")
      while readSome(client) != nil {}
    case .pointsElsewhere:
      _ = say(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: https://127.0.0.1:1/\r\n"
          + "Content-Length: 0\r\n\r\n")
      while readSome(client) != nil {}
    case .hangsUp: _ = say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    }
  }

  private static func courier(_ port: UInt16, _ hole: Hole) -> Courier {
    var policy = UplinkPolicy(address: HTTPAddress(host: "127.0.0.1", port: port))
    policy.connectTimeout = hole.shakesHands ? .seconds(20) : .milliseconds(150)
    policy.idleTimeout = hole == .answersByteByByte ? .seconds(20) : .milliseconds(150)
    policy.answerTimeout = .milliseconds(300)
    if !hole.shakesHands { policy.answerTimeout = .seconds(20) }
    policy.firstRetry = .milliseconds(5)
    policy.lastRetry = .milliseconds(20)
    return Courier(policy: policy, digest: SHA256.digest)
  }

  @Test(arguments: Hole.allCases)
  func `F39: whatever swallows the connection, it is said, and tried again`(hole: Hole) throws {
    let plant = try Plant()
    let files = try plant.server(hosts: ["127.0.0.1"])
    let peer = try TLSPeer { _, client in Self.serve(hole, client, files) }
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
    let clock = SystemClock()
    let link = CourierLink(name: "hole", wakeCourier: {}, wakeRecorder: {})
    // A body that no pair of socket buffers holds.
    let events = (1...100).map { number in
      StoredEvent(
        sequence: UInt64(number), bytes: [UInt8](repeating: 0x20, count: 16_000), digest: [], due: 1
      )
    }
    let isTaken = link.post(Parcel(events: events, previous: 0))
    #expect(isTaken)
    var step = CourierStep(
      courier: Self.courier(port, hole),
      stream: try TLSStream(settings: TLSClientSettings(caFile: plant.caFile), clock: clock),
      link: link, seed: 1, readToken: { nil })
    let end = clock.now() + .seconds(60)
    let wanted = hole == .pointsElsewhere ? 1 : 2
    while link.status.newest?.failures ?? 0 < wanted, clock.now() < end { step.turn(clock: clock) }
    let status = try #require(link.status.newest)
    #expect(status.lastError?.contains(hole.words) == true, "\(status.lastError ?? "nothing")")
    #expect(status.failures >= wanted && status.connections >= wanted)
    #expect(status.deliveredEvents == 0 && link.takeAnswers().isEmpty)
    #expect((status.state == "parked") == (hole == .pointsElsewhere))
    step.close()
  }
}
