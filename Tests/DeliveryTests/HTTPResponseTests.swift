// The client's reader: every cut of the bytes gives the same answer, and no bytes trap.

import Delivery
import Primitives
import Testing

/// Feeds the bytes in the pieces that `cut` gives, and tells the outcome.
private func outcome(
  _ bytes: [UInt8], limits: HTTPLimits = .response, ends: Bool? = true, cut: (Int) -> Int
) -> Result<HTTPResponse?, HTTPFault> {
  var reader = HTTPResponseReader(limits: limits)
  var index = 0
  do throws(HTTPFault) {
    while index < bytes.count {
      let end = min(bytes.count, index + max(1, cut(bytes.count - index)))
      if let response = try reader.read(Array(bytes[index..<end])) { return .success(response) }
      index = end
    }
    guard let ends else { return .success(nil) }
    return .success(try reader.finish(inGoodOrder: ends))
  } catch {
    return .failure(error)
  }
}

private func outcome(_ text: String, ends: Bool? = true) -> Result<HTTPResponse?, HTTPFault> {
  outcome(Array(text.utf8), ends: ends) { $0 }
}

private func body(_ result: Result<HTTPResponse?, HTTPFault>) -> String? {
  guard case .success(let response?) = result else { return nil }
  return String(decoding: response.body, as: UTF8.self)
}

@Suite struct `Reading a response` {
  static let samples = [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: today\r\n\r\nhello",
    "HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
      + "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 422 \r\ntransfer-encoding: Chunked\r\n\r\n"
      + "4;name=value\r\nWiki\r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
    "HTTP/1.0 500 Oh\nConnection: close\n\nall of it",
    "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    "\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n",
  ]

  @Test(arguments: samples)
  func `byte by byte and in random pieces is the same as whole`(text: String) throws {
    let bytes = Array(text.utf8)
    let whole = outcome(bytes) { $0 }
    guard case .success(.some) = whole else {
      Issue.record("\(text) was not read: \(whole)")
      return
    }
    #expect(outcome(bytes) { _ in 1 } == whole)
    for seed in 0..<200 as Range<UInt64> {
      var chance = SeededGenerator(seed: seed)
      #expect(outcome(bytes) { Int.random(in: 1...$0, using: &chance) } == whole)
    }
  }

  @Test func `lengths, chunks and the end of the stream frame a body`() throws {
    #expect(
      Self.samples.map { body(outcome($0)) }
        == ["hello", "", "ok", "Wiki0123456789", "all of it", "", ""])
  }

  @Test(
    arguments: [
      ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true),
      ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n", false),
      ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false),
      ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n", true),
      ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore", false),
      ("HTTP/1.1 200 OK\r\n\r\n", false),
    ])
  func `the connection is kept only when both sides may`(text: String, kept: Bool) throws {
    guard case .success(let response?) = outcome(text) else {
      Issue.record("not read")
      return
    }
    #expect(response.keepsAlive == kept)
  }

  @Test(
    arguments: [
      "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 999 Odd\r\n\r\n",
      "HTTP/1.1 2x0 OK\r\n\r\n", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
      "HTTP/1.1 200 OK\r\nName : x\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
      "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
    ])
  func `what is against the grammar is refused`(text: String) {
    guard case .failure = outcome(text, ends: nil) else {
      Issue.record("\(text) was taken")
      return
    }
  }

  @Test(arguments: samples)
  func `every answer cut off anywhere is an error and never a shorter answer`(text: String) {
    let bytes = Array(text.utf8)
    guard case .success(let whole?) = outcome(bytes, cut: { $0 }) else { return }
    // The body without a length ends where the stream does; then only a farewell can tell.
    for count in 0..<bytes.count where !text.contains("all of it") {
      let cut = outcome(Array(bytes[..<count]), cut: { $0 })
      if case .success(let response?) = cut { #expect(response == whole) }
    }
    #expect(outcome(Array(bytes.dropLast()), ends: false, cut: { $0 }) == .failure(.cutOff))
  }

  @Test func `a head beyond its bytes or lines is refused, whatever follows`() {
    let limits = HTTPLimits(headBytes: 200, fieldCount: 3, bodyBytes: 10)
    let long = Array("HTTP/1.1 200 OK\r\nA: ".utf8) + Array(repeating: 120, count: 1000)
    #expect(outcome(long, limits: limits) { $0 } == .failure(.headTooLarge))
    let many = Array("HTTP/1.1 200 OK\r\na:1\r\na:1\r\na:1\r\na:1\r\n\r\n".utf8)
    #expect(outcome(many, limits: limits) { $0 } == .failure(.headTooLarge))
    let trailers = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    let endless = Array(trailers.utf8) + Array("a: b\r\n".utf8).cycled(100)
    #expect(outcome(endless, limits: limits) { $0 } == .failure(.headTooLarge))
    let interim = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8).cycled(17)
    guard case .failure = outcome(interim, cut: { $0 }) else {
      Issue.record("interim answers without end were taken")
      return
    }
  }

  @Test func `a body beyond its limit is kept up to it, and the connection is given up`() throws {
    let limits = HTTPLimits(headBytes: 200, fieldCount: 3, bodyBytes: 10)
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz"
    for step in 1...30 {
      guard
        case .success(let response?) = outcome(Array(text.utf8), limits: limits, cut: { _ in step })
      else {
        Issue.record("not read")
        return
      }
      #expect(response.body == Array("abcdefghij".utf8) && response.bodyWasCut)
      #expect(!response.keepsAlive)
    }
  }

  @Test func `random bytes never trap, ten thousand seeds`() {
    for seed in 0..<10_000 as Range<UInt64> {
      var chance = SeededGenerator(seed: seed)
      let bytes = disturbed(Self.samples, &chance)
      _ = outcome(bytes) { Int.random(in: 1...$0, using: &chance) }
    }
  }
}

/// Noise, or a sample with some bytes changed, dropped or doubled.
func disturbed(_ samples: [String], _ chance: inout SeededGenerator) -> [UInt8] {
  guard Int.random(in: 0..<4, using: &chance) > 0,
    let sample = samples.randomElement(using: &chance)
  else {
    return (0..<Int.random(in: 0...200, using: &chance)).map { _ in
      .random(in: 0...255, using: &chance)
    }
  }
  var bytes = Array(sample.utf8)
  for _ in 0..<Int.random(in: 1...4, using: &chance) where !bytes.isEmpty {
    let place = Int.random(in: 0..<bytes.count, using: &chance)
    switch Int.random(in: 0..<3, using: &chance) {
    case 0: bytes[place] = .random(in: 0...255, using: &chance)
    case 1: bytes.remove(at: place)
    default: bytes.insert(bytes[place], at: place)
    }
  }
  return bytes
}

extension Array {
  func cycled(_ times: Int) -> [Element] { (0..<times).flatMap { _ in self } }
}
