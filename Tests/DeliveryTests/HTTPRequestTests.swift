// The server's reader, and the small readers of addresses and dates.

import Delivery
import Primitives
import Testing

/// All requests in the bytes, fed in the pieces that `cut` gives, until a fault.
private func read(
  _ bytes: [UInt8], limits: HTTPLimits = .request, cut: (Int) -> Int = { $0 }
) -> (requests: [HTTPRequest], fault: HTTPFault?) {
  var reader = HTTPRequestReader(limits: limits)
  var requests: [HTTPRequest] = []
  var index = 0
  do throws(HTTPFault) {
    while index < bytes.count {
      let end = min(bytes.count, index + max(1, cut(bytes.count - index)))
      reader.feed(Array(bytes[index..<end]))
      while let request = try reader.next() { requests.append(request) }
      index = end
    }
    return (requests, nil)
  } catch {
    return (requests, error)
  }
}

@Suite struct `Reading requests` {
  static let samples = [
    "POST /v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
    "GET /status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  ]

  @Test func `requests of one connection are told apart however they are cut`() {
    let bytes = Array(Self.samples.joined().utf8)
    let whole = read(bytes)
    #expect(whole.fault == nil)
    #expect(whole.requests.map(\.body) == [Array("body".utf8), [], Array("abc".utf8)])
    #expect(whole.requests.map(\.method) == ["POST", "GET", "POST"])
    #expect(whole.requests.map(\.keepsAlive) == [true, false, true])
    #expect(read(bytes) { _ in 1 }.requests == whole.requests)
    for seed in 0..<200 as Range<UInt64> {
      var chance = SeededGenerator(seed: seed)
      let pieces = read(bytes) { Int.random(in: 1...min(20, $0), using: &chance) }
      #expect(pieces.requests == whole.requests && pieces.fault == nil)
    }
  }

  @Test(
    arguments: [
      ("POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n", 413),
      ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n", 413),
      ("GET / HTTP/1.1\r\na: 1\r\na: 1\r\na: 1\r\na: 1\r\n\r\n", 431),
      ("GET / HTTP/1.1\r\n" + String(repeating: "a", count: 300), 431),
      ("GET / HTTP/3.0\r\n\r\n", 505), ("GET /\r\n\r\n", 400), ("hello\r\n\r\n", 400),
      ("POST / HTTP/1.1\r\nTransfer-Encoding: br\r\n\r\n", 501),
      ("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
      ("G=T / HTTP/1.1\r\n\r\n", 200), ("G T / HTTP/1.1\r\n\r\n", 400),
    ])
  func `a request that is not taken has its status`(text: String, status: Int) {
    let limits = HTTPLimits(headBytes: 200, fieldCount: 3, bodyBytes: 10)
    let name = text.hasPrefix("G=T") ? 400 : status
    #expect(read(Array(text.utf8), limits: limits).fault?.status == name)
  }

  @Test func `after a fault the connection stays broken`() throws {
    var reader = HTTPRequestReader()
    reader.feed(Array("nonsense\r\n\r\n".utf8))
    #expect(throws: HTTPFault.self) { try reader.next() }
    reader.feed(Array(Self.samples[1].utf8))
    #expect(throws: HTTPFault.self) { try reader.next() }
  }

  @Test func `a client that holds its body back is noticed`() throws {
    var reader = HTTPRequestReader()
    reader.feed(
      Array("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n".utf8))
    #expect(try reader.next() == nil)
    #expect(reader.asksToGoOn && reader.isInsideRequest)
    reader.wentOn()
    reader.feed(Array("ok".utf8))
    #expect(try reader.next()?.body == Array("ok".utf8))
    #expect(!reader.asksToGoOn && !reader.isInsideRequest)
  }

  @Test func `random bytes never trap, ten thousand seeds`() {
    for seed in 0..<10_000 as Range<UInt64> {
      var chance = SeededGenerator(seed: seed)
      let bytes = disturbed(Self.samples, &chance)
      _ = read(bytes) { Int.random(in: 1...$0, using: &chance) }
    }
  }

  @Test(arguments: [200, 204, 413, 599])
  func `what is written as an answer is read as the same answer`(status: Int) throws {
    var fields = HTTPFields()
    fields.add("Retry-After", "5")
    let isTaken = [fields.add("X", "a\r\nInjected: yes"), fields.add("bad name", "x")]
    #expect(isTaken == [false, false])
    var reader = HTTPResponseReader()
    let bytes = HTTPResponseWriter.answer(
      status, fields: fields, body: Array("why".utf8), keepsAlive: false)
    let response = try #require(try reader.read(bytes))
    #expect(response.status == status && !response.keepsAlive)
    #expect(response.fields["retry-after"] == "5" && response.fields["Injected"] == nil)
    #expect(response.body == (status == 204 ? [] : Array("why".utf8)))
  }
}

@Suite struct `Addresses and dates` {
  @Test(
    arguments: [
      ("https://mes.example/v1/events", "mes.example", 443, "/v1/events", "mes.example"),
      ("HTTPS://mes.example:8443", "mes.example", 8443, "/", "mes.example:8443"),
      ("https://10.0.0.1:443/?a=b", "10.0.0.1", 443, "/?a=b", "10.0.0.1"),
      ("https://mes.example?x=1", "mes.example", 443, "/?x=1", "mes.example"),
      ("https://[fe80::1]:9/x", "fe80::1", 9, "/x", "[fe80::1]:9"),
      ("https://[::1]", "::1", 443, "/", "[::1]"),
    ] as [(String, String, UInt16, String, String)])
  func `an address is taken apart`(
    text: String, host: String, port: UInt16, path: String, authority: String
  ) throws {
    let address = try #require(HTTPAddress(text: text))
    #expect((address.host, address.port, address.path) == (host, port, path))
    #expect(address.authority == authority)
  }

  @Test(
    arguments: [
      "", "http://mes.example/", "https://", "https:///x", "https://user:pw@mes.example/",
      "https://mes.example:0/", "https://mes.example:65536/", "https://mes.example:/",
      "https://mes.example:80:90/", "https://mes.example/#part", "https://mes example/",
      "https://[::1/", "https://[mes]/", "https://::1/", "https://mes.example/\r\nX: y",
      "https://mes.example:+80/", "https://a]b/", "https://mes.exämple/",
    ])
  func `what is no https address is refused`(text: String) {
    #expect(HTTPAddress(text: text) == nil)
  }

  @Test func `an HTTP date is read, anything else is not`() {
    #expect(
      WallTime(httpDate: "Sun, 06 Nov 1994 08:49:37 GMT")?.text == "1994-11-06T08:49:37.000Z")
    for text in [
      "", "Sun, 06 Nov 1994 08:49:37", "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun, 31 Feb 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ] {
      #expect(WallTime(httpDate: text) == nil, "\(text)")
    }
  }
}
