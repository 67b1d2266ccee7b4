// The ways to a receiver: through a proxy, over several addresses, with a token from a service.

import Delivery
import Glibc
import LinuxEdge
import Primitives
import Synchronization
import Testing

@testable import OpenSSLEdge

@Suite("HTTPS: through a proxy") struct HTTPSProxyTests {
  let plant: Plant
  let clock = SystemClock()

  init() throws { plant = try Plant() }

  /// A proxy that lets "gw17:geheim" through to a port of this machine, and notes what it reads
  /// before the tunnel; `plain` is what it carried to the receiver.
  private func proxy(to port: UInt16) throws -> TLSPeer {
    try TLSPeer { peer, client in
      var asked: [UInt8] = []
      while !asked.ends(with: "\r\n\r\n"), let bytes = readSome(client) { asked += bytes }
      let pair = Base64.encode(Array("gw17:geheim".utf8))
      guard String(decoding: asked, as: UTF8.self).contains("Basic \(pair)\r\n") else {
        _ = sendAll(client, Array("HTTP/1.1 407 No\r\nContent-Length: 3\r\n\r\nno!".utf8))
        return
      }
      let far = connectedTo(port)
      defer { close(far) }
      guard sendAll(client, Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8)) else {
        return
      }
      while true {
        var list = [
          pollfd(fd: client, events: Int16(POLLIN), revents: 0),
          pollfd(fd: far, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&list, 2, 20_000) > 0 else { return }
        if list[0].revents != 0 {
          guard let bytes = readSome(client), sendAll(far, bytes) else { return }
          peer.plain.withLock { $0 += bytes }
        }
        if list[1].revents != 0 {
          guard let bytes = readSome(far), sendAll(client, bytes) else { return }
        }
      }
    }
  }

  private func settings(_ proxy: TLSPeer, _ credentials: String?) throws -> TLSClientSettings {
    var settings = TLSClientSettings(caFile: plant.caFile)
    settings.proxy = ProxySettings(host: "127.0.0.1", port: proxy.port)
    if let credentials {
      let path = plant.scratch["proxy"]
      try FileBytes.write(Array(credentials.utf8), to: path, mode: 0o600, replace: true)
      settings.proxy?.credentialsFile = path
    }
    return settings
  }

  @Test func `TLS goes through, verified against the receiver and readable by nobody else`() throws
  {
    let receiver = try TLSPeer.tls(plant.server(hosts: ["mes.example"]))
    let proxy = try proxy(to: receiver.port)
    defer {
      proxy.stop()
      receiver.stop()
    }
    // The name is the receiver's, which only the proxy could look up.
    let journey = try Journey.make(
      settings(proxy, "gw17:geheim\n"), port: receiver.port, host: "mes.example")
    #expect(journey.received == Array("ok".utf8))
    #expect(receiver.plain.withLock { $0 } == Journey.events)
    let carried = proxy.plain.withLock { String(decoding: $0, as: UTF8.self) }
    #expect(!carried.contains("POST") && !carried.isEmpty)
    let wrong = try Journey.make(
      settings(proxy, "gw17:geheim\n"), port: receiver.port, host: "other.example")
    #expect(wrong.sentence.contains("is for mes.example and not for other.example"))
  }

  @Test func `a proxy that does not know us parks with what to do`() throws {
    let proxy = try proxy(to: 1)
    defer { proxy.stop() }
    for credentials in [nil, "gw17:falsch"] {
      let journey = try Journey.make(
        settings(proxy, credentials), port: 443, host: "mes.example")
      guard case .proxy(let sentence, isLasting: true) = journey.fault else {
        Issue.record("\(String(describing: journey.fault))")
        return
      }
      #expect(sentence.contains("answers 407") && sentence.contains("credentials file"))
      #expect(!sentence.contains("falsch"))
    }
  }

