// takt trace: the frames of a running bus, as bytes and as sentences.
//
// Invariants
// - Only looks: the gateway copies frames while somebody asks, and nothing is sent for it.
// - At most so many lines a second; what is not shown, and what was gone before it could be
//   fetched, is counted aloud.

import LinuxEdge
import Polling
import Primitives
import Settings

enum TraceCommand {
  /// Between two looks: 256 frames are kept, so 2,500 a second pass without a gap.
  static let interval = Duration.milliseconds(100)
  /// Lines a second that a person can let run past.
  static let linesPerSecond = 50

  static let usage = CommandUsage(
    name: "trace", summary: "show the frames of a running bus, as bytes and as sentences",
    operands: ["BUS"],
    options: [
      .value("seconds", "N", "end after so many seconds", default: "until Control-C"),
      .value("unit", "N", "only this unit's frames", default: "all"),
      .value("rate", "N", "lines a second at most", default: "\(linesPerSecond)"),
      .switch("json", "one JSON object a line"),
      .value("socket", "PATH", "the daemon's control socket", default: StatusCommand.defaultSocket),
      .value("config", "FILE", "take the socket from this configuration"),
    ],
    notes: [
      """
      → is a request, ← an answer, × bytes that were thrown away. The time behind an answer is from
      its request to it. The bus is not disturbed: the gateway only copies what passes.
      """
    ],
    exits: [.ok, .configuration, .internal, .notRunning])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let seconds: Int? = try options.integer("seconds", in: 1...1_000_000)
      let rate: Int = try options.integer("rate", in: 1...100_000) ?? linesPerSecond
      let unit: UInt8? = try options.integer("unit", in: 0...255)
      let clock = SystemClock()
      let client = GatewayClient(path: try StatusCommand.socket(options), clock: clock)
      var trace = Trace(
        client: client, bus: options.operands[0],
        page: TracePage(unit: unit, rate: rate, isJSON: options.has("json")))
      let signals = try asking(.internal) { () throws(LinuxFault) in
        SignalBox(try SignalDescriptor())
      }
      try trace.start()
      let end = seconds.map { clock.now() + .seconds($0) } ?? .distantFuture
      while clock.now() < end {
        if signals.waits(until: min(clock.now() + interval, end)) { break }
        try trace.look()
      }
      trace.finish()
      return .ok
    }
  }
}

/// The running trace of one bus.
private struct Trace {
  let client: GatewayClient
  let bus: String
  var page: TracePage
  private var last: Int64 = 0

  init(client: GatewayClient, bus: String, page: TracePage) {
    self.client = client
    self.bus = bus
    self.page = page
  }

  mutating func start() throws(CommandFault) {
    last = try ask("on")["last"]?.integer ?? 0
  }

  mutating func look() throws(CommandFault) {
    let answer = try ask("after \(last)")
    last = max(last, answer["last"]?.integer ?? 0)
    show(page.lines(answer, now: client.clock.now()))
  }

  mutating func finish() {
    show(page.rest())
    if !page.hasSeen {
      StandardStream.error.line(
        "takt trace: no such frame passed; \"takt status\" tells how the bus and its units are")
    }
    // A gateway that has ended closes its tap anyway.
    _ = try? ask("off")
  }

  private func ask(_ what: String) throws(CommandFault) -> JSONValue {
    let answer = try client.ask("trace \(bus) \(what)")
    if let sentence = answer["error"]?.string { throw .usage(sentence) }
    return answer
  }

  private func show(_ lines: [String]) {
    guard !lines.isEmpty else { return }
    StandardStream.output.write(Array((lines.joined(separator: "\n") + "\n").utf8))
  }
}
