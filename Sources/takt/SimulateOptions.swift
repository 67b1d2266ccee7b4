// What `takt simulate` understands, and the checked values that come of it.

import LinuxEdge
import Polling
import Primitives
import Simulation

/// What `takt simulate` was asked to do.
struct SimulateOptions: Equatable {
  var address: HostAndPort
  /// Modbus RTU on a serial port instead of TCP.
  var serial: SerialLine?
  /// Units that are switched off: they say nothing.
  var dead: Set<UInt8> = []
  var plant = PlantOptions(seed: 1)
  var truthPath: String?
  /// From the start of the process; nil for until a signal comes.
  var runFor: Duration?
  /// From the start of the process; nil for never.
  var freezeAfter: Duration?
  /// From the first request to the first piece.
  var lead: Duration
  var printsConfiguration: Bool

  /// How long a count may rest before that is a stop: 4 cycles, since two good pieces with scrap
  /// between them take 2.2 at most, and longer than the wait for the first piece of all.
  var standstill: Duration { Self.standstill(plant.cycle, lead) }

  static let usage = CommandUsage(
    name: "simulate", summary: "be a PLC with a small line of machines, and write down the truth",
    options: [
      .value("listen", "HOST:PORT", "where to listen; port 0 takes a free one", default: address),
      .value("serial", "PATH", "be slaves with Modbus RTU on this serial port instead"),
      .value("baud", "N", "its bits a second", default: "19200"),
      .value("parity", "NAME", "its parity: even, odd or none", default: "even"),
      .value("stop", "N", "its stop bits, 1 or 2", default: "1"),
      .value("dead", "UNITS", "units that are switched off and say nothing, like 3 or 3,7"),
      .value("machines", "NUMBER", "how many machines", default: "3"),
      .value("seed", "NUMBER", "the same seed gives the same stops and pieces", default: "1"),
      .value("cycle", "MS", "milliseconds for one piece", default: "500"),
      .value("min-stop", "TIME", "shortest stop; the longest is 3 times that", default: "5s"),
      .value("min-run", "TIME", "shortest run; the longest is 3 times that", default: "10s"),
      .value("lead", "TIME", "from the first request to the first piece", default: "1s"),
      .value("power-cycle-every", "TIME", "the PLC loses its power, and its counters, so often"),
      .value("power-off-for", "TIME", "how long the power is off", default: "3s"),
      .switch("keep-counters", "the counters survive a loss of power"),
      .value("truth", "FILE", "every true stop, reset and total as JSON lines, durable"),
      .value("seconds", "TIME", "end after so long (otherwise: SIGTERM or Control-C)"),
      .value("settle", "TIME", "come to rest so long before --seconds is over"),
      .value("freeze-at", "TIME", "come to rest after so long"),
      .switch("config", "print the matching part of a configuration and end"),
    ],
    notes: [
      """
      press-1 shows a run bit and a fault code, press-2 a fault code only, filler-1 nothing but its
      count; more machines repeat that (press-3, press-4, filler-2). Their unit numbers are 1, 2, 3…
      """,
      """
      Without a second adapter, a pair of pseudo terminals is a serial line: "socat PTY,rawer,link=a
      PTY,rawer,link=b", then --serial b here and device: "a" in the gateway's configuration.
      """,
      """
      To come to rest: the last piece is made, open stops end, run bits stay on. With --settle,
      filler-1, which shows nothing but its count, goes on almost to the end, so that nothing looks
      like a stop; with --freeze-at it stands from then on, and the truth holds that as a stop that
      has not ended.
      """,
      """
      Between two losses of power, leave a gateway 15 s to connect and read: what a PLC counts
      between two resets that nobody saw is lost to everybody. None comes that shortly before rest.
      """,
      "TIME is a number of seconds, or carries its unit: 250ms, 2s, 5min.",
    ],
    exits: [.ok, .storage, .internal, .network])

  private static let address = "127.0.0.1:1502"

