// A long time in fast motion: hundreds of events a second, a receiver that goes and comes back
// every few seconds, and whether anything grows. scripts/soak.
//
// A straight line is laid through what was seen after the first third of the time, and after two
// minutes, by when the caches are full, by least squares; what it rises from its beginning to its
// end is the growth.

import CAnchors
import Glibc
import LinuxEdge
import Primitives

extension DaemonRun {
  /// What is looked at, at one moment.
  private struct Look {
    var at: Int64
    var events: Double
    var figures: [Double]
  }

  /// What may not grow, and by how much its line may rise for noise: memory by a megabyte, the log
  /// by one it is shortened to, the journal by what waits for an absent receiver.
  private static let watched: [(name: String, unit: String, limit: Double)] = [
    ("resident memory", "MB", 1), ("descriptors", "", 1), ("threads", "", 0.5),
    ("log of the journal", "MB", 4), ("journal", "MB", 4),
  ]

  func soak(_ table: inout Table, minutes: Double) {
    var site = DaemonSite(plcs: 64, signals: 640, every: "100ms", publishes: true, modbusPort: port)
    site.window = "0s"
    var receiving: UInt16 = 0
    guard var receiver = startReceiver(&receiving) else { return }
    site.uplinkPort = receiving
    let state = stateOfNext()
    guard let child = run(site) else { return }
    var looks: [Look] = []
    var (events, reconnects): (UInt64, Int) = (0, 0)
    let began = anchor_now()
    while Double(anchor_now() - began) < minutes * 60e9, !child.hasEndedByNow {
      pause(4)
      looks.append(
        Look(
          at: anchor_now(), events: Double(events + anchor_receiver_events(receiver)),
          figures: [
            child.memory.resident, child.entries(of: "fd"), child.entries(of: "task"),
            Self.megabytes("\(state)/journal.db-wal"), Self.megabytes("\(state)/journal.db"),
          ]))
      events += anchor_receiver_events(receiver)
      anchor_receiver_stop(receiver)
      pause(Double(reconnects % 4) * 0.5)
      guard let next = startReceiver(&receiving) else { break }
      receiver = next
      reconnects += 1
    }
    pause(3)
    let alive = !child.hasEndedByNow
    events += anchor_receiver_events(receiver)
    let ended = child.end()
    anchor_receiver_stop(receiver)
    let warm = began + Int64(max(minutes * 20e9, min(minutes * 40e9, 120e9)))
    report(&table, looks.filter { $0.at >= warm })
    table.row("events delivered", Double(events), goal: .atLeast(minutes * 60 * 100))
    table.row("reconnections", Double(reconnects), goal: .atLeast(minutes * 5))
    table.row("alive to the end", alive && ended != nil ? 1 : 0, goal: .atLeast(1))
  }

  private func report(_ table: inout Table, _ looks: [Look]) {
    guard looks.count > 2, let first = looks.first, let last = looks.last else { return }
    let events = last.events - first.events
    for (index, figure) in Self.watched.enumerated() {
      let values = looks.map { $0.figures[index] }
      let growth = Self.growth(values)
      let unit = figure.unit.isEmpty ? figure.unit : figure.unit + " "
      table.row("\(figure.name), mean", values.reduce(0, +) / Double(values.count), figure.unit)
      table.row(
        "\(figure.name), \(unit)grown by its line", growth, goal: .atMost(figure.limit))
      if index == 0 {
        table.row("memory grown for each event", growth * 1e6 / max(1, events), "bytes")
      }
    }
  }

  /// What the line of least squares rises over all values.
  private static func growth(_ values: [Double]) -> Double {
    let count = Double(values.count)
    let middle = (count - 1) / 2
    let mean = values.reduce(0, +) / count
    var (above, below) = (0.0, 0.0)
    for (index, value) in values.enumerated() {
      above += (Double(index) - middle) * (value - mean)
      below += (Double(index) - middle) * (Double(index) - middle)
    }
    return below > 0 ? above / below * (count - 1) : .nan
  }

  private static func megabytes(_ path: String) -> Double {
    var status = stat()
    return stat(path, &status) == 0 ? Double(status.st_size) / 1e6 : .nan
  }
}

extension Child {
  /// Whether it ended although nobody asked it to.
  var hasEndedByNow: Bool { wait(seconds: 0.001) }

  /// Entries of a folder that /proc keeps of it.
  func entries(of folder: String) -> Double {
    guard let stream = opendir("/proc/\(id)/\(folder)") else { return .nan }
    defer { closedir(stream) }
    var count = -2.0  // "." and ".."
    while readdir(stream) != nil { count += 1 }
    return count
  }
}
