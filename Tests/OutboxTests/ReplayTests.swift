// What follows behind an outage: marked, paced, in order; or behind what is new.

import Events
import Primitives
import Testing

@testable import Outbox

/// A journal in memory with its outbox, on a clock that the test moves.
private final class Plant {
  var outbox: Outbox
  var events: [StoredEvent] = []
  var state = StoreState(epoch: "00c0ffee")
  var rules: LaneRules
  var now = Instant(nanoseconds: 1_000_000_000_000)
  /// What the receiver has, in the order in which it came.
  var got: [UInt64] = []

  init(_ rules: LaneRules) {
    self.rules = rules
    outbox = Outbox(uplinks: ["mes"], state: state, rules: ["mes": rules])
  }

  func commit(_ count: Int, due: (UInt64) -> Bool = { _ in true }) {
    var transaction = Transaction()
    for _ in 0..<count {
      let sequence = state.lastSequence + UInt64(transaction.events.count) + 1
      transaction.events.append(
        StoredEvent(sequence: sequence, bytes: [1], digest: [2], due: due(sequence) ? 1 : 0))
    }
    outbox.fill(&transaction)
    if let through = transaction.deleteThrough {
      let owed = events.filter { $0.due != 0 && $0.sequence <= through }.map(\.sequence)
      #expect(Set(owed).isSubset(of: got), "deleted and not delivered")
      events.removeAll { $0.sequence <= through }
    }
    for cursor in transaction.cursors { state.cursors = [cursor] }
    for (name, bytes) in transaction.snapshots { state.snapshots[name] = bytes }
    events += transaction.events
    state.lastSequence += UInt64(transaction.events.count)
    state.firstHeld = events.first?.sequence ?? state.lastSequence + 1
    outbox.settled(transaction)
  }

  /// The next parcel, as the recorder takes it.
  func parcel() -> Parcel? {
    while let order = outbox.order(for: 0, now: now) {
      let due = events.filter { $0.sequence > order.after && $0.due & 1 != 0 }
      let read = Array(due.prefix(order.countLimit))
      if let parcel = outbox.offer(read, for: order, now: now) { return parcel }
    }
    return nil
  }

  func deliver(_ parcel: Parcel) -> Bool {
    got += parcel.events.map(\.sequence)
    guard let last = parcel.events.last else { return false }
    return outbox.answered(
      .delivered(through: last.sequence), from: 0, at: WallTime(milliseconds: 1), now: now)
  }

  /// The program ends and begins again on the same journal.
  func restart() {
    outbox = Outbox(uplinks: ["mes"], state: state, rules: ["mes": rules])
  }
}

extension Parcel {
  fileprivate var places: [UInt64] { events.map(\.sequence) }
}

@Suite("After an outage") struct ReplayTests {
  @Test func `F43: history is marked, in order, and no faster than the rate`() throws {
    let plant = Plant(LaneRules(replayRate: 40))
    plant.commit(100)
    plant.restart()
    let first = try #require(plant.parcel())
    #expect(first.isReplay && first.places == Array(1...40) && first.previous == 0)
    #expect(plant.parcel() == nil, "the rate holds though nothing else is in the way")
    #expect(plant.outbox.replayDue(plant.now) == plant.now + .seconds(1))
    plant.commit(3)
    #expect(plant.parcel() == nil, "what is new waits behind it: strict order")
    var taken = plant.deliver(first)
    #expect(taken)
    plant.now = plant.now + .seconds(1)
    let second = try #require(plant.parcel())
    #expect(second.isReplay && second.places == Array(41...80) && second.previous == 40)
    taken = plant.deliver(second)
    plant.now = plant.now + .seconds(1)
    let third = try #require(plant.parcel())
    #expect(third.isReplay && third.places == Array(81...100), "nothing new is among it")
    taken = plant.deliver(third)
    plant.now = plant.now + .seconds(1)
    let current = try #require(plant.parcel())
    #expect(!current.isReplay && current.places == [101, 102, 103] && current.previous == 100)
    plant.commit(1)
    #expect(plant.parcel()?.places == [104], "current events keep to no rate")
  }

  @Test func `a backlog without an outage is sent as it always was`() throws {
    let plant = Plant(LaneRules(replayRate: 1, order: .lanes))
    plant.commit(250)
    for range in [1...100, 101...200, 201...250] {
      let parcel = try #require(plant.parcel())
      #expect(!parcel.isReplay && parcel.places == range.map(UInt64.init))
      plant.now = plant.now + .seconds(9)
      let isTaken = plant.deliver(parcel)
      #expect(isTaken)
    }
    #expect(plant.outbox.replayDue(plant.now) == nil)
  }

  /// Two parcels out as the line goes, 300 events when it comes back.
  private func outage(_ rules: LaneRules) throws -> Plant {
    let plant = Plant(rules)
    plant.commit(5)
    let first = try #require(plant.parcel())
    plant.commit(295)
    let second = try #require(plant.parcel())
    plant.now = plant.now + .seconds(60)
    var isTaken = plant.deliver(first)
    #expect(isTaken)
    isTaken = plant.deliver(second)
    #expect(isTaken && plant.got.last == 105)
    return plant
  }

