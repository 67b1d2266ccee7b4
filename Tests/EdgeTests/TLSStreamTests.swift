// The stream itself: versions, addresses, ends, deadlines, wake-ups, large bodies, real answers.

import Delivery
import Glibc
import LinuxEdge
import OpenSSLEdge
import Outbox
import Primitives
import Synchronization
import Testing

@Suite("TLS: the stream") struct TLSStreamTests {
  let plant: Plant
  let clock = SystemClock()

  init() throws { plant = try Plant() }

  private var settings: TLSClientSettings {
    TLSClientSettings(caFile: plant.caFile, serverName: "mes.example")
  }

  @Test(arguments: [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
  func `both allowed versions work against OpenSSL's own server`(
    option: String, name: String
  ) throws {
    let server = try OpenSSLServer(plant.server(), [option])
    defer { server.stop() }
    let get = Array("GET / HTTP/1.0\r\n\r\n".utf8)
    let journey = try Journey.make(settings, port: server.port, events: get)
    #expect(journey.opened)
    #expect(String(decoding: journey.received, as: UTF8.self).contains(name))
  }

  @Test func `TLS 1.2 can be switched off`() throws {
    let server = try OpenSSLServer(plant.server(), ["-tls1_2"])
    defer { server.stop() }
    var only = settings
    only.minimumVersion = .tls13
    let journey = try Journey.make(only, port: server.port)
    #expect(!journey.opened && journey.sentence.contains("no TLS version that is allowed"))
  }

  @Test func `an address is proved by the certificate's address`() throws {
    let peer = try TLSPeer.tls(plant.server(hosts: ["127.0.0.1", "::1"]))
    defer { peer.stop() }
    let journey = try Journey.make(TLSClientSettings(caFile: plant.caFile), port: peer.port)
    #expect(journey.opened && journey.received == Array("ok".utf8))
  }

  @Test func `a name with a dead IPv6 address is reached by its IPv4 one`() throws {
    let peer = try TLSPeer.tls(plant.server(hosts: ["localhost"]))
    defer { peer.stop() }
    let journey = try Journey.make(
      TLSClientSettings(caFile: plant.caFile), port: peer.port, host: "localhost")
    #expect(journey.opened && journey.received == Array("ok".utf8))
  }

  @Test func `an end with a farewell and one without are told apart`() throws {
    let polite = try TLSPeer.tls(plant.server())
    let rude = try TLSPeer.tls(plant.server(), ending: .cut)
    defer {
      polite.stop()
      rude.stop()
    }
    let finished = try Journey.make(settings, port: polite.port)
    #expect(finished.fault == .finished)
    let cut = try Journey.make(settings, port: rude.port)
    #expect(cut.opened && cut.received == Array("ok".utf8))
    guard case .closed = cut.fault else {
      Issue.record("\(String(describing: cut.fault))")
      return
    }
  }

  @Test func `nobody listening, and a name that does not exist`() throws {
    let listener = listen(backlog: 1)
    let port = boundPort(listener)
    close(listener)
    let refused = try Journey.make(settings, port: port)
    #expect(refused.fault == .unreachable("connection refused"))
    let unknown = try Journey.make(settings, port: 1, host: "no such host")
    guard case .nameUnknown = unknown.fault else {
      Issue.record("\(String(describing: unknown.fault))")
      return
    }
  }

  @Test func `a large body passes both ways`() throws {
    let answer = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let peer = try TLSPeer.tls(plant.server(), answer: answer)
    defer { peer.stop() }
    let body = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
    let journey = try Journey.make(settings, port: peer.port, events: body)
    #expect(journey.received == answer)
    #expect(peer.plain.withLock { $0 } == body)
  }

  @Test func `F46: a receiver that accepts and is silent leaves the deadline in charge`() throws {
    let listener = listen(backlog: 4)
    defer { close(listener) }
    var stream = try TLSStream(settings: settings, clock: clock)
    stream.open(StreamTarget(host: "127.0.0.1", port: boundPort(listener)))
    #expect(stream.next(until: clock.now() + .milliseconds(30)) == .idle)
    stream.close()
    #expect(stream.next(until: clock.now()) == .idle)
  }

  @Test func `a wake-up ends a wait, connected or not, and once`() throws {
    let listener = listen(backlog: 4)
    defer { close(listener) }
    let bell = try WakeUp()
    var stream = try TLSStream(settings: settings, clock: clock, wake: bell.descriptor)
    bell.signal()
    #expect(stream.next(until: .distantFuture) == .idle)
    stream.open(StreamTarget(host: "127.0.0.1", port: boundPort(listener)))
    bell.signal()
    #expect(stream.next(until: .distantFuture) == .idle)
    #expect(!bell.drain())
  }

  @Test func `a stream is used again after its end, many times without a leak`() throws {
    let peer = try TLSPeer.tls(plant.server())
    defer { peer.stop() }
    var stream = try TLSStream(settings: settings, clock: clock)
    var lowest: Int32 = -1
    for round in 0..<30 {
      stream.open(StreamTarget(host: "127.0.0.1", port: peer.port))
      #expect(stream.next(until: clock.now() + .seconds(20)) == .opened)
      stream.send([1])
      var event = StreamEvent.idle
      while event != .ended(.finished) {
        event = stream.next(until: clock.now() + .seconds(20))
        guard event != .idle else { break }
      }
      #expect(event == .ended(.finished))
      if round == 0 { lowest = peer.plain.withLock { Int32($0.count) } }
    }
    #expect(lowest == 1)
    #expect(peer.plain.withLock { $0.count } == 30)
  }

  @Test func `a courier delivers over a real connection and isolates the event refused`() throws {
    let accepted = Mutex<[UInt64]>([])
    let peer = try TLSPeer.http(plant.server()) { request in
      let sequences = request.sequences
      guard !sequences.contains(13) else { return 422 }
      accepted.withLock { $0 += sequences }
      return 200
    }
    defer { peer.stop() }
    var policy = UplinkPolicy(address: HTTPAddress(host: "127.0.0.1", port: peer.port))
    policy.maxEvents = 10
    var courier = Courier(policy: policy, digest: SHA256.digest)
    var stream = try TLSStream(settings: settings, clock: clock)
    var generator = SeededGenerator(seed: 1)
    let events = (1...50).map { number in
      StoredEvent(
        sequence: UInt64(number), bytes: Array("{\"n\":\(number)}".utf8), digest: [], due: 1)
    }
    var answers: [Answer] = []
    var actions = courier.offer(
      Parcel(events: events, previous: 0), now: stamp, using: &generator)
    let end = clock.now() + .seconds(20)
    while !courier.wantsParcel, clock.now() < end {
      for action in actions {
        switch action {
        case .open(let target): stream.open(target)
        case .send(let bytes): stream.send(bytes)
        case .close: stream.close()
        case .report(let answer): answers.append(answer)
        case .wantParcel, .reloadToken: break
        }
      }
      guard !courier.wantsParcel else { break }
      let event = stream.next(until: courier.nextDeadline ?? end)
      actions = courier.handle(event, now: stamp, using: &generator)
    }
    for case .report(let answer) in actions { answers.append(answer) }
    #expect(accepted.withLock { $0 } == (1...50).filter { $0 != 13 })
    #expect(answers.contains(.refused(events[12], status: 422, body: "")))
    #expect(answers.last == .delivered(through: 50))
    #expect(courier.status.failures == 0)
  }

  private var stamp: Stamp { Stamp(clock.now(), clock.reading()) }
}

extension TLSStream {
  /// `wait`, in a form that the expectations' macro takes.
  mutating func next(until deadline: Instant) -> StreamEvent { wait(until: deadline) }
}

extension HTTPRequest {
  /// The numbers of the events in the body, after their digest was checked.
  fileprivate var sequences: [UInt64] {
    guard fields["Content-Digest"] == "sha-256=:\(Base64.encode(SHA256.digest(body))):" else {
      return []
    }
    return ((try? JSONValue(parsing: body))?.array ?? []).compactMap {
      $0["n"]?.integer.map(UInt64.init)
    }
  }
}

extension TLSPeer {
  /// A receiver that speaks HTTP over TLS and answers each request with a status.
  fileprivate static func http(
    _ files: PeerFiles, _ judge: @escaping @Sendable (HTTPRequest) -> Int
  ) throws -> TLSPeer {
    try TLSPeer { _, client in
      guard
        let context = try? TLSServerContext(certificateFile: files.certificate, keyFile: files.key),
        var session = try? TLSServerSession(context)
      else { return }
      var reader = HTTPRequestReader()
      while let bytes = readSome(client) {
        session.feed(bytes)
        reader.feed(session.takePlain())
        while let request = try? reader.next() {
          session.write(HTTPResponseWriter.answer(judge(request)))
        }
        guard sendAll(client, session.takeOutput()), !session.ended else { return }
      }
    }
  }
}
