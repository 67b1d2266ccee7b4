// Store and forward as it is promised: how fast a backlog leaves, how soon an event is there.
//
// Every receiver is the bench's own, the same for the daemon and for the bare loop beside it.

import CAnchors
import Glibc
import LinuxEdge
import Outbox
import Primitives
import SQLiteEdge

extension DaemonRun {
  private var certificate: String { "\(folder)/tls/server.pem" }
  private var certificateKey: String { "\(folder)/tls/server.key" }
  var authority: String { "\(folder)/tls/ca.pem" }

  func forward(_ table: inout Table, _ options: BenchOptions) {
    func wants(_ part: String) -> Bool { options.wants(part, of: "forward") }
    if wants("seal") {
      for group in [1, 10, 100] { JournalBench.forward(&table, folder, group) }
    }
    if wants("wear") { JournalBench.wear(&table, folder) }
    if wants("drain") { drain(&table, events: options.backlog) }
    if wants("mqtt") { MQTTBench.run(&table, folder) }
    if wants("outage") { outage(&table, seconds: options.outage) }
    if wants("latency") {
      latency(&table)
      changes(&table)
    }
  }

  /// A receiver at a free port, or at the one given.
  func startReceiver(_ port: inout UInt16) -> OpaquePointer? {
    anchor_receiver_start(certificate, certificateKey, &port)
  }

  // MARK: The backlog

  /// A backlog that was committed and signed before, through the daemon and through the bare loop.
  private func drain(_ table: inout Table, events: Int) {
    let made = "\(folder)/backlog.db"
    do {
      try JournalBench.backlog(made, events: events)
    } catch {
      return print("making the backlog: \(error)")
    }
    defer { for suffix in ["", "-wal"] { unlink(made + suffix) } }
    var rates: (ours: [Double], anchor: [Double]) = ([], [])
    var (resident, used, bare) = (0.0, 0.0, 0.0)
    for _ in 0..<3 {
      rates.ours.append(daemonDrain(made, events, &resident, &used))
      let before = anchor_thread_time()
      rates.anchor.append(bareDrain(made, events))
      bare += Double(anchor_thread_time() - before) / 1e9
    }
    let (ours, anchor) = (median(rates.ours), median(rates.anchor))
    let name = "drain of \(events) events by 100"
    table.row(name, ours, "events/s", anchor: anchor, goal: .ratioAtLeast(0.5))
    table.row(name, ours, "events/s", goal: .atLeast(60_000))
    let each = 1e6 / Double(events) / 3
    table.row("the same in time of a processor", used * each, "µs/event", anchor: bare * each)
    table.row("memory while it drains", resident, "MB RSS", goal: .atMost(48))
  }

  /// Events a second from the first to the last at the receiver; NaN when they did not all come.
  private func daemonDrain(
    _ made: String, _ events: Int, _ resident: inout Double, _ used: inout Double
  ) -> Double {
    var site = DaemonSite(plcs: 1, signals: 2, every: "1s", modbusPort: port)
    site.journal = "8GB"
    var receiving: UInt16 = 0
    guard let receiver = startReceiver(&receiving) else { return .nan }
    defer { anchor_receiver_stop(receiver) }
    site.uplinkPort = receiving
    let state = stateOfNext()
    defer { Self.remove(state) }
    guard copy(made, to: state), let child = run(site) else { return .nan }
    let limit = anchor_now() + 300_000_000_000
    while anchor_receiver_events(receiver) < events, anchor_now() < limit {
      pause(0.05)
      resident = max(resident, child.memory.resident)
    }
    let elapsed = anchor_receiver_last(receiver) - anchor_receiver_first(receiver)
    let isWhole = anchor_receiver_events(receiver) >= events
    used += child.processorSeconds
    _ = child.end()
    return isWhole ? Double(events) / (Double(elapsed) / 1e9) : .nan
  }

  private func bareDrain(_ made: String, _ events: Int) -> Double {
    var receiving: UInt16 = 0
    guard let receiver = startReceiver(&receiving) else { return .nan }
    defer { anchor_receiver_stop(receiver) }
    let state = "\(folder)/bare.state"
    defer { Self.remove(state) }
    guard copy(made, to: state) else { return .nan }
    let seconds = anchor_drain("\(state)/journal.db", receiving, authority, 100)
    let isWhole = anchor_receiver_events(receiver) == events
    return isWhole && seconds > 0 ? Double(events) / seconds : .nan
  }

