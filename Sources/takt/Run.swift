// takt run: the daemon. Wires the checked configuration to threads, and waits for signals.
//
// Order of a start: configuration, key and certificates (nothing is opened before they are right);
// the field threads, so that the first poll does not wait for the disk; the recorder, which opens
// the journal; the couriers. Order of an end: field threads stop asking, the recorder tells what it
// has and that it stops, everything within `RunLimits.stopDeadline`.

import LinuxEdge
import OpenSSLEdge
import Primitives
import Settings

/// Limits of the daemon's life cycle.
enum RunLimits {
  /// SIGTERM to exit: 2 s are promised.
  static let stopDeadline = Duration.milliseconds(1800)
  /// How long the recorder waits for field threads that are inside a request.
  static let fieldStop = Duration.milliseconds(500)
  /// Between two looks whether there is room for the journal on a full file system.
  static let journalWait = Duration.seconds(5)
  /// How long a status question waits for threads to report; then the last report is told.
  static let statusWait = Duration.milliseconds(300)
  /// Arenas of the heap: field threads allocate next to nothing, so two serve them all.
  static let heapArenas = 2
  /// How often files of certificates that could not be used are looked at again; it also keeps the
  /// thread's turn counter moving for the watchdog.
  static let certificateRetry = Duration.seconds(5)
  /// When memory is given back after a start, as soon as every uplink had time to connect.
  static let firstTidy = Duration.seconds(30)
  /// How often after that: it costs some hundred page faults, a millisecond in all.
  static let tidyInterval = Duration.seconds(3600)
  /// What became of configurations, waiting for the recorder: one refused bundle a second for a
  /// minute in which the disk stands still.
  static let tidingsWaiting = 64
  /// How often the main thread looks at the turn counters at the longest.
  static let mainIdle = Duration.seconds(10)
}

enum RunCommand {
  static let usage = CommandUsage(
    name: "run", summary: "run the gateway until SIGTERM or SIGINT",
    options: [
      .value(
        "config", "FILE", "the configuration; fragments are read from conf.d beside it",
        default: ConfigurationFiles.defaultPath)
    ],
    notes: [
      "Logs go to standard error, one line a change of condition. With systemd it tells readiness\n"
        + "and feeds the watchdog; without, it works the same."
    ],
    exits: [.ok, .configuration, .storage, .internal])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      try live(options.text("config") ?? ConfigurationFiles.defaultPath)
    }
  }

  private static func live(_ path: String) throws(CommandFault) -> ExitCode {
    HeapMemory.limitArenas(to: RunLimits.heapArenas)
    let daemon = try BundleStart.begin(path, wire)
    HeapMemory.giveBack()
    // Before any thread: who finds another gateway here has not asked a PLC for anything.
    let socket = daemon.plan.gateway.controlSocket
    let control = try asking(.storage) { () throws(LinuxFault) in
      try Files.makeDirectory(Files.directoryName(socket))
      return try UnixSocketServer(path: socket)
    }
    do throws(LinuxFault) {
      let signals = try SignalDescriptor()
      try daemon.start()
      return RunLoop.live(daemon, signals, control)
    } catch {
      throw CommandFault(.internal, error.description)
    }
  }

  /// Everything but the threads; what only wiring needs of the configuration ends with it.
  private static func wire(_ source: ConfigurationSource) throws(CommandFault) -> Daemon {
    let clock = SystemClock()
    let startedAt = clock.reading()
    let plan = try loadPlan(source)
    let keys = try RunKeys(plan)
    let design = try SiteDesign(plan, from: source)
    for warning in design.warnings { Log().line(.warning, .zoneUnknown, warning) }
    do throws(LinuxFault) {
      return try Daemon(design: design, keys: keys, clock: clock, startedAt: startedAt)
    } catch {
      throw CommandFault(.internal, error.description)
    }
  }

  /// Reads and checks the configuration; every mistake is in the sentence.
  private static func loadPlan(_ source: ConfigurationSource) throws(CommandFault) -> SitePlan {
    switch loadConfiguration(source: source) {
    case .failure(let fault): throw CommandFault(.configuration, fault.description)
    case .success(let outcome):
      guard let configuration = outcome.configuration else {
        let mistakes = outcome.mistakes.map(\.description).joined(separator: "\n")
        throw CommandFault(.configuration, "the configuration is not usable\n\(mistakes)")
      }
      return configuration.plan
    }
  }
}
