// A time zone: what a wall clock there shows at a moment, and when it shows a given time.
//
// Invariants
// - The rules come from bytes of TZif version 2 or later (RFC 8536) that an edge has read, and from
//   the POSIX string at their end for everything after the last transition: no year is the last.
// - Any bytes give rules or a fault, never a trap; memory is bounded by `TimeZoneLimits`.
// - `moment(of:)` is the first moment at which the clock shows that time *or later*. So a time that
//   the clock skips in spring is the moment of the change, a time that it shows twice in autumn is
//   the first of the two, and an earlier civil time never becomes a later moment: boundaries of
//   shifts keep their order through every change of the clock, even one of a whole day (Apia 2011).
// - `lastMoment(of:)` is the second of two; where there is only one, or none, it is that of the
//   rule above.
//
// Why not the C library: pure rooms know none, its zone is a global of the process, and a test can
// hand in any rules.

/// The rules of one time zone.
public struct TimeZoneRules: Equatable, Sendable {
  /// The IANA name, `Europe/Berlin`.
  public let name: String
  /// Moments from which the offset of the same index holds, in seconds since 1970, ascending.
  let transitions: [Int64]
  let offsets: [Int64]
  /// What holds before the first transition.
  let first: Int64
  let footer: TimeZonePosix?

  /// Universal time, which needs no file.
  public static let utc = TimeZoneRules(
    name: "UTC", transitions: [], offsets: [], first: 0, footer: nil)

  init(
    name: String, transitions: [Int64], offsets: [Int64], first: Int64, footer: TimeZonePosix?
  ) {
    self.name = name
    self.transitions = transitions
    self.offsets = offsets
    self.first = first
    self.footer = footer
  }

  /// Seconds that the clock is ahead of UTC at a moment; moments beyond four-digit years clamp.
  public func offset(at moment: WallTime) -> Int64 {
    let clamped = min(max(moment, .earliest), .latest)
    return offset(atSecond: clamped.milliseconds.flooredQuotientAndRemainder(by: 1000).0)
  }

  /// What calendar and clock show at a moment.
  public func civil(_ moment: WallTime) -> CivilTime {
    let clamped = min(max(moment, .earliest), .latest)
    return CivilTime(face: clamped.milliseconds + offset(at: clamped) * 1000)
  }

  /// The first moment at which the clock shows this time or a later one.
  public func moment(of civil: CivilTime) -> WallTime {
    search(civil).first
  }

  /// The last moment at which the clock shows this time; of a skipped one, the change.
  public func lastMoment(of civil: CivilTime) -> WallTime {
    let found = search(civil)
    return found.last ?? found.first
  }

  /// The first moment after another at which the clock is changed; nil when it never is again.
  public func change(after moment: WallTime) -> WallTime? {
    let clamped = min(max(moment, .earliest), .latest)
    let (second, _) = clamped.milliseconds.flooredQuotientAndRemainder(by: 1000)
    var from = second
    let before = offset(atSecond: second)
    while let next = step(after: from) {
      guard next < WallTime.latest.milliseconds / 1000 else { return nil }
      if offset(atSecond: next) != before { return WallTime(milliseconds: next * 1000) }
      from = next
    }
    return nil
  }

  /// Walks the stretches of one offset that can show this time: two days or so around it.
  private func search(_ civil: CivilTime) -> (first: WallTime, last: WallTime?) {
    let reach = TimeZoneLimits.offsetSeconds
    let (faceSecond, fraction) = civil.face.flooredQuotientAndRemainder(by: 1000)
    var from = faceSecond - reach
    var first: Int64?
    var last: Int64?
    while from <= faceSecond + reach {
      let wanted = faceSecond - offset(atSecond: from)
      let until = step(after: from) ?? .max
      if wanted < until {
        first = first ?? max(wanted, from)
        if wanted >= from { last = wanted }
      }
      guard until != .max else { break }
      from = until
    }
    func wall(_ second: Int64, _ rest: Int64) -> WallTime {
      WallTime(milliseconds: second * 1000 + rest)
    }
    let start = first ?? faceSecond
    // At a change that skips the time, the moment is the change itself, without the fraction.
    let isShown = start + offset(atSecond: start) == faceSecond
    return (wall(start, isShown ? fraction : 0), last.map { wall($0, fraction) })
  }

  /// The next entry of the rules after a second, whether or not it changes the offset.
  private func step(after second: Int64) -> Int64? {
    let index = count(upTo: second)
    if index < transitions.count { return transitions[index] }
    return footer?.change(after: second)
  }

  private func offset(atSecond second: Int64) -> Int64 {
    let index = count(upTo: second)
    if index == transitions.count, let footer { return footer.offset(at: second).offset }
    return index == 0 ? first : offsets[index - 1]
  }

  /// How many transitions lie at or before a second.
  private func count(upTo second: Int64) -> Int {
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle] <= second { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
