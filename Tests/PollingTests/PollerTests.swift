// The poller on a virtual clock: schedule, health and isolation of units.

import Polling
import Primitives
import Signals
import Testing

@Suite struct `The schedule` {
  @Test func `reads at once after the start, then on its grid, without drift`() {
    var dialogue = Dialogue(bus(unit([binding(0, period: 250)])))
    dialogue.answerTime = .milliseconds(37)
    dialogue.play(until: ms(60_000))
    let times = dialogue.times(unit: 1)
    #expect(times[0] == 1)
    let steps = zip(times.dropFirst(), times.dropFirst(2)).map { $1 - $0 }
    #expect(steps.allSatisfy { $0 == 250 })
    #expect((240...241).contains(times.count))
    #expect(dialogue.poller.statusSnapshot.counters.overruns == 0)
  }

  @Test func `F19: units of the same period ask at moments of their own`() {
    let units = (1...20).map { unit($0, [binding(0, period: 1000)]) }
    var dialogue = Dialogue(
      BusDefinition(
        name: "line", line: .tcp(host: "plc", port: 502), connectTimeout: .seconds(3), units: units)
    )
    dialogue.play(until: ms(3000))
    let phases = (1...20).compactMap { number in
      dialogue.times(unit: UInt8(number)).last.map { $0 % 1000 / 100 }
    }
    #expect(phases.count == 20)
    #expect(Set(phases).count >= 6)
  }

  @Test func `leaves out what it is more than a period late for, and counts it`() {
    var dialogue = Dialogue(bus(unit([binding(0, period: 100)])))
    dialogue.answerTime = .milliseconds(350)
    dialogue.play(until: ms(10_000))
    let status = dialogue.poller.statusSnapshot
    #expect((28...29).contains(dialogue.requests.count))
    #expect((60...75).contains(status.counters.overruns))
  }

  @Test func `reads each period at its own rate`() {
    var dialogue = Dialogue(
      bus(unit([binding(0, period: 100), binding(100, period: 1000), binding(200, period: 5000)])))
    dialogue.play(until: ms(10_000))
    let counts = [0, 100, 200].map { start in
      dialogue.requests.count { $0.request.start == start }
    }
    #expect((100...101).contains(counts[0]))
    #expect((10...11).contains(counts[1]))
    #expect((2...3).contains(counts[2]))
  }

  @Test func `a bus without signals stays closed`() {
    var poller = Poller(bus: bus(unit([])), seed: 1, now: ms(0))
    #expect(poller.next(now: ms(0)) == .wait(until: .distantFuture))
  }

  @Test func `the same seed gives the same run`() {
    func run() -> [Int64] {
      var dialogue = Dialogue(bus(unit(1, [binding(0)]), unit(2, [binding(0)])), seed: 7)
      dialogue.play(until: ms(60_000)) { request, _ in
        request.unitAddress == 2 ? .fault(.timeout) : .words
      }
      return dialogue.requests.map(\.at.milliseconds)
    }
    #expect(run() == run())
  }
}

@Suite struct `A unit that does not answer` {
  @Test func `F3, F4, F6: costs its neighbour nothing but a rare probe`() {
    var dialogue = Dialogue(
      bus(unit(1, [binding(0, period: 250)]), unit(2, [binding(0, period: 250)])))
    dialogue.play(until: ms(120_000)) { request, _ in
      request.unitAddress == 2 ? .fault(.timeout) : .words
    }
    #expect(dialogue.opens == [ms(0)], "the link stays open")
    #expect(dialogue.times(unit: 2).count <= 13)
    #expect(dialogue.times(unit: 1).count >= 450, "of 480")
    #expect(dialogue.degradations.map(\.unit) == [1])
    #expect(dialogue.degradations.map(\.quality) == [.noContact])
    #expect(dialogue.degradations[0].slots == nil)
  }

