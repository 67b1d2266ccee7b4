// The exit codes of every subcommand, in one place: scripts and systemd units rely on them.

import LinuxEdge

/// How the program ended.
enum ExitCode: Int32, CaseIterable {
  case ok = 0
  case unverified = 1
  case empty = 2
  case configuration = 3
  case storage = 4
  case `internal` = 5
  case network = 6
  case notRunning = 7
  case usage = 64

  /// One line for the manual.
  var meaning: String {
    switch self {
    case .ok: "everything is as it should be"
    case .unverified: "something did not verify, is missing, or was refused"
    case .empty: "there was nothing to verify, or nothing was found"
    case .configuration: "the configuration, a key or a certificate is not acceptable"
    case .storage: "a file or directory could not be read or written"
    case .internal: "a fault of the program or of the operating system"
    case .network: "an address could not be used, or a device did not answer"
    case .notRunning: "the gateway is not running"
    case .usage: "the command line is not understood"
    }
  }

  static func table(_ codes: [ExitCode]) -> String {
    Columns.text(codes.map { [String($0.rawValue), $0.meaning] }, indent: 2)
  }
}

/// Why a subcommand ended before its work was done.
struct CommandFault: Error, Equatable {
  var code: ExitCode
  /// A sentence: operation, object, cause, what to do.
  var text: String

  init(_ code: ExitCode, _ text: String) {
    self.code = code
    self.text = text
  }

  static func usage(_ text: String) -> CommandFault { CommandFault(.usage, text) }
}

/// Does what the operating system may refuse, and gives the refusal the exit code it means here.
func asking<Result: ~Copyable>(
  _ code: ExitCode, _ work: () throws(LinuxFault) -> Result
) throws(CommandFault) -> Result {
  do throws(LinuxFault) {
    return try work()
  } catch {
    throw CommandFault(code, error.description)
  }
}
