// Devices that answer, but say that they are busy: asked again soon, for ever, and told.

import Polling
import Primitives
import Signals
import Testing

private func plc(_ bindings: [ReadBinding]) -> BusDefinition {
  BusDefinition(
    name: "plc", line: .tcp(host: "plc", port: 502), connectTimeout: .seconds(3),
    units: [unit(1, bindings)])
}

@Suite struct `A device that is busy` {
  /// Five blocks: too far apart to be read together.
  private let far = (0..<5).map { binding($0 * 1000, period: 200) }

  @Test(arguments: [UInt8(5), 6])
  func `F4: is back at its full rate within a second after an hour of it`(code: UInt8) {
    var dialogue = Dialogue(plc(far))
    let hour: Int64 = 3_600_000
    dialogue.play(until: ms(hour + 60_000)) { _, now in
      now < ms(hour) ? .fault(.exception(code)) : .words
    }
    #expect(dialogue.poller.unreadSlots(of: 0) == [])
    let after = dialogue.times(unit: 1).filter { $0 >= hour }
    #expect(after[0] <= hour + 1000)
    // Five blocks five times a second.
    #expect((1470...1505).contains(after.count))
    let meanwhile = dialogue.times(unit: 1).filter { $0 < hour }
    #expect(meanwhile.count <= 5 * 3600 + 15, "and each block is asked once a second until then")
    #expect(meanwhile.count >= 5 * 3300)
    #expect(dialogue.opens.count == 1)
  }

  @Test func `keeps 85 % of its rate when three answers of ten are no`() {
    var generator = SeededGenerator(seed: 11)
    var dialogue = Dialogue(plc([binding(0, period: 200)]))
    dialogue.play(until: ms(600_000)) { _, _ in
      Int.random(in: 0..<10, using: &generator) < 3 ? .fault(.exception(6)) : .words
    }
    #expect(dialogue.times(unit: 1).count >= 2550)
  }

  @Test func `is told with the signals that lack a value, and when they come again`() {
    var dialogue = Dialogue(plc(far))
    let before = dialogue.poller.givenUpChanges
    dialogue.play(until: ms(10_000)) { request, _ in
      request.start == 2000 ? .fault(.exception(6)) : .words
    }
    #expect(dialogue.poller.unreadSlots(of: 0) == [2])
    #expect(dialogue.poller.refusedSlots(of: 0) == [])
    let told = dialogue.poller.givenUpChanges
    #expect(told > before)
    dialogue.play(until: ms(12_000))
    #expect(dialogue.poller.unreadSlots(of: 0) == [])
    #expect(dialogue.poller.givenUpChanges > told)
  }

  @Test func `one that fails is asked rarely, and its other signals are read on`() {
    var dialogue = Dialogue(plc(far))
    dialogue.play(until: ms(600_000)) { request, _ in
      request.start == 2000 ? .fault(.exception(4)) : .words
    }
    let starts = dialogue.requests.map(\.request.start)
    #expect(starts.count { $0 == 2000 } < 20)
    #expect(starts.count { $0 == 1000 } >= 2990)
    #expect(dialogue.poller.unreadSlots(of: 0) == [2])
  }

  @Test func `lost altogether, nothing of it is told beside that`() {
    var dialogue = Dialogue(plc(far))
    dialogue.play(until: ms(10_000)) { request, _ in
      request.start == 2000 ? .fault(.exception(6)) : .words
    }
    let told = dialogue.poller.givenUpChanges
    dialogue.play(until: ms(30_000)) { _, _ in .fault(.timeout) }
    #expect(dialogue.poller.unreadSlots(of: 0) == [])
    #expect(dialogue.poller.givenUpChanges > told)
  }
}

@Suite struct `What was heard and is no answer` {
  private let line = BusLine.tcp(host: "plc", port: 502)

  @Test func `brings advice that fits the line`() {
    #expect(BusLine.rtu(SerialLine(path: "/dev/ttyS1")).advice(onGarbage: "x").contains("parity"))
    #expect(line.advice(onGarbage: "unit 0 answered for unit 1").contains("unit number"))
    #expect(line.advice(onGarbage: "protocol id 1 instead of 0").contains("modbus-rtu-over-tcp"))
  }

  @Test func `is told with it`() {
    var dialogue = Dialogue(
      BusDefinition(
        name: "plc", line: line, connectTimeout: .seconds(3),
        units: [unit(1, [binding(0, period: 200)])]))
    dialogue.play(until: ms(1000)) { _, _ in .fault(.garbage("unit 0 answered for unit 1")) }
    let told = dialogue.poller.lastError(of: 0) ?? ""
    #expect(
      told.hasSuffix(
        "no valid answer (unit 0 answered for unit 1); if that is the device, give the machine "
          + "the unit number that it answers with"))
  }
}
