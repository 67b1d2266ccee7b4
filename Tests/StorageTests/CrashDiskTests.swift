// The journal on a disk that loses power, and on one whose k-th call fails.
//
//   TAKT_CUTS=100000 swift test --filter CrashDiskTests     a long run
//   TAKT_FIRST_SEED=4711                                    with other seeds
//
// Every name of a run is the seed that repeats it.

import CSQLite
import CrashDisk
import Foundation
import Outbox
import Primitives
import SQLiteEdge
import Testing

@Suite("The journal on a disk that loses power and fails", .serialized)
struct CrashDiskTests {
  init() {
    crash_disk_register()
    crash_disk_reset()
  }

  /// Opens a journal after a cut; a power cut within that is one more start.
  private func openAgain(
    _ life: CrashLife, cutAt: Int64, _ cuts: inout Int
  ) throws(StoreFault) -> SQLiteJournal {
    crash_disk_power_on()
    if cutAt > 0 {
      crash_disk_cut_at(cutAt, life.generator.next())
      do {
        return try life.open()
      } catch {
        guard crash_disk_is_off() == 1 else { throw error }
        cuts += 1
        crash_disk_power_on()
      }
    }
    return try life.open()
  }

  /// Cuts the power again and again in the life of one journal.
  private func cutOften(seed: UInt64, cuts wanted: Int, isDouble: Bool) throws -> (Int, Int) {
    let life = CrashLife("cuts of seed \(seed)", seed: seed)
    var cuts = 0
    var doubles = 0
    while cuts < wanted {
      let secondAt = isDouble ? Int64.random(in: 1...12, using: &life.generator) : 0
      let isFirst =
        life.ledger.last == 0
        && !FileManager.default.fileExists(
          atPath: life.workspace.journal)
      // The first opening may be cut as well.
      if isFirst {
        crash_disk_power_on()
        crash_disk_cut_at(Int64.random(in: 1...40, using: &life.generator), life.generator.next())
        do {
          _ = try life.open()
          crash_disk_cut(life.generator.next())
        } catch {}
        cuts += 1
      }
      do {
        var journal = try openAgain(life, cutAt: secondAt, &doubles)
        try life.judge(&journal)
        crash_disk_cut_at(Int64.random(in: 1...60, using: &life.generator), life.generator.next())
        _ = life.work(&journal, steps: 40)
        if crash_disk_is_off() == 0 { crash_disk_cut(life.generator.next()) }
        cuts += 1
      }
    }
    crash_disk_power_on()
    var journal = try life.open()
    try life.judge(&journal)
    #expect(life.ledger.last > 0 || wanted < 5, "\(life.name): nothing was ever committed")
    return (cuts, doubles)
  }

  @Test func `F35: after a power cut at any point every committed event is there, and no other`()
    throws
  {
    var left = count("TAKT_CUTS", usually: 2000)
    var seed = firstSeed
    while left > 0 {
      left -= try cutOften(seed: seed, cuts: 20, isDouble: false).0
      seed += 1
    }
    for which in 0..<3 as Range<Int32> {
      #expect(crash_disk_sectors(which) > 100, "sectors kept, dropped, torn: which \(which)")
    }
  }

  @Test func `F35: the same when the power goes again while the journal is opened`() throws {
    var left = count("TAKT_DOUBLE_CUTS", usually: 200)
    var seed = 1_000_000 + firstSeed
    while left > 0 {
      let (_, doubles) = try cutOften(seed: seed, cuts: 20, isDouble: true)
      #expect(doubles > 0)
      left -= max(1, doubles)
      seed += 1
    }
  }

  /// Does the same work with the k-th call failing, for each k, until a run meets no fault.
  private func sweep(_ name: String, _ kind: Kind, length: Int64, isHard: Bool) throws {
    var at: Int64 = 1
    while true {
      let life = CrashLife("\(name), call \(at)", seed: 7)
      // Reads that fail for ever look like a page that is gone.
      life.mayBeReplaced = isHard
      crash_disk_reset()
      crash_disk_fail(at, length, Int32(kind.calls), kind.code)
      let met = try live(life)
      if !met { break }
      at += 1
    }
    #expect(at > 8, "\(name): only \(at) calls were failed")
  }

  /// Two dozen steps with openings after faults; healed in the end. Whether any call failed.
  private func live(_ life: CrashLife) throws -> Bool {
    var steps = 0
    var tries = 0
    while steps < 24, tries < 4 {
      do {
        var journal = try life.open()
        try life.judge(&journal)
        while steps < 24, tries < 4 {
          let fault = life.work(&journal, steps: 1)
          steps += 1
          guard let fault else { continue }
          tries += 1
          switch fault {
          case .diskFull, .quotaReached:
            // Nothing changed: the same again, as the recorder does it.
            guard let pending = life.ledger.pending else { continue }
            if commitFault(&journal, life.inSequences(pending)) == nil {
              life.ledger.accept(pending)
              life.ledger.pending = nil
            } else {
              _ = try journal.reopen()
              try life.judge(&journal)
            }
          case .inputOutput, .damaged, .damagedEvent, .inUse, .tooNew, .denied:
            _ = try journal.reopen()
            try life.judge(&journal)
          }
        }
      } catch {
        tries += 1
      }
    }
    let failed = crash_disk_failed() > 0
    crash_disk_fail(0, 0, 0, 0)
    try life.checkHealed()
    // What a failed sync left readable may never have reached the platter.
    crash_disk_cut(UInt64(life.nonce))
    crash_disk_power_on()
    try life.checkHealed()
    return failed
  }

