// Where a signal's raw value stands and how often it is wanted.

public import Signals

/// The place of one signal on its unit and the period at which it is read.
public struct ReadBinding: Equatable, Sendable {
  public var signal: SignalID
  public var table: ModbusTable
  /// The first address, from 0.
  public var address: UInt16
  /// Addresses taken: registers, or 1 in a bit table.
  public var count: UInt16
  public var period: Duration

  public init(
    signal: SignalID, table: ModbusTable, address: UInt16, count: UInt16, period: Duration
  ) {
    self.signal = signal
    self.table = table
    self.address = address
    self.count = count
    self.period = period
  }
}
