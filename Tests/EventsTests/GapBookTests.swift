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
}
