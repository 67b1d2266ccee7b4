// One event as one line for a person.
//
// Invariants
// - Any JSON gives a line; what is missing shows as "-".
// - Control characters never reach the terminal: an event could carry an escape sequence.

import Primitives

/// Tells an event in a line: time, machine, what, how much, sequence, mark.
struct ReceiveLine {
  private let event: JSONValue
  private let data: JSONValue

  init(_ event: JSONValue) {
    self.event = event
    data = event["data"] ?? .null
  }

  /// "07:15:30.250  press-1     stop ended          12 Guard door open  34.2 s  #4711 ✓"
  func text(mark: String) -> String {
    let time = Human.timeOfDay(event["time"]?.string ?? "-", fraction: true)
    let words = [time, pad(unit, 10), pad(what, 18)] + details + ["#\(sequence) \(mark)"]
    return Self.plain(words.filter { !$0.isEmpty }.joined(separator: "  "))
  }

  /// A text without what would steer a terminal.
  static func plain(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { isPlain($0) ? $0 : "?" }))
  }

  /// The last part of the source: the machine, or the gateway.
  private var unit: String {
    event["source"]?.string?.split(separator: ":").last.map(String.init) ?? "-"
  }

  private var what: String {
    let parts = (event["type"]?.string ?? "-").split(separator: ".")
    guard parts.count == 4 else { return parts.joined(separator: ".") }
    return "\(parts[1]) \(parts[2])"
  }

  private var sequence: String {
    event["sequence"]?.string.flatMap(UInt64.init).map(String.init) ?? "-"
  }

  private var details: [String] {
    switch event["type"]?.string {
    case "takt.state.changed.v1":
      let before = "was \(text("previous") ?? "-")"
      return [text("state") ?? "-", before + (duration.map { " for \($0)" } ?? "")]
    case "takt.stop.started.v1", "takt.stop.classified.v1": return [cause]
    case "takt.stop.ended.v1":
      return [cause, duration ?? "-", data["approximate"]?.bool == true ? "approximate" : ""]
    case "takt.production.count.v1": return counts
    case "takt.signals.changed.v1": return samples
    case "takt.counter.anomaly.v1":
      return [
        text("signal") ?? "-", "\(text("before") ?? "-") → \(text("after") ?? "-")",
        text("verdict") ?? "-",
      ]
    case "takt.contact.lost.v1", "takt.contact.restored.v1":
      return [text("bus") ?? "-", text("unit") ?? "-", text("cause") ?? duration ?? ""]
    case "takt.gateway.started.v1": return [text("version") ?? "-", text("lastRun") ?? ""]
    case "takt.gateway.stopped.v1": return [text("why") ?? "-"]
    case "takt.events.dropped.v1":
      return ["\(text("count") ?? "-") events", text("where") ?? "-", text("why") ?? "-"]
    default: return []
    }
  }

  private var counts: [String] {
    var words = ["+\(text("goodQuantity") ?? "-") good"]
    if let scrap = data["scrapQuantity"]?.integer, scrap > 0 { words.append("+\(scrap) scrap") }
    if let total = data["goodTotal"]?.integer { words.append("total \(Human.count(total))") }
    return words + ["recovered", "rollover", "reset"].filter { data[$0]?.bool == true }
  }

  /// The first three values, and how many more.
  private var samples: [String] {
    let all = data["samples"]?.array ?? []
    let words = all.prefix(3).map { sample in
      let value = sample["value"].map { $0.string ?? $0.canonicalText }
      return "\(sample["signal"]?.string ?? "-") \(value ?? sample["quality"]?.string ?? "-")"
    }
    return words + (all.count > words.count ? ["and \(all.count - words.count) more"] : [])
  }

  private var cause: String {
    let cause = data["cause"] ?? .null
    let code = cause["code"]?.integer.map { "\($0) " } ?? ""
    return code + (cause["text"]?.string ?? "-")
  }

  private var duration: String? {
    data["durationMs"]?.integer.map { Human.duration(milliseconds: $0) }
  }

  private func text(_ name: String) -> String? {
    guard let value = data[name] else { return nil }
    return value.string ?? value.canonicalText
  }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  /// No control characters of either set, and nothing that turns the direction of the line.
  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    let code = scalar.value
    let turns = (0x202A...0x202E).contains(code) || (0x2066...0x2069).contains(code)
    return code >= 32 && !(127..<160).contains(code) && !turns && code != 0x2028 && code != 0x2029
  }
}
