// takt status: asks the running daemon over its control socket.

import LinuxEdge
import Primitives
import Settings

enum StatusCommand {
  /// Where the daemon listens when nobody says otherwise (systemd: RuntimeDirectory=takt).
  static let defaultSocket = "/run/takt/takt.sock"

  /// How long the daemon may take to answer: its main loop never blocks this long.
  static let patience: Duration = .seconds(5)

  static let usage = CommandUsage(
    name: "status", summary: "show what the running gateway knows",
    options: [
      .switch("json", "print the daemon's answer as it is"),
      .switch("watch", "show a page that is drawn anew once a second; q ends it"),
      .value("seconds", "N", "with --watch: end after so many", default: "until Control-C"),
      .value("socket", "PATH", "the daemon's control socket", default: defaultSocket),
      .value("config", "FILE", "take the socket from this configuration"),
    ],
    exits: [.ok, .configuration, .internal, .notRunning])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let path = try socket(options)
      let seconds: Int? = try options.integer("seconds", in: 1...1_000_000)
      if options.has("watch") {
        let end = seconds.map { SystemClock().now() + .seconds($0) } ?? .distantFuture
        return try StatusWatch.run(path, isJSON: options.has("json"), until: end)
      }
      if seconds != nil { throw .usage("--seconds needs --watch") }
      let bytes = try ask(path)
      let status: JSONValue
      do throws(JSONFault) {
        status = try JSONValue(parsing: bytes)
      } catch {
        throw CommandFault(.internal, "reading the answer of \(path): \(error)")
      }
      let text = options.has("json") ? status.canonicalText + "\n" : StatusText(status).text
      StandardStream.output.write(Array(text.utf8))
      return .ok
    }
  }

  /// The control socket that --socket or --config name.
  static func socket(_ options: CommandLineOptions) throws(CommandFault) -> String {
    guard let file = options.text("config") else {
      return options.text("socket") ?? defaultSocket
    }
    guard !options.has("socket") else { throw .usage("give --socket or --config, not both") }
    switch loadConfiguration(path: file) {
    case .failure(let unreadable): throw CommandFault(.configuration, unreadable.description)
    case .success(let outcome):
      guard let configuration = outcome.configuration else {
        throw CommandFault(
          .configuration, "\(file) has mistakes; \"takt check --config \(file)\" names them")
      }
      return configuration.plan.gateway.controlSocket
    }
  }

  private static func ask(_ path: String) throws(CommandFault) -> [UInt8] {
    let deadline = SystemClock().now() + patience
    do throws(LinuxFault) {
      return try UnixSocketClient.ask(path: path, line: "status", until: deadline)
    } catch {
      guard error.isNobodyThere else { throw CommandFault(.internal, error.description) }
      throw CommandFault(
        .notRunning,
        "the gateway is not running: nobody answers at \(path); start it with "
          + "\"systemctl start takt\", or name its socket with --socket")
    }
  }
}
