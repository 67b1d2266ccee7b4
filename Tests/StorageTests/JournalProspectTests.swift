// A journal that is opened while the file system is full: it says where it stands, refuses what it
// cannot write, and takes up its work when there is room.

import CSQLite
import Foundation
import Outbox
import SQLiteEdge
import Testing

extension SQLiteFaultTests {
  private var patient: JournalSettings {
    var settings = JournalSettings(
      ballastBytes: 0, checkpointPages: 8, fileLayer: FaultLayer.name)
    settings.waitsForRoom = true
    return settings
  }

  /// From now on nothing can be written.
  private func fillDisk() {
    FaultLayer.plan = FaultPlan(
      countdown: 1, length: 1 << 30, code: SQLITE_FULL, isOnlyWrites: true)
  }

  /// Twenty events, a machine's snapshot and a cursor.
  private func write(_ workspace: Workspace) throws -> StoreState {
    var journal = try openJournal(workspace.journal, patient)
    for sequence in 1...20 as ClosedRange<UInt64> {
      var transaction = testTransaction(sequence...sequence)
      transaction.snapshots = [("machine/press-1", [UInt8(sequence)])]
      transaction.cursors = [UplinkCursor(name: "mes", bit: 0, acknowledged: sequence / 2)]
      try journal.commit(transaction)
    }
    return try journal.reopen()
  }

  /// As the recorder: the same transaction until it is taken, or refused for another reason.
  private func insist(_ journal: inout SQLiteJournal, _ transaction: Transaction) -> StoreFault? {
    for _ in 0..<31 {
      let fault = commitFault(&journal, transaction)
      guard fault == .diskFull else { return fault }
    }
    return .diskFull
  }

  @Test func `F30: a whole journal goes on from where it stands once there is room`() throws {
    let workspace = Workspace(inMemory: true)
    let before = try write(workspace)
    let copy = Workspace(inMemory: true)
    do {
      // As a power cut leaves it, with something in the log: opening has something to write.
      var journal = try openJournal(workspace.journal, patient)
      try journal.commit(testTransaction(21...21))
      for suffix in ["", "-wal"] {
        try FileManager.default.copyItem(
          atPath: workspace.journal + suffix, toPath: copy.journal + suffix)
      }
    }
    fillDisk()
    defer { FaultLayer.plan = FaultPlan() }
    var journal = try openJournal(copy.journal, patient)
    #expect(journal.report.isWaiting)
    #expect(journal.state.epoch == before.epoch && journal.state.lastSequence == 21)
    #expect(journal.state.snapshots == before.snapshots && !before.snapshots.isEmpty)
    #expect(journal.state.cursors == before.cursors)
    #expect(insist(&journal, testTransaction(22...22)) == .diskFull)
    #expect(throws: StoreFault.diskFull) { try readSequences(&journal, 0) }
    FaultLayer.plan = FaultPlan()
    #expect(insist(&journal, testTransaction(22...22)) == nil)
    #expect(try heldEvents(&journal).last?.sequence == 22)
    #expect(journal.state.epoch == before.epoch)
  }

  @Test
  func `F35: of a damaged one, machines and cursors are known before there is room to salvage`()
    throws
  {
    let workspace = Workspace(inMemory: true)
    let before = try write(workspace)
    let place = URL(fileURLWithPath: workspace.journal)
    var bytes = try Data(contentsOf: place)
    bytes.resetBytes(in: 0..<4096)
    try bytes.write(to: place)
    fillDisk()
    defer { FaultLayer.plan = FaultPlan() }
    var journal = try openJournal(workspace.journal, patient, seed: 2)
    #expect(journal.report.isWaiting)
    let said = journal.state
    #expect(said.epoch != before.epoch && said.base == 20 && said.lastSequence == 0)
    #expect(said.snapshots == before.snapshots && said.cursors == before.cursors)
    #expect(insist(&journal, testTransaction(1...1)) == .diskFull)
    #expect(workspace.names.contains("journal.db.salvage"), "it is set aside until there is room")
    #expect(!workspace.names.contains("journal.db.new"), "what did not fit takes no room")
    FaultLayer.plan = FaultPlan()
    guard case .inputOutput = insist(&journal, testTransaction(1...1)) else {
      Issue.record("events sealed for a journal that was only said were taken")
      return
    }
    let state = try journal.reopen()
    #expect(state.epoch != said.epoch && state.base == 20 && state.lost.isEmpty)
    #expect(state.snapshots == before.snapshots && state.lastDigest == before.lastDigest)
    try journal.commit(testTransaction(1...1))
    // What the cursor had passed is owed to nobody.
    #expect(try heldEvents(&journal).map(\.sequence) == Array(11...21))
  }

  @Test func `F30: where there is none yet, it is made once there is room`() throws {
    let workspace = Workspace(inMemory: true)
    FaultLayer.register()
    fillDisk()
    defer { FaultLayer.plan = FaultPlan() }
    var journal = try openJournal(workspace.journal, patient)
    #expect(journal.report.isWaiting && journal.state.lastPlace == 0)
    #expect(insist(&journal, testTransaction(1...1)) == .diskFull)
    #expect(workspace.names.isEmpty)
    var impatient = patient
    impatient.waitsForRoom = false
    #expect(openingFault(workspace.journal, impatient) == .diskFull)
    FaultLayer.plan = FaultPlan()
    guard case .inputOutput = insist(&journal, testTransaction(1...1)) else {
      Issue.record("an event of no journal was taken")
      return
    }
    let state = try journal.reopen()
    #expect(state.lastPlace == 0)
    try journal.commit(testTransaction(1...2))
    #expect(try heldEvents(&journal).count == 2)
  }
}
