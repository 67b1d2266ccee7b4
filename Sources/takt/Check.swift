// `takt check`: reads the configuration files and says what is wrong with them, all at once.
//
// Files are read in CheckFiles, what stands in them is judged in Settings, and CheckReport says it.

import Glibc
import Primitives
import Settings

enum CheckCommand {
  static let help = """
    takt check: looks at the configuration and names every mistake

    usage: takt check [--config FILE] [--explain] [--json]
           takt check --schema

      --config FILE   the main file (\(ConfigurationFiles.defaultPath)); fragments are read from
                      conf.d/*.json5 beside it
      --explain       print what holds, with every default and the place of every value
      --json          print the result as one JSON object
      --schema        print the JSON Schema for editors

    exit codes: 0 usable (there may be warnings), 2 wrong usage, 3 mistakes or no such file

    """

  /// What was asked for on the command line.
  private struct Options {
    var path = ConfigurationFiles.defaultPath
    var isExplaining = false
    var isJSON = false
  }

  private enum Request {
    case check(Options)
    case printing(String)
    case wrong(String)
  }

  static func run(_ arguments: [String]) -> Int32 {
    switch parse(arguments) {
    case .printing(let text):
      emit(text, to: STDOUT_FILENO)
      return 0
    case .wrong(let why):
      emit("takt check: \(why)\n\n\(help)", to: STDERR_FILENO)
      return 2
    case .check(let options): return check(options)
    }
  }

  private static func parse(_ arguments: [String]) -> Request {
    var options = Options()
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--help", "-h": return .printing(help)
      case "--schema": return .printing(Configuration.schema())
      case "--explain": options.isExplaining = true
      case "--json": options.isJSON = true
      case "--config":
        guard let path = rest.popFirst() else { return .wrong("--config needs a file") }
        options.path = path
      case _ where argument.hasPrefix("--config="):
        options.path = String(argument.dropFirst("--config=".utf8.count))
      default: return .wrong("\(argument) is not known")
      }
    }
    return .check(options)
  }

  private static func check(_ options: Options) -> Int32 {
    switch loadConfiguration(path: options.path) {
    case .failure(let unreadable):
      if options.isJSON {
        emit(CheckReport.json(unreadable: unreadable.description) + "\n", to: STDOUT_FILENO)
      } else {
        emit("takt check: \(unreadable)\n", to: STDERR_FILENO)
      }
      return 3
    case .success(let outcome):
      let missing = outcome.configuration.map { CheckReport.missingFiles($0.plan) } ?? []
      if options.isJSON {
        emit(
          CheckReport.json(outcome, missing, isExplaining: options.isExplaining), to: STDOUT_FILENO)
      } else {
        if options.isExplaining, let configuration = outcome.configuration {
          emit(configuration.explain(), to: STDOUT_FILENO)
        }
        emit(CheckReport.text(outcome, missing, options.path), to: STDERR_FILENO)
      }
      return outcome.configuration == nil ? 3 : 0
    }
  }

  /// Writes all of it; a reader that went away is no reason to complain.
  private static func emit(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 { done += count } else if errno != EINTR { return }
    }
  }
}
