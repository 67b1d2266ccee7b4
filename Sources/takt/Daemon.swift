// What the threads of `takt run` share, and nothing else: bells, boards, counters, the stop flag.
//
// Invariants
// - No thread waits for another one but `main`, and that only with a deadline.
// - A thread reports when somebody asked (`asked` has moved), not by a tick: idle costs nothing.
// - Turn counters only grow; the watchdog is fed while every one of them moves.

import Gateway
import LinuxEdge
import ModbusEdge
import OpenSSLEdge
import Polling
import Primitives
import Settings
import Signals
import Synchronization

/// What the recorder's thread reports.
struct RecorderReport: Sendable {
  var status: RecorderStatus
  var journalBytes: Int64
}

/// How far a start or an end has got.
enum RecorderPhase: Sendable {
  case opening
  case working
  /// The journal or an uplink's certificates cannot be used; the sentence says why.
  case refused(ExitCode, String)
  case finished(isDurable: Bool)
}

/// A counter that one thread moves and the main thread watches.
final class TurnCounter: Sendable {
  let name: String
  /// How long one turn may last without anything being wrong.
  let longestTurn: Duration
  private let turns = Atomic<Int>(0)

  init(_ name: String, longestTurn: Duration = .zero) {
    self.name = name
    self.longestTurn = longestTurn
  }

  func move() { turns.wrappingAdd(1, ordering: .relaxed) }
  var value: Int { turns.load(ordering: .relaxed) }
}

/// The shared part of the daemon.
final class Daemon: Sendable {
  let plan: SitePlan
  let keys: RunKeys
  let clock: SystemClock
  let startedAt: ClockReading
  let log: Log

  let isStopping = Atomic<Bool>(false)
  /// When the stop began, in nanoseconds of monotonic time.
  let stopBegan = Atomic<Int64>(0)
  let fieldThreadsRunning = Atomic<Int>(0)
  let courierThreadsRunning = Atomic<Int>(0)
  private let asked = Atomic<Int>(0)

  let recorderBell: WakeUp
  let mainBell: WakeUp
  let fieldBells: [WakeUp]
  let courierBells: [WakeUp]

  let phase = Board<RecorderPhase>(.opening)
  let recorderBoard = Board<Reported<RecorderReport>?>(nil)
  let busBoards: [Board<Reported<BusStatus>?>]
  /// What the units refuse: as earlier runs found it, and as the field threads know it now.
  let learnt: [[LearntRefusal]]
  let learntBoards: [Board<LearntNews?>]

  /// By `SignalID.index`; made once, because each of 64 buses looks its own up in it.
  let definitions: [SignalDefinition]
  /// How soon news of each signal must reach the recorder.
  let news: [FieldNews]
  let rings: [RingStorage]
  let wakeLines: [WakeLine]
  /// The frames of each bus, for who wants to look.
  let taps: [FrameTap]
  /// Where technicians' reads wait for the thread of each bus.
  let desks: [GuestDesk]
  private let tickets = Atomic<UInt64>(0)
  /// What people and dropped files ask of the recorder.
  let shop: ShopMailbox
  /// The last committed events, for who looks on.
  let eventTap = EventTap()
  let dropBoard = Board<OrderDropStatus?>(nil)
  let couriers: [CourierLink]
  /// What certificates are checked by while nothing sets the clock.
  let timeFloor: TimeFloor
  let counters: [TurnCounter]

