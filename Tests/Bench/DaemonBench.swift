// The whole daemon: memory, start, end, processor time, and that an uplink moves no poll.

import CAnchors
import Glibc
import LinuxEdge
import Primitives

enum DaemonBench {
  static let forwardParts = ["forward", "seal", "wear", "drain", "mqtt", "outage", "latency"]

  static func run(_ table: inout Table, _ options: BenchOptions) {
    let sections = ["memory", "life", "schedule", "field"] + forwardParts
    guard options.wantsSoak || sections.contains(where: options.wants),
      let bench = DaemonRun(options)
    else { return }
    defer { bench.finish() }
    if options.wants("memory") { bench.memory(&table) }
    if options.wants("life") {
      bench.starts(&table)
      bench.ends(&table)
    }
    if options.wants("schedule") { bench.schedule(&table) }
    if options.wants("field") { bench.field(&table) }
    bench.forward(&table, options)
    if options.wantsSoak { bench.soak(&table, minutes: options.minutes) }
  }
}

/// One PLC server, one receiver, one port that accepts and never answers.
final class DaemonRun {
  let program: String
  let folder: String
  let server: OpaquePointer
  let port: UInt16
  private let hole: TCPHole
  private var sites = 0

  init?(_ options: BenchOptions) {
    program = options.program
    folder = options.folder
    var port: UInt16 = 0
    guard let server = anchor_server_start(&port), let hole = TCPHole() else { return nil }
    self.server = server
    self.port = port
    self.hole = hole
    let keys = [
      ["keygen", "--key", "\(folder)/gateway.key", "--jwks", "\(folder)/jwks.json", "--force"],
      ["keygen", "--tls", "\(folder)/tls", "--force"],
    ]
    for arguments in keys {
      guard let child = start(arguments), child.wait(seconds: 20) else { return nil }
    }
  }

  func finish() { anchor_server_stop(server) }

  func start(_ arguments: [String]) -> Child? {
    Child([program] + arguments, output: "\(folder)/output.log")
  }

  func run(_ site: DaemonSite) -> Child? {
    sites += 1
    return start(["run", "--config", site.write(folder, "site-\(sites)")])
  }

  /// Where the next site keeps its journal.
  func stateOfNext() -> String { "\(folder)/site-\(sites + 1).state" }

  /// A receiver that verifies and stores, and the port it listens on.
  func receive() -> (child: Child, port: UInt16)? {
    guard let port = TCPHole.freePort() else { return nil }
    let child = start([
      "receive", "--quiet", "--listen", "127.0.0.1:\(port)", "--certificate",
      "\(folder)/tls/server.pem", "--key", "\(folder)/tls/server.key", "--jwks",
      "\(folder)/jwks.json", "--out", "\(folder)/received-\(sites).jsonl",
    ])
    pause(0.5)
    return child.map { ($0, port) }
  }

  private func small() -> DaemonSite {
    DaemonSite(plcs: 1, signals: 12, every: "250ms", modbusPort: port)
  }

  private func large() -> DaemonSite {
    DaemonSite(plcs: 64, signals: 10_000, every: "1s", modbusPort: port)
  }

  // MARK: Memory

  func memory(_ table: inout Table) {
    for (name, site, resident, proportional) in [
      ("1 PLC, 12 signals", small(), 20.0, nil),
      ("64 PLCs, 10,000 signals", large(), 32.0, 28.0),
    ] {
      var site = site
      let receiver = receive()
      site.uplinkPort = receiver?.port
      guard let child = run(site) else { return }
      pause(6)
      let figures = child.memory
      table.row("memory, \(name)", figures.resident, "MB RSS", goal: .atMost(resident))
      table.row(
        "memory, \(name)", figures.proportional, "MB PSS",
        goal: proportional.map { .atMost($0) } ?? .none)
      table.row("memory, \(name)", child.privateMegabytes, "MB private")
      _ = child.end()
      _ = receiver?.child.end()
    }
  }

  // MARK: Start and end

  func starts(_ table: inout Table) {
    for (name, site) in [("1 PLC, 12 signals", small()), ("64 PLCs, 10,000 signals", large())] {
      var times: [Double] = []
      for _ in 0..<5 {
        _ = anchor_server_first(server)
        guard let child = run(site) else { return }
        var first: Int64 = 0
        while first == 0, anchor_now() - child.startedAt < 5_000_000_000 {
          pause(0.002)
          first = anchor_server_first(server)
        }
        times.append(first == 0 ? .nan : Double(first - child.startedAt) / 1e9)
        _ = child.end()
      }
      table.row("exec to the first poll, \(name)", median(times), "s", goal: .atMost(0.3))
    }
  }

  func ends(_ table: inout Table) {
    var toHole = small()
    toHole.uplinkPort = hole.port
    var deaf = small()
    deaf.modbusPort = hole.port
    deaf.modbusHost = "127.0.0.1"
    var nowhere = small()
    nowhere.modbusHost = "192.0.2.1"  // RFC 5737: no such network, packets vanish.
    var backlog = large()
    backlog.publishes = true
    backlog.uplinkPort = TCPHole.freePort()
    for (name, site) in [
      ("idle", small()), ("uplink accepts, never answers", toHole),
      ("PLC accepts, never answers", deaf), ("PLC unreachable", nowhere),
      ("64 PLCs, backlog, receiver down", backlog),
    ] {
      var times: [Double] = []
      for _ in 0..<3 {
        guard let child = run(site) else { return }
        pause(2.5)
        times.append(child.end().map { Double($0) / 1e9 } ?? .nan)
      }
      table.row("SIGTERM to exit, \(name)", times.max() ?? .nan, "s", goal: .atMost(2))
    }
  }

  // MARK: The schedule

  /// Polls in ten seconds with a receiver that answers, and with one that never does.
  func schedule(_ table: inout Table) {
    var site = DaemonSite(plcs: 4, signals: 400, every: "100ms", publishes: true, modbusPort: port)
    let receiver = receive()
    site.uplinkPort = receiver?.port
    let answered = polls(site, seconds: 10)
    _ = receiver?.child.end()
    site.uplinkPort = hole.port
    let hung = polls(site, seconds: 10)
    table.row(
      "polls in 10 s, uplink never answers", hung, "requests", anchor: answered,
      goal: .ratioAtLeast(0.999))
    table.row(
      "polls in 10 s, of those asked for", hung, "requests", anchor: 400,
      goal: .ratioAtLeast(0.997))
  }

  private func polls(_ site: DaemonSite, seconds: Double) -> Double {
    guard let child = run(site) else { return .nan }
    pause(1.5)
    let before = anchor_server_answered(server)
    let began = anchor_now()
    pause(seconds)
    let count = Double(anchor_server_answered(server) - before)
    let rate = count / (Double(anchor_now() - began) / 1e9) * seconds
    _ = child.end()
    return rate.rounded()
  }
}
