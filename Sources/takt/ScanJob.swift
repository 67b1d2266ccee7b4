// What one call of `takt scan` is to do: the line, the speeds, the units, the addresses.

import Gateway
import LinuxEdge
import Polling
import Primitives
import Settings

/// A scan as it was asked for, checked.
struct ScanJob {
  var target: ReadTarget
  /// Nil when one unit is told and only its addresses are looked for.
  var units: UnitScanOrder?
  /// Nil when addresses are not looked for; for each unit found, or the one told.
  var ranges: RangeScanOrder?

  /// The lists of options that say how fast a line is.
  private static let speedOptions = ["baud", "parity", "stop"]

  init(_ options: CommandLineOptions) throws(CommandFault) {
    target = try Self.target(options)
    let speeds = try Self.speeds(options, target)
    let timeout = try Self.time(options, "timeout", .milliseconds(10), longestTimeout)
    let pause = try Self.time(options, "pause", .zero, .seconds(60)) ?? shortestPause
    let patience = timeout ?? defaultTimeout
    let limit: Int? = try options.integer("max-requests", in: 1...10_000_000)
    let unit: UInt8? = try options.integer("unit", in: 1...255)
    if !options.has("registers") {
      for name in ["unit", "table", "from", "to", "thorough"] where options.has(name) {
        throw .usage("--\(name) says nothing without --registers")
      }
    }
    if unit == nil {
      var order = UnitScanOrder(
        speeds: speeds, units: try Self.numbers(options.text("units") ?? "1-247"),
        timeout: patience)
      order.asksInput = !options.has("quick")
      order.goesOn = options.has("all")
      (order.pause, order.requestLimit) = (pause, limit)
      units = order
    } else if options.has("units") {
      throw .usage("give --unit or --units, not both")
    }
    guard options.has("registers") else { return }
    if unit != nil, speeds.count > 1 {
      throw .usage("at which speed? give one --baud, --parity and --stop with --unit")
    }
    var order = RangeScanOrder(
      unit: unit ?? 0, addresses: try Self.addresses(options), timeout: patience)
    order.tables = try Self.tables(options.text("table") ?? "holding,input")
    order.isThorough = options.has("thorough")
    (order.pause, order.requestLimit, order.speed) = (pause, limit, speeds.first ?? nil)
    ranges = order
  }

  /// The line: of the configuration, or told by options; speeds are ours to try.
  private static func target(_ options: CommandLineOptions) throws(CommandFault) -> ReadTarget {
    let isDirect = ReadTarget.isDirect(options)
    if let bus = options.operands.first {
      guard !isDirect else { throw .usage("\"\(bus)\" and a line of options are two; give one") }
      return try ReadTarget(bus: bus, options)
    }
    guard isDirect else {
      throw .usage(
        "which line? name a BUS of the configuration, or give --device, --host or --rtu-over-tcp")
    }
    // The same options without the lists, which `takt read` would take for one speed.
    let names = (ReadTarget.gatewayOptions + ReadTarget.lineOptions).map(\.name)
    let kept = names.filter { options.has($0) && !speedOptions.contains($0) }
    let usage = CommandUsage(
      name: "scan", summary: "", options: ReadTarget.gatewayOptions + ReadTarget.lineOptions,
      exits: [])
    return try ReadTarget(
      direct: try CommandLineOptions(
        kept.flatMap { ["--\($0)", options.required($0)] }, usage))
  }

  /// The speeds to try; one nil where the line has a speed of its own.
  private static func speeds(
    _ options: CommandLineOptions, _ target: ReadTarget
  ) throws(CommandFault) -> [SerialSpeed?] {
    let told = speedOptions.first(where: options.has)
    guard case .rtu = target.line, case .direct = target.way else {
      guard let told else { return [nil] }
      throw .usage("--\(told): the speed of this line is not changed from here; leave it out")
    }
    if told == nil, options.operands.first != nil { return [nil] }
    let bauds = try options.text("baud").map { text throws(CommandFault) in
      try list("baud", text, "300 to 4000000") {
        Int($0).flatMap { (300...4_000_000).contains($0) ? $0 : nil }
      }
    }
    let parities = try options.text("parity").map { text throws(CommandFault) in
      try list("parity", text, "none, even, odd", SerialSpeed.Parity.init(rawValue:))
    }
    let stops = try options.text("stop").map { text throws(CommandFault) in
      try list("stop", text, "1, 2") { ["1": 1, "2": 2][$0] }
    }
    return UnitScanOrder.speeds(
      bauds: bauds ?? ScanLimits.bauds, parities: parities ?? [.none, .even], stopBits: stops ?? [1]
    )
  }

  /// Whether the running gateway asks for us.
  var isGuest: Bool {
    if case .gateway = target.way { true } else { false }
  }

  /// A guest is not patient: what it delays the schedule, it waits fifty times.
  private var defaultTimeout: Duration {
    switch target.line {
    case .rtu, .rtuOverTCP: ScanLimits.serialTimeout
    case .tcp, .tls: isGuest ? ScanLimits.serialTimeout : ScanLimits.streamTimeout
    }
  }

  /// A guest that has to wait longer for its turn than the gateway's longest wait gets none.
  private var longestTimeout: Duration {
    isGuest ? GuestLimits.longestWait / Int(GuestLimits.delayPayback) : .seconds(60)
  }

  /// The gateway takes no more than so many requests a second from guests.
  private var shortestPause: Duration {
    isGuest ? max(ScanLimits.pause, .seconds(1) / GuestLimits.perSecond) : ScanLimits.pause
  }

  private static func time(
    _ options: CommandLineOptions, _ name: String, _ least: Duration, _ most: Duration
  ) throws(CommandFault) -> Duration? {
    guard let time = try options.duration(name) else { return nil }
    guard time >= least, time <= most else {
      throw .usage("--\(name) \(time.text) is not between \(least.text) and \(most.text)")
    }
    return time
  }

  private static func list<Value>(
    _ name: String, _ text: String, _ allowed: String, _ value: (String) -> Value?
  ) throws(CommandFault) -> [Value] {
    var values: [Value] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
      guard let next = value(word) else {
        throw .usage("--\(name) \"\(word)\" is not among: \(allowed)")
      }
      values.append(next)
    }
    return values
  }

  private static func tables(_ text: String) throws(CommandFault) -> [ModbusTable] {
    try list("table", text, "holding, input, coil, discrete", ModbusTable.init(rawValue:))
  }

  private static func addresses(
    _ options: CommandLineOptions
  ) throws(CommandFault) -> ClosedRange<UInt16> {
    let first: UInt16 = try options.integer("from", in: 0...UInt16.max) ?? 0
    let last: UInt16 = try options.integer("to", in: 0...UInt16.max) ?? max(first, 9999)
    guard first <= last else { throw .usage("--from \(first) stands behind --to \(last)") }
    return first...last
  }

  /// Unit numbers such as "1-10,20".
  static func numbers(_ text: String) throws(CommandFault) -> [UInt8] {
    var numbers: [UInt8] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map {
        UInt8($0).flatMap { $0 > 0 ? $0 : nil }
      }
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
        first <= last
      else {
        throw .usage(
          "--units \"\(part)\" is no unit number from 1 to 255 and no range such as 1-32")
      }
      for number in first...last where !numbers.contains(number) { numbers.append(number) }
    }
    return numbers
  }
}
