// What store and forward asks of the journal: durable events a second on the real path, bytes
// written for each, and a backlog to drain.

import CAnchors
import Events
import Glibc
import OpenSSLEdge
import Outbox
import Primitives
import SQLiteEdge

extension JournalBench {
  /// Sealed and committed in groups, against bare SQLite with one signature and one digest each.
  static func forward(_ table: inout Table, _ folder: String, _ group: Int) {
    do {
      try sealed(&table, folder, group)
    } catch {
      print("the journal: \(error)")
    }
  }

  /// Bytes that reach the disk for an event that is sealed, committed, acknowledged and deleted.
  ///
  /// The goal is one for bodies of 400 bytes; ours stand beside with what bare SQLite writes.
  static func wear(_ table: inout Table, _ folder: String) {
    do {
      let own = try sample()
      let short = (bytes: Array(own.bytes.prefix(400)), digest: own.digest)
      let rows = [
        (short, 1, Goal.atMost(7600)), (short, 5, .atMost(3200)), (own, 1, .none), (own, 5, .none),
      ]
      for (event, group, goal) in rows {
        table.row(
          "\(event.bytes.count) bytes, by \(group), delivered, deleted, written",
          try written(folder, event, group: group, events: 4000), "bytes/event",
          anchor: try bareWritten(folder, event, group: group, events: 4000), goal: goal)
      }
    } catch {
      print("the journal: \(error)")
    }
  }

  /// As the recorder does: a cursor with each hundred events, a deletion with each 256.
  private static func written(
    _ folder: String, _ event: (bytes: [UInt8], digest: [UInt8]), group: Int, events: Int
  ) throws -> Double {
    var journal = try open(folder)
    defer { clean(folder) }
    var sequence: UInt64 = 0
    var (acknowledged, deleted): (UInt64, UInt64) = (0, 0)
    var before: Int64 = 0
    // The first thousand make the log as long as it stays.
    while sequence < UInt64(events) + 1000 {
      if sequence >= 1000, before == 0 { before = anchor_written_bytes() }
      var transaction = Transaction()
      for _ in 0..<group {
        sequence += 1
        transaction.events.append(
          StoredEvent(sequence: sequence, bytes: event.bytes, digest: event.digest, due: 1))
      }
      if sequence - acknowledged > 100 {
        acknowledged = sequence - UInt64(group)
        transaction.cursors = [UplinkCursor(name: "mes", bit: 0, acknowledged: acknowledged)]
        if acknowledged - deleted >= OutboxLimits.deletionBatch {
          transaction.deleteThrough = acknowledged
          deleted = acknowledged
        }
      }
      try journal.commit(transaction)
    }
    return each(anchor_written_bytes() - before, events)
  }

  /// NaN where nothing is a disk, as in memory.
  private static func each(_ bytes: Int64, _ events: Int) -> Double {
    bytes > 0 ? Double(bytes) / Double(events) : .nan
  }

  /// Bare SQLite with the same rows, committed and never deleted.
  private static func bareWritten(
    _ folder: String, _ event: (bytes: [UInt8], digest: [UInt8]), group: Int, events: Int
  ) throws -> Double {
    clean(folder)
    guard let bare = anchor_journal_open("\(folder)/bare.db") else { return .nan }
    var before: Int64 = 0
    for count in stride(from: 0, to: events + 1000, by: group) {
      if count >= 1000, before == 0 { before = anchor_written_bytes() }
      anchor_journal_commit(bare, Int32(group), event.bytes, event.bytes.count, 0)
    }
    let written = anchor_written_bytes() - before
    anchor_journal_close(bare)
    clean(folder)
    return each(written, events)
  }

  /// A journal with so many events that the uplink "mes" has not got.
  static func backlog(_ path: String, events: Int) throws {
    let event = try sample()
    var settings = JournalSettings(ballastBytes: 0)
    settings.quotaBytes = 8 << 30
    var generator = SeededGenerator(seed: 7)
    var journal = try SQLiteJournal(
      path: path, settings: settings, digest: SHA256.digest, using: &generator)
    var sequence: UInt64 = 0
    while sequence < UInt64(events) {
      var transaction = Transaction()
      if sequence == 0 {
        transaction.cursors = [UplinkCursor(name: "mes", bit: 0, acknowledged: 0)]
      }
      for _ in 0..<min(1000, events - Int(sequence)) {
        sequence += 1
        transaction.events.append(
          StoredEvent(sequence: sequence, bytes: event.bytes, digest: event.digest, due: 1))
      }
      try journal.commit(transaction)
    }
    // Opening moves the log into the file, so that the file alone is the journal.
    _ = try journal.reopen()
  }
}