  @Test func `a file with credentials that others can read, or that has none, is named`() throws {
    let proxy = try proxy(to: 1)
    defer { proxy.stop() }
    let none = try Journey.make(settings(proxy, "geheim"), port: 443, host: "mes.example")
    #expect(none.sentence.contains("one line \"user:password\" is expected"))
    #expect(!none.sentence.contains("geheim"))
    let open = try settings(proxy, "gw17:geheim")
    chmod(plant.scratch["proxy"], 0o644)
    let journey = try Journey.make(open, port: 443, host: "mes.example")
    #expect(journey.sentence.contains("its mode is 0644"))
  }

  @Test func `a proxy that accepts and is silent leaves the deadline in charge`() throws {
    let silent = try TLSPeer { _, client in while readSome(client) != nil {} }
    defer { silent.stop() }
    var stream = try TLSStream(settings: settings(silent, nil), clock: clock)
    stream.open(StreamTarget(host: "mes.example", port: 443))
    #expect(stream.next(until: clock.now() + .milliseconds(50)) == .idle)
    stream.close()
  }
}

@Suite("HTTPS: a token from a service") struct TokenFetcherTests {
  let plant: Plant

  init() throws { plant = try Plant() }

  private func fetcher(
    _ port: UInt16, secret: String = "geheim", stops: Bool = false
  ) throws -> TokenFetcher {
    let path = plant.scratch["secret"]
    try FileBytes.write(Array(secret.utf8), to: path, mode: 0o600, replace: true)
    var service = TokenService(
      address: HTTPAddress(host: "127.0.0.1", port: port, path: "/token"), clientID: "gw17")
    service.timeout = stops ? .milliseconds(100) : .seconds(20)
    return TokenFetcher(
      service: service, secretFile: path, settings: TLSClientSettings(caFile: plant.caFile),
      userAgent: "takt", clock: SystemClock())
  }

  @Test func `while a service is silent, whoever watches the thread sees it alive`() throws {
    let peer = try TLSPeer { _, client in while readSome(client) != nil {} }
    defer { peer.stop() }
    let asked = Asked()
    let path = plant.scratch["secret"]
    try FileBytes.write(Array("geheim".utf8), to: path, mode: 0o600, replace: true)
    var service = TokenService(
      address: HTTPAddress(host: "127.0.0.1", port: peer.port), clientID: "gw17")
    service.timeout = TokenFetcher.pulse * 2 + .milliseconds(500)
    let fetcher = TokenFetcher(
      service: service, secretFile: path, settings: TLSClientSettings(caFile: plant.caFile),
      userAgent: "takt", clock: SystemClock()
    ) { asked.times.wrappingAdd(1, ordering: .relaxed).newValue > 100 }
    guard case .fault(_, isLasting: false) = fetcher.fetch() else {
      Issue.record("a silent service gave something")
      return
    }
    #expect(asked.times.load(ordering: .relaxed) >= 2)
  }

  private final class Asked: Sendable {
    let times = Atomic<Int>(0)
  }

  @Test func `it is asked over TLS and its answer used`() throws {
    let body = #"{"access_token":"abc","token_type":"Bearer","expires_in":3600}"#
    let peer = try TLSPeer.tls(
      plant.server(hosts: ["127.0.0.1"]),
      answer: HTTPResponseWriter.answer(200, body: Array(body.utf8)))
    defer { peer.stop() }
    guard case .token("abc", let staleAt?) = try fetcher(peer.port).fetch() else {
      Issue.record("no token came")
      return
    }
    let left = staleAt - SystemClock().now()
    #expect(left > .seconds(3400) && left <= .seconds(3540))
    let pair = Base64.encode(Array("gw17:geheim".utf8))
    #expect(
      peer.plain.withLock { String(decoding: $0, as: UTF8.self) }.contains("Basic \(pair)\r\n"))
  }

  @Test func `a service that is not verified never sees the secret`() throws {
    let peer = try TLSPeer.tls(plant.server(hosts: ["other.example"]))
    defer { peer.stop() }
    guard case .fault(let sentence, isLasting: true) = try fetcher(peer.port).fetch() else {
      Issue.record("it is believed")
      return
    }
    #expect(sentence.contains("token service's certificate is for other.example"))
    #expect(peer.plain.withLock { $0.isEmpty })
  }

  @Test func `one that never answers is given up, and a secret open to others not used`() throws {
    let peer = try TLSPeer { _, client in while readSome(client) != nil {} }
    defer { peer.stop() }
    guard case .fault(_, isLasting: false) = try fetcher(peer.port, stops: true).fetch() else {
      Issue.record("it answered")
      return
    }
    let open = try fetcher(peer.port)
    chmod(plant.scratch["secret"], 0o644)
    guard case .fault(let sentence, isLasting: true) = open.fetch() else {
      Issue.record("it is used")
      return
    }
    #expect(sentence.contains("its mode is 0644"))
  }
}

