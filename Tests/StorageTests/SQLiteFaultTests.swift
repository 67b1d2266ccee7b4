// The journal on a disk that fails at the k-th call, for every k.

import CSQLite
import Outbox
import Primitives
import SQLiteEdge
import Testing

/// The oracle: what a run has been told is durable, and what it tried.
private struct Ledger {
  var acknowledged: UInt64 = 0
  var attempted: UInt64 = 0
  var deletedThrough: UInt64 = 0
}

@Suite("The journal on a failing disk", .serialized)
struct SQLiteFaultTests {
  init() { FaultLayer.register() }

  private var settings: JournalSettings {
    // Eight pages of log, so that moving it into the file happens within the run.
    JournalSettings(ballastBytes: 0, checkpointPages: 8, fileLayer: FaultLayer.name)
  }

  /// Opens as the gateway does: tries again after a fault.
  private func opened(_ path: String) throws(StoreFault) -> SQLiteJournal {
    var tries = 0
    while true {
      do {
        return try openJournal(path, settings)
      } catch {
        tries += 1
        if tries > 5 { throw error }
      }
    }
  }

  /// Opens again after a fault and compares with what was promised.
  private func recover(
    _ journal: inout SQLiteJournal, _ ledger: inout Ledger, _ run: String
  ) throws(StoreFault) {
    var tries = 0
    while true {
      do {
        let state = try journal.reopen()
        #expect(state.lastSequence >= ledger.acknowledged, "\(run): a committed event is lost")
        #expect(state.lastSequence <= ledger.attempted, "\(run): an event was invented")
        ledger.acknowledged = state.lastSequence
        return
      } catch {
        tries += 1
        if tries > 5 { throw error }
      }
    }
  }

  /// Twenty transactions of one to three events, some with a deletion; true when nothing failed.
  private func run(_ plan: FaultPlan, _ name: String) throws -> Bool {
    let workspace = Workspace(inMemory: true)
    FaultLayer.plan = plan
    defer { FaultLayer.plan = FaultPlan() }
    var journal = try opened(workspace.journal)
    var ledger = Ledger()
    while ledger.acknowledged < 40 {
      let first = ledger.acknowledged + 1
      var transaction = testTransaction(first...(first + first % 3), size: 900)
      transaction.snapshots = [("press-1", Array("\(first)".utf8))]
      if first > 20, first.isMultiple(of: 4) { transaction.deleteThrough = first - 20 }
      ledger.attempted = max(ledger.attempted, first + first % 3)
      switch commitFault(&journal, transaction) {
      case nil:
        ledger.acknowledged = ledger.attempted
        ledger.deletedThrough = max(ledger.deletedThrough, transaction.deleteThrough ?? 0)
      case .diskFull, .quotaReached: continue
      default:
        try recover(&journal, &ledger, name)
        ledger.deletedThrough = journal.state.firstHeld - 1
      }
    }
    let survived = FaultLayer.plan.failed == 0
    FaultLayer.plan = FaultPlan()
    try recover(&journal, &ledger, name)
    let held = try heldEvents(&journal)
    let expected = ((ledger.deletedThrough + 1)...ledger.acknowledged).map {
      testEvent($0, size: 900)
    }
    #expect(held == expected, "\(name)")
    #expect(journal.report.origin == .continued, "\(name)")
    return survived
  }

  /// Fails the first operation, then the second, until a run meets no fault.
  private func walk(_ plan: FaultPlan, _ name: String) throws {
    var operation = 1
    while true {
      var plan = plan
      plan.countdown = operation
      if try run(plan, "\(name), operation \(operation)") { break }
      operation += 1
    }
    #expect(operation > 50, "\(name): only \(operation) operations were failed")
  }

  @Test func `F35: whichever write or sync fails once, no committed event is lost, none invented`()
    throws
  {
    try walk(FaultPlan(), "failing once")
  }

  @Test func `F35: the same when three in a row fail, the first try to recover among them`() throws
  {
    try walk(FaultPlan(length: 3), "failing three times")
  }

  @Test func `F30: the same when the file system is full for a while`() throws {
    try walk(FaultPlan(length: 2, code: SQLITE_FULL, isOnlyWrites: true), "full for a while")
  }

  @Test
  func `a failed sync is reported as input and output, and nothing is taken before reopening`()
    throws
  {
    let workspace = Workspace(inMemory: true)
    var journal = try opened(workspace.journal)
    try journal.commit(testTransaction(1...1))
    FaultLayer.plan = FaultPlan(countdown: 1, length: 1000)
    guard case .inputOutput(let sentence) = commitFault(&journal, testTransaction(2...2)) else {
      Issue.record("committed on a disk that does not write")
      return
    }
    #expect(sentence.hasPrefix("writing the journal ("))
    FaultLayer.plan = FaultPlan()
    guard case .inputOutput(let closed) = commitFault(&journal, testTransaction(2...2)) else {
      Issue.record("committed before the file was opened again")
      return
    }
    #expect(closed.hasSuffix("a fault has closed it; open it again"))
    let state = try journal.reopen()
    #expect(state.lastSequence == 1)
    try journal.commit(testTransaction(2...2))
  }

  @Test func `on a disk filled by a stranger the ballast makes room, and comes back later`() throws
  {
    let workspace = Workspace(inMemory: true)
    var kept = settings
    kept.ballastBytes = 1 << 20
    var journal = try openJournal(workspace.journal, kept)
    #expect(workspace.names.contains("journal.db.ballast"))
    FaultLayer.plan = FaultPlan(countdown: 1, code: SQLITE_FULL, isOnlyWrites: true)
    try journal.commit(testTransaction(1...1))
    #expect(FaultLayer.plan.failed == 1)
    #expect(!workspace.names.contains("journal.db.ballast"))
    FaultLayer.plan = FaultPlan(countdown: 1, code: SQLITE_FULL, isOnlyWrites: true)
    #expect(commitFault(&journal, testTransaction(2...2)) == .diskFull)
    FaultLayer.plan = FaultPlan()
    for sequence in 2...300 as ClosedRange<UInt64> {
      try journal.commit(testTransaction(sequence...sequence))
    }
    #expect(workspace.names.contains("journal.db.ballast"))
    let state = try journal.reopen()
    #expect(state.lastSequence == 300)
  }
}
