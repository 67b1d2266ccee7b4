// A bench for the states of one machine: scans in, facts out as lines. It tells signals as the
// field thread does: only what changed, everything after a start.

import Machines
import Primitives
import Signals

/// The signals of the machine on the bench.
enum Cell {
  static let run = SignalID(10)
  static let code = SignalID(11)
  static let blocked = SignalID(12)
  static let starved = SignalID(13)
  static let setup = SignalID(14)
  static let level = SignalID(15)
  static let count = SignalID(16)
  static let pulse = SignalID(17)
  static let all = [run, code, blocked, starved, setup, level, count, pulse]

  static let reasons = [
    Reason("mech", texts: ["en": "mechanical", "de": "Mechanik"], costCenter: "4711"),
    Reason("jam", texts: ["en": "jam", "de": "Stau"], parent: "mech"),
    Reason("lunch", texts: ["en": "lunch"], category: .planned),
    Reason("setup", texts: ["en": "setting up"], category: .planned, costCenter: "99"),
  ]

  static func table() throws -> ReasonTable { try ReasonTable(reasons, language: "en") }

  /// A run bit, fault codes 12 (jam) and 20 (lunch), and a sensor each for blocked, starved, setup.
  static var claims: [EvidenceClaim] {
    [
      EvidenceClaim(.running, when: EvidenceRule(.bit(run))),
      EvidenceClaim(
        .fault,
        when: EvidenceRule(
          .code(
            code, [CodeMeaning([12], reason: "jam"), CodeMeaning([20], reason: "lunch")],
            anyOther: true))),
      EvidenceClaim(.blocked, when: EvidenceRule(.bit(blocked))),
      EvidenceClaim(.starved, when: EvidenceRule(.bit(starved))),
      EvidenceClaim(.setup, when: EvidenceRule(.bit(setup)), reason: "setup"),
    ]
  }

  static func rules(_ change: (inout StateRules) -> Void = { _ in }) throws -> StateRules {
    var rules = StateRules(
      name: "cell-1", evidence: EvidenceRules(claims), counter: count, shortStop: .zero,
      reasons: try table())
    change(&rules)
    return rules
  }
}

struct StateBench {
  let rules: StateRules
  var states: MachineStates
  var facts: [Fact] = []
  /// Milliseconds.
  var at: Int64 = 0
  private var told: [SignalID: (Value, Quality)] = [:]
  private var looked: Int64?
  private var isDue = false

  init(_ rules: StateRules) throws {
    self.rules = rules
    states = try MachineStates(rules: rules, epoch: "e1", at: Self.stamp(.boot))
  }

  private static func reading(_ instant: Instant) -> ClockReading {
    ClockReading(
      monotonic: instant,
      wall: WallTime(milliseconds: 1_772_000_000_000 + instant.milliseconds),
      quality: .synchronised, bootID: "boot-a")
  }

  static func stamp(_ instant: Instant) -> Stamp { Stamp(instant, reading(instant)) }

  /// Fires what is due before a time in milliseconds.
  mutating func advance(before end: Int64) {
    var turns = 0
    while let due = states.deadline, due < .milliseconds(end) {
      states.fire(at: Self.stamp(max(due, .milliseconds(at))), into: &facts)
      turns += 1
      precondition(turns < 10_000, "a deadline that does not pass: \(due)")
    }
    at = max(at, end)
  }

  /// One scan; a value of nil is refused by the device, the unit of those `away` does not answer.
  mutating func scan(
    _ at: Int64, _ values: [SignalID: Value?], seen: Bool = true, away: Set<SignalID> = []
  ) {
    foresee(values, seen: seen, away: away)
    advance(before: at)
    let stamp = Self.stamp(.milliseconds(at))
    for signal in states.interest {
      guard let slot = states.slot(of: signal), let value = values[signal] else { continue }
      let isAway = !seen || away.contains(signal)
      let quality: Quality = isAway ? .noContact : value == nil ? .refused : .good
      if let last = told[signal], last.1 == quality, quality != .good || last.0 == value {
        continue
      }
      told[signal] = (value ?? .none, quality)
      states.take(value ?? .none, quality, slot: slot, at: stamp)
      isDue = true
    }
    looked = seen ? at : nil
    if isDue { states.settle(at: stamp, into: &facts) }
    isDue = false
  }

  /// Tells which counts will come in this scan, as the buffer of a machine knows them.
  mutating func foresee(
    _ values: [SignalID: Value?], seen: Bool, away: Set<SignalID> = []
  ) {
    guard seen, let looked else { return }
    for signal in [Cell.count, Cell.pulse] where !away.contains(signal) {
      guard let slot = states.slot(of: signal), let value = values[signal], let last = told[signal],
        last.1 == .good, let value, last.0 != value
      else { continue }
      if signal == Cell.pulse, value == .integer(0) { continue }
      states.foresee(slot: slot, looked: .milliseconds(looked))
    }
  }

  /// The gateway restarts just before the scan at this time.
  mutating func restart(before at: Int64) throws {
    advance(before: at)
    let bytes = states.snapshot(reading: Self.reading(.milliseconds(at)))
    states = try MachineStates(rules: rules, epoch: "e1", at: Self.stamp(.milliseconds(at)))
    try states.resume(bytes, reading: Self.reading(.milliseconds(at)))
    told = [:]
  }

  mutating func plan(_ isPlanned: Bool, at: Int64) {
    advance(before: at)
    states.plan(isPlanned)
    isDue = true
  }

  mutating func changeOrder(at: Int64) {
    advance(before: at)
    states.changeOrder(at: Self.stamp(.milliseconds(at)), into: &facts)
  }

  mutating func classify(_ id: String, _ reason: String, by: String = "anna") throws {
    try states.classify(
      id, reason: reason, by: by, at: Self.stamp(.milliseconds(at)), into: &facts)
  }

  var lines: [String] { facts.map(\.stateLine) }
}

extension Fact {
  /// The line of a fact with what decided and what was inferred.
  var stateLine: String {
    guard case .stateChanged = kind else { return line }
    let by = evidence.map { " by \($0.signal.index)" } ?? ""
    guard let inferred else { return line + by }
    let counted = inferred.counted.map { $0 ? ", counted" : ", no count" } ?? ""
    return line + by + counted + (inferred.condition.map { ", about \($0)" } ?? "")
  }
}
