// High and low limits on signals: what is declared, and what is told of them.

public import Primitives
public import Signals

/// How bad it is that a limit is exceeded.
public enum LimitSeverity: String, Sendable, CaseIterable { case info, warning, alarm }

/// One limit on one signal.
public struct LimitRules: Equatable, Sendable {
  /// Which side of the limit is too far.
  public enum Side: String, Sendable, CaseIterable { case high, low }

  /// The name within its machine.
  public var name: String
  public var signal: SignalID
  public var side: Side
  /// In the unit of the signal; at the limit itself nothing is exceeded.
  public var limit: Double
  /// How far back inside the value must come, in the unit of the signal, to clear it.
  public var hysteresis: Double
  /// How long the value must be beyond it, and how long back inside.
  public var onDelay: Duration
  public var offDelay: Duration
  public var severity: LimitSeverity
  /// Exceeding it sets a quality hold on its machine, which only a person releases.
  public var holdsQuality: Bool

  public init(
    name: String, signal: SignalID, side: Side, limit: Double, hysteresis: Double = 0,
    onDelay: Duration = .zero, offDelay: Duration = .zero, severity: LimitSeverity = .warning,
    holdsQuality: Bool = false
  ) {
    self.name = name
    self.signal = signal
    self.side = side
    self.limit = limit
    self.hysteresis = hysteresis.isFinite ? max(0, hysteresis) : 0
    self.onDelay = min(max(.zero, onDelay), WatchLimits.longestDelay)
    self.offDelay = min(max(.zero, offDelay), WatchLimits.longestDelay)
    self.severity = severity
    self.holdsQuality = holdsQuality
  }

  func isBeyond(_ value: Double) -> Bool {
    switch side {
    case .high: value > limit
    case .low: value < limit
    }
  }

  func isBackInside(_ value: Double) -> Bool {
    switch side {
    case .high: value <= limit - hysteresis
    case .low: value >= limit + hysteresis
    }
  }
}

/// A limit that was exceeded, or is no longer.
public struct LimitFact: Equatable, Sendable {
  /// Which of both.
  public enum Kind: Equatable, Sendable {
    case exceeded
    /// After so long; `unseen` of it nobody could read the signal.
    case cleared(duration: Duration, unseen: Duration)
  }

  /// When the delay had passed.
  public var at: Stamp
  /// When the value first was beyond the limit.
  public var since: Stamp
  public var kind: Kind
  public var rules: LimitRules
  /// The value at that moment.
  public var value: Value

  public init(at: Stamp, since: Stamp, kind: Kind, rules: LimitRules, value: Value) {
    self.at = at
    self.since = since
    self.kind = kind
    self.rules = rules
    self.value = value
  }

  /// Why quality is held, as a sentence; nil when the limit holds nothing or is cleared.
  public var holdReason: String? {
    guard rules.holdsQuality, kind == .exceeded else { return nil }
    return "limit \(rules.name) was exceeded"
  }
}
