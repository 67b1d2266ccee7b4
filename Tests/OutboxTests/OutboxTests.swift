// The outbox against a journal in memory: order, cursors, retention and quarantine.

import Events
import Outbox
import Primitives
import Testing

/// A journal in memory: what the outbox may assume of the disk.
private struct Shelf {
  var events: [StoredEvent] = []

  func read(_ order: ReadOrder) -> [StoredEvent] {
    let due = events.filter { $0.sequence > order.after && $0.due & (1 << UInt64(order.bit)) != 0 }
    return Array(due.prefix(order.countLimit))
  }

  mutating func commit(_ transaction: Transaction) {
    if let through = transaction.deleteThrough { events.removeAll { $0.sequence <= through } }
    events += transaction.events
  }
}

private func event(_ sequence: UInt64, _ due: UInt64) -> StoredEvent {
  StoredEvent(sequence: sequence, bytes: [1], digest: [2], due: due)
}

private func events(_ range: ClosedRange<UInt64>, _ due: UInt64) -> [StoredEvent] {
  range.map { event($0, due) }
}

private let time = WallTime(milliseconds: 1)

/// An outbox with its shelf, driven as the recorder drives it.
private final class Desk {
  var outbox: Outbox
  var shelf = Shelf()

  init(_ uplinks: [String], state: StoreState = StoreState(epoch: "00c0ffee")) {
    outbox = Outbox(uplinks: uplinks, state: state)
  }

  func commit(_ events: [StoredEvent] = []) -> Transaction {
    var transaction = Transaction()
    transaction.events = events
    outbox.fill(&transaction)
    shelf.commit(transaction)
    outbox.settled(transaction)
    return transaction
  }

  func parcel(_ bit: Int) -> Parcel? {
    guard let order = outbox.order(for: bit) else { return nil }
    return outbox.offer(shelf.read(order), for: order)
  }

  func delivered(_ bit: Int, _ sequence: UInt64) -> Bool {
    answered(.delivered(through: sequence), bit)
  }

  func answered(_ answer: Answer, _ bit: Int) -> Bool {
    outbox.answered(answer, from: bit, at: time)
  }

  func retire() -> Retirement? { outbox.retire() }
  func skip(_ sequence: UInt64, _ bit: Int) -> Loss? { outbox.skip(sequence, for: bit) }

  func reopened(_ state: StoreState, sameEpoch: Bool) -> Bool {
    outbox.reopened(state, sameEpoch: sameEpoch)
  }
}

@Suite("The outbox")
struct OutboxTests {
  @Test func `what is committed is offered, answered, and then done`() {
    let desk = Desk(["mes"])
    #expect(desk.outbox.bit(of: "mes") == 0)
    #expect(desk.outbox.order(for: 0) == nil)
    _ = desk.commit(events(1...3, 1))
    let parcel = desk.parcel(0)
    #expect(parcel?.events.map(\.sequence) == [1, 2, 3])
    #expect(parcel?.previous == 0)
    #expect(desk.outbox.statistics[0].depth == 3)
    #expect(desk.outbox.statistics[0].oldestUnacknowledged == 1)
    #expect(desk.delivered(0, 2))
    #expect(desk.outbox.statistics[0].depth == 1)
    #expect(desk.outbox.statistics[0].oldestUnacknowledged == 3)
    #expect(desk.delivered(0, 3))
    let done = desk.outbox.statistics[0]
    #expect((done.depth, done.delivered, done.acknowledged) == (0, 3, 3))
    #expect(done.oldestUnacknowledged == nil)
    #expect(desk.commit().cursors == [UplinkCursor(name: "mes", bit: 0, acknowledged: 3)])
    #expect(!desk.outbox.hasUnsettled)
    #expect(desk.commit().isEmpty)
  }

  @Test func `F38: at most two parcels are out, whatever the uplink does`() {
    let desk = Desk(["mes"])
    _ = desk.commit(events(1...1000, 1))
    #expect(desk.parcel(0)?.events.count == OutboxLimits.parcelEvents)
    #expect(desk.parcel(0)?.previous == 100)
    #expect(desk.parcel(0) == nil)
    #expect(desk.delivered(0, 100))
    #expect(desk.parcel(0)?.previous == 200)
    #expect(desk.outbox.statistics[0].parcelsInFlight == 2)
  }

  @Test func `an answer that is late or about nothing changes nothing`() {
    let desk = Desk(["mes"])
    _ = desk.commit(events(1...5, 1))
    #expect(!desk.delivered(0, 5))
    _ = desk.parcel(0)
    #expect(!desk.delivered(0, 6))
    #expect(!desk.delivered(7, 5))
    #expect(desk.delivered(0, 3))
    #expect(!desk.delivered(0, 3))
    #expect(!desk.delivered(0, 2))
    #expect(desk.outbox.statistics[0].acknowledged == 3)
  }

