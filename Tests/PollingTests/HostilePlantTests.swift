// Plants that nobody would build: units that fail now and then, that drop what they do not like,
// that are being programmed, that take less than they say.

import Polling
import Primitives
import Signals
import Testing

private func line(_ units: [UnitDefinition]) -> BusDefinition {
  BusDefinition(
    name: "line", line: .rtu(SerialLine(path: "/dev/ttyS1")), connectTimeout: .seconds(3),
    units: units)
}

private func sixteen() -> [UnitDefinition] { (1...16).map { unit($0, [binding(0, 10)]) } }

private func range(_ request: ReadRequest) -> Range<Int> {
  Int(request.start)..<(Int(request.start) + Int(request.count))
}

@Suite struct `A unit that fails now and then` {
  /// Good answers within ten minutes by unit, of 600 asked for; `fails` tells which requests fail.
  private func answers(
    _ answer: Int64, minutes: Int64 = 10,
    _ fails: (_ unit: UInt8, _ number: Int) -> BusFault?
  ) -> [Int] {
    var dialogue = Dialogue(line(sixteen()))
    dialogue.answerTime = .milliseconds(answer)
    var asked = [Int](repeating: 0, count: 17)
    var good = [Int](repeating: 0, count: 17)
    dialogue.play(until: ms(minutes * 60_000)) { request, _ in
      let unit = Int(request.unitAddress)
      asked[unit] += 1
      if let fault = fails(request.unitAddress, asked[unit]) { return .fault(fault) }
      good[unit] += 1
      return .words
    }
    return Array(good.dropFirst())
  }

  /// 55 ms × 16 is 88 % of the line's time: a timeout of 500 ms every other second has no room.
  @Test(arguments: [2, 3, 8], [1, 3, 8])
  func `F3, F4: costs its neighbours less than five in a hundred`(every: Int, flapping: Int) {
    let good = answers(55) { unit, number in
      unit <= flapping && number % every == 0 ? .timeout : nil
    }
    #expect(good.dropFirst(flapping).allSatisfy { $0 >= 570 }, "\(good)")
    #expect(good.prefix(flapping).allSatisfy { $0 >= 20 }, "\(good)")
  }

