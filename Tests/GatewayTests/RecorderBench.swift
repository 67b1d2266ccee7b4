// A recorder on a bench: one press on one bus, a scripted disk, a clock that the test moves.

import Events
import Gateway
import Machines
import Outbox
import Primitives
import Signals
import Simulation
import Synchronization

/// The press: a run bit, a fault code, a count, a published temperature and a published text.
enum Press {
  static let unit = UnitID(0)
  static let (run, fault, good) = (SignalID(0), SignalID(1), SignalID(2))
  static let (temperature, label) = (SignalID(3), SignalID(4))

  static func plan(
    uplinks: [String] = ["mes"], routes: [RecordedRoute] = [],
    healthInterval: Duration = .seconds(900),
    publishWindow: Duration = .seconds(1)
  ) throws -> RecorderPlan {
    let rules = MachineRules(
      name: "press-1", units: [unit], signals: [run, fault, good, temperature, label],
      running: Condition(signal: run, comparison: .isTrue), faultCode: fault,
      causes: [12: CauseDefinition(text: "jam")],
      good: CounterRules(signal: good, highest: 65_535, piecesPerSecond: 10),
      shortStop: .seconds(1), countWindow: .seconds(2))
    let names = ["run", "fault", "good", "temperature", "label"]
    return RecorderPlan(
      source: try EventSource(
        enterprise: "acme", site: "vienna", area: "stamping", line: "line1", gateway: "gw-1"),
      version: "1", configurationDigest: "00", machines: [rules],
      signals: names.enumerated().map {
        RecordedSignal(name: $0.element, machine: 0, isPublished: $0.offset > 2)
      },
      units: [EventNames.Unit(bus: "hall", name: "plc-1")], busOfUnit: [0], uplinks: uplinks,
      routes: routes, publishWindow: publishWindow, healthInterval: healthInterval)
  }
}

/// A wall and a monotonic clock that only the test moves.
struct BenchClock {
  var now = Instant(nanoseconds: 1_000_000_000)
  /// Wall time of the instant 0.
  var wallOfBoot: Int64 = 1_772_431_200_000
  var boot = "boot-1"
  var quality = ClockQuality.synchronised

  var reading: ClockReading {
    ClockReading(
      monotonic: now, wall: WallTime(milliseconds: wallOfBoot + now.milliseconds),
      quality: quality, bootID: boot)
  }
}

/// How often a bell was rung.
final class Bell: Sendable {
  private let count = Atomic<Int>(0)
  var ringer: @Sendable () -> Void { { self.count.wrappingAdd(1, ordering: .relaxed) } }
  func take() -> Int { count.exchange(0, ordering: .relaxed) }
}

/// One life of a recorder: from opening the journal to its end.
final class Life {
  let disk: ScriptedDisk
  let bell = Bell()
  let links: [CourierLink]
  let line: WakeLine
  let requests = ShopMailbox()
  var clock: BenchClock
  var producer: RingProducer
  var recorder: RecorderStep<ScriptedStore, VirtualNotary>

  init(
    _ disk: ScriptedDisk, _ plan: RecorderPlan, _ clock: BenchClock = BenchClock(),
    ring: Int = 4096, note: String? = nil
  ) {
    disk.revive()
    self.disk = disk
    self.clock = clock
    let bell = bell
    links = plan.uplinks.map {
      CourierLink(name: $0, wakeCourier: {}, wakeRecorder: bell.ringer)
    }
    line = WakeLine(ring: bell.ringer)
    let storage = RingStorage(capacity: ring)
    producer = RingProducer(storage)
    recorder = RecorderStep(
      plan: plan, store: ScriptedStore(disk: disk), state: disk.state, pen: VirtualNotary(),
      inlets: [RingInlet(consumer: RingConsumer(storage), line: line)], couriers: links,
      requests: requests, seed: 7, reading: clock.reading, note: note)
  }

  /// Pushes what the press shows now, with the mark of its unit.
  func scan(run: Bool, fault: Int64 = 0, good: Int64) {
    push(Press.run, .integer(run ? 1 : 0))
    push(Press.fault, .integer(fault))
    push(Press.good, .integer(good))
    // A scan ends a little after its samples were read; the mark says that they are all there.
    _ = producer.push(Sample(mark: Press.unit, at: clock.now + .milliseconds(1)))
    producer.publish()
  }

  func push(_ signal: SignalID, _ value: Value, quality: Quality = .good) {
    _ = producer.push(Sample(signal: signal, at: clock.now, value: value, quality: quality))
  }

  /// Pushes a text in its pieces, and publishes.
  func push(text: String) {
    let pieces = stride(from: 0, to: max(1, text.utf8.count), by: 8).map { start in
      text.utf8.dropFirst(start).prefix(8).enumerated().reduce(UInt64(0)) {
        $0 | UInt64($1.element) << UInt64(8 * $1.offset)
      }
    }
    for (index, piece) in pieces.enumerated() {
      let remaining = UInt8(pieces.count - 1 - index)
      _ = producer.push(
        Sample(signal: Press.label, at: clock.now, value: .text(piece), remaining: remaining))
    }
    producer.publish()
  }

  @discardableResult
  func turn(after step: Duration = .zero) -> RecorderOutcome {
    clock.now = clock.now + step
    return recorder.turn(clock.reading)
  }

  func finish() -> Bool { recorder.finish(clock.reading, why: "test") }

  /// Turns as the thread does, at its own deadlines, for so long; returns how many turns it took.
  func live(_ span: Duration, limit: Int = 10_000) -> Int {
    let end = clock.now + span
    var turns = 0
    var outcome = turn()
    while outcome.hasMore || outcome.nextTurn < end, turns < limit {
      if !outcome.hasMore { clock.now = max(clock.now, outcome.nextTurn) }
      outcome = turn()
      turns += 1
    }
    clock.now = max(clock.now, end)
    return turns
  }

  /// Events of one type in the journal's whole history.
  func told(_ type: EventType) -> [ReceivedEvent] {
    disk.audit().events.filter { $0.type == type.rawValue }
  }
}

extension ReceivedEvent {
  var data: JSONValue { members["data"] ?? .null }
}
