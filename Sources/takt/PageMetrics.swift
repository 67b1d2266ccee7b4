// The status document as Prometheus reads it: text format 0.0.4.
//
// Invariants
// - Made from the status document alone, so the two cannot disagree.
// - A name, a help line and a type for each family; samples of one family stand together.
// - Label values are escaped; a name of a machine or a text of a device cannot break the format.

import Primitives

/// Writes the metrics of one status document.
struct PageMetrics {
  private enum Kind: String { case counter, gauge }

  private var text = ""

  static func text(_ status: JSONValue) -> String {
    var metrics = PageMetrics()
    metrics.gateway(status)
    metrics.machines(status["machines"]?.array ?? [])
    metrics.buses(status["buses"]?.array ?? [])
    metrics.units(status["buses"]?.array ?? [])
    metrics.uplinks(status["uplinks"]?.array ?? [])
    return metrics.text
  }

  private mutating func gateway(_ status: JSONValue) {
    family("takt_info", .gauge, "The program and the gateway that tell this.")
    sample(
      "takt_info",
      [("gateway", status["gateway"]?.string), ("version", status["version"]?.string)], 1)
    family("takt_clock_synchronised", .gauge, "1 while something sets the clock.")
    sample(
      "takt_clock_synchronised", [],
      status["clock"]?["quality"]?.string == "synchronised" ? 1 : 0)
    let journal = status["journal"]
    family("takt_journal_sequence_total", .counter, "Events committed in this epoch.")
    sample("takt_journal_sequence_total", [], journal?["sequence"]?.integer)
    family("takt_journal_events", .gauge, "Events that are still in the journal.")
    sample("takt_journal_events", [], journal?["held"]?.integer)
    family("takt_journal_size_bytes", .gauge, "Bytes that the journal takes on the disk.")
    sample("takt_journal_size_bytes", [], journal?["bytes"]?.integer)
    family("takt_journal_healthy", .gauge, "0 while the disk does not do what it should.")
    sample("takt_journal_healthy", [], journal?["fault"] == nil ? 1 : 0)
    family("takt_resident_memory_bytes", .gauge, "Memory of the gateway.")
    sample("takt_resident_memory_bytes", [], status["memory"]?["rssBytes"]?.integer)
  }

  private mutating func machines(_ machines: [JSONValue]) {
    family("takt_machine_state", .gauge, "1 for the state in which the machine is.")
    for machine in machines {
      sample(
        "takt_machine_state",
        [("machine", machine["name"]?.string), ("state", machine["state"]?.string)], 1)
    }
    family("takt_machine_state_age_seconds", .gauge, "How long the machine has been so.")
    for machine in machines {
      seconds("takt_machine_state_age_seconds", name(machine), machine["ageMs"]?.integer)
    }
    for (kind, member) in [
      ("good", "goodTotal"), ("scrap", "scrapTotal"), ("rework", "reworkTotal"),
    ] {
      let metric = "takt_machine_\(kind)_pieces_total"
      family(metric, .counter, "Pieces counted as \(kind) since this journal began.")
      for machine in machines { sample(metric, name(machine), machine[member]?.integer) }
    }
    family("takt_machine_unclassified_stops", .gauge, "Stops that wait for a reason.")
    for machine in machines {
      sample("takt_machine_unclassified_stops", name(machine), machine["unclassified"]?.integer)
    }
  }

  private func name(_ machine: JSONValue) -> [(String, String?)] {
    [("machine", machine["name"]?.string)]
  }

