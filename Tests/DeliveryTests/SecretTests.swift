// Tokens: how a courier gets, uses, renews and does without them, and what a token service says.

import Outbox
import Primitives
import Testing

@testable import Delivery

@Suite struct `Tokens of a courier` {
  private static func bench(_ secrets: [Secret]) -> Bench {
    var bench = Bench { $0.secret = .service }
    bench.secrets = secrets
    return bench
  }

  private func token(_ name: String, _ bench: Bench, seconds: Int64 = 3540) -> Secret {
    .token(name, staleAt: bench.now + .seconds(seconds))
  }

  @Test func `a service is asked before the first connection, and its token is sent`() throws {
    var bench = Self.bench([])
    bench.secrets = [token("first", bench)]
    try bench.offer(parcel(1...2))
    #expect(bench.courier.state == .refreshing && bench.opens == 0)
    try bench.untilSending()
    #expect(bench.requests.last?.fields["Authorization"] == "Bearer first")
    #expect(bench.reloads == 1)
  }

  @Test func `a token that holds is used for the next parcels, one that is stale is not`() throws {
    var bench = Self.bench([])
    bench.secrets = [token("first", bench), token("second", bench, seconds: 9000)]
    try bench.offer(parcel(1...1))
    try bench.untilSending()
    try bench.answer(200)
    try bench.offer(parcel(2...2))
    #expect(bench.reloads == 1 && bench.requests.count == 2)
    try bench.answer(200)
    bench.now = bench.now + .seconds(3541)
    try bench.offer(parcel(3...3))
    try bench.untilSending()
    #expect(bench.requests.map { $0.fields["Authorization"] ?? "" }.last == "Bearer second")
    #expect(bench.reloads == 2)
  }

  @Test func `a token that is refused is renewed once, then a person is asked`() throws {
    var bench = Self.bench([])
    bench.secrets = [token("first", bench), token("second", bench), token("third", bench)]
    try bench.offer(parcel(1...1))
    try bench.untilSending()
    try bench.answer(401)
    #expect(bench.courier.status.state == "retrying")
    try bench.untilSending()
    #expect(bench.requests.last?.fields["Authorization"] == "Bearer second")
    try bench.answer(401)
    #expect(bench.courier.status.state == "parked" && bench.reloads == 2)
    try bench.untilSending()
    try bench.answer(200)
    #expect(bench.delivered == [1])
  }

  @Test(arguments: [(true, "parked"), (false, "retrying")])
  func `without a token nothing is sent`(isLasting: Bool, state: String) throws {
    var bench = Self.bench([.fault("asking for a token: no", isLasting: isLasting)])
    try bench.offer(parcel(1...1))
    try bench.skip()
    #expect(bench.courier.status.state == state)
    #expect(bench.courier.status.lastError == "asking for a token: no")
    #expect(bench.opens == 0)
    bench.secrets = [token("late", bench, seconds: 36_000)]
    try bench.untilSending()
    #expect(bench.requests.last?.fields["Authorization"] == "Bearer late")
  }

  @Test func `a driver that brings nothing is a failure and no endless loop`() throws {
    var bench = Self.bench([])
    try bench.offer(parcel(1...1))
    try bench.skip()
    #expect(bench.courier.status.lastError == "asking for a token: none came")
    #expect(try #require(bench.courier.nextDeadline) > bench.now)
  }

  @Test func `a token's file is read for each connection, and one half-written changes nothing`()
    throws
  {
    var bench = Bench(token: nil) { $0.secret = .file }
    bench.secrets = [.token("old", staleAt: nil), .kept(why: "half written")]
    try bench.offer(parcel(1...1))
    try bench.untilSending()
    try bench.answer(200, keepsAlive: false)
    try bench.offer(parcel(2...2))
    try bench.untilSending()
    #expect(
      bench.requests.map { $0.fields["Authorization"] ?? "" } == ["Bearer old", "Bearer old"])
    #expect(bench.courier.status.conditions == ["half written"])
    try bench.answer(200, keepsAlive: false)
    bench.secrets = [.token("new", staleAt: nil)]
    try bench.offer(parcel(3...3))
    try bench.untilSending()
    #expect(bench.requests.last?.fields["Authorization"] == "Bearer new")
    #expect(bench.courier.status.conditions.isEmpty)
  }
}

@Suite struct `What a token service says` {
  private let now = Instant(nanoseconds: 5_000_000_000)
  private static let service = TokenService(
    address: HTTPAddress(host: "login.example", path: "/token"), clientID: "gw 17",
    scope: "events:write")

