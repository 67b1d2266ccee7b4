// The sums of one machine over a shift, a day or an order: milliseconds, stops and pieces.
//
// Invariants
// - Every millisecond is in exactly one activity, and either in `busy` (work was planned) or in
//   `free` (a break, maintenance, a holiday, no shift): the whole is their sum.
// - Sums are exact integers that stay at the end of their range rather than trap.
// - Reasons are bounded: what comes after `TotalsLimits.reasons` of them is summed as "other
//   reasons" of its category, so that the sum over all reasons stays whole.

/// What a machine does, as far as sums tell it apart.
public enum MachineActivity: String, Sendable, CaseIterable {
  case unknown, running, slow, shortStop, stopped, fault, blocked, starved, changeover
  case plannedStop, noContact

  /// What sums call a condition.
  public init(_ condition: MachineCondition) {
    self =
      switch condition {
      case .unknown: .unknown
      case .running: .running
      case .slow: .slow
      case .shortStop: .shortStop
      case .stopped: .stopped
      case .fault: .fault
      case .blocked: .blocked
      case .starved: .starved
      case .changeover: .changeover
      case .planned: .plannedStop
      case .noContact: .noContact
      }
  }

  /// It makes parts.
  public var isProducing: Bool { self == .running || self == .slow }

  /// It stands although it should not: what ISO 22400 calls a delay.
  public var isDelay: Bool {
    switch self {
    case .shortStop, .stopped, .fault, .blocked, .starved: true
    case .unknown, .running, .slow, .changeover, .plannedStop, .noContact: false
    }
  }

  /// Nobody saw what it did: neither a stop nor production.
  public var isUnseen: Bool { self == .unknown || self == .noContact }

  var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// Why a machine stood, as stops are summed.
public struct StopReason: Equatable, Hashable, Sendable {
  public var category: StopCategory
  public var code: Int64?
  public var text: String

  public init(_ category: StopCategory, code: Int64? = nil, text: String) {
    self.category = category
    self.code = code
    self.text = text
  }
}

/// The stops of one reason.
public struct StopSum: Equatable, Sendable {
  public var reason: StopReason
  /// Stops that began here; one that was carried over is counted where it began.
  public var count: Int64 = 0
  /// Time standing as a delay while work was planned.
  public var milliseconds: Int64 = 0
  /// Time standing otherwise: in breaks, outside shifts, as changeover or as a planned stop.
  public var otherMilliseconds: Int64 = 0
}

/// Limits of the sums of one machine.
public enum TotalsLimits {
  /// Reasons told apart in one sum: a shift of 480 minutes rarely sees more than a dozen.
  public static let reasons = 48
  /// Buckets of shifts that are kept: the running one, and those that late news may still change.
  public static let shifts = 4
  /// Days that are kept.
  public static let days = 2
  /// Orders that are kept: interrupted ones that may come back.
  public static let orders = 4
  /// Stretches of time that may still be booked otherwise: news is late by minutes. At 88 B
  /// each 3 kB a machine; a weekend of ten boundaries a day stays within it.
  public static let slices = 32
  /// Stops whose reason may still change; more than slices, so that none of theirs is forgotten.
  public static let stops = 64
  /// Inputs kept while the clock is unknown: an hour of a change of state every 4 s.
  public static let deferred = 1024
  /// Boundaries passed in one call: two years of ten a day.
  public static let boundaries = 8192
  /// A clock that goes back less than this does not open a closed shift again, in ms.
  public static let stepBack: Int64 = 60_000
}

/// What one machine did in one stretch of time.
public struct Sums: Equatable, Sendable {
  /// Milliseconds by the place of each activity in `MachineActivity.allCases`, work being planned.
  var busyTimes = [Int64](repeating: 0, count: MachineActivity.allCases.count)
  var freeTimes = [Int64](repeating: 0, count: MachineActivity.allCases.count)
  /// Stops by reason, in the order in which the reasons came first.
  public internal(set) var stops: [StopSum] = []
  public internal(set) var good: Int64 = 0
  public internal(set) var scrap: Int64 = 0
  public internal(set) var rework: Int64 = 0
  /// Planned run time of the pieces whose ideal cycle is known, in nanoseconds.
  public internal(set) var idealNanoseconds: Int64 = 0
  /// Pieces whose ideal cycle nobody declared.
  public internal(set) var piecesWithoutIdeal: Int64 = 0

