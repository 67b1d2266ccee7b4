// takt reason: which stops wait for a reason, and giving them one.
//
// The lines of the list begin with the stop's id, so that they can be cut and fed back:
//   takt reason | awk '$2 == "press-1" { print $1 }' | xargs -I{} takt reason {} tool-change

import LinuxEdge
import Primitives

enum ReasonCommand {
  static let usage = CommandUsage(
    name: "reason", summary: "list stops that nobody has explained, and explain them",
    operands: ["STOP|MACHINE", "CODE"], operandCount: 0...2,
    options: [
      .switch("codes", "list the codes of the reasons"),
      .value("language", "TAG", "the language of the codes' texts", default: "the table's"),
      ShopClient.by,
    ] + ShopClient.options,
    notes: [
      """
      Without words it lists the stops without a reason, the oldest first: id, machine, begin,
      duration ("…" behind it while it lasts), what is known. A machine stands for its running stop,
      or for the only one that waits. A reason may be said again: the last one holds, and head
      office gets each as a revision of the same stop.
      """
    ],
    exits: [.ok, .unverified, .configuration, .storage, .internal, .notRunning])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let client = try ShopClient(options)
      if options.has("codes") {
        guard options.operands.isEmpty else { throw .usage("--codes stands alone") }
        try listCodes(client, options)
        return .ok
      }
      guard let target = options.operands.first else {
        let document = try client.demand(["list": "stops"]).document
        ShopOutput.print(rows(document), document, options)
        return .ok
      }
      guard options.operands.count == 2 else {
        throw .usage("CODE is missing; \"takt reason --codes\" lists them")
      }
      let stop = try stop(target, client)
      let reply = try client.demand([
        "do": "classify", "stop": .string(stop), "reason": .string(options.operands[1]),
        "by": ShopClient.speaker(options),
      ])
      ShopOutput.print(reply, options)
      return .ok
    }
  }

  static func rows(_ document: JSONValue) -> [[String]] {
    (document["stops"]?.array ?? []).map { stop in
      let duration = stop["durationMs"]?.integer.map(Human.word) ?? "-"
      return [
        stop["stopId"]?.string ?? "-", stop["machine"]?.string ?? "-",
        stop["startedAt"]?.string ?? "-",
        duration + (stop["endedAt"] == nil ? "…" : ""), stop["cause"]?.string ?? "-",
      ]
    }
  }

  /// The stop that a word means: an id, or a machine's running or only stop.
  private static func stop(_ word: String, _ client: ShopClient) throws(CommandFault) -> String {
    let status = try client.look("status")
    let machines = (status["machines"]?.array ?? []).compactMap { $0["name"]?.string }
    guard machines.contains(word) else { return word }
    let document = try client.demand(["list": "stops"]).document
    let stops = (document["stops"]?.array ?? []).filter { $0["machine"]?.string == word }
    let open = stops.filter { $0["endedAt"] == nil }
    let found = open.count == 1 ? open : stops
    switch (found.count, found.first?["stopId"]?.string) {
    case (1, .some(let id)): return id
    case (0, _):
      guard let running = status["machines"]?.array?.first(where: { $0["name"]?.string == word }),
        let id = running["stop"]?["stopId"]?.string
      else {
        throw CommandFault(
          .unverified, "no stop of \(word) waits for a reason; to change one, give its id")
      }
      return id
    default:
      let ids = found.compactMap { $0["stopId"]?.string }.joined(separator: ", ")
      throw CommandFault(
        .unverified, "\(found.count) stops of \(word) wait for a reason; name one of them: \(ids)")
    }
  }

  private static func listCodes(
    _ client: ShopClient, _ options: CommandLineOptions
  ) throws(CommandFault) {
    let document = try client.look("reasons")
    let language = options.text("language")
    let rows = (document["reasons"]?.array ?? []).map { reason in
      let text = language.flatMap { reason["texts"]?[$0]?.string } ?? reason["text"]?.string
      return [
        reason["code"]?.string ?? "-", reason["category"]?.string ?? "-",
        reason["costCenter"]?.string ?? "-", text ?? "-",
      ]
    }
    if rows.isEmpty, !options.has("json") {
      throw CommandFault(
        .unverified, "the configuration has no reasons; declare them in \"reasons\"")
    }
    ShopOutput.print(rows, document, options)
  }
}
