// The failure table, row by row: what a courier does with each status.

import Delivery
import Outbox
import Primitives
import Testing

@Suite struct `The failure table` {
  @Test(arguments: [200, 201, 202, 204, 206])
  func `a 2xx delivers the whole batch and asks for the next parcel`(status: Int) throws {
    var bench = try Bench.sending(parcel(1...5))
    try bench.answer(status)
    #expect(bench.answers == [.delivered(through: 5)])
    #expect(bench.parcelsWanted == 1)
    #expect(bench.courier.status.state == "ready")
    #expect(bench.courier.status.deliveredEvents == 5)
    #expect(bench.courier.status.lastSuccess == bench.stamp)
  }

  @Test(arguments: [301, 302, 303, 307, 308, 304])
  func `a 3xx is never followed: parked, with the address to correct`(status: Int) throws {
    var bench = try Bench.sending(parcel(1...2))
    let actions = try bench.answer(status, [("Location", "https://elsewhere.example/")])
    #expect(actions == [.close])
    #expect(bench.courier.status.state == "parked")
    #expect(bench.courier.status.alarm?.contains("never followed") == true)
    #expect(bench.answers.isEmpty)
  }

  @Test(arguments: [400, 422, 418, 404, 405, 406, 415])
  func `a refusal of many is halved on the same connection`(status: Int) throws {
    var bench = try Bench.sending(parcel(1...8))
    try bench.answer(status)
    #expect(bench.requests.map(sequences) == [Array(1...8), Array(1...4)])
    #expect(bench.opens == 1)
    #expect(bench.answers.isEmpty)
  }

