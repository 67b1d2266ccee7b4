// Ranges of places and of epochs as text: how the journal writes down what it is missing.

internal import Outbox

/// Ranges of places, in order.
struct Places {
  var ranges: [ClosedRange<UInt64>]

  init(ranges: [ClosedRange<UInt64>]) { self.ranges = ranges }

  /// Reads "4-9 12-12"; what is no range is passed over.
  init(text: String) {
    ranges = text.split(separator: " ").compactMap { part in
      let ends = part.split(separator: "-").compactMap { UInt64($0) }
      return ends.count == 2 && ends[0] <= ends[1] ? ends[0]...ends[1] : nil
    }
  }

  var text: String {
    ranges.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: " ")
  }

  /// The ranges less those of a list; both in order.
  static func without(
    _ gone: [ClosedRange<UInt64>], _ ranges: [ClosedRange<UInt64>]
  ) -> [ClosedRange<UInt64>] {
    var result: [ClosedRange<UInt64>] = []
    var gone = gone[...]
    for range in ranges {
      var start = range.lowerBound
      while let first = gone.first, first.upperBound < start { gone = gone.dropFirst() }
      for hole in gone {
        guard hole.lowerBound <= range.upperBound, start <= range.upperBound else { break }
        if hole.lowerBound > start { result.append(start...(hole.lowerBound - 1)) }
        start = max(start, hole.upperBound + 1)
      }
      if start <= range.upperBound { result.append(start...range.upperBound) }
    }
    return result
  }

  /// Missing places as sequences of their epochs.
  static func lost(_ ranges: [ClosedRange<UInt64>], _ epochs: [EpochBefore]) -> [LostEvents] {
    var result: [LostEvents] = []
    for range in ranges {
      for (index, epoch) in epochs.enumerated() {
        let end = index + 1 < epochs.count ? epochs[index + 1].base : .max
        let first = max(range.lowerBound, epoch.base + 1)
        let last = min(range.upperBound, end)
        guard first <= last else { continue }
        let count = last - first + 1
        if result.count < JournalLimits.lostRanges || result.last?.epoch != epoch.epoch {
          result.append(
            LostEvents(
              epoch: epoch.epoch, first: first - epoch.base, last: last - epoch.base,
              count: count))
        } else {
          result[result.count - 1].last = last - epoch.base
          result[result.count - 1].count += count
        }
      }
    }
    return result
  }

  /// "epoch:first-last-count …"; an epoch that nobody knows is "?".
  static func text(_ lost: [LostEvents]) -> String {
    lost.map { "\($0.epoch ?? "?"):\($0.first)-\($0.last)-\($0.count)" }.joined(separator: " ")
  }

  static func lost(_ text: String) -> [LostEvents] {
    text.split(separator: " ").compactMap { part in
      guard let colon = part.firstIndex(of: ":") else { return nil }
      let numbers = part[part.index(after: colon)...].split(separator: "-")
        .compactMap { UInt64($0) }
      guard numbers.count == 3 else { return nil }
      return LostEvents(
        epoch: part[..<colon] == "?" ? nil : String(part[..<colon]), first: numbers[0],
        last: numbers[1], count: numbers[2])
    }
  }

  /// "epoch:base …".
  static func text(_ epochs: [EpochBefore]) -> String {
    epochs.map { "\($0.epoch ?? "?"):\($0.base)" }.joined(separator: " ")
  }

  static func epochs(_ text: String) -> [EpochBefore] {
    text.split(separator: " ").compactMap { part in
      let pieces = part.split(separator: ":")
      guard pieces.count == 2, let base = UInt64(pieces[1]) else { return nil }
      return EpochBefore(epoch: pieces[0] == "?" ? nil : String(pieces[0]), base: base)
    }
  }
}

/// A number as eight bytes, the highest first.
enum StoredNumber {
  static func bytes(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
  }

  static func read(_ bytes: [UInt8]) -> UInt64? {
    bytes.count == 8 ? bytes.reduce(0) { $0 << 8 | UInt64($1) } : nil
  }
}
