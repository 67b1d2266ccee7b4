// The table of subcommands, and what happens before one of them is called.

import LinuxEdge

/// One subcommand: its name, what it is for, and how it is run.
struct Command: Sendable {
  let name: String
  let summary: String
  /// Takes what stands behind the name, and returns the exit code.
  let run: @Sendable ([String]) -> Int32
}

/// The program as a whole.
enum Program {
  /// Every subcommand, in the order in which a technician meets them.
  static let commands: [Command] = [
    Command(name: "run", summary: "run the gateway", run: RunCommand.run),
    Command(name: "check", summary: "check a configuration", run: CheckCommand.run),
    Command(
      name: "plan", summary: "show which requests a configuration leads to", run: PlanCommand.run),
    Command(
      name: "keygen", summary: "make a signing key, or certificates for a bench",
      run: KeygenCommand.run),
    Command(
      name: "enroll", summary: "make keys, a certificate request and a number for the phone",
      run: EnrollCommand.run),
    Command(
      name: "bundle", summary: "make, sign and verify configurations for gateways far away",
      run: BundleCommand.run),
    Command(
      name: "config", summary: "list kept configurations, compare them, go back to one",
      run: ConfigCommand.run),
    Command(
      name: "password", summary: "name who may look at the status page",
      run: PasswordCommand.run),
    Command(
      name: "status", summary: "show what the running gateway knows", run: StatusCommand.run),
    Command(
      name: "watch", summary: "show the running gateway as a live picture", run: WatchCommand.run),
    Command(name: "tail", summary: "show events as they are committed", run: TailCommand.run),
    Command(
      name: "reason", summary: "list stops that nobody has explained, and explain them",
      run: ReasonCommand.run),
    Command(
      name: "order", summary: "start, end, pause and resume orders, and list them",
      run: OrderCommand.run),
    Command(
      name: "held", summary: "list what is held back from being confirmed, and let it go",
      run: HeldCommand.run),
    Command(
      name: "hold", summary: "hold back what is made from being confirmed",
      run: HoldCommand.run),
    Command(name: "release", summary: "end a quality hold", run: ReleaseCommand.run),
    Command(
      name: "doctor", summary: "look at everything that can be wrong, and say what to do",
      run: DoctorCommand.run),
    Command(
      name: "outbox", summary: "show what waits for uplinks and what they refused",
      run: OutboxCommand.run),
    Command(
      name: "support", summary: "make an archive for somebody who helps, without secrets",
      run: SupportCommand.run),
    Command(
      name: "read", summary: "read any address of any unit, once or again and again",
      run: ReadCommand.run),
    Command(
      name: "scan", summary: "find units on a line, its speed, and what can be read",
      run: ScanCommand.run),
    Command(
      name: "decode", summary: "show registers in all types and orders",
      run: DecodeCommand.run),
    Command(
      name: "trace", summary: "show the frames of a running bus", run: TraceCommand.run),
    Command(
      name: "simulate", summary: "be a line of machines on a Modbus TCP port",
      run: SimulateCommand.run),
    Command(
      name: "receive", summary: "be a receiver that verifies, for benches and commissioning",
      run: ReceiveCommand.run),
    Command(
      name: "verify", summary: "verify a file of events", run: VerifyCommand.run),
    Command(
      name: "compare", summary: "compare a simulator's truth with what arrived",
      run: CompareCommand.run),
    Command(name: "codes", summary: "explain the codes of the log", run: CodesCommand.run),
    Command(name: "version", summary: "show the version", run: VersionCommand.run),
  ]

  /// Runs what the command line says; `arguments` begins with the program's own name.
  static func run(_ arguments: [String]) -> Int32 {
    ignoreFatalWrites()
    let words = Array(arguments.dropFirst())
    guard let first = words.first else {
      StandardStream.error.write(Array(help.utf8))
      return ExitCode.usage.rawValue
    }
    switch first {
    case "--help", "-h":
      StandardStream.output.write(Array(help.utf8))
      return ExitCode.ok.rawValue
    case "help":
      guard words.count > 1 else { return run([arguments[0], "--help"]) }
      return run([arguments[0], words[1], "--help"])
    case "--version", "-V": return run([arguments[0], "version"])
    default: return dispatch(first, Array(words.dropFirst()))
    }
  }

  private static func dispatch(_ name: String, _ rest: [String]) -> Int32 {
    if name == SimulationCommand.usage.name { return SimulationCommand.run(rest) }
    if let command = commands.first(where: { $0.name == name }) { return command.run(rest) }
    var text = "takt: there is no subcommand \"\(name)\""
    if let near = nearest(to: name, among: commands.map(\.name)) {
      text += "; did you mean \"\(near)\"?"
    }
    StandardStream.error.line(text + "\nSee: takt --help")
    return ExitCode.usage.rawValue
  }

  /// What `takt --help` prints.
  static var help: String {
    let rows = commands.map { [$0.name, $0.summary] }
    return """
      takt \(programVersion): from a machine's registers to signed production events at head office

      Usage: takt <subcommand> [options]

      \(Columns.text(rows, indent: 2))

      "takt <subcommand> --help" tells its options.

      Exit codes
      \(ExitCode.table(ExitCode.allCases))

      """
  }
}
