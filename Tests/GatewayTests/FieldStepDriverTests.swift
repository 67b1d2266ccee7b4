// The driver of the field step: its turns, its waits and its end.

import Gateway
import Polling
import Primitives
import Signals
import Testing

/// A virtual clock that a virtual link moves on.
private final class VirtualClock: Clock, @unchecked Sendable {
  var time = Instant.boot
  func now() -> Instant { time }
  func reading() -> ClockReading {
    ClockReading(
      monotonic: time, wall: WallTime(milliseconds: 0), quality: .neverset, bootID: "test")
  }
}

/// A link that is refused once, answers, breaks once, and answers again.
private struct VirtualLink: FieldBus, ~Copyable {
  let clock: VirtualClock
  var calls: [String] = []
  var reads = 0

  init(clock: VirtualClock) { self.clock = clock }

  mutating func open(timeout: Duration) throws(BusFault) {
    calls.append("open")
    clock.time = clock.time + .milliseconds(1)
    if calls.count == 1 { throw .unreachable("connection refused") }
  }

  mutating func read(_ request: ReadRequest, into words: inout [UInt16]) throws(BusFault) {
    calls.append("read")
    reads += 1
    clock.time = clock.time + .milliseconds(10)
    if reads == 2 { throw .broken("reset") }
    words = [UInt16(reads)]
  }

  mutating func close() { calls.append("close") }
}

@Suite struct `The driver of a field step` {
  @Test func `performs what the step wants and reports what came of it`() {
    let clock = VirtualClock()
    var link = VirtualLink(clock: clock)
    let word = RegisterFormat(type: .u16, count: 1)
    let unit = UnitDefinition(
      id: UnitID(0), name: "press", address: 1, timeout: .seconds(1),
      bindings: [
        ReadBinding(
          signal: SignalID(0), table: .holding, address: 0, count: 1, period: .seconds(1))
      ])
    let storage = RingStorage(capacity: 64)
    var consumer = RingConsumer(storage)
    var step = FieldStep(
      bus: BusDefinition(
        name: "b", line: .tcp(host: "plc", port: 502), connectTimeout: .seconds(1), units: [unit]),
      signals: [SignalDefinition(name: "s", format: word)], producer: RingProducer(storage),
      seed: 1, now: clock.now())
    var words: [UInt16] = []
    var told: [Value] = []
    while clock.time < Instant.boot + .seconds(10) {
      switch step.turn(bus: &link, clock: clock, words: &words) {
      case .idle(let until): clock.time = until
      case .acted(let outcome): #expect(outcome.fill <= 64)
      }
      _ = consumer.drain(limit: 64) { if $0.kind == .value { told.append($0.value) } }
    }
    #expect(
      link.calls.prefix(7) == ["open", "open", "read", "read", "close", "open", "read"])
    #expect(told.prefix(4) == [.none, .integer(1), .integer(3), .integer(4)])
  }
}
