// What is missing in a stream, and which of it the gateway itself has told as lost.
//
//   gap noticed ──▶ open ──takt.events.dropped covers it──▶ explained
//                     └────all of it comes late──────────▶ filled
//
// Either may come first: with two lanes the loss goes ahead of the history that it speaks of.
//
// Invariants
// - Only a verified event explains anything, and only what is missing before it in its own journal.
// - A loss that tells of fewer events than are missing within its range explains none of them: then
//   more is gone than the gateway knows of.
// - Memory is bounded by `EventLimits.rememberedGaps`; a gap beyond that is not taken, and of more
//   losses the oldest is forgotten.

import Primitives

/// A gap that was told as a loss.
public struct ExplainedGap: Equatable, Sendable {
  /// What the caller gave it: a line, say.
  public var tag: Int
  /// One sentence: what was missing, and why.
  public var text: String
}

/// The gaps of a stream that nobody has explained yet.
public struct GapBook: Sendable {
  private struct Gap {
    var tag: Int
    var gateway: String
    var epoch: String
    var all: ClosedRange<UInt64>
    /// What no loss covers so far.
    var left: [ClosedRange<UInt64>]
    var text: String
    /// What a loss has told of it, and of how many.
    var told: String?
    var lost: UInt64 = 0
  }

  /// A loss that the gateway has told.
  private struct Loss {
    var gateway: String
    var epoch: String
    var range: ClosedRange<UInt64>
    var count: UInt64
    /// What it says, and which event says so.
    var why: String
    var toldBy: UInt64
  }

  private var gaps: [Gap] = []
  private var losses: [Loss] = []
  /// A gap or a loss has come, or a gap is smaller: what explained nothing may do so now.
  private var hasChanged = false
  /// How many gaps were explained, and of how many events.
  public private(set) var explainedGaps = 0
  public private(set) var explainedEvents: UInt64 = 0
  /// How many gaps were filled by what came late.
  public private(set) var filledGaps = 0

  public init() {}

  /// Gaps that nothing explains, as they were found.
  public var open: [ExplainedGap] { gaps.map { ExplainedGap(tag: $0.tag, text: $0.text) } }

  /// Takes a finding about an event's place; false when it is no gap or there are too many.
  public mutating func take(_ event: ReceivedEvent, _ finding: EventFinding, tag: Int) -> Bool {
    guard let range = finding.gap, gaps.count < EventLimits.rememberedGaps else { return false }
    gaps.append(
      Gap(
        tag: tag, gateway: event.gateway, epoch: event.epoch, all: range, left: [range],
        text: finding.description))
    hasChanged = true
    return true
  }

  /// Hears a verified event in its place, or a late one; returns the gaps that it closes at last.
  public mutating func hear(_ event: ReceivedEvent) -> [ExplainedGap] {
    var closed = arrived(event)
    if let loss = Self.loss(event) {
      if losses.count >= EventLimits.rememberedGaps { losses.removeFirst() }
      losses.append(loss)
      hasChanged = true
    }
    guard hasChanged else { return [] }
    hasChanged = false
    if !gaps.isEmpty { for loss in losses { closed += explain(loss) } }
    return closed
  }

  private static func loss(_ event: ReceivedEvent) -> Loss? {
    guard event.type == EventType.eventsDropped.rawValue, let data = event.members["data"],
      let first = data["fromSequence"]?.integer, let last = data["toSequence"]?.integer,
      let count = data["count"]?.integer, first > 0, first <= last, count > 0
    else { return nil }
    return Loss(
      gateway: event.gateway, epoch: epoch(data["where"]?.string ?? "") ?? event.epoch,
      range: UInt64(first)...UInt64(last), count: UInt64(count),
      why: data["why"]?.string ?? "no reason is told", toldBy: event.sequence)
  }

  /// A late event fills its place; a gap without any place left is none.
  private mutating func arrived(_ event: ReceivedEvent) -> [ExplainedGap] {
    let own = gaps.firstIndex { gap in
      gap.gateway == event.gateway && gap.epoch == event.epoch
        && gap.left.contains { $0.contains(event.sequence) }
    }
    guard let own else { return [] }
    let place = event.sequence...event.sequence
    gaps[own].left = gaps[own].left.flatMap { Self.without(place, $0) }
    hasChanged = true
    guard gaps[own].left.isEmpty else { return [] }
    let gap = gaps.remove(at: own)
    guard let told = gap.told else {
      filledGaps += 1
      return [
        ExplainedGap(tag: gap.tag, text: "\(Self.words(gap)) here now: what was missing came late")
      ]
    }
    explainedGaps += 1
    explainedEvents += gap.lost
    return [
      ExplainedGap(tag: gap.tag, text: "\(Self.words(gap)) in part \(told); the rest came late")
    ]
  }

  /// The gaps that a loss explains as things stand now.
  private mutating func explain(_ loss: Loss) -> [ExplainedGap] {
    let own = gaps.indices.filter {
      gaps[$0].gateway == loss.gateway && gaps[$0].epoch == loss.epoch
    }
    let missing = own.reduce(UInt64(0)) { sum, index in
      gaps[index].left.reduce(sum) { $0 + Self.overlap($1, loss.range) }
    }
    guard missing > 0, missing <= loss.count else { return [] }
    let told = "told as lost by event \(loss.toldBy): \(loss.why)"
    for index in own {
      let lost = gaps[index].left.reduce(UInt64(0)) { $0 + Self.overlap($1, loss.range) }
      guard lost > 0 else { continue }
      gaps[index].left = gaps[index].left.flatMap { Self.without(loss.range, $0) }
      (gaps[index].told, gaps[index].lost) = (told, gaps[index].lost + lost)
    }
    var explained: [ExplainedGap] = []
    for gap in gaps where gap.left.isEmpty {
      explainedGaps += 1
      explainedEvents += gap.lost
      explained.append(ExplainedGap(tag: gap.tag, text: "\(Self.words(gap)) \(told)"))
    }
    gaps.removeAll { $0.left.isEmpty }
    return explained
  }

  private static func words(_ gap: Gap) -> String {
    gap.all.lowerBound == gap.all.upperBound
      ? "event \(gap.all.lowerBound) is"
      : "events \(gap.all.lowerBound) to \(gap.all.upperBound) are"
  }

  /// The epoch that a loss names beside the journal; nil for the event's own.
  private static func epoch(_ place: String) -> String? {
    let mark = "journal, epoch "
    return place.hasPrefix(mark) ? String(place.dropFirst(mark.count)) : nil
  }

  private static func overlap(
    _ left: ClosedRange<UInt64>, _ right: ClosedRange<UInt64>
  ) -> UInt64 {
    let both = left.clamped(to: right)
    return left.overlaps(right) ? both.upperBound - both.lowerBound + 1 : 0
  }

  private static func without(
    _ taken: ClosedRange<UInt64>, _ range: ClosedRange<UInt64>
  ) -> [ClosedRange<UInt64>] {
    guard range.overlaps(taken) else { return [range] }
    var rest: [ClosedRange<UInt64>] = []
    if range.lowerBound < taken.lowerBound { rest.append(range.lowerBound...taken.lowerBound - 1) }
    if range.upperBound > taken.upperBound { rest.append(taken.upperBound + 1...range.upperBound) }
    return rest
  }
}
