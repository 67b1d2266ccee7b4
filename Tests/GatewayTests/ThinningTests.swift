// What goes first when the journal is full, and what goes when its days are over.

import Events
import Outbox
import Primitives
import Signals
import Testing

@testable import Gateway

@Suite("Thinning by class and by days") struct ThinningTests {
  private func kind(_ event: StoredEvent) -> EventClass { EventClass(event.bytes) }

  /// A press that stops and starts, with a temperature that never stays.
  private func run(_ life: Life, seconds: Int) {
    for second in 0..<seconds {
      life.push(Press.temperature, .real(Double(second)))
      life.scan(run: second % 10 < 5, fault: second % 10 < 5 ? 0 : 12, good: 0)
      life.turn(after: .seconds(1))
    }
  }

  @Test func `F31: signals go first and are told, and no fact goes while there are signals`()
    throws
  {
    let disk = ScriptedDisk()
    let life = Life(disk, try Press.plan())
    disk.quota = 200
    run(life, seconds: 400)
    #expect(life.recorder.fault == nil)
    let held = Set(disk.events.map(\.sequence))
    let gone = disk.history.filter { !held.contains($0.sequence) }
    #expect(gone.count > 100)
    #expect(gone.allSatisfy { kind($0) == .signals })
    #expect(disk.transactions.contains { !$0.thinned.isEmpty })
    let (events, findings) = disk.audit()
    #expect(findings.isEmpty)
    let dropped = events.filter { $0.type == EventType.eventsDropped.rawValue }
    let told = dropped.compactMap { $0.data["count"]?.integer }.reduce(0, +)
    #expect(Int(told) == gone.count, "every one that went was told")
    for loss in dropped {
      let first = UInt64(loss.data["fromSequence"]?.integer ?? 0)
      let last = UInt64(loss.data["toSequence"]?.integer ?? 0)
      #expect(gone.contains { $0.sequence == first } && gone.contains { $0.sequence == last })
      #expect(loss.data["why"]?.string?.contains("signals") == true)
      #expect(loss.data["why"]?.string?.contains("mes") == true)
    }
    #expect(life.recorder.status.uplinks[0].dropped == UInt64(gone.count))
  }

  @Test func `when only facts are left, the oldest part of everything goes`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Press.plan())
    disk.quota = 200
    run(life, seconds: 1600)
    #expect(life.recorder.fault == nil)
    let held = Set(disk.events.map(\.sequence))
    let gone = disk.history.filter { !held.contains($0.sequence) }
    #expect(gone.contains { kind($0) == .facts })
    let signals = disk.events.count { kind($0) == .signals }
    #expect(signals * 4 < disk.events.count, "signals went before: \(signals)")
    let (events, findings) = disk.audit()
    #expect(findings.isEmpty)
    let told = events.filter { $0.type == EventType.eventsDropped.rawValue }
      .compactMap { $0.data["count"]?.integer }.reduce(0, +)
    #expect(Int(told) == gone.count)
  }

  @Test func `what is on its way stays, and what everybody has goes without a word`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Press.plan())
    run(life, seconds: 60)
    let onTheirWay = life.recorder.outbox.statistics[0].parcelsInFlight
    #expect(onTheirWay > 0)
    var outbox = life.recorder.outbox
    var mark = ThinningMark()
    let retirement = outbox.thin(disk.events, of: .signals, mark: &mark)
    var offered: [UInt64] = []
    while let parcel = life.links[0].parcels.take()?.value {
      offered += parcel.events.map(\.sequence)
    }
    #expect(!offered.isEmpty && retirement != nil)
    for range in retirement?.thinned ?? [] {
      #expect(!offered.contains { range.contains($0) })
    }
    // The same with an uplink that has everything.
    let level = Life(ScriptedDisk(), try Press.plan())
    for second in 0..<20 {
      level.push(Press.temperature, .real(Double(second)))
      level.scan(run: true, good: 0)
      level.turn(after: .seconds(1))
      while let parcel = level.links[0].parcels.take()?.value {
        _ = level.links[0].post(
          .delivered(through: parcel.events.last?.sequence ?? 0),
          about: level.links[0].journalNumber)
      }
    }
    level.turn(after: .seconds(1))
    var again = ThinningMark()
    var done = level.recorder.outbox
    let quiet = done.thin(level.disk.events, of: .signals, mark: &again)
    #expect(quiet?.loss == nil)
  }

  @Test func `signals go after their days, everything after all days, each told`() throws {
    let disk = ScriptedDisk()
    var plan = try Press.plan()
    plan.retention = RetentionRules(age: .seconds(3000), signalsAge: .seconds(300))
    let life = Life(disk, plan)
    run(life, seconds: 1000)
    let onTheirWay = life.recorder.outbox.statistics[0].parcelsInFlight
    let young = disk.events.filter { kind($0) == .signals }.dropFirst(onTheirWay)
    let limit = life.clock.reading.wall.milliseconds - 365_000
    #expect(young.allSatisfy { (EventGlance.recorded($0.bytes)?.milliseconds ?? 0) > limit })
    #expect(disk.events.contains { $0.sequence < 20 && kind($0) == .facts })
    run(life, seconds: 4000)
    let oldest = disk.events.compactMap { EventGlance.recorded($0.bytes)?.milliseconds }.min() ?? 0
    #expect(oldest > life.clock.reading.wall.milliseconds - 3_065_000)
    let held = Set(disk.events.map(\.sequence))
    let (events, findings) = disk.audit()
    #expect(findings.isEmpty)
    let told = events.filter { $0.type == EventType.eventsDropped.rawValue }
      .compactMap { $0.data["count"]?.integer }.reduce(0, +)
    #expect(Int(told) == disk.history.count - held.count)
  }
}
