// Which bus a tool talks to: one of the configuration, or one told on the command line; and whether
// the running gateway owns it, through whom it then goes.
//
// Invariants
// - A serial port or endpoint that the running gateway owns is never opened here: two masters on
//   one line would spoil each other's frames.
// - A gateway that is there and cannot be asked (its socket is not ours to use) is a refusal, not
//   a reason to go past it.

import Glibc
import LinuxEdge
import Polling
import Primitives
import Settings

/// A line with the way to it.
struct ReadTarget {
  /// Where the requests go.
  enum Way {
    /// Through the running gateway, to its bus of that name.
    case gateway(GatewayClient, GatewayBus)
    /// From here, since nobody else holds the line.
    case direct
  }

  /// What it is called in sentences: "line-2", "192.168.1.5:502".
  var name: String
  var line: BusLine
  var connectTimeout: Duration
  /// Units of the configuration, for their names and timeouts.
  var units: [UnitDefinition]
  var way: Way
}

extension ReadTarget {
  /// Time for connecting where no configuration says another.
  static let connectTimeout = Duration.seconds(3)

  /// Options that tell a line without any configuration; the same for every tool.
  static let lineOptions: [CommandOption] = [
    .value("host", "HOST", "without configuration: a device or gateway on Modbus TCP"),
    .value("port", "PORT", "its port", default: "502"),
    .value("rtu-over-tcp", "HOST:PORT", "without configuration: a transparent serial server"),
    .value("device", "PATH", "without configuration: a serial port with Modbus RTU"),
    .value("baud", "N", "its bits a second", default: "19200"),
    .value("parity", "NAME", "its parity: even, odd or none", default: "even"),
    .value("stop", "N", "its stop bits, 1 or 2", default: "1"),
  ]

  /// Options that say where the configuration and the running gateway are.
  static let gatewayOptions: [CommandOption] = [
    .value(
      "config", "FILE", "the configuration that knows the buses",
      default: ConfigurationFiles.defaultPath),
    .value(
      "socket", "PATH", "the running gateway's control socket", default: "the configuration's"),
  ]

  /// Whether the options tell a line of their own.
  static func isDirect(_ options: CommandLineOptions) -> Bool {
    ["host", "rtu-over-tcp", "device"].contains(where: options.has)
  }

  /// The line that the options tell.
  init(direct options: CommandLineOptions) throws(CommandFault) {
    let line = try Self.line(options)
    self.init(
      name: line.text, line: line, connectTimeout: Self.connectTimeout, units: [], way: .direct)
    try findWay(socket: try Self.configuredSocket(options))
  }

  /// The bus of that name in the configuration.
  init(bus name: String, _ options: CommandLineOptions) throws(CommandFault) {
    let path = options.text("config") ?? ConfigurationFiles.defaultPath
    let plan = try Self.plan(path)
    guard let bus = plan.buses.first(where: { $0.name == name }) else {
      throw .usage("in \(path) \(BusName.unknown(name, among: plan.buses.map(\.name)))")
    }
    self.init(
      name: name, line: bus.line, connectTimeout: bus.connectTimeout, units: bus.units,
      way: .direct)
    try findWay(socket: options.text("socket") ?? plan.gateway.controlSocket)
  }

  /// Whether the running gateway owns the line.
  private mutating func findWay(socket: String) throws(CommandFault) {
    let client = GatewayClient(path: socket, clock: SystemClock())
    guard let buses = try client.buses() else { return }
    let here = Self.place(line.text)
    guard let owned = buses.first(where: { Self.place($0.at) == here }) else { return }
    way = .gateway(client, owned)
  }

