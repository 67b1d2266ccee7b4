// Seven ways to damage a journal and its log, by seed, and single flipped bits.
//
//   TAKT_DAMAGE_SEEDS=100 TAKT_FLIPS=10000 swift test --filter DamageSeedTests     a long run
//
// The judge: it opens; no byte is delivered that was not committed under that sequence; what was
// owed and is not delivered is told, with exactly its sequences; it takes new events and opens
// again. Two things nobody can see from the file: the end of a log that was cut off, and the last
// transaction in a log when a bit of it flips, because both look like a power cut.

import Foundation
import Outbox
import Primitives
import SQLiteEdge
import Testing

/// A journal as a killed process leaves it: the file, the log, and what was committed.
struct DamageImage: Sendable {
  var file: Data
  var log: Data
  var events: [StoredEvent]
  var cursor: UInt64
  /// The last place that the file alone holds, and where the last transaction began.
  var inFile: UInt64
  var beforeLast: UInt64

  init(count: UInt64, seed: UInt64) throws {
    let workspace = Workspace(inMemory: true)
    var generator = SeededGenerator(seed: seed)
    var events: [StoredEvent] = []
    let settings = JournalSettings(ballastBytes: 0, checkpointPages: 1000)
    var journal = try openJournal(workspace.journal, settings)
    cursor = count / 4
    inFile = 0
    beforeLast = 0
    while UInt64(events.count) < count {
      beforeLast = UInt64(events.count)
      let size = Int.random(in: 0...9, using: &generator) == 0 ? 9000 : 500
      var transaction = Transaction()
      for _ in 0..<3 {
        let place = UInt64(events.count + 1)
        let event = testEvent(place, size: Int.random(in: 100...size, using: &generator))
        events.append(event)
        transaction.events.append(event)
      }
      transaction.snapshots = [("press-1", Array("after \(events.count)".utf8))]
      if beforeLast < cursor, cursor <= UInt64(events.count) {
        transaction.cursors = [UplinkCursor(name: "mes", bit: 0, acknowledged: cursor)]
      }
      try journal.commit(transaction)
      if inFile == 0, UInt64(events.count) > count * 3 / 4 {
        // Opening moves the log into the file; what comes behind stays in the log.
        _ = try journal.reopen()
        inFile = UInt64(events.count)
      }
    }
    self.events = events
    file = try Data(contentsOf: URL(fileURLWithPath: workspace.journal))
    log = try Data(contentsOf: URL(fileURLWithPath: workspace.journal + "-wal"))
  }

  var pages: Int { file.count / 4096 }
}

/// What a kind of damage leaves for the judge to forgive.
enum Forgiven { case nothing, endOfLog, lastTransaction }

@Suite("The journal after every kind of damage")
struct DamageSeedTests {
  struct Kind: Sendable, CustomStringConvertible {
    var description: String
    var forgiven = Forgiven.nothing
    /// No row is damaged, so none may be missing.
    var isLossless = false
    var change: @Sendable (inout Data, inout Data?, inout SeededGenerator) -> Void
  }

