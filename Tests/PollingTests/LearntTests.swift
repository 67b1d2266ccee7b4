// What a poller learns from refusals: who is guilty, what is read around it, when it looks again.

import Polling
import Primitives
import Signals
import Testing

@Suite struct `A refused address` {
  /// Exceptions 2 for requests that touch one of these registers.
  private func illegal(_ addresses: Set<Int>) -> (ReadRequest, Instant) -> Reply {
    { request, _ in
      let range = Int(request.start)..<(Int(request.start) + Int(request.count))
      return range.contains { addresses.contains($0) } ? .fault(.exception(2)) : .words
    }
  }

  @Test func `F1: takes no other signal with it`() throws {
    var dialogue = Dialogue(bus(unit((0..<100).map { binding($0) })))
    dialogue.play(until: ms(1000), illegal([37]))
    #expect(dialogue.degradations.map(\.slots) == [[37]])
    #expect(dialogue.degradations.map(\.quality) == [.refused])
    // The whole block, two halves seven times, and then each part once at its regular time.
    #expect(dialogue.requests.count <= 1 + 2 * 7 + 8)
    #expect(try #require(dialogue.degradations.first).since < ms(100))
    let before = dialogue.requests.count
    dialogue.play(until: ms(2000), illegal([37]))
    #expect(dialogue.requests.count - before <= 8)
    #expect(dialogue.opens.count == 1)
    #expect(dialogue.poller.statusSnapshot.units[0].refused == 1)
  }

  @Test func `F18: an unmapped gap costs one more request and no signal`() {
    var dialogue = Dialogue(bus(unit([binding(0), binding(1), binding(10), binding(11)])))
    dialogue.play(until: ms(5000), illegal([5]))
    #expect(dialogue.degradations == [])
    #expect(dialogue.requests[1].request.count == 2)
    #expect(dialogue.requests[2].request.start == 10)
    #expect(dialogue.poller.statusSnapshot.units[0].requests == 2)
  }

  @Test func `F2: is tried again rarely, and more rarely each time`() throws {
    var dialogue = Dialogue(bus(unit([binding(0), binding(1)])))
    dialogue.play(until: ms(3_600_000), illegal([1]))
    let tries = dialogue.requests.filter { $0.request.start == 1 }.map(\.at.milliseconds)
    #expect((8...20).contains(tries.count))
    #expect(try #require(tries.last) > 2_300_000, "never for good")
  }

  @Test func `is good again once the device takes it, and the block is whole again`() {
    var dialogue = Dialogue(bus(unit((0..<8).map { binding($0) })))
    dialogue.play(until: ms(2000), illegal([3]))
    dialogue.play(until: ms(60_000))
    let status = dialogue.poller.statusSnapshot.units[0]
    #expect(status.requests == 1)
    #expect(status.refused == 0)
  }

  @Test func `a table that the device does not offer is refused without halving`() {
    var dialogue = Dialogue(
      bus(unit((0..<50).map { binding($0) } + (0..<50).map { binding($0, 1, .input) })))
    dialogue.play(until: ms(5000)) { request, _ in
      request.table == .input ? .fault(.exception(1)) : .words
    }
    #expect(dialogue.requests.count { $0.request.table == .input } == 1)
    #expect(dialogue.degradations.map(\.slots) == [Array(50..<100)])
  }

  @Test(arguments: [UInt8(4), 5, 6])
  func `a busy device is asked again before it is believed`(code: UInt8) {
    var dialogue = Dialogue(bus(unit([binding(0)])))
    var left = 2
    dialogue.play(until: ms(10_000)) { _, _ in
      left -= 1
      return left >= 0 ? .fault(.exception(code)) : .words
    }
    #expect(dialogue.degradations == [])
    dialogue.play(until: ms(30_000)) { _, _ in .fault(.exception(code)) }
    #expect(Set(dialogue.degradations.map(\.quality)) == [.refused])
    #expect(dialogue.opens.count == 1)
  }
}

@Suite struct `What was learnt` {
  /// Exception 2 for requests that touch one of these registers.
  private func illegal(_ addresses: Set<Int>) -> (ReadRequest, Instant) -> Reply {
    { request, _ in
      let range = Int(request.start)..<(Int(request.start) + Int(request.count))
      return range.contains { addresses.contains($0) } ? .fault(.exception(2)) : .words
    }
  }

