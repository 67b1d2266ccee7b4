// The journal on a real SQLite file: what was committed is there, whatever happened since.

import CSQLite
import Foundation
import Outbox
import Primitives
import SQLiteEdge
import Testing

@Suite("The journal on SQLite")
struct SQLiteJournalTests {
  let workspace = Workspace()

  @Test func `F29: what was committed is there after closing and opening`() throws {
    var transaction = testTransaction(1...3)
    transaction.snapshots = [("press-1", [1, 2, 3])]
    transaction.cursors = [UplinkCursor(name: "mes", bit: 0, acknowledged: 2)]
    transaction.quarantined = [
      QuarantinedEvent(
        uplink: "mes", sequence: 1, bytes: [7], status: 422, answer: "no",
        at: WallTime(milliseconds: 5))
    ]
    var epoch = ""
    do {
      var journal = try openJournal(workspace.journal)
      #expect(journal.report.origin == .created)
      #expect(journal.state.lastSequence == 0)
      epoch = journal.state.epoch
      try journal.commit(transaction)
    }
    var journal = try openJournal(workspace.journal, seed: 2)
    #expect(journal.report.origin == .continued)
    #expect(journal.report.isChecked)
    let state = journal.state
    #expect(state.epoch == epoch)
    #expect(state.lastSequence == 3)
    #expect(state.lastDigest == transaction.events[2].digest)
    #expect(state.firstHeld == 1)
    #expect(state.cursors == transaction.cursors)
    #expect(state.snapshots == ["press-1": [1, 2, 3]])
    #expect(state.quarantinedCount == 1)
    let held = try heldEvents(&journal)
    #expect(held == transaction.events)
  }

  @Test func `reads what is due to one uplink, within both limits, at least one`() throws {
    var journal = try openJournal(workspace.journal)
    var transaction = Transaction()
    transaction.events = (1...10).map { testEvent($0, due: $0.isMultiple(of: 2) ? 0b10 : 0b01) }
    try journal.commit(transaction)
    let odd = try readSequences(&journal, 0)
    #expect(odd == [1, 3, 5, 7, 9])
    let even = try readSequences(&journal, 1, after: 4)
    #expect(even == [6, 8, 10])
    let two = try readSequences(&journal, 1, count: 2)
    #expect(two == [2, 4])
    let atLeastOne = try readSequences(&journal, 1, bytes: 1)
    #expect(atLeastOne == [2])
    let twoByBytes = try readSequences(&journal, 1, bytes: 800)
    #expect(twoByBytes == [2, 4])
    let none = try readSequences(&journal, 62)
    #expect(none == [])
  }

  @Test func `deleting keeps the last event, so that the chain can go on`() throws {
    do {
      var journal = try openJournal(workspace.journal)
      try journal.commit(testTransaction(1...5))
      var deletion = Transaction()
      deletion.deleteThrough = 5
      try journal.commit(deletion)
    }
    let journal = try openJournal(workspace.journal)
    #expect(journal.state.firstHeld == 5)
    #expect(journal.state.lastSequence == 5)
    #expect(journal.state.lastDigest == testEvent(5).digest)
  }

  @Test func `F44: a sequence that does not continue the journal is refused`() throws {
    var journal = try openJournal(workspace.journal)
    try journal.commit(testTransaction(1...2))
    let fault = commitFault(&journal, testTransaction(4...4))
    #expect(fault == .damaged("committing event 4: the next sequence is 3"))
    let state = try journal.reopen()
    #expect(state.lastSequence == 2)
    try journal.commit(testTransaction(3...3))
    let held = try heldEvents(&journal).map(\.sequence)
    #expect(held == [1, 2, 3])
  }

  @Test func `a second opener is refused with a sentence and disturbs nobody`() throws {
    var journal = try openJournal(workspace.journal)
    guard case .inUse(let sentence) = openingFault(workspace.journal) else {
      Issue.record("opened a journal twice")
      return
    }
    #expect(sentence.contains("another process holds the journal"))
    try journal.commit(testTransaction(1...1))
    let state = try journal.reopen()
    #expect(state.lastSequence == 1)
  }

  @Test func `F58: the file is for its owner only`() throws {
    _ = try openJournal(workspace.journal, JournalSettings(ballastBytes: 1 << 20))
    for name in workspace.names {
      let attributes = try FileManager.default.attributesOfItem(
        atPath: workspace.path + "/" + name)
      #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
    }
    #expect(workspace.names == ["journal.db", "journal.db-wal", "journal.db.ballast"])
  }

