// The asking side of orders, reasons and holds: leaves a request with the running gateway and waits
// until it is carried out, durably.
//
// Invariants
// - What the gateway refuses ends the command with `ExitCode.unverified` and its sentence.
// - A request whose answer does not come in time may still be carried out; the fault says so.

import LinuxEdge
import Primitives

enum ShopPatience {
  /// How long a command waits for its answer: twice what a stalled disk takes.
  static let answer = Duration.seconds(10)
  /// Between two looks whether it is there.
  static let look = Duration.milliseconds(15)
}

/// What became of a request.
struct ShopReply {
  var isDone: Bool
  var sentence: String
  var document: JSONValue

  /// As one object, for programs.
  var json: JSONValue {
    ["done": .bool(isDone), "sentence": .string(sentence)]
  }
}

/// Asks the running gateway about its shop floor.
struct ShopClient {
  let client: GatewayClient

  /// The options of every command that asks.
  static let options: [CommandOption] = [
    .switch("json", "print JSON, for programs"),
    .value("socket", "PATH", "the daemon's control socket", default: StatusCommand.defaultSocket),
    .value("config", "FILE", "take the socket from this configuration"),
  ]

  /// Who says so; the same in every command that changes something.
  static let by = CommandOption.value(
    "by", "NAME", "who says so; your user name is told with it", default: "your user name")

  /// Which line is meant, where numbers of two lines are the same.
  static let line = CommandOption.value(
    "line", "NAME", "the line, where two lines have this number", default: "the only one")

  init(_ options: CommandLineOptions) throws(CommandFault) {
    client = GatewayClient(path: try StatusCommand.socket(options), clock: SystemClock())
  }

  /// Who says so: the name given, else that of the user.
  static func speaker(_ options: CommandLineOptions) -> JSONValue? {
    (options.text("by") ?? LocalUsers.name(of: LocalUsers.own)).map { .string($0) }
  }

  /// Asks the gateway for something that it answers at once.
  func look(_ line: String) throws(CommandFault) -> JSONValue {
    let answer = try client.ask(line)
    if let sentence = answer["error"]?.string { throw CommandFault(.unverified, sentence) }
    return answer
  }

  /// Leaves a request and waits for what becomes of it.
  func ask(_ question: [String: JSONValue?]) throws(CommandFault) -> ShopReply {
    let question = JSONValue.object(question.compactMapValues { $0 })
    let deadline = client.clock.now() + ShopPatience.answer
    let ticket = try leave(question, until: deadline)
    while client.clock.now() < deadline {
      let answer = try look("outcome \(ticket)")
      if answer["state"]?.string == "done" {
        return ShopReply(
          isDone: answer["isDone"]?.bool ?? false, sentence: answer["sentence"]?.string ?? "",
          document: answer["document"] ?? .null)
      }
      pause()
    }
    throw CommandFault(
      .storage,
      "no answer within \(ShopPatience.answer.text): the gateway's disk does not do what it should "
        + "(\"takt status\" says more); what you asked for is done as soon as it works again")
  }

  /// The same, where a refusal is a fault.
  func demand(_ question: [String: JSONValue?]) throws(CommandFault) -> ShopReply {
    let reply = try ask(question)
    guard reply.isDone else { throw CommandFault(.unverified, reply.sentence) }
    return reply
  }

  private func leave(_ question: JSONValue, until deadline: Instant) throws(CommandFault) -> Int64 {
    while true {
      let answer = try client.ask("shop " + question.canonicalText)
      if let ticket = answer["ticket"]?.integer { return ticket }
      guard answer["busy"]?.bool == true, client.clock.now() < deadline else {
        throw CommandFault(
          .unverified, answer["error"]?.string ?? "the gateway does not know this request")
      }
      pause()
    }
  }

  private func pause() {
    var nothing = PollSet()
    nothing.wait(until: client.clock.now() + ShopPatience.look)
  }
}

/// Printing what lists and changes give.
enum ShopOutput {
  static func print(_ lines: [String]) {
    guard !lines.isEmpty else { return }
    StandardStream.output.write(Array((lines.joined(separator: "\n") + "\n").utf8))
  }

  /// Rows in columns, or the document as it is.
  static func print(_ rows: [[String]], _ document: JSONValue, _ options: CommandLineOptions) {
    if options.has("json") {
      print([document.canonicalText])
    } else if !rows.isEmpty {
      print([Columns.text(rows)])
    }
  }

  /// The sentence, or the reply as an object.
  static func print(_ reply: ShopReply, _ options: CommandLineOptions) {
    print([options.has("json") ? reply.json.canonicalText : reply.sentence])
  }
}

extension Human {
  /// A duration in one word, for columns that are cut by blanks: "34.2s", "4min12s", "3h12min".
  static func word(milliseconds: Int64) -> String {
    duration(milliseconds: milliseconds).split(separator: " ").joined()
  }
}