  struct Kind: Sendable {
    var name: String
    var calls: Int
    var code: Int32 = 0
  }

  static let kinds: [Kind] = [
    Kind(name: "read", calls: CRASH_DISK_READ), Kind(name: "write", calls: CRASH_DISK_WRITE),
    Kind(name: "sync", calls: CRASH_DISK_SYNC), Kind(name: "truncate", calls: CRASH_DISK_TRUNCATE),
    Kind(name: "open", calls: CRASH_DISK_OPEN), Kind(name: "size", calls: CRASH_DISK_SIZE),
    Kind(name: "lock", calls: CRASH_DISK_LOCK),
    Kind(name: "write on a full disk", calls: CRASH_DISK_WRITE, code: SQLITE_FULL),
    Kind(name: "any call", calls: CRASH_DISK_ALL),
  ]

  @Test(arguments: kinds.indices)
  func `F35: whichever call fails once, nothing committed is lost and nothing is invented`(
    kind: Int
  ) throws {
    let kind = Self.kinds[kind]
    try sweep("\(kind.name) once", kind, length: 1, isHard: false)
  }

  @Test(arguments: kinds.indices)
  func `F30: whichever call fails from then on, all is there once it works again`(kind: Int) throws
  {
    let kind = Self.kinds[kind]
    try sweep("\(kind.name) for ever", kind, length: 0, isHard: true)
  }

  @Test func `F30: a read-only file system is named, and left without a restart`() throws {
    let life = CrashLife("read-only", seed: 3)
    var journal = try life.open()
    let before = life.work(&journal, steps: 10)
    #expect(before == nil)
    crash_disk_set_read_only(1)
    let fault = life.work(&journal, steps: 1)
    guard case .inputOutput = fault else {
      Issue.record("a write on a read-only file system: \(String(describing: fault))")
      return
    }
    var opening: StoreFault?
    do { _ = try journal.reopen() } catch { opening = error }
    guard case .denied = opening else {
      Issue.record("opening on a read-only file system: \(String(describing: opening))")
      return
    }
    crash_disk_set_read_only(0)
    _ = try journal.reopen()
    try life.judge(&journal)
    let after = life.work(&journal, steps: 10)
    #expect(after == nil)
    #expect(life.workspace.names == ["journal.db", "journal.db-wal"])
  }

  @Test func `F30: on a disk filled by a stranger the ballast lets acknowledgements go on`() throws
  {
    let life = CrashLife("a stranger's full disk", seed: 4)
    var settings = life.settings
    settings.ballastBytes = 1 << 20
    var journal = try openJournal(life.workspace.journal, settings)
    var last: UInt64 = 0
    while last < 600 {
      try journal.commit(testTransaction((last + 1)...(last + 20), size: 900))
      last += 20
    }
    // The stranger leaves nothing; giving up the ballast frees its megabyte.
    crash_disk_set_free(0)
    var fault: StoreFault?
    while fault == nil, last < 20_000 {
      fault = commitFault(&journal, testTransaction((last + 1)...(last + 20), size: 900))
      if fault == nil { last += 20 }
      if !FileManager.default.fileExists(atPath: life.workspace.journal + ".ballast") { break }
    }
    #expect(!FileManager.default.fileExists(atPath: life.workspace.journal + ".ballast"))
    #expect(fault == .diskFull)
    crash_disk_set_free(1 << 20)
    for round in 1...200 as ClosedRange<UInt64> {
      var transaction = testTransaction((last + 1)...(last + 2), size: 900)
      transaction.cursors = [UplinkCursor(name: "mes", bit: 0, acknowledged: round * 2)]
      transaction.deleteThrough = round * 2
      #expect(commitFault(&journal, transaction) == nil, "round \(round)")
      last += 2
    }
    crash_disk_set_free(-1)
    let state = try journal.reopen()
    #expect(state.lastSequence == last)
    #expect(state.firstHeld == 401)
  }

  @Test func `a disk that lies about syncs never makes the journal deliver a wrong byte`() throws {
    var opened = 0
    for seed in 1...UInt64(count("TAKT_LIES", usually: 60)) {
      let life = CrashLife("lies of seed \(seed)", seed: seed)
      crash_disk_reset()
      crash_disk_set_liar(2, seed)
      try life.liveUntilCut(at: Int64.random(in: 30...200, using: &life.generator))
      crash_disk_set_liar(0, 0)
      crash_disk_power_on()
      var journal = try life.open()
      opened += 1
      let known = Set((life.ledger.events + (life.ledger.pending?.events ?? [])).map(\.bytes))
      let read = try life.everything(&journal)
      #expect(read.events.allSatisfy { known.contains($0.bytes) }, "\(life.name)")
    }
    #expect(opened > 0)
  }
}
