// takt watch: the running gateway as a live picture in the terminal.
//
// On a terminal the picture is drawn anew in place; into a file or pipe it is printed now and then,
// without control characters.

import LinuxEdge
import Primitives

enum WatchCommand {
  /// How often the gateway is asked.
  static let interval = Duration.milliseconds(500)
  /// Questions between two pictures when nobody looks at a terminal.
  static let piecesPerPage = 20
  /// The most that is read of a receiver's log.
  static let logBytes = 64 << 20

  static let usage = CommandUsage(
    name: "watch", summary: "show the running gateway as a live picture",
    options: [
      .value(
        "socket", "PATH", "the daemon's control socket", default: StatusCommand.defaultSocket),
      .value("config", "FILE", "take the socket from this configuration"),
      .value("received", "FILE", "what \"takt receive\" printed, to show what arrived"),
      .value("seconds", "N", "end after so many seconds", default: "until Control-C"),
    ],
    exits: [.ok, .configuration, .internal])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let seconds: Int? = try options.integer("seconds", in: 1...1_000_000)
      let clock = SystemClock()
      let end = seconds.map { clock.now() + .seconds($0) } ?? .distantFuture
      return try watch(options, clock, until: end)
    }
  }

  private static func watch(
    _ options: CommandLineOptions, _ clock: SystemClock, until end: Instant
  ) throws(CommandFault) -> ExitCode {
    let isTerminal = StandardStream.output.isTerminal
    let path = try StatusCommand.socket(options)
    var picture = WatchPicture()
    var signals = try open()
    var due = clock.now()
    var shown = 0
    while clock.now() < end {
      picture.take(question(path, clock))
      if isTerminal || shown % piecesPerPage == piecesPerPage - 1 {
        show(picture.lines(arrivals: options.text("received").map(received)), isTerminal)
      }
      shown += 1
      due = due + interval
      var set = PollSet()
      let signal = set.add(signals.descriptor, reading: true)
      _ = set.wait(until: min(due, end))
      if set.isReadable(signal), signals.next() != nil { return .ok }
    }
    return .ok
  }

  private static func open() throws(CommandFault) -> SignalDescriptor {
    do throws(LinuxFault) {
      return try SignalDescriptor()
    } catch {
      throw CommandFault(.internal, error.description)
    }
  }

  private static func question(_ path: String, _ clock: SystemClock) -> JSONValue? {
    let deadline = clock.now() + interval
    guard let bytes = try? UnixSocketClient.ask(path: path, line: "status", until: deadline) else {
      return nil
    }
    return try? JSONValue(parsing: bytes)
  }

  /// The lines of the receiver's log.
  private static func received(_ path: String) -> [String] {
    guard let bytes = try? Files.read(path, limit: logBytes) else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private static func show(_ lines: [String], _ isTerminal: Bool) {
    // ESC [H: home; ESC [K: clear to the end of the line; ESC [J: clear to the end of the screen.
    let text =
      isTerminal
      ? "\u{1B}[H" + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J"
      : lines.joined(separator: "\n") + "\n\n"
    StandardStream.output.write(Array(text.utf8))
  }
}