  private mutating func buses(_ buses: [JSONValue]) {
    family("takt_bus_up", .gauge, "1 while the connection to the bus is up.")
    for bus in buses {
      sample("takt_bus_up", label(bus), bus["link"]?.string == "up" ? 1 : 0)
    }
    for (metric, member, help) in [
      ("takt_bus_polls_total", "polls", "Requests sent."),
      ("takt_bus_poll_failures_total", "failures", "Requests that brought no values."),
      ("takt_bus_overruns_total", "overruns", "Reads left out because the bus was late."),
      ("takt_bus_reconnects_total", "reconnects", "Times the link was opened again."),
    ] {
      family(metric, .counter, help)
      for bus in buses { sample(metric, label(bus), bus[member]?.integer) }
    }
    family("takt_ring_lost_samples_total", .counter, "Samples that found no room.")
    for bus in buses {
      sample("takt_ring_lost_samples_total", label(bus), bus["ring"]?["lost"]?.integer)
    }
  }

  private func label(_ bus: JSONValue) -> [(String, String?)] { [("bus", bus["name"]?.string)] }

  private mutating func units(_ buses: [JSONValue]) {
    let units = buses.flatMap { bus in
      (bus["units"]?.array ?? []).map { (bus: bus["name"]?.string, unit: $0) }
    }
    func labels(_ row: (bus: String?, unit: JSONValue)) -> [(String, String?)] {
      [("bus", row.bus), ("unit", row.unit["name"]?.string)]
    }
    family("takt_unit_contact", .gauge, "1 while the unit answers.")
    for row in units {
      sample("takt_unit_contact", labels(row), row.unit["contact"]?.string == "good" ? 1 : 0)
    }
    for (metric, member, help) in [
      ("takt_unit_timeouts_total", "timeouts", "Requests without an answer."),
      ("takt_unit_exceptions_total", "exceptions", "Requests that the unit refused."),
    ] {
      family(metric, .counter, help)
      for row in units { sample(metric, labels(row), row.unit[member]?.integer) }
    }
    family("takt_unit_answer_p99_seconds", .gauge, "p99 of the last times of an answer.")
    for row in units {
      seconds(
        "takt_unit_answer_p99_seconds", labels(row), row.unit["answers"]?["p99Us"]?.integer,
        digits: 6)
    }
  }

  private mutating func uplinks(_ uplinks: [JSONValue]) {
    func label(_ uplink: JSONValue) -> [(String, String?)] {
      [("uplink", uplink["name"]?.string)]
    }
    for (metric, member, help) in [
      ("takt_uplink_depth_events", "depth", "Events that wait for the destination."),
      ("takt_uplink_quarantined_events", "quarantined", "Events that it refused."),
    ] {
      family(metric, .gauge, help)
      for uplink in uplinks { sample(metric, label(uplink), uplink[member]?.integer) }
    }
    family("takt_uplink_delivered_events_total", .counter, "Events that it has acknowledged.")
    for uplink in uplinks {
      sample("takt_uplink_delivered_events_total", label(uplink), uplink["delivered"]?.integer)
    }
    family("takt_uplink_oldest_age_seconds", .gauge, "The age of the oldest event that waits.")
    for uplink in uplinks {
      seconds("takt_uplink_oldest_age_seconds", label(uplink), uplink["oldestMs"]?.integer)
    }
  }

  // MARK: Writing

  private mutating func family(_ name: String, _ kind: Kind, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
  }

  private mutating func sample(
    _ name: String, _ labels: [(String, String?)], _ value: Int64?
  ) {
    guard let value else { return }
    text += name + Self.labels(labels) + " \(value)\n"
  }

  /// A whole number of thousandths, or of millionths, as seconds.
  private mutating func seconds(
    _ name: String, _ labels: [(String, String?)], _ value: Int64?, digits: Int = 3
  ) {
    guard let value, value >= 0 else { return }
    let unit: Int64 = digits == 6 ? 1_000_000 : 1000
    let fraction = String(value % unit)
    let zeros = String(repeating: "0", count: max(0, digits - fraction.utf8.count))
    text += name + Self.labels(labels) + " \(value / unit).\(zeros)\(fraction)\n"
  }

  private static func labels(_ labels: [(String, String?)]) -> String {
    if labels.isEmpty { return "" }
    let words = labels.map { "\($0.0)=\"\(escaped($0.1 ?? ""))\"" }
    return "{" + words.joined(separator: ",") + "}"
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
