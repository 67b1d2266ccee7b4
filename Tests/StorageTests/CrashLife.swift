// The life of a journal on the crash disk, and the judge of what is in it afterwards.
//
// The ledger knows every event that was told durable, and the one transaction whose answer was a
// fault: that one may be there, whole, or not at all. Nothing else may be.

import CSQLite
import CrashDisk
import Foundation
import Outbox
import Primitives
import SQLiteEdge
import Testing

/// What was told durable, by place.
struct CrashLedger {
  var events: [StoredEvent] = []
  var deleted: UInt64 = 0
  var cursor: UInt64 = 0
  var hasCursor = false
  var refused = 0
  var snapshot: [UInt8]?
  /// Handed to the store and answered by a fault.
  var pending: Transaction?

  var last: UInt64 { UInt64(events.count) }

  mutating func accept(_ transaction: Transaction) {
    let before = last
    events += transaction.events
    if let through = transaction.deleteThrough {
      let end = transaction.events.isEmpty ? before - min(before, 1) : before
      deleted = max(deleted, min(through, end))
    }
    if let cursor = transaction.cursors.last {
      self.cursor = cursor.acknowledged
      hasCursor = true
    }
    refused += transaction.quarantined.count
    if let snapshot = transaction.snapshots.last { self.snapshot = snapshot.bytes }
  }
}

/// One journal and what happens to it.
final class CrashLife {
  let workspace = Workspace(inMemory: true)
  var ledger = CrashLedger()
  var generator: SeededGenerator
  var nonce = 0
  /// Places before the present epoch, as the last opening told.
  var base: UInt64 = 0
  /// Set by a test: opened again, it must be the same journal.
  var mayBeReplaced = false
  let name: String

  init(_ name: String, seed: UInt64) {
    self.name = name
    generator = SeededGenerator(seed: seed)
  }

  var settings: JournalSettings {
    JournalSettings(
      quotaBytes: 8 << 20, ballastBytes: 0, checkpointPages: 12,
      fileLayer: String(cString: crash_disk_name()))
  }

  func open() throws(StoreFault) -> SQLiteJournal {
    try openJournal(workspace.journal, settings, seed: generator.next())
  }

  /// The next transaction: events of any size, what belongs to them, and now and then a deletion.
  func transaction() -> Transaction {
    nonce += 1
    var transaction = Transaction()
    let count = UInt64.random(in: 0...3, using: &generator)
    for index in 0..<count {
      let place = ledger.last + 1 + index
      var bytes = Array("event \(place) try \(nonce) ".utf8)
      let size = Int.random(in: 0...7, using: &generator) == 0 ? 9000 : 600
      let filler = UInt8.random(in: 0...255, using: &generator)
      bytes += Array(
        repeating: filler, count: Int.random(in: 0...size, using: &generator))
      transaction.events.append(
        StoredEvent(
          sequence: place, bytes: bytes, digest: testDigest(bytes),
          due: UInt64.random(in: 1...3, using: &generator)))
    }
    transaction.snapshots = [("press-1", Array("\(ledger.last + count) try \(nonce)".utf8))]
    if Int.random(in: 0...3, using: &generator) == 0, ledger.last > 0 {
      let cursor = UInt64.random(in: ledger.cursor...ledger.last, using: &generator)
      transaction.cursors = [UplinkCursor(name: "mes", bit: 0, acknowledged: cursor)]
      if Bool.random(using: &generator) { transaction.deleteThrough = max(cursor, ledger.deleted) }
    }
    if Int.random(in: 0...9, using: &generator) == 0 {
      transaction.quarantined = [
        QuarantinedEvent(
          uplink: "mes", sequence: 1, bytes: [1, 2, 3], status: 400, answer: "no",
          at: WallTime(milliseconds: 5))
      ]
    }
    return transaction
  }

  /// The same with the sequences of the present epoch instead of places.
  func inSequences(_ transaction: Transaction) -> Transaction {
    var result = transaction
    for index in result.events.indices { result.events[index].sequence -= base }
    return result
  }

