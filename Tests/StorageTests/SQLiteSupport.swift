// What the tests of the journal share: a directory of its own, and events whose digest is cheap.

import Foundation
import Outbox
import Primitives
import SQLiteEdge
import Testing

/// A directory that goes when the test ends.
final class Workspace {
  let path: String

  /// In memory where syncs are made to fail rather than waited for: a walk makes 10,000 of them.
  init(inMemory: Bool = false) {
    let memory = "/dev/shm/"
    let isThere = inMemory && FileManager.default.isWritableFile(atPath: memory)
    path =
      (isThere ? memory : NSTemporaryDirectory()) + "takt-journal-\(UUID().uuidString)"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var journal: String { path + "/journal.db" }

  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }
}

/// Thirty-two bytes that depend on every byte; which digest it is does not matter to the store.
@Sendable func testDigest(_ bytes: [UInt8]) -> [UInt8] {
  var generator = SeededGenerator(
    seed: bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
  return (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
}

func testEvent(_ sequence: UInt64, due: UInt64 = 1, size: Int = 400) -> StoredEvent {
  var bytes = Array("event \(sequence) ".utf8)
  bytes += Array(repeating: UInt8(ascii: "x"), count: max(0, size - bytes.count))
  return StoredEvent(sequence: sequence, bytes: bytes, digest: testDigest(bytes), due: due)
}

func testTransaction(_ sequences: ClosedRange<UInt64>, size: Int = 400) -> Transaction {
  var transaction = Transaction()
  transaction.events = sequences.map { testEvent($0, size: size) }
  return transaction
}

func openJournal(
  _ path: String, _ settings: JournalSettings = JournalSettings(ballastBytes: 0), seed: UInt64 = 1
) throws(StoreFault) -> SQLiteJournal {
  var generator = SeededGenerator(seed: seed)
  return try SQLiteJournal(
    path: path, settings: settings, digest: testDigest, using: &generator)
}

/// Every event the journal holds, in order.
func heldEvents(_ journal: inout SQLiteJournal) throws(StoreFault) -> [StoredEvent] {
  var events: [StoredEvent] = []
  while true {
    let part = try journal.held(
      after: events.last?.sequence ?? 0, countLimit: 1000, byteLimit: 1 << 24)
    if part.isEmpty { return events }
    events += part
  }
}

func readSequences(
  _ journal: inout SQLiteJournal, _ bit: Int, after: UInt64 = 0, count: Int = 100,
  bytes: Int = 1 << 20
) throws(StoreFault) -> [UInt64] {
  try journal.read(after: after, dueBit: bit, countLimit: count, byteLimit: bytes)
    .map(\.sequence)
}

/// What opening throws; nil when it opens.
func openingFault(
  _ path: String, _ settings: JournalSettings = JournalSettings(ballastBytes: 0)
) -> StoreFault? {
  do {
    _ = try openJournal(path, settings)
    return nil
  } catch {
    return error
  }
}

/// What committing throws; nil when it commits.
func commitFault(_ journal: inout SQLiteJournal, _ transaction: Transaction) -> StoreFault? {
  do {
    try journal.commit(transaction)
    return nil
  } catch {
    return error
  }
}
