// What the recorder does while the journal refuses: it goes on deciding, waits, and says so.

import Delivery
import Events
import Outbox
import Primitives
import Signals
import Testing

@testable import Gateway

@Suite struct `A journal that refuses` {
  @Test(arguments: [StoreFault.diskFull, .inputOutput("scripted"), .denied("scripted")])
  func `holds what was decided and commits it in order`(fault: StoreFault) throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Press.plan())
    life.turn()
    disk.trouble = fault
    for index in 0..<20 {
      life.scan(run: index % 4 < 2, fault: index % 4 < 2 ? 0 : 12, good: Int64(index))
      life.turn(after: .seconds(1))
    }
    #expect(disk.history.count == 1)
    #expect(life.recorder.fault == fault.sentence)
    #expect(life.recorder.status.waiting > 10)
    disk.trouble = nil
    _ = life.live(.seconds(10))
    #expect(life.recorder.fault == nil)
    #expect(life.recorder.status.waiting == 0)
    let (events, findings) = disk.audit()
    #expect(findings.isEmpty)
    let changes = events.filter { $0.type == EventType.stateChanged.rawValue }
    let times = changes.compactMap { $0.members["time"]?.string }
    #expect(changes.count >= 9)
    #expect(times == times.sorted())
  }

  @Test(arguments: [DiskAccident.failsBefore, .failsAfter])
  func `F44: what got to the disk before the journal was replaced is not sealed twice`(
    accident: DiskAccident
  ) throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Press.plan())
    life.scan(run: true, good: 1)
    life.turn(after: .seconds(1))
    disk.plan = (disk.operations + 1, accident)
    life.scan(run: false, fault: 12, good: 1)
    life.turn(after: .seconds(1))
    #expect(life.recorder.fault != nil, "the accident met the commit")
    // What proved itself was carried over: the new epoch chains to the last event that got there.
    disk.replace(epoch: "0badcafe")
    _ = life.live(.seconds(20))
    #expect(life.recorder.fault == nil)
    #expect(life.told(.stopStarted).count == 1)
    life.scan(run: true, good: 2)
    life.turn(after: .seconds(1))
    #expect(disk.state.epoch == "0badcafe" && disk.state.lastSequence > 0)
    #expect(life.told(.stopEnded).count == 1)
  }

  /// As many drafts as the recorder holds, behind the one that is pending.
  private func fill(_ life: Life) {
    life.scan(run: true, good: 1)
    life.turn(after: .seconds(1))
    let draft = EventDraft.clockCorrected(
      life.recorder.plan.source, at: Stamp(life.clock.now, life.clock.reading), bootID: "b",
      offsetMilliseconds: 0)
    life.recorder.entries += Array(repeating: .draft(draft), count: GatewayLimits.draftsHeld)
  }

  @Test func `holds drafts up to a limit, then leaves the samples in the ring`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Press.plan())
    life.turn()
    disk.trouble = .diskFull
    fill(life)
    let held = life.recorder.entries.count
    life.clock.now = life.clock.now + .milliseconds(10)
    life.scan(run: true, good: 7)
    for _ in 0..<5 {
      let outcome = life.turn()
      #expect(!outcome.hasMore && outcome.nextTurn > life.clock.now, "no turning without an end")
    }
    #expect(life.recorder.entries.count == held, "nothing is drained above the limit")
    #expect(life.recorder.inlets[0].consumer.fill == 4)
  }

  @Test func `asks for a turn at once when there is room again for what waits in the rings`() throws
  {
    let disk = ScriptedDisk()
    let life = Life(disk, try Press.plan())
    life.turn()
    disk.trouble = .diskFull
    fill(life)
    life.clock.now = life.clock.now + .seconds(1)
    life.scan(run: false, fault: 12, good: 1)
    life.turn()
    disk.trouble = nil
    var outcome = life.turn(after: .seconds(10))
    while outcome.nextTurn <= life.clock.now, !outcome.hasMore { outcome = life.turn() }
    #expect(outcome.hasMore)
    life.turn()
    #expect(life.told(.stopStarted).count == 1)
  }

  @Test func `a full quota lets the oldest go and tells it in the same transaction (F31)`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Press.plan())
    disk.quota = 100
    for index in 0..<200 {
      life.scan(run: index.isMultiple(of: 2), good: 0)
      life.turn(after: .seconds(1))
    }
    #expect(life.recorder.fault == nil)
    let (events, findings) = disk.audit()
    #expect(findings.isEmpty)
    let dropped = events.filter { $0.type == EventType.eventsDropped.rawValue }
    #expect(!dropped.isEmpty)
    #expect(dropped.first?.data["fromSequence"]?.integer == 1)
    for event in dropped {
      let through = UInt64(event.data["toSequence"]?.integer ?? 0)
      let told = disk.transactions.first { $0.events.contains { $0.sequence == event.sequence } }
      // The oldest part, or what of a class went from the middle.
      let ends = [told?.deleteThrough, told?.thinned.last?.upperBound].compactMap { $0 }
      #expect(ends.contains(through))
      #expect(event.data["why"]?.string?.contains("mes") == true)
    }
    let gaps = dropped.compactMap { $0.data["count"]?.integer }.reduce(0, +)
    let gone = disk.history.count - disk.events.count
    #expect(gaps == Int64(gone), "every event that is gone was told")
  }

  @Test func `a transaction larger than one step of retention still gets room`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Press.plan())
    disk.quota = 320
    for index in 0..<60 {
      life.scan(run: index.isMultiple(of: 2), good: 0)
      life.turn(after: .seconds(1))
    }
    disk.trouble = .diskFull
    for index in 0..<80 {
      life.scan(run: index.isMultiple(of: 2), good: 0)
      life.turn(after: .seconds(1))
    }
    disk.trouble = nil
    _ = life.live(.seconds(60))
    #expect(life.recorder.fault == nil)
    #expect(life.recorder.status.waiting == 0)
    #expect(disk.audit().findings.isEmpty)
    let dropped = life.told(.eventsDropped).compactMap { $0.data["count"]?.integer }.reduce(0, +)
    #expect(UInt64(dropped) == disk.state.firstHeld - 1)
  }

  @Test func `a refused event goes to quarantine once although the quota is full`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Press.plan())
    for index in 0..<90 {
      life.scan(run: index.isMultiple(of: 2), good: 0)
      life.turn(after: .seconds(1))
    }
    let parcel = try #require(life.links[0].parcels.take()?.value)
    #expect(life.links[0].post(.refused(parcel.events[0], status: 422, body: "no"), about: 0))
    disk.quota = disk.events.count
    life.scan(run: false, good: 0)
    life.turn(after: .seconds(5))
    _ = life.live(.seconds(10))
    #expect(disk.quarantined.map(\.sequence) == [1])
    #expect(disk.audit().findings.isEmpty)
  }

  @Test func `a journal that was replaced while running is told, and the press goes on`() throws {
    let disk = ScriptedDisk()
    let plan = try Press.plan()
    let life = Life(disk, plan)
    life.scan(run: true, good: 3)
    life.turn(after: .seconds(1))
    disk.trouble = .inputOutput("gone")
    life.scan(run: false, fault: 12, good: 3)
    life.turn(after: .seconds(1))
    disk.replace(epoch: "0badcafe")
    disk.trouble = nil
    _ = life.live(.seconds(10))
    life.scan(run: true, good: 3)
    life.turn(after: .seconds(1))
    #expect(life.recorder.fault == nil)
    let anew = disk.events.compactMap { try? ReceivedEvent(parsing: $0.bytes) }
    #expect(anew.allSatisfy { $0.epoch == "0badcafe" })
    #expect(anew.first?.type == EventType.eventsDropped.rawValue)
    #expect(anew.contains { $0.type == EventType.stopEnded.rawValue })
    #expect(disk.state.snapshots["machine/press-1"] != nil)
  }

  /// A busy loop was found here once: whatever the journal does, turns without work are in future.
  @Test(arguments: [nil, StoreFault.diskFull, .inputOutput("x"), .damaged("x"), .quotaReached])
  func `never wants to turn at once without work`(fault: StoreFault?) throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Press.plan())
    life.scan(run: false, fault: 12, good: 3)
    life.push(Press.temperature, .real(20))
    life.producer.publish()
    life.turn(after: .seconds(1))
    disk.trouble = fault
    let parcel = life.links[0].parcels.take()?.value
    if let last = parcel?.events.last?.sequence {
      #expect(life.links[0].post(.delivered(through: last), about: 0))
    }
    life.scan(run: true, good: 4)
    // A minute of nothing: health, windows, retries and acknowledgements are all there is to do.
    #expect(life.live(.seconds(60)) <= 60)
    for _ in 0..<20 {
      let outcome = life.turn()
      #expect(!outcome.hasMore)
      #expect(outcome.nextTurn > life.clock.now)
    }
  }
}
