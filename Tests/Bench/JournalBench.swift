// Events committed a second, against bare SQLite with the same table, pragmas and bytes; and with
// sealing and signing, against bare SQLite with one SHA-256 and one ES256 for each event.

import CAnchors
import Events
import Glibc
import Machines
import OpenSSLEdge
import Outbox
import Primitives
import SQLiteEdge
import Signals

enum JournalBench {
  private static let seconds = 0.5

  static func run(_ table: inout Table, _ folder: String) {
    do {
      for group in [1, 10, 100] { try commits(&table, folder, group) }
      for group in [1, 10, 100] { try sealed(&table, folder, group) }
    } catch {
      print("the journal: \(error)")
    }
  }

  private static func commits(_ table: inout Table, _ folder: String, _ group: Int) throws {
    let body = try sample()
    var journal = try open(folder)
    guard let bare = anchor_journal_open("\(folder)/bare.db") else { return }
    var sequence: UInt64 = 0
    var (written, bareWritten): ([Double], [Double]) = ([], [])
    var fault: StoreFault?
    let rates = inTurns(
      {
        let before = anchor_written_bytes()
        let start = sequence
        let rate = perSecond(group) {
          var transaction = Transaction()
          for _ in 0..<group {
            sequence += 1
            transaction.events.append(
              StoredEvent(sequence: sequence, bytes: body.bytes, digest: body.digest, due: 1))
          }
          do throws(StoreFault) { try journal.commit(transaction) } catch { fault = error }
        }
        written.append(Double(anchor_written_bytes() - before) / Double(sequence - start))
        return rate
      },
      {
        let before = anchor_written_bytes()
        var count = 0
        let rate = perSecond(group) {
          anchor_journal_commit(bare, Int32(group), body.bytes, body.bytes.count, 0)
          count += group
        }
        bareWritten.append(Double(anchor_written_bytes() - before) / Double(count))
        return rate
      })
    anchor_journal_close(bare)
    clean(folder)
    if let fault { throw fault }
    table.row(
      "commits, groups of \(group), \(body.bytes.count) bytes each", rates.ours, "events/s",
      anchor: rates.anchor, goal: .ratioAtLeast(0.8))
    table.row(
      "commits, groups of \(group), written", median(written), "bytes/event",
      anchor: median(bareWritten), goal: .ratioAtMost(1.15))
  }

  static func sealed(_ table: inout Table, _ folder: String, _ group: Int) throws {
    let body = try sample()
    var journal = try open(folder)
    guard let bare = anchor_journal_open("\(folder)/bare.db") else { return }
    var chain = try chain(journal.state)
    var notary = try ES256Notary.ephemeral()
    var fault: (any Error)?
    var used: (ours: [Double], anchor: [Double]) = ([], [])
    let rates = inTurns(
      {
        perSecond(group, &used.ours) {
          var transaction = Transaction()
          do {
            for _ in 0..<group {
              let event = try chain.seal(draft, reading: reading, notary: &notary)
              transaction.events.append(
                StoredEvent(
                  sequence: event.sequence, bytes: event.bytes, digest: event.digest, due: 1))
            }
            try journal.commit(transaction)
          } catch { fault = error }
        }
      },
      {
        perSecond(group, &used.anchor) {
          anchor_journal_commit(bare, Int32(group), body.bytes, body.bytes.count, 1)
        }
      })
    anchor_journal_close(bare)
    clean(folder)
    if let fault { throw fault }
    table.row(
      "sealed, signed, committed, groups of \(group)", rates.ours, "events/s",
      anchor: rates.anchor, goal: .ratioAtLeast(0.8))
    table.row(
      "the same in time of a processor", median(used.ours), "µs/event",
      anchor: median(used.anchor))
  }

  /// Events a second; adds microseconds of this thread's processor for each to a list.
  private static func perSecond(
    _ group: Int, _ used: inout [Double], _ commit: () -> Void
  ) -> Double {
    let before = anchor_thread_time()
    var count = 0
    let rate = perSecond(group) {
      commit()
      count += group
    }
    used.append(Double(anchor_thread_time() - before) / 1e3 / Double(count))
    return rate
  }

  private static func perSecond(_ group: Int, _ commit: () -> Void) -> Double {
    let began = anchor_now()
    let end = began + Int64(seconds * 1e9)
    var count = 0
    while anchor_now() < end {
      commit()
      count += group
    }
    return Double(count) / (Double(anchor_now() - began) / 1e9)
  }

  static func open(_ folder: String) throws(StoreFault) -> SQLiteJournal {
    clean(folder)
    var generator = SeededGenerator(seed: UInt64(truncatingIfNeeded: anchor_now()))
    return try SQLiteJournal(
      path: "\(folder)/ours.db", digest: SHA256.digest, using: &generator)
  }

  static func clean(_ folder: String) {
    for name in ["ours.db", "bare.db"] {
      for suffix in ["", "-wal", "-shm", ".ballast"] { unlink("\(folder)/\(name)\(suffix)") }
    }
  }

  private static let reading = ClockReading(
    monotonic: Instant(nanoseconds: 5_000_000_000),
    wall: WallTime(milliseconds: 1_800_000_000_000), quality: .synchronised,
    bootID: "7d1b5c9e-0f0a-4c3e-9a51-0d8c2f6b1a77")

  private static let draft: EventDraft = {
    let now = Stamp(reading.monotonic, reading)
    let count = CountRecord(
      from: Stamp(reading.monotonic - .seconds(10), reading), to: now, good: 12, scrap: 1,
      goodTotal: 4711, scrapTotal: 42)
    let draft = EventDraft(
      Fact(at: now, kind: .counted(count)), EventContext(machine: "press-1", uom: "PCE"),
      names: EventNames(signals: [], units: []))
    guard let draft else { preconditionFailure("a count has an event") }
    return draft
  }()

  private static func chain(_ state: StoreState) throws -> EventChain {
    EventChain(
      source: try EventSource(
        enterprise: "acme", site: "vienna", area: "stamping", line: "line1", gateway: "gw-01"),
      epoch: state.epoch, lastSequence: state.lastSequence, lastDigest: state.lastDigest)
  }

  /// One count as it is stored, and its digest.
  static func sample() throws -> (bytes: [UInt8], digest: [UInt8]) {
    var chain = try chain(StoreState(epoch: "0a0b0c0d"))
    var notary = try ES256Notary.ephemeral()
    let event = try chain.seal(draft, reading: reading, notary: &notary)
    return (event.bytes, event.digest)
  }
}
