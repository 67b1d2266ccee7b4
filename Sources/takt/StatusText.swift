// The status document as a person reads it at the machine.
//
// Invariants
// - Every member may be missing: then its place stays empty or says "-"; nothing traps.
// - What needs attention stands on a line of its own, with the sentence the daemon gave.

import Primitives

/// Renders a status document.
struct StatusText {
  /// Refused addresses shown of one unit; the rest is in --json.
  static let refusalsShown = 4

  let status: JSONValue
  /// The gateway's own wall clock when it answered, to tell how long ago things were.
  private let now: WallTime?

  init(_ status: JSONValue) {
    self.status = status
    now = status["clock"]?["wall"]?.string.flatMap(WallTime.init(text:))
  }

  /// All paragraphs, each ended by a line feed.
  var text: String {
    let parts = [
      head, machines, StatusShopText.lines(status), StatusShopText.drop(status), buses, uplinks,
      journal,
    ]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
  }

  private var head: String {
    var first = "gateway \(status["gateway"]?.string ?? "-")"
    first += "  takt \(status["version"]?.string ?? "-")"
    if let startedAt = status["startedAt"]?.string, let up = age(startedAt) {
      first += "  up \(up)"
    }
    if let bytes = status["memory"]?["rssBytes"]?.integer {
      first += "  memory \(Human.bytes(bytes))"
    }
    guard let clock = status["clock"] else { return first }
    let wall = clock["wall"]?.string ?? "-"
    return first + "\nclock   \(wall)  \(clock["quality"]?.string ?? "-")"
  }

  private var machines: String {
    section("machines") { machine in
      var row = [machine["name"]?.string ?? "-", machine["state"]?.string ?? "-"]
      row.append(since(machine["since"]?.string))
      row.append("good \(count(machine["goodTotal"]))")
      row.append("scrap \(count(machine["scrapTotal"]))")
      if let stop = machine["stop"] { row.append(stop["cause"]?.string ?? "stopped") }
      return ([row], StatusShopText.notes(machine), StatusShopText.remarks(machine))
    }
  }

  private var buses: String {
    section("buses") { bus in
      var rows = [busRow(bus)]
      var remarks: [String] = []
      // Of a link that is up it is history, or its unit says the same.
      if let fault = bus["lastError"]?.string, bus["link"]?.string != "up" {
        remarks.append(fault)
      }
      if let lost = bus["ring"]?["lost"]?.integer, lost > 0 {
        remarks.append("\(Human.count(lost)) samples lost: the recorder did not keep up")
      }
      for unit in bus["units"]?.array ?? [] {
        rows.append(unitRow(unit))
        remarks += unitRemarks(unit)
      }
      return (rows, [], remarks)
    }
  }

  /// Name, link, where it leads, and how often it was opened again.
  private func busRow(_ bus: JSONValue) -> [String] {
    var row = [bus["name"]?.string ?? "-", bus["link"]?.string ?? "-"]
    // One word at the end, so that a long path pushes no column of the units.
    var tail: [String] = []
    if let at = bus["at"]?.string { tail.append(at) }
    if let reconnects = bus["reconnects"]?.integer, reconnects > 0 {
      tail.append("reconnects \(Human.count(reconnects))")
    }
    if let late = bus["lateness"]?["p99Us"]?.integer {
      tail.append("99 of 100 within \(Human.tinyTime(microseconds: late)) ms of due")
    }
    if let overruns = bus["overruns"]?.integer, overruns > 0 {
      tail.append("left out \(Human.count(overruns))")
    }
    if !tail.isEmpty { row.append(tail.joined(separator: "  ")) }
    return row
  }

  private func unitRow(_ unit: JSONValue) -> [String] {
    let age = unit["ageMs"]?.integer.map { "\(Human.duration(milliseconds: $0)) ago" }
    var row = [
      "  " + (unit["name"]?.string ?? "-"), unit["contact"]?.string ?? "-", age ?? "-",
      "polls \(count(unit["polls"]))", "failures \(count(unit["failures"]))",
    ]
    guard let answers = unit["answers"] else { return row }
    let times = ["p50Us", "p99Us", "maxUs"].map { answers[$0]?.integer.map(Human.tinyTime) ?? "-" }
    row.append("answers \(times.joined(separator: "/")) ms")
    return row
  }

