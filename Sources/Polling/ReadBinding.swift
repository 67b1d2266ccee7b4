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

/// One device on a bus with everything that is read from it.
public struct UnitDefinition: Equatable, Sendable {
  public var id: UnitID
  /// The name used in status and events.
  public var name: String
  /// The unit identifier on the wire.
  public var address: UInt8
  /// How long it may take to answer.
  public var timeout: Duration
  /// Most registers asked for at once (1…125).
  public var registersPerRequest: Int
  /// Unused addresses that may be read along to merge two neighbours into one request.
  public var gapLimit: Int
  public var bindings: [ReadBinding]

  public init(
    id: UnitID, name: String, address: UInt8, timeout: Duration, registersPerRequest: Int = 125,
    gapLimit: Int = 16, bindings: [ReadBinding]
  ) {
    self.id = id
    self.name = name
    self.address = address
    self.timeout = timeout
    self.registersPerRequest = registersPerRequest
    self.gapLimit = gapLimit
    self.bindings = bindings
  }
}

/// One endpoint with its units; a thread and a ring each.
public struct BusDefinition: Equatable, Sendable {
  public var name: String
  /// Host name or address of a Modbus TCP endpoint.
  public var host: String
  public var port: UInt16
  public var connectTimeout: Duration
  public var units: [UnitDefinition]

  public init(
    name: String, host: String, port: UInt16 = 502, connectTimeout: Duration,
    units: [UnitDefinition]
  ) {
    self.name = name
    self.host = host
    self.port = port
    self.connectTimeout = connectTimeout
    self.units = units
  }
}
