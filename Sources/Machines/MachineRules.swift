// What is declared about a machine: which signals say that it runs, why it stands, what it made.

public import Signals

/// A condition over one signal.
public struct Condition: Equatable, Sendable {
  /// How a value of the signal is compared.
  public enum Comparison: Equatable, Sendable {
    case isTrue
    case isFalse
    case equals(Int64)
    case oneOf([Int64])
    case above(Double)
    case below(Double)
  }

  public var signal: SignalID
  public var comparison: Comparison

  public init(signal: SignalID, comparison: Comparison) {
    self.signal = signal
    self.comparison = comparison
  }
}

/// How a stop is booked.
public enum StopCategory: String, Sendable, CaseIterable {
  case planned, unplanned, minor, external
}

/// What one fault code means.
public struct CauseDefinition: Equatable, Sendable {
  public var text: String
  public var category: StopCategory
  public var costCenter: String?

  public init(text: String, category: StopCategory = .unplanned, costCenter: String? = nil) {
    self.text = text
    self.category = category
    self.costCenter = costCenter
  }
}

/// Everything that decides about one machine.
public struct MachineRules: Equatable, Sendable {
  /// The unit part of the event's source; `[A-Za-z0-9._-]`.
  public var name: String
  /// Units of the field whose marks carry this machine's time forward, and whose loss is its own.
  public var units: [UnitID]
  /// Every signal of this machine, in the order of the configuration.
  public var signals: [SignalID]
  /// The unit of each of `signals`, in the same order; where one is missing, the first of `units`.
  public var unitOfSignal: [UnitID]
  /// Running when this holds; nil when only codes and counts tell.
  public var running: Condition?
  /// A register whose value other than 0 is the cause of a stop.
  public var faultCode: SignalID?
  public var causes: [Int64: CauseDefinition]
  public var good: CounterRules?
  public var scrap: CounterRules?
  public var rework: CounterRules?
  /// Counters beside these three: a total, a second scrap counter.
  public var counters: [RoleCounter] = []
  /// Evidence and states as they were declared; nil: `StateRules(simple:)` of these rules.
  public var states: StateRules?
  /// The words that events have for its states.
  public var mapping: StateMapping = .usual
  /// The signals that show its running order; nil when only files and people say it.
  public var order: OrderSignals?
  public var limits: [LimitRules] = []
  /// A stop is inferred when the good count stands still this long; nil for never.
  public var standstill: Duration?
  /// A stop shorter than this is a minor one when it ends.
  public var shortStop: Duration
  /// Counts are summed over this long and told as one event; told at once around stops.
  public var countWindow: Duration
  /// Minor stops are summed by cause over this long and told as one event.
  public var minorStopWindow: Duration = MinorStops.usualWindow
  /// The unit of measure of the counts, for events.
  public var uom: String

  public init(
    name: String, units: [UnitID], signals: [SignalID], unitOfSignal: [UnitID] = [],
    running: Condition? = nil,
    faultCode: SignalID? = nil, causes: [Int64: CauseDefinition] = [:],
    good: CounterRules? = nil, scrap: CounterRules? = nil, rework: CounterRules? = nil,
    standstill: Duration? = nil, shortStop: Duration = .seconds(120),
    countWindow: Duration = .seconds(10), uom: String = "PCE"
  ) {
    self.name = name
    self.units = units
    self.signals = signals
    self.unitOfSignal = unitOfSignal
    self.running = running
    self.faultCode = faultCode
    self.causes = causes
    self.good = good
    self.scrap = scrap
    self.rework = rework
    self.standstill = standstill
    self.shortStop = shortStop
    self.countWindow = countWindow
    self.uom = uom
  }
}