  static let kinds: [Kind] = [
    Kind(description: "pages zeroed") { file, _, chance in
      for _ in 0..<Int.random(in: 1...10, using: &chance) {
        let page = Int.random(in: 0..<file.count / 4096, using: &chance)
        file.resetBytes(in: page * 4096..<page * 4096 + 4096)
      }
    },
    Kind(description: "bits flipped in the file") { file, _, chance in
      for _ in 0..<Int.random(in: 1...100, using: &chance) {
        let place = Int.random(in: 0..<file.count, using: &chance)
        file[place] ^= 1 << UInt8.random(in: 0...7, using: &chance)
      }
    },
    Kind(description: "the file cut short") { file, _, chance in
      file = file.prefix(Int.random(in: 0..<file.count, using: &chance))
    },
    Kind(description: "the log torn", forgiven: .endOfLog) { _, log, chance in
      guard let whole = log else { return }
      let end = Int.random(in: 0..<whole.count, using: &chance)
      log = whole.prefix(end)
      for _ in 0..<min(end, 200) {
        log?.append(UInt8.random(in: 0...255, using: &chance))
      }
    },
    Kind(description: "pages swapped") { file, _, chance in
      for _ in 0..<Int.random(in: 1...4, using: &chance) {
        let first = Int.random(in: 1..<file.count / 4096, using: &chance) * 4096
        let second = Int.random(in: 1..<file.count / 4096, using: &chance) * 4096
        let kept = file.subdata(in: first..<first + 4096)
        file.replaceSubrange(first..<first + 4096, with: file.subdata(in: second..<second + 4096))
        file.replaceSubrange(second..<second + 4096, with: kept)
      }
    },
    Kind(description: "the header destroyed", isLossless: true) { file, _, chance in
      for place in 0..<Int.random(in: 1...4096, using: &chance) {
        file[place] = UInt8.random(in: 0...255, using: &chance)
      }
    },
    Kind(description: "the log deleted", forgiven: .endOfLog) { _, log, _ in log = nil },
    Kind(description: "the log's header destroyed", isLossless: true) { _, log, _ in
      log?.resetBytes(in: 0..<32)
    },
    Kind(description: "bits flipped in the log", forgiven: .lastTransaction) { _, log, chance in
      guard let count = log?.count else { return }
      let place = Int.random(in: 32..<count, using: &chance)
      log?[place] ^= 1 << UInt8.random(in: 0...7, using: &chance)
    },
    Kind(description: "the file deleted") { file, _, _ in file = Data() },
  ]

  static let image = Result { try DamageImage(count: 300, seed: 1) }
  static let small = Result { try DamageImage(count: 60, seed: 2) }