  @Test func `F4, F8: is probed at growing intervals, for ever, up to the ceiling`() throws {
    var dialogue = Dialogue(bus(unit(1, [binding(0)]), unit(2, [binding(0)])))
    dialogue.play(until: ms(3_600_000)) { request, _ in
      request.unitAddress == 2 ? .fault(.timeout) : .words
    }
    let times = dialogue.times(unit: 2)
    let last = zip(times.suffix(50), times.suffix(49)).map { $1 - $0 }
    #expect(last.allSatisfy { (15_000...32_000).contains($0) })
    #expect(Set(last).count > 20, "with jitter")
    #expect(try #require(times.last) > 3_560_000)
  }

  @Test func `F4: is back at its full rate with the first answer`() throws {
    var dialogue = Dialogue(bus(unit(1, [binding(0)]), unit(2, [binding(0, period: 250)])))
    dialogue.play(until: ms(100_000)) { request, now in
      request.unitAddress == 2 && now < ms(60_000) ? .fault(.timeout) : .words
    }
    let back = try #require(dialogue.restored.first)
    #expect(back < ms(91_000))
    let after = dialogue.times(unit: 2).filter { $0 >= back.milliseconds }
    #expect(after.count >= (100_000 - Int(back.milliseconds)) / 250 - 1)
  }

  @Test func `is lost with the third failure, dated to the first`() throws {
    var dialogue = Dialogue(bus(unit(1, [binding(0)]), unit(2, [binding(0)])))
    var first: Instant?
    dialogue.play(until: ms(10_000)) { request, now in
      guard request.unitAddress == 2, now >= ms(3000) else { return .words }
      if first == nil { first = now + .milliseconds(500) }
      return .fault(.timeout)
    }
    #expect(dialogue.degradations.map(\.since) == [try #require(first)])
  }

  @Test(arguments: [1, 2])
  func `is not lost for fewer`(failures: Int) {
    var dialogue = Dialogue(bus(unit(1, [binding(0)]), unit(2, [binding(0)])))
    var left = failures
    dialogue.play(until: ms(30_000)) { request, now in
      guard request.unitAddress == 2, now >= ms(3000), left > 0 else { return .words }
      left -= 1
      return .fault(.timeout)
    }
    #expect(dialogue.degradations == [])
    #expect(dialogue.opens.count == 1)
  }

  @Test(arguments: [UInt8(10), 11])
  func `behind a gateway that says so is lost all the same`(code: UInt8) {
    var dialogue = Dialogue(bus(unit(1, [binding(0)]), unit(2, [binding(0)])))
    dialogue.play(until: ms(60_000)) { request, _ in
      request.unitAddress == 2 ? .fault(.exception(code)) : .words
    }
    #expect(dialogue.degradations.map(\.unit) == [1])
    #expect(dialogue.opens.count == 1)
  }

  @Test func `a block that never answers goes bad alone`() {
    var dialogue = Dialogue(bus(unit([binding(0), binding(500, 2), binding(1000)])))
    dialogue.play(until: ms(120_000)) { request, _ in
      request.start == 500 ? .fault(.timeout) : .words
    }
    #expect(dialogue.degradations.allSatisfy { $0.slots == [1] && $0.quality == .noContact })
    #expect(dialogue.degradations.count >= 1)
    #expect(dialogue.requests.count { $0.request.start == 0 } >= 110)
    #expect(dialogue.requests.count { $0.request.start == 500 } <= 12)
    #expect(dialogue.opens.count == 1)
  }
}

@Suite struct `The link` {
  @Test func `F12: finds a power-cycled PLC again by itself`() {
    var dialogue = Dialogue(bus(unit([binding(0, period: 250)])))
    let gone = ms(10_000)..<ms(70_000)
    dialogue.play(
      until: ms(100_000), opening: { gone.contains($0) ? .unreachable("refused") : nil },
      reading: { gone.contains($1) ? .fault(.broken("reset")) : .words })
    #expect(dialogue.degradations.map(\.quality) == [.noContact])
    #expect(dialogue.restored.count == 1)
    #expect(dialogue.restored[0] < ms(81_000))
    #expect(dialogue.times(unit: 1).count { $0 >= 81_000 } >= 75)
    #expect(dialogue.poller.statusSnapshot.reconnects == 1)
  }

