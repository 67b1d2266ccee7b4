// Samples a second through signals, and through signals, ring and machines, against a tight loop
// in C that scales, compares, debounces and detects stops on the same raw values.
//
// 10,000 signals, 100 units of 100, 1,000 machines of 10: a run bit that is debounced, a counter,
// eight scaled values with a deadband. 1, 10 or 100 % of them move in a scan. A sample is one
// signal looked at in one scan, as in the loop.

import CAnchors
import Machines
import Primitives
import Signals

/// The site of this bench: conditioners in front of the ring, machines behind it.
private struct Plant: ~Copyable {
  static let units = 100
  static let perUnit = 100
  static let perMachine = 10
  static let signals = units * perUnit

  private var conditioners: [Conditioner]
  private let places: [SignalPlace]
  private var producer: RingProducer
  private var consumer: RingConsumer
  private var machines: [Machine]
  private var isTouched: [Bool]
  private var touched: [Int] = []
  private var facts: [Fact] = []
  private var at = Instant(nanoseconds: 1_000_000_000)
  private(set) var told = 0
  private(set) var happened = 0

  init() throws(SnapshotFault) {
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
    machines = []
    for index in 0..<(Self.signals / Self.perMachine) {
      machines.append(
        try Machine(rules: Self.rules(index), epoch: "0a0b0c0d", reading: Self.reading(at)))
    }
    isTouched = machines.map { _ in false }
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
    while let sample = consumer.pop() {
      switch sample.kind {
      case .value: hand(sample, to: Int(sample.subject) / Self.perMachine)
      case .mark:
        let count = Self.perUnit / Self.perMachine
        for index in 0..<count { hand(sample, to: Int(sample.subject) * count + index) }
      }
    }
    let reading = Self.reading(at)
    for index in touched {
      isTouched[index] = false
      machines[index].advance(reading: reading, into: &facts)
    }
    touched.removeAll(keepingCapacity: true)
    happened += facts.count
    facts.removeAll(keepingCapacity: true)
  }

  private mutating func hand(_ sample: Sample, to machine: Int) {
    machines[machine].take(sample)
    if !isTouched[machine] {
      isTouched[machine] = true
      touched.append(machine)
    }
  }
}

enum SignalBench {
  private static let frames = 64
  private static let scans = 256

  static func run(_ table: inout Table) {
    for (share, goal) in [(1, 0.06), (10, 0.11), (100, 0.24)] {
      let raw = values(share)
      var events: UInt64 = 0
      let bare = median(
        (0..<5).map { _ in anchor_signals(raw, Plant.signals, Int32(scans), &events) })
      let signals = median((0..<5).map { _ in ours(raw, deciding: false) })
      let machines = median((0..<5).map { _ in ours(raw, deciding: true) })
      table.row(
        "samples, signals, \(share) % moving", signals, "ns", anchor: bare,
        goal: .ratioAtMost(1.5))
      table.row(
        "samples, signals and machines, \(share) % moving", machines, "ns", anchor: bare,
        goal: .ratioAtMost(1.5))
      table.row(
        "a scan of 10,000 signals, \(share) % moving", machines * Double(Plant.signals) / 1e6,
        "ms", goal: .atMost(goal))
    }
  }

  /// Nanoseconds of this thread's processor for each signal of each scan.
  private static func ours(_ raw: [UInt16], deciding: Bool) -> Double {
    guard var plant = try? Plant() else { return .nan }
    for frame in 0..<frames { plant.scan(raw, frame: frame, deciding: deciding) }
    let began = anchor_thread_time()
    for scan in 0..<scans { plant.scan(raw, frame: scan % frames, deciding: deciding) }
    let used = anchor_thread_time() - began
    precondition(plant.told > 0 && (plant.happened > 0) == deciding, "nothing was measured")
    return Double(used) / Double(scans) / Double(Plant.signals)
  }

  /// 64 scans of raw values, of which so many percent differ from the scan before.
  private static func values(_ share: Int) -> [UInt16] {
    var generator = SeededGenerator(seed: 1)
    var raw = [UInt16](repeating: 0, count: frames * Plant.signals)
    for index in raw.indices {
      let signal = index % Plant.signals
      let role = signal % Plant.perMachine
      let isFirst = index < Plant.signals
      let before = isFirst ? 0 : raw[index - Plant.signals]
      let moves = isFirst || Int.random(in: 0..<100, using: &generator) < share
      guard moves else {
        raw[index] = before
        continue
      }
      switch role {
      case 0: raw[index] = before == 0 ? 1 : 0
      case 1: raw[index] = before &+ 1
      default: raw[index] = UInt16.random(in: 0..<4000, using: &generator)
      }
    }
    return raw
  }
}