  init(
    plan: SitePlan, keys: RunKeys, clock: SystemClock, startedAt: ClockReading
  ) throws(LinuxFault) {
    // The signals live on in `definitions` and in the recorder's plan; the digest is taken.
    definitions = plan.signals.map(\.definition)
    var kept = plan
    kept.signals = []
    kept.digestInput = []
    self.plan = kept
    self.keys = keys
    self.clock = clock
    self.startedAt = startedAt
    log = Log()
    timeFloor = TimeFloor(TimeEvidence.newest(plan))
    let recorderBell = try WakeUp()
    self.recorderBell = recorderBell
    let mainBell = try WakeUp()
    self.mainBell = mainBell
    shop = ShopMailbox(
      wakeRecorder: { recorderBell.signal() }, wakeAsker: { mainBell.signal() })
    fieldBells = try Self.bells(plan.buses.count)
    let courierBells = try Self.bells(plan.uplinks.count)
    self.courierBells = courierBells
    busBoards = plan.buses.map { _ in Board(nil) }
    learnt = LearntKeeper.read(plan, startedAt, log)
    learntBoards = plan.buses.map { _ in Board(nil) }
    rings = plan.limits.ringSamples.map { RingStorage(capacity: $0, giveBack: HeapMemory.empty) }
    news = keys.recorderPlan.news
    wakeLines = plan.buses.map { _ in
      WakeLine(window: plan.limits.publishWindow) { recorderBell.signal() }
    }
    taps = plan.buses.map { _ in FrameTap { clock.now() } }
    desks = plan.buses.map { _ in GuestDesk() }
    couriers = plan.uplinks.indices.map { index in
      CourierLink(
        name: plan.uplinks[index].name, wakeCourier: { courierBells[index].signal() },
        wakeRecorder: { recorderBell.signal() })
    }
    counters =
      plan.buses.map { TurnCounter("field-\($0.name)", longestTurn: $0.longestTurn) }
      + [TurnCounter("recorder")]
      + plan.uplinks.map { TurnCounter("courier-\($0.name)") }
  }

  private static func bells(_ count: Int) throws(LinuxFault) -> [WakeUp] {
    var bells: [WakeUp] = []
    for _ in 0..<count { bells.append(try WakeUp()) }
    return bells
  }

  var recorderCounter: TurnCounter { counters[plan.buses.count] }
  func courierCounter(_ index: Int) -> TurnCounter { counters[plan.buses.count + 1 + index] }

  /// The number under which the next guest fetches his answer.
  func nextTicket() -> UInt64 { tickets.wrappingAdd(1, ordering: .relaxed).newValue }

  /// The number of the last question; a thread whose report is older reports.
  var question: Int { asked.load(ordering: .acquiring) }

  /// Asks every thread to report.
  func ask() -> Int {
    let number = asked.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue
    ringAll()
    return number
  }

  /// Wakes every thread, so that it sees what has changed.
  func ringAll() {
    recorderBell.signal()
    for bell in fieldBells + courierBells { bell.signal() }
  }

  /// Starts the threads: field first, so that the first poll waits for nothing.
  func start() throws(LinuxFault) {
    for index in plan.buses.indices {
      fieldThreadsRunning.wrappingAdd(1, ordering: .acquiringAndReleasing)
      _ = try NamedThread(name: counters[index].name) { [self] in fieldLoop(self, index) }
    }
    _ = try NamedThread(name: "recorder") { [self] in recorderLoop(self) }
    for index in plan.uplinks.indices {
      courierThreadsRunning.wrappingAdd(1, ordering: .acquiringAndReleasing)
      let name = courierCounter(index).name
      _ = try NamedThread(name: name) { [self] in courierLoop(self, index) }
    }
  }
}

/// A report with the number of the question that it answers.
struct Reported<Value: Sendable>: Sendable {
  var question: Int
  var value: Value
}

extension BusDefinition {
  /// A request of the schedule or an opening, and a guest's request: each with twice its time (a
  /// serial server may pause for as long as it may be silent) and with three times its frames
  /// (two that are not ours may pass before it).
  fileprivate var longestTurn: Duration {
    let patience = units.map(\.timeout).reduce(connectTimeout, max)
    let wire = LineTiming(line).wireTime(.holding, count: ModbusTable.holding.limitPerRequest)
    return (patience + max(patience, GuestLimits.timeouts.upperBound) + wire * 3) * 2
  }
}
