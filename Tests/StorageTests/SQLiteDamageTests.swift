// The journal when its file is damaged: what verifies is kept, what is lost is told.

import CSQLite
import Foundation
import Outbox
import Primitives
import SQLiteEdge
import Testing

@Suite("The journal when its file or its disk is bad")
struct SQLiteDamageTests {
  let workspace = Workspace(inMemory: true)

  private func write(_ count: UInt64, size: Int = 900) throws -> StoreState {
    var journal = try openJournal(workspace.journal)
    try journal.commit(testTransaction(1...count, size: size))
    return try journal.reopen()
  }

  private func damage(_ change: (inout Data) -> Void) throws {
    let place = URL(fileURLWithPath: workspace.journal)
    var bytes = try Data(contentsOf: place)
    change(&bytes)
    try bytes.write(to: place)
  }

  /// What happens to the bytes, and whether the end of the old chain can still be read.
  static let damages: [(String, Bool, @Sendable (inout Data) -> Void)] = [
    ("the header is zeroed", false, { $0.resetBytes(in: 0..<100) }),
    ("the first page is zeroed", false, { $0.resetBytes(in: 0..<4096) }),
    ("the root of the events is zeroed", false, { $0.resetBytes(in: 4096..<8192) }),
    ("a page of events is zeroed", true, { $0.resetBytes(in: 40960..<45056) }),
    ("the file is cut to three pages", false, { $0 = $0.prefix(3 * 4096) }),
    ("the file is empty", false, { $0 = Data() }),
    ("the file is text", false, { $0 = Data(String(repeating: "no journal\n", count: 900).utf8) }),
  ]

  @Test(arguments: damages.indices)
  func `F35: a damaged file is kept aside and a new epoch begins`(index: Int) throws {
    let (name, isChained, change) = Self.damages[index]
    let before = try write(200)
    try damage(change)
    var journal = try openJournal(workspace.journal, seed: 2)
    guard case .replaced(let replacement) = journal.report.origin else {
      Issue.record("\(name): opened as if nothing were wrong")
      return
    }
    #expect(replacement.keptAs == workspace.journal + ".damaged-1")
    #expect(!replacement.reason.isEmpty)
    let state = journal.state
    #expect(state.epoch != before.epoch)
    #expect(state.lastSequence == 0)
    if isChained {
      #expect(replacement.epochBefore == before.epoch)
      #expect(replacement.lastSequenceBefore == 200)
      #expect(state.lastDigest == before.lastDigest)
    }
    try journal.commit(testTransaction(1...3))
    let again = try journal.reopen()
    #expect(again.lastSequence == 3)
    #expect(again.lastPlace == state.lastPlace + 3)
    #expect(journal.report.origin == .continued)
  }

  @Test func `the last two damaged files are kept, no more`() throws {
    for seed in 1...4 {
      _ = try openJournal(workspace.journal, seed: UInt64(seed))
      try damage { $0 = Data("damage \(seed)".utf8) }
    }
    _ = try openJournal(workspace.journal, seed: 9)
    #expect(
      workspace.names == [
        "journal.db", "journal.db-wal", "journal.db.damaged-1", "journal.db.damaged-1-wal",
        "journal.db.damaged-2", "journal.db.damaged-2-wal",
      ])
    let kept = try String(contentsOfFile: workspace.journal + ".damaged-2", encoding: .utf8)
    #expect(kept == "damage 3")
  }

  @Test func `a log without its file is never replayed into a new one`() throws {
    let stray = workspace.journal + "-wal"
    try Data("a log of nobody".utf8).write(to: URL(fileURLWithPath: stray))
    let journal = try openJournal(workspace.journal)
    #expect(journal.state.lastSequence == 0)
    let kept = try String(contentsOfFile: workspace.journal + ".damaged-1-wal", encoding: .utf8)
    #expect(kept == "a log of nobody")
  }

  @Test func `a half-made file of an interrupted creation is made again`() throws {
    for suffix in [".new", ".new-wal", ".new-journal"] {
      try Data("half".utf8).write(to: URL(fileURLWithPath: workspace.journal + suffix))
    }
    let journal = try openJournal(workspace.journal)
    #expect(journal.report.origin == .created)
    #expect(!workspace.names.contains { $0.contains(".new") })
  }

  @Test func `a flipped bit within an event is found when it is read, its neighbours are not lost`()
    throws
  {
    _ = try write(9)
    try damage { bytes in
      guard let place = bytes.range(of: Data("event 5 ".utf8)) else { return }
      bytes[place.upperBound + 50] ^= 1
    }
    var journal = try openJournal(workspace.journal)
    #expect(journal.report.origin == .continued)
    let before = try readSequences(&journal, 0)
    #expect(before == [1, 2, 3, 4])
    #expect(readFault(&journal, after: 4) == .damagedEvent(sequence: 5))
    let behind = try readSequences(&journal, 0, after: 5)
    #expect(behind == [6, 7, 8, 9])
  }

  @Test
  func `F30, F34: at its quota the journal refuses, and takes again once the oldest are gone`()
    throws
  {
    var journal = try openJournal(
      workspace.journal, JournalSettings(quotaBytes: 1 << 20, ballastBytes: 0))
    var last: UInt64 = 0
    var fault: StoreFault?
    while fault == nil, last < 10_000 {
      fault = commitFault(&journal, testTransaction((last + 1)...(last + 10)))
      if fault == nil { last += 10 }
    }
    #expect(fault == .quotaReached)
    #expect(last > 1000)
    var cursor = Transaction()
    cursor.cursors = [UplinkCursor(name: "mes", bit: 0, acknowledged: 1)]
    #expect(commitFault(&journal, cursor) == nil, "a cursor finds room in a full journal")
    for round in 1...20 as ClosedRange<UInt64> {
      var transaction = testTransaction((last + 1)...(last + 64))
      transaction.deleteThrough = round * 128
      #expect(commitFault(&journal, transaction) == nil, "round \(round)")
      last += 64
    }
    let state = try journal.reopen()
    #expect(state.lastSequence == last)
    #expect(journal.sizeBytes <= 1 << 20)
  }

  @Test func `F37: many events are one transaction, whatever their number`() throws {
    var journal = try openJournal(workspace.journal)
    try journal.commit(testTransaction(1...5000))
    let state = try journal.reopen()
    #expect(state.lastSequence == 5000)
  }

  @Test func `the oldest of too many refused events goes`() throws {
    var journal = try openJournal(workspace.journal)
    for part in 0..<3 as Range<UInt64> {
      var transaction = Transaction()
      transaction.quarantined = (1...4000).map {
        QuarantinedEvent(
          uplink: "mes", sequence: part * 4000 + $0, bytes: [1], status: 400, answer: "",
          at: WallTime(milliseconds: 0))
      }
      try journal.commit(transaction)
    }
    let state = try journal.reopen()
    #expect(state.quarantinedCount == 10_000)
  }
}

/// What reading throws; nil when it reads.
private func readFault(_ journal: inout SQLiteJournal, after: UInt64) -> StoreFault? {
  do {
    _ = try journal.read(after: after, dueBit: 0, countLimit: 10, byteLimit: 1 << 20)
    return nil
  } catch {
    return error
  }
}
