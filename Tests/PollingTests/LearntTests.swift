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
    let tries = dialogue.requests.filter { $0.request.count == 2 }.map(\.at.milliseconds)
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
