// Random lives of a machine under random rules: what is told must be what the reference works out.

import Glibc
import Machines
import Primitives
import Signals
import Testing

/// One random life.
struct CellLife {
  let rules: StateRules
  var frames: [CellFrame]

  init(seed: UInt64, longest: Int = 80) throws {
    var random = SeededGenerator(seed: seed)
    rules = try Self.rules(&random)
    frames = Self.frames(Int.random(in: 10...longest, using: &random), &random)
  }

  private static func steps(_ range: ClosedRange<Int>, _ random: inout SeededGenerator) -> Duration
  {
    .milliseconds(50 * Int.random(in: range, using: &random))
  }

  private static func one(_ of: Int, _ random: inout SeededGenerator) -> Bool {
    Int.random(in: 0..<of, using: &random) == 0
  }

  private static func rule(_ depth: Int, _ random: inout SeededGenerator) -> EvidenceRule {
    let test: EvidenceRule.Test
    switch Int.random(in: 0..<(depth > 2 ? 6 : 9), using: &random) {
    case 0: test = .bit(one(2, &random) ? Cell.run : Cell.blocked)
    case 1:
      test = .code(
        Cell.code,
        [
          CodeMeaning([12], reason: "jam"), CodeMeaning([20, 21], reason: "lunch"),
          CodeMeaning([5]),
        ],
        anyOther: one(2, &random))
    case 2: test = .above(Cell.level, on: 6, off: Double(Int.random(in: 3...6, using: &random)))
    case 3: test = .below(Cell.level, on: 3, off: Double(Int.random(in: 3...6, using: &random)))
    case 4: test = .counterStands(Cell.count, limit(&random))
    case 5: test = .pulseStands(Cell.pulse, limit(&random))
    case 6: test = .not(rule(depth + 1, &random))
    case 7: test = .all([rule(depth + 1, &random), rule(depth + 1, &random)])
    default: test = .any([rule(depth + 1, &random), rule(depth + 1, &random)])
    }
    return EvidenceRule(
      test, onDelay: one(4, &random) ? steps(1...7, &random) : .zero,
      offDelay: one(4, &random) ? steps(1...7, &random) : .zero)
  }

  private static func limit(_ random: inout SeededGenerator) -> StillLimit {
    one(2, &random)
      ? .cycles(hundredths: 50 * Int64.random(in: 4...20, using: &random))
      : .duration(steps(4...20, &random))
  }

  private static func rules(_ random: inout SeededGenerator) throws -> StateRules {
    var claims: [EvidenceClaim] = []
    if one(3, &random) { claims.append(.init(.running, when: EvidenceRule(.bit(Cell.run)))) }
    let states: [EvidenceState] = [
      .fault, .setup, .planned, .blocked, .starved, .stopped, .running, .slow,
    ]
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let state = states.randomElement(using: &random) ?? .fault
      claims.append(EvidenceClaim(state, when: rule(0, &random)))
    }
    var rules = StateRules(
      name: "cell-1", evidence: EvidenceRules(claims), idealCycle: .milliseconds(100),
      shortStop: .zero, reasons: try Cell.table())
    if one(3, &random) { rules.evidence.order = states.shuffled(using: &random) }
    if !one(4, &random) { rules.counter = Cell.count }
    if one(2, &random) { rules.ignoreUnder = steps(1...10, &random) }
    if one(2, &random) { rules.minimumRun = steps(1...10, &random) }
    rules.plannedSplits = one(2, &random)
    if one(2, &random) {
      rules.changeover = ChangeoverRule(
        before: steps(0...10, &random), after: steps(0...10, &random), splits: one(2, &random))
    }
    return rules
  }

  private static func frames(_ length: Int, _ random: inout SeededGenerator) -> [CellFrame] {
    var frames: [CellFrame] = []
    var frame = CellFrame(run: true, code: 0, blocked: false, level: 4, count: 7, pulse: false)
    var (makes, lost) = (true, 0)
    for index in 0..<length {
      if one(5, &random) { frame.run = one(8, &random) ? nil : one(2, &random) }
      if one(6, &random) {
        frame.code = [0, 0, 0, 5, 12, 20, 99, nil].randomElement(using: &random) ?? 0
      }
      if one(6, &random) { frame.blocked = one(8, &random) ? nil : one(3, &random) }
      if one(3, &random) { frame.level = Int64.random(in: 0...9, using: &random) }
      if one(6, &random) { makes = one(2, &random) }
      if makes, one(2, &random) { (frame.count, frame.pulse) = (frame.count + 1, !frame.pulse) }
      if one(15, &random) { frame.planned.toggle() }
      if lost == 0, one(20, &random) { lost = Int.random(in: 1...4, using: &random) }
      frame.seen = lost == 0
      lost = max(0, lost - 1)
      frame.restarted = index > 0 && one(12, &random)
      frame.orderChanged = one(20, &random)
      frames.append(frame)
    }
    return frames
  }

  func live() throws -> [CellStop] {
    var bench = try StateBench(rules)
    var planned = false
    for (index, frame) in frames.enumerated() {
      let at = Int64(index) * 100
      let values: [SignalID: Value?] = [
        Cell.run: frame.run.map { .integer($0 ? 1 : 0) },
        Cell.code: frame.code.map { .integer($0) },
        Cell.blocked: frame.blocked.map { .integer($0 ? 1 : 0) },
        Cell.level: .real(Double(frame.level)), Cell.count: .integer(frame.count),
        Cell.pulse: .integer(frame.pulse ? 1 : 0),
      ]
      bench.foresee(values, seen: frame.seen)
      if frame.restarted { try bench.restart(before: at) }
      if frame.orderChanged { bench.changeOrder(at: at) }
      if frame.planned != planned { bench.plan(frame.planned, at: at) }
      planned = frame.planned
      bench.scan(at, values, seen: frame.seen)
    }
    bench.advance(before: Int64(frames.count) * 100)
    return bench.account
  }
}

