// takt outbox: what waits for each uplink, and what was refused for good; see it, send it once
// more, export it, give it up.
//
// Invariants
// - Nothing is asked back: giving up needs --yes, everything else can be repeated.
// - Without the gateway the journal is only looked at: sending is its work, and giving up is told
//   by an event that only it can sign.

import LinuxEdge
import Primitives

enum OutboxCommand {
  static let usage = CommandUsage(
    name: "outbox", summary: "show what waits for uplinks and what they refused, and handle it",
    operands: ["list|show|retry|export|drop", "N|all|FILE"], operandCount: 0...2,
    options: [
      .value("uplink", "NAME", "only of this uplink", default: "all"),
      .switch("waiting", "export what waits for --uplink instead of what was refused"),
      .switch("yes", "really give it up"),
      ShopClient.by,
      .value("journal", "FILE", "the journal to look into while the gateway is down"),
    ] + ShopClient.options,
    notes: [
      """
      "list" shows a line for each uplink (waiting, oldest, refused, late, held), then one for each
      refused event: its number, uplink, the status it got, type, when it happened, when it was
      refused, and the answer. "show N" shows one with its bytes. "retry N" or "retry all" sends
      them once more, marked as replay, behind or between what is sent anyway. "export FILE" writes
      their bytes as they were signed, one a line. "drop N --yes" gives one up;
      takt.events.dropped tells it.
      """,
      """
      With onRefusal: "holdKey" the later events of the same order or machine stand there as held:
      they were not sent. Once the refused one is sent again or given up, they follow in order.
      """,
      """
      What was exported is verified with: takt verify FILE --filtered --jwks keys.json
      """,
      """
      Without the gateway, list, show and export look into its journal (--journal or --config);
      retry and drop want it running.
      """,
    ],
    exits: [.ok, .unverified, .empty, .configuration, .storage, .internal, .notRunning])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let words = options.operands
      switch (words.first ?? "list", words.count) {
      case ("list", 0...1): return try list(options)
      case ("show", 2): return try show(try number(words[1]), options)
      case ("export", 2): return try OutboxExport.run(to: words[1], options)
      case ("retry", 2):
        let number = words[1] == "all" ? nil : try number(words[1])
        return try change("retry", number, options)
      case ("drop", 2):
        let number = try number(words[1])
        guard options.has("yes") else {
          throw .usage("event \(number) would be gone for its uplink for good; add --yes to say so")
        }
        return try change("drop", number, options)
      case ("list", _): throw .usage("a list takes nothing behind it")
      case ("show", _), ("drop", _):
        throw .usage("N is missing; \"takt outbox list\" shows the numbers")
      case ("retry", _): throw .usage("say which: N, or all")
      case ("export", _): throw .usage("FILE is missing")
      case (let other, _):
        throw .usage("\"\(other)\" is none of list, show, retry, export and drop")
      }
    }
  }

  private static func number(_ word: String) throws(CommandFault) -> Int64 {
    guard let number = Int64(word), number > 0 else {
      throw .usage("\"\(word)\" is no number; \"takt outbox list\" shows them")
    }
    return number
  }

  private static func list(_ options: CommandLineOptions) throws(CommandFault) -> ExitCode {
    var source = try OutboxSource(options)
    let first = try source.list(uplink: options.text("uplink"), after: 0)
    var refused = first["refused"]?.array ?? []
    var next = first["next"]?.integer
    while let row = next {
      let page = try source.list(uplink: options.text("uplink"), after: row)
      refused += page["refused"]?.array ?? []
      next = page["next"]?.integer
    }
    let uplinks = (first["uplinks"]?.array ?? []).filter { uplink in
      options.text("uplink").map { $0 == uplink["name"]?.string } ?? true
    }
    let document: JSONValue = ["uplinks": .array(uplinks), "refused": .array(refused)]
    ShopOutput.print(OutboxText.uplinks(document), document, options)
    if !options.has("json") {
      ShopOutput.print(OutboxText.refused(document), document, options)
    }
    return .ok
  }

  private static func show(
    _ number: Int64, _ options: CommandLineOptions
  ) throws(CommandFault) -> ExitCode {
    var source = try OutboxSource(options)
    let page = try source.refused(number, uplink: options.text("uplink"), after: 0)
    guard let rows = page["refused"]?.array, !rows.isEmpty else {
      throw CommandFault(
        .unverified, "there is no refused event \(number); \"takt outbox list\" shows them")
    }
    for row in rows {
      ShopOutput.print(
        options.has("json") ? [row.canonicalText] : OutboxText.details(row))
    }
    return .ok
  }

  private static func change(
    _ verb: String, _ number: Int64?, _ options: CommandLineOptions
  ) throws(CommandFault) -> ExitCode {
    let client = try ShopClient(options)
    let reply: ShopReply
    do throws(CommandFault) {
      reply = try client.demand([
        "outbox": .string(verb), "number": number.map { .integer($0) },
        "uplink": options.text("uplink").map { .string($0) },
        "by": verb == "drop" ? ShopClient.speaker(options) : nil,
      ])
    } catch {
      guard error.code == .notRunning else { throw error }
      throw CommandFault(
        .notRunning,
        error.text + "; to \(verb) wants it running: it does the sending, and signs the event that "
          + "tells what was given up")
    }
    ShopOutput.print(reply, options)
    return .ok
  }
}
