// What a unit has been found to refuse, as a value that outlives the poller.
//
// Invariants
// - One form says it all: "a request that covers these addresses is refused". A guilty register is
//   a run of one; an unmapped gap runs from the last signal before it to the first behind it; where
//   a device takes both sides of a seam, but not in one request, the run is the two addresses at
//   the seam. Exception 1 concerns the function, so there a request that touches the run is enough.
// - Where it is the length that is refused, `longest` says so: then the run is an example of what
//   was too long, and every longer request in the table counts as refused.
// - Some devices drop what they do not like instead of refusing it: exception 0 stands for silence
//   that was narrowed down like a refusal.
// - A request that was answered although it should have been refused proves the refusal obsolete.

public import Primitives
import Signals

/// Addresses that a unit refuses to answer in one request.
public struct LearntRefusal: Hashable, Sendable {
  /// The unit identifier on the wire.
  public var unit: UInt8
  public var table: ModbusTable
  public var addresses: ClosedRange<UInt16>
  /// The exception code of the refusal, 1, 2 or 3; 0 where there was no answer at all.
  public var exception: UInt8
  /// The most addresses taken in one request, where that is what was refused; nil elsewhere.
  public var longest: Int?
  /// When it was refused first; negative when learnt before this boot.
  public var since: Instant
  /// Times it was looked at again and refused again.
  public var tries: Int

  public init(
    unit: UInt8, table: ModbusTable, addresses: ClosedRange<UInt16>, exception: UInt8,
    since: Instant, tries: Int = 0, longest: Int? = nil
  ) {
    self.unit = unit
    self.table = table
    self.addresses = addresses
    self.exception = exception
    self.since = since
    self.tries = tries
    self.longest = longest
  }

  /// Whether a request for these addresses would be refused for this reason.
  public func forbids(_ range: ClosedRange<UInt16>) -> Bool {
    if let longest { return range.count > longest }
    if exception == 1 { return range.overlaps(addresses) }
    return range.lowerBound <= addresses.lowerBound && range.upperBound >= addresses.upperBound
  }

  /// Whether a request for a part of a block could be refused for it: else none need be built.
  func mayForbid(partOf block: ReadBlock, from start: UInt16?) -> Bool {
    let first = min(block.addresses.lowerBound, start ?? .max)
    return forbids(first...block.addresses.upperBound)
  }

  /// The same refusal, whenever it was learnt.
  func isSame(as other: LearntRefusal) -> Bool {
    unit == other.unit && table == other.table && addresses == other.addresses
      && longest == other.longest
  }
}

/// A refusal with the moment of the next look at it.
struct KeptRefusal: Sendable {
  var learnt: LearntRefusal
  var retestAt: Instant

  init(
    _ learnt: LearntRefusal, now: Instant, using generator: inout some RandomNumberGenerator
  ) {
    self.learnt = learnt
    retestAt = now
    postpone(now, using: &generator)
  }

  mutating func refusedAgain(_ now: Instant, using generator: inout some RandomNumberGenerator) {
    learnt.tries = min(learnt.tries + 1, PollingLimits.triesCounted)
    postpone(now, using: &generator)
  }

  /// From a PLC that was being programmed (seconds) to an address that never existed.
  mutating func postpone(_ now: Instant, using generator: inout some RandomNumberGenerator) {
    let floor = PollingLimits.retestFloor.nanoseconds
    let ceiling = PollingLimits.retestCeiling.nanoseconds
    let doublings = Int64(min(max(learnt.tries, 0), PollingLimits.triesCounted))
    let step = min(floor << doublings, ceiling)
    retestAt = now.advanced(nanoseconds: Int64.random(in: (step / 2)...step, using: &generator))
  }
}

/// The two parts of a refused request, until it is known what was wrong with the whole.
struct Split: Sendable {
  let whole: ReadBlock
  let exception: UInt8
  /// What only the whole covered; the whole itself where the parts overlap.
  let seam: ClosedRange<UInt16>
  /// A short request over the seam was asked for: refused, it is the seam; answered, the length.
  var isSeamTested = false

  var table: ModbusTable { whole.table }
  /// What the whole asked for.
  var span: ClosedRange<UInt16> { whole.addresses }
}