  /// What the store holds now must be what the ledger says, with the pending transaction or not.
  func judge(_ journal: inout SQLiteJournal) throws(StoreFault) {
    let state = journal.state
    base = state.base
    if let pending = ledger.pending {
      if state.snapshots["press-1"] == pending.snapshots.first?.bytes { ledger.accept(pending) }
      ledger.pending = nil
    }
    if !mayBeReplaced, case .replaced(let replacement) = journal.report.origin {
      Issue.record("\(name): replaced without damage (\(replacement.reason))")
    }
    #expect(state.lost == [], "\(name)")
    #expect(state.lastPlace == ledger.last, "\(name)")
    #expect(state.snapshots["press-1"] == ledger.snapshot, "\(name)")
    #expect(
      state.cursors
        == (ledger.hasCursor
          ? [UplinkCursor(name: "mes", bit: 0, acknowledged: ledger.cursor)] : []),
      "\(name)")
    #expect(state.quarantinedCount == ledger.refused, "\(name)")
    // A salvage passes over what nobody is owed any more.
    let floor = max(ledger.deleted, state.base > 0 ? ledger.cursor : 0)
    var held: [StoredEvent] = []
    while true {
      let part = try journal.held(
        after: held.last?.sequence ?? floor, countLimit: 1000, byteLimit: 1 << 24)
      if part.isEmpty { break }
      held += part
    }
    #expect(held == Array(ledger.events.dropFirst(Int(floor))), "\(name)")
  }

  /// Works until a fault; true when all went well.
  func work(_ journal: inout SQLiteJournal, steps: Int) -> StoreFault? {
    for _ in 0..<steps {
      let transaction = transaction()
      if let fault = commitFault(&journal, inSequences(transaction)) {
        ledger.pending = transaction
        return fault
      }
      ledger.accept(transaction)
      if Int.random(in: 0...3, using: &generator) == 0, let fault = read(&journal) { return fault }
      if Int.random(in: 0...11, using: &generator) == 0 {
        do {
          _ = try journal.reopen()
          try judge(&journal)
        } catch {
          return error
        }
      }
    }
    return nil
  }

  /// Opens, judges, and goes on as if nothing had been.
  func checkHealed() throws(StoreFault) {
    var journal = try open()
    try judge(&journal)
    let fault = work(&journal, steps: 5)
    #expect(fault == nil, "\(name): healed, and yet \(String(describing: fault))")
    _ = try journal.reopen()
    try judge(&journal)
  }

  /// Works until the power goes.
  func liveUntilCut(at change: Int64) throws(StoreFault) {
    var journal = try open()
    let seed: UInt64 = generator.next()
    crash_disk_cut_at(change, seed)
    _ = work(&journal, steps: 40)
    crash_disk_cut(seed)
  }

  /// All that can be read, and the places that were told to be unreadable while reading.
  func everything(
    _ journal: inout SQLiteJournal
  ) throws(StoreFault) -> (events: [StoredEvent], unreadable: [UInt64]) {
    var events: [StoredEvent] = []
    var unreadable: [UInt64] = []
    var next: UInt64 = 0
    while true {
      switch readPart(&journal, next) {
      case .success(let part):
        guard let last = part.last?.sequence else { return (events, unreadable) }
        events += part
        next = last
      case .failure(.damagedEvent(let place)):
        unreadable.append(place)
        next = place
      case .failure(let fault): throw fault
      }
    }
  }

  private func readPart(
    _ journal: inout SQLiteJournal, _ after: UInt64
  ) -> Result<[StoredEvent], StoreFault> {
    do {
      return .success(try journal.held(after: after, countLimit: 100, byteLimit: 1 << 20))
    } catch {
      return .failure(error)
    }
  }

  /// Reads what is due to the first uplink and compares it with what was committed.
  private func read(_ journal: inout SQLiteJournal) -> StoreFault? {
    do {
      let from = max(ledger.cursor, ledger.deleted)
      let events = try journal.read(after: from, dueBit: 0, countLimit: 5, byteLimit: 1 << 20)
      let due = ledger.events.dropFirst(Int(from)).filter { $0.due & 1 != 0 }.prefix(5)
      // One read ends with an epoch, so it may be less than all.
      #expect(due.starts(with: events) && events.isEmpty == due.isEmpty, "\(name)")
      return nil
    } catch {
      return error
    }
  }
}

/// A number from the environment, for long runs; the usual one otherwise.
func count(_ variable: String, usually: Int) -> Int {
  ProcessInfo.processInfo.environment[variable].flatMap { Int($0) } ?? usually
}

/// Where the seeds of a run begin: a long run is done in slices that share none.
var firstSeed: UInt64 { UInt64(count("TAKT_FIRST_SEED", usually: 0)) + 1 }
