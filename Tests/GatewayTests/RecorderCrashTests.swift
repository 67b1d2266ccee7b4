// Every operation of the disk goes wrong once, in every way, and nothing is lost or told twice.
//
// A counting loop: fail operation 1, 2, 3 … until a whole day of the press runs through without the
// fault having been met. After the death of the process a new one continues from the disk.

import Events
import Gateway
import Outbox
import Primitives
import Testing

/// What the press does, scan by scan, half a second apart: it runs, stands with a jam, runs again.
private struct Shift {
  static let scans = 40
  static let stop = 14..<26

  static func scan(_ index: Int, _ life: Life) {
    let isStopped = stop.contains(index)
    life.scan(run: !isStopped, fault: isStopped ? 12 : 0, good: pieces(index))
  }

  static func pieces(_ index: Int) -> Int64 {
    Int64(min(index, stop.lowerBound) + max(0, index - stop.upperBound))
  }
}

@Suite struct `A disk that goes wrong at its k-th operation` {
  /// Lives the shift with the plan of the disk, restarting after each death; true when it struck.
  private func live(_ disk: ScriptedDisk, _ operation: Int, _ accident: DiskAccident) throws -> Bool
  {
    let plan = try Press.plan()
    // What was made before anybody looked nobody can know: the first look is made in peace.
    let first = Life(disk, plan)
    Shift.scan(0, first)
    first.turn()
    _ = first.finish()
    let operation = disk.operations + operation
    disk.plan = (operation, accident)
    var life = Life(disk, plan, first.clock)
    for index in 0..<Shift.scans {
      life.clock.now = life.clock.now + .milliseconds(500)
      Shift.scan(index, life)
      life.turn()
      if disk.isDead { life = Life(disk, plan, life.clock) }
    }
    if !life.finish(), disk.isDead {
      // The last operation killed it: the next process says what is left.
      life = Life(disk, plan, life.clock)
      life.clock.now = life.clock.now + .milliseconds(500)
      Shift.scan(Shift.scans - 1, life)
      life.turn()
    }
    _ = life.live(.seconds(30))
    if !life.finish() {
      // The very last commit was struck: the next process finds what is left.
      if disk.isDead { life = Life(disk, plan, life.clock) }
      #expect(life.finish())
    }
    return disk.operations >= operation
  }

  @Test(arguments: DiskAccident.allCases)
  func `F25, F44, F47: loses nothing, tells nothing twice, and the chain holds`(
    accident: DiskAccident
  ) throws {
    var operation = 0
    var struck = true
    while struck {
      operation += 1
      let disk = ScriptedDisk()
      struck = try live(disk, operation, accident)
      let (events, findings) = disk.audit()
      #expect(findings.isEmpty, "operation \(operation)")
      let started = events.filter { $0.type == EventType.stopStarted.rawValue }
      let ended = events.filter { $0.type == EventType.stopEnded.rawValue }
      #expect(started.count == 1 && ended.count == 1, "operation \(operation): one stop")
      #expect(started.first?.data["stopId"] == ended.first?.data["stopId"])
      #expect(started.first?.data["cause"]?["code"]?.integer == 12)
      let counted = events.compactMap { $0.data["goodQuantity"]?.integer }.reduce(0, +)
      #expect(counted == Shift.pieces(Shift.scans - 1), "operation \(operation)")
    }
    // Fewer would mean that the loop never met the disk.
    #expect(operation > 10)
  }

  @Test func `a stop in progress stays one stop over many restarts (F47)`() throws {
    let disk = ScriptedDisk()
    let plan = try Press.plan()
    var life = Life(disk, plan)
    life.scan(run: true, good: 5)
    life.turn(after: .milliseconds(500))
    for restart in 0..<5 {
      life.scan(run: false, fault: 12, good: 5)
      life.turn(after: .seconds(1))
      if restart.isMultiple(of: 2) { #expect(life.finish()) }
      var clock = life.clock
      clock.now = clock.now + .seconds(3)
      if restart == 3 {
        // The whole box went down: another boot, monotonic time begins again.
        clock.wallOfBoot += clock.now.milliseconds + 10_000 - 1000
        clock.now = Instant(nanoseconds: 1_000_000_000)
        clock.boot = "boot-2"
      }
      life = Life(disk, plan, clock)
      life.turn()
    }
    life.scan(run: false, fault: 12, good: 5)
    life.turn(after: .seconds(1))
    life.clock.now = life.clock.now + .seconds(1)
    life.scan(run: true, good: 5)
    life.turn(after: .seconds(1))
    #expect(life.told(.stopStarted).count == 1)
    let ended = try #require(life.told(.stopEnded).first)
    #expect(life.told(.stopEnded).count == 1)
    #expect(ended.data["stopId"] == life.told(.stopStarted).first?.data["stopId"])
    #expect(disk.audit().findings.isEmpty)
  }
}
