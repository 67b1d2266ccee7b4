// The short stops of one machine, summed by cause over a window and told as one.
//
//   none ──a short stop ends──▶ open ──its length later, or the shift ends──▶ told, none
//
// Invariants
// - A stop is short when its record says so as it ends (F47: it is told as a stop as well, so this
//   sum adds nothing to it); it belongs to the window in which it ended, and is summed once.
// - A window opens with the start of its first short stop. An hour without one tells nothing. Its
//   length is `minorStopWindow` of the machine as it opens.
// - Causes are bounded: what comes after `TotalsLimits.reasons` of them is summed as other causes.
//
// Why an hour where nothing is declared: a supervisor walks the line once in it, and a shift has
// eight of them; a machine that jams every minute tells 24 windows a day instead of 1,440 lines
// that nobody reads.

public import Primitives

/// The short stops of one machine in one window.
public struct MinorStops: Equatable, Sendable {
  /// Those of one cause.
  public struct Sum: Equatable, Sendable {
    public var cause: Cause
    public var count: Int64
    /// Time measured as standing.
    public var milliseconds: Int64
  }

  /// A window that is over.
  public struct Window: Equatable, Sendable {
    public var from: Stamp
    public var to: Stamp
    /// In the order in which the causes came first.
    public var sums: [Sum]

    /// All short stops of the window.
    public var count: Int64 { sums.reduce(0) { saturating($0, plus: $1.count) } }
    /// The time of all of them.
    public var milliseconds: Int64 { sums.reduce(0) { saturating($0, plus: $1.milliseconds) } }
  }

  /// What is being summed.
  struct Open: Equatable, Sendable {
    var from: Stamp
    var deadline: Instant
    var sums: [Sum] = []
  }

  /// How long a window is unless another length is declared.
  public static let usualWindow = Duration.seconds(3600)

  /// How long a window is that opens from now on.
  public var window: Duration
  var open: Open?

  public init(window: Duration = Self.usualWindow) { self.window = window }

  /// The earliest moment at which a window is told; nil for none.
  public var nextDeadline: Instant? { open?.deadline.advanced(nanoseconds: 1) }

  /// Takes a stop that has ended; others than short ones are none of its business.
  public mutating func take(_ stop: StopRecord, into told: inout [Window]) {
    guard stop.category == .minor, let end = stop.endedAt else { return }
    advance(to: end, into: &told)
    var window =
      open ?? Open(from: stop.startedAt, deadline: stop.startedAt.instant + window)
    // A stop that began long ago and was short all the same had its time without contact.
    window.deadline = max(window.deadline, end.instant)
    var cause = stop.cause
    if !window.sums.contains(where: { $0.cause == cause }),
      window.sums.count >= TotalsLimits.reasons - 1
    {
      cause = Cause(code: nil, text: "other causes", from: .inferred)
    }
    let length = stop.duration.wholeMilliseconds
    if let index = window.sums.firstIndex(where: { $0.cause == cause }) {
      window.sums[index].count = saturating(window.sums[index].count, plus: 1)
      window.sums[index].milliseconds = saturating(window.sums[index].milliseconds, plus: length)
    } else {
      window.sums.append(Sum(cause: cause, count: 1, milliseconds: length))
    }
    open = window
  }

  /// A shift ends: the window ends with it.
  public mutating func endShift(at: Stamp) {
    guard let deadline = open?.deadline, at.instant < deadline else { return }
    open?.deadline = at.instant
  }

  /// Everything before a moment has been told: tells the window that is over by then.
  public mutating func advance(to: Stamp, into told: inout [Window]) {
    guard let window = open, window.deadline < to.instant else { return }
    let end = to.later(nanoseconds: window.deadline.nanoseconds(since: to.instant))
    told.append(Window(from: window.from, to: end, sums: window.sums))
    open = nil
  }
}