  @Test func `F13: does not hammer a PLC that is off`() {
    var dialogue = Dialogue(bus(unit([binding(0)])))
    dialogue.play(
      until: ms(3_600_000), opening: { _ in .unreachable("refused") }, reading: { _, _ in .words })
    #expect((360...730).contains(dialogue.opens.count))
    #expect(dialogue.degradations.count == 1)
  }

  @Test func `F13: nor one that accepts and breaks at the first request`() {
    var dialogue = Dialogue(bus(unit([binding(0)])))
    dialogue.play(until: ms(600_000)) { _, _ in .fault(.broken("reset")) }
    #expect(dialogue.opens.count <= 140)
    #expect(dialogue.degradations.count == 1)
  }

  @Test func `a short break loses nobody`() {
    var dialogue = Dialogue(bus(unit(1, [binding(0)]), unit(2, [binding(0)])))
    var broken = false
    dialogue.play(until: ms(20_000)) { _, now in
      guard !broken, now > ms(5000) else { return .words }
      broken = true
      return .fault(.broken("reset"))
    }
    #expect(dialogue.degradations == [])
    #expect(dialogue.opens.count == 2)
    #expect(dialogue.log.count == 1)
  }

  @Test func `F6, F7: stays open after garbage, which is its unit's failure`() {
    var dialogue = Dialogue(bus(unit(1, [binding(0)]), unit(2, [binding(0)])))
    dialogue.play(until: ms(60_000)) { request, now in
      request.unitAddress == 2 && now > ms(5000) ? .fault(.garbage("wrong unit")) : .words
    }
    #expect(dialogue.opens.count == 1)
    #expect(dialogue.log == [])
    #expect(dialogue.degradations.map(\.unit) == [1])
    #expect(dialogue.degradations.map(\.quality) == [.noContact])
    #expect(dialogue.times(unit: 1).count >= 59)
  }

  @Test func `F10: is opened anew when nothing but garbage comes`() throws {
    var dialogue = Dialogue(bus(unit(1, [binding(0)]), unit(2, [binding(0)])))
    var garbage = 0
    dialogue.play(until: ms(20_000)) { _, now in
      guard now > ms(5000), garbage < 3 else { return .words }
      garbage += 1
      return .fault(.garbage("noise"))
    }
    #expect(dialogue.opens.count == 2)
    #expect(dialogue.log.count == 1, "closed once, after the third in a row")
    #expect(dialogue.degradations == [])
  }

  @Test func `a wrong number of words is garbage, too`() {
    var poller = Poller(bus: bus(unit([binding(0)])), seed: 1, now: ms(0))
    _ = poller.next(now: ms(0))
    poller.opened(now: ms(1))
    guard case .read = poller.next(now: ms(1)) else {
      Issue.record("expected a read")
      return
    }
    let outcome = poller.answered(wordCount: 2, started: ms(1), ended: ms(2))
    #expect(outcome.answered == nil)
    #expect(poller.linkState == .up(asked: nil))
    #expect(poller.statusSnapshot.units[0].counters.failures == 1)
    #expect(
      poller.statusSnapshot.lastError?.contains("no valid answer (2 values instead of 1)") == true)
  }

  @Test func `is opened anew when nobody answers any more`() {
    var dialogue = Dialogue(bus(unit(1, [binding(0)]), unit(2, [binding(0)])))
    dialogue.play(until: ms(30_000)) { _, now in
      now > ms(5000) ? .fault(.timeout) : .words
    }
    #expect(dialogue.opens.count > 1)
    #expect(dialogue.degradations.map(\.unit).sorted() == [0, 1])
  }

  @Test func `a result nobody waits for changes nothing`() {
    var poller = Poller(bus: bus(unit([binding(0)])), seed: 1, now: ms(0))
    #expect(poller.answered(wordCount: 1, started: ms(0), ended: ms(1)) == PollOutcome())
    #expect(poller.failed(.timeout, started: ms(0), ended: ms(1)) == PollOutcome())
    #expect(poller.linkState == .down)
  }
}