  @Test func `F32: after a restart it goes on behind the cursor, with what was due before`() {
    let desk = Desk(["mes", "erp"])
    let first = desk.commit(events(1...2, 0b01) + events(3...4, 0b10) + events(5...6, 0b01))
    _ = desk.parcel(0)
    #expect(desk.delivered(0, 5))
    var state = StoreState(epoch: "00c0ffee", lastSequence: 6)
    state.cursors = first.cursors.filter { $0.name == "erp" } + desk.commit().cursors
    #expect(state.cursors.map(\.acknowledged) == [0, 5])
    let again = Desk(["erp", "mes"], state: state)
    again.shelf = desk.shelf
    #expect(again.outbox.bit(of: "erp") == 1)
    let parcel = again.parcel(0)
    #expect(parcel?.events.map(\.sequence) == [6])
    #expect(parcel?.previous == 5)
    #expect(again.parcel(1)?.events.map(\.sequence) == [3, 4])
  }

  @Test func `a courier that lost its parcels gets them again`() {
    let desk = Desk(["mes"])
    _ = desk.commit(events(1...3, 1))
    let first = desk.parcel(0)
    desk.outbox.rewind(0)
    #expect(desk.parcel(0) == first)
  }

  @Test func `a refused event goes to quarantine in the next transaction and counts as done`() {
    let desk = Desk(["mes"])
    _ = desk.commit(events(1...3, 1))
    _ = desk.parcel(0)
    #expect(desk.delivered(0, 1))
    let long = String(repeating: "n", count: 5000)
    #expect(
      desk.answered(.refused(event(2, 1), status: 422, body: long), 0))
    #expect(desk.delivered(0, 3))
    let transaction = desk.commit()
    #expect(transaction.quarantined.map(\.sequence) == [2])
    #expect(transaction.quarantined.first?.answer.count == OutboxLimits.answerCharacters)
    #expect(transaction.cursors.first?.acknowledged == 3)
    #expect(desk.commit().isEmpty)
    #expect(desk.outbox.statistics[0].refused == 1)
    #expect(desk.outbox.statistics[0].delivered == 2)
  }

  @Test func `deletion waits for the slowest uplink that an event was due to`() {
    let desk = Desk(["mes", "erp"])
    _ = desk.commit(events(1...600, 0b11))
    func deliver(_ bit: Int, _ through: UInt64) {
      while desk.outbox.statistics[bit].acknowledged < through, let parcel = desk.parcel(bit) {
        _ = desk.delivered(bit, parcel.events.last?.sequence ?? 0)
      }
    }
    deliver(0, 600)
    #expect(desk.commit().deleteThrough == nil)
    deliver(1, 300)
    #expect(desk.commit().deleteThrough == 300)
    deliver(1, 600)
    #expect(desk.commit().deleteThrough == 600)
  }

  @Test func `what is due to nobody holds nothing up, without uplinks nothing is deleted`() {
    let desk = Desk(["mes"])
    _ = desk.commit(events(1...300, 0))
    #expect(desk.commit().deleteThrough == 300)
    let alone = Desk([])
    _ = alone.commit(events(1...300, 0))
    #expect(alone.commit().deleteThrough == nil)
  }

  @Test func `F28: a changed route leaves committed events alone, a removed uplink keeps its bit`()
  {
    let desk = Desk(["mes"])
    _ = desk.commit(events(1...2, 1))
    var state = StoreState(epoch: "00c0ffee", lastSequence: 2)
    state.cursors = desk.commit().cursors + [UplinkCursor(name: "mes", bit: 0, acknowledged: 0)]
    let other = Desk(["new"], state: state)
    other.shelf = desk.shelf
    #expect(other.outbox.bit(of: "new") == 1)
    #expect(other.parcel(1) == nil)
    let back = Desk(["new", "mes"], state: state)
    back.shelf = desk.shelf
    #expect(back.parcel(0)?.events.map(\.sequence) == [1, 2])
    #expect(back.parcel(1) == nil)
  }

  @Test func `F31: a full journal drops its oldest part and says what and for whom`() {
    let desk = Desk(["mes", "erp"])
    _ = desk.commit(events(1...3200, 0b11))
    _ = desk.parcel(0)
    _ = desk.delivered(0, 100)
    let retirement = desk.retire()
    #expect(
      retirement
        == Retirement(
          deleteThrough: 200,
          loss: Loss(
            range: .sequences(1, through: 200), count: 200, place: "journal",
            why: "the journal is full and mes, erp had not acknowledged them")))
    let next = desk.parcel(0)
    #expect(next?.previous == 200)
    #expect(next?.events.first?.sequence == 201)
    #expect(!desk.delivered(0, 150))
    #expect(desk.outbox.statistics[1].dropped == 200)
  }

  @Test func `F30: what everybody has goes first and is no loss`() {
    let desk = Desk(["mes"])
    _ = desk.commit(events(1...200, 1))
    _ = desk.parcel(0)
    _ = desk.delivered(0, 100)
    #expect(desk.retire() == Retirement(deleteThrough: 100, loss: nil))
  }

  @Test func `the last event is never dropped, an empty journal has nothing to give`() {
    let desk = Desk(["mes"])
    #expect(desk.retire() == nil)
    _ = desk.commit(events(1...1, 1))
    #expect(desk.retire() == nil)
    _ = desk.commit(events(2...10, 1))
    #expect(desk.retire()?.deleteThrough == 9)
  }

  @Test func `an unreadable event is passed over, told, and shows as a gap`() {
    let desk = Desk(["mes"])
    _ = desk.commit(events(1...3, 1))
    let loss = desk.skip(1, 0)
    #expect(loss?.range == .sequences(1, through: 1))
    #expect(desk.skip(1, 0) == nil)
    let parcel = desk.parcel(0)
    #expect(parcel?.previous == 1)
    #expect(parcel?.events.map(\.sequence) == [2, 3])
  }

  @Test func `after another journal took its place the lanes start afresh`() {
    let desk = Desk(["mes"])
    _ = desk.commit(events(1...3, 1))
    _ = desk.parcel(0)
    #expect(!desk.reopened(StoreState(epoch: "00c0ffee", lastSequence: 3), sameEpoch: true))
    #expect(desk.delivered(0, 3))
    #expect(desk.reopened(StoreState(epoch: "00000002"), sameEpoch: false))
    #expect(!desk.delivered(0, 3))
    #expect(desk.outbox.statistics[0].acknowledged == 0)
  }

  @Test func `the sixty-fourth uplink finds no bit and is left out`() {
    let outbox = Outbox(
      uplinks: (0..<70).map { "u\($0)" }, state: StoreState(epoch: "00c0ffee"))
    #expect(outbox.statistics.count == OutboxLimits.uplinks)
    #expect(outbox.bit(of: "u62") == 62)
    #expect(outbox.bit(of: "u63") == nil)
  }

  /// A storm of everything at once against the three promises: order, completeness, no invention.
  @Test(arguments: 0..<100)
  func `F41: whatever happens, each uplink gets what was due to it in order, but for told losses`(
    seed: Int
  ) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let desk = Desk(["a", "b"])
    var cursors: [UplinkCursor] = []
    var last: UInt64 = 0
    var got: [[UInt64]] = [[], []]
    var told: Set<UInt64> = []
    var due: [[UInt64]] = [[], []]
    var out: [[Parcel]] = [[], []]
    for _ in 0..<250 {
      let bit = Int.random(in: 0...1, using: &generator)
      switch Int.random(in: 0..<12, using: &generator) {
      case 0...3:
        let new = (1...UInt64.random(in: 1...40, using: &generator)).map {
          event(last + $0, UInt64.random(in: 0...3, using: &generator))
        }
        last += UInt64(new.count)
        for event in new {
          for bit in 0...1 where event.due & (1 << UInt64(bit)) != 0 {
            due[bit].append(event.sequence)
          }
        }
        let transaction = desk.commit(new)
        cursors = cursors.filter { old in !transaction.cursors.contains { $0.name == old.name } }
        cursors += transaction.cursors
      case 4...7:
        if let parcel = desk.parcel(bit) { out[bit].append(parcel) }
      case 8, 9:
        guard let parcel = out[bit].first else { continue }
        out[bit].removeFirst()
        got[bit] += parcel.events.map(\.sequence)
        _ = desk.delivered(bit, parcel.events.last?.sequence ?? 0)
      case 10:
        var state = StoreState(epoch: "00c0ffee", lastSequence: last)
        state.cursors = cursors
        state.firstHeld = desk.shelf.events.first?.sequence ?? last + 1
        desk.outbox = Outbox(uplinks: ["a", "b"], state: state)
        out = [[], []]
      default:
        guard Int.random(in: 0..<4, using: &generator) == 0, let gone = desk.retire() else {
          continue
        }
        if case .sequences(let first, let through) = gone.loss?.range {
          told.formUnion(first...through)
        }
        var transaction = Transaction()
        transaction.deleteThrough = gone.deleteThrough
        desk.outbox.fill(&transaction)
        desk.shelf.commit(transaction)
        desk.outbox.settled(transaction)
        cursors = cursors.filter { old in !transaction.cursors.contains { $0.name == old.name } }
        cursors += transaction.cursors
      }
    }
    for bit in 0...1 { drain(desk, bit, due: due[bit], got: got[bit], told: told, seed: seed) }
  }

  /// Heals everything, and demands that each due event has come, in order, or its loss was told.
  private func drain(
    _ desk: Desk, _ bit: Int, due: [UInt64], got: [UInt64], told: Set<UInt64>, seed: Int
  ) {
    var got = got
    desk.outbox.rewind(bit)
    while let parcel = desk.parcel(bit) {
      got += parcel.events.map(\.sequence)
      #expect(desk.delivered(bit, parcel.events.last?.sequence ?? 0))
    }
    var first: [UInt64] = []
    for sequence in got where sequence > first.last ?? 0 { first.append(sequence) }
    let missing = Set(due).subtracting(got).subtracting(told)
    #expect(missing.isEmpty, "seed \(seed), uplink \(bit)")
    #expect(Set(got).isSubset(of: due), "seed \(seed), uplink \(bit)")
    #expect(Set(first) == Set(got), "seed \(seed), uplink \(bit): out of order")
    #expect(desk.outbox.statistics[bit].depth == 0, "seed \(seed)")
  }
}
