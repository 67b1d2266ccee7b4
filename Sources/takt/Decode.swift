// takt decode: registers in every type and order, the likely ones marked; from the command line, or
// read once from a device.
//
// Why the neighbours are read along: manuals count from 0 or from 1 and seldom say which, so the
// value that is looked for often stands one address beside the one that was asked (F21).

import LinuxEdge
import Polling
import Primitives
import Settings
import Signals

enum DecodeCommand {
  static let usage = CommandUsage(
    name: "decode", summary: "show registers in all types and orders, and what is likely meant",
    operands: ["REGISTER or BUS/UNIT"], operandCount: 1...DecipherLimits.words,
    options: [
      .value("expect", "NUMBER", "what the device's own display shows: marks what comes near"),
      .value("at", "ADDRESS", "where given registers came from", default: "unknown"),
      .value("count", "N", "registers to read", default: "4"),
      .value("unit", "N", "the unit number, where no BUS/UNIT tells it"),
      .value("timeout", "TIME", "how long the unit may take", default: "as configured, or 500ms"),
      .switch("json", "print the likely readings as one JSON object"),
    ] + ReadTarget.gatewayOptions + ReadTarget.lineOptions,
    notes: [
      """
      Examples
        takt decode 0x4366 0x3333 --expect 230.2
        takt decode line-2/3 holding 100 --expect 230.2
        takt decode --host 192.168.1.5 --unit 1 input 0 --count 8
      """
    ],
    exits: [.ok, .configuration, .internal, .network])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let expected = try display(options)
      if let words = registers(options.operands), !ReadTarget.isDirect(options) {
        let place = try options.text("at").map { text throws(CommandFault) in try address(text) }
        show(DecodeText(words, place: place, before: 0, expected: expected), options)
      } else {
        show(try read(options, expected), options)
      }
      return .ok
    }
  }

  private static func show(_ text: DecodeText, _ options: CommandLineOptions) {
    guard !options.has("json") else { return StandardStream.output.line(text.json.canonicalText) }
    StandardStream.output.write(Array((text.lines.joined(separator: "\n") + "\n").utf8))
  }

  private static func display(
    _ options: CommandLineOptions
  ) throws(CommandFault) -> DisplayedNumber? {
    guard let text = options.text("expect") else { return nil }
    guard let number = DisplayedNumber(text: text) else {
      throw .usage("--expect \"\(text)\" is no number of a display; write it like 230.2")
    }
    return number
  }

  /// The words as registers, hexadecimal or decimal; nil when one of them is none.
  static func registers(_ words: [String]) -> [UInt16]? {
    let numbers = words.compactMap { word -> UInt16? in
      let text = word.lowercased()
      if text.hasPrefix("0x") { return UInt16(text.dropFirst(2), radix: 16) }
      return UInt16(text) ?? Int16(text).map { UInt16(bitPattern: $0) }
    }
    return numbers.count == words.count && !numbers.isEmpty ? numbers : nil
  }

  private static func address(_ text: String) throws(CommandFault) -> ParsedAddress {
    let address: ParsedAddress
    do throws(AddressFault) {
      address = try AddressText.parse(text)
    } catch {
      throw .usage(error.description)
    }
    guard !address.table.holdsBits else {
      throw .usage("\(address.text) is a bit: it is 0 or 1, and there is nothing to decode")
    }
    return address
  }

  // MARK: - Reading

  private static func read(
    _ options: CommandLineOptions, _ expected: DisplayedNumber?
  ) throws(CommandFault) -> DecodeText {
    var words = options.operands[...]
    var target: ReadTarget
    let unit: UInt8
    if ReadTarget.isDirect(options) {
      guard let number: UInt8 = try options.integer("unit", in: 0...255) else {
        throw .usage("--unit N is missing: which unit on that line")
      }
      (target, unit) = (try ReadTarget(direct: options), number)
    } else {
      let first = words.popFirst() ?? ""
      let parts = first.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, let number = UInt8(parts[1]) else {
        throw .usage(
          "\"\(first)\" is no register such as 0x4366, and no BUS/UNIT such as line-2/3")
      }
      (target, unit) = (try ReadTarget(bus: String(parts[0]), options), number)
    }
    let place = try address(words.joined(separator: " "))
    let count: Int = try options.integer("count", in: 1...125) ?? 4
    let timeout = try options.duration("timeout") ?? target.timeout(of: unit)
    let wanted = ReadRequest(
      unitAddress: unit, table: place.table, start: place.start,
      count: UInt16(min(count, 65_536 - Int(place.start))), timeout: timeout)
    let outcome = target.withBus(
      meter: nil, DecodeVisit(wanted: wanted, connectTimeout: target.connectTimeout))
    switch outcome {
    case .failure(let fault):
      let question = ReadQuestion(
        unitName: target.unitName(unit), unit: unit, line: target.line, address: place,
        count: Int(wanted.count), timeout: timeout)
      throw CommandFault(.network, question.sentence(fault))
    case .success(let answer):
      return DecodeText(
        answer.words, place: place, before: answer.before, expected: expected,
        name: target.unitName(unit))
    }
  }
}

/// Words from a device, and how many of them stand before the address that was asked.
struct DecodeAnswer: Sendable {
  var words: [UInt16]
  var before: Int
}

/// Reads once, with a neighbour on either side where the device has them; where its registers end,
/// what there is.
private struct DecodeVisit: FieldBusVisit {
  let wanted: ReadRequest
  let connectTimeout: Duration

  consuming func use<Bus: FieldBus & ~Copyable>(
    _ bus: consuming Bus
  ) -> Result<DecodeAnswer, BusFault> {
    var words: [UInt16] = []
    defer { bus.close() }
    do throws(BusFault) {
      try bus.open(timeout: connectTimeout)
    } catch {
      return .failure(error)
    }
    var refusal = BusFault.timeout
    for (before, request) in tries {
      do throws(BusFault) {
        try bus.read(request, into: &words)
        return .success(DecodeAnswer(words: words, before: before))
      } catch {
        guard case .exception = error else { return .failure(error) }
        // What is told is the refusal of what was asked for, not of a neighbour.
        if request == wanted { refusal = error }
      }
    }
    return .failure(refusal)
  }

  /// Requests from the widest to the single register, with how many stand before the address.
  private var tries: [(before: Int, request: ReadRequest)] {
    let before = wanted.start > 0 ? 1 : 0
    let after = Int(wanted.start) + Int(wanted.count) <= 65_535 ? 1 : 0
    let shorter = [2, 1].filter { $0 < Int(wanted.count) }
    let lengths = [(before, Int(wanted.count) + after), (0, Int(wanted.count))]
    return (lengths + shorter.flatMap { [(before, $0), (0, $0)].suffix(1 + before) }).map {
      before, count in
      var request = wanted
      request.start -= UInt16(before)
      request.count = UInt16(min(125, before + count))
      return (before, request)
    }
  }
}
