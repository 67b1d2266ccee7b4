// takt codes: what the codes of the log mean, why they come, and what to do.

import LinuxEdge
import Primitives

enum CodesCommand {
  static let usage = CommandUsage(
    name: "codes", summary: "explain the codes of the log",
    operands: ["CODE"], operandCount: 0...1,
    options: [
      .switch("json", "print a list of objects: code, title, cause, remedy"),
      .switch("markdown", "print the table as LOGCODES.md has it"),
    ],
    notes: [
      "Under systemd every line has its code as a field: journalctl -u takt TAKT_CODE=T-111\n"
        + "filters by it, and by TAKT_BUS, TAKT_UNIT, TAKT_UPLINK, TAKT_LINE and TAKT_FILE."
    ],
    exits: [.ok])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let codes = try chosen(options.operands.first)
      let text =
        if options.has("json") {
          JSONValue.array(codes.map(\.json)).canonicalText + "\n"
        } else if options.has("markdown") {
          markdown
        } else {
          codes.map(\.paragraph).joined(separator: "\n\n") + "\n"
        }
      StandardStream.output.write(Array(text.utf8))
      return .ok
    }
  }

  private static func chosen(_ word: String?) throws(CommandFault) -> [LogCode] {
    guard let word else { return LogCode.allCases }
    guard let code = LogCode(name: word) else {
      throw .usage("there is no code \"\(word)\"; \"takt codes\" lists them")
    }
    return [code]
  }

  /// The table as it stands beside the source.
  static var markdown: String {
    var text = """
      # The codes of the log

      Printed by `takt codes --markdown`; a test compares. A code never changes its meaning.

      """
    for group in LogCode.Group.allCases {
      text += "\n## \(group.rawValue)xx \(group.title)\n\n| code | what | why | what to do |\n"
      text += "| --- | --- | --- | --- |\n"
      for code in LogCode.allCases where code.group == group {
        let entry = code.entry
        text += "| \(code.name) | \(entry.title) | \(entry.cause) | \(entry.remedy) |\n"
      }
    }
    return text
  }
}

extension LogCode {
  fileprivate var json: JSONValue {
    let entry = entry
    return [
      "code": .string(name), "title": .string(entry.title), "cause": .string(entry.cause),
      "remedy": .string(entry.remedy),
    ]
  }

  fileprivate var paragraph: String {
    let entry = entry
    return "\(name)  \(entry.title)\n  \(entry.cause)\n  -> \(entry.remedy)"
  }
}
