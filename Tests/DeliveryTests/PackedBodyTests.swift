// Packed bodies: only for a receiver that asks for them, and never at the cost of an event.

import Delivery
import Outbox
import Primitives
import Testing

@Suite struct `Bodies that are packed` {
  private func field(_ bench: Bench, _ name: String) -> String? {
    bench.requests.last?.fields[name]
  }

  private func big(_ range: ClosedRange<UInt64>) -> Parcel {
    Parcel(
      events: range.map { event($0, padding: 400) }, previous: range.lowerBound - 1)
  }

  @Test func `a receiver that says nothing gets them as they are, one that asks gets gzip`() throws
  {
    var bench = try Bench.sending(big(1...9))
    #expect(field(bench, "Content-Encoding") == nil && sequences(bench.requests[0]).count == 9)
    try bench.answer(200)
    try bench.offer(big(10...19))
    #expect(field(bench, "Content-Encoding") == nil)
    try bench.answer(200, [("Accept-Encoding", "br, gzip;q=0.5")])
    try bench.offer(big(20...29))
    #expect(field(bench, "Content-Encoding") == "gzip")
    let packed = try #require(bench.requests.last)
    #expect(packed.body.starts(with: [0x1F, 0x8B, 8]) && packed.body.count < 2000)
    #expect(
      field(bench, "Content-Digest") == "sha-256=:\(Base64.encode(folded(packed.body))):",
      "of what is on the wire")
    try bench.answer(200)
    #expect(bench.delivered == [9, 19, 29])
    try bench.offer(parcel(30...31))
    #expect(field(bench, "Content-Encoding") == nil, "too small to be worth it")
  }

  @Test(arguments: [415, 400, 422])
  func `one that then refuses it gets the same events as they are, and no event is blamed`(
    status: Int
  ) throws {
    var bench = try Bench.sending(big(1...9))
    try bench.answer(200, [("Accept-Encoding", "gzip")])
    try bench.offer(big(10...19))
    let key = field(bench, "Idempotency-Key")
    try bench.answer(status, [("Accept-Encoding", "identity")])
    #expect(field(bench, "Content-Encoding") == nil)
    #expect(field(bench, "Idempotency-Key") == key && key != nil, "the same events are the same")
    #expect(bench.requests.last.map(sequences) == Array(10...19))
    try bench.answer(200, [("Accept-Encoding", "gzip")])
    #expect(bench.refused.isEmpty && bench.delivered == [9, 19])
    try bench.offer(big(20...29))
    #expect(field(bench, "Content-Encoding") == nil, "it was asked for and refused: never again")
  }

  @Test(arguments: [
    ("gzip", true), ("GZIP , deflate", true), ("deflate", false), ("gzip;q=0", false),
    ("gzip; q=0.000", false), ("gzip;q=0.001", true), ("", false), ("x-gzip", true),
    ("identity, *;q=0", false),
  ])
  func `weights are heeded`(codings: String, isPacked: Bool) throws {
    var bench = try Bench.sending(big(1...9))
    try bench.answer(200, [("Accept-Encoding", codings)])
    try bench.offer(big(10...19))
    #expect((field(bench, "Content-Encoding") == "gzip") == isPacked)
  }
}