  /// Writes a damaged journal, opens it and judges.
  private func judge(
    _ image: DamageImage, _ file: Data, _ log: Data?, _ forgiven: Forgiven, _ name: String,
    isLossless: Bool = false
  ) throws -> Bool {
    let workspace = Workspace(inMemory: true)
    try file.write(to: URL(fileURLWithPath: workspace.journal))
    try log?.write(to: URL(fileURLWithPath: workspace.journal + "-wal"))
    var journal = try openJournal(
      workspace.journal, JournalSettings(ballastBytes: 0), seed: 99)
    let state = journal.state
    let isReplaced = state.base > 0 || state.epoch != Self.epoch(image)
    // Delivery as the outbox does it: after the cursor, passing over what is told unreadable.
    let cursor = state.cursors.first?.acknowledged ?? 0
    #expect(cursor <= image.cursor, "\(name)")
    let (delivered, told) = try deliver(&journal, after: cursor)
    for event in delivered {
      let committed = image.events[Int(event.sequence - 1)]
      #expect(event.bytes == committed.bytes, "\(name): other bytes at \(event.sequence)")
    }
    var missing = Set(told)
    for lost in state.lost {
      #expect(lost.count == lost.last - lost.first + 1, "\(name)")
      missing.formUnion(lost.first...lost.last)
    }
    #expect(!isLossless || missing.isEmpty, "\(name): \(missing.sorted()) on whole pages")
    let got = Set(delivered.map(\.sequence))
    #expect(got.isDisjoint(with: missing), "\(name): told as lost, and there")
    let silent = image.events.map(\.sequence).filter {
      $0 > image.cursor && !got.contains($0) && !missing.contains($0)
    }
    switch forgiven {
    case .nothing: #expect(silent == [], "\(name): missing and not told")
    case .endOfLog:
      #expect(silent.allSatisfy { $0 > image.inFile }, "\(name): missing and not told \(silent)")
    case .lastTransaction:
      #expect(
        silent.allSatisfy { $0 > image.beforeLast }, "\(name): missing and not told \(silent)")
    }
    let next = journal.state.lastSequence + 1
    try journal.commit(testTransaction(next...(next + 4)))
    let again = try journal.reopen()
    #expect(again.lastSequence == next + 4, "\(name)")
    #expect(again.lost == [], "\(name)")
    #expect(journal.report.origin == .continued, "\(name)")
    return isReplaced
  }

  private func deliver(
    _ journal: inout SQLiteJournal, after cursor: UInt64
  ) throws -> ([StoredEvent], [UInt64]) {
    var events: [StoredEvent] = []
    var told: [UInt64] = []
    var next = cursor
    while true {
      switch readPart(&journal, next) {
      case .success(let part):
        guard let last = part.last?.sequence else { return (events, told) }
        events += part
        next = last
      case .failure(.damagedEvent(let place)):
        told.append(place)
        next = place
      case .failure(.damaged), .failure(.inputOutput):
        // Damage that only reading finds: the recorder opens the journal again.
        _ = try journal.reopen()
      case .failure(let fault): throw fault
      }
    }
  }

  private func readPart(
    _ journal: inout SQLiteJournal, _ after: UInt64
  ) -> Result<[StoredEvent], StoreFault> {
    do {
      return .success(
        try journal.read(after: after, dueBit: 0, countLimit: 100, byteLimit: 1 << 18))
    } catch {
      return .failure(error)
    }
  }

  /// The epoch that a whole image opens with.
  private static func epoch(_ image: DamageImage) -> String {
    let workspace = Workspace(inMemory: true)
    try? image.file.write(to: URL(fileURLWithPath: workspace.journal))
    try? image.log.write(to: URL(fileURLWithPath: workspace.journal + "-wal"))
    guard let journal = try? openJournal(workspace.journal) else { return "" }
    return journal.state.epoch
  }

  @Test(arguments: kinds.indices)
  func `F35: damaged, the journal opens, delivers what is whole and tells what is not`(
    kind: Int
  ) throws {
    let image = try Self.image.get()
    let kind = Self.kinds[kind]
    let last = firstSeed + UInt64(count("TAKT_DAMAGE_SEEDS", usually: 8))
    for seed in firstSeed..<last {
      var chance = SeededGenerator(seed: seed)
      var file = image.file
      var log: Data? = image.log
      kind.change(&file, &log, &chance)
      _ = try judge(
        image, file, log, kind.forgiven, "\(kind), seed \(seed)", isLossless: kind.isLossless)
    }
  }

  @Test func `F35: one flipped bit anywhere alters no event and hides none`() throws {
    let image = try Self.small.get()
    var replaced = 0
    let last = firstSeed + UInt64(count("TAKT_FLIPS", usually: 300))
    for seed in firstSeed..<last {
      var chance = SeededGenerator(seed: seed)
      var file = image.file
      var log = image.log
      let bit: UInt8 = 1 << UInt8.random(in: 0...7, using: &chance)
      let place = Int.random(in: 0..<file.count + log.count, using: &chance)
      if place < file.count { file[place] ^= bit } else { log[place - file.count] ^= bit }
      let forgiven = place < file.count ? Forgiven.nothing : .lastTransaction
      let name = "flip of seed \(seed) at \(place)"
      if try judge(image, file, log, forgiven, name) { replaced += 1 }
    }
    #expect(replaced > 0)
  }

  @Test func `F35: a frame of the log that says commit, or no longer does, hides nothing`() throws {
    let image = try Self.small.get()
    // Seed 7372 of the flips: the first frame alone seemed to be a transaction, a damaged one.
    for frame in stride(from: 32, to: image.log.count, by: 24 + 4096) {
      for (offset, bit) in [(7, 0), (4, 6)] {
        var log = image.log
        log[frame + offset] ^= 1 << UInt8(bit)
        _ = try judge(
          image, image.file, log, .lastTransaction, "frame at \(frame), byte \(offset)")
      }
    }
  }

  @Test func `a whole journal with a log is opened as it is`() throws {
    let image = try Self.image.get()
    #expect(image.inFile < image.beforeLast)
    #expect(image.log.count > 10 * 4096)
    let isReplaced = try judge(
      image, image.file, image.log, .nothing, "whole", isLossless: true)
    #expect(!isReplaced)
  }
}
