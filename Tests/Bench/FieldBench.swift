// The field side as it is promised: polls beside libmodbus, the schedule as the PLC sees it, and
// what the whole daemon takes for it.
//
// The schedule is measured where it counts, at the server: every address of every connection is a
// series of its own, and a request is late by its distance from the earliest grid of its series.

import CAnchors
import Glibc
import LinuxEdge

extension DaemonRun {
  /// One site of performance goals: asked for, and what it may take.
  private struct Work {
    var name: String
    var site: DaemonSite
    /// Nanoseconds.
    var period: Int64
    /// Requests a scan of one PLC, merged as far as 125 registers allow.
    var requests: Int32
    /// Percent of a processor: must, and aim.
    var limit: Double
    var aim: Double
    /// Megabytes.
    var resident: Double
  }

  /// Scans asked and done, lateness, processor time and memory with everything going upstream.
  func field(_ table: inout Table) {
    let works = [
      Work(
        name: "1 PLC × 1,000, 100 ms",
        site: DaemonSite(
          plcs: 1, signals: 1000, every: "100ms", publishes: true, modbusPort: port),
        period: 100_000_000, requests: 8, limit: 2, aim: 1.6, resident: 16),
      Work(
        name: "16 PLCs × 100, 100 ms",
        site: DaemonSite(
          plcs: 16, signals: 1600, every: "100ms", publishes: true, modbusPort: port),
        period: 100_000_000, requests: 1, limit: 3, aim: 1.5, resident: 32),
      Work(
        name: "64 PLCs × 125, 1 s",
        site: DaemonSite(
          plcs: 64, signals: 8000, every: "1s", publishes: true, modbusPort: port),
        period: 1_000_000_000, requests: 1, limit: 2, aim: 1.2, resident: 32),
    ]
    for work in works { measure(work, &table) }
  }

  private func measure(_ work: Work, _ table: inout Table) {
    let bare = anchor_pace(port, Int32(work.site.plcs), work.requests, work.period, 4)
    var site = work.site
    let receiver = receive()
    site.uplinkPort = receiver?.port
    guard let child = run(site) else { return }
    // Until what only the start needed was given back.
    pause(33)
    let seconds = 20.0
    let before = child.processorSeconds
    anchor_server_watch(server)
    let began = anchor_now()
    pause(seconds)
    let schedule = anchor_server_schedule(server, work.period)
    let elapsed = Double(anchor_now() - began) / 1e9
    let used = child.processorSeconds - before
    let asked =
      (elapsed * 1e9 / Double(work.period)) * Double(work.site.plcs)
      * Double(work.requests)
    let name = "daemon, \(work.name)"
    table.row("\(name), requests", Double(schedule.requests), anchor: asked.rounded())
    table.row(
      "\(name), polls missed or too many", Double(schedule.irregular), goal: .atMost(0))
    table.row("\(name), lateness p99", schedule.late_p99, "ms", goal: .atMost(5))
    table.row("\(name), lateness, most", schedule.late_most, "ms")
    table.row(
      "\(name), aim \(work.aim)", used / elapsed * 100, "% CPU", anchor: bare,
      goal: .atMost(work.limit))
    table.row(name, child.memory.resident, "MB RSS", goal: .atMost(work.resident))
    _ = child.end()
    _ = receiver?.child.end()
  }
}
