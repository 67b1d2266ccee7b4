// The head of every snapshot: when it was taken, by which clocks; and how its instants become
// instants of this boot.
//
// Invariants
// - One writer and one reader: what `head` writes, `init` reads.
// - The new boot began after the snapshot, whatever the wall clocks say. When a wall clock cannot
//   be trusted, how long ago the snapshot was is unknown, and `vague` says so.

import Primitives

extension ClockQuality {
  /// The time between two boots can be taken from it: it was not unset, and has not jumped.
  fileprivate var measures: Bool {
    switch self {
    case .synchronised, .held: true
    case .stepped, .neverset: false
    }
  }
}

/// How the instants of a snapshot become instants of this boot.
struct Carry {
  private let step: Int64
  /// How long ago the snapshot was is unknown.
  let vague: Bool
  /// The machine of the gateway has started anew since, and the device perhaps with it.
  let isOtherBoot: Bool

  /// The members that every snapshot begins with.
  static func head(version: Int64, _ reading: ClockReading) -> [String: JSONValue] {
    [
      "version": .integer(version), "boot": .string(reading.bootID),
      "monotonic": reading.monotonic.json, "wall": .integer(reading.wall.milliseconds),
      "clock": .string(reading.quality.rawValue),
    ]
  }

  init(_ tree: JSONValue, to reading: ClockReading) {
    guard let boot = tree["boot"]?.string, boot != reading.bootID,
      let monotonic = tree["monotonic"]?.integer
    else {
      (step, vague, isOtherBoot) = (0, false, false)
      return
    }
    let wall = tree["wall"]?.integer ?? .max
    let clock = tree["clock"]?.string.flatMap(ClockQuality.init) ?? .neverset
    let (passed, overflow) = reading.wall.milliseconds.subtractingReportingOverflow(wall)
    let known = !overflow && passed >= 0 && clock.measures && reading.quality.measures
    let (gap, tooLong) = passed.multipliedReportingOverflow(by: 1_000_000)
    // The boot lies between the snapshot and now, so at least the time since boot has passed.
    let atLeast = max(0, reading.monotonic.nanoseconds)
    let ago = known && !tooLong ? max(gap, atLeast) : atLeast
    let then = reading.monotonic.advanced(nanoseconds: 0 - max(0, ago))
    step = then.nanoseconds(since: Instant(nanoseconds: monotonic))
    vague = !known
    isOtherBoot = true
  }

  func instant(_ value: JSONValue?) -> Instant? {
    guard let nanoseconds = value?.integer else { return nil }
    let instant = Instant(nanoseconds: nanoseconds)
    return instant == .distantPast ? instant : instant.advanced(nanoseconds: step)
  }

  func stamp(_ value: JSONValue?) -> Stamp? {
    guard let pair = value?.array, pair.count == 2, let instant = instant(pair[0]),
      let wall = pair[1].integer
    else { return nil }
    return Stamp(instant: instant, wall: WallTime(milliseconds: wall))
  }
}
