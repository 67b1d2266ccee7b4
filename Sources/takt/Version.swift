// takt version

import LinuxEdge

/// The version of this program, as events and requests tell it.
let programVersion = "0.1.0"

enum VersionCommand {
  static let usage = CommandUsage(name: "version", summary: "show the version", exits: [.ok])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { _ throws(CommandFault) in
      StandardStream.output.line("takt \(programVersion)")
      return .ok
    }
  }
}
