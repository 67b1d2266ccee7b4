// takt tail: events as the running gateway commits them.
//
// What is shown is durable and signed already. Looking on costs the recorder nothing it would wait
// for: it keeps its last events in memory, and the main thread hands them out.

import LinuxEdge
import Primitives

enum TailCommand {
  /// How often the gateway is asked.
  static let interval = Duration.milliseconds(250)
  static let lastLimit: UInt64 = 512

  static let usage = CommandUsage(
    name: "tail", summary: "show events as they are committed",
    options: [
      .value("n", "N", "begin with the last N", default: "10"),
      .value("type", "WORDS", "only types that hold this, such as stop or takt.stop.ended"),
      .value("machine", "NAME", "only events of this machine"),
      .value("events", "N", "end after so many", default: "until Control-C"),
      .switch("json", "print each event as it is: the bytes that were signed"),
      .value("socket", "PATH", "the daemon's control socket", default: StatusCommand.defaultSocket),
      .value("config", "FILE", "take the socket from this configuration"),
    ],
    notes: [
      "The gateway keeps its last \(lastLimit) events for this, since its start. What goes before\n"
        + "it is fetched is told as left out; the journal and the uplinks have it all."
    ],
    exits: [.ok, .configuration, .internal, .notRunning])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let first: UInt64 = try options.integer("n", in: 0...lastLimit) ?? 10
      let most: Int? = try options.integer("events", in: 1...1_000_000_000)
      let client = GatewayClient(path: try StatusCommand.socket(options), clock: SystemClock())
      let signals = try asking(.internal) { () throws(LinuxFault) in
        SignalBox(try SignalDescriptor())
      }
      let filter = TailFilter(type: options.text("type"), machine: options.text("machine"))
      var tail = Tail(filter: filter, isJSON: options.has("json"), most: most)
      tail.take(try client.ask("tail last \(first)"))
      while !tail.isDone {
        if !tail.hasMore, signals.waits(until: client.clock.now() + interval) { break }
        do throws(CommandFault) {
          tail.take(try client.ask("tail \(tail.last)"))
        } catch {
          tail.lost(error.text)
        }
      }
      return .ok
    }
  }
}

/// Which events are shown.
struct TailFilter: Equatable {
  var type: String?
  var machine: String?

  func takes(_ event: JSONValue) -> Bool {
    if let type, event["type"]?.string?.contains(type) != true { return false }
    guard let machine else { return true }
    // The last part of the source is the machine.
    return event["source"]?.string?.split(separator: ":").last.map(String.init) == machine
  }
}

/// What has been shown, and what comes next.
private struct Tail {
  let filter: TailFilter
  let isJSON: Bool
  let most: Int?
  private(set) var last: UInt64 = 0
  private(set) var hasMore = false
  private var shown = 0
  private var run: String?
  private var trouble: String?

  init(filter: TailFilter, isJSON: Bool, most: Int?) {
    (self.filter, self.isJSON, self.most) = (filter, isJSON, most)
  }

  var isDone: Bool { most.map { shown >= $0 } ?? false }

  mutating func take(_ answer: JSONValue) {
    if trouble != nil { note("the gateway answers again") }
    trouble = nil
    let run = answer["run"]?.string
    if let known = self.run, known != run {
      note("the gateway was started anew")
      self.run = run
      // Numbers began again: from its first event on.
      last = 0
      hasMore = true
      return
    }
    // The first answer begins where it was asked to: what went before was not wanted.
    if self.run != nil, let missed = answer["missed"]?.integer, missed > 0 {
      note("\(Human.count(missed)) events were left out: they came too fast to be shown")
    }
    self.run = run
    let events = (answer["events"]?.array ?? []).compactMap(\.string)
    for event in events where !isDone { show(event) }
    last = UInt64(clamping: answer["last"]?.integer ?? 0)
    hasMore = !events.isEmpty
  }

  /// Tells once that nobody answers.
  mutating func lost(_ sentence: String) {
    hasMore = false
    guard trouble == nil else { return }
    trouble = sentence
    note(sentence + "; waiting for it")
  }

  private mutating func show(_ text: String) {
    guard let event = try? JSONValue(parsing: Array(text.utf8)), filter.takes(event) else { return }
    shown += 1
    StandardStream.output.line(isJSON ? text : ReceiveLine(event).text(mark: "").trimmed)
  }

  private func note(_ text: String) { StandardStream.error.line("takt tail: \(text)") }
}

extension String {
  fileprivate var trimmed: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
