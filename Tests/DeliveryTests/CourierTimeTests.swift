// Waits, deadlines and connections of a courier, on a virtual clock.

import Delivery
import Outbox
import Primitives
import Testing

@Suite struct `Waits of a courier` {
  @Test func `F39: the waits double from one second to five minutes, with full jitter`()
    throws
  {
    var bench = try Bench.sending(parcel(1...2))
    var waits: [Duration] = []
    for _ in 0..<14 {
      try bench.answer(503)
      waits.append(try #require(bench.courier.nextDeadline) - bench.now)
      try bench.untilSending()
    }
    let steps = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300, 300]
    for (wait, step) in zip(waits, steps) {
      // Full jitter: anything from half of the first step to the whole of this one.
      #expect((Duration.milliseconds(500)...Duration.seconds(step)).contains(wait))
    }
    #expect(Set(waits).count == waits.count)
  }

  @Test(arguments: [503, 401, 403, 410, 301, 412], 1...5 as ClosedRange<UInt64>)
  func `F8 F39: a day of failures never ends in silence and costs 40 attempts an hour at most`(
    status: Int, seed: UInt64
  ) throws {
    var bench = Bench(seed: seed)
    try bench.offer(parcel(1...3))
    var hours = [Int](repeating: 0, count: 24)
    let start = bench.now
    while true {
      try bench.untilSending()
      let hour = Int((bench.now - start).nanoseconds / 3_600_000_000_000)
      guard hour < 24 else { break }
      hours[hour] += 1
      try bench.answer(status)
    }
    #expect(hours.dropFirst().allSatisfy { (3...40).contains($0) })
    try bench.answer(200)
    #expect(bench.delivered == [3])
    #expect(bench.courier.status.consecutiveFailures == 0)
  }

  @Test(
    arguments: [
      StreamFault.nameUnknown("name or service not known"), .unreachable("connection refused"),
      .timeout, .handshake("alert"), .closed("reset"), .finished,
    ])
  func `a fault of the network is retried and told as a sentence`(fault: StreamFault) throws {
    var bench = Bench()
    try bench.offer(parcel(1...1))
    try bench.handle(.ended(fault))
    #expect(bench.courier.status.state == "retrying")
    #expect(bench.courier.status.lastError?.contains("mes.example:443") == true)
    #expect(bench.courier.status.consecutiveFailures == 1)
  }

  @Test func `a certificate that is not acceptable parks with the stream's own sentence`() throws {
    var bench = Bench()
    try bench.offer(parcel(1...1))
    try bench.handle(.ended(.certificate("certificate of mes.example expired on 2026-01-01")))
    #expect(bench.courier.status.state == "parked")
    #expect(bench.courier.status.alarm?.contains("expired on 2026-01-01") == true)
    try bench.skip()
    #expect(bench.courier.status.state == "connecting")
    #expect(bench.requests.isEmpty)
  }

  @Test func `a success makes the next failure wait a second again`() throws {
    var bench = try Bench.sending(parcel(1...1))
    for _ in 0..<6 {
      try bench.answer(503)
      try bench.untilSending()
    }
    try bench.answer(200)
    try bench.offer(parcel(2...2))
    try bench.answer(503)
    #expect(try #require(bench.courier.nextDeadline) - bench.now <= .seconds(1))
  }
}

@Suite struct `Deadlines of a courier` {
  @Test func `a connection that does not open in time counts as a failure`() throws {
    var bench = Bench()
    try bench.offer(parcel(1...1))
    #expect(bench.courier.nextDeadline == bench.now + .seconds(10))
    #expect(try bench.skip() == [.close])
    #expect(bench.courier.status.state == "retrying")
    #expect(try bench.handle(.opened).isEmpty, "it opened after it was given up")
  }

  @Test func `F46: an uplink that accepts and never answers is left and tried again`() throws {
    var bench = try Bench.sending(parcel(1...1))
    #expect(bench.courier.nextDeadline == bench.now + .seconds(30))
    #expect(try bench.skip() == [.close])
    #expect(bench.courier.status.lastError?.contains("no byte within 30 s") == true)
    #expect(bench.answers.isEmpty)
  }

  @Test func `an answer that drips is cut off by the total time`() throws {
    var bench = try Bench.sending(parcel(1...1))
    let start = bench.now
    try bench.handle(.received(Array("HTTP/1.1 200 OK\r\nX: ".utf8)))
    for _ in 0..<100 {
      guard case .awaitingAnswer = bench.courier.state else { break }
      bench.now = min(bench.now + .seconds(10), try #require(bench.courier.nextDeadline))
      try bench.perform(bench.courier.timePassed(now: bench.stamp, using: &bench.generator))
      try bench.handle(.received([120]))
    }
    #expect(bench.now - start == .seconds(60))
    #expect(bench.courier.status.lastError?.contains("not complete within 60 s") == true)
  }

  @Test func `before its deadline nothing happens`() throws {
    var bench = try Bench.sending(parcel(1...1))
    bench.now = bench.now + .seconds(29)
    #expect(try bench.handle(.idle).isEmpty)
  }
}

@Suite struct `Connections of a courier` {
  @Test func `a connection is used again for the next parcel`() throws {
    var bench = try Bench.sending(parcel(1...1))
    try bench.answer(200)
    let actions = try bench.offer(parcel(2...2))
    #expect(actions.count == 1)
    #expect(bench.opens == 1)
  }