  private func requests(_ dialogue: Dialogue) -> [String] {
    dialogue.requests.map { "\($0.request.start)+\($0.request.count)" }
  }

  private func facts(_ dialogue: Dialogue) -> [String] {
    dialogue.poller.learnt.map {
      "\($0.table.rawValue) \($0.addresses.lowerBound)-\($0.addresses.upperBound) "
        + "exception \($0.exception)"
    }
  }

  @Test func `F1, F2: one guilty register of a hundred leaves two requests and a rare look`() {
    var dialogue = Dialogue(bus(unit((0..<100).map { binding($0) })))
    dialogue.play(until: ms(600_000), illegal([37]))
    #expect(facts(dialogue) == ["holding 37-37 exception 2"])
    #expect(dialogue.degradations.map(\.slots) == [[37]])
    #expect(dialogue.poller.statusSnapshot.units[0].requests == 2)
    let late = dialogue.requests.filter { $0.at > ms(1000) }.map(\.request)
    #expect(Set(late.map { "\($0.start)+\($0.count)" }) == ["0+37", "38+62", "37+1"])
    let looks = late.count { $0.count == 1 }
    #expect((4...9).contains(looks))
    #expect((599 * 2 - 4...600 * 2 + 4).contains(late.count - looks))
  }

  @Test(arguments: 0..<100)
  func `F1: whichever it is, the others are read within three scans`(guilty: Int) throws {
    var dialogue = Dialogue(bus(unit((0..<100).map { binding($0) })))
    // 9600 baud with parity: a request and the frame of an answer 20 ms, a register 2.3 ms.
    dialogue.answerTime = .milliseconds(20)
    dialogue.valueTime = .microseconds(2300)
    var good: [Int: Instant] = [:]
    dialogue.play(until: ms(5000)) { request, now in
      let range = Int(request.start)..<(Int(request.start) + Int(request.count))
      guard !range.contains(guilty) else { return .fault(.exception(2)) }
      for address in range where good[address] == nil { good[address] = now }
      return .words
    }
    #expect(good.count == 99)
    #expect(try #require(good.values.max()) + .milliseconds(250) <= ms(3000))
    #expect(dialogue.poller.refusedSlots(of: 0) == [guilty])
  }

  @Test func `many guilty ones are found together, and all else stays good`() {
    let guilty: Set = [3, 4, 50, 77, 119]
    var dialogue = Dialogue(bus(unit((0..<120).map { binding($0) })))
    dialogue.play(until: ms(5000), illegal(guilty))
    #expect(dialogue.poller.refusedSlots(of: 0) == guilty.sorted())
    #expect(Set(dialogue.degradations.flatMap { $0.slots ?? [] }) == guilty)
    #expect(dialogue.poller.statusSnapshot.units[0].requests == 4)
    #expect(dialogue.poller.learnt.count == guilty.count)
  }

  @Test func `F18: a gap in between is learnt as a gap, and costs one request more`() {
    var dialogue = Dialogue(bus(unit([binding(0), binding(1), binding(10), binding(11)])))
    dialogue.play(until: ms(5000), illegal([5]))
    #expect(facts(dialogue) == ["holding 1-10 exception 2"])
    #expect(dialogue.degradations == [])
    #expect(dialogue.poller.refusedSlots(of: 0) == [])
  }

  @Test func `F18: a device that takes fifty at once is asked for fifty`() {
    var dialogue = Dialogue(bus(unit((0..<120).map { binding($0) })))
    let world: (ReadRequest, Instant) -> Reply = { request, _ in
      request.count > 50 ? .fault(.exception(3)) : .words
    }
    dialogue.play(until: ms(2000), world)
    #expect(dialogue.degradations == [])
    #expect(dialogue.poller.statusSnapshot.units[0].requests == 3)
    #expect(dialogue.poller.learnt.map(\.longest) == [50])
    let before = dialogue.requests.count
    dialogue.play(until: ms(602_000), world)
    let refused = dialogue.requests[before...].count { $0.request.count > 50 }
    #expect((3...30).contains(refused), "a look is one request, never the whole story again")
    #expect(dialogue.requests.count - before - refused <= 600 * 4 + 8)
  }