  @Test func `a file of a later version is refused and not touched`() throws {
    _ = try openJournal(workspace.journal)
    try alter("PRAGMA user_version = 3; UPDATE meta SET value = '3' WHERE name = 'form'")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: workspace.journal))
    let names = workspace.names
    guard case .tooNew(let sentence) = openingFault(workspace.journal) else {
      Issue.record("opened a later version's file")
      return
    }
    #expect(sentence.contains("later version (form 3, this program knows 2)"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: workspace.journal)) == bytes)
    #expect(workspace.names == names)
  }

  @Test func `a flipped bit in the header makes no stranger and no later version of our file`()
    throws
  {
    var journal = try openJournal(workspace.journal)
    try journal.commit(testTransaction(1...3))
    _ = try journal.reopen()
    let place = URL(fileURLWithPath: workspace.journal)
    let whole = try Data(contentsOf: place)
    for byte in Array(60..<64) + Array(68..<72) {
      for bit in 0..<8 {
        var bytes = whole
        bytes[byte] ^= 1 << UInt8(bit)
        let other = Workspace(inMemory: true)
        try bytes.write(to: URL(fileURLWithPath: other.journal))
        try Data().write(to: URL(fileURLWithPath: other.journal + "-wal"))
        var again = try openJournal(other.journal)
        let held = try heldEvents(&again)
        #expect(held == (1...3).map { testEvent($0) }, "byte \(byte), bit \(bit)")
      }
    }
  }

  @Test func `a file of the form before opens with all it holds, and takes more`() throws {
    let events = (1...5).map { testEvent(UInt64($0)) }
    try alter(OldForm.tables)
    for event in events {
      try alter(
        "INSERT INTO event VALUES(\(event.sequence), 1, x'\(Hex.encode(event.digest))', "
          + "x'\(Hex.encode(event.bytes))')")
    }
    var journal = try openJournal(workspace.journal)
    #expect(journal.report.origin == .continued)
    #expect(journal.state.epoch == "0badcafe")
    #expect(journal.state.cursors == [UplinkCursor(name: "mes", bit: 3, acknowledged: 2)])
    #expect(journal.state.snapshots == ["press-1": [7]])
    #expect(journal.state.quarantinedCount == 1)
    try journal.commit(testTransaction(6...7))
    _ = try journal.reopen()
    let held = try heldEvents(&journal)
    #expect(held == events + [testEvent(6), testEvent(7)])
  }

  private func alter(_ text: String) throws {
    var handle: OpaquePointer?
    #expect(sqlite3_open(workspace.journal, &handle) == SQLITE_OK)
    #expect(sqlite3_exec(handle, text, nil, nil, nil) == SQLITE_OK)
    sqlite3_close(handle)
  }

  @Test func `another program's database is refused and not touched`() throws {
    _ = try openJournal(workspace.journal)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: workspace.journal))
    bytes[68] = 0
    try bytes.write(to: URL(fileURLWithPath: workspace.journal))
    guard case .denied(let sentence) = openingFault(workspace.journal) else {
      Issue.record("opened another program's file")
      return
    }
    #expect(sentence.contains("another program's database"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: workspace.journal)) == bytes)
  }

  @Test func `a directory that is not there is named`() throws {
    guard case .denied(let sentence) = openingFault(workspace.path + "/nowhere/journal.db") else {
      Issue.record("opened a journal nowhere")
      return
    }
    #expect(sentence.contains("/nowhere/journal.db"))
    #expect(sentence.contains("check that the directory exists"))
  }
}

/// The tables of the first form, with a row in each but events.
private enum OldForm {
  static let tables = """
    PRAGMA application_id = 1415670644; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;
    CREATE TABLE event(sequence INTEGER PRIMARY KEY, due INTEGER NOT NULL,
      digest BLOB NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE TABLE uplink(name TEXT PRIMARY KEY, bit INTEGER NOT NULL,
      acknowledged INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE snapshot(name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
    CREATE TABLE quarantine(id INTEGER PRIMARY KEY, uplink TEXT NOT NULL,
      sequence INTEGER NOT NULL, status INTEGER NOT NULL, answer TEXT NOT NULL,
      at INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO meta VALUES('epoch', '0badcafe'),
      ('first', '0000000000000000000000000000000000000000000000000000000000000000');
    INSERT INTO uplink VALUES('mes', 3, 2);
    INSERT INTO snapshot VALUES('press-1', x'07');
    INSERT INTO quarantine VALUES(1, 'mes', 1, 400, 'no', 5, x'01');
    """
}
