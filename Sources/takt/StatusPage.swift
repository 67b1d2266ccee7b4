// The page of `takt status --watch`: what a technician looks at while he works.
//
// Invariants
// - A pure function of the newest status document, the size and whether colours are wanted.
// - No line is wider and no page higher than the terminal; alarms stand first, so that what does
//   not fit is never what is wrong, and how many lines are left out is said.
// - Nothing that the daemon says can steer the terminal: control characters become "?".

import LinuxEdge
import Primitives

/// A piece of a line with its colour.
struct PagePiece: Equatable {
  enum Paint: Int {
    case plain = 0
    case title = 1
    case dim = 2
    case bad = 31
    case good = 32
    case watch = 33
  }

  var text: String
  var paint = Paint.plain
}

/// Draws the page.
struct StatusPage {
  /// Below this an address and the like give way.
  static let narrow = 70
  static let leastWidth = 20
  static let leastHeight = 5

  /// The newest document, and nil before the first.
  var status: JSONValue?
  /// Why the newest question had no answer.
  var trouble: String?
  var size: Terminal.Size
  var hasColour: Bool

  /// The lines, from the top.
  var lines: [String] {
    let width = max(Self.leastWidth, size.width)
    let height = max(Self.leastHeight, size.height)
    var rows = content
    if rows.count > height {
      let left = rows.count - height + 1
      rows = Array(rows.prefix(height - 1))
      rows.append([PagePiece(text: "… \(left) more lines; make the window higher", paint: .dim)])
    }
    return rows.map { Self.fit($0, width, hasColour: hasColour) }
  }

  private var content: [[PagePiece]] {
    guard let status else {
      return [[PagePiece(text: trouble ?? "asking the gateway …", paint: .watch)]]
    }
    var rows = head(status)
    let alarms = alarms(status)
    if !alarms.isEmpty {
      rows.append([PagePiece(text: "alarms \(alarms.count)", paint: .bad)])
      rows += alarms.map { [PagePiece(text: "  ! " + $0, paint: .bad)] }
    }
    rows += section("machines", status, machineCells)
    rows += section("buses", status, busCells)
    rows += section("uplinks", status, uplinkCells)
    return rows + journal(status)
  }

  // MARK: parts

  private func head(_ status: JSONValue) -> [[PagePiece]] {
    let clock = status["clock"]
    let quality = clock?["quality"]?.string ?? "-"
    var pieces = [
      PagePiece(text: "takt \(status["gateway"]?.string ?? "?")", paint: .title),
      PagePiece(text: "  \(Human.timeOfDay(clock?["wall"]?.string ?? "-")) "),
      PagePiece(text: quality, paint: quality == "synchronised" ? .good : .watch),
    ]
    if let version = status["version"]?.string { pieces.append(PagePiece(text: "  \(version)")) }
    if let bytes = status["memory"]?["rssBytes"]?.integer {
      pieces.append(PagePiece(text: "  memory \(Human.bytes(bytes))"))
    }
    guard let trouble else { return [pieces] }
    return [pieces, [PagePiece(text: "NOT UP TO DATE: \(trouble)", paint: .bad)]]
  }

  /// Everything that is wrong, one sentence each.
  private func alarms(_ status: JSONValue) -> [String] {
    var alarms: [String] = []
    if let fault = status["journal"]?["fault"]?.string { alarms.append("journal: \(fault)") }
    for bus in status["buses"]?.array ?? [] {
      let name = bus["name"]?.string ?? "-"
      if bus["link"]?.string != "up", let fault = bus["lastError"]?.string {
        alarms.append("bus \(name): \(fault)")
      }
      if let lost = bus["ring"]?["lost"]?.integer, lost > 0 {
        alarms.append("bus \(name): \(Human.count(lost)) samples lost")
      }
      for unit in bus["units"]?.array ?? [] where Self.isGone(unit["contact"]?.string) {
        let fault = unit["lastError"]?.string ?? "no contact"
        alarms.append("unit \(unit["name"]?.string ?? "-"): \(fault)")
      }
    }
    for uplink in status["uplinks"]?.array ?? [] {
      let name = "uplink \(uplink["name"]?.string ?? "-")"
      if let fault = uplink["lastError"]?.string, !Self.isDelivering(uplink["state"]?.string) {
        alarms.append("\(name): \(fault)")
      }
      alarms += (uplink["conditions"]?.array ?? []).compactMap {
        $0.string.map { "\(name): \($0)" }
      }
    }
    for machine in status["machines"]?.array ?? [] {
      for limit in machine["limits"]?.array ?? [] {
        alarms.append("machine \(machine["name"]?.string ?? "-"): \(limit["name"]?.string ?? "-")")
      }
    }
    return alarms
  }

  private func machineCells(_ machine: JSONValue) -> [[PagePiece]] {
    let state = machine["state"]?.string ?? "-"
    var cells = [
      PagePiece(text: machine["name"]?.string ?? "-"),
      PagePiece(text: state, paint: Self.paint(machine: state)),
      PagePiece(text: age(machine["ageMs"])),
      PagePiece(text: "good \(count(machine["goodTotal"]))"),
      PagePiece(text: "scrap \(count(machine["scrapTotal"]))"),
    ]
    if let cause = machine["stop"]?["cause"]?.string {
      cells.append(PagePiece(text: cause, paint: .bad))
    }
    return [cells]
  }

