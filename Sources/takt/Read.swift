// takt read: one read, once or again and again, through the running gateway where the bus is its
// own.
//
// Why through it: a serial line bears one master, and many devices one connection; a second one
// would spoil what the gateway reads at that moment.

import LinuxEdge
import Polling
import Primitives
import Settings
import Signals

enum ReadCommand {
  /// Between two reads when none is told.
  static let interval = Duration.seconds(1)

  static let usage = CommandUsage(
    name: "read", summary: "read any address of any unit, once or again and again",
    operands: ["BUS/UNIT ADDRESS", "TYPE ORDER"], operandCount: 1...8,
    options: [
      .value("count", "N", "values one behind the other", default: "1"),
      .value("every", "TIME", "read again and again, so far apart", default: "once"),
      .value("repeat", "N", "how often", default: "once, with --every until Control-C"),
      .value("unit", "N", "the unit number, where no BUS/UNIT tells it"),
      .value("timeout", "TIME", "how long the unit may take", default: "as configured, or 500ms"),
      .switch("json", "one JSON object a line"),
    ] + ReadTarget.gatewayOptions + ReadTarget.lineOptions,
    notes: [
      """
      Examples
        takt read line-2/3 holding 100 f32
        takt read line-2/3 40101 f32 cdab --every 2s
        takt read --host 192.168.1.5 --unit 1 holding 100 u16 --count 10
        takt read --device /dev/serial/by-id/usb-X --baud 9600 --parity none --unit 3 input 0 f32
      """
    ],
    exits: [.ok, .configuration, .internal, .network])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let (target, unit, address) = try place(options)
      let count: Int = try options.integer("count", in: 1...2000) ?? 1
      let question = ReadQuestion(
        unitName: target.unitName(unit), unit: unit, line: target.line, address: address,
        count: count,
        timeout: try timeout(options) ?? target.timeout(of: unit))
      guard unit != 0 || target.line.framing == .mbap else {
        throw .usage("unit 0 is everybody on a serial line, and nobody answers; ask one unit")
      }
      let limit = address.table.limitPerRequest
      guard question.words <= limit else {
        throw .usage(
          "\(count) × \(address.format.count) from one request: at most \(limit) of "
            + "\(address.table.rawValue) fit; ask for fewer")
      }
      guard Int(address.start) + question.words <= 65_536 else {
        throw .usage("\(count) values from \(address.text) would end behind address 65535")
      }
      if let known = target.units.first(where: { $0.address == unit }),
        let why = known.objection(to: address.table, address.start, count: question.words)
      {
        throw .usage(why)
      }
      let interval: Duration? = try options.duration("every")
      let times: Int? = try options.integer("repeat", in: 1...1_000_000)
      let meter = AnswerMeter()
      let loop = ReadLoop(
        target: target, question: question, meter: meter, interval: interval ?? Self.interval,
        times: times ?? (interval == nil ? 1 : nil), isJSON: options.has("json"),
        signals: try asking(.internal) { () throws(LinuxFault) in SignalBox(try SignalDescriptor())
        }
      )
      return target.withBus(meter: meter, loop)
    }
  }

  private static func timeout(_ options: CommandLineOptions) throws(CommandFault) -> Duration? {
    guard let timeout = try options.duration("timeout") else { return nil }
    guard timeout >= .milliseconds(1), timeout <= .seconds(60) else {
      throw .usage("--timeout \(timeout.text) is not between 1ms and 60s")
    }
    return timeout
  }

  /// What the words and options point at.
  private static func place(
    _ options: CommandLineOptions
  ) throws(CommandFault) -> (ReadTarget, UInt8, ParsedAddress) {
    var words = options.operands[...]
    let isDirect = ReadTarget.isDirect(options)
    var busAndUnit: (bus: String, unit: UInt8)?
    if !isDirect {
      let first = words.popFirst() ?? ""
      busAndUnit = try Self.busAndUnit(first)
      guard options.text("unit") == nil else {
        throw .usage("\"\(first)\" tells the unit already; leave --unit out")
      }
    }
    let text = words.joined(separator: " ")
    guard !text.isEmpty else {
      throw .usage("the ADDRESS is missing, such as \"holding 100 f32\" or 40101")
    }
    let address: ParsedAddress
    do throws(AddressFault) {
      address = try AddressText.parse(text)
    } catch {
      throw .usage(error.description)
    }
    if let busAndUnit {
      return (try ReadTarget(bus: busAndUnit.bus, options), busAndUnit.unit, address)
    }
    guard let unit: UInt8 = try options.integer("unit", in: 0...255) else {
      throw .usage("--unit N is missing: which unit on that line")
    }
    return (try ReadTarget(direct: options), unit, address)
  }

  /// Parts "line-2/3".
  private static func busAndUnit(_ text: String) throws(CommandFault) -> (bus: String, unit: UInt8)
  {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, let unit = UInt8(parts[1]) else {
      throw .usage(
        "\"\(text)\" is no BUS/UNIT such as line-2/3; without a configuration tell the line with "
          + "--host, --rtu-over-tcp or --device, and --unit")
    }
    return (String(parts[0]), unit)
  }
}

