// The table of refused events in the real file: kept, found, released, and looked at from outside.

import Outbox
import Primitives
import SQLiteEdge
import Testing

@Suite("Refused events in the journal") struct QuarantineTableTests {
  private func refused(_ place: UInt64, _ uplink: String, status: Int = 422) -> QuarantinedEvent {
    QuarantinedEvent(
      uplink: uplink, sequence: place, bytes: testEvent(place).bytes, status: status,
      answer: "no", at: WallTime(milliseconds: 1000))
  }

  private func fill(_ journal: inout SQLiteJournal) throws {
    var transaction = testTransaction(1...6)
    transaction.quarantined = [refused(2, "mes"), refused(2, "erp"), refused(5, "mes")]
    transaction.cursors = [
      UplinkCursor(name: "mes", bit: 0, acknowledged: 6),
      UplinkCursor(name: "erp", bit: 1, acknowledged: 2),
    ]
    try journal.commit(transaction)
  }

  @Test func `are found by uplink and place, page by page`() throws {
    let workspace = Workspace(inMemory: true)
    var journal = try openJournal(workspace.journal)
    try fill(&journal)
    let all = try journal.quarantined(QuarantineQuery())
    #expect(all.map(\.event) == [refused(2, "mes"), refused(2, "erp"), refused(5, "mes")])
    let first = try journal.quarantined(QuarantineQuery(countLimit: 1))
    let rest = try journal.quarantined(QuarantineQuery(after: first[0].row))
    #expect(first + rest == all)
    #expect(try journal.quarantined(QuarantineQuery(byteLimit: 1)).count == 1)
    let one = try journal.quarantined(QuarantineQuery(uplink: "mes", places: [2, 3]))
    #expect(one.map(\.event) == [refused(2, "mes")])
    #expect(try journal.reopen().quarantinedBy == ["mes": 2, "erp": 1])
  }

  @Test func `a key deletes its own row, and no other that has its number`() throws {
    let workspace = Workspace(inMemory: true)
    var journal = try openJournal(workspace.journal)
    try fill(&journal)
    let rows = try journal.quarantined(QuarantineQuery())
    var transaction = Transaction()
    transaction.released = [
      rows[2].key, QuarantineKey(row: rows[0].row, uplink: "erp", sequence: 2),
    ]
    transaction.quarantined = [refused(5, "mes", status: 400)]
    try journal.commit(transaction)
    let left = try journal.quarantined(QuarantineQuery())
    #expect(left.map(\.event.status) == [422, 422, 400])
    #expect(left.map(\.event.uplink) == ["mes", "erp", "mes"])
  }

  @Test func `are seen from outside while nobody has the journal, and not while somebody has`()
    throws
  {
    let workspace = Workspace(inMemory: true)
    #expect(throws: StoreFault.self) {
      _ = try JournalView(path: workspace.journal, digest: testDigest)
    }
    #expect(workspace.names.isEmpty, "a look makes nothing")
    do {
      var journal = try openJournal(workspace.journal)
      try fill(&journal)
      #expect(throws: StoreFault.self) {
        _ = try JournalView(path: workspace.journal, digest: testDigest)
      }
    }
    do {
      var view = try JournalView(path: workspace.journal, digest: testDigest)
      #expect(try view.quarantined(QuarantineQuery()).count == 3)
      #expect(view.state.lastPlace == 6)
      let waiting = try view.events(after: 2, dueBit: 0, countLimit: 2, byteLimit: 1 << 20)
      #expect(waiting == [testEvent(3), testEvent(4)])
    }
    var journal = try openJournal(workspace.journal)
    #expect(journal.report.origin == .continued)
    #expect(try heldEvents(&journal).count == 6)
  }
}
