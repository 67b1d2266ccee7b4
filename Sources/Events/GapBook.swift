// What is missing in a stream, and which of it the gateway itself has told as lost.
//
//   gap noticed ──▶ open ──takt.events.dropped covers it──▶ explained
//
// Invariants
// - Only a verified event explains anything, and only what is missing before it in its own journal.
// - A loss that tells of fewer events than are missing within its range explains none of them: then
//   more is gone than the gateway knows of.
// - Memory is bounded by `EventLimits.rememberedGaps`; a gap beyond that is not taken.

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
  }

  private var gaps: [Gap] = []
  /// How many gaps were explained, and of how many events.
  public private(set) var explainedGaps = 0
  public private(set) var explainedEvents: UInt64 = 0

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
    return true
  }

  /// Hears a verified event; returns the gaps that it explains at last.
  public mutating func hear(_ event: ReceivedEvent) -> [ExplainedGap] {
    guard event.type == EventType.eventsDropped.rawValue, !gaps.isEmpty,
      let data = event.members["data"],
      let first = data["fromSequence"]?.integer, let last = data["toSequence"]?.integer,
      let count = data["count"]?.integer, first > 0, first <= last, count > 0
    else { return [] }
    let range = UInt64(first)...UInt64(last)
    let epoch = Self.epoch(data["where"]?.string ?? "") ?? event.epoch
    let own = gaps.indices.filter {
      gaps[$0].gateway == event.gateway && gaps[$0].epoch == epoch
    }
    let missing = own.reduce(UInt64(0)) { sum, index in
      gaps[index].left.reduce(sum) { $0 + Self.overlap($1, range) }
    }
    guard missing > 0, missing <= UInt64(count) else { return [] }
    for index in own { gaps[index].left = gaps[index].left.flatMap { Self.without(range, $0) } }
    let why = data["why"]?.string ?? "no reason is told"
    var explained: [ExplainedGap] = []
    for gap in gaps where gap.left.isEmpty {
      let size = gap.all.upperBound - gap.all.lowerBound + 1
      explainedGaps += 1
      explainedEvents += size
      let what =
        size == 1
        ? "event \(gap.all.lowerBound) is"
        : "events \(gap.all.lowerBound) to \(gap.all.upperBound) are"
      explained.append(
        ExplainedGap(
          tag: gap.tag, text: "\(what) told as lost by event \(event.sequence): \(why)"))
    }
    gaps.removeAll { $0.left.isEmpty }
    return explained
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
