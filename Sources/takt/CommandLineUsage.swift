// What a subcommand understands, declared once: the parser and the help text read the same table.

import LinuxEdge

/// One option: "--name" for a switch, "--name VALUE" for one with a value.
struct CommandOption: Equatable, Sendable {
  var name: String
  /// What stands for the value in the help; nil for a switch.
  var value: String?
  var meaning: String
  /// What holds when the option is absent, for the help.
  var defaultText: String?
  var isRequired = false

  static func `switch`(_ name: String, _ meaning: String) -> CommandOption {
    CommandOption(name: name, meaning: meaning)
  }

  static func value(
    _ name: String, _ value: String, _ meaning: String, default text: String? = nil
  ) -> CommandOption {
    CommandOption(name: name, value: value, meaning: meaning, defaultText: text)
  }

  static func required(_ name: String, _ value: String, _ meaning: String) -> CommandOption {
    CommandOption(name: name, value: value, meaning: meaning, isRequired: true)
  }

  /// As it is written on the command line.
  var form: String { (name.count == 1 ? "-" : "--") + name + (value.map { " " + $0 } ?? "") }
}

/// The declaration of one subcommand.
struct CommandUsage: Sendable {
  var name: String
  /// One sentence without a full stop.
  var summary: String
  /// The names of what must stand beside the options, in order: "FILE".
  var operands: [String] = []
  /// How many words may stand there, where that is not as many as `operands` has names.
  var operandCount: ClosedRange<Int>?
  var options: [CommandOption] = []
  /// Paragraphs below the options.
  var notes: [String] = []
  var exits: [ExitCode]

  /// Parses, answers --help, does the work, tells what went wrong; returns the exit code.
  func run(
    _ arguments: [String], _ work: (CommandLineOptions) throws(CommandFault) -> ExitCode
  ) -> Int32 {
    if CommandLineOptions.asksForHelp(arguments) {
      StandardStream.output.write(Array(help.utf8))
      return ExitCode.ok.rawValue
    }
    do throws(CommandFault) {
      return try work(try CommandLineOptions(arguments, self)).rawValue
    } catch {
      StandardStream.error.line("takt \(name): \(error.text)")
      if error.code == .usage { StandardStream.error.line("See: takt \(name) --help") }
      return error.code.rawValue
    }
  }

  /// The operands, in brackets what may be left out.
  private var operandWords: [String] {
    operands.enumerated().map { index, word in
      index < operandCount?.lowerBound ?? operands.count ? word : "[\(word)]"
    }
  }

  /// What `--help` prints.
  var help: String {
    let optional = options.allSatisfy { !$0.isRequired } ? [] : options.filter(\.isRequired)
    let words =
      ["takt", name] + operandWords + optional.map(\.form)
      + (optional.count < options.count ? ["[options]"] : [])
    var parts = ["takt \(name): \(summary)", "Usage: " + words.joined(separator: " ")]
    let rows = (options + [.switch("help", "show this text")]).map { option in
      let text = option.defaultText.map { " (default: \($0))" } ?? ""
      return [option.form, option.meaning + (option.isRequired ? " (required)" : text)]
    }
    parts.append("Options\n" + Columns.text(rows, indent: 2))
    parts += notes
    parts.append("Exit codes\n" + ExitCode.table(exits + [.usage]))
    return parts.joined(separator: "\n\n") + "\n"
  }
}
