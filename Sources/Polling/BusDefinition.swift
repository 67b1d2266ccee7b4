// What a bus is made of: the line to it, the units on it, and what each unit can bear.

public import Signals

/// How the frames of a bus travel.
public enum BusLine: Equatable, Sendable {
  /// Modbus TCP: MBAP frames on a stream socket (Modbus messaging on TCP/IP V1.0b).
  case tcp(host: String, port: UInt16)
  /// Modbus/TCP Security: the same frames inside TLS, both sides proven (MB-TCP-Security V36).
  case tls(host: String, port: UInt16, identity: TLSIdentity)
  /// Modbus RTU on a serial port of this machine (Modbus over serial line V1.02).
  case rtu(SerialLine)
  /// RTU frames, with their CRC, on a stream socket: a transparent serial server.
  case rtuOverTCP(host: String, port: UInt16, behind: SerialSpeed)
}

/// Files and names with which the two sides of a secured link prove themselves.
public struct TLSIdentity: Equatable, Sendable {
  /// PEM of the issuers that are trusted; nil for those of the system.
  public var caFile: String?
  /// PEM of our own certificate and of its private key; nil where the device asks for none.
  public var certificateFile: String?
  public var keyFile: String?
  /// The name or address that the device's certificate must bear.
  public var serverName: String

  public init(caFile: String?, certificateFile: String?, keyFile: String?, serverName: String) {
    self.caFile = caFile
    self.certificateFile = certificateFile
    self.keyFile = keyFile
    self.serverName = serverName
  }
}

/// The speed of a serial line: what a frame costs on the wire.
public struct SerialSpeed: Equatable, Sendable {
  /// The parity bit of each character.
  public enum Parity: String, Sendable, CaseIterable {
    case none, even, odd
  }

  /// Bits a second.
  public var baud: Int
  public var parity: Parity
  /// 1 or 2.
  public var stopBits: Int

  /// 19,200 baud with even parity is what the serial line guide asks of every device (2.2.1).
  public init(baud: Int = 19_200, parity: Parity = .even, stopBits: Int = 1) {
    self.baud = baud
    self.parity = parity
    self.stopBits = stopBits
  }

  /// Bits of one character on the wire: start, eight of data, parity, stop.
  public var bitsPerCharacter: Int { 9 + (parity == .none ? 0 : 1) + stopBits }
}

/// A serial port with its line.
public struct SerialLine: Equatable, Sendable {
  /// Who switches the transmitter of a two-wire line.
  public enum Direction: String, Sendable, CaseIterable {
    /// The adapter itself, or the line has four wires or is RS-232.
    case automatic
    /// The kernel's driver, through its RS-485 mode (TIOCSRS485).
    case kernel
    /// This program, by RTS: high while sending.
    case rts
    /// This program, by RTS: low while sending.
    case rtsInverted = "rts-inverted"
  }

  /// The device file, by a name that survives replugging.
  public var path: String
  public var speed: SerialSpeed
  public var direction: Direction
  /// Whether the adapter hears its own sending.
  public var hasEcho: Bool

  public init(
    path: String, speed: SerialSpeed = SerialSpeed(), direction: Direction = .automatic,
    hasEcho: Bool = false
  ) {
    self.path = path
    self.speed = speed
    self.direction = direction
    self.hasEcho = hasEcho
  }
}

/// A run of addresses in one table.
public struct AddressRange: Hashable, Sendable {
  public var table: ModbusTable
  public var addresses: ClosedRange<UInt16>

  public init(_ table: ModbusTable, _ addresses: ClosedRange<UInt16>) {
    self.table = table
    self.addresses = addresses
  }
}

/// What a device can bear and what it cannot: facts of its manual, as data.
public struct DeviceQuirks: Equatable, Sendable {
  /// Most registers asked for at once (1…125).
  public var registersPerRequest: Int
  /// Most bits asked for at once (1…2000).
  public var bitsPerRequest: Int
  /// Unused addresses that may be read along to save a request; nil: what the line makes worth it.
  public var gapLimit: Int?
  /// The tables the device offers, by their function codes 1 to 4.
  public var tables: Set<ModbusTable>
  /// Addresses that are never asked for, not even between two others.
  public var forbidden: [AddressRange]
  /// Tables in which every request must begin at one address ("coils must start at 0").
  public var requestStart: [ModbusTable: UInt16]
  /// Silence the device needs between an answer and the next request to it.
  public var pause: Duration

  public init(
    registersPerRequest: Int = 125, bitsPerRequest: Int = 2000, gapLimit: Int? = nil,
    tables: Set<ModbusTable> = Set(ModbusTable.allCases), forbidden: [AddressRange] = [],
    requestStart: [ModbusTable: UInt16] = [:], pause: Duration = .zero
  ) {
    self.registersPerRequest = registersPerRequest
    self.bitsPerRequest = bitsPerRequest
    self.gapLimit = gapLimit
    self.tables = tables
    self.forbidden = forbidden
    self.requestStart = requestStart
    self.pause = pause
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
  public var quirks: DeviceQuirks
  public var bindings: [ReadBinding]

  public init(
    id: UnitID, name: String, address: UInt8, timeout: Duration,
    quirks: DeviceQuirks = DeviceQuirks(), bindings: [ReadBinding]
  ) {
    self.id = id
    self.name = name
    self.address = address
    self.timeout = timeout
    self.quirks = quirks
    self.bindings = bindings
  }
}

/// One endpoint or serial port with its units; a thread and a ring each.
public struct BusDefinition: Equatable, Sendable {
  public var name: String
  public var line: BusLine
  public var connectTimeout: Duration
  /// Silence after the line was opened, before the first request.
  public var connectPause: Duration
  /// Silence between an answer and the next request, whatever the unit.
  public var requestPause: Duration
  public var units: [UnitDefinition]

  public init(
    name: String, line: BusLine, connectTimeout: Duration, connectPause: Duration = .zero,
    requestPause: Duration = .zero, units: [UnitDefinition]
  ) {
    self.name = name
    self.line = line
    self.connectTimeout = connectTimeout
    self.connectPause = connectPause
    self.requestPause = requestPause
    self.units = units
  }
}

extension BusLine {
  /// What to look at when something was heard that is no answer: other causes on other lines.
  public func advice(onGarbage cause: String) -> String {
    switch framing {
    case .rtu: "check baud and parity, for a second master or a noisy line"
    case .mbap where cause.contains(" answered for unit "):
      "if that is the device, give the machine the unit number that it answers with"
    case .mbap:
      "the device breaks Modbus TCP, or something else answers there: a serial server that only "
        + "passes bytes through is modbus-rtu-over-tcp"
    }
  }

  /// Where it leads, for sentences: `192.168.1.5:502`, `[fd00::5]:802`, `/dev/ttyUSB0`.
  public var text: String {
    switch self {
    case .tcp(let host, let port), .tls(let host, let port, _), .rtuOverTCP(let host, let port, _):
      return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .rtu(let line): return line.path
    }
  }
}
