// The command line of `takt simulate`: words in, a checked value or one sentence out.

import Primitives
import Simulation

/// What `takt simulate` was asked to do.
struct SimulateOptions: Equatable {
  var host = "127.0.0.1"
  var port: UInt16 = 1502
  var plant = PlantOptions(seed: 1)
  var truthPath: String?
  /// From the start of the process; nil for until a signal comes.
  var runFor: Duration?
  /// From the start of the process; nil for never.
  var freezeAfter: Duration?
  /// From the first request to the first piece.
  var lead = Duration.seconds(2)
  var printsConfiguration = false

  /// What is wrong with a command line.
  struct Mistake: Error, Equatable {
    var text: String
    init(_ text: String) { self.text = text }
  }

  init(_ arguments: [String]) throws(Mistake) {
    var rest = arguments[...]
    var settle: Duration?
    var every: Duration?
    var offFor = Duration.seconds(3)
    var keepsCounters = false
    var shortest = (stop: Duration.seconds(5), run: Duration.seconds(10))
    while let option = rest.popFirst() {
      switch option {
      case "--listen": (host, port) = try Self.endpoint(option, &rest)
      case "--machines":
        plant.machines = try Self.number(option, &rest, 1...PlantLimits.machines)
      case "--seed": plant.seed = UInt64(try Self.number(option, &rest, 0...Int.max))
      case "--truth": truthPath = try Self.word(option, &rest)
      case "--seconds": runFor = try Self.duration(option, &rest)
      case "--settle": settle = try Self.duration(option, &rest)
      case "--freeze-at": freezeAfter = try Self.duration(option, &rest)
      case "--lead": lead = try Self.duration(option, &rest)
      case "--power-cycle-every": every = try Self.duration(option, &rest)
      case "--power-off-for": offFor = try Self.duration(option, &rest)
      case "--keep-counters": keepsCounters = true
      case "--min-stop": shortest.stop = try Self.duration(option, &rest)
      case "--min-run": shortest.run = try Self.duration(option, &rest)
      case "--cycle": plant.cycle = .milliseconds(try Self.number(option, &rest, 1...3_600_000))
      case "--config": printsConfiguration = true
      default: throw Mistake("reading the command line: \(option) is not known")
      }
    }
    plant.stops = shortest.stop...shortest.stop * 3
    plant.runs = shortest.run...shortest.run * 3
    plant.powerCycle = every.map {
      PlantOptions.PowerCycle(every: $0, offFor: offFor, keepsCounters: keepsCounters)
    }
    try settleBefore(settle)
    try checkLengths()
  }

  private mutating func settleBefore(_ settle: Duration?) throws(Mistake) {
    guard let settle else { return }
    guard let runFor, settle < runFor else {
      throw Mistake("reading --settle: it needs --seconds, and must be shorter")
    }
    guard freezeAfter == nil else {
      throw Mistake("reading --settle: --freeze-at says already when all comes to rest")
    }
    freezeAfter = runFor - settle
  }

  private func checkLengths() throws(Mistake) {
    let needed = plant.cycle * SimulateOptions.cyclesInShortestStop
    guard plant.stops.lowerBound >= needed, plant.runs.lowerBound >= needed else {
      throw Mistake(
        "reading --min-stop and --min-run: both must be \(needed.text) at least, "
          + "\(SimulateOptions.cyclesInShortestStop) cycles, so that a count tells them apart")
    }
  }

  /// A standstill is told from slow work after 4 cycles (two pieces with scrap between them take
  /// 2.2); a stop must last clearly longer.
  static let cyclesInShortestStop = 8
  static let cyclesInStandstill = 4

  private static func word(
    _ option: String, _ rest: inout ArraySlice<String>
  ) throws(Mistake) -> String {
    guard let word = rest.popFirst() else { throw Mistake("reading \(option): a value is missing") }
    return word
  }

  private static func number(
    _ option: String, _ rest: inout ArraySlice<String>, _ range: ClosedRange<Int>
  ) throws(Mistake) -> Int {
    let word = try word(option, &rest)
    guard let number = Int(word), range.contains(number) else {
      throw Mistake(
        "reading \(option): \(word) is no whole number from \(range.lowerBound) to "
          + "\(range.upperBound)")
    }
    return number
  }

  /// A number of seconds, or a duration with its unit; a day at most.
  private static func duration(
    _ option: String, _ rest: inout ArraySlice<String>
  ) throws(Mistake) -> Duration {
    let word = try word(option, &rest)
    let duration = Duration(text: word) ?? Duration(text: word + "s")
    guard let duration, duration <= .seconds(31 * 86_400) else {
      throw Mistake("reading \(option): \(word) is no time up to 31d; write 20, 1.5 or 250ms")
    }
    return duration
  }

  private static func endpoint(
    _ option: String, _ rest: inout ArraySlice<String>
  ) throws(Mistake) -> (String, UInt16) {
    let word = try word(option, &rest)
    guard let colon = word.lastIndex(of: ":"), let port = UInt16(word[word.index(after: colon)...])
    else { throw Mistake("reading \(option): \(word) is not HOST:PORT") }
    var host = word[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { throw Mistake("reading \(option): \(word) names no host") }
    return (String(host), port)
  }
}
