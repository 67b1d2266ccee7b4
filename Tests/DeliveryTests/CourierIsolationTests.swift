// One bad event among many: it alone goes to quarantine, the others arrive, in order.

import Delivery
import Outbox
import Primitives
import Testing

@Suite struct `Isolation of a refused event` {
  @Test(arguments: [1, 2, 3, 7, 8, 50, 99, 100], [400, 422])
  func `exactly the poison event of a hundred is quarantined, within ten requests`(
    bad: UInt64, status: Int
  ) throws {
    var bench = try Bench.sending(parcel(1...100))
    try bench.serve(limit: 12) { sequences($0).contains(bad) ? status : 200 }
    #expect(bench.refused == [bad])
    #expect(bench.delivered.last == (bad == 100 ? 99 : 100))
    #expect(bench.requests.count <= 10)
    #expect(bench.courier.wantsParcel)
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func `any set of poison events is found, the rest arrives once and in order`(
    seed: UInt64
  ) throws {
    var chance = SeededGenerator(seed: seed)
    let count = UInt64.random(in: 1...120, using: &chance)
    var bad: Set<UInt64> = []
    for _ in 0..<Int.random(in: 0...6, using: &chance) {
      bad.insert(UInt64.random(in: 1...count, using: &chance))
    }
    var bench = Bench(seed: seed) { $0.maxEvents = Int.random(in: 1...100, using: &chance) }
    var accepted: [UInt64] = []
    try bench.offer(parcel(1...count))
    try bench.handle(.opened)
    try bench.serve(limit: 400) { request in
      guard sequences(request).allSatisfy({ !bad.contains($0) }) else { return 422 }
      accepted += sequences(request)
      return 200
    }
    #expect(bench.courier.wantsParcel)
    #expect(bench.refused == bad.sorted())
    #expect(accepted == (1...count).filter { !bad.contains($0) })
    // Reports are contiguous: every sequence is told, by a range or by its refusal, in order.
    let told = bench.answers.map { answer -> UInt64 in
      switch answer {
      case .delivered(let through): through
      case .refused(let event, _, _), .held(let event): event.sequence
      }
    }
    #expect(told == told.sorted() && Set(told).count == told.count && told.last == count)
  }

  @Test func `a receiver that refuses everything is doubted: one event per park is given up`()
    throws
  {
    var bench = try Bench.sending(parcel(1...100))
    let start = bench.now
    while bench.now - start < .seconds(6 * 3600) {
      try bench.untilSending()
      try bench.answer(400)
    }
    #expect(bench.courier.status.alarm?.contains("check the address") == true)
    // Three at once, then one for each pair of looks: a first park of 3 minutes, a last of 15.
    #expect((10...60).contains(bench.refused.count))
    try bench.untilSending()
    let before = bench.requests.count
    try bench.serve(limit: 3) { _ in 200 }
    #expect(bench.requests.count - before <= 2)
    #expect(bench.delivered.last == 100)
  }

  @Test func `F45: per-event answers are applied one by one, and the rest is sent again`() throws {
    var bench = try Bench.sending(parcel(1...5))
    let list = """
      [{"id":"gw17-1a2b3c4d-0000000000000001","status":200},
       {"id":"gw17-1a2b3c4d-0000000000000002","status":422,"error":"no such order"},
       {"id":"gw17-1a2b3c4d-0000000000000003","status":201},
       {"id":"gw17-1a2b3c4d-0000000000000004","status":503},
       {"id":"gw17-1a2b3c4d-0000000000000005","status":200}]
      """
    try bench.answer(207, body: list)
    #expect(bench.delivered == [1, 3])
    #expect(bench.refused == [2])
    try bench.untilSending()
    #expect(bench.requests.last.map(sequences) == [4, 5])
    #expect(bench.requests.last?.fields["Takt-Previous"] == "3")
    try bench.answer(200, body: "[{\"status\":200},{\"status\":200}]")
    #expect(bench.delivered == [1, 3, 5])
  }

  @Test func `a 207 without a list that can be read parks`() throws {
    var bench = try Bench.sending(parcel(1...2))
    try bench.answer(207, body: "<multistatus/>")
    #expect(bench.courier.status.state == "parked")
    #expect(bench.answers.isEmpty)
  }

  @Test(arguments: ["", "ok", "{}", "[]", "[1]", "[{\"status\":\"fine\"}]", "[{"])
  func `a 200 whose body is no list delivers everything`(body: String) throws {
    var bench = try Bench.sending(parcel(1...2))
    try bench.answer(200, body: body)
    #expect(bench.delivered == [2])
  }
}

@Suite struct `Batches` {
  @Test func `the body is the stored bytes between brackets, untouched`() throws {
    let bench = try Bench.sending(parcel(4...6))
    let expected = (4...6).map { String(decoding: event($0).bytes, as: UTF8.self) }
    let request = try #require(bench.requests.first)
    #expect(String(decoding: request.body, as: UTF8.self) == "[\(expected.joined(separator: ","))]")
    #expect(request.method == "POST" && request.target == "/v1/events")
    #expect(request.fields["Host"] == "mes.example")
    #expect(request.fields["Content-Type"] == "application/cloudevents-batch+json")
    #expect(request.fields["Takt-Previous"] == "3")
    #expect(
      request.fields["Content-Digest"] == "sha-256=:\(Base64.encode(folded(request.body))):")
  }

  @Test func `a large parcel leaves in pieces, in order, each with the one before it`() throws {
    var bench = try Bench.sending(parcel(1...250))
    try bench.serve(limit: 3) { _ in 200 }
    #expect(bench.requests.map { sequences($0).count } == [100, 100, 50])
    #expect(bench.requests.map { $0.fields["Takt-Previous"] } == ["0", "100", "200"])
    #expect(Set(bench.requests.map { $0.fields["Idempotency-Key"] }).count == 3)
    #expect(bench.delivered == [100, 200, 250])
    #expect(bench.parcelsWanted == 1)
  }

  @Test func `the limit of bytes holds, and an event above it travels alone`() throws {
    var bench = Bench { $0.maxBytes = 1000 }
    let events = [
      event(1), event(2, padding: 2000), event(3, padding: 300), event(4, padding: 300),
      event(5, padding: 300),
    ]
    try bench.offer(Parcel(events: events, previous: 0))
    try bench.handle(.opened)
    try bench.serve(limit: 9) { _ in 200 }
    #expect(bench.requests.map(sequences) == [[1], [2], [3, 4], [5]])
    #expect(bench.requests.allSatisfy { sequences($0).count == 1 || $0.body.count <= 1000 })
  }

  @Test func `one event a request is the event itself`() throws {
    var bench = Bench { $0.packing = .single }
    try bench.offer(parcel(1...3))
    try bench.handle(.opened)
    try bench.serve(limit: 3) { _ in 204 }
    #expect(bench.requests.map(\.body) == (1...3).map { event($0).bytes })
    #expect(
      bench.requests.allSatisfy { $0.fields["Content-Type"] == "application/cloudevents+json" })
  }

  @Test func `a second parcel is not taken while one is carried`() throws {
    var bench = try Bench.sending(parcel(1...2))
    #expect(!bench.courier.wantsParcel)
    #expect(try bench.offer(parcel(3...4)).isEmpty)
    try bench.answer(200)
    #expect(bench.delivered == [2])
  }
}