/// The requests for one unit that keep clear of what it refuses.
struct LearntPlan {
  private(set) var blocks: [ReadBlock] = []
  /// Positions of signals that no request can read now.
  private(set) var refused: [Int] = []

  init(
    _ unit: UnitDefinition, _ base: [ReadBlock], avoiding refusals: [LearntRefusal]
  ) {
    for block in base {
      let concerned = refusals.filter { $0.table == block.table }
      if concerned.isEmpty { blocks.append(block) } else { add(block, unit, concerned) }
    }
  }

  private mutating func add(
    _ block: ReadBlock, _ unit: UnitDefinition, _ refusals: [LearntRefusal]
  ) {
    let start = unit.quirks.requestStart[block.table]
    func isForbidden(_ part: ReadBlock) -> Bool {
      refusals.contains { $0.forbids(part.addresses) }
    }
    var open: [SignalPlace] = []
    for place in block.places {
      guard !isForbidden(block.part([place], from: start)) else {
        refused.append(Int(place.slot))
        continue
      }
      if isForbidden(block.part(open + [place], from: start)) {
        blocks.append(block.part(open, from: start))
        open = []
      }
      open.append(place)
    }
    if !open.isEmpty { blocks.append(block.part(open, from: start)) }
  }

  /// The smallest request that shows whether a refusal still holds; nil when none would meet it.
  static func retest(
    of refusal: LearntRefusal, _ unit: UnitDefinition, _ base: [ReadBlock],
    among refusals: [LearntRefusal]
  ) -> ReadBlock? {
    let start = unit.quirks.requestStart[refusal.table]
    var smallest: ReadBlock?
    for block in base
    where block.table == refusal.table && refusal.mayForbid(partOf: block, from: start) {
      for place in block.places {
        let alone = block.part([place], from: start)
        guard refusal.forbids(alone.addresses) else { continue }
        if alone.count < smallest?.count ?? .max { smallest = alone }
      }
    }
    if let smallest { return smallest }
    let others = refusals.filter { !$0.isSame(as: refusal) }
    return LearntPlan(unit, base, avoiding: others).blocks.first {
      $0.table == refusal.table && refusal.forbids($0.addresses)
    }
  }
}

extension ReadBlock {
  /// The addresses asked for.
  var addresses: ClosedRange<UInt16> { start...(start + (max(count, 1) - 1)) }

  /// A request for some of the places only, which are sorted; from `first` where it must be.
  func part(_ some: some Sequence<SignalPlace>, from first: UInt16? = nil) -> ReadBlock {
    let some = Array(some)
    let base = Int(start)
    let lowest = base + (some.map { Int($0.offset) }.min() ?? 0)
    let begin = min(lowest, first.map(Int.init) ?? lowest)
    let end = base + (some.map { Int($0.offset) + Int($0.count) }.max() ?? 0)
    return ReadBlock(
      unit: unit, table: table, start: UInt16(clamping: begin),
      count: UInt16(clamping: end - begin), period: period,
      places: some.map { place in
        SignalPlace(
          slot: Int(place.slot), offset: base + Int(place.offset) - begin, count: Int(place.count))
      })
  }

  /// Two parts, apart at the widest gap nearest to the middle; nil when there is one address only.
  func split(from first: UInt16?) -> (parts: [ReadBlock], seam: ClosedRange<UInt16>)? {
    guard let head = places.first else { return nil }
    let middle = places.count / 2
    var cut: Int?
    var widest = -1
    var end = Int(head.offset) + Int(head.count)
    for index in places.indices.dropFirst() {
      let gap = max(0, Int(places[index].offset) - end)
      if places[index].offset > places[index - 1].offset {
        let isNearer = cut.map { abs(index - middle) < abs($0 - middle) } ?? true
        if gap > widest || (gap == widest && isNearer) { (widest, cut) = (gap, index) }
      }
      end = max(end, Int(places[index].offset) + Int(places[index].count))
    }
    guard let cut else { return nil }
    let left = part(places[..<cut], from: first)
    let right = part(places[cut...], from: first)
    let begin = start + places[cut].offset
    let isApart = left.addresses.upperBound < begin
    return ([left, right], isApart ? left.addresses.upperBound...begin : addresses)
  }
}
