// Runs that left the middle of the journal: read over, never taken for damage, kept by a salvage.

import Glibc
import Outbox
import Primitives
import SQLiteEdge
import Testing

@Suite("Gaps in the journal") struct GapTests {
  private func thin(_ runs: [ClosedRange<UInt64>]) -> Transaction {
    var transaction = Transaction()
    transaction.thinned = runs
    return transaction
  }

  private func places(_ journal: inout SQLiteJournal) throws -> [UInt64] {
    try heldEvents(&journal).map(\.sequence)
  }

  @Test func `readers pass over them, before and after a restart`() throws {
    let workspace = Workspace(inMemory: true)
    do {
      var journal = try openJournal(workspace.journal)
      try journal.commit(testTransaction(1...20))
      try journal.commit(thin([3...3, 5...9, 11...12]))
      #expect(try places(&journal) == [1, 2, 4, 10] + Array(13...20))
      // A run over earlier ones.
      try journal.commit(thin([4...13]))
      #expect(try places(&journal) == [1, 2] + Array(14...20))
    }
    var journal = try openJournal(workspace.journal)
    #expect(journal.report.origin == .continued)
    #expect(try places(&journal) == [1, 2] + Array(14...20))
    let due = try journal.read(after: 1, dueBit: 0, countLimit: 2, byteLimit: 1 << 20)
    #expect(due.map(\.sequence) == [2, 14])
    try journal.commit(testTransaction(21...22))
    var deletion = Transaction()
    deletion.deleteThrough = 15
    deletion.thinned = [4...6]
    try journal.commit(deletion)
    #expect(try places(&journal) == Array(16...22))
  }

  @Test func `give their room back`() throws {
    let workspace = Workspace(inMemory: true)
    var settings = JournalSettings(ballastBytes: 0)
    settings.quotaBytes = 1 << 20
    var journal = try openJournal(workspace.journal, settings)
    var last: UInt64 = 0
    do {
      while last < 100_000 {
        try journal.commit(testTransaction((last + 1)...(last + 10), size: 1000))
        last += 10
      }
    } catch StoreFault.quotaReached {}
    #expect(last > 500)
    try journal.commit(thin([10...(last - 100)]))
    let full = last
    while last < full + (full - 200) * 8 / 10 {
      try journal.commit(testTransaction((last + 1)...(last + 10), size: 1000))
      last += 10
    }
    #expect(try places(&journal).count == Int(last) - Int(full - 100 - 10 + 1))
  }

  @Test func `a salvage keeps them and tells no loss of what had left`() throws {
    let workspace = Workspace(inMemory: true)
    do {
      var journal = try openJournal(workspace.journal)
      try journal.commit(testTransaction(1...400))
      try journal.commit(thin([20...60, 100...100, 200...390]))
      _ = try journal.reopen()
    }
    // Another header than any that SQLite knows.
    let file = open(workspace.journal, O_RDWR)
    var zeros = [UInt8](repeating: 0, count: 16)
    #expect(pwrite(file, &zeros, 16, 0) == 16)
    close(file)
    var journal = try openJournal(workspace.journal, seed: 2)
    guard case .replaced(let replacement) = journal.report.origin else {
      Issue.record("the file was not replaced: \(journal.report)")
      return
    }
    #expect(replacement.lost.isEmpty)
    #expect(replacement.carried == 400 - 41 - 1 - 191)
    let left = Array(1...19) + Array(61...99) + Array(101...199) + Array(391...400)
    #expect(try places(&journal) == left.map(UInt64.init))
  }
}