extension StateBench {
  /// Every stop in its last revision.
  var account: [CellStop] {
    var records: [StopRecord] = []
    for fact in facts {
      let record: StopRecord
      switch fact.kind {
      case .stopStarted(let stop, _), .stopClassified(let stop, _), .stopEnded(let stop):
        record = stop
      case .stateChanged, .counted, .counterAnomaly, .contactLost, .contactRestored, .orderShown:
        continue
      }
      if let known = records.firstIndex(where: { $0.stopID == record.stopID }) {
        records[known] = record
      } else {
        records.append(record)
      }
    }
    if let open = states.openStop, let index = records.indices.last { records[index] = open }
    return records.map { record in
      CellStop(
        start: record.startedAt.instant.milliseconds, end: record.endedAt?.instant.milliseconds,
        unseen: record.noContact.wholeMilliseconds, text: record.cause.text,
        category: record.category, classified: record.classified,
        kind: record.kind == .shortStop ? .stopped : record.kind)
    }
  }
}

@Suite("States against the reference")
struct StateReferenceTests {
  /// Lives in each of 20 parts: 100, or a twentieth of TAKT_STATE_LIVES.
  static let lives: UInt64 = {
    guard let text = unsafe getenv("TAKT_STATE_LIVES") else { return 100 }
    return max(1, (UInt64(unsafe String(cString: text)) ?? 2000) / 20)
  }()

  @Test(arguments: 0..<20)
  func `random lives under random rules are told stop by stop (F47, F48, F50)`(
    _ part: UInt64
  ) throws {
    for seed in part * Self.lives..<(part + 1) * Self.lives {
      let life = try CellLife(seed: seed)
      let expected = StateReference(life.rules, life.frames).stops()
      let told = try life.live()
      guard told == expected else {
        let drawing = life.frames.map(\.drawing).joined(separator: "\n")
        Issue.record("seed \(seed)\n\(life.rules)\n\(drawing)\n\(told)\nis not\n\(expected)")
        return
      }
    }
  }

  @Test(arguments: 0..<40)
  func `a restart before any scan of a life is told as the reference says`(_ seed: UInt64) throws {
    let life = try CellLife(seed: 7_000_000 + seed, longest: 25)
    for cut in life.frames.indices.dropFirst() {
      var cutLife = life
      cutLife.frames[cut].restarted = true
      let expected = StateReference(cutLife.rules, cutLife.frames).stops()
      #expect(try cutLife.live() == expected, "seed \(seed), restart before scan \(cut)")
    }
  }
}

extension CellStop: CustomStringConvertible {
  var description: String {
    "\(start)-\(end.map(String.init) ?? "") unseen \(unseen) \(text), \(category), \(kind)"
  }
}

extension CellFrame {
  var drawing: String {
    func sign(_ bit: Bool?) -> String { bit.map { $0 ? "1" : "0" } ?? "x" }
    return (restarted ? "|" : " ") + (orderChanged ? "o" : " ") + (planned ? "P" : " ")
      + (seen ? " " : "?") + " run \(sign(run)) code \(code.map(String.init) ?? "x")"
      + " blocked \(sign(blocked)) level \(level) count \(count) pulse \(sign(pulse))"
  }
}
