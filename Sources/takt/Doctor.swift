// takt doctor: looks at everything a technician would, and says of each what to do.
//
// Invariants
// - It changes nothing: no write to a device, no event, no file, no connection the daemon needs.
//   What the running gateway owns is asked of it, never gone past.
// - Every look is bounded, all of them together by `DoctorLimits.total`; what waits, waits side by
//   side, so a hall of dead devices takes as long as one.
// - A look that does not end is a finding as well.

import LinuxEdge
import Polling
import Primitives
import Settings
import Synchronization

enum DoctorLimits {
  /// All looks together.
  static let total = Duration.seconds(20)
  /// The most for opening one link or uplink, whatever the configuration allows.
  static let open = Duration.seconds(5)
  /// The most for one answer of a unit.
  static let answer = Duration.seconds(3)
  /// Name, connection, handshake and answer of an uplink.
  static let uplink = Duration.seconds(10)
  /// Units asked on one bus; then the rest is left out, and that is said.
  static let units = 32
  /// Threads at once: 64 buses and 16 uplinks wait side by side.
  static let threads = 80
  /// Mistakes and warnings of the configuration that are told; "takt check" tells all.
  static let mistakes = 8
}

/// Some looks that belong together; they run beside others.
struct DoctorCheck: Sendable {
  var place: String
  var look: @Sendable () -> [DoctorFinding]
}

enum DoctorCommand {
  static let usage = CommandUsage(
    name: "doctor", summary: "look at everything that can be wrong, and say what to do",
    options: [
      .value("config", "FILE", "the configuration", default: ConfigurationFiles.defaultPath),
      .value("socket", "PATH", "the daemon's control socket", default: "the configuration's"),
      .value(
        "user", "NAME", "whose rights on files are meant",
        default: "takt where root asks and there is such a user"),
      .switch("json", "print one JSON object"),
    ],
    notes: [
      "It reads and changes nothing: units are asked through the running gateway, uplinks are\n"
        + "reached without posting an event, a token service gives a token that nobody uses. Root\n"
        + "may look at everything: sudo takt doctor."
    ],
    exits: [.ok, .unverified, .configuration])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let report = examine(DoctorCase(options))
      let text = options.has("json") ? report.json.canonicalText + "\n" : report.text
      StandardStream.output.write(Array(text.utf8))
      if report.findings.contains(where: { $0.place == "configuration" && $0.verdict == .fail }) {
        return .configuration
      }
      return report.count(.fail) > 0 ? .unverified : .ok
    }
  }

  /// All looks at a site.
  static func examine(_ site: DoctorCase) -> DoctorReport {
    let clock = SystemClock()
    let started = clock.now()
    let configuration = site.configuration()
    var checks = [DoctorCheck(place: "clock") { DoctorClock.findings(site.plan) }]
    if let plan = site.plan {
      let daemon = DoctorDaemon.ask(site, plan)
      checks += [
        DoctorCheck(place: "signals") { DoctorHints.overlaps(plan) },
        DoctorCheck(place: "key") { DoctorFiles.key(plan, site.identity) },
        DoctorCheck(place: "state directory") { DoctorFiles.state(plan, site.identity) },
        DoctorCheck(place: "disk") { DoctorFiles.disk(plan) },
        DoctorCheck(place: "journal") { DoctorFiles.journal(plan, daemon) },
        DoctorCheck(place: "daemon") { daemon.findings },
      ]
      checks += plan.buses.map { bus in
        DoctorCheck(place: "bus \(bus.name)") { DoctorField(bus, daemon, site.identity).findings() }
      }
      checks += plan.uplinks.map { uplink in
        DoctorCheck(place: "uplink \(uplink.name)") {
          DoctorUplink(uplink, plan, site.identity).findings()
        }
      }
      checks += plan.uplinks.compactMap { uplink in
        DoctorToken(uplink, plan).map { token in
          DoctorCheck(place: "uplink \(uplink.name)") { token.findings() }
        }
      }
    }
    let findings = configuration + together(checks, until: started + DoctorLimits.total, clock)
    return DoctorReport(findings: findings, took: clock.now() - started)
  }

  /// Runs the checks side by side; the findings in the order of the checks.
  static func together(
    _ checks: [DoctorCheck], until deadline: Instant, _ clock: SystemClock
  ) -> [DoctorFinding] {
    let results = DoctorResults(count: checks.count)
    for (index, check) in checks.enumerated().prefix(DoctorLimits.threads) {
      let started = try? NamedThread(name: "doctor") { results.put(check.look(), at: index) }
      if started == nil { results.put(check.look(), at: index) }
    }
    while !results.isComplete(upTo: min(checks.count, DoctorLimits.threads)),
      clock.now() < deadline
    {
      _ = results.bell?.wait(until: deadline)
      _ = results.bell?.drain()
    }
    return checks.enumerated().flatMap { index, check in
      results.take(index) ?? [
        .fail(check.place, "looking at it did not end in time", "try again; look at it alone")
      ]
    }
  }
}

/// Where the threads put what they found.
private final class DoctorResults: Sendable {
  private let slots: Mutex<[[DoctorFinding]?]>
  let bell = try? WakeUp()

  init(count: Int) { slots = Mutex(Array(repeating: nil, count: count)) }

  func put(_ findings: [DoctorFinding], at index: Int) {
    slots.withLock { $0[index] = findings }
    bell?.signal()
  }

  func take(_ index: Int) -> [DoctorFinding]? { slots.withLock { $0[index] } }

  func isComplete(upTo count: Int) -> Bool {
    slots.withLock { $0.prefix(count).allSatisfy { $0 != nil } }
  }
}

/// What is examined: the configuration, the socket, and whose rights count.
struct DoctorCase: Sendable {
  let path: String
  let socket: String?
  let identity: DoctorIdentity
  let plan: SitePlan?
  private let outcome: Result<ConfigurationOutcome, UnreadableFile>

  init(path: String, socket: String? = nil, user: String? = nil) {
    self.path = path
    self.socket = socket
    identity = DoctorIdentity(user: user)
    outcome = loadConfiguration(path: path)
    plan = (try? outcome.get())?.configuration?.plan
  }

  init(_ options: CommandLineOptions) {
    self.init(
      path: options.text("config") ?? ConfigurationFiles.defaultPath,
      socket: options.text("socket"), user: options.text("user"))
  }

  /// What "takt check" says, shortened.
  func configuration() -> [DoctorFinding] {
    let place = "configuration"
    switch outcome {
    case .failure(let unreadable):
      return [.fail(place, unreadable.description, "name the file with --config")]
    case .success(let outcome):
      let all = "\"takt check --config \(path)\" names all"
      var findings = outcome.errors.prefix(DoctorLimits.mistakes).map {
        DoctorFinding.fail(place, $0.description, outcome.errors.count > 1 ? all : nil)
      }
      var hints = outcome.warnings.map(\.description)
      if let plan = outcome.configuration?.plan {
        hints += CheckReport.overloads(plan) + CheckReport.missingFiles(plan)
      }
      findings += hints.prefix(DoctorLimits.mistakes).map { .warn(place, $0) }
      guard outcome.errors.isEmpty else { return findings }
      return [.ok(place, "\(path) is usable")] + findings
    }
  }
}
