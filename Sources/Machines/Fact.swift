// What happened at a machine, as values. Facts know nothing of JSON, storage or networks.

public import Primitives
public import Signals

/// Why a machine stands.
public struct Cause: Equatable, Sendable {
  /// Who named the cause.
  public enum Origin: String, Sendable { case plc, `operator`, rule, inferred }

  /// The code of the machine; nil when nobody said one.
  public var code: Int64?
  public var text: String
  public var from: Origin
  /// Its row in the table of reasons; nil when the code stands in no table.
  public var reason: String?

  public init(code: Int64?, text: String, from: Origin, reason: String? = nil) {
    self.code = code
    self.text = text
    self.from = from
    self.reason = reason
  }
}

/// What a machine is doing, as far as the gateway knows.
public enum MachineCondition: String, Sendable, CaseIterable {
  case unknown, running, stopped, noContact
  /// Running below a share of the ideal rate.
  case slow
  /// Stopped, and not yet for as long as a short stop may last.
  case shortStop
  case fault, blocked, starved, changeover, planned
}

/// The signal and value that decided.
public struct Evidence: Equatable, Sendable {
  public var signal: SignalID
  public var value: Value
  public init(signal: SignalID, value: Value) {
    self.signal = signal
    self.value = value
  }
}

/// What can be said afterwards of a time without contact; never more than about.
public struct Inference: Equatable, Sendable {
  /// Whether the count moved in it; nil where nothing is counted.
  public var counted: Bool?
  /// What the machine must have done; nil when that cannot be told.
  public var condition: MachineCondition?

  public init(counted: Bool?, condition: MachineCondition?) {
    self.counted = counted
    self.condition = condition
  }
}

/// Pieces made in a window.
public struct CountRecord: Equatable, Sendable {
  public var from: Stamp
  public var to: Stamp
  public var good: Int64
  public var scrap: Int64
  public var rework: Int64
  /// Absolute sums since this journal began.
  public var goodTotal: Int64
  public var scrapTotal: Int64
  public var reworkTotal: Int64
  /// Made while nobody looked: the gateway or the link was down.
  public var recovered: Bool
  public var rollover: Bool
  public var reset: Bool

  public init(
    from: Stamp, to: Stamp, good: Int64, scrap: Int64, rework: Int64 = 0, goodTotal: Int64,
    scrapTotal: Int64, reworkTotal: Int64 = 0, recovered: Bool = false, rollover: Bool = false,
    reset: Bool = false
  ) {
    self.from = from
    self.to = to
    self.good = good
    self.scrap = scrap
    self.rework = rework
    self.goodTotal = goodTotal
    self.scrapTotal = scrapTotal
    self.reworkTotal = reworkTotal
    self.recovered = recovered
    self.rollover = rollover
    self.reset = reset
  }
}

/// A counter that did something other than count up.
public struct CounterAnomaly: Equatable, Sendable {
  /// What the jump was taken for.
  public enum Verdict: String, Sendable { case reset, rollover, implausible }

  public var signal: SignalID
  public var before: UInt64
  public var after: UInt64
  public var verdict: Verdict
  /// Pieces that were booked because of it, and pieces that were not.
  public var booked: Int64
  public var notBooked: Int64

  public init(
    signal: SignalID, before: UInt64, after: UInt64, verdict: Verdict, booked: Int64,
    notBooked: Int64
  ) {
    self.signal = signal
    self.before = before
    self.after = after
    self.verdict = verdict
    self.booked = booked
    self.notBooked = notBooked
  }
}

/// One thing that happened at one machine.
public struct Fact: Equatable, Sendable {
  /// What happened, with its particulars.
  public enum Kind: Equatable, Sendable {
    case stateChanged(
      state: MachineCondition, previous: MachineCondition, duration: Duration, cause: Cause?)
    case stopStarted(StopRecord, evidence: Evidence?)
    case stopClassified(StopRecord, by: String)
    case stopEnded(StopRecord)
    case counted(CountRecord)
    case counterAnomaly(CounterAnomaly)
    case contactLost(unit: UnitID, cause: Quality)
    case contactRestored(unit: UnitID, duration: Duration)
    /// What the machine shows of its order has changed; an empty text is no order.
    case orderShown(String, operation: String?)
  }

  /// When it happened at the machine.
  public var at: Stamp
  public var kind: Kind
  /// The signal and value that decided a change of state.
  public var evidence: Evidence?
  /// What can be said of the time without contact that ends here.
  public var inferred: Inference?

  public init(at: Stamp, kind: Kind, evidence: Evidence? = nil, inferred: Inference? = nil) {
    self.at = at
    self.kind = kind
    self.evidence = evidence
    self.inferred = inferred
  }
}
