// The virtual world: a plant, a wire, a gateway, a disk, a network and a receiver on one clock that
// jumps from event to event, and a storm of faults drawn from one seed.
//
// Two phases: safety (anything may go wrong, nothing may be wrong), then everything heals and the
// backlog must be gone within a budget. Checked at the end, against the plant's own truth:
// - every stop and every piece arrived exactly once after de-duplication, none was invented;
// - the receiver found no gap, no broken chain, no forged or reordered event;
// - with orders: every piece is confirmed, held, open or without an order, once (`WorldOrders`);
// - no sequence was ever used for two bodies;
// - what was durable is upstream, and nothing waits.

import Events
import Gateway
import Machines
import Outbox
import Primitives

/// How long and how rough a simulated life is.
public struct WorldOptions: Sendable, Equatable {
  public var seed: UInt64
  public var machines: Int
  /// Virtual time in which faults happen.
  public var storm: Duration
  /// Orders, shifts, files and holds are in it; of every third seed unless said otherwise.
  public var hasOrders: Bool

  public init(
    seed: UInt64, machines: Int = 3, storm: Duration = .seconds(900), hasOrders: Bool? = nil
  ) {
    self.seed = seed
    self.hasOrders = hasOrders ?? seed.isMultiple(of: 3)
    self.machines = machines
    self.storm = storm
  }
}

/// What came of one simulated life.
public struct WorldReport: Sendable, Equatable {
  public var seed: UInt64
  public var comparison: ComparisonReport
  /// Everything that must never be, in sentences; empty when all is well.
  public var violations: [String]
  /// How often each fault really struck: a run in which nothing happens proves nothing.
  public var struck: [String: Int]
  /// A digest of everything that arrived: the same for the same seed.
  public var traceHash: String
  public var lives: Int

  /// Whether every promise was kept.
  public var isClean: Bool { violations.isEmpty }
}

/// One seeded life of a whole plant.
public final class World {
  /// After the storm: the plant goes on for a while, then rests.
  static let calm = Duration.seconds(90)
  /// How long the backlog may take, in virtual time: the longest park of a courier and some more.
  static let drainBudget = Duration.seconds(1800)
  /// Turns at one virtual moment before the world is called stuck.
  static let turnsAtOneMoment = 100_000

  let options: WorldOptions
  let clock = VirtualClock()
  let site: WorldSite
  let disk: VirtualDisk
  let receiver: VirtualReceiver
  let network: VirtualNetwork
  let line: VirtualLine
  var generator: SeededGenerator
  var gateway: VirtualGateway?
  var orders: WorldOrders?
  var lives = 0
  var struck: [String: Int] = [:]
  var violations: [String] = []
  private var heals: [(at: Int64, heal: (World) -> Void)] = []
  private var turnsNow = 0

  public init(_ options: WorldOptions) {
    self.options = options
    generator = SeededGenerator(seed: options.seed)
    let cycle = Duration.milliseconds(1500)
    // Every second plant hangs on one RS-485 line.
    site = WorldSite(
      machineCount: options.machines, cycle: cycle, isSerial: options.seed.isMultiple(of: 2),
      hasOrders: options.hasOrders)
    disk = VirtualDisk(seed: generator.next())
    receiver = VirtualReceiver(seed: generator.next())
    network = VirtualNetwork(clock: clock, receiver: receiver, seed: generator.next())
    clock.move(to: 1_000_000_000)
    let plant = PlantOptions(
      seed: generator.next(), machines: options.machines, cycle: cycle,
      runs: .seconds(50) ... .seconds(150), stops: .seconds(45) ... .seconds(120),
      rolloverAfter: 100, freezeAfter: options.storm + Self.calm)
    line = VirtualLine(options: plant, clock: clock, seed: generator.next())
    guard options.hasOrders else { return }
    orders = WorldOrders(seed: options.seed)
    line.ordersSeed = options.seed
  }