  @Test(arguments: [400, 422, 418])
  func `a single refused event goes to quarantine with status and body`(status: Int) throws {
    var bench = try Bench.sending(parcel(7...7))
    try bench.answer(status, body: "unknown material")
    #expect(
      bench.answers == [.refused(event(7), status: status, body: "unknown material")])
    #expect(bench.parcelsWanted == 1)
    #expect(bench.courier.status.refusedEvents == 1)
  }

  @Test(arguments: [404, 405, 406, 415])
  func `an address that never took anything parks before it quarantines`(status: Int) throws {
    var bench = try Bench.sending(parcel(7...7))
    try bench.answer(status)
    #expect(bench.answers.isEmpty)
    #expect(bench.courier.status.state == "parked")
    try bench.untilSending()
    try bench.answer(status)
    #expect(bench.refused == [7])
  }

  @Test(arguments: [404, 405, 406, 415])
  func `an address that took events quarantines the single one at once`(status: Int) throws {
    var bench = try Bench.sending(parcel(1...1))
    try bench.answer(200)
    try bench.offer(parcel(2...2))
    try bench.answer(status)
    #expect(bench.refused == [2])
  }

  @Test func `a 401 reads the token again once, then parks with an alarm`() throws {
    var bench = try Bench.sending(parcel(1...2), token: "old")
    #expect(bench.requests.last?.fields["Authorization"] == "Bearer old")
    try bench.answer(401)
    #expect(bench.reloads == 1)
    bench.courier.useToken("new")
    try bench.untilSending()
    #expect(bench.requests.last?.fields["Authorization"] == "Bearer new")
    try bench.answer(401)
    #expect(bench.reloads == 1)
    #expect(bench.courier.status.state == "parked")
    #expect(bench.courier.status.alarm?.contains("token") == true)
  }

  @Test(arguments: [403, 410, 402, 407, 411, 414, 417, 426, 431, 451])
  func `what a person must settle parks, and is looked at again`(status: Int) throws {
    var bench = try Bench.sending(parcel(1...2))
    #expect(try bench.answer(status) == [.close])
    #expect(bench.courier.status.state == "parked")
    #expect(bench.courier.status.alarm != nil)
    try bench.untilSending()
    try bench.answer(200)
    #expect(bench.courier.status.alarm == nil)
    #expect(bench.delivered == [2])
  }

  @Test(arguments: [408, 409, 421, 423, 425, 500, 501, 502, 503, 504, 507, 511])
  func `what passes by itself repeats the same bytes and key`(status: Int) throws {
    var bench = try Bench.sending(parcel(1...3))
    #expect(try bench.answer(status) == [.close])
    #expect(bench.courier.status.state == "retrying")
    try bench.untilSending()
    #expect(bench.requests.count == 2)
    #expect(bench.requests[0] == bench.requests[1])
    #expect(bench.requests[1].fields["Idempotency-Key"] != nil)
    #expect(bench.answers.isEmpty)
  }

  @Test func `a conflict that never ends is isolated like a refusal`() throws {
    var bench = try Bench.sending(parcel(1...4))
    try bench.serve(limit: 60) { sequences($0).contains(2) ? 409 : 200 }
    #expect(bench.refused == [2])
    #expect(bench.delivered == [1, 4])
  }

  @Test(arguments: [412, 428])
  func `a precondition is tried once more, then parks`(status: Int) throws {
    var bench = try Bench.sending(parcel(1...2))
    try bench.answer(status)
    #expect(bench.courier.status.state == "retrying")
    try bench.untilSending()
    try bench.answer(status)
    #expect(bench.courier.status.state == "parked")
  }

  @Test func `a 413 halves the batch and remembers the size`() throws {
    var bench = try Bench.sending(parcel(1...10))
    try bench.answer(413)
    #expect(bench.requests.last.map(sequences) == Array(1...5))
    try bench.answer(200)
    #expect(bench.requests.last.map(sequences) == Array(6...10))
    try bench.answer(200)
    try bench.offer(parcel(11...20))
    #expect(bench.requests.last.map(sequences) == Array(11...15))
  }

  @Test func `a 413 for a single event quarantines it`() throws {
    var bench = try Bench.sending(parcel(1...1))
    try bench.answer(413)
    #expect(bench.answers == [.refused(event(1), status: 413, body: "")])
  }

  @Test func `a batch size learnt from 413 grows again after many deliveries`() throws {
    var bench = try Bench.sending(parcel(1...100))
    try bench.answer(413)
    try bench.serve(limit: 5) { _ in 200 }
    for round in 1...60 {
      let first = UInt64(round * 100 + 1)
      try bench.offer(parcel(first...first + 99))
      try bench.serve(limit: 5) { _ in 200 }
    }
    #expect(bench.requests.last.map { sequences($0).count } == 100)
  }

  @Test func `a 429 waits as told and then sends less often`() throws {
    var bench = try Bench.sending(parcel(1...300))
    try bench.answer(200)
    let before = bench.now
    try bench.answer(429, [("Retry-After", "7")])
    let until = try #require(bench.courier.nextDeadline)
    #expect((Duration.seconds(7)...Duration.milliseconds(7700)).contains(until - before))
    try bench.untilSending()
    try bench.answer(200)
    // 100 ms were learnt; one success ends them, the next piece follows at once.
    try bench.untilSending()
    #expect(bench.requests.last.map(sequences) == Array(201...300))
  }

  @Test func `repeated 429 lead to a pause between requests that successes end`() throws {
    var bench = try Bench.sending(parcel(1...300))
    for _ in 0..<4 {
      try bench.answer(429, [("Retry-After", "1")])
      try bench.untilSending()
    }
    try bench.answer(200)
    guard case .pausing(_, let until) = bench.courier.state else {
      Issue.record("no pause after a 429")
      return
    }
    #expect(until - bench.now == .milliseconds(400))
    try bench.serve(limit: 5) { _ in 200 }
    #expect(bench.delivered == [100, 200, 300])
  }

  @Test(
    arguments: [
      ("Sat, 21 Nov 2026 03:00:30 GMT", "Sat, 21 Nov 2026 03:00:00 GMT", 30),
      ("Sat, 21 Nov 2026 02:00:00 GMT", "Sat, 21 Nov 2026 03:00:00 GMT", 0),
      ("Sun, 22 Nov 2026 03:00:00 GMT", "Sat, 21 Nov 2026 03:00:00 GMT", 3600),
      ("99999999999999999999", "Sat, 21 Nov 2026 03:00:00 GMT", 3600), ("soon", "today", 0),
      ("", "", 0),
    ])
  func `Retry-After is read as seconds or date by the receiver's clock, and bounded`(
    after: String, date: String, seconds: Int
  ) throws {
    var bench = try Bench.sending(parcel(1...2))
    try bench.answer(503, [("Retry-After", after), ("Date", date)])
    let wait = try #require(bench.courier.nextDeadline) - bench.now
    // Never sooner than asked; at most a tenth later, or the second of the first back-off.
    #expect(wait >= .seconds(seconds))
    #expect(wait <= max(.seconds(1), .seconds(seconds) * 11 / 10))
  }
}
