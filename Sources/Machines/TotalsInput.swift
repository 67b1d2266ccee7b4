// What totals are made from: the part of a machine's facts that sums are sensitive to.
//
// Why not the facts themselves: while the clock is unknown, inputs are kept to be booked again, and
// what is kept has a form of its own in snapshots; and a new kind of fact changes no sums.

public import Primitives

/// The running order as far as sums ask for it.
public struct TotalsOrder: Equatable, Sendable {
  /// The key under which its sums are kept, `<order>/<operation>`.
  public var key: String
  /// Ideal time for one piece in nanoseconds; nil when nobody declared it.
  public var idealNanoseconds: Int64?

  public init(key: String, idealNanoseconds: Int64? = nil) {
    self.key = key
    self.idealNanoseconds = idealNanoseconds
  }
}

/// One change that sums follow.
public enum TotalsInput: Equatable, Sendable {
  case activity(MachineActivity, at: Instant)
  case stopStarted(id: String, StopReason, at: Instant)
  case stopClassified(id: String, StopReason, at: Instant)
  case stopEnded(id: String, StopReason, at: Instant)
  case counted(Quantities, from: Instant, to: Instant)
  /// Another order runs, or none.
  case order(TotalsOrder?, at: Instant)

  /// When it happened; of pieces, the end of their window.
  public var at: Instant {
    switch self {
    case .activity(_, let at), .stopStarted(_, _, let at), .stopClassified(_, _, let at),
      .stopEnded(_, _, let at), .counted(_, _, let at), .order(_, let at):
      at
    }
  }

  /// What sums learn from a fact; nil for one that changes none.
  public init?(_ fact: Fact) {
    if case .stateChanged(let state, _, _, _) = fact.kind {
      self = .activity(MachineActivity(state), at: fact.at.instant)
    } else if case .stopStarted(let record, _) = fact.kind {
      self = .stopStarted(
        id: record.stopID, StopReason(record), at: record.startedAt.instant)
    } else if case .stopClassified(let record, _) = fact.kind {
      self = .stopClassified(id: record.stopID, StopReason(record), at: fact.at.instant)
    } else if case .stopEnded(let record) = fact.kind {
      let end = record.endedAt ?? fact.at
      self = .stopEnded(id: record.stopID, StopReason(record), at: end.instant)
    } else if case .counted(let record) = fact.kind {
      self = .counted(
        Quantities(good: record.good, scrap: record.scrap, rework: record.rework),
        from: record.from.instant, to: record.to.instant)
    } else {
      return nil
    }
  }
}

extension StopReason {
  /// The reason of a stop as its record tells it.
  public init(_ record: StopRecord) {
    self.init(record.category, code: record.cause.code, text: record.cause.text)
  }
}