  @Test func `an edge inside the device is found, without any gap`() {
    var dialogue = Dialogue(bus(unit((0..<100).map { binding($0) })))
    dialogue.play(until: ms(60_000)) { request, _ in
      request.start < 64 && request.start + request.count > 64 ? .fault(.exception(2)) : .words
    }
    #expect(facts(dialogue) == ["holding 63-64 exception 2"])
    #expect(dialogue.degradations == [])
    #expect(dialogue.poller.statusSnapshot.units[0].requests == 2)
  }

  @Test func `signals that share the guilty register are refused with it, in one look`() {
    let bits = (0..<16).map { _ in binding(7) }
    var dialogue = Dialogue(bus(unit([binding(5)] + bits + [binding(9)])))
    dialogue.play(until: ms(5000), illegal([7]))
    #expect(dialogue.poller.refusedSlots(of: 0) == Array(1...16))
    #expect(dialogue.poller.learnt.count == 1)
    #expect(dialogue.poller.statusSnapshot.units[0].requests == 2)
    dialogue.play(until: ms(60_000))
    #expect(dialogue.poller.refusedSlots(of: 0) == [])
    #expect(dialogue.poller.statusSnapshot.units[0].requests == 1)
  }

  @Test func `F2: outlives a restart, which asks for nothing that was refused`() {
    var before = Dialogue(bus(unit((0..<100).map { binding($0) })))
    before.play(until: ms(5000), illegal([37]))
    var after = Dialogue(before.poller.bus, now: ms(5000), learnt: before.poller.learnt)
    #expect(after.poller.refusedSlots(of: 0) == [37])
    #expect(after.poller.learntChanges == 0)
    after.play(until: ms(9000), illegal([37]))
    #expect(Set(requests(after)) == ["0+37", "38+62"])
    after.play(until: ms(60_000))
    #expect(after.poller.learnt == [])
    #expect(after.poller.learntChanges == 1)
    #expect(requests(after).last == "0+100")
  }

  @Test func `the interval goes on where it was before the restart`() {
    let tried = LearntRefusal(
      unit: 1, table: .holding, addresses: 3...3, exception: 2, since: ms(-1000), tries: 5)
    var dialogue = Dialogue(bus(unit([binding(0), binding(3)])), learnt: [tried])
    dialogue.play(until: ms(150_000), illegal([3]))
    #expect(!requests(dialogue).contains("3+1"), "ten seconds doubled five times, half by chance")
    dialogue.play(until: ms(330_000), illegal([3]))
    #expect(requests(dialogue).count { $0 == "3+1" } == 1)
    #expect(dialogue.poller.learnt.map(\.tries) == [6])
    #expect(dialogue.poller.learnt.map(\.since) == [ms(-1000)])
  }

  @Test func `what fits nothing that is asked for is dropped`() {
    func refusal(_ unit: UInt8, _ table: ModbusTable, _ range: ClosedRange<UInt16>) -> LearntRefusal
    {
      LearntRefusal(unit: unit, table: table, addresses: range, exception: 2, since: ms(0))
    }
    let poller = Poller(
      bus: bus(unit([binding(0), binding(10)])), seed: 1, now: ms(0),
      learnt: [
        refusal(2, .holding, 0...0), refusal(1, .input, 0...0), refusal(1, .holding, 10...11),
        refusal(1, .holding, 10...20), refusal(1, .holding, 10...10), refusal(1, .holding, 10...10),
      ])
    #expect(poller.learnt.map(\.addresses) == [10...10])
  }

  @Test func `is bounded, and a device that refuses nearly everything is still read`() {
    let signals = (0..<160).map { binding($0 * 2) }
    let guilty = Set((0..<160).filter { $0 % 4 != 0 }.map { $0 * 2 })
    var dialogue = Dialogue(bus(unit(gap: 1, signals)))
    var good: Set<UInt16> = []
    dialogue.play(until: ms(60_000)) { request, now in
      let range = Int(request.start)..<(Int(request.start) + Int(request.count))
      guard !range.contains(where: { guilty.contains($0) }) else { return .fault(.exception(2)) }
      if now > ms(30_000) { good.insert(request.start) }
      return .words
    }
    #expect(dialogue.poller.learnt.count == PollingLimits.refusalsPerUnit)
    #expect(good.count == 40)
  }