  /// Lives through storm and calm and says what came of it.
  public func run() -> WorldReport {
    let stormEnd = clock.worldTime + options.storm.nanoseconds
    start()
    // A gateway that has never seen a counter cannot know what was made before: look first.
    run(until: clock.worldTime + 2_000_000_000)
    while clock.worldTime < stormEnd {
      strike()
      ask()
      run(until: min(stormEnd, clock.worldTime + pause(5...40)))
    }
    healEverything()
    run(until: stormEnd + Self.calm.nanoseconds + 30_000_000_000)
    drain()
    return judge()
  }

  /// People and files ask for something, if a gateway is there to ask.
  private func ask() {
    guard let gateway else { return }
    orders?.turn(gateway.requests, holds: gateway.status.lines.flatMap(\.holds))
  }

  // MARK: Time

  func pause(_ seconds: ClosedRange<Int64>) -> Int64 {
    Int64.random(in: (seconds.lowerBound * 1000)...(seconds.upperBound * 1000), using: &generator)
      * 1_000_000
  }

  /// Something that is over after a while.
  func later(_ delay: Int64, _ heal: @escaping (World) -> Void) {
    heals.append((clock.worldTime + delay, heal))
  }

  /// Jumps from event to event until a moment of world time.
  func run(until end: Int64) {
    while true {
      let healAt = heals.map(\.at).min() ?? .max
      let turnAt = gateway.map { clock.worldTime(of: $0.nextMoment) } ?? .max
      let next = min(healAt, turnAt)
      guard next <= end else { break }
      turnsNow = next == clock.worldTime ? turnsNow + 1 : 0
      if turnsNow > Self.turnsAtOneMoment {
        violations.append("the gateway turns without end at one moment: \(gateway?.what ?? "")")
        return
      }
      clock.move(to: next)
      if healAt <= next { healDue() } else { gateway?.turn() }
    }
    clock.move(to: end)
  }

  private func healDue() {
    let due = heals.filter { $0.at <= clock.worldTime }
    heals.removeAll { $0.at <= clock.worldTime }
    for item in due { item.heal(self) }
  }

  private func healEverything() {
    let open = heals
    heals = []
    for item in open { item.heal(self) }
    (line.trouble, network.trouble, receiver.trouble) = (.none, .none, .none)
    (disk.trouble, disk.quota) = (.none, .max)
    if gateway == nil { start() }
  }

  func start() {
    do {
      gateway = VirtualGateway(
        site: site, plan: try site.plan(), clock: clock, disk: disk, network: network, line: line,
        seed: generator.next())
      lives += 1
    } catch {
      violations.append("the site cannot be named: \(error.description)")
    }
  }

  private func drain() {
    let budget = clock.worldTime + Self.drainBudget.nanoseconds
    while clock.worldTime < budget {
      if gateway?.isDrained == true { return }
      run(until: clock.worldTime + 5_000_000_000)
    }
    violations.append("the backlog did not drain within \(Self.drainBudget.text) of calm")
  }

  // MARK: The judge

  private func judge() -> WorldReport {
    line.live()
    let comparison = Comparison.run(
      truth: line.wholeTruth(), received: receiver.accepted,
      tolerance: ComparisonTolerance(watched: .seconds(16), approximate: .seconds(30)))
    violations += comparison.findings + receiver.findings + disk.violations
    if let orders {
      let lines = gateway?.status.lines ?? []
      let unconfirmed = lines.map(\.unconfirmed).first ?? Quantities()
      violations += WorldOrders.judge(receiver.accepted, unconfirmed: unconfirmed)
      struck["answered request", default: 0] += orders.answered
    }
    let last = disk.state.lastSequence
    if receiver.accepted.count != Int(clamping: last) {
      violations.append("\(last) events were committed, \(receiver.accepted.count) arrived")
    }
    var all = struck
    for counts in [disk.struck, network.struck, receiver.struck, line.struck] {
      all.merge(counts, uniquingKeysWith: +)
    }
    if receiver.duplicates > 0 { all["duplicate", default: 0] += receiver.duplicates }
    return WorldReport(
      seed: options.seed, comparison: comparison, violations: violations, struck: all,
      traceHash: Hex.encode(disk.state.lastDigest.prefix(8)), lives: lives)
  }
}