@Suite("HTTPS: addresses in a race") struct AddressRaceTests {
  private func address(_ family: Int32, _ last: UInt8) -> SocketAddress {
    SocketAddress(family: family, bytes: [last])
  }

  @Test func `families take turns, the resolver's first one first`() {
    let six = (1...3).map { address(AF_INET6, $0) }
    let four = (4...5).map { address(AF_INET, $0) }
    let mixed = Dial.mixed(six + four).map { $0.bytes[0] }
    #expect(mixed == [1, 4, 2, 5, 3])
    #expect(Dial.mixed(four).map { $0.bytes[0] } == [4, 5])
    #expect(Dial.mixed([]).isEmpty)
  }

  private func turn(
    _ dial: inout Dial, _ now: Instant, waiting milliseconds: Int32
  ) -> Dial.Progress {
    var list: [pollfd] = []
    dial.watch(&list)
    _ = poll(&list, nfds_t(list.count), milliseconds)
    return dial.look(list[...], now: now)
  }

  @Test func `an address that swallows is passed by after 250 ms, one that refuses at once`() throws
  {
    let swallowing = listen(backlog: 0)
    let good = listen(backlog: 4)
    let crowd = (0..<2).map { _ in connectedTo(boundPort(swallowing), waits: false) }
    defer { for descriptor in [swallowing, good] + crowd { close(descriptor) } }
    func place(_ port: UInt16) throws -> SocketAddress {
      try SocketAddress.find(StreamTarget(host: "127.0.0.1", port: port))[0]
    }
    var dial = Dial()
    let start = SystemClock().now()
    dial.race([try place(boundPort(swallowing)), try place(boundPort(good))], start)
    let due = dial.deadline
    #expect(due == start + .milliseconds(250))
    guard case .waiting = turn(&dial, start + .milliseconds(249), waiting: 0) else {
      Issue.record("the one that swallows is decided")
      return
    }
    guard case .waiting = turn(&dial, start + .milliseconds(250), waiting: 0) else {
      Issue.record("the next one is decided before it was polled")
      return
    }
    guard case .connected(let winner) = turn(&dial, start + .milliseconds(251), waiting: 20_000)
    else {
      Issue.record("nobody wins")
      return
    }
    defer { close(winner) }
    var peer = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &peer) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = getpeername(winner, $0, &size)
      }
    }
    #expect(UInt16(bigEndian: peer.sin_port) == boundPort(good))
  }

  @Test func `a name that nobody knows is told by the resolver's thread`() throws {
    let clock = SystemClock()
    var stream = PlainStream(clock: clock)
    stream.open(StreamTarget(host: "no such host", port: 1))
    guard case .ended(.nameUnknown(let why)) = stream.wait(until: clock.now() + .seconds(20))
    else {
      Issue.record("it has an address")
      return
    }
    #expect(why.contains("check"))
  }

  @Test func `a question that is out is joined`() throws {
    var desk = NameDesk()
    let target = StreamTarget(host: "no such host", port: 1)
    let first = try desk.ask(target)
    let second = try desk.ask(target)
    // Either it was still out and joined, or it was answered and asked anew.
    #expect(second === first || first.result != nil)
  }
}

extension [UInt8] {
  fileprivate func ends(with text: String) -> Bool {
    suffix(text.utf8.count).elementsEqual(text.utf8)
  }
}
