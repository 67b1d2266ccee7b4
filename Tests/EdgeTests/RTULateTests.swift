// F11 from end to end: a field step on a real line whose unit answers each request too late.
//
// The peer looks at a clock and never waits: the answer to a request leaves when the next one
// arrives, if that is within one and a half of the unit's time; otherwise it would have come, and
// been thrown away, in between.

import Gateway
import Glibc
import LinuxEdge
import ModbusEdge
import Polling
import Primitives
import Signals
import Synchronization
import Testing

private let timeout = Duration.milliseconds(200)

/// What the late unit still owes.
private struct Debt: Sendable {
  var answer: [UInt8]
  var askedAt: Instant
}

/// How the unit answers.
private enum Manner: String, Sendable, CaseIterable {
  /// With the values asked for.
  case values
  /// Refusing what begins at 100, with the values of everything else.
  case refusal
}

@Suite("Late answers on a serial line") struct RTULateTests {
  @Test(arguments: RTUPeer.Way.allCases, Manner.allCases)
  fileprivate func `F11: a unit that is always one time too late never gives a wrong value`(
    way: RTUPeer.Way, manner: Manner
  ) {
    let debt = Mutex<Debt?>(nil)
    let isLate = Atomic<Bool>(true)
    let clock = SystemClock()
    let peer = RTUPeer(way) { _, request in
      let now = clock.now()
      let start = UInt16(request[2]) << 8 | UInt16(request[3])
      let good =
        manner == .refusal && start == 100
        ? sealed([request[0], request[1] | 0x80, 2]) : rtuAnswer(request, value: start)
      guard isLate.load(ordering: .relaxed) else { return .whole(good) }
      let owed = debt.withLock { debt in
        defer { debt = Debt(answer: good, askedAt: now) }
        return debt
      }
      guard let owed, now - owed.askedAt < timeout * 3 / 2 else { return .silence }
      return .whole(owed.answer)
    }
    defer { peer.stop() }
    var play = LatePlay(peer)
    // Until the unit was lost and probed a few times.
    play.play { $0.polls >= 8 }
    #expect(play.wrong.isEmpty && play.good.isEmpty)
    #expect(play.refused == 0, "a late refusal is nobody's")
    isLate.store(false, ordering: .relaxed)
    let expected: Set<UInt32> = manner == .values ? [0, 1, 2] : [0, 2]
    play.play { $0.good == expected && ($0.refused == 1) == (manner == .refusal) }
    #expect(play.wrong.isEmpty)
  }
}

/// A field step over the link, in real time.
private struct LatePlay: ~Copyable {
  var step: FieldStep
  var bus: ModbusRTUBus
  var consumer: RingConsumer
  let clock = SystemClock()
  /// Signals that had a good value, and values that were another signal's.
  var good: Set<UInt32> = []
  var wrong: [UInt16] = []

  /// Two blocks of one shape and one of another.
  static let blocks: [(start: UInt16, count: UInt16)] = [(0, 1), (100, 1), (200, 2)]

  init(_ peer: RTUPeer) {
    let word = RegisterFormat(type: .u16, count: 1)
    let long = RegisterFormat(type: .u32, count: 2)
    let unit = UnitDefinition(
      id: UnitID(0), name: "late", address: 7, timeout: timeout,
      quirks: DeviceQuirks(gapLimit: 0),
      bindings: Self.blocks.enumerated().map { index, block in
        ReadBinding(
          signal: SignalID(index), table: .holding, address: block.start, count: block.count,
          period: .milliseconds(50))
      })
    let storage = RingStorage(capacity: 4096)
    consumer = RingConsumer(storage)
    let line: BusLine =
      peer.terminal.map { .rtu(SerialLine(path: $0.path)) }
      ?? .rtuOverTCP(host: "127.0.0.1", port: peer.port, behind: SerialSpeed())
    step = FieldStep(
      bus: BusDefinition(name: "line", line: line, connectTimeout: .seconds(5), units: [unit]),
      signals: Self.blocks.enumerated().map {
        SignalDefinition(name: "s\($0)", format: $1.count == 1 ? word : long)
      },
      producer: RingProducer(storage), seed: 1, now: clock.now())
    bus = peer.bus()
  }

  var polls: UInt64 { step.status.counters.polls }
  var refused: Int { step.status.units[0].refused }

  /// Turns until it is as wanted; a minute only guards against hanging.
  mutating func play(until isWanted: (borrowing LatePlay) -> Bool) {
    let end = clock.now() + .seconds(60)
    var words: [UInt16] = []
    while !isWanted(self) {
      guard clock.now() < end else {
        Issue.record("never so: \(good) good, \(step.status.counters)")
        return
      }
      if case .idle(let until) = step.turn(bus: &bus, clock: clock, words: &words) {
        var nothing = PollSet()
        nothing.wait(until: min(until, end))
      }
      while let sample = consumer.pop() { note(sample) }
    }
  }

  private mutating func note(_ sample: Sample) {
    guard sample.kind == .value, sample.quality == .good else { return }
    let block = Self.blocks[Int(sample.subject)]
    let start = Int64(block.start)
    let expected = block.count == 1 ? start : start << 16 | start
    if sample.value == .integer(expected) {
      good.insert(sample.subject)
    } else {
      wrong.append(block.start)
    }
  }
}
