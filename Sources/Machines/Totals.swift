// The sums of one machine for the running shift, day and order, cut exactly at their boundaries.
//
//   unknown clock ──set: everything since is booked anew──▶ known ──boundary──▶ known (next span)
//                                                            ▲ └──clock steps──┘
//
// Invariants
// - Time is measured on the monotonic clock, in whole milliseconds of it: every millisecond since
//   the start is in one shift bucket (a shift, "outside", "unknown") and in one day bucket. So the
//   sums over all shifts and the time outside are the whole time.
// - The wall clock only says where a boundary lies. What was booked stays booked when it steps;
//   from then on the corrected clock assigns. A step forward over a boundary closes the shift at
//   the moment of the step. A step back into a shift that is still kept opens it again, with its
//   sums; one of less than `TotalsLimits.stepBack` does not.
// - Until the clock is known, all goes to the unknown shift and day. When it is set, the inputs
//   kept since are booked again with the corrected labels, and the unknown bucket is gone. What
//   came before the last `TotalsLimits.deferred` inputs, or in a boot that ended, stays unknown.
// - Pieces of a window belong to where its end lies; the moment of a boundary belongs to the time
//   before it. Windows are to be closed at `nextDeadline`. One that was not (made while nobody
//   looked) is split in proportion to time, whole pieces, and its buckets are `approximate`.
// - A change that is told late (a stop that began with the last count) is booked where it happened,
//   into closed buckets too: they are told again with a higher revision.
// - Call `advance` with the moment up to which the machine has handled its samples, not with now:
//   then late news are rare. It is a function of its inputs alone.

public import Primitives

/// The sums of one shift, day or order.
public struct TotalsBucket: Equatable, Sendable {
  /// What the sums are of.
  public enum Scope: Equatable, Hashable, Sendable {
    case shift(name: String, date: CivilDate)
    /// Between shifts.
    case outside
    /// In a production day.
    case day(CivilDate)
    case order(String)
    /// While the clock was unknown.
    case unknown
  }

  public var number: Int64
  public var scope: Scope
  public var from: Stamp
  /// When it was closed; nil while it runs.
  public var until: Stamp?
  public var sums = Sums()
  /// Counts up with each change after it was closed.
  public var revision: Int64 = 0
  /// Pieces were split over a boundary in proportion to time.
  public var approximate = false
}

/// The totals of one machine.
public struct Totals: Sendable {
  /// What is known of the wall clock.
  enum Hold: Equatable, Sendable {
    case unknown
    /// To be looked up at the next call.
    case fresh
    case known(from: WallTime, until: WallTime)
  }

  public let calendar: WorkCalendar
  var hold: Hold = .fresh
  var shifts: [TotalsBucket] = []
  var days: [TotalsBucket] = []
  var orders: [TotalsBucket] = []
  /// Time that may still be booked otherwise, without gaps; the last one grows.
  var slices: [TotalsSlice] = []
  /// Everything before it is booked, in milliseconds of the monotonic clock.
  var reached: Int64
  var activity: MachineActivity = .unknown
  var openStop: Int64?
  var order: TotalsOrder?
  /// Ideal time for one piece where the order declares none; nil when nobody declared it.
  public internal(set) var idealNanoseconds: Int64?
  var ledgers: [StopAccount] = []
  var nextNumber: Int64 = 1
  /// As it was when the clock became unknown, and what came since: at most one.
  var origin: [Totals] = []
  var deferred: [TotalsInput] = []
  /// Closed buckets that the present call has changed.
  var touched: Set<Int64> = []
  /// Milliseconds whose late news came when they could no longer be booked otherwise.
  public internal(set) var lateMilliseconds: Int64 = 0

  /// Totals that start at a moment, with nothing known of the machine.
  public init(calendar: WorkCalendar, start: Instant, idealNanoseconds: Int64? = nil) {
    self.calendar = calendar
    self.idealNanoseconds = idealNanoseconds
    reached = start.flooredMilliseconds
  }

  /// The running shift, or the time outside; nil before the first call.
  public var shift: TotalsBucket? { shifts.last }
  /// The last shift that ended.
  public var previousShift: TotalsBucket? {
    shifts.dropLast().last { if case .shift = $0.scope { true } else { false } }
  }
  /// The running production day; nil before the first call.
  public var day: TotalsBucket? { days.last }
  /// The production day before it, while it is kept.
  public var previousDay: TotalsBucket? { days.dropLast().last }
  /// The running order; nil while none runs.
  public var runningOrder: TotalsBucket? { orders.last.flatMap { $0.until == nil ? $0 : nil } }
  /// The last order that ended.
  public var previousOrder: TotalsBucket? { orders.last { $0.until != nil } }

  /// When it must be called next for a boundary, by the clock as it is; nil while it is unknown.
  public func nextDeadline(reading: ClockReading) -> Instant? {
    guard isKnown(reading), case .known(_, let until) = hold else { return nil }
    return Instant(nanoseconds: saturating(boundary(until, reading), times: 1_000_000))
  }

