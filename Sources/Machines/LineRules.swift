// What is declared about a line: its machines, when it works, and how what it makes is confirmed.
//
// Invariants
// - A machine belongs to one line; a gateway without declared lines has one, of all its machines.
// - The calendar's zone is UTC until the edge has read the zone's file: this room knows no files.

public import Signals

/// The signals that show which order a machine runs.
public struct OrderSignals: Equatable, Sendable {
  /// A number or a text; 0 or an empty text is no order.
  public var order: SignalID
  /// The operation of the order; nil when the PLC does not say it.
  public var operation: SignalID?

  public init(order: SignalID, operation: SignalID? = nil) {
    self.order = order
    self.operation = operation
  }
}

/// Everything declared about one line.
public struct LineRules: Equatable, Sendable {
  public var name: String
  /// The names of its machines, in the order of the configuration.
  public var machines: [String]
  /// The IANA name of the zone in which its calendar is declared.
  public var timeZone: String
  public var calendar: CalendarRules
  public var confirmations: ConfirmationRules

  public init(
    name: String, machines: [String], timeZone: String, calendar: CalendarRules,
    confirmations: ConfirmationRules = ConfirmationRules()
  ) {
    self.name = name
    self.machines = machines
    self.timeZone = timeZone
    self.calendar = calendar
    self.confirmations = confirmations
  }
}