  init(_ options: CommandLineOptions) throws(CommandFault) {
    let listen = options.text("listen") ?? Self.address
    guard let address = HostAndPort(text: listen) else {
      throw .usage("--listen \"\(listen)\" is no HOST:PORT")
    }
    self.address = address
    serial = try Self.serial(options)
    truthPath = options.text("truth")
    runFor = try options.seconds("seconds")
    freezeAfter = try options.seconds("freeze-at")
    lead = try options.seconds("lead") ?? .seconds(1)
    printsConfiguration = options.has("config")
    plant = try Self.plant(options, lead: lead)
    dead = try Self.dead(options, machines: plant.machines)
    if let settle = try options.seconds("settle") {
      guard let runFor, settle < runFor else {
        throw .usage("--settle needs --seconds, and must be shorter")
      }
      guard freezeAfter == nil else {
        throw .usage("--settle and --freeze-at both say when everything comes to rest")
      }
      freezeAfter = runFor - settle
      // So that a count does not rest for as long as a stop takes to be seen.
      plant.countsLonger = max(.zero, settle - standstill / 2)
    }
  }

  private static func serial(_ options: CommandLineOptions) throws(CommandFault) -> SerialLine? {
    guard let path = options.text("serial") else {
      if let name = ["baud", "parity", "stop"].first(where: options.has) {
        throw .usage("--\(name) says nothing without --serial")
      }
      return nil
    }
    guard !options.has("listen") else {
      throw .usage("--listen and --serial are two ways to be a PLC; give one of them")
    }
    return SerialLine(path: path, speed: try ReadTarget.speed(options))
  }

  private static func dead(
    _ options: CommandLineOptions, machines: Int
  ) throws(CommandFault) -> Set<UInt8> {
    var dead: Set<UInt8> = []
    for word in options.text("dead")?.split(separator: ",", omittingEmptySubsequences: false) ?? []
    {
      guard let unit = UInt8(word), (1...machines).contains(Int(unit)) else {
        throw .usage("--dead \"\(word)\" is no unit; there are 1 to \(machines)")
      }
      dead.insert(unit)
    }
    return dead
  }

  private static func standstill(_ cycle: Duration, _ lead: Duration) -> Duration {
    max(cycle * 4, lead + cycle * 2)
  }

  private static func plant(
    _ options: CommandLineOptions, lead: Duration
  ) throws(CommandFault) -> PlantOptions {
    let shortestStop = try options.seconds("min-stop") ?? .seconds(5)
    let shortestRun = try options.seconds("min-run") ?? .seconds(10)
    let cycle: Int64 = try options.integer("cycle", in: 1...3_600_000) ?? 500
    // A stop must last clearly longer than a standstill takes to be seen.
    let needed = standstill(.milliseconds(cycle), lead) + .milliseconds(cycle) * 4
    guard min(shortestStop, shortestRun) >= needed else {
      throw .usage(
        "--min-stop and --min-run must be \(needed.text) at least with this --cycle and --lead, "
          + "so that a count that rests can be told from slow work")
    }
    let offFor = try options.seconds("power-off-for") ?? .seconds(3)
    let keepsCounters = options.has("keep-counters")
    return PlantOptions(
      seed: try options.integer("seed", in: 0...UInt64.max) ?? 1,
      machines: try options.integer("machines", in: 1...PlantLimits.machines) ?? 3,
      cycle: .milliseconds(cycle), runs: shortestRun...shortestRun * 3,
      stops: shortestStop...shortestStop * 3,
      powerCycle: try options.seconds("power-cycle-every").map {
        PlantOptions.PowerCycle(every: $0, offFor: offFor, keepsCounters: keepsCounters)
      })
  }
}

extension CommandLineOptions {
  /// A number of seconds, or a time with its unit; a month at most.
  fileprivate func seconds(_ name: String) throws(CommandFault) -> Duration? {
    guard let text = text(name) else { return nil }
    guard let duration = Duration(text: text) ?? Duration(text: text + "s"),
      duration <= .seconds(31 * 86_400)
    else { throw .usage("--\(name) \"\(text)\" is no time up to 31d; write it like 20 or 250ms") }
    return duration
  }
}
