// takt held, takt hold, takt release: what is held back from the ERP, and who lets it go.

import LinuxEdge
import Machines
import Primitives

enum HeldCommand {
  static let usage = CommandUsage(
    name: "held", summary: "list what is held back from being confirmed, and let it go",
    operands: ["list|approve", "N"], operandCount: 0...2,
    options: [ShopClient.line, ShopClient.by] + ShopClient.options,
    notes: [
      """
      The list shows held confirmations (number, machine, order/operation, good and scrap pieces,
      until when they were made, why they are held) and quality holds (number, what is held, since
      when, who, why). What is held goes out by itself when its reason is gone: the order released,
      the plan raised, the hold released. "approve N" lets confirmation N go although it is not, and
      says so in the event.
      """
    ],
    exits: [.ok, .unverified, .configuration, .storage, .internal, .notRunning])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      switch options.operands.first ?? "list" {
      case "list":
        guard options.operands.count < 2 else { throw .usage("a list takes no number") }
        let document = try ShopClient(options).demand(["list": "held"]).document
        ShopOutput.print(ShopText.held(document), document, options)
      case "approve":
        let reply = try ShopClient(options).demand([
          "do": "approve", "number": .integer(try number(options, at: 1)),
          "line": options.text("line").map { .string($0) },
          "by": ShopClient.speaker(options),
        ])
        ShopOutput.print(reply, options)
      case let other: throw .usage("\"\(other)\" is neither \"list\" nor \"approve\"")
      }
      return .ok
    }
  }

  /// The number that stands at a place of the operands.
  static func number(
    _ options: CommandLineOptions, at index: Int
  ) throws(CommandFault) -> Int64 {
    guard index < options.operands.count else {
      throw .usage("N is missing; \"takt held\" lists the numbers")
    }
    guard let number = Int64(options.operands[index]), number > 0 else {
      throw .usage("\"\(options.operands[index])\" is no number; \"takt held\" lists them")
    }
    return number
  }
}

enum HoldCommand {
  static let usage = CommandUsage(
    name: "hold", summary: "hold back what is made from being confirmed, until it is released",
    options: [
      .value("machine", "NAME", "hold what this machine makes"),
      .value("line", "NAME", "hold what this line makes"),
      .value("order", "ID", "hold what is made of this order"),
      .value("lot", "ID", "hold what is made of this lot"),
      .required("reason", "TEXT", "why, for those who find it held"),
      ShopClient.by,
    ] + ShopClient.options,
    notes: [
      "It holds what is not confirmed yet. \"takt held\" lists it, \"takt release N\" ends it."
    ],
    exits: [.ok, .unverified, .configuration, .storage, .internal, .notRunning])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let kinds = ["machine", "line", "order", "lot"].filter(options.has)
      guard let kind = kinds.first, kinds.count == 1 else {
        throw .usage("give one of --machine, --line, --order and --lot")
      }
      let reason = options.required("reason")
      guard (1...OrderLimits.reasonBytes).contains(reason.utf8.count) else {
        throw .usage("--reason: give 1 to \(OrderLimits.reasonBytes) bytes")
      }
      let reply = try ShopClient(options).demand([
        "do": "hold", "kind": .string(kind), "name": .string(options.text(kind) ?? ""),
        "reason": .string(reason), "by": ShopClient.speaker(options),
      ])
      ShopOutput.print(reply, options)
      return .ok
    }
  }
}

enum ReleaseCommand {
  static let usage = CommandUsage(
    name: "release", summary: "end a quality hold",
    operands: ["N"], options: [ShopClient.line, ShopClient.by] + ShopClient.options,
    notes: ["\"takt held\" lists the holds with their numbers."],
    exits: [.ok, .unverified, .configuration, .storage, .internal, .notRunning])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let reply = try ShopClient(options).demand([
        "do": "release", "number": .integer(try HeldCommand.number(options, at: 0)),
        "line": options.text("line").map { .string($0) },
        "by": ShopClient.speaker(options),
      ])
      ShopOutput.print(reply, options)
      return .ok
    }
  }
}
