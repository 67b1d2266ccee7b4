// `takt check`: reads the configuration files and says what is wrong with them, all at once.
//
// Files are read in CheckFiles, what stands in them is judged in Settings, and CheckReport says it.

import LinuxEdge
import Settings

enum CheckCommand {
  static let usage = CommandUsage(
    name: "check", summary: "look at the configuration and name every mistake",
    options: [
      .value(
        "config", "FILE",
        "the configuration; conf.d/*.json5 and profiles/*.json5 are read beside it",
        default: ConfigurationFiles.defaultPath),
      .switch("explain", "print what holds: every default, and where every value stands"),
      .switch("json", "print the result as one JSON object"),
      .switch("schema", "print the JSON Schema for editors, and check nothing"),
    ],
    notes: [
      """
      A mistake makes the configuration unusable. A warning does not: a file that it names may be
      missing here and be there on the gateway.
      """
    ],
    exits: [.ok, .configuration])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      guard !options.has("schema") else {
        StandardStream.output.write(Array(Configuration.schema().utf8))
        return .ok
      }
      return check(options)
    }
  }

  private static func check(_ options: CommandLineOptions) -> ExitCode {
    let path = options.text("config") ?? ConfigurationFiles.defaultPath
    switch loadConfiguration(path: path) {
    case .failure(let unreadable):
      if options.has("json") {
        StandardStream.output.line(CheckReport.json(unreadable: unreadable.description))
      } else {
        StandardStream.error.line("takt check: \(unreadable)")
      }
      return .configuration
    case .success(let outcome):
      let missing = outcome.configuration.map { CheckReport.missingFiles($0.plan) } ?? []
      let overloads = outcome.configuration.map { CheckReport.overloads($0.plan) } ?? []
      let isExplaining = options.has("explain")
      if options.has("json") {
        let text = CheckReport.json(outcome, missing, overloads, isExplaining: isExplaining)
        StandardStream.output.write(Array(text.utf8))
      } else {
        if isExplaining, let configuration = outcome.configuration {
          StandardStream.output.write(Array(configuration.explain().utf8))
        }
        StandardStream.error.write(Array(CheckReport.text(outcome, missing, overloads, path).utf8))
      }
      return outcome.configuration == nil ? .configuration : .ok
    }
  }
}