/// Holds the descriptor of signals where a visit is copied about.
final class SignalBox {
  var signals: SignalDescriptor

  init(_ signals: consuming SignalDescriptor) { self.signals = signals }

  /// Waits until a moment; true when a signal asks to end.
  func waits(until moment: Instant) -> Bool {
    var set = PollSet()
    let index = set.add(signals.descriptor, reading: true)
    set.wait(until: moment)
    return set.isReadable(index) && signals.next() != nil
  }
}

/// The reads over whatever link the line has.
private struct ReadLoop: FieldBusVisit {
  let target: ReadTarget
  let question: ReadQuestion
  let meter: AnswerMeter
  let interval: Duration
  /// Nil for until a signal ends it.
  let times: Int?
  let isJSON: Bool
  let signals: SignalBox
  let clock = SystemClock()

  consuming func use<Bus: FieldBus & ~Copyable>(_ bus: consuming Bus) -> ExitCode {
    var words: [UInt16] = []
    var isOpen = false
    var code = ExitCode.ok
    var due = clock.now()
    var done = 0
    if !isJSON { StandardStream.output.line("\(question.head)  \(via)") }
    while done < times ?? .max {
      meter.took = nil
      do throws(BusFault) {
        if !isOpen { try bus.open(timeout: target.connectTimeout) }
        isOpen = true
        let started = clock.now()
        try bus.read(question.request, into: &words)
        show(words, meter.took ?? clock.now() - started)
        code = .ok
      } catch {
        show(isOpen ? question.sentence(error) : Self.opening(error, target), error)
        code = .network
        if error.endsLink { isOpen = false }
      }
      done += 1
      due = max(due + interval, clock.now())
      if done < times ?? .max, signals.waits(until: due) { break }
    }
    bus.close()
    return code
  }

  private var via: String {
    switch target.way {
    case .gateway: "(through the running gateway)"
    case .direct: "(straight to \(target.line.text))"
    }
  }

  private var through: String {
    switch target.way {
    case .gateway: "gateway"
    case .direct: "direct"
    }
  }

  private func show(_ words: [UInt16], _ took: Duration) {
    guard !isJSON else {
      let json = question.json(words, took: took, at: now, through: through)
      return StandardStream.output.line(json.canonicalText)
    }
    let lines = question.lines(words)
    let isMany = times != 1
    let prefix = isMany ? "\(Human.timeOfDay(now, fraction: true))" : ""
    for (index, line) in lines.enumerated() {
      let tail = index == lines.count - 1 ? "  answered in \(took.answerText)" : ""
      StandardStream.output.line(prefix + line + tail)
    }
  }

  private func show(_ sentence: String, _ fault: BusFault) {
    guard !isJSON else {
      let json = question.json(fault, at: now, through: through)
      return StandardStream.output.line(json.canonicalText)
    }
    StandardStream.error.line("takt read: \(sentence)")
  }

  private var now: String { clock.reading().wall.text }

  private static func opening(_ fault: BusFault, _ target: ReadTarget) -> String {
    switch fault {
    case .timeout:
      return "connecting to \(target.line.text): no answer within \(target.connectTimeout.text); "
        + "check the address, the cable and the firewall"
    case .unreachable(let cause), .broken(let cause), .garbage(let cause): return cause
    case .exception(let code): return "connecting to \(target.line.text): exception \(code)"
    }
  }
}

extension BusFault {
  /// The link has to be opened anew.
  fileprivate var endsLink: Bool {
    switch self {
    case .broken, .unreachable: true
    case .timeout, .exception, .garbage: false
    }
  }
}
