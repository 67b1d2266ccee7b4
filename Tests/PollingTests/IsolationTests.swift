// Many units on one line, some of them broken: what the others keep, what is never asked.

import Polling
import Primitives
import Signals
import Testing

/// The units on one RS-485 line.
private func serial(_ units: [UnitDefinition], request pause: Duration = .zero) -> BusDefinition {
  BusDefinition(
    name: "line", line: .rtu(SerialLine(path: "/dev/ttyS1")), connectTimeout: .seconds(3),
    requestPause: pause, units: units)
}

private func units(_ count: Int, period: Int64 = 1000) -> [UnitDefinition] {
  (1...count).map { unit($0, [binding(0, 10, period: period)]) }
}

@Suite struct `Sixteen units on one line` {
  /// Reads of each of the units within ten minutes, of 600 asked for.
  private func reads(
    answer: Int64, minutes: Int64 = 10, _ world: (ReadRequest, Instant) -> Reply
  ) -> [Int] {
    var dialogue = Dialogue(serial(units(16)))
    dialogue.answerTime = .milliseconds(answer)
    dialogue.play(until: ms(minutes * 60_000), world)
    #expect(dialogue.opens.count == 1)
    return (1...16).map { dialogue.times(unit: UInt8($0)).count }
  }

  /// 60 ms × 16 is 96 % of the line's time.
  @Test(arguments: [1, 3, 5, 8], [Int64(20), 60])
  func `F3, F4: keep 95 % of their rate whatever number is dead`(dead: Int, answer: Int64) {
    let counts = reads(answer: answer) { request, _ in
      request.unitAddress <= dead ? .fault(.timeout) : .words
    }
    for count in counts.dropFirst(dead) { #expect((570...601).contains(count)) }
    for count in counts.prefix(dead) { #expect(count >= 3 + 3, "and none is given up") }
  }

  @Test func `F3, F4: keep all of it when one is dead and the line has room`() {
    let counts = reads(answer: 20) { request, _ in
      request.unitAddress == 7 ? .fault(.timeout) : .words
    }
    for (index, count) in counts.enumerated() where index != 6 { #expect(count >= 599) }
    #expect((20...32).contains(counts[6]), "thirty seconds apart, half of it by chance")
  }

  @Test func `F7: keep 95 % of it when one sends noise`() {
    let counts = reads(answer: 55) { request, _ in
      request.unitAddress == 7 ? .fault(.garbage("noise")) : .words
    }
    for (index, count) in counts.enumerated() where index != 6 { #expect(count >= 570) }
  }

  @Test func `keep all of it when one is merely slow`() {
    var dialogue = Dialogue(serial(units(16)))
    dialogue.answerTime = .milliseconds(20)
    dialogue.play(until: ms(600_000)) { request, _ in
      request.unitAddress == 7 ? .wordsAfter(.milliseconds(450)) : .words
    }
    for unit in 1...16 { #expect((599...601).contains(dialogue.times(unit: UInt8(unit)).count)) }
  }

  @Test func `F8: all dead ones are probed in turn, for ever`() {
    var dialogue = Dialogue(serial(units(16)))
    dialogue.answerTime = .milliseconds(60)
    dialogue.play(until: ms(3_600_000)) { request, _ in
      request.unitAddress.isMultiple(of: 2) ? .fault(.timeout) : .words
    }
    // Every second one, so that no neighbour leaves the line free for as long as a timeout.
    let probes = (1...8).map { number in
      dialogue.times(unit: UInt8(2 * number)).count { $0 > 600_000 }
    }
    #expect(probes.allSatisfy { (10...25).contains($0) }, "3000 s ÷ 25 s ÷ 8 units = 15")
    let spent = probes.reduce(0, +) * 500
    #expect(spent <= 3_000_000 / 50 + 1000, "2 % of the time")
  }

  @Test func `F4: the first answer brings each back at its full rate`() {
    var dialogue = Dialogue(serial(units(16)))
    dialogue.answerTime = .milliseconds(55)
    dialogue.play(until: ms(120_000)) { request, now in
      request.unitAddress <= 5 && now < ms(60_000) ? .fault(.timeout) : .words
    }
    dialogue.play(until: ms(300_000))
    for unit in 1...16 {
      let late = dialogue.times(unit: UInt8(unit)).filter { $0 >= 240_000 }
      #expect((59...61).contains(late.count))
    }
  }

  @Test func `F5, F9: one request at a time, each with the configured timeout`() {
    var dialogue = Dialogue(serial(units(16, period: 250)))
    var end = ms(0)
    dialogue.play(until: ms(60_000)) { request, now in
      #expect(request.timeout == .milliseconds(500))
      #expect(now >= end, "never before the last one ended")
      let isDead = request.unitAddress % 4 == 0
      end = now + (isDead ? .milliseconds(500) : .milliseconds(4))
      return isDead ? .fault(.timeout) : .words
    }
    guard case .read = dialogue.poller.next(now: dialogue.now + .seconds(1)) else { return }
    // Asked again without a result: still the one transaction, and a single result ends it.
    #expect(dialogue.poller.linkState != .up(asked: nil))
  }

  @Test func `F6: a line where all are silent is opened anew only rarely`() {
    var dialogue = Dialogue(serial(units(2)))
    dialogue.play(until: ms(3_600_000)) { _, _ in .fault(.timeout) }
    #expect((2...12).contains(dialogue.opens.count))
  }
}

@Suite struct `After a timeout on an RTU line` {
  private let shapes = [binding(0, 10), binding(100, 10), binding(200, 4), binding(0, 1, .coil)]

  /// Requests to unit 1 with the time since the last timeout of the same shape, in milliseconds.
  private func waits(_ bus: BusDefinition, _ world: (ReadRequest, Instant) -> Reply) -> [Int64] {
    var dialogue = Dialogue(bus)
    var timedOut: [String: Instant] = [:]
    var waits: [Int64] = []
    dialogue.play(until: ms(120_000)) { request, now in
      guard request.unitAddress == 1 else { return .words }
      let shape = "\(request.table) \(request.count)"
      if let last = timedOut[shape] { waits.append((now - last).wholeMilliseconds) }
      let reply = world(request, now)
      if case .fault(.timeout) = reply {
        timedOut[shape] = now + request.timeout
      } else {
        timedOut = [:]
      }
      return reply
    }
    return waits
  }

  @Test(arguments: [1, 2, 3])
  func `F11: no answer of the same shape is asked for until it cannot be late any more`(
    every: Int
  ) {
    var count = 0
    let waits = waits(serial([unit(1, shapes), unit(2, [binding(0, 10, period: 50)])])) { _, _ in
      count += 1
      return count % every == 0 ? .fault(.timeout) : .words
    }
    #expect(waits.allSatisfy { $0 >= 500 })
    #expect(!waits.isEmpty || every > 1)
  }

  @Test func `F11: the same over TCP, where a serial server forwards the frames`() {
    var bus = serial([unit(1, [binding(0, period: 100)])])
    bus.line = .rtuOverTCP(host: "server", port: 4001, behind: SerialSpeed())
    var count = 0
    let waits = waits(bus) { _, _ in
      count += 1
      return count % 3 == 0 ? .fault(.timeout) : .words
    }
    #expect(waits.count > 20)
    #expect(waits.allSatisfy { (500...510).contains($0) })
  }

  @Test func `F11: nor after garbage, behind which the answer may still come`() {
    var dialogue = Dialogue(serial([unit(1, [binding(0, period: 100)])]))
    dialogue.play(until: ms(2000)) { _, now in now < ms(50) ? .fault(.garbage("noise")) : .words }
    #expect(dialogue.times(unit: 1).prefix(2) == [1, 505])
  }

  @Test func `F11: a refusal that may be the late one of another request is not learnt`() {
    var dialogue = Dialogue(
      serial([unit(1, [binding(0, 10, period: 100), binding(200, 5, period: 100)])]))
    dialogue.play(until: ms(900)) { request, _ in
      request.count == 10 ? .fault(.timeout) : .fault(.exception(2))
    }
    #expect(dialogue.requests.map(\.request.count) == [10, 5])
    #expect(dialogue.poller.learntChanges == 0)
    #expect(dialogue.degradations.allSatisfy { $0.quality != .refused })
    // Its own answer may come yet: something else is asked first.
    dialogue.play(until: ms(30_000)) { request, _ in
      request.count == 5 ? .fault(.exception(2)) : .words
    }
    #expect(dialogue.requests.map(\.request.count).prefix(4) == [10, 5, 10, 5])
    #expect(dialogue.poller.learntChanges > 0, "it is learnt once nothing is owed any more")
  }

  @Test func `another shape and other units are asked meanwhile`() {
    var dialogue = Dialogue(
      serial([
        unit(1, [binding(0, 10, period: 100), binding(0, 1, .coil, period: 100)]),
        unit(2, [binding(0, 10, period: 100)]),
      ]))
    dialogue.play(until: ms(10_000)) { request, _ in
      request.unitAddress == 1 && request.table == .holding ? .fault(.timeout) : .words
    }
    #expect(dialogue.degradations.allSatisfy { $0.slots == [0] })
    #expect(dialogue.times(unit: 2).count >= 70)
    #expect(dialogue.requests.count { $0.request.table == .coil } >= 60)
  }

  @Test func `with Modbus TCP the transaction tells, and nobody waits`() {
    var count = 0
    let waits = waits(bus(unit([binding(0, period: 100)]))) { _, _ in
      count += 1
      return count % 3 == 0 ? .fault(.timeout) : .words
    }
    #expect(waits.contains { $0 < 500 })
  }
}

@Suite struct `Silences` {
  @Test func `F22: after opening nothing is asked for as long as the device needs`() {
    var definition = bus(unit([binding(0)]))
    definition.connectPause = .milliseconds(700)
    var dialogue = Dialogue(definition)
    dialogue.play(until: ms(10_000)) { _, now in
      (5000..<6500).contains(now.milliseconds) ? .fault(.broken("reset")) : .words
    }
    #expect(dialogue.opens.count == 2)
    let pauses = dialogue.opens.map { open in
      dialogue.requests.first { $0.at > open }.map { $0.at - open } ?? .zero
    }
    #expect(pauses[0] == .milliseconds(701))
    #expect(pauses[1] >= .milliseconds(701))
  }

  @Test func `between an answer and the next request, whoever is asked`() {
    var dialogue = Dialogue(serial(units(8, period: 100), request: .milliseconds(15)))
    dialogue.play(until: ms(20_000)) { request, _ in
      request.unitAddress == 3 ? .fault(.timeout) : .words
    }
    let ends = dialogue.requests.map { request in
      request.at + (request.request.unitAddress == 3 ? .milliseconds(500) : .milliseconds(4))
    }
    let gaps = zip(dialogue.requests.dropFirst(), ends).map { $0.at - $1 }
    #expect(gaps.allSatisfy { $0 >= .milliseconds(15) })
    #expect(gaps.contains(.milliseconds(15)))
  }

  @Test func `before the same device is asked again; the others are asked meanwhile`() {
    var slow = unit(1, [binding(0, period: 100), binding(100, period: 100)])
    slow.quirks.pause = .milliseconds(40)
    var dialogue = Dialogue(serial([slow, unit(2, [binding(0, period: 20)])]))
    dialogue.play(until: ms(20_000))
    let times = dialogue.times(unit: 1)
    #expect(zip(times.dropFirst(), times).allSatisfy { $0 - $1 >= 44 })
    #expect((390...402).contains(times.count))
    #expect((990...1001).contains(dialogue.times(unit: 2).count))
  }
}