  @Test func `an answer with Connection close leads to a new connection without a wait`() throws {
    var bench = try Bench.sending(parcel(1...200))
    try bench.answer(200, keepsAlive: false)
    #expect(bench.courier.status.state == "connecting")
    #expect(bench.opens == 2)
    #expect(bench.courier.status.failures == 0)
  }

  @Test(arguments: [StreamFault.closed("reset"), .finished])
  func `a connection gone stale is replaced at once and is no failure`(fault: StreamFault) throws {
    var bench = try Bench.sending(parcel(1...1))
    try bench.answer(200)
    try bench.offer(parcel(2...2))
    let key = bench.requests.last?.fields["Idempotency-Key"]
    try bench.handle(.ended(fault))
    #expect(bench.courier.status.state == "connecting")
    #expect(bench.courier.status.failures == 0)
    try bench.handle(.opened)
    #expect(bench.requests.last?.fields["Idempotency-Key"] == key)
    // On the fresh connection the same is a failure: no loop without a wait.
    try bench.handle(.ended(fault))
    #expect(bench.courier.status.state == "retrying")
    #expect(bench.courier.status.failures == 1)
  }

  @Test func `F45: an answer lost on the way repeats the same bytes with the same key`() throws {
    var bench = try Bench.sending(parcel(1...3))
    try bench.handle(.received(Array("HTTP/1.1 200 OK\r\nContent-".utf8)))
    try bench.handle(.ended(.closed("reset")))
    #expect(bench.answers.isEmpty)
    try bench.untilSending()
    #expect(bench.requests.count == 2 && bench.requests[0] == bench.requests[1])
  }

  @Test func `an idle connection is closed by us, or forgotten when the receiver closes it`()
    throws
  {
    var bench = try Bench.sending(parcel(1...1))
    try bench.answer(200)
    var other = bench
    #expect(try bench.skip() == [.close])
    #expect(bench.courier.status.state == "offline" && bench.courier.nextDeadline == nil)
    try other.handle(.ended(.finished))
    #expect(other.courier.status.state == "offline" && other.courier.status.failures == 0)
  }

  @Test func `bytes that nobody asked for end the connection`() throws {
    var bench = try Bench.sending(parcel(1...1))
    try bench.answer(200)
    #expect(try bench.answer(408) == [.close])
    #expect(bench.delivered == [1])
  }

  @Test func `a body that ends with the stream counts only after a farewell`() throws {
    let head = Array("HTTP/1.1 200 OK\r\n\r\nfine".utf8)
    var bench = try Bench.sending(parcel(1...1))
    try bench.handle(.received(head))
    var cut = bench
    try bench.handle(.ended(.finished))
    #expect(bench.delivered == [1])
    try cut.handle(.ended(.closed("no farewell")))
    #expect(cut.delivered.isEmpty && cut.courier.status.state == "retrying")
  }

  @Test func `what is not HTTP is a failure like another`() throws {
    var bench = try Bench.sending(parcel(1...1))
    try bench.handle(.received(Array("SSH-2.0-OpenSSH_9.2\r\n\r\n".utf8)))
    #expect(bench.courier.status.state == "retrying")
    #expect(bench.courier.status.lastError?.contains("neither HTTP/1.0 nor HTTP/1.1") == true)
  }

  @Test(arguments: 0..<300 as Range<UInt64>)
  func `whatever arrives in whatever order, nothing traps and no report runs ahead`(
    seed: UInt64
  ) throws {
    var chance = SeededGenerator(seed: seed)
    var bench = Bench(seed: seed)
    var next: UInt64 = 1
    for _ in 0..<200 {
      if bench.courier.wantsParcel {
        try bench.offer(parcel(next...next + 9))
        next += 10
      }
      switch Int.random(in: 0..<8, using: &chance) {
      case 0: try bench.handle(.opened)
      case 1:
        try bench.handle(
          .ended(
            [.timeout, .finished, .closed("x")].randomElement(
              using: &chance) ?? .timeout))
      case 2:
        try bench.handle(.received((0..<20).map { _ in .random(in: 0...255, using: &chance) }))
      case 3: try bench.handle(.idle)
      case 4: if bench.courier.nextDeadline != nil { try bench.skip() }
      default:
        let statuses = [200, 200, 200, 207, 302, 400, 401, 403, 404, 409, 413, 429, 500, 503]
        try bench.answer(statuses.randomElement(using: &chance) ?? 200)
      }
    }
    #expect((bench.delivered + bench.refused).allSatisfy { $0 < next })
    #expect(bench.delivered == bench.delivered.sorted())
    #expect(bench.refused == bench.refused.sorted())
  }
}
