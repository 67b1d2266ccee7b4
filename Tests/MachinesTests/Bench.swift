// A bench for one machine: scans in, facts out as lines of text. It tells samples as the field
// thread does: only what changed, every signal after a start, and a mark behind each scan.

import Machines
import Primitives
import Signals

enum Line {
  static let unit = UnitID(0)
  static let run = SignalID(0)
  static let code = SignalID(1)
  static let good = SignalID(2)
  static let scrap = SignalID(3)

  /// A press with a run bit, a fault code and a good counter.
  static func rules(
    run: Bool = true, code: Bool = true, good: Bool = true, standstill: Duration? = nil,
    rate: Double? = nil, highest: UInt64 = 65_535, window: Duration = .seconds(10)
  ) -> MachineRules {
    MachineRules(
      name: "press-1", units: [unit], signals: [Line.run, Line.code, Line.good, Line.scrap],
      running: run ? Condition(signal: Line.run, comparison: .isTrue) : nil,
      faultCode: code ? Line.code : nil,
      causes: [
        12: CauseDefinition(text: "jam", costCenter: "4711"),
        20: CauseDefinition(text: "lunch", category: .planned),
      ],
      good: good
        ? CounterRules(signal: Line.good, highest: highest, piecesPerSecond: rate) : nil,
      scrap: good ? CounterRules(signal: Line.scrap, highest: highest) : nil,
      standstill: standstill, shortStop: .seconds(5), countWindow: window)
  }
}

/// What one scan reads; nil is a signal that the PLC does not have.
struct Scan: Equatable {
  var run: Bool?
  var code: Int64?
  var good: UInt64?
  var scrap: UInt64?
  var quality = Quality.good
}

struct Bench {
  let rules: MachineRules
  var machine: Machine
  var facts: [Fact] = []
  var told: [UInt32: (Value, Quality)] = [:]
  var boot = "boot-a"
  /// Wall time of instant 0 of this boot.
  var wallOfBoot: Int64 = 1_772_000_000_000
  var at: Int64 = 0
  /// A slow recorder takes samples without a turn.
  var advances = true
  /// A recorder that commits a snapshot only with facts: the last one.
  var committed: [UInt8]?

  init(_ rules: MachineRules, at: Int64 = 0) throws {
    self.rules = rules
    self.at = at
    let wall = WallTime(milliseconds: wallOfBoot + at)
    let reading = ClockReading(
      monotonic: .milliseconds(at), wall: wall, quality: .synchronised, bootID: boot)
    machine = try Machine(rules: rules, epoch: "e1", reading: reading)
  }

  var reading: ClockReading {
    ClockReading(
      monotonic: .milliseconds(at), wall: WallTime(milliseconds: wallOfBoot + at),
      quality: .synchronised, bootID: boot)
  }

  /// One scan at a time in milliseconds.
  mutating func scan(_ at: Int64, _ scan: Scan) {
    self.at = max(self.at, at)
    tell(Line.run, at, scan.run.map { .integer($0 ? 1 : 0) }, scan.quality)
    tell(Line.code, at, scan.code.map { .integer($0) }, scan.quality)
    tell(Line.good, at, scan.good.map { .integer(Int64(clamping: $0)) }, scan.quality)
    tell(Line.scrap, at, scan.scrap.map { .integer(Int64(clamping: $0)) }, scan.quality)
    mark(at)
  }

  /// The mark of a scan, a nanosecond behind it.
  mutating func mark(_ at: Int64) {
    self.at = max(self.at, at)
    machine.take(Sample(mark: Line.unit, at: .milliseconds(at).advanced(nanoseconds: 1)))
    let before = facts.count
    if advances { machine.advance(reading: reading, into: &facts) }
    if committed != nil, facts.count > before { committed = machine.snapshot(reading: reading) }
  }

