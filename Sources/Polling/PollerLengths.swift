// How a request that is too long is told from one that crosses a seam, and how long one may be.
//
// ```
//   refused ─▶ parts answered ─▶ a short request over the seam
//                                  │ refused: it is the seam
//                                  └ answered: it is the length ─▶ halving ─▶ learnt
// ```
//
// Invariants
// - A request no longer than one that was answered is not refused for its length.
// - Everything is read in parts meanwhile: what is measured is asked for beside them, once for each
//   halving, seven times at most for 125 registers.
// - Where the test says nothing, since two signals are too long already, several such pairs do.
// - Silence counts like a refusal here (exception 0), but is asked for at the regular time.

import Primitives
import Signals

/// The search for the longest request that a unit takes from a table.
struct LengthSearch: Sendable {
  /// What was refused as a whole and answered in parts.
  let split: Split
  /// Addresses that were answered for, and that were not.
  var taken: Int
  var refused: Int
  var exception: UInt8
}

extension Poller {
  /// Pairs that are refused together and answered one by one, until it is the length.
  private static let pairsUntilLength = 3

  /// Tests or measures when there is a refusal left that may be one of length.
  mutating func looksAtLength(_ unit: Int, _ now: Instant) -> Bool {
    guard units[unit].search == nil else { return false }
    let starts = bus.units[unit].quirks.requestStart
    var pairs: [ModbusTable: Int] = [:]
    // Of splits that are seams, or may be: they explain whatever was refused around them.
    var seams: [Split] = []
    for index in units[unit].splits.indices.reversed() {
      let split = units[unit].splits[index]
      let known = units[unit].lengths[split.table] ?? 0
      let isInside = seams.contains { split.table == $0.table && split.span.covers($0.seam) }
      guard !isInside, !isExplained(split, unit) else { continue }
      // Signals that overlap have no seam of two, and a gap in between explains itself.
      guard split.span.count > known, split.seam.count == 2 else {
        seams.append(split)
        continue
      }
      if split.isSeamTested {
        search(split, unit, taken: known)
        return measure(unit, now)
      }
      let pair = Self.pair(over: split.seam, in: split.whole, from: starts[split.table])
      guard let pair, pair != split.whole else {
        pairs[split.table, default: 0] += 1
        if pairs[split.table] == Self.pairsUntilLength {
          search(split, unit, taken: known)
          return measure(unit, now)
        }
        seams.append(split)
        continue
      }
      units[unit].splits[index].isSeamTested = true
      add(pair, .suspect, split.exception, now)
      return true
    }
    return false
  }

  /// The shortest request over a seam.
  private static func pair(
    over seam: ClosedRange<UInt16>, in whole: ReadBlock, from first: UInt16?
  ) -> ReadBlock? {
    let left = whole.places.filter {
      Int(whole.start) + Int($0.offset) + Int($0.count) == Int(seam.upperBound)
    }.min { $0.count < $1.count }
    let right = whole.places.filter {
      Int(whole.start) + Int($0.offset) == Int(seam.upperBound)
    }.min { $0.count < $1.count }
    guard let left, let right else { return nil }
    return whole.part([left, right], from: first)
  }

  private mutating func search(_ split: Split, _ unit: Int, taken: Int) {
    units[unit].search = LengthSearch(
      split: split, taken: taken, refused: split.span.count, exception: split.exception)
  }

  /// Asks for a length between the two; false when there is none.
  private mutating func measure(_ unit: Int, _ now: Instant) -> Bool {
    guard let search = units[unit].search else { return false }
    let whole = search.split.whole
    let start = bus.units[unit].quirks.requestStart[whole.table]
    let middle = (search.taken + search.refused) / 2
    var best: ReadBlock?
    for count in whole.places.indices.dropFirst() {
      let part = whole.part(whole.places[..<count], from: start)
      guard Int(part.count) > search.taken, Int(part.count) < search.refused else { continue }
      if abs(Int(part.count) - middle) < best.map({ abs(Int($0.count) - middle) }) ?? .max {
        best = part
      }
    }
    if let best {
      add(best, .measure, search.exception, now)
      return true
    }
    units[unit].search = nil
    let cap = LearntRefusal(
      unit: bus.units[unit].address, table: whole.table, addresses: whole.addresses,
      exception: search.exception, since: now, longest: max(1, search.taken))
    _ = keep(cap, unit, now)
    return false
  }

  /// What was asked for to measure was answered or not.
  mutating func measured(
    _ asked: Int, isTaken: Bool, _ exception: UInt8, _ now: Instant,
    _ outcome: inout PollOutcome
  ) {
    let block = blocks[asked].block
    let unit = block.unit
    blocks.remove(at: asked)
    if isTaken {
      units[unit].search?.taken = Int(block.count)
      units[unit].lengths[block.table] = max(
        units[unit].lengths[block.table] ?? 0, Int(block.count))
    } else {
      units[unit].search?.refused = Int(block.count)
    }
    if measure(unit, now) { return }
    settle(unit, now, &outcome)
  }

  private mutating func add(
    _ block: ReadBlock, _ role: ScheduledBlock.Role, _ exception: UInt8, _ now: Instant
  ) {
    var scheduled = ScheduledBlock(block, phase: phase(of: block), due: now, role: role)
    if exception == 0 || !units[block.unit].haste.allows(now) {
      scheduled.due = scheduled.grid(after: now)
    }
    blocks.append(scheduled)
  }

  // MARK: silence

  /// Whether a block that is never answered, while its unit answers others, is worth halving.
  func dropsRequests(_ index: Int) -> Bool {
    guard units[blocks[index].unit].health.failuresInARow <= 1 else { return false }
    let block = blocks[index].block
    return blocks[index].role == .suspect
      || block.split(from: bus.units[block.unit].quirks.requestStart[block.table]) != nil
  }

  /// Whether a part of a block that was met with silence can be halved again at once.
  func isNarrowing(_ index: Int) -> Bool {
    let block = blocks[index].block
    guard blocks[index].role == .suspect else { return false }
    guard block.split(from: bus.units[block.unit].quirks.requestStart[block.table]) != nil
    else { return false }
    return units[block.unit].splits.contains {
      $0.exception == 0 && $0.table == block.table && $0.span.overlaps(block.addresses)
    }
  }
}