  private func ask(_ status: Int, _ body: String) throws -> Secret {
    var exchange = TokenExchange(Self.service, clientSecret: "geheim+1", userAgent: "takt")
    let secret = exchange.read(
      HTTPResponseWriter.answer(status, body: Array(body.utf8)), now: now)
    return try #require(secret)
  }

  @Test func `the request is that of RFC 6749, with both halves of the pair encoded`() throws {
    let exchange = TokenExchange(Self.service, clientSecret: "geheim+1", userAgent: "takt")
    var reader = HTTPRequestReader()
    reader.feed(exchange.request)
    let next = try reader.next()
    let request = try #require(next)
    #expect(request.method == "POST" && request.target == "/token")
    #expect(
      String(decoding: request.body, as: UTF8.self)
        == "grant_type=client_credentials&scope=events%3Awrite")
    let pair = Base64.encode(Array("gw%2017:geheim%2B1".utf8))
    #expect(request.fields["Authorization"] == "Basic \(pair)")
  }

  @Test(arguments: [
    (#"{"access_token":"abc","token_type":"Bearer","expires_in":3600}"#, 3540),
    (#"{"access_token":"abc","expires_in":90}"#, 45), (#"{"access_token":"abc"}"#, 240),
    (#"{"access_token":"abc","token_type":"bearer","expires_in":99999999}"#, 86_340),
    (#"{"access_token":"abc","expires_in":-5}"#, 0),
  ])
  func `a token is used until a minute before its end`(body: String, seconds: Int64) throws {
    #expect(try ask(200, body) == .token("abc", staleAt: now + .seconds(seconds)))
  }

  @Test(arguments: [
    (200, #"{"access_token":"a b"}"#, true), (200, "no json", true), (200, "{}", true),
    (200, #"{"access_token":"abc","token_type":"mac"}"#, true),
    (400, #"{"error":"invalid_scope"}"#, true), (401, #"{"error":"invalid_client"}"#, true),
    (302, "", true), (429, "", false), (503, "", false), (500, "", false),
  ])
  func `what is no token says whether a person has to help`(
    status: Int, body: String, isLasting: Bool
  ) throws {
    guard case .fault(let sentence, isLasting) = try ask(status, body) else {
      Issue.record("\(status) is taken for another thing")
      return
    }
    #expect(sentence.contains("https://login.example/token") && !sentence.contains("geheim"))
    if status == 401 { #expect(sentence.contains("invalid_client")) }
  }

  @Test func `an answer of a gigabyte is given up at 64 KiB`() throws {
    var exchange = TokenExchange(Self.service, clientSecret: "s", userAgent: "takt")
    let head = Array("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n".utf8)
    let first = exchange.read(head, now: now)
    #expect(first == nil)
    var pieces = 0
    var secret: Secret?
    while secret == nil, pieces < 100 {
      secret = exchange.read([UInt8](repeating: 32, count: 16_384), now: now)
      pieces += 1
    }
    #expect(pieces == 5)
    guard case .fault = secret else {
      Issue.record("\(String(describing: secret))")
      return
    }
  }

  @Test func `an end before the answer says why`() {
    var exchange = TokenExchange(Self.service, clientSecret: "s", userAgent: "takt")
    let certificate = exchange.ended(.certificate("expired"), now: now)
    let refused = exchange.ended(.unreachable("connection refused"), now: now)
    guard case .fault(let first, true) = certificate, case .fault(let second, false) = refused
    else {
      Issue.record("\(certificate), \(refused)")
      return
    }
    #expect(first.contains("expired") && second.contains("connection refused"))
  }
}

@Suite struct `Through a proxy` {
  private let target = StreamTarget(host: "mes.example", port: 8443)
  private let proxy = ProxySettings(host: "proxy.example", port: 3128)

  private func said(_ answer: String) -> ProxyDialogue.Outcome {
    var dialogue = ProxyDialogue(proxy: proxy, target: target, credentials: nil)
    return dialogue.read(Array(answer.utf8))
  }

  @Test func `the request names the receiver with its port, and who we are`() {
    let dialogue = ProxyDialogue(proxy: proxy, target: target, credentials: "gw17:pass:word")
    let pair = Base64.encode(Array("gw17:pass:word".utf8))
    #expect(
      String(decoding: dialogue.request, as: UTF8.self)
        == "CONNECT mes.example:8443 HTTP/1.1\r\nHost: mes.example:8443\r\n"
        + "Proxy-Authorization: Basic \(pair)\r\n\r\n")
    let six = ProxyDialogue(
      proxy: proxy, target: StreamTarget(host: "fe80::1", port: 443), credentials: nil)
    #expect(String(decoding: six.request, as: UTF8.self).hasPrefix("CONNECT [fe80::1]:443 HTTP"))
  }

  @Test func `the way is open after the head, whatever its fields say`() {
    #expect(said("HTTP/1.1 200 Connection established\r\n\r\n") == .open([]))
    #expect(said("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nabc") == .open(Array("abc".utf8)))
    #expect(said("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n") == .open([]))
    #expect(said("HTTP/1.1 200 Connec") == .more)
  }

  @Test func `each cut of the answer leads to the same`() {
    let answer = Array("HTTP/1.1 200 OK\r\nVia: x\r\n\r\nrest".utf8)
    for cut in 1..<answer.count {
      var dialogue = ProxyDialogue(proxy: proxy, target: target, credentials: nil)
      var rest: [UInt8] = []
      var isOpen = false
      for piece in [answer[..<cut], answer[cut...]] {
        guard !isOpen else {
          rest += piece
          continue
        }
        if case .open(let bytes) = dialogue.read(Array(piece)) { (isOpen, rest) = (true, bytes) }
      }
      #expect(isOpen && rest == Array("rest".utf8))
    }
  }

  @Test(arguments: [
    ("HTTP/1.1 407 Proxy Authentication Required", "credentials file", true),
    ("HTTP/1.1 403 Forbidden", "have it allow this gateway", true),
    ("HTTP/1.1 302 Found", "never followed", true),
    ("HTTP/1.1 502 Bad Gateway", "can't reach the receiver", false),
    ("HTTP/1.1 503 Service Unavailable", "can't reach the receiver", false),
    ("SSH-2.0-OpenSSH_9.2", "no HTTP proxy", true),
    ("HTTP/1.1 abc", "no HTTP proxy", true),
  ])
  func `a refusal says what to do`(line: String, words: String, isLasting: Bool) {
    guard case .refused(.proxy(let sentence, isLasting)) = said("\(line)\r\n\r\n") else {
      Issue.record("\(said("\(line)\r\n\r\n"))")
      return
    }
    #expect(sentence.contains(words) && sentence.contains("proxy.example:3128"))
  }

  @Test func `ten thousand lines are too many, and a courier parks or retries`() throws {
    let lines = String(repeating: "X-Line: 1\r\n", count: 10_000)
    guard case .refused(.proxy(_, false)) = said("HTTP/1.1 200 OK\r\n\(lines)\r\n") else {
      Issue.record("the head is taken")
      return
    }
    var bench = Bench()
    try bench.offer(parcel(1...1))
    try bench.handle(.ended(.proxy("proxy p answers 407", isLasting: true)))
    #expect(bench.courier.status.state == "parked")
    #expect(bench.courier.status.alarm == "connecting to mes.example:443: proxy p answers 407")
    try bench.skip()
    try bench.handle(.ended(.proxy("proxy p answers 503", isLasting: false)))
    #expect(bench.courier.status.state == "retrying")
  }
}

@Suite struct `Certificates that end, and the time they are checked at` {
  private static let day: Int64 = 86_400_000
  private let end = WallTime(milliseconds: 1_800_000_000_000)

  @Test(
    arguments: [
      (31, nil), (30, "within 30 days"), (15, "within 30 days"), (14, "within 14 days"),
      (8, "within 14 days"), (7, "within 7 days"), (2, "within 7 days"), (1, "within 1 day;"),
      (0, "within 1 day;"), (-1, "expired on"),
    ] as [(Int64, String?)])
  func `the end is told at 30, 14, 7 and 1 days, and after it`(days: Int64, words: String?) {
    let expiry = CertificateExpiry(subject: "our own certificate a.pem", notAfter: end)
    let told = expiry.condition(at: WallTime(milliseconds: end.milliseconds - days * Self.day))
    #expect(words.map { told?.contains($0) == true } ?? (told == nil), "\(told ?? "nothing")")
  }

  @Test func `a condition stays the same between two steps`() {
    let expiry = CertificateExpiry(subject: "x", notAfter: end)
    let told = Set(
      (0...45 * 24).map {
        expiry.condition(at: WallTime(milliseconds: end.milliseconds - $0 * 3_600_000))
      })
    #expect(told.count == 5)
  }

  @Test(arguments: ClockQuality.allCases)
  func `F40: only a clock that nothing sets is moved to what is known`(quality: ClockQuality) {
    func time(_ wall: Int64, _ evidence: Int64?) -> Int64 {
      TrustedTime.verification(
        ClockReading(
          monotonic: .boot, wall: WallTime(milliseconds: wall), quality: quality, bootID: "b"),
        evidence: evidence.map { WallTime(milliseconds: $0) }
      ).milliseconds
    }
    #expect(time(0, 500) == (quality == .synchronised ? 0 : 500))
    #expect(time(900, 500) == 900)
    #expect(time(900, nil) == 900)
  }
}
