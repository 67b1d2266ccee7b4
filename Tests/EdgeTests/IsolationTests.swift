// The poller over real links: what one bad register or one bad unit costs its neighbours.
//
// The bytes are real, the time is not: a clock that moves by 5 ms with each transaction and by the
// whole wait when there is nothing to do.

import Gateway
import ModbusEdge
import Polling
import Primitives
import Signals
import Synchronization
import Testing

/// Time that moves when it is told to.
private final class SteppedClock: Clock {
  private let nanoseconds = Atomic<Int64>(0)

  func now() -> Instant { Instant(nanoseconds: nanoseconds.load(ordering: .relaxed)) }
  func move(to instant: Instant) { nanoseconds.store(instant.nanoseconds, ordering: .relaxed) }
  func reading() -> ClockReading {
    ClockReading(
      monotonic: now(), wall: WallTime(milliseconds: 0), quality: .neverset, bootID: "test")
  }
}

private func unit(_ number: Int, signals: Range<Int>, from first: Int) -> UnitDefinition {
  UnitDefinition(
    id: UnitID(number), name: "unit-\(number)", address: UInt8(number),
    timeout: .milliseconds(500),
    bindings: signals.enumerated().map { index, signal in
      ReadBinding(
        signal: SignalID(signal), table: .holding, address: UInt16(first + index), count: 1,
        period: .seconds(1))
    })
}

/// A field step on a real link, played for a stretch of stepped time.
private struct Play: ~Copyable {
  var step: FieldStep
  var bus: ModbusTCPBus
  var consumer: RingConsumer
  let clock = SteppedClock()
  /// The last quality of each signal, and when it became so.
  var last: [UInt32: (quality: Quality, at: Instant)] = [:]

  init(_ units: [UnitDefinition], port: UInt16, learnt: [LearntRefusal] = []) {
    let definition = BusDefinition(
      name: "line", line: .tcp(host: "127.0.0.1", port: port), connectTimeout: .seconds(30),
      units: units)
    let storage = RingStorage(capacity: 4096)
    let count = units.map(\.bindings.count).reduce(0, +)
    let word = RegisterFormat(type: .u16, count: 1)
    consumer = RingConsumer(storage)
    bus = ModbusTCPBus(host: "127.0.0.1", port: port)
    step = FieldStep(
      bus: definition, signals: (0..<count).map { SignalDefinition(name: "s\($0)", format: word) },
      producer: RingProducer(storage), seed: 1, now: clock.now(), learnt: learnt)
  }

  mutating func play(until end: Instant) {
    var words: [UInt16] = []
    while clock.now() < end {
      switch step.turn(bus: &bus, clock: clock, words: &words) {
      case .idle(let until): clock.move(to: until)
      case .acted: clock.move(to: clock.now() + .milliseconds(5))
      }
      _ = consumer.drain(limit: .max) { sample in
        if sample.kind == .value { last[sample.subject] = (sample.quality, sample.at) }
      }
    }
  }

  var good: [Int] { last.filter { $0.value.quality == .good }.map { Int($0.key) }.sorted() }
}

private let second = Instant(nanoseconds: 1_000_000_000)

@Suite struct `Over real links` {
  /// A real server without the first or the last of a hundred registers.
  @Test(arguments: [0, 99])
  func `F1, F2: an illegal register of a hundred leaves 99 good within three scans`(
    illegal: Int
  ) throws {
    let memory = ModbusMemory(
      holding: .init(start: illegal == 0 ? 1 : 0, (0..<99).map { UInt16($0) }))
    let server = try ServerPeer { _ in .memory(memory) }
    var play = Play([unit(1, signals: 0..<100, from: 0)], port: server.port)
    play.play(until: second + .seconds(2))
    #expect(play.good == (0..<100).filter { $0 != illegal })
    #expect(play.last[UInt32(illegal)]?.quality == .refused)
    #expect(play.step.status.units[0].requests == 1)
    #expect(play.step.status.reconnects == 0)
    // The next run does not ask for it again.
    let exceptions = play.step.status.counters.exceptions
    #expect(exceptions > 0)
    var next = Play(
      [unit(1, signals: 0..<100, from: 0)], port: server.port, learnt: play.step.poller.learnt)
    next.play(until: second + .seconds(2))
    #expect(next.good == play.good)
    #expect(next.step.status.counters.exceptions == 0)
    play.bus.close()
    next.bus.close()
    server.stop()
  }

  /// A device with a hole anywhere: exception 2 to whatever touches it.
  @Test(arguments: [1, 37, 50, 63, 98])
  func `F1: a hole in the middle leaves two requests`(illegal: Int) throws {
    let device = HostilePeer { _, request in
      let start = Int(request[8]) << 8 | Int(request[9])
      let count = Int(request[10]) << 8 | Int(request[11])
      guard (start..<(start + count)).contains(illegal) else {
        return .send(answer(request, value: 7))
      }
      return .send(Array(request[0..<4]) + [0, 3, request[6], request[7] | 0x80, 2])
    }
    var play = Play([unit(1, signals: 0..<100, from: 0)], port: device.port)
    play.play(until: second + .seconds(2))
    #expect(play.good == (0..<100).filter { $0 != illegal })
    #expect(play.step.status.units[0].requests == 2)
    play.bus.close()
    device.stop()
  }

  @Test func `F3, F6, F7: a silent and a babbling unit leave their neighbours the open link`()
    throws
  {
    let device = HostilePeer { _, request in
      switch request[6] {
      // The answer of a stranger, with the right transaction: no answer to this request.
      case 3: return .send(answer(request, value: 7, unit: 99))
      default: return .send(answer(request, value: 7))
      }
    }
    var play = Play(
      (1...8).map { unit($0, signals: ($0 * 2 - 2)..<($0 * 2), from: 0) },
      port: device.port)
    play.play(until: second + .seconds(59))
    let status = play.step.status
    #expect(status.link == "up")
    #expect(status.reconnects == 0)
    #expect(play.good == [0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    #expect(status.units[2].contact == "lost")
    for (index, unit) in status.units.enumerated() where index != 2 {
      #expect(unit.counters.polls >= 57, "95 % of 60")
      #expect(unit.counters.failures == 0)
    }
    play.bus.close()
    device.stop()
  }
}
