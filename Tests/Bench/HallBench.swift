// What a turn of the recorder takes where one line has 1,000 machines: everything but the journal
// and the signature, which stand beside their own anchors.
//
// 20 buses of 50 machines, shifts around the clock, orders of the line or one for each machine. A
// turn must not be felt: at most a millisecond where one machine tells a count, though every other
// one might have been due. All 1,000 orders begun one by one say whether beginning one costs more,
// the more there are.

import CAnchors
import Events
import Gateway
import Machines
import Outbox
import Primitives
import Signals

enum HallBench {
  private static let turns = 300

  static func run(_ table: inout Table) {
    guard var hall = try? Hall() else { return }
    for machine in 0..<Hall.machines { hall.count(machine) }
    hall.turn()
    var idle: [Double] = []
    var busy: [Double] = []
    for turn in 0..<turns {
      idle.append(hall.turn())
      hall.count(turn * 7 % Hall.machines)
      busy.append(hall.turn())
    }
    precondition(hall.told > UInt64(turns), "nothing was told")
    table.row("a turn of 1,000 machines of a line, nothing told", median(idle), "ms")
    table.row(
      "a turn of 1,000 machines of a line, one counts", median(busy), "ms", goal: .atMost(1))
    var orders: [Double] = []
    for machine in 0..<Hall.machines { orders.append(hall.order(machine)) }
    let first = median(Array(orders.prefix(100)))
    table.row(
      "beginning an order, the last of 1,000 beside the first", median(Array(orders.suffix(100))),
      "ms", anchor: first)
    for machine in 0..<Hall.machines { hall.count(machine) }
    hall.turn()
    busy = []
    for turn in 0..<turns {
      hall.count(turn * 7 % Hall.machines)
      busy.append(hall.turn())
    }
    table.row(
      "a turn of 1,000 machines with 1,000 orders, one counts", median(busy), "ms",
      goal: .atMost(1))
  }
}

/// One line of 1,000 machines, and the recorder behind it.
private struct Hall: ~Copyable {
  static let buses = 20
  static let perBus = 50
  static var machines: Int { buses * perBus }

  private var recorder: RecorderStep<NoStore, NoPen>
  private var producers: [Producer] = []
  private let requests = ShopMailbox()
  private var counts = [Int64](repeating: 0, count: machines)
  private var at = Instant(nanoseconds: 1_000_000_000)
  /// Events so far.
  var told: UInt64 { recorder.status.sequence }

  private final class Producer {
    var end: RingProducer
    init(_ storage: RingStorage) { end = RingProducer(storage) }
  }

  init() throws {
    var inlets: [RingInlet] = []
    for _ in 0..<Self.buses {
      let storage = RingStorage(capacity: 1024)
      producers.append(Producer(storage))
      inlets.append(
        RingInlet(consumer: RingConsumer(storage), line: WakeLine(ring: {})))
    }
    recorder = RecorderStep(
      plan: try Self.plan(), store: NoStore(), state: StoreState(epoch: "0a0b0c0d"), pen: NoPen(),
      inlets: inlets, couriers: [], requests: requests, seed: 1, reading: Self.reading(at))
  }

  private static func reading(_ at: Instant) -> ClockReading {
    ClockReading(
      monotonic: at, wall: WallTime(milliseconds: 1_800_000_000_000 + at.milliseconds),
      quality: .synchronised, bootID: "bench")
  }

  private static func plan() throws -> RecorderPlan {
    let names = (0..<machines).map { "machine-\($0)" }
    var plan = RecorderPlan(
      source: try EventSource(
        enterprise: "acme", site: "vienna", area: "hall", line: "line1", gateway: "bench"),
      version: "bench", configurationDigest: "",
      machines: names.indices.map { index in
        MachineRules(
          name: names[index], units: [UnitID(index)], signals: [SignalID(index)],
          good: CounterRules(signal: SignalID(index), highest: 65535), countWindow: .zero)
      },
      signals: names.indices.map {
        RecordedSignal(name: "good", machine: $0, isPublished: false)
      },
      units: names.indices.map { EventNames.Unit(bus: "b\($0 / perBus)", name: "u\($0)") },
      busOfUnit: names.indices.map { $0 / perBus }, uplinks: [], routes: [])
    let shifts = [
      ShiftDefinition("day", ClockSpan(start: 360, end: 1080), days: Set(Weekday.allCases)),
      ShiftDefinition("night", ClockSpan(start: 1080, end: 360), days: Set(Weekday.allCases)),
    ]
    plan.lines = [
      LineRules(
        name: "line1", machines: names, timeZone: "UTC",
        calendar: CalendarRules(name: "c", zone: .utc, dayStart: 360, shifts: shifts))
    ]
    return plan
  }

  /// A machine shows one piece more.
  mutating func count(_ machine: Int) {
    counts[machine] += 1
    let sample = Sample(
      signal: SignalID(machine), at: at + .milliseconds(50), value: .integer(counts[machine]))
    _ = producers[machine / Self.perBus].end.push(sample)
  }

  /// A scan of every unit has ended: one turn, in milliseconds of this thread.
  @discardableResult
  mutating func turn() -> Double {
    at = at + .milliseconds(100)
    for machine in 0..<Self.machines {
      let mark = Sample(mark: UnitID(machine), at: at.advanced(nanoseconds: 1))
      _ = producers[machine / Self.perBus].end.push(mark)
    }
    for producer in producers { producer.end.publish() }
    let began = anchor_thread_time()
    _ = recorder.turn(Self.reading(at))
    let used = anchor_thread_time() - began
    return Double(used) / 1e6
  }

  /// An order begins at one machine, with all the turns that takes.
  mutating func order(_ machine: Int) -> Double {
    let order = Order(
      key: OrderKey(orderID: "order-\(machine)"), plannedQuantity: 1000, from: .file)
    let file = OrderFile(
      action: .start, place: .machine("machine-\(machine)"), order: order, requestID: nil)
    guard let ticket = requests.post(.order(file)) else { return .nan }
    var used = 0.0
    for _ in 0..<10 {
      used += turn()
      if case .done = requests.progress(of: ticket) { return used }
    }
    return .nan
  }
}

/// A journal that takes everything and keeps nothing.
private struct NoStore: EventStore {
  mutating func commit(_ transaction: Transaction) throws(StoreFault) {}
  mutating func read(
    after sequence: UInt64, dueBit: Int, countLimit: Int, byteLimit: Int
  ) throws(StoreFault) -> [StoredEvent] { [] }
  mutating func held(
    after place: UInt64, countLimit: Int, byteLimit: Int
  ) throws(StoreFault) -> [StoredEvent] { [] }
  mutating func quarantined(_ query: QuarantineQuery) throws(StoreFault) -> [QuarantinedRow] { [] }
  mutating func reopen() throws(StoreFault) -> StoreState { StoreState(epoch: "0a0b0c0d") }
  var byteCount: Int { 0 }
}

/// A pen that signs nothing.
private struct NoPen: Notary {
  var keyID: String { "bench" }
  func digest(_ bytes: [UInt8]) -> [UInt8] { Array(repeating: 0, count: 32) }
  mutating func sign(_ bytes: [UInt8]) throws(NotaryFault) -> [UInt8] {
    Array(repeating: 0, count: 64)
  }
}