  @Test func `a device that refuses by chance cannot take the bus`() {
    var generator = SeededGenerator(seed: 3)
    var dialogue = Dialogue(
      bus(unit(1, (0..<100).map { binding($0) }), unit(2, [binding(0, period: 100)])))
    dialogue.play(until: ms(60_000)) { request, _ in
      request.unitAddress == 1 && Bool.random(using: &generator) ? .fault(.exception(2)) : .words
    }
    #expect(dialogue.times(unit: 2).count >= 590)
    #expect(dialogue.poller.learnt.count <= PollingLimits.refusalsPerUnit)
  }

  @Test func `a unit all of whose signals were refused is asked one thing at the start`() {
    let all = LearntRefusal(
      unit: 1, table: .holding, addresses: 0...0, exception: 2, since: ms(0), tries: 9)
    var dialogue = Dialogue(bus(unit([binding(0)])), learnt: [all])
    dialogue.play(until: ms(1000), illegal([0]))
    #expect(requests(dialogue) == ["0+1"])
    #expect(dialogue.poller.health(of: 0).state == .up)
  }

  @Test func `a unit that comes back is looked at again soon, and says what it refuses`() throws {
    var dialogue = Dialogue(bus(unit(1, [binding(0), binding(1)]), unit(2, [binding(0)])))
    dialogue.play(until: ms(1_800_000), illegal([1]))
    let gone = ms(1_800_000)..<ms(1_830_000)
    dialogue.play(until: ms(1_900_000)) { request, now in
      guard request.unitAddress == 1 else { return .words }
      return gone.contains(now) ? .fault(.timeout) : .words
    }
    let restored = try #require(dialogue.restored.first)
    let told = try #require(dialogue.degradations.last)
    #expect(told.unit == 0 && told.slots == [1] && told.quality == .refused)
    #expect(told.since == restored)
    let whole = dialogue.requests.last { $0.request.unitAddress == 1 }
    #expect(whole?.request.count == 2)
    #expect(dialogue.poller.learnt == [])
  }

  @Test func `coils that must be asked for from their start are halved from there`() {
    var definition = unit((0..<16).map { binding($0, 1, .coil) })
    definition.quirks.requestStart = [.coil: 0]
    var dialogue = Dialogue(bus(definition))
    dialogue.play(until: ms(60_000)) { request, _ in
      request.start != 0 || request.count > 12 ? .fault(.exception(2)) : .words
    }
    #expect(dialogue.poller.refusedSlots(of: 0) == [12, 13, 14, 15])
    let last = dialogue.requests.last { $0.request.count <= 12 }
    #expect(last?.request.count == 12)
  }

  @Test(arguments: 1...20)
  func `whatever a device refuses, everything else is read in the end`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var guilty: Set<Int> = []
    for _ in 0..<Int.random(in: 0...6, using: &generator) {
      guilty.insert(Int.random(in: 0..<300, using: &generator))
    }
    let most = Int.random(in: 20...125, using: &generator)
    let bindings = (0..<60).map { _ in
      binding(
        Int.random(in: 0..<290, using: &generator), Int.random(in: 1...4, using: &generator),
        .holding, period: Bool.random(using: &generator) ? 1000 : 250)
    }
    var dialogue = Dialogue(bus(unit(bindings)), seed: seed)
    var read: Set<Int> = []
    dialogue.play(until: ms(30_000)) { request, now in
      let range = Int(request.start)..<(Int(request.start) + Int(request.count))
      guard range.count <= most, !range.contains(where: { guilty.contains($0) }) else {
        return .fault(.exception(2))
      }
      if now > ms(5000) { read.formUnion(range) }
      return .words
    }
    let bad = bindings.indices.filter { slot in
      let first = Int(bindings[slot].address)
      return (first..<(first + Int(bindings[slot].count))).contains { guilty.contains($0) }
    }
    #expect(dialogue.poller.refusedSlots(of: 0) == bad)
    for slot in bindings.indices where !bad.contains(slot) {
      let first = Int(bindings[slot].address)
      #expect((first..<(first + Int(bindings[slot].count))).allSatisfy { read.contains($0) })
    }
  }
}
