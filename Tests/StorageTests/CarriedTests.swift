// What a damaged journal hands on: the outbox that delivers it, and a power cut in the middle.

import Events
import Foundation
import Outbox
import Primitives
import SQLiteEdge
import Testing

@Suite("What is carried over from a damaged journal")
struct CarriedTests {
  let workspace = Workspace(inMemory: true)

  private func write(_ bytes: Data, _ suffix: String) throws {
    try bytes.write(to: URL(fileURLWithPath: workspace.journal + suffix))
  }

  private func read(_ suffix: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: workspace.journal + suffix))
  }

  /// Twelve events, four of them acknowledged, in a file whose header is gone.
  private func damaged() throws {
    var journal = try openJournal(workspace.journal)
    var transaction = testTransaction(1...12)
    transaction.cursors = [UplinkCursor(name: "mes", bit: 0, acknowledged: 4)]
    transaction.snapshots = [("press-1", [9])]
    try journal.commit(transaction)
    _ = try journal.reopen()
    var file = try read("")
    file.resetBytes(in: 0..<100)
    try write(file, "")
  }

  @Test func `F35: what was owed is delivered from the new epoch, then what comes after it`() throws
  {
    try damaged()
    var journal = try openJournal(workspace.journal, seed: 2)
    let state = journal.state
    #expect(state.base == 12)
    #expect(state.lost == [])
    #expect(state.lastDigest == testEvent(12).digest, "the chain goes on")
    #expect(state.snapshots == ["press-1": [9]])
    var outbox = Outbox(uplinks: ["mes"], state: state)
    var transaction = testTransaction(1...3)
    outbox.fill(&transaction)
    try journal.commit(transaction)
    outbox.settled(transaction)

    let first = try parcel(&journal, &outbox)
    #expect(first.events == (5...12).map { testEvent($0) })
    #expect(first.previous == 4)
    #expect(first.base == 0)
    let second = try parcel(&journal, &outbox)
    #expect(second.events.map(\.bytes) == (1...3).map { testEvent($0).bytes })
    #expect(second.previous == 0, "the first of its epoch follows none")
    #expect(second.base == 12)
    for place in [12, 15] as [UInt64] {
      let isTaken = outbox.answered(
        .delivered(through: place), from: 0, at: WallTime(milliseconds: 0))
      #expect(isTaken)
    }
    #expect(outbox.statistics[0].depth == 0)
    #expect(outbox.statistics[0].oldestUnacknowledged == nil)
    var cursors = Transaction()
    outbox.fill(&cursors)
    try journal.commit(cursors)
    let again = try journal.reopen()
    #expect(again.cursors == [UplinkCursor(name: "mes", bit: 0, acknowledged: 15)])
  }

  private func parcel(
    _ journal: inout SQLiteJournal, _ outbox: inout Outbox
  ) throws -> Parcel {
    let order = try #require(outbox.order(for: 0))
    let events = try journal.read(
      after: order.after, dueBit: order.bit, countLimit: order.countLimit,
      byteLimit: order.byteLimit)
    let parcel = outbox.offer(events, for: order)
    return try #require(parcel)
  }

  @Test func `F31: what cannot be read is told with its epoch and sequences until it is committed`()
    throws
  {
    try damaged()
    var file = try read("")
    // Also where the page held it before others moved in.
    var from = file.startIndex
    while let place = file.range(of: Data("event 7 ".utf8), in: from..<file.endIndex) {
      file[place.upperBound + 9] ^= 1
      from = place.upperBound
    }
    try write(file, "")
    let epoch: String?
    do {
      let journal = try openJournal(workspace.journal, seed: 2)
      guard case .replaced(let replacement) = journal.report.origin else {
        Issue.record("opened as if nothing were wrong")
        return
      }
      epoch = replacement.epochBefore
      #expect(replacement.lastSequenceBefore == 12)
      #expect(replacement.carried == 7)
      #expect(journal.state.lost == [LostEvents(epoch: epoch, first: 7, last: 7, count: 1)])
    }
    // The power goes before it is told: it is told by the next start.
    var journal = try openJournal(workspace.journal, seed: 3)
    #expect(journal.state.lost == [LostEvents(epoch: epoch, first: 7, last: 7, count: 1)])
    let loss = try #require(Outbox.losses(journal.state).first)
    #expect(loss.range == .sequences(7, through: 7))
    #expect(loss.place == "journal, epoch \(epoch ?? "unknown")")
    try journal.commit(testTransaction(1...1))
    let told = try journal.reopen()
    #expect(told.lost == [])
    let held = try heldEvents(&journal).map(\.sequence)
    #expect(held == [5, 6, 8, 9, 10, 11, 12, 13])
  }

  @Test func `F35: damaged twice, both epochs before are handed on`() throws {
    try damaged()
    do {
      var journal = try openJournal(workspace.journal, seed: 2)
      try journal.commit(testTransaction(1...3))
      _ = try journal.reopen()
    }
    var file = try read("")
    file.resetBytes(in: 0..<100)
    try write(file, "")
    var journal = try openJournal(workspace.journal, seed: 3)
    #expect(journal.state.before.map(\.base) == [0, 12])
    #expect(journal.state.base == 15)
    var outbox = Outbox(uplinks: ["mes"], state: journal.state)
    let bases = [try parcel(&journal, &outbox).base, try parcel(&journal, &outbox).base]
    #expect(bases == [0, 12])
  }

  /// How far the replacement of a damaged journal had come when the power went.
  enum Stage: CaseIterable { case fileAside, bothAside, halfMade, named, logNamed }

  @Test(arguments: Stage.allCases)
  func `F35: a power cut while a damaged journal is replaced loses nothing`(stage: Stage) throws {
    try damaged()
    let file = try read("")
    let log = try read("-wal")
    switch stage {
    case .fileAside, .bothAside, .halfMade:
      try FileManager.default.removeItem(atPath: workspace.journal)
      try write(file, ".salvage")
      if stage != .fileAside {
        try FileManager.default.removeItem(atPath: workspace.journal + "-wal")
        try write(log, ".salvage-wal")
      }
      if stage == .halfMade { try write(file.prefix(5000), ".new") }
    case .named, .logNamed:
      _ = try openJournal(workspace.journal, seed: 2)
      try write(file, ".salvage")
      try FileManager.default.removeItem(atPath: workspace.journal + ".damaged-1")
      if stage == .named {
        try FileManager.default.removeItem(atPath: workspace.journal + ".damaged-1-wal")
        try write(log, ".salvage-wal")
      }
    }
    var journal = try openJournal(workspace.journal, seed: 4)
    let held = try heldEvents(&journal)
    #expect(held == (5...12).map { testEvent($0) })
    #expect(journal.state.base == 12)
    #expect(try read(".damaged-1") == file)
    #expect(!workspace.names.contains { $0.contains("salvage") || $0.contains(".new") })
  }

  @Test func `F44: what was durable in this run and is gone from the file is told`() throws {
    var journal = try openJournal(workspace.journal)
    try journal.commit(testTransaction(1...5))
    _ = try journal.reopen()
    let file = try read("")
    try journal.commit(testTransaction(6...9))
    // The disk forgets what it had synced.
    let forgetful = workspace.journal
    _ = try journal.reopen()
    try file.write(to: URL(fileURLWithPath: forgetful))
    let state = try journal.reopen()
    #expect(state.base == 9)
    #expect(state.lost.map(\.first) == [6])
    #expect(state.lost.map(\.last) == [9])
    #expect(state.lastDigest == testEvent(9).digest, "the chain goes on from what was known")
  }
}
