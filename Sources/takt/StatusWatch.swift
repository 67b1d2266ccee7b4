// takt status --watch: the page drawn anew in place once a second; plain text when nobody looks.
//
// Control-C, SIGTERM and "q" end it, and the terminal is then as it was before.

import LinuxEdge
import Primitives

enum StatusWatch {
  static let interval = Duration.seconds(1)

  /// Shows the status until a signal, a key or the end of the time.
  static func run(
    _ path: String, isJSON: Bool, until end: Instant
  ) throws(CommandFault) -> ExitCode {
    let signals = try asking(.internal) { () throws(LinuxFault) in
      SignalBox(try SignalDescriptor())
    }
    let client = GatewayClient(path: path, clock: SystemClock())
    guard !isJSON, let terminal = Terminal() else {
      return plain(client, isJSON: isJSON, signals, until: end)
    }
    // https://no-color.org: any value but none at all.
    let hasColour = (Environment.value("NO_COLOR") ?? "").isEmpty
    var page = StatusPage(
      status: nil, trouble: nil, size: terminal.size, hasColour: hasColour)
    while client.clock.now() < end {
      let due = client.clock.now() + interval
      take(client, into: &page)
      page.size = terminal.size
      terminal.show(page.lines)
      if waits(signals, terminal, until: min(due, end)) { break }
    }
    return .ok
  }

  private static func take(_ client: GatewayClient, into page: inout StatusPage) {
    do throws(CommandFault) {
      page.status = try client.ask("status")
      page.trouble = nil
    } catch {
      page.trouble = error.text
    }
  }

  /// Waits; true when somebody asks to end. A window of another size is drawn at the next turn.
  private static func waits(
    _ signals: SignalBox, _ terminal: borrowing Terminal, until moment: Instant
  ) -> Bool {
    var set = PollSet()
    let signal = set.add(signals.signals.descriptor, reading: true)
    let keys = terminal.keys
    let key = keys >= 0 ? set.add(keys, reading: true) : nil
    set.wait(until: moment)
    if set.isReadable(signal), signals.signals.next() != nil { return true }
    guard let key, set.isReadable(key) else { return false }
    let typed = terminal.typed()
    return typed.contains(UInt8(ascii: "q")) || typed.isEmpty
  }

  /// For a file or a pipe: the whole text once a second, a line with the time before each.
  private static func plain(
    _ client: GatewayClient, isJSON: Bool, _ signals: SignalBox, until end: Instant
  ) -> ExitCode {
    while client.clock.now() < end {
      let due = client.clock.now() + interval
      do throws(CommandFault) {
        let status = try client.ask("status")
        let text = isJSON ? status.canonicalText + "\n" : StatusText(status).text + "\n"
        StandardStream.output.write(Array(text.utf8))
      } catch {
        StandardStream.error.line("takt status: \(error.text)")
      }
      if signals.waits(until: min(due, end)) { break }
    }
    return .ok
  }
}
