// takt order: what shall be made where, said by a person or by a file.
//
// Invariants
// - A mistake in a file stops all of it before anything is asked of the gateway.
// - Of several orders each is asked for itself; one that is refused does not stop the others, and
//   makes the exit code say so.

import LinuxEdge
import Machines
import Primitives

enum OrderCommand {
  static let usage = CommandUsage(
    name: "order", summary: "start, end, pause and resume orders, and list them",
    operands: ["start|end|pause|resume|describe|list", "ORDER"], operandCount: 0...2,
    options: [
      .value("machine", "NAME", "where: one machine"),
      .value("line", "NAME", "where: every machine of a line that has no order of its own"),
      .value("operation", "ID", "the operation of the order"),
      .value("material", "ID", "what is made"),
      .value("lot", "ID", "the lot"),
      .value("quantity", "N", "pieces planned"),
      .value("uom", "UNIT", "the unit of measure", default: "the machine's"),
      .value("cycle", "TIME", "planned time of one piece, \"1.2s\""),
      .switch("released", "the order may be confirmed; without it what it makes is held"),
      .value("file", "FILE", "do what this .json or .csv file says, as if it were dropped"),
    ] + ShopClient.options,
    notes: [
      """
      takt order start 4711 --machine press-1 --operation 0010 --quantity 1000 --released
      takt order pause --machine press-1; takt order resume --machine press-1
      takt order end --machine press-1

      ORDER may be left out for end, pause and resume: it is whatever runs there. The list shows:
      place, state, order/operation, good pieces of planned, begin, material.
      """
    ],
    exits: [.ok, .unverified, .configuration, .storage, .internal, .notRunning])

  /// The options that say something about one order.
  private static let particulars = [
    "machine", "line", "operation", "material", "lot", "quantity", "uom", "cycle", "released",
  ]

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      if let path = options.text("file") { return try carryOut(path, options) }
      guard let verb = options.operands.first else {
        throw .usage("say what to do: start, end, pause, resume, describe or list")
      }
      if verb == "list" { return try list(options) }
      guard let action = OrderFile.Action(rawValue: verb) else {
        let known = OrderFile.Action.allCases.map(\.rawValue) + ["list"]
        let near = nearest(to: verb, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
        throw .usage("\"\(verb)\" cannot be done with an order\(near)")
      }
      let tree = try tree(action, options)
      let reply = try ShopClient(options).demand(["do": "order", "order": tree])
      ShopOutput.print(reply, options)
      return .ok
    }
  }

  private static func list(_ options: CommandLineOptions) throws(CommandFault) -> ExitCode {
    guard options.operands.count == 1 else { throw .usage("a list takes no order") }
    try refuse(particulars, options, "a list takes no")
    let document = try ShopClient(options).demand(["list": "orders"]).document
    ShopOutput.print(ShopText.orders(document), document, options)
    return .ok
  }

  private static func refuse(
    _ names: [String], _ options: CommandLineOptions, _ why: String
  ) throws(CommandFault) {
    if let name = names.first(where: options.has) { throw .usage("\(why) --\(name)") }
  }

  /// What the command line says, as an order file would.
  private static func tree(
    _ action: OrderFile.Action, _ options: CommandLineOptions
  ) throws(CommandFault) -> JSONValue {
    var members: [String: JSONValue] = ["action": .string(action.rawValue)]
    if options.operands.count > 1 { members["orderId"] = .string(options.operands[1]) }
    switch (options.text("machine"), options.text("line")) {
    case (.some(let name), nil): members["place"] = ["machine": .string(name)]
    case (nil, .some(let name)): members["place"] = ["line": .string(name)]
    case (.some, .some): throw .usage("give --machine or --line, not both")
    case (nil, nil):
      guard action == .describe else { throw .usage("--machine NAME or --line NAME is missing") }
    }
    if action == .start || action == .describe {
      guard members["orderId"] != nil else { throw .usage("ORDER is missing") }
    }
    for (option, member) in [
      ("operation", "operationId"), ("material", "materialId"), ("lot", "lotId"), ("uom", "uom"),
    ] {
      members[member] = options.text(option).map { .string($0) }
    }
    let quantity: Int64? = try options.integer("quantity", in: 1...OrderLimits.plannedQuantity)
    members["plannedQuantity"] = quantity.map { .integer($0) }
    if let cycle = try options.duration("cycle") { members["idealCycle"] = .string(cycle.text) }
    if options.has("released") { members["released"] = true }
    if members["orderId"] == nil {
      try refuse(
        ["operation", "material", "lot", "quantity", "uom", "cycle", "released"], options,
        "without ORDER there is no")
    }
    return .object(members)
  }

  /// Asks for everything that a file says.
  private static func carryOut(
    _ path: String, _ options: CommandLineOptions
  ) throws(CommandFault) -> ExitCode {
    try refuse(particulars, options, "the file says it all; leave out")
    if let word = options.operands.first {
      throw .usage("the file says what to do; leave out \"\(word)\"")
    }
    guard let format = OrderSheetFormat(name: path) else {
      throw .usage("--file \"\(path)\": the name must end in .json or .csv")
    }
    let bytes = try asking(.storage) { () throws(LinuxFault) in
      try Files.read(path, limit: OrderSheetLimits.fileBytes)
    }
    let trees: [JSONValue]
    do throws(OrderFileFault) {
      trees = try OrderSheet.trees(bytes, format)
    } catch {
      throw CommandFault(.configuration, "\(path)\n\(error.description)")
    }
    let question: [String: JSONValue?] = ["do": "orders", "orders": .array(trees)]
    guard JSONValue.array(trees).canonicalBytes.count <= askedBytes else {
      throw CommandFault(
        .configuration,
        "\(path) is too large to be asked at once; split it, or drop it into the "
          + "directory \"orders\" of the gateway")
    }
    let reply = try ShopClient(options).ask(question)
    let answers = reply.document["orders"]?.array ?? []
    if options.has("json") {
      ShopOutput.print([reply.document.canonicalText])
    } else if reply.isDone {
      ShopOutput.print(answers.compactMap { $0["sentence"]?.string })
    } else {
      for (index, answer) in answers.enumerated() where answer["done"]?.bool != true {
        let sentence = answer["sentence"]?.string ?? "-"
        StandardStream.error.line("takt order: order \(index + 1): \(sentence)")
      }
      StandardStream.error.line("takt order: \(reply.sentence)")
    }
    return reply.isDone ? .ok : .unverified
  }

  /// What one request may hold, less its frame.
  private static let askedBytes = LinuxLimits.controlRequestBytes - 1024
}
