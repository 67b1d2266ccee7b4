// What the threads of `takt run` share, and nothing else: bells, boards, counters, the stop flag.
//
// Invariants
// - No thread waits for another one but `main`, and that only with a deadline.
// - A thread reports when somebody asked (`asked` has moved), not by a tick: idle costs nothing.
// - Turn counters only grow; the watchdog is fed while every one of them moves.

import Events
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

/// The shared part of the daemon.
final class Daemon: Sendable {
  let keys: RunKeys
  let clock: SystemClock
  let startedAt: ClockReading
  let log: Log

  let isStopping = Atomic<Bool>(false)
  /// When the stop began, in nanoseconds of monotonic time.
  let stopBegan = Atomic<Int64>(0)
  private let asked = Atomic<Int>(0)

  let recorderBell: WakeUp
  let mainBell: WakeUp

  let phase = Board<RecorderPhase>(.opening)
  let recorderBoard = Board<Reported<RecorderReport>?>(nil)
  private let tickets = Atomic<UInt64>(0)
  /// What people and dropped files ask of the recorder.
  let shop: ShopMailbox
  /// The last committed events, for who looks on.
  let eventTap = EventTap()
  /// What the status page draws of the past.
  let storyTap = EventTap(onlyStates: true)
  let dropBoard = Board<OrderDropStatus?>(nil)
  /// What became of configurations, on its way to the recorder.
  let tidings = Mailbox<ConfigurationNews>(capacity: RunLimits.tidingsWaiting)
  /// Where people want the configuration to go back to, and what `takt config` shows.
  let wishes = Mailbox<ConfigurationWish>(capacity: InboxLimits.wishes)
  let configurationBoard = Board<JSONValue?>(nil)
  /// The next site, on its way to the recorder, and how that ended.
  let handOver = HandOverDesk()
  /// What certificates are checked by while nothing sets the clock.
  let timeFloor: TimeFloor
  /// What the status says of the configuration.
  let configurationStatus: Board<ConfigurationStatus>
  /// What runs: changed by the main thread alone, between two of its turns.
  private let running: Mutex<RunningSite>
  /// Posts that are not, or no more, part of what runs, and whose threads may be alive.
  private let others = Mutex<OtherPosts>(OtherPosts())

  init(
    design: SiteDesign, keys: RunKeys, clock: SystemClock, startedAt: ClockReading
  ) throws(LinuxFault) {
    self.keys = keys
    self.clock = clock
    self.startedAt = startedAt
    let log = Log()
    self.log = log
    timeFloor = TimeFloor(TimeEvidence.newest(design.plan))
    let recorderBell = try WakeUp()
    self.recorderBell = recorderBell
    let mainBell = try WakeUp()
    self.mainBell = mainBell
    shop = ShopMailbox(
      wakeRecorder: { recorderBell.signal() }, wakeAsker: { mainBell.signal() })
    configurationStatus = Board(ConfigurationStatus(design, since: startedAt))
    let learnt = LearntKeeper.read(design.plan, startedAt, log)
    var site = RunningSite(design: design, fields: [], couriers: [])
    for (index, bus) in design.plan.buses.enumerated() {
      let work = design.work(index, recorder: recorderBell)
      site.fields.append(try FieldPost(bus, work, learnt: learnt[index], clock: clock))
    }
    for uplink in design.plan.uplinks {
      site.couriers.append(try CourierPost(uplink, recorder: recorderBell))
    }
    running = Mutex(site)
  }

  /// The number under which the next guest fetches his answer.
  func nextTicket() -> UInt64 { tickets.wrappingAdd(1, ordering: .relaxed).newValue }

  /// Has the recorder tell what became of a configuration.
  func tell(_ news: ConfigurationNews) {
    guard tidings.post(news) else {
      log.line(
        .warning, .tidingsLost,
        "telling of a configuration: the recorder is too far behind to take it")
      return
    }
    recorderBell.signal()
  }

  // MARK: What runs

  /// The site as it runs, for the main thread.
  var site: RunningSite { running.withLock { $0 } }

  /// From now on that site runs; posts of the one before that it does not have stay known until
  /// their threads have ended.
  func become(_ next: RunningSite) {
    running.withLock { $0 = next }
    others.withLock { $0.forget(next) }
  }

  /// A thread that is, or will be, no part of what runs.
  func know(_ field: FieldPost) { others.withLock { $0.fields.append(field) } }
  func know(_ courier: CourierPost) { others.withLock { $0.couriers.append(courier) } }

  var plan: SitePlan { running.withLock { $0.design.plan } }
  var fields: [FieldPost] { running.withLock { $0.fields } }
  var courierPosts: [CourierPost] { running.withLock { $0.couriers } }
  var couriers: [CourierLink] { courierPosts.map(\.link) }
  /// Of every thread that must move, with those that are starting or ending.
  var counters: [TurnCounter] {
    let all = everybody
    return all.fields.filter { !$0.life.isOver }.map(\.counter) + [recorderCounter]
      + all.couriers.filter { !$0.life.isOver }.map(\.counter)
  }
  let recorderCounter = TurnCounter("recorder")

  /// Every post whose thread may be alive.
  private var everybody: OtherPosts {
    var all = others.withLock { posts in
      posts.forgetEnded()
      return posts
    }
    let site = site
    all.fields = site.fields + all.fields
    all.couriers = site.couriers + all.couriers
    return all
  }

  var areFieldsOver: Bool { everybody.fields.allSatisfy(\.life.isOver) }
  var areCouriersOver: Bool { everybody.couriers.allSatisfy(\.life.isOver) }

  // MARK: Questions and bells

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
    let all = everybody
    for field in all.fields { field.bell.signal() }
    for courier in all.couriers { courier.bell.signal() }
  }

  /// Asks every thread to end.
  func stop() {
    stopBegan.store(clock.now().nanoseconds, ordering: .releasing)
    let all = everybody
    for field in all.fields { field.life.end() }
    for courier in all.couriers { courier.life.end() }
    isStopping.store(true, ordering: .releasing)
    ringAll()
  }

  // MARK: Threads

  /// Starts the threads: field first, so that the first poll waits for nothing.
  func start() throws(LinuxFault) {
    let site = site
    for field in site.fields { try start(field) }
    _ = try NamedThread(name: "recorder") { [self] in recorderLoop(self) }
    for courier in site.couriers { try start(courier) }
  }

  func start(_ field: FieldPost) throws(LinuxFault) {
    _ = try NamedThread(name: field.counter.name) { [self] in fieldLoop(self, field) }
  }

  func start(_ courier: CourierPost) throws(LinuxFault) {
    _ = try NamedThread(name: courier.counter.name) { [self] in courierLoop(self, courier) }
  }
}

/// Posts beside those of what runs.
struct OtherPosts: Sendable {
  var fields: [FieldPost] = []
  var couriers: [CourierPost] = []

  mutating func forgetEnded() {
    fields.removeAll(where: \.life.isOver)
    couriers.removeAll(where: \.life.isOver)
  }

  /// What is part of what runs is known there.
  mutating func forget(_ site: RunningSite) {
    fields.removeAll { field in site.fields.contains { $0 === field } }
    couriers.removeAll { courier in site.couriers.contains { $0 === courier } }
  }
}

/// A report with the number of the question that it answers.
struct Reported<Value: Sendable>: Sendable {
  var question: Int
  var value: Value
}