  private mutating func tell(_ signal: SignalID, _ at: Int64, _ value: Value?, _ quality: Quality) {
    guard let value else { return }
    let last = told[signal.index]
    let shown = quality == .good ? value : last?.0 ?? .none
    if let last, last.0 == shown, last.1 == quality { return }
    told[signal.index] = (shown, quality)
    machine.take(Sample(signal: signal, at: .milliseconds(at), value: shown, quality: quality))
  }

  /// The gateway is killed and starts again in the same boot.
  mutating func restart() throws {
    let kept = committed ?? machine.snapshot(reading: reading)
    machine = try Machine(rules: rules, epoch: "e1", snapshot: kept, reading: reading)
    told = [:]
  }

  /// The computer is switched off and starts again.
  mutating func reboot(downFor gap: Int64, as name: String = "boot-b") throws {
    let bytes = machine.snapshot(reading: reading)
    wallOfBoot += at + gap - 1000
    at = 1000
    boot = name
    machine = try Machine(rules: rules, epoch: "e1", snapshot: bytes, reading: reading)
    told = [:]
  }

  mutating func shutDown() { machine.flush(reading: reading, into: &facts) }

  var lines: [String] { facts.map(\.line) }

  /// Facts of stops and states alone.
  var stopLines: [String] {
    facts.filter { if case .counted = $0.kind { false } else { true } }.map(\.line)
  }

  var good: Int64 { facts.reduce(0) { $0 + ($1.counted?.good ?? 0) } }
}

extension Instant {
  static func milliseconds(_ value: Int64) -> Instant { Instant(nanoseconds: value * 1_000_000) }
}

extension Fact {
  var counted: CountRecord? { if case .counted(let record) = kind { record } else { nil } }
  var ended: StopRecord? { if case .stopEnded(let record) = kind { record } else { nil } }
  var started: StopRecord? { if case .stopStarted(let record, _) = kind { record } else { nil } }
  var anomaly: CounterAnomaly? { if case .counterAnomaly(let it) = kind { it } else { nil } }

  var line: String {
    let time = at.instant.milliseconds
    switch kind {
    case .stateChanged(let state, let previous, let duration, let cause):
      let why = cause.map { " (\($0.text))" } ?? ""
      return "\(time) \(previous) \(duration.wholeMilliseconds) -> \(state)\(why)"
    case .stopStarted(let stop, let evidence):
      let by = evidence.map { "\($0.signal.index)" } ?? "-"
      return "\(time) start \(stop.line) by \(by)"
    case .stopClassified(let stop, let by):
      return "\(time) classify \(stop.line) revision \(stop.revision) by \(by)"
    case .stopEnded(let stop):
      return "\(time) end \(stop.line) \(stop.duration.wholeMilliseconds)"
        + (stop.noContact > .zero ? " unseen \(stop.noContact.wholeMilliseconds)" : "")
    case .counted(let count):
      let flags =
        (count.recovered ? " recovered" : "") + (count.rollover ? " rollover" : "")
        + (count.reset ? " reset" : "")
      return "\(count.from.instant.milliseconds)..\(count.to.instant.milliseconds) "
        + "made \(count.good)+\(count.scrap) of \(count.goodTotal)+\(count.scrapTotal)" + flags
    case .counterAnomaly(let it):
      return "\(time) \(it.verdict) \(it.before)->\(it.after) "
        + "booked \(it.booked) not \(it.notBooked)"
    case .contactLost(let unit, let cause): return "\(time) lost \(unit.index) \(cause.text)"
    case .contactRestored(let unit, let duration):
      return "\(time) found \(unit.index) after \(duration.wholeMilliseconds)"
    case .orderShown(let order, let operation):
      return "\(time) shows order \(order)" + (operation.map { " operation " + $0 } ?? "")
    }
  }
}

extension StopRecord {
  var line: String {
    let number = stopID.split(separator: "-").last ?? "?"
    return "#\(number) \(cause.text), \(category)\(approximate ? ", about" : "")"
  }
}