@Suite struct `The status of a poller` {
  @Test func `F14, F16: tells answers, failures, times and the last error in a sentence`() throws {
    var dialogue = Dialogue(bus(unit(7, [binding(100, 32)])))
    var count: Int64 = 0
    dialogue.play(until: ms(10_000)) { _, _ in
      count += 1
      return count == 5 ? .fault(.timeout) : .words
    }
    let status = dialogue.poller.statusSnapshot.units[0]
    #expect(status.state == .up)
    #expect(status.counters.timeouts == 1)
    #expect(status.counters.failures == 1)
    #expect(status.counters.polls == UInt64(count))
    #expect(status.lastAnswer == dialogue.requests.last.map { $0.at + .milliseconds(4) })
    #expect(status.responses?.median == .milliseconds(4))
    #expect(
      status.lastError == "reading holding registers 100-131 of unit-7 (unit 7): "
        + "no answer within 500ms; check the cable and that the unit number is 7")
  }

  /// What the edge tells of a link that did not open, and what is shown of it.
  static let opening: [(line: BusLine, fault: BusFault, shown: String)] = [
    (
      .tcp(host: "plc", port: 502), .unreachable("connection refused"),
      "connecting to plc:502: connection refused; "
        + "check that the device is on and the address and port are right"
    ),
    (
      .tcp(host: "plc", port: 502), .unreachable("connecting to plc:502: connection refused"),
      "connecting to plc:502: connection refused; "
        + "check that the device is on and the address and port are right"
    ),
    (
      .rtuOverTCP(host: "fd00::5", port: 4001, behind: SerialSpeed()),
      .unreachable("connecting to [fd00::5]:4001: no route to host"),
      "connecting to [fd00::5]:4001: no route to host; "
        + "check that the device is on and the address and port are right"
    ),
    (
      .tcp(host: "plc", port: 502), .unreachable("looking up plc: name or service not known"),
      "looking up plc: name or service not known; check the name, or write the address instead"
    ),
    (
      .tls(
        host: "plc", port: 802,
        identity: TLSIdentity(
          caFile: nil, certificateFile: nil, keyFile: nil, serverName: "plc")),
      .unreachable("connecting to plc:802 over TLS: reading CA file /ca.pem: no such file"),
      "connecting to plc:802 over TLS: reading CA file /ca.pem: no such file"
    ),
    (
      .rtu(SerialLine(path: "/dev/a")),
      .unreachable("opening /dev/a: in use by another program; stop the other"),
      "opening /dev/a: in use by another program; stop the other"
    ),
    (
      .tcp(host: "plc", port: 502), .timeout,
      "connecting to plc:502: no answer within 3s; check the address, the cable and the firewall"
    ),
  ]

  @Test(arguments: opening.map(\.shown))
  func `says once where a link did not open, why, and what to do`(_ shown: String) throws {
    for (line, fault, _) in Self.opening.filter({ $0.shown == shown }) {
      var definition = bus(unit([binding(0)]))
      definition.line = line
      definition.connectTimeout = .seconds(3)
      var dialogue = Dialogue(definition)
      dialogue.play(until: ms(100), opening: { _ in fault }, reading: { _, _ in .words })
      #expect(dialogue.poller.statusSnapshot.lastError == shown)
    }
  }

  @Test func `a link that broke under a guest is told without another cause`() {
    var dialogue = Dialogue(bus(unit([binding(0)])))
    dialogue.play(until: ms(100)) { _, _ in .words }
    let request = ReadRequest(
      unitAddress: 9, table: .holding, start: 0, count: 1, timeout: .milliseconds(50))
    dialogue.poller.guestEnded(request, .broken("closed by the peer"), now: ms(100))
    #expect(
      dialogue.poller.statusSnapshot.lastError
        == "the link broke (plc:502: closed by the peer); connecting again")
  }
}
