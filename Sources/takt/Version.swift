// takt version

import LinuxEdge
import Primitives

/// The version of this program, as events and requests tell it.
let programVersion = "0.1.0"

enum VersionCommand {
  static let usage = CommandUsage(
    name: "version", summary: "show the version",
    options: [.switch("json", "print one JSON object")], exits: [.ok])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let json: JSONValue = ["program": "takt", "version": .string(programVersion)]
      let text = options.has("json") ? json.canonicalText : "takt \(programVersion)"
      StandardStream.output.line(text)
      return .ok
    }
  }
}
