// What commits leave in memory: nothing, however many there were.
//
// In a process of its own: nobody else's memory is counted.

import CLinux
import Outbox
import SQLiteEdge
import Testing

@Suite("The memory of the journal") struct JournalMemoryTests {
  @Test func `holds no more after 3,000 commits than after 500`() async {
    await #expect(processExitsWith: .success) {
      let workspace = Workspace(inMemory: true)
      // Pages of the table are kept; what is deleted again keeps their number small.
      var journal = try openJournal(workspace.journal)
      var held = 0
      for sequence in UInt64(1)...3000 {
        var transaction = testTransaction(sequence...sequence)
        transaction.deleteThrough = sequence > 10 ? sequence - 10 : nil
        try journal.commit(transaction)
        if sequence == 500 { held = mallinfo2().uordblks }
      }
      let growth = mallinfo2().uordblks - held
      // One digest is 80 bytes: 2,500 that are lost would be 200,000.
      precondition(growth < 50_000, "\(growth) bytes more")
    }
  }
}
