// The effective configuration for people: what holds, and where each value comes from.
//
// Invariants
// - It is itself a configuration file with the same effect: reading it back gives the same digest.
// - Secrets are not in a configuration, only the paths of the files that hold them.

import Machines
import Primitives

extension Configuration {
  /// The effective configuration as JSON5; each value says its place in the files, or "default".
  public func explain() -> String {
    var text = Explanation()
    text.object(root, indent: "", behind: "")
    for (index, bus) in root.records("buses").enumerated() {
      guard let name = bus.text("name") else { continue }
      let rate = Rules.samplesPerSecond(of: name, in: root)
      text.lines.append(
        "// ring of bus \(name): \(plan.limits.ringSamples[index]) samples (at most"
          + " \(Int(rate.rounded(.up))) a second × \(SettingsLimits.worstDiskStall.text) stall of"
          + " the disk × \(SettingsLimits.ringSafety))")
    }
    for calendar in root.records("calendars") {
      for finding in Planner.calendar(calendar).findings where finding.severity == .note {
        text.lines.append("// " + finding.text)
      }
    }
    return text.lines.map { $0 + "\n" }.joined()
  }
}

private struct Explanation {
  var lines: [String] = []

  /// The column at which places are noted, where the values leave room for it.
  private static let noteColumn = 56

  mutating func object(_ record: Record, indent: String, behind: String, name: String = "") {
    lines.append(indent + name + "{")
    let inner = indent + "  "
    for (index, member) in record.table.members.enumerated() {
      guard let setting = record.settings[index] else { continue }
      self.setting(setting, member, indent: inner)
    }
    lines.append(indent + "}" + behind)
  }

  private mutating func setting(_ setting: Setting, _ member: Member, indent: String) {
    let name = member.name + ": "
    switch setting.reading {
    case .record(let record) where !record.isEmpty:
      object(record, indent: indent, behind: ",", name: name)
    case .records(let records) where !records.isEmpty:
      lines.append(indent + name + "[")
      for record in records { object(record, indent: indent + "  ", behind: ",") }
      lines.append(indent + "],")
    case .codes(let codes) where !codes.isEmpty:
      lines.append(indent + name + "{")
      for (code, record) in codes {
        object(record, indent: indent + "  ", behind: ",", name: "\"\(code)\": ")
      }
      lines.append(indent + "},")
    case .meanings(let entries) where entries.count > 1:
      lines.append(indent + name + "{")
      for entry in entries {
        let code = JSONValue.string(entry.name).canonicalText
        let reason = JSONValue.string(entry.value).canonicalText
        line("\(indent)  \(code): \(reason),", "\(entry.place)")
      }
      lines.append(indent + "},")
    case .text, .integer, .number, .boolean, .duration, .address, .addressRanges, .web, .percent,
      .range, .integers, .words, .record, .records, .codes, .texts, .numbers, .meanings:
      let value = Effective.json(setting.reading, member.kind).canonicalText
      line(indent + name + value + ",", setting.isDefault ? "default" : "\(setting.place)")
    }
  }

  private mutating func line(_ text: String, _ note: String) {
    let gap = String(repeating: " ", count: max(2, Self.noteColumn - text.unicodeScalars.count))
    lines.append(text + gap + "// " + note)
  }
}
