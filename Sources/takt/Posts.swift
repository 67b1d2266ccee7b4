// What belongs to one thread of a bus or of an uplink, and stays with it while others come and go.
//
// Invariants
// - A post is made for one thread, serves it for its life and is never given to another one.
// - The main thread tells a post to end or hands it another ring; the thread takes note between two
//   turns and says so. Neither waits for the other.
// - A serial port or a connection is never held by two posts: the next one is started when the one
//   before has ended (see Reloader).
//
// Why posts: a reload leaves what did not change alone. A thread that keeps its post keeps its
// link, its schedule and what it has learnt, without hearing of the reload at all.

import Gateway
import LinuxEdge
import ModbusEdge
import Polling
import Primitives
import Settings
import Signals
import Synchronization

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

/// Where the samples of a bus go, and how they are made from what is read.
struct FieldWork: Sendable {
  var ring: RingStorage
  var line: WakeLine
  /// By `SignalID.index`; one array for all buses.
  var definitions: [SignalDefinition]
  /// How soon news of each signal must reach the recorder.
  var news: [FieldNews]
  /// What a thread that goes on must tell anew.
  var renewals: [UnitRenewal] = []
}

/// How far a thread is with its life.
final class Lifeline: Sendable {
  private let asked = Atomic<Bool>(false)
  private let over = Atomic<Bool>(false)

  /// Asks the thread to end after its turn.
  func end() { asked.store(true, ordering: .releasing) }
  var isEnding: Bool { asked.load(ordering: .acquiring) }

  /// The thread has let go of everything it held.
  func finish() { over.store(true, ordering: .releasing) }
  var isOver: Bool { over.load(ordering: .acquiring) }
}

/// One bus with its thread.
final class FieldPost: Sendable {
  let bus: BusDefinition
  let life = Lifeline()
  let bell: WakeUp
  let counter: TurnCounter
  let board = Board<Reported<BusStatus>?>(nil)
  /// What the units refuse: as earlier runs found it, and as the thread knows it now.
  let learnt: [LearntRefusal]
  let learntBoard = Board<LearntNews?>(nil)
  /// The frames of the bus, for who wants to look.
  let tap: FrameTap
  /// Where technicians' reads wait.
  let desk = GuestDesk()
  private let newest: Mutex<Handed>
  private let handed = Atomic<Int>(0)
  private let taken = Atomic<Int>(0)

  /// A work with its number: each is begun once, by the one thread.
  struct Handed: Sendable {
    var number = 0
    var work: FieldWork
  }

  init(
    _ bus: BusDefinition, _ work: FieldWork, learnt: [LearntRefusal], clock: SystemClock
  ) throws(LinuxFault) {
    self.bus = bus
    self.learnt = learnt
    bell = try WakeUp()
    counter = TurnCounter("field-\(bus.name)", longestTurn: bus.longestTurn)
    tap = FrameTap { clock.now() }
    newest = Mutex(Handed(work: work))
  }

  /// What the thread works with, or will from its next turn on.
  var work: FieldWork { newest.withLock { $0.work } }

  /// The first work of the thread; what was handed before it began is not begun twice.
  func begin() -> FieldWork {
    let first = newest.withLock { $0 }
    taken.store(first.number, ordering: .releasing)
    return first.work
  }

  /// Hands the thread another ring; it changes over between two turns.
  func hand(_ work: FieldWork) {
    let number = newest.withLock { held in
      held = Handed(number: held.number + 1, work: work)
      return held.number
    }
    handed.store(number, ordering: .releasing)
    bell.signal()
  }

  /// The work to change over to; nil nearly always, for the price of one load.
  func nextWork() -> Handed? {
    guard handed.load(ordering: .acquiring) != taken.load(ordering: .relaxed) else { return nil }
    let next = newest.withLock { $0 }
    return next.number == taken.load(ordering: .relaxed) ? nil : next
  }

  /// The thread has left the ring that it had.
  func changedOver(to next: Handed) { taken.store(next.number, ordering: .releasing) }

  /// Nothing more comes into the ring that it had before.
  var hasChangedOver: Bool {
    handed.load(ordering: .acquiring) == taken.load(ordering: .acquiring)
  }

  func end() {
    life.end()
    bell.signal()
  }
}

/// One uplink with its thread.
final class CourierPost: Sendable {
  let uplink: UplinkSettings
  let life = Lifeline()
  let bell: WakeUp
  let counter: TurnCounter
  let link: CourierLink

  init(_ uplink: UplinkSettings, recorder: WakeUp) throws(LinuxFault) {
    self.uplink = uplink
    let bell = try WakeUp()
    self.bell = bell
    counter = TurnCounter("courier-\(uplink.name)")
    link = CourierLink(
      name: uplink.name, wakeCourier: { bell.signal() }, wakeRecorder: { recorder.signal() })
  }

  func end() {
    life.end()
    bell.signal()
  }
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