  /// One name for a place, however it is written: links to device files are followed.
  private static func place(_ text: String) -> String {
    guard text.hasPrefix("/") else { return text.lowercased() }
    guard let resolved = realpath(text, nil) else { return text }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  // MARK: the configuration

  static func plan(_ path: String) throws(CommandFault) -> SitePlan {
    switch loadConfiguration(path: path) {
    case .failure(let unreadable):
      throw CommandFault(
        .configuration,
        "\(unreadable.description); name it with --config, or tell the line with --host, "
          + "--rtu-over-tcp or --device")
    case .success(let outcome):
      guard let configuration = outcome.configuration else {
        throw CommandFault(
          .configuration, "\(path) has mistakes; \"takt check --config \(path)\" names them")
      }
      return configuration.plan
    }
  }

  /// The socket that is told, or that of the configuration, if there is one to be read.
  private static func configuredSocket(_ options: CommandLineOptions) throws(CommandFault) -> String
  {
    if let path = options.text("socket") { return path }
    if let path = options.text("config") { return try plan(path).gateway.controlSocket }
    guard case .success(let outcome) = loadConfiguration(path: ConfigurationFiles.defaultPath),
      let configuration = outcome.configuration
    else { return StatusCommand.defaultSocket }
    return configuration.plan.gateway.controlSocket
  }

  // MARK: the line

  private static func line(_ options: CommandLineOptions) throws(CommandFault) -> BusLine {
    let given = ["host", "rtu-over-tcp", "device"].filter(options.has)
    guard given.count == 1 else {
      throw .usage("--\(given.joined(separator: " and --")) are two lines; give one of them")
    }
    if let host = options.text("host") {
      try refuse(["baud", "parity", "stop"], options, besides: "host")
      let port: UInt16 = try options.integer("port", in: 1...UInt16.max) ?? 502
      return .tcp(host: host, port: port)
    }
    try refuse(["port"], options, besides: given[0])
    let speed = try speed(options)
    if let path = options.text("device") { return .rtu(SerialLine(path: path, speed: speed)) }
    let (host, port) = try endpoint(options.required("rtu-over-tcp"))
    return .rtuOverTCP(host: host, port: port, behind: speed)
  }

  private static func refuse(
    _ names: [String], _ options: CommandLineOptions, besides line: String
  ) throws(CommandFault) {
    guard let name = names.first(where: options.has) else { return }
    throw .usage("--\(name) says nothing about --\(line)")
  }

  /// The speed that the options tell.
  static func speed(_ options: CommandLineOptions) throws(CommandFault) -> SerialSpeed {
    var speed = SerialSpeed()
    speed.baud = try options.integer("baud", in: 300...4_000_000) ?? speed.baud
    if let word = options.text("parity") {
      guard let parity = SerialSpeed.Parity(rawValue: word) else {
        throw .usage("--parity \"\(word)\" is none; there are none, even and odd")
      }
      speed.parity = parity
    }
    speed.stopBits = try options.integer("stop", in: 1...2) ?? speed.stopBits
    return speed
  }

  /// "10.0.0.7:4001", "[fd00::7]:4001".
  static func endpoint(_ text: String) throws(CommandFault) -> (host: String, port: UInt16) {
    guard let colon = text.lastIndex(of: ":"),
      let port = UInt16(text[text.index(after: colon)...]), port > 0
    else { throw .usage("--rtu-over-tcp \"\(text)\" has no port; write HOST:PORT") }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    guard !host.isEmpty else { throw .usage("--rtu-over-tcp \"\(text)\" has no host") }
    return (host, port)
  }
}

extension ReadTarget {
  /// How long a unit may take to answer: as configured, else half a second.
  func timeout(of unit: UInt8) -> Duration {
    if let known = units.first(where: { $0.address == unit }) { return known.timeout }
    switch way {
    case .gateway(_, let bus):
      return bus.units.first { $0.address == unit }?.timeout ?? .milliseconds(500)
    case .direct: return .milliseconds(500)
    }
  }

  /// What a unit is called: "line-2/3".
  func unitName(_ unit: UInt8) -> String { "\(name)/\(unit)" }

  /// Calls with the link to the line: the gateway's, or one of our own, closed.
  func withBus<Visit: FieldBusVisit>(meter: AnswerMeter?, _ visit: consuming Visit) -> Visit.Result
  {
    switch way {
    case .gateway(let client, let bus):
      return visit.use(GuestBus(client, bus: bus.name, meter: meter))
    case .direct:
      return withFieldBus(line, tap: nil, visit)
    }
  }
}