  /// What needs attention about a unit.
  private func unitRemarks(_ unit: JSONValue) -> [String] {
    let name = unit["name"]?.string ?? "-"
    var remarks: [String] = []
    let counted = ["timeout", "exception", "overrun"].compactMap { word in
      unit[word + "s"]?.integer.flatMap { number in
        number > 0 ? "\(Human.count(number)) \(word)\(number == 1 ? "" : "s")" : nil
      }
    }
    if !counted.isEmpty { remarks.append("\(name): \(counted.joined(separator: ", "))") }
    if let advice = unit["timeoutAdvice"]?.string { remarks.append("\(name): \(advice)") }
    let refusals = (unit["refusals"]?.array ?? []).compactMap(\.string)
    remarks += refusals.prefix(Self.refusalsShown).map { "\(name): \($0)" }
    if refusals.count > Self.refusalsShown {
      remarks.append("\(name): and \(refusals.count - Self.refusalsShown) more; see --json")
    }
    if let fault = unit["lastError"]?.string {
      // What the refusals have told already is not told again.
      guard refusals.isEmpty || !fault.contains(" refused with exception ") else { return remarks }
      // A unit that answers may still refuse one address: its fault stays, named the last.
      let isAnswering = unit["contact"]?.string == "good"
      remarks.append("\(name)\(isAnswering ? ", its last fault" : ""): \(fault)")
    }
    return remarks
  }

  private var uplinks: String {
    section("uplinks") { uplink in
      var row = [uplink["name"]?.string ?? "-", uplink["state"]?.string ?? "-"]
      let oldest = uplink["oldestMs"]?.integer.map {
        " (oldest \(Human.duration(milliseconds: $0)))"
      }
      row.append("waiting \(count(uplink["depth"]))\(oldest ?? "")")
      row.append("delivered \(count(uplink["delivered"]))")
      let success = uplink["lastSuccess"]?.string
      row.append("last success \(success.flatMap(age).map { "\($0) ago" } ?? success ?? "never")")
      var remarks: [String] = []
      if let quarantined = uplink["quarantined"]?.integer, quarantined > 0 {
        remarks.append("\(Human.count(quarantined)) events refused for good and kept aside")
      }
      remarks += StatusUplinkText.remarks(uplink)
      if let fault = uplink["lastError"]?.string { remarks.append(fault) }
      remarks += uplink["conditions"]?.array?.compactMap(\.string) ?? []
      return ([row], StatusUplinkText.notes(uplink), remarks)
    }
  }

  private var journal: String {
    guard let journal = status["journal"] else { return "" }
    var text = "journal\n  epoch \(journal["epoch"]?.string ?? "-")"
    text += "  sequence \(count(journal["sequence"]))  held \(count(journal["held"]))"
    if let bytes = journal["bytes"]?.integer { text += "  \(Human.bytes(bytes))" }
    if let lasts = journal["lastsMs"]?.integer { text += "\n  " + Self.lasting(lasts) }
    if let fault = journal["fault"]?.string { text += "\n    ! \(fault)" }
    return text
  }

  /// "at today's rate this holds 11.4 days", and a warning when it is less than one.
  private static func lasting(_ milliseconds: Int64) -> String {
    let hours = max(0, milliseconds) / 3_600_000
    guard hours >= 24 else {
      return "  ! at today's rate this holds \(Human.duration(milliseconds: milliseconds)), should "
        + "nothing be delivered: less than a day; raise limits.journal, or make room on the disk"
    }
    let tenths = hours * 10 / 24
    return "at today's rate this holds \(Human.count(tenths / 10))"
      + (tenths < 1000 ? ".\(tenths % 10)" : "") + " days, should nothing be delivered"
  }

  /// A title, aligned rows, and behind the rows of each element its notes and remarks.
  private func section(
    _ name: String,
    _ render: (JSONValue) -> (rows: [[String]], notes: [String], remarks: [String])
  ) -> String {
    guard let elements = status[name]?.array, !elements.isEmpty else { return "" }
    let rendered = elements.map(render)
    let isTimed = rendered.contains {
      $0.rows.contains { $0.contains { $0.hasPrefix("answers ") } }
    }
    var lines = Columns.text(rendered.flatMap(\.rows), indent: 2)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)[...]
    var text = name + (isTimed ? "  (answers: half within / 99 of 100 within / slowest)" : "")
    for (rows, notes, remarks) in rendered {
      for _ in rows { text += "\n" + (lines.popFirst() ?? "") }
      for note in notes { text += "\n    " + note }
      for remark in remarks { text += "\n    ! " + remark }
    }
    return text
  }

  private func count(_ value: JSONValue?) -> String { value?.integer.map(Human.count) ?? "-" }

  private func since(_ text: String?) -> String {
    guard let text else { return "-" }
    return "since \(Human.timeOfDay(text))" + (age(text).map { " (\($0))" } ?? "")
  }

  private func age(_ text: String) -> String? {
    guard let now, let then = WallTime(text: text) else { return nil }
    return Human.duration(milliseconds: now.milliseconds - then.milliseconds)
  }
}