  public init() {}

  /// Milliseconds in an activity while work was planned.
  public func busy(_ activity: MachineActivity) -> Int64 { busyTimes[activity.place] }
  /// Milliseconds in an activity while no work was planned.
  public func free(_ activity: MachineActivity) -> Int64 { freeTimes[activity.place] }
  /// All milliseconds.
  public var wholeMilliseconds: Int64 {
    (busyTimes + freeTimes).reduce(0) { saturating($0, plus: $1) }
  }
  /// All pieces: good, scrap and rework.
  public var produced: Int64 { saturating(saturating(good, plus: scrap), plus: rework) }

  mutating func add(_ milliseconds: Int64, _ activity: MachineActivity, planned: Bool) {
    if planned {
      freeTimes[activity.place] = saturating(freeTimes[activity.place], plus: milliseconds)
    } else {
      busyTimes[activity.place] = saturating(busyTimes[activity.place], plus: milliseconds)
    }
  }

  mutating func add(_ reason: StopReason, count: Int64, delay: Int64, other: Int64) {
    let index = place(of: reason)
    stops[index].count = saturating(stops[index].count, plus: count)
    stops[index].milliseconds = saturating(stops[index].milliseconds, plus: delay)
    stops[index].otherMilliseconds = saturating(stops[index].otherMilliseconds, plus: other)
  }

  mutating func add(_ pieces: Quantities, ideal: Int64?) {
    good = saturating(good, plus: pieces.good)
    scrap = saturating(scrap, plus: pieces.scrap)
    rework = saturating(rework, plus: pieces.rework)
    guard let ideal else {
      piecesWithoutIdeal = saturating(piecesWithoutIdeal, plus: pieces.all)
      return
    }
    let (product, overflow) = pieces.all.multipliedReportingOverflow(by: ideal)
    idealNanoseconds = saturating(idealNanoseconds, plus: overflow ? .max : product)
  }

  private mutating func place(of reason: StopReason) -> Int {
    if let index = stops.firstIndex(where: { $0.reason == reason }) { return index }
    var kept = reason
    // The last places belong to the categories, so that there is one for each.
    if stops.count >= TotalsLimits.reasons - StopCategory.allCases.count {
      kept = StopReason(reason.category, text: "other reasons")
      if let index = stops.firstIndex(where: { $0.reason == kept }) { return index }
    }
    stops.append(StopSum(reason: kept))
    return stops.count - 1
  }
}

extension Quantities {
  /// All pieces of every kind.
  var all: Int64 { saturating(saturating(good, plus: scrap), plus: rework) }

  /// The pieces up to `part` of `whole`, rounded towards zero: cumulative, so that parts add up.
  func share(_ part: Int64, of whole: Int64) -> Quantities {
    func cut(_ pieces: Int64) -> Int64 {
      guard part < whole, whole > 0, part >= 0 else { return pieces }
      let product = Int128(pieces) * Int128(part)
      return Int64(clamping: product / Int128(whole))
    }
    return Quantities(good: cut(good), scrap: cut(scrap), rework: cut(rework))
  }

  static func - (left: Quantities, right: Quantities) -> Quantities {
    func difference(_ left: Int64, _ right: Int64) -> Int64 {
      left.subtractingReportingOverflow(right).partialValue
    }
    return Quantities(
      good: difference(left.good, right.good), scrap: difference(left.scrap, right.scrap),
      rework: difference(left.rework, right.rework))
  }
}