  /// Books the time up to a moment; what was closed or changed since is returned.
  public mutating func advance(to moment: Instant, reading: ClockReading) -> [TotalsBucket] {
    var told: [TotalsBucket] = []
    let target = moment.flooredMilliseconds
    followClock(reading, &told)
    var passed = 0
    while case .known(_, let until) = hold, boundary(until, reading) <= target,
      passed < TotalsLimits.boundaries
    {
      grow(to: boundary(until, reading))
      enterSpan(reading, &told)
      passed += 1
    }
    grow(to: target)
    if passed == TotalsLimits.boundaries { enterSpan(reading, &told) }
    return told
  }

  /// Follows one change; what was closed or changed by it is returned.
  public mutating func take(_ input: TotalsInput, reading: ClockReading) -> [TotalsBucket] {
    var told = advance(to: input.at, reading: reading)
    if case .unknown = hold { postpone(input) }
    touched.removeAll(keepingCapacity: true)
    follow(input, reading, &told)
    for number in touched.sorted() {
      guard let bucket = update(number, { $0.revision = saturating($0.revision, plus: 1) }) else {
        continue
      }
      told.append(bucket)
    }
    touched.removeAll(keepingCapacity: true)
    return told
  }

  /// The moment of a wall time in milliseconds of the monotonic clock; never before what is booked.
  private func boundary(_ wall: WallTime, _ reading: ClockReading) -> Int64 {
    let now = reading.label(reached.asInstant)
    let (ahead, overflow) = wall.milliseconds.subtractingReportingOverflow(now.milliseconds)
    return overflow ? .max : saturating(reached, plus: max(0, ahead))
  }

  // MARK: The clock

  /// A clock that shows no four-digit year was never set, whatever it says of itself.
  private func isKnown(_ reading: ClockReading) -> Bool {
    let wall = reading.label(reached.asInstant)
    return reading.quality != .neverset && wall >= .earliest && wall < .latest
  }

  private mutating func followClock(_ reading: ClockReading, _ told: inout [TotalsBucket]) {
    guard isKnown(reading) else {
      if case .unknown = hold { return }
      origin = [self]
      deferred = []
      hold = .unknown
      enter(.unknown, .unknown, planned: false, isBack: false, reading, &told)
      return
    }
    switch hold {
    case .unknown: bookAnew(reading, &told)
    case .fresh: enterSpan(reading, &told)
    case .known(let from, let until):
      let wall = reading.label(reached.asInstant)
      let earliest = saturating(from.milliseconds, plus: 0 - TotalsLimits.stepBack)
      if wall.milliseconds < earliest || wall >= until { enterSpan(reading, &told) }
    }
  }

  /// Goes back to when the clock became unknown, and books everything since with its labels.
  private mutating func bookAnew(_ reading: ClockReading, _ told: inout [TotalsBucket]) {
    let (inputs, target) = (deferred, reached)
    guard var anew = origin.first else {
      hold = .fresh
      enterSpan(reading, &told)
      return
    }
    anew.hold = .fresh
    anew.origin = []
    anew.deferred = []
    for input in inputs { told += anew.take(input, reading: reading) }
    told += anew.advance(to: target.asInstant, reading: reading)
    self = anew
  }

  private mutating func postpone(_ input: TotalsInput) {
    if deferred.count >= TotalsLimits.deferred {
      // What is booked as unknown so far stays so.
      var kept = self
      kept.origin = []
      kept.deferred = []
      origin = [kept]
      deferred = []
    }
    deferred.append(input)
  }

  /// Enters what the calendar says of the moment that is reached.
  private mutating func enterSpan(_ reading: ClockReading, _ told: inout [TotalsBucket]) {
    let wall = reading.label(reached.asInstant)
    let span = calendar.span(at: wall)
    var isBack = false
    if case .known(let from, _) = hold { isBack = wall < from }
    hold = .known(from: span.from, until: span.until)
    let shift = span.shift.map { TotalsBucket.Scope.shift(name: $0.name, date: $0.date) }
    enter(
      shift ?? .outside, .day(span.day), planned: span.planned != nil, isBack: isBack, reading,
      &told)
  }
}

extension Instant {
  /// Whole milliseconds, rounded down, so that lengths add up over zero as well.
  var flooredMilliseconds: Int64 {
    let (quotient, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
    return rest < 0 ? quotient - 1 : quotient
  }

  /// Whole milliseconds, rounded up.
  var ceiledMilliseconds: Int64 {
    let (quotient, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
    return rest > 0 ? quotient + 1 : quotient
  }
}

extension Int64 {
  /// The monotonic moment of so many milliseconds.
  var asInstant: Instant { Instant(nanoseconds: saturating(self, times: 1_000_000)) }
}

func saturating(_ left: Int64, times factor: Int64) -> Int64 {
  let (product, overflow) = left.multipliedReportingOverflow(by: factor)
  if overflow { return (left < 0) != (factor < 0) ? .min : .max }
  return product
}
