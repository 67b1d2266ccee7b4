// The recorder goes on under another configuration: the same journal, the same machines, no gap.

import Events
import Machines
import Outbox
import Primitives
import Signals
import Testing

@testable import Gateway

@Suite("A recorder goes on under another configuration") struct HandOverTests {
  private func order(
    _ plan: RecorderPlan, _ life: Life, seats: [RecorderSeat] = [.kept(0)]
  ) -> RecorderHandOver {
    RecorderHandOver(
      plan: plan, seats: seats, couriers: life.links, restarted: [],
      news: ConfigurationNews(.applied, digest: "01", by: "test"))
  }

  private func move(
    _ life: Life, to plan: RecorderPlan, seats: [RecorderSeat] = [.kept(0)]
  ) -> Bool {
    life.recorder.handOver(order(plan, life, seats: seats), life.clock.reading)
  }

  /// What the recorder told but of configurations and windows of signals: type, time and data.
  private func told(_ life: Life) -> [String] {
    let (events, findings) = life.disk.audit()
    #expect(findings.isEmpty, "\(findings)")
    return events.filter {
      !$0.type.hasPrefix("takt.configuration.") && $0.type != EventType.signalsChanged.rawValue
    }.map { "\($0.type) \($0.members["time"]?.string ?? "") \($0.data.canonicalText)" }
  }

  /// A press that runs, stops, runs and counts; something is done before the scan with a number.
  private func play(_ scans: ClosedRange<Int>, _ life: Life, _ act: (Int) -> Void = { _ in }) {
    for number in scans {
      act(number)
      let stands = number % 7 > 3
      life.scan(run: !stands, fault: stands ? 12 : 0, good: Int64(number - number / 7))
      life.turn(after: .milliseconds(700))
    }
  }

  @Test(arguments: 1...21)
  func `a machine whose rules are the same tells exactly what it would have told`(
    number: Int
  ) throws {
    let plan = try Press.plan()
    let quiet = Life(ScriptedDisk(), plan)
    play(1...21, quiet)
    _ = quiet.finish()
    let moved = Life(ScriptedDisk(), plan)
    play(1...21, moved) { scan in
      guard scan == number else { return }
      let isDone = move(moved, to: plan)
      #expect(isDone)
    }
    _ = moved.finish()
    #expect(told(moved) == told(quiet))
    #expect(moved.told(.configurationApplied).count == 1)
  }

  @Test func `a stop that is open goes on under other rules with its id, and is told once`() throws
  {
    var plan = try Press.plan()
    let life = Life(ScriptedDisk(), plan)
    play(1...5, life)
    #expect(life.told(.stopStarted).count == 1)
    plan.machines[0].shortStop = .seconds(9)
    #expect(move(life, to: plan))
    play(6...13, life)
    _ = life.finish()
    let (started, ended) = (life.told(.stopStarted), life.told(.stopEnded))
    #expect(started.first?.members["subject"] == ended.first?.members["subject"])
    let ids = started.compactMap { $0.members["subject"]?.string }
    #expect(ids.count == 2 && Set(ids).count == 2, "\(ids)")
    let made = life.told(.productionCount).compactMap { $0.data["goodQuantity"]?.integer }
    #expect(made.reduce(0, +) == 11)
    #expect(life.disk.audit().findings.isEmpty)
  }

  @Test func `what lies in a ring that is left is decided under the old configuration`() throws {
    let plan = try Press.plan()
    let life = Life(ScriptedDisk(), plan)
    play(1...2, life)
    life.clock.now = life.clock.now + .seconds(1)
    life.scan(run: false, fault: 12, good: 2)
    life.clock.now = life.clock.now + .seconds(1)
    life.scan(run: true, good: 3)
    let next = RingStorage(capacity: 64)
    let seat = RecorderSeat.fresh(next, WakeLine(ring: life.bell.ringer))
    #expect(move(life, to: plan, seats: [seat]))
    #expect(life.told(.stopStarted).count == 1)
    life.producer = RingProducer(next)
    play(3...5, life)
    _ = life.finish()
    let kinds = life.disk.audit().events.map(\.type)
    let applied = try #require(kinds.firstIndex(of: EventType.configurationApplied.rawValue))
    let stop = try #require(kinds.firstIndex(of: EventType.stopStarted.rawValue))
    #expect(stop < applied)
    #expect(life.told(.contactLost).isEmpty)
  }

  @Test(arguments: [StoreFault.diskFull, .inputOutput("scripted")])
  func `while the disk refuses, nothing is handed over, and then it is`(fault: StoreFault) throws {
    let plan = try Press.plan()
    let life = Life(ScriptedDisk(), plan)
    play(1...3, life)
    life.disk.trouble = fault
    life.clock.now = life.clock.now + .seconds(1)
    life.scan(run: false, fault: 12, good: 3)
    #expect(!move(life, to: plan))
    #expect(!move(life, to: plan))
    life.disk.trouble = nil
    _ = life.live(.seconds(10))
    #expect(life.told(.configurationApplied).isEmpty)
    #expect(move(life, to: plan))
    _ = life.finish()
    #expect(life.told(.configurationApplied).count == 1)
    #expect(life.told(.stopStarted).count == 1)
    #expect(life.disk.audit().findings.isEmpty)
  }

  @Test func `a machine that is taken out tells what it had, and goes on when it comes back`()
    throws
  {
    let plan = try Press.plan()
    let life = Life(ScriptedDisk(), plan)
    play(1...3, life)
    var none = plan
    none.machines = []
    none.signals = []
    none.units = []
    none.busOfUnit = []
    #expect(move(life, to: none, seats: []))
    let made = life.told(.productionCount).compactMap { $0.data["goodQuantity"]?.integer }
    #expect(made.reduce(0, +) == 2)
    life.turn(after: .seconds(5))
    #expect(life.recorder.status.machines.isEmpty)
    let next = RingStorage(capacity: 64)
    let seat = RecorderSeat.fresh(next, WakeLine(ring: life.bell.ringer))
    #expect(move(life, to: plan, seats: [seat]))
    life.producer = RingProducer(next)
    play(4...13, life)
    _ = life.finish()
    let all = life.told(.productionCount)
    #expect(all.compactMap { $0.data["goodQuantity"]?.integer }.reduce(0, +) == 11)
    #expect(all.last?.data["goodTotal"]?.integer == 11)
    let stops = life.told(.stopStarted).compactMap { $0.members["subject"]?.string }
    #expect(Set(stops).count == stops.count)
    #expect(life.disk.audit().findings.isEmpty)
  }

  @Test func `a process that dies behind a hand-over goes on where the journal ends`() throws {
    let plan = try Press.plan()
    let disk = ScriptedDisk()
    var life = Life(disk, plan)
    play(1...5, life)
    var other = plan
    other.machines[0].shortStop = .seconds(9)
    #expect(move(life, to: other))
    let clock = life.clock
    life = Life(disk, other, clock)
    play(6...13, life)
    _ = life.finish()
    // It counted while nobody looked: so the stop ended, and what stands then is another (F50).
    #expect(life.told(.stopStarted).count == 3 && life.told(.stopEnded).count == 2)
    #expect(disk.audit().findings.isEmpty)
  }
}
