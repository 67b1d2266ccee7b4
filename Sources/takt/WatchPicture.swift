// The live picture of `takt watch`: machines as strips over time, counts, uplinks, what arrived.
//
// Invariants
// - A pure function of the status documents seen so far: no clock, no terminal.
// - One line a machine, never wider than the width given; what is unknown is shown as "?".

import Primitives

/// What the last status documents said, ready to be drawn.
struct WatchPicture {
  /// How many moments a strip holds.
  static let stripLength = 40
  /// Lines of the receiver's log that are shown.
  static let arrivalsShown = 6

  private var strips: [String: [Character]] = [:]
  private var order: [String] = []
  private var latest: JSONValue = .null
  private var reachable = false

  /// Takes a status document, or nil when the gateway did not answer.
  mutating func take(_ document: JSONValue?) {
    reachable = document != nil
    if let document {
      latest = document
      for machine in document["machines"]?.array ?? [] {
        guard let name = machine["name"]?.string, strips[name] == nil else { continue }
        order.append(name)
        strips[name] = []
      }
    }
    for name in order {
      let machine = machineDocument(name)
      let symbol = reachable ? Self.symbol(machine?["state"]?.string) : " "
      strips[name, default: []].append(symbol)
      if strips[name, default: []].count > Self.stripLength { strips[name]?.removeFirst() }
    }
  }

  static func symbol(_ state: String?) -> Character {
    switch state {
    case "running": "█"
    case "slow": "▅"
    case "stopped", "shortStop", "fault": "▁"
    case "blocked", "starved": "▂"
    case "changeover", "planned": "░"
    case "noContact": "×"
    default: "?"
    }
  }

  /// The lines of the picture; `arrivals` are what the receiver printed, nil when nobody asked.
  func lines(arrivals: [String]?) -> [String] {
    var lines = ["Takt \(latest["version"]?.string ?? "")  \(latest["gateway"]?.string ?? "?")"]
    lines.append(
      "  █ running  ▅ slow  ▁ stopped  ▂ waits  ░ planned  × no contact   (oldest left, now right)")
    lines.append("")
    for name in order { lines.append(machineLine(name)) }
    lines.append("")
    for bus in latest["buses"]?.array ?? [] { lines.append(busLine(bus)) }
    for uplink in latest["uplinks"]?.array ?? [] { lines.append(uplinkLine(uplink)) }
    if let arrivals {
      // What did not verify ends in its finding instead of the mark.
      let verified = arrivals.count { $0.hasSuffix("✓") }
      lines.append("receiver     \(verified) events verified")
      lines.append("")
      lines.append(contentsOf: arrivals.suffix(Self.arrivalsShown).map { "  " + $0 })
    }
    if !reachable { lines.append("  (the gateway does not answer)") }
    return lines
  }

  private func machineDocument(_ name: String) -> JSONValue? {
    latest["machines"]?.array?.first { $0["name"]?.string == name }
  }

  private func machineLine(_ name: String) -> String {
    let machine = machineDocument(name)
    let strip = strips[name] ?? []
    let padding = String(repeating: " ", count: max(0, Self.stripLength - strip.count))
    let good = machine?["goodTotal"]?.integer ?? 0
    let scrap = machine?["scrapTotal"]?.integer ?? 0
    var text = pad(name, 12) + padding + String(strip)
    text += "  good \(pad(String(good), 6)) scrap \(pad(String(scrap), 5))"
    if let order = machine?["order"] {
      text += "  \(ShopText.key(order)) \(ShopText.progress(order)) "
    }
    if let cause = machine?["stop"]?["cause"]?.string { text += " " + cause }
    return text
  }

  private func busLine(_ bus: JSONValue) -> String {
    let units = bus["units"]?.array ?? []
    let answering = units.filter { $0["contact"]?.string == "good" }.count
    let polls = units.reduce(0) { $0 + ($1["polls"]?.integer ?? 0) }
    return "bus          \(bus["name"]?.string ?? "?"): \(bus["link"]?.string ?? "?"), "
      + "\(answering) of \(units.count) units answer, \(polls) polls"
  }

  private func uplinkLine(_ uplink: JSONValue) -> String {
    var text = "uplink       \(uplink["name"]?.string ?? "?"): \(uplink["state"]?.string ?? "?"), "
    text += "outbox depth \(uplink["depth"]?.integer ?? 0), "
    text += "\(uplink["delivered"]?.integer ?? 0) delivered"
    if let error = uplink["lastError"]?.string, !error.isEmpty { text += " (last: \(error))" }
    return text
  }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
