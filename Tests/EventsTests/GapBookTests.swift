// Gaps, and the losses that explain them.

import Events
import Primitives
import Testing

@Suite("Gaps that a loss explains") struct GapBookTests {
  /// Events 1 to 9, of which the last tells of a loss; those of `missing` do not arrive.
  private func book(
    missing: Set<UInt64>, lost: ClosedRange<UInt64>, count: UInt64, place: String = "journal"
  ) throws -> (book: GapBook, told: [ExplainedGap]) {
    var chain = try testChain()
    var notary = TestNotary()
    var verifier = EventVerifier()
    var book = GapBook()
    var told: [ExplainedGap] = []
    for number in 1...9 {
      var draft = testDraft(number)
      if number == 9 {
        draft = .eventsDropped(
          try testSource(), at: testStamp,
          Loss(
            range: .sequences(lost.lowerBound, through: lost.upperBound), count: count,
            place: place, why: "the journal is full"))
      }
      let event = try chain.seal(draft, reading: testReading, notary: &notary)
      guard !missing.contains(event.sequence) else { continue }
      switch verifier.check(event.bytes, verifier: notary) {
      case .accepted(let event): told += book.hear(event)
      case .misplaced(let event, let finding):
        let isTaken = book.take(event, finding, tag: number)
        #expect(isTaken)
        told += book.hear(event)
      case .duplicate, .rejected: Issue.record("event \(number) was not taken")
      }
    }
    return (book, told)
  }

  @Test func `F31: a loss explains what is missing within it`() throws {
    let (book, told) = try book(missing: [3, 4, 6], lost: 3...6, count: 3)
    #expect(book.open.isEmpty && book.explainedGaps == 2 && book.explainedEvents == 3)
    #expect(
      told.map(\.text) == [
        "events 3 to 4 are told as lost by event 9: the journal is full",
        "event 6 is told as lost by event 9: the journal is full",
      ])
    #expect(told.map(\.tag) == [5, 7])
  }

  private struct Other {
    var missing: Set<UInt64>
    var lost: ClosedRange<UInt64>
    var count: UInt64
    var place = "journal"
  }

  @Test func `a loss of other events, of fewer, or of another journal explains nothing whole`()
    throws
  {
    for other in [
      Other(missing: [3, 4, 5], lost: 3...4, count: 2),
      Other(missing: [3, 4, 6], lost: 3...6, count: 2),
      Other(missing: [3], lost: 4...4, count: 1),
      Other(missing: [3], lost: 3...3, count: 1, place: "journal, epoch 5e6f7a8b"),
      Other(missing: [3], lost: 3...3, count: 1, place: "journal, epoch unknown"),
    ] {
      let (book, told) = try book(
        missing: other.missing, lost: other.lost, count: other.count, place: other.place)
      #expect(!book.open.isEmpty && told.isEmpty && book.explainedGaps == 0, "\(other)")
    }
  }

  @Test func `a gap of the named epoch is explained, and one that nobody tells stays`() throws {
    let (book, told) = try book(
      missing: [3, 7], lost: 3...3, count: 1, place: "journal, epoch 00c0ffee")
    #expect(told.count == 1 && book.open.map(\.tag) == [8])
    #expect(book.open.first?.text == "checking event 8: event 7 is missing")
  }

  /// Seals ten events, of which number 8 tells that signals within 3 to 6 went, and hears them in
  /// an order of its own; what is late is marked as replayed.
  private func lanes(
    _ order: [Int], lost: ClosedRange<UInt64> = 3...6, count: UInt64,
    _ completeness: StreamCompleteness = .complete, previous: [Int: UInt64] = [:]
  ) throws -> (book: GapBook, told: [String], misplaced: Int) {
    var chain = try testChain()
    var notary = TestNotary()
    var all: [SealedEvent] = []
    for number in 1...10 {
      var draft = testDraft(number)
      if number == 8 {
        draft = .eventsDropped(
          try testSource(), at: testStamp,
          Loss(
            range: .sequences(lost.lowerBound, through: lost.upperBound), count: count,
            place: "journal", why: "only signals of these went"))
      }
      all.append(try chain.seal(draft, reading: testReading, notary: &notary))
    }
    var verifier = EventVerifier(completeness)
    var (book, told, misplaced) = (GapBook(), [String](), 0)
    var highest = 0
    for number in order {
      let isLate = number < highest
      highest = max(highest, number)
      switch verifier.check(
        all[number - 1].bytes, previous: previous[number], isReplay: isLate, verifier: notary)
      {
      case .accepted(let event): told += book.hear(event).map(\.text)
      case .misplaced(let event, let finding):
        misplaced += 1
        let isTaken = book.take(event, finding, tag: number)
        #expect(isTaken)
        told += book.hear(event).map(\.text)
      case .duplicate, .rejected: Issue.record("event \(number) was not taken")
      }
    }
    return (book, told, misplaced)
  }

  @Test
  func `F43: with two lanes the loss goes ahead, and the history of before it explains itself`()
    throws
  {
    // 1 and 2, then what is new with the loss, then the history without what was thinned.
    let (book, told, misplaced) = try lanes([1, 2, 8, 9, 10, 3, 5, 7], count: 2)
    #expect(misplaced == 1 && book.open.isEmpty)
    #expect(book.explainedGaps + book.filledGaps == 1, "\(told)")
    #expect(
      told == [
        "events 3 to 7 are in part told as lost by event 8: only signals of these went; the rest "
          + "came late"
      ])
    let whole = try lanes([1, 2, 9, 10, 3, 4, 5, 6, 7, 8], count: 9)
    #expect(whole.book.open.isEmpty && whole.book.filledGaps + whole.book.explainedGaps == 1)
  }

  @Test func `F43: a gap that late events fill is none, and one that they do not fill stays`()
    throws
  {
    let (book, told, _) = try lanes([1, 2, 9, 10, 3, 4, 5, 6, 7], lost: 1...1, count: 1)
    #expect(book.open.map(\.tag) == [9], "event 8 has not come")
    #expect(told.isEmpty)
    let filled = try lanes([1, 2, 7, 3, 4, 5, 6, 8, 9, 10], lost: 1...1, count: 1)
    #expect(filled.book.open.isEmpty && filled.book.filledGaps == 1)
    #expect(filled.told == ["events 3 to 6 are here now: what was missing came late"])
  }

  @Test func `F31: of some events only, what was named as the one before is explained by its loss`()
    throws
  {
    // This destination is told of 6 as the one before 7; 6 was among those that went.
    let (book, told, misplaced) = try lanes(
      [1, 2, 7, 8], count: 4, .filtered, previous: [2: 1, 7: 6, 8: 7])
    #expect(misplaced == 1 && book.open.isEmpty)
    #expect(told == ["event 6 is told as lost by event 8: only signals of these went"])
    let other = try lanes(
      [1, 2, 7, 8], lost: 3...4, count: 2, .filtered, previous: [2: 1, 7: 6, 8: 7])
    #expect(other.book.open.map(\.tag) == [7], "6 is lost, and nobody tells it")
  }
}
