// What is declared about a machine's evidence: which signals say that it runs, stands or is held.
//
// Invariants
// - A rule is a tree of conditions as data; it is compiled once (EvidenceProgram) and never walked.
// - A condition over a signal that is refused or invalid is *unknown*: it neither holds nor fails.
//   `all` fails with one that fails, `any` holds with one that holds, `not` of unknown is unknown;
//   a claim that is unknown is not made.
// - A limit with hysteresis that could not be read begins anew: nobody knows whether the value
//   passed the other limit meanwhile, so between the two it fails until `on` is passed again.
// - A condition with an on delay holds from the end of the delay, and one with an off delay fails
//   from its end. Who wants short interruptions untold but long ones told from their true
//   beginning uses `ignoreUnder` of the state machine, not a delay.
// - A claim that holds decides, and so does a running claim that fails, whatever else cannot be
//   read. Where none does and one that might is refused or invalid, nobody knows what the machine
//   does, and that is no contact; but a counter that moves proves that it runs.
// - "Stands still" begins with the last count, and that is when a stop inferred from it begins.
// - No contact stands before everything: nobody books time that nobody saw (F50).

public import Signals

/// How long a pulse or counter may stand still before it is evidence.
public enum StillLimit: Equatable, Sendable {
  case duration(Duration)
  /// Hundredths of the ideal cycle of a count: 250 is two and a half. Unknown while no cycle is.
  case cycles(hundredths: Int64)
}

/// Values of a code register, and the reason that they stand for.
public struct CodeMeaning: Equatable, Sendable {
  public var values: [Int64]
  /// The code of a reason; nil when the value says that, but not why.
  public var reason: String?

  public init(_ values: [Int64], reason: String? = nil) {
    self.values = values
    self.reason = reason
  }
}

/// A condition over a machine's signals, with the delays of its answer.
public struct EvidenceRule: Equatable, Sendable {
  /// What is asked of the signals.
  public indirect enum Test: Equatable, Sendable {
    /// A number other than 0 is true.
    case bit(SignalID)
    /// The value is in the table; `anyOther`: or any other but 0.
    case code(SignalID, [CodeMeaning], anyOther: Bool)
    /// True from `on` upwards, false again under `off`; between them it stays as it was.
    case above(SignalID, on: Double, off: Double)
    /// True from `on` downwards, false again over `off`; between them it stays as it was.
    case below(SignalID, on: Double, off: Double)
    /// A counter has not moved for so long.
    case counterStands(SignalID, StillLimit)
    /// A bit has not risen for so long.
    case pulseStands(SignalID, StillLimit)
    case all([EvidenceRule])
    case any([EvidenceRule])
    case not(EvidenceRule)
  }

  public var test: Test
  public var onDelay: Duration
  public var offDelay: Duration

  public init(_ test: Test, onDelay: Duration = .zero, offDelay: Duration = .zero) {
    self.test = test
    self.onDelay = onDelay
    self.offDelay = offDelay
  }
}

/// What evidence can say of a machine.
public enum EvidenceState: String, Sendable, CaseIterable {
  case noContact, fault, setup, planned, blocked, starved, stopped, slow, running

  /// Whether the machine does not produce in it.
  public var stands: Bool {
    switch self {
    case .fault, .setup, .planned, .blocked, .starved, .stopped: true
    case .noContact, .slow, .running: false
    }
  }
}

/// While the rule holds, the machine is said to be in the state.
public struct EvidenceClaim: Equatable, Sendable {
  public var state: EvidenceState
  public var rule: EvidenceRule
  /// The reason it stands for unless a code says a better one.
  public var reason: String?

  public init(_ state: EvidenceState, when rule: EvidenceRule, reason: String? = nil) {
    self.state = state
    self.rule = rule
    self.reason = reason
  }
}

/// All evidence about one machine.
public struct EvidenceRules: Equatable, Sendable {
  public var claims: [EvidenceClaim]
  /// Which claim counts when several are made, from the strongest; see `settled(_:)`.
  public var order: [EvidenceState]
  /// When nothing is claimed; nil: it stands where a running claim fails, and else it runs.
  public var otherwise: EvidenceState?
  /// What stood still while other evidence held the machine has its whole time once that is over.
  public var standsAnew: Bool

  /// The order of conflicts unless another is declared.
  public static let usualOrder: [EvidenceState] = [
    .noContact, .fault, .setup, .planned, .blocked, .starved, .stopped, .slow, .running,
  ]

  public init(
    _ claims: [EvidenceClaim], order: [EvidenceState] = Self.usualOrder,
    otherwise: EvidenceState? = nil, standsAnew: Bool = false
  ) {
    self.claims = claims
    self.order = order
    self.otherwise = otherwise
    self.standsAnew = standsAnew
  }

  /// An order that names each state once: no contact first, what is not named in the usual order.
  public static func settled(_ order: [EvidenceState]) -> [EvidenceState] {
    var settled: [EvidenceState] = [.noContact]
    for state in order + usualOrder where state.stands && !settled.contains(state) {
      settled.append(state)
    }
    return settled + [.slow, .running]
  }
}

extension EvidenceRule {
  /// Every signal that it names.
  var signals: [SignalID] {
    switch test {
    case .bit(let signal), .code(let signal, _, _), .above(let signal, _, _),
      .below(let signal, _, _), .counterStands(let signal, _), .pulseStands(let signal, _):
      [signal]
    case .all(let rules), .any(let rules): rules.flatMap(\.signals)
    case .not(let inner): inner.signals
    }
  }
}

extension MachineRules {
  /// The signals of its declared evidence; none where it is simple.
  var declaredEvidence: [SignalID] {
    guard let states else { return [] }
    return states.evidence.claims.flatMap(\.rule.signals) + (states.counter.map { [$0] } ?? [])
  }
}