  @Test func `is read at its full rate where the line has room for its failures`() {
    let good = answers(20) { unit, number in unit == 7 && number % 2 == 0 ? .timeout : nil }
    #expect(good[6] >= 280, "\(good[6]) of 300")
    for (index, count) in good.enumerated() where index != 6 { #expect(count >= 590) }
  }

  @Test func `is trusted again once it answers`() {
    var dialogue = Dialogue(line(sixteen()))
    dialogue.answerTime = .milliseconds(55)
    var asked = 0
    dialogue.play(until: ms(600_000)) { request, now in
      guard request.unitAddress == 7, now < ms(300_000) else { return .words }
      asked += 1
      return asked % 2 == 0 ? .fault(.timeout) : .words
    }
    #expect(dialogue.times(unit: 7).count { $0 > 540_000 } >= 58)
  }

  @Test(arguments: [UInt8(5), 6])
  func `or is busy takes nothing from the others and is asked on`(code: UInt8) {
    let good = answers(55) { unit, number in
      unit == 7 && number % 2 == 0 ? .exception(code) : nil
    }
    #expect(good[6] >= 280)
    for (index, count) in good.enumerated() where index != 6 { #expect(count >= 595) }
  }

  @Test(arguments: [UInt8(10), 11])
  func `behind a gateway that says so at once takes nothing either`(code: UInt8) {
    let good = answers(55) { unit, number in
      unit == 7 && number % 2 == 0 ? .exception(code) : nil
    }
    #expect(good[6] >= 280)
    for (index, count) in good.enumerated() where index != 6 { #expect(count >= 595) }
  }
}

@Suite struct `A unit that answers nothing but refusals` {
  private func bindings() -> [ReadBinding] {
    (0..<100).map { binding($0) } + (0..<40).map { binding($0 * 3, 1, .input, period: 500) }
  }

  /// A PLC being programmed: the exception to everything, from ten seconds on, for so long.
  @Test(arguments: [UInt8(1), 2, 3, 4, 6], [Int64(60), 600])
  func `F4: is back at its full rate ten seconds after it ends`(code: UInt8, seconds: Int64) {
    var dialogue = Dialogue(bus(unit(bindings())))
    let end = ms(10_000 + seconds * 1000)
    dialogue.play(until: end + .seconds(120)) { _, now in
      now > ms(10_000) && now < end ? .fault(.exception(code)) : .words
    }
    let full = end + .seconds(11)
    let after = dialogue.requests.filter { $0.at >= full && $0.at < full + .seconds(60) }
    #expect((60 + 120...64 + 124).contains(after.count), "\(after.count)")
    #expect(Set(after.map { "\($0.request.table) \($0.request.count)" }).count == 2)
    #expect(dialogue.poller.learnt == [])
    #expect(dialogue.poller.refusedSlots(of: 0) == [])
    let during = dialogue.requests.count { $0.at > ms(20_000) && $0.at < end }
    #expect(during <= Int(seconds) * 2, "and is not hammered meanwhile: \(during)")
  }

  @Test func `costs the units beside it little`() {
    var dialogue = Dialogue(
      line([unit(1, bindings())] + (2...12).map { unit($0, [binding(0, 10)]) }))
    dialogue.answerTime = .milliseconds(40)
    dialogue.play(until: ms(300_000)) { request, now in
      request.unitAddress == 1 && now > ms(5000) ? .fault(.exception(2)) : .words
    }
    for unit in 2...12 { #expect(dialogue.times(unit: UInt8(unit)).count >= 285) }
  }
}

@Suite struct `A unit that drops what it does not like` {
  /// Silence for what covers one of these registers, or for what is too long.
  private func drops(
    _ addresses: Set<Int>, longest: Int = 125
  ) -> (ReadRequest, Instant) -> Reply {
    { request, _ in
      request.count > longest || range(request).contains { addresses.contains($0) }
        ? .fault(.timeout) : .words
    }
  }

  @Test func `is read around it in the end`() {
    var dialogue = Dialogue(
      bus(unit(1, (0..<100).map { binding($0) } + [binding(0, 1, .coil)]), unit(2, [binding(0)])))
    dialogue.play(until: ms(1_200_000)) { request, now in
      request.unitAddress == 1 ? drops([37])(request, now) : .words
    }
    #expect(dialogue.poller.refusedSlots(of: 0) == [37])
    #expect(dialogue.poller.statusSnapshot.units[0].requests == 3)
    #expect(dialogue.times(unit: 2).count >= 1140)
    #expect(dialogue.opens.count == 1)
  }

  @Test func `a retest that is dropped is rare, too`() {
    let known = LearntRefusal(
      unit: 1, table: .holding, addresses: 3...3, exception: 2, since: ms(-1000), tries: 0)
    var dialogue = Dialogue(bus(unit([binding(0), binding(3)])), learnt: [known])
    dialogue.play(until: ms(3_600_000), drops([3]))
    let looks = dialogue.requests.count { $0.request.start == 3 }
    #expect((5...16).contains(looks), "\(looks)")
    #expect(dialogue.degradations.isEmpty)
  }
}

@Suite struct `A unit that takes less in a request than the protocol allows` {
  private func takes(_ most: Int, _ code: UInt8 = 3) -> (ReadRequest, Instant) -> Reply {
    { request, _ in request.count > most ? .fault(.exception(code)) : .words }
  }

  @Test(arguments: [1, 2, 10, 16, 31, 32, 50, 60, 63, 64, 100, 124])
  func `F18: is asked for as much as it takes, and no less`(most: Int) {
    var dialogue = Dialogue(bus(unit((0..<125).map { binding($0) })))
    dialogue.play(until: ms(9000), takes(most))
    let wanted = (125 + most - 1) / most
    let requests = dialogue.poller.statusSnapshot.units[0].requests
    #expect(requests == wanted, "\(requests) instead of \(wanted): \(dialogue.poller.learnt)")
    #expect(dialogue.degradations == [])
    // What takes next to nothing is halved down to it, once.
    #expect(dialogue.requests.count { $0.at < ms(1000) } <= (most > 10 ? 40 : 2 * 125 + 10))
  }

  @Test func `the edge of a device's own block is not taken for that`() {
    var dialogue = Dialogue(bus(unit((0..<125).map { binding($0) })))
    dialogue.play(until: ms(9000)) { request, _ in
      range(request).contains(40) && range(request).contains(41) ? .fault(.exception(2)) : .words
    }
    #expect(dialogue.poller.statusSnapshot.units[0].requests == 2)
    #expect(dialogue.poller.learnt.map(\.addresses) == [40...41])
  }
}

@Suite struct `What is kept of it` {
  @Test func `F2: a look in vain is news until the interval has stopped growing`() {
    var dialogue = Dialogue(bus(unit([binding(0), binding(1)])))
    dialogue.play(until: ms(24 * 3_600_000)) { request, _ in
      range(request).contains(1) ? .fault(.exception(2)) : .words
    }
    #expect(dialogue.poller.learnt.map(\.tries) == [PollingLimits.triesCounted])
    #expect(dialogue.poller.learntChanges == 1 + UInt64(PollingLimits.triesUntilCeiling))
  }

  @Test func `a length outlives a restart, and a device that takes more is believed`() {
    var before = Dialogue(bus(unit((0..<125).map { binding($0) })))
    before.play(until: ms(5000)) { request, _ in
      request.count > 60 ? .fault(.exception(3)) : .words
    }
    #expect(before.poller.learnt.map(\.longest) == [60])
    var after = Dialogue(before.poller.bus, now: ms(5000), learnt: before.poller.learnt)
    after.play(until: ms(9000))
    #expect(Set(after.requests.map(\.request.count)) == [60, 5])
    after.play(until: ms(60_000))
    #expect(after.poller.learnt == [])
    #expect(after.requests.last?.request.count == 125)
  }

  @Test func `what was refused together is looked at together once one of it is answered`() {
    var dialogue = Dialogue(bus(unit((0..<100).map { binding($0) })))
    let bad = Set((0..<30).map { $0 * 3 })
    dialogue.play(until: ms(3_600_000)) { request, now in
      now < ms(3_000_000) && range(request).contains { bad.contains($0) }
        ? .fault(.exception(2)) : .words
    }
    let whole = dialogue.requests.first { $0.at > ms(3_000_000) && $0.request.count == 100 }
    #expect(whole.map { $0.at < ms(3_000_000 + 300_000 + 2000) } == true)
    #expect(dialogue.poller.learnt == [])
  }
}

@Suite struct `An outage` {
  @Test func `is no overrun: nothing was late that could not be asked for`() {
    var dialogue = Dialogue(bus(unit([binding(0, period: 100)])))
    dialogue.play(
      until: ms(700_000), opening: { $0 > ms(5000) && $0 < ms(605_000) ? .timeout : nil },
      reading: { $1 > ms(5000) && $1 < ms(605_000) ? .fault(.broken("reset")) : .words })
    #expect(dialogue.poller.statusSnapshot.counters.overruns <= 1)
  }
}