  private func copy(_ made: String, to state: String) -> Bool {
    mkdir(state, 0o700)
    // With its log: a journal whose log is gone is taken for damaged, and rightly.
    return ["", "-wal"].allSatisfy { suffix in
      let words = ["/bin/cp", made + suffix, "\(state)/journal.db\(suffix)"]
      return Child(words, output: "\(folder)/output.log")?.wait(seconds: 120) ?? false
    }
  }

  private static func remove(_ state: String) {
    for name in ["", "-wal", ".ballast"] { unlink("\(state)/journal.db\(name)") }
  }

  // MARK: An outage

  /// The receiver is away for a while; from its first request after that to the last event of
  /// before its return.
  private func outage(_ table: inout Table, seconds: Double) {
    var site = DaemonSite(
      plcs: 16, signals: 1600, every: "100ms", publishes: true, modbusPort: port)
    site.window = "100ms"
    var receiving: UInt16 = 0
    guard let before = startReceiver(&receiving) else { return }
    site.uplinkPort = receiving
    guard let child = run(site) else { return }
    pause(5)
    anchor_receiver_stop(before)
    pause(seconds)
    guard let after = startReceiver(&receiving) else { return }
    let returned = anchor_now()
    pause(10)
    let first = anchor_receiver_first(after)
    let level = anchor_receiver_level(after)
    let gone = first > 0 && level > 0 ? Double(level - first) / 1e9 : .nan
    table.row(
      "backlog of \(Int(seconds)) s gone after the first request", gone, "s", goal: .atMost(1))
    table.row("first request after the return", Double(first - returned) / 1e9, "s")
    _ = child.end()
    anchor_receiver_stop(after)
  }

  // MARK: Latency

  /// From the commit to the receiver, and what a live daemon writes for each event.
  private func latency(_ table: inout Table) {
    var site = DaemonSite(
      plcs: 16, signals: 1600, every: "100ms", publishes: true, modbusPort: port)
    var receiving: UInt16 = 0
    guard let receiver = startReceiver(&receiving) else { return }
    defer { anchor_receiver_stop(receiver) }
    site.uplinkPort = receiving
    guard let child = run(site) else { return }
    pause(5)
    anchor_receiver_reset(receiver)
    let written = child.writtenBytes
    pause(20)
    let grown = child.writtenBytes - written
    let each = grown / Double(anchor_receiver_events(receiver))
    let size = Double(anchor_receiver_bytes(receiver)) / Double(anchor_receiver_events(receiver))
    var delays = [Double](repeating: 0, count: 65_536)
    let count = anchor_receiver_delays(receiver, &delays, delays.count)
    let sorted = delays.prefix(count).sorted()
    _ = child.end()
    let name = "commit to receiver, \(count) live events"
    table.row("\(name), p50", part(sorted, 0.5), "ms")
    table.row("\(name), p99", part(sorted, 0.99), "ms")
    table.row("live daemon, written beside the event itself", each, "bytes/event", anchor: size)
  }

  /// From a change in the PLC to the receiver, with 100 ms polling.
  private func changes(_ table: inout Table) {
    var site = DaemonSite(plcs: 1, signals: 2, every: "100ms", modbusPort: port)
    var receiving: UInt16 = 0
    guard let receiver = startReceiver(&receiving) else { return }
    defer { anchor_receiver_stop(receiver) }
    site.uplinkPort = receiving
    guard let child = run(site) else { return }
    pause(5)
    anchor_receiver_watch(receiver, "takt.state.changed")
    var chance = SeededGenerator(seed: 20)
    var delays: [Double] = []
    for number in 0..<200 {
      pause(Double.random(in: 0.2...0.4, using: &chance))
      anchor_receiver_reset(receiver)
      let began = anchor_now()
      anchor_server_set(server, 0, number % 2 == 0 ? 0 : 1)
      while anchor_receiver_watched(receiver) == 0, anchor_now() - began < 2_000_000_000 {
        pause(0.001)
      }
      if anchor_receiver_watched(receiver) > 0 {
        delays.append(Double(anchor_receiver_watched_at(receiver) - began) / 1e6)
      }
    }
    anchor_server_set(server, 0, 1)
    _ = child.end()
    let sorted = delays.sorted()
    let name = "change to receiver, 100 ms, \(delays.count) of 200"
    table.row("\(name), p50", part(sorted, 0.5), "ms", goal: .atMost(55))
    table.row("\(name), p99", part(sorted, 0.99), "ms", goal: .atMost(110))
  }

  private func part(_ sorted: [Double], _ share: Double) -> Double {
    sorted.isEmpty ? .nan : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
  }
}
