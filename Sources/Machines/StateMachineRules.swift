// What is declared about the states of a machine, beside its evidence.

import Primitives
public import Signals

/// When a running machine is slow.
public struct SlowRule: Equatable, Sendable {
  /// Thousandths of the ideal rate under which it is slow.
  public var share: Int64
  /// The rate is looked at over windows of this length, the first from the start of running.
  public var window: Duration

  public init(share: Int64, window: Duration = .seconds(60)) {
    self.share = share
    self.window = window
  }
}

/// How a stop around the change of an order becomes a changeover.
public struct ChangeoverRule: Equatable, Sendable {
  /// A stop that ended no longer than this before the change.
  public var before: Duration
  /// A stop that begins no later than this after the change.
  public var after: Duration
  /// A stop during the change ends with it, and the rest is a changeover; else all of it is one.
  public var splits: Bool
  /// The code of its reason; nil for none.
  public var reason: String?

  public init(
    before: Duration = .zero, after: Duration = .zero, splits: Bool = false, reason: String? = nil
  ) {
    self.before = before
    self.after = after
    self.splits = splits
    self.reason = reason
  }
}

/// Everything that decides about the states of one machine.
public struct StateRules: Equatable, Sendable {
  /// The unit part of the event's source; `[A-Za-z0-9._-]`.
  public var name: String
  public var evidence: EvidenceRules
  /// The counter that proves production when nobody looked, and gives the rate; nil for none.
  public var counter: SignalID?
  /// The time of one piece at full speed; nil while nobody knows it.
  public var idealCycle: Duration?
  /// An interruption of a running that was seen is not told when it is shorter.
  public var ignoreUnder: Duration
  /// A stop shorter than this is a short one.
  public var shortStop: Duration
  /// A stop goes on when the machine runs for less than this.
  public var minimumRun: Duration
  public var slow: SlowRule?
  public var changeover: ChangeoverRule?
  /// The code of the reason of stops in planned time; nil for none.
  public var plannedReason: String?
  /// A stop is cut where planned time begins or ends; else all of it is planned.
  public var plannedSplits: Bool
  public var reasons: ReasonTable

  public init(
    name: String, evidence: EvidenceRules, counter: SignalID? = nil, idealCycle: Duration? = nil,
    ignoreUnder: Duration = .zero, shortStop: Duration = .seconds(120),
    minimumRun: Duration = .zero, slow: SlowRule? = nil, changeover: ChangeoverRule? = nil,
    plannedReason: String? = nil, plannedSplits: Bool = true, reasons: ReasonTable = ReasonTable()
  ) {
    self.name = name
    self.evidence = evidence
    self.counter = counter
    self.idealCycle = idealCycle
    self.ignoreUnder = max(.zero, ignoreUnder)
    self.shortStop = max(.zero, shortStop)
    self.minimumRun = max(.zero, minimumRun)
    self.slow = slow
    self.changeover = changeover
    self.plannedReason = plannedReason
    self.plannedSplits = plannedSplits
    self.reasons = reasons
  }

  /// Every reason that a rule names.
  var namedReasons: [String] {
    var named = [changeover?.reason, plannedReason] + evidence.claims.map(\.reason)
    func gather(_ rule: EvidenceRule) {
      switch rule.test {
      case .code(_, let meanings, _): named += meanings.map(\.reason)
      case .all(let rules), .any(let rules): rules.forEach(gather)
      case .not(let inner): gather(inner)
      case .bit, .above, .below, .counterStands, .pulseStands: break
      }
    }
    evidence.claims.forEach { gather($0.rule) }
    return named.compactMap { $0 }
  }
}