  @Test func `F42: with two lanes what is new goes first, and history takes turns with it`() throws
  {
    let plant = try outage(LaneRules(order: .lanes))
    plant.commit(3)
    let new = try #require(plant.parcel())
    #expect(!new.isReplay && new.places == [301, 302, 303] && new.previous == 0)
    #expect(plant.parcel() == nil, "an answer is about one lane")
    var isTaken = plant.deliver(new)
    #expect(isTaken && plant.outbox.statistics[0].acknowledged == 105)
    let old = try #require(plant.parcel())
    #expect(old.isReplay && old.places == Array(106...205) && old.previous == 105)
    plant.commit(2)
    #expect(plant.parcel() == nil, "what is new waits for one parcel of history at most")
    isTaken = plant.deliver(old)
    let newer = try #require(plant.parcel())
    #expect(!newer.isReplay && newer.places == [304, 305] && newer.previous == 303)
    isTaken = plant.deliver(newer)
    let oldest = try #require(plant.parcel())
    #expect(oldest.isReplay && oldest.places == Array(206...300) && oldest.previous == 205)
    isTaken = plant.deliver(oldest)
    #expect(plant.parcel() == nil)
    let end = plant.outbox.statistics[0]
    #expect(end.acknowledged == 305 && end.depth == 0 && end.oldestUnacknowledged == nil)
    plant.commit(1)
    let after = try #require(plant.parcel())
    #expect(!after.isReplay && after.places == [306] && after.previous == 305)
  }

  @Test func `a restart does not send again what went ahead`() throws {
    let plant = try outage(LaneRules(order: .lanes))
    plant.commit(3)
    let new = try #require(plant.parcel())
    _ = plant.deliver(new)
    plant.commit(1)
    plant.restart()
    var isTaken = true
    while isTaken, let parcel = plant.parcel() { isTaken = plant.deliver(parcel) }
    #expect(plant.got.count == Set(plant.got).count, "nothing twice")
    #expect(plant.got.sorted() == Array(1...304))
    #expect(plant.outbox.statistics[0].acknowledged == 304)
  }

  @Test(arguments: 0..<60)
  func `whatever happens, all of it arrives, each lane in order, and nothing is deleted before`(
    seed: UInt64
  ) {
    var chance = SeededGenerator(seed: seed)
    let rate = [nil, 30, 500][Int.random(in: 0...2, using: &chance)]
    let plant = Plant(
      LaneRules(replayRate: rate, order: seed.isMultiple(of: 3) ? .strict : .lanes))
    var out: [Parcel] = []
    for _ in 0..<400 {
      switch Int.random(in: 0..<12, using: &chance) {
      case 0...2: plant.commit(Int.random(in: 1...90, using: &chance)) { $0 % 7 != 3 }
      case 3...5: if let parcel = plant.parcel() { out.append(parcel) }
      case 6...8:
        guard !out.isEmpty else { continue }
        let isTaken = plant.deliver(out.removeFirst())
        #expect(isTaken, "seed \(seed)")
      case 9: plant.now = plant.now + .seconds(Int64.random(in: 0...30, using: &chance))
      case 10 where Int.random(in: 0..<4, using: &chance) == 0:
        plant.outbox.rewind(0)
        out = []
      case 11 where Int.random(in: 0..<6, using: &chance) == 0:
        plant.restart()
        out = []
      default: plant.now = plant.now + .milliseconds(300)
      }
      let through = plant.outbox.statistics[0].acknowledged
      let owed = plant.events.filter { $0.due != 0 && $0.sequence <= through }.map(\.sequence)
      #expect(Set(owed).isSubset(of: plant.got), "seed \(seed): the cursor passed what is owed")
    }
    for parcel in out {
      let isTaken = plant.deliver(parcel)
      #expect(isTaken, "seed \(seed)")
    }
    for _ in 0..<20_000 {
      plant.now = plant.now + .seconds(1)
      guard let parcel = plant.parcel() else {
        if plant.outbox.statistics[0].depth == 0 { break }
        continue
      }
      let isTaken = plant.deliver(parcel)
      #expect(isTaken, "seed \(seed)")
    }
    let due = (1...max(1, plant.state.lastSequence)).filter { $0 % 7 != 3 }
    #expect(Set(plant.got).isSuperset(of: plant.state.lastSequence == 0 ? [] : due), "seed \(seed)")
    if plant.rules.order == .strict {
      var first: [UInt64] = []
      for sequence in plant.got where sequence > first.last ?? 0 { first.append(sequence) }
      #expect(Set(first) == Set(plant.got), "seed \(seed): out of order")
    }
    #expect(plant.outbox.statistics[0].depth == 0, "seed \(seed)")
  }
}
