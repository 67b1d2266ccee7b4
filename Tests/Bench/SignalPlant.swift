// The site that the bench of signals and machines runs on: conditioners in front of a ring, the
// recorder's floor with its machines behind it.
//
// 10,000 signals, 100 units of 100, 1,000 machines of 10: a run bit that is debounced, a counter,
// eight scaled values with a deadband.

import Events
import Gateway
import Machines
import Outbox
import Primitives
import Signals

/// The site of this bench: conditioners in front of the ring, machines behind it.
struct SignalPlant: ~Copyable {
  static let units = 100
  static let perUnit = 100
  static let perMachine = 10
  static let signals = units * perUnit

  private var conditioners: [Conditioner]
  private let places: [SignalPlace]
  private var producer: RingProducer
  private var consumer: RingConsumer
  private var floor: Floor
  private var facts = FloorFacts()
  private var at = Instant(nanoseconds: 1_000_000_000)
  private(set) var told = 0
  private(set) var happened = 0

  init() throws {
    let storage = RingStorage(capacity: 32768)
    producer = RingProducer(storage)
    consumer = RingConsumer(storage)
    conditioners = (0..<Self.units).map { unit in
      Conditioner(
        (0..<Self.perUnit).map { slot in
          (SignalID(unit * Self.perUnit + slot), Self.definition(slot % Self.perMachine))
        })
    }
    places = (0..<Self.perUnit).map { SignalPlace(slot: $0, offset: $0, count: 1) }
    floor = try Self.floor(Self.reading(at))
  }

  private static func floor(_ reading: ClockReading) throws -> Floor {
    let machines = signals / perMachine
    var unread: [String] = []
    let source = try EventSource(
      enterprise: "acme", site: "vienna", area: "stamping", line: "line1", gateway: "bench")
    let plan = RecorderPlan(
      source: source, version: "bench", configurationDigest: "",
      machines: (0..<machines).map(rules),
      signals: (0..<signals).map {
        RecordedSignal(name: "s\($0)", machine: $0 / perMachine, isPublished: false)
      },
      units: (0..<units).map { EventNames.Unit(bus: "b", name: "u\($0)") },
      busOfUnit: Array(0..<units), uplinks: [], routes: [])
    return Floor(
      plan: plan, state: StoreState(epoch: "0a0b0c0d"), reading: reading, unread: &unread)
  }

  private static func definition(_ role: Int) -> SignalDefinition {
    let word = RegisterFormat(type: .u16, count: 1)
    switch role {
    case 0:
      let held = Duration.milliseconds(300)
      return SignalDefinition(
        name: "run", format: word, debounce: Debounce(on: held, off: held))
    case 1: return SignalDefinition(name: "good", format: word)
    default:
      return SignalDefinition(
        name: "s\(role)", format: word, scaling: Scaling(gain: 0.1, offset: -5),
        deadband: .absolute(2))
    }
  }

  private static func rules(_ index: Int) -> MachineRules {
    let first = index * perMachine
    return MachineRules(
      name: "m\(index)", units: [UnitID(first / perUnit)],
      signals: (first..<(first + perMachine)).map { SignalID($0) },
      unitOfSignal: (0..<perMachine).map { _ in UnitID(first / perUnit) },
      running: Condition(signal: SignalID(first), comparison: .isTrue),
      good: CounterRules(signal: SignalID(first + 1), highest: 65535))
  }

  private static func reading(_ at: Instant) -> ClockReading {
    ClockReading(
      monotonic: at, wall: WallTime(milliseconds: 1_800_000_000_000 + at.milliseconds),
      quality: .synchronised, bootID: "bench")
  }

  /// One scan of every unit; only as far as the ring unless machines are to decide as well.
  mutating func scan(_ raw: [UInt16], frame: Int, deciding: Bool) {
    at = at + .milliseconds(100)
    let span = raw.span
    for unit in 0..<Self.units {
      let start = frame * Self.signals + unit * Self.perUnit
      told += conditioners[unit].observe(
        places, in: span.extracting(start..<(start + Self.perUnit)), at: at, into: &producer)
      let through = conditioners[unit].earliestPending ?? at.advanced(nanoseconds: 1)
      _ = producer.push(Sample(mark: UnitID(unit), at: through))
      producer.publish()
    }
    deciding ? decide() : discard()
  }

  private mutating func discard() { while consumer.pop() != nil {} }

  private mutating func decide() {
    _ = consumer.drain(limit: .max) { floor.take($0) }
    floor.advance(Self.reading(at), into: &facts)
    happened += facts.count
    facts.removeAll(keepingCapacity: true)
  }
}