  private func busCells(_ bus: JSONValue) -> [[PagePiece]] {
    let link = bus["link"]?.string ?? "-"
    var head = [
      PagePiece(text: bus["name"]?.string ?? "-"),
      PagePiece(text: link, paint: link == "up" ? .good : .bad),
    ]
    if size.width >= Self.narrow {
      head.append(PagePiece(text: bus["at"]?.string ?? "", paint: .dim))
    }
    return [head] + (bus["units"]?.array ?? []).map(unitCells)
  }

  private func unitCells(_ unit: JSONValue) -> [PagePiece] {
    let contact = unit["contact"]?.string ?? "-"
    var cells = [
      PagePiece(text: "  " + (unit["name"]?.string ?? "-")),
      PagePiece(
        text: contact,
        paint: contact == "good" ? .good : Self.isGone(contact) ? .bad : .watch),
      PagePiece(text: age(unit["ageMs"])),
    ]
    if let answers = unit["answers"] {
      let times = ["p50Us", "p99Us", "maxUs"].map { name in
        answers[name]?.integer.map(Human.tinyTime) ?? "-"
      }
      cells.append(PagePiece(text: "\(times.joined(separator: "/")) ms"))
    }
    if let failures = unit["failures"]?.integer, failures > 0 {
      cells.append(PagePiece(text: "failures \(Human.count(failures))", paint: .watch))
    }
    return cells
  }

  private func uplinkCells(_ uplink: JSONValue) -> [[PagePiece]] {
    let state = uplink["state"]?.string ?? "-"
    var cells = [
      PagePiece(text: uplink["name"]?.string ?? "-"),
      PagePiece(text: state, paint: Self.isDelivering(state) ? .good : .watch),
      PagePiece(text: "waiting \(count(uplink["depth"]))"),
    ]
    if let oldest = uplink["oldestMs"]?.integer {
      cells.append(PagePiece(text: "oldest \(Human.duration(milliseconds: oldest))"))
    }
    cells.append(PagePiece(text: "delivered \(count(uplink["delivered"]))"))
    if let refused = uplink["quarantined"]?.integer, refused > 0 {
      cells.append(PagePiece(text: "refused \(Human.count(refused))", paint: .bad))
    }
    return [cells]
  }

  private func journal(_ status: JSONValue) -> [[PagePiece]] {
    guard let journal = status["journal"] else { return [] }
    var text = "journal  sequence \(count(journal["sequence"]))  held \(count(journal["held"]))"
    if let bytes = journal["bytes"]?.integer { text += "  \(Human.bytes(bytes))" }
    return [[PagePiece(text: text)]]
  }

  // MARK: words

  private static func isGone(_ contact: String?) -> Bool { contact == "lost" || contact == "never" }

  private static func isDelivering(_ state: String?) -> Bool {
    ["ready", "sending", "connecting", "starting"].contains(state)
  }

  private static func paint(machine state: String) -> PagePiece.Paint {
    switch state {
    case "running": .good
    case "noContact", "fault", "stopped": .bad
    default: .watch
    }
  }

  private func count(_ value: JSONValue?) -> String { value?.integer.map(Human.count) ?? "-" }

  private func age(_ value: JSONValue?) -> String {
    value?.integer.map { Human.duration(milliseconds: $0) } ?? "-"
  }

  // MARK: lines

  /// A title and the rows of each element, in columns.
  private func section(
    _ name: String, _ status: JSONValue, _ cells: (JSONValue) -> [[PagePiece]]
  ) -> [[PagePiece]] {
    let rows = (status[name]?.array ?? []).flatMap(cells)
    guard !rows.isEmpty else { return [] }
    var widths: [Int] = []
    for row in rows {
      for (index, cell) in row.enumerated() {
        if index == widths.count { widths.append(0) }
        widths[index] = max(widths[index], cell.text.count)
      }
    }
    return [[PagePiece(text: name, paint: .title)]]
      + rows.map { row in
        [PagePiece(text: "  ")]
          + row.enumerated().map { index, cell in
            var cell = cell
            let space = widths[index] - cell.text.count + 2
            if index < row.count - 1 { cell.text += String(repeating: " ", count: space) }
            return cell
          }
      }
  }

  /// One line, cut to the width with a mark, without what would steer a terminal.
  static func fit(_ pieces: [PagePiece], _ width: Int, hasColour: Bool) -> String {
    var left = width
    var line = ""
    let isLong = pieces.reduce(0) { $0 + $1.text.count } > width
    if isLong { left -= 1 }
    for piece in pieces where left > 0 {
      let text = ReceiveLine.plain(String(piece.text.prefix(left)))
      left -= text.count
      line +=
        hasColour && piece.paint != .plain
        ? "\u{1B}[\(piece.paint.rawValue)m\(text)\u{1B}[0m" : text
    }
    return isLong ? line + "…" : line
  }
}
