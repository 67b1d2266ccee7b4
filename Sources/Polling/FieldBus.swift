// The port to the field: what a poller asks of a Modbus link, and how asking can fail.
//
// The link is synchronous: a call blocks until the answer or its deadline. Which request to send
// and what to do about a fault is decided in this room; the edge only performs and reports.

/// The four tables of Modbus (application protocol specification V1.1b3, section 4.3).
public enum ModbusTable: String, Sendable, CaseIterable {
  case coil, discrete, holding, input

  /// The function code that reads it: 1, 2, 3 or 4.
  public var readFunction: UInt8 {
    switch self {
    case .coil: 1
    case .discrete: 2
    case .holding: 3
    case .input: 4
    }
  }

  /// Whether one address is one bit.
  public var holdsBits: Bool { self == .coil || self == .discrete }

  /// Most addresses one request may ask for: 2,000 bits or 125 registers.
  public var limitPerRequest: Int { holdsBits ? 2000 : 125 }

  /// Bytes of values in the answer to a request for so many addresses.
  public func valueBytes(_ count: UInt16) -> Int {
    holdsBits ? (Int(count) + 7) / 8 : Int(count) * 2
  }
}

/// One read request to one unit.
public struct ReadRequest: Hashable, Sendable {
  /// The unit identifier on the wire, 0…255.
  public var unitAddress: UInt8
  public var table: ModbusTable
  /// The first address, from 0.
  public var start: UInt16
  /// Addresses asked for, 1…`table.limitPerRequest`.
  public var count: UInt16
  /// How long the unit may take to answer.
  public var timeout: Duration

  public init(
    unitAddress: UInt8, table: ModbusTable, start: UInt16, count: UInt16, timeout: Duration
  ) {
    self.unitAddress = unitAddress
    self.table = table
    self.start = start
    self.count = count
    self.timeout = timeout
  }
}

/// Why a link could not be opened or a request was not answered.
public enum BusFault: Error, Equatable, Sendable {
  /// The host refused the connection, or there is no route or no such name.
  case unreachable(String)
  /// No answer within the deadline.
  case timeout
  /// The link broke: reset, closed by the peer, device gone.
  case broken(String)
  /// The unit answered with a Modbus exception code.
  case exception(UInt8)
  /// Something came back that is no answer to the request: noise, wrong id, wrong length.
  case garbage(String)
}

/// A link to one Modbus endpoint, owned by one thread.
public protocol FieldBus: ~Copyable {
  /// Opens the link, or throws `unreachable` or `timeout`; blocks at most for the deadline given.
  mutating func open(timeout: Duration) throws(BusFault)

  /// Reads registers into `words`, or bits as 0 and 1; exactly `request.count` elements on success.
  mutating func read(_ request: ReadRequest, into words: inout [UInt16]) throws(BusFault)

  /// Closes the link; does nothing when it is closed.
  mutating func close()
}
