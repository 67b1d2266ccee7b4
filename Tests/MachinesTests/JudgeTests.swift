// Ten thousand lives before an independent judge: what a machine told of each, sample by sample,
// must be what the judge finds in the whole record, stop by stop and part by part.
//
// TAKT_JUDGED_LIVES and TAKT_JUDGED_RESTARTS set how many lives are judged, TAKT_JUDGED_FROM the
// number of the first; a failing one is made as small as it goes.

import Glibc
import Machines
import Primitives
import Signals
import Testing

@Suite("Before the judge")
struct JudgeTests {
  static func number(_ name: String, else usual: UInt64) -> UInt64 {
    guard let text = unsafe getenv(name) else { return usual }
    return UInt64(unsafe String(cString: text)) ?? usual
  }

  /// The numbers of the lives of one part.
  static func seeds(_ part: UInt64, _ lives: UInt64) -> Range<UInt64> {
    let from = number("TAKT_JUDGED_FROM", else: 0) + part * lives
    return from..<from + lives
  }

  @Test(arguments: 0..<20)
  func `random lives are told stop by stop (F47, F48, F50)`(_ part: UInt64) throws {
    let lives = max(1, Self.number("TAKT_JUDGED_LIVES", else: 1000) / 20)
    for seed in Self.seeds(part, lives) {
      var generator = JudgeGenerator(seed: seed)
      let life = try generator.life()
      guard let found = try JudgeCase.stops(life) else { continue }
      let small = try JudgeCase.shrunk(life, JudgeCase.stops)
      Issue.record("seed \(seed)\n\(small.drawing)\n\(try JudgeCase.stops(small) ?? found)")
      return
    }
  }

  @Test(arguments: 0..<20)
  func `the machine itself, on one unit or two, tells the stops of a life`(
    _ part: UInt64
  ) throws {
    let lives = max(1, Self.number("TAKT_JUDGED_LIVES", else: 1000) / 20)
    for seed in Self.seeds(part, lives) {
      var generator = JudgeGenerator(seed: seed ^ 0x3AC_417E)
      let life = try generator.life()
      guard let found = try JudgeCase.machine(life) else { continue }
      let small = try JudgeCase.shrunk(life, JudgeCase.machine)
      Issue.record("seed \(seed)\n\(small.drawing)\n\(try JudgeCase.machine(small) ?? found)")
      return
    }
  }

  @Test func `many random lives have times in which nobody can know, and all are judged`() throws {
    let judged = try (0..<UInt64(200)).count { seed in
      var generator = JudgeGenerator(seed: seed)
      let life = try generator.life()
      return JudgeStops(life, moves: JudgeCounts(life).moves).unknowable > 0
    }
    #expect(judged >= 50, "of 200")
  }

  @Test(arguments: 0..<20)
  func `random counters are booked part by part, and their anomalies told (F49)`(
    _ part: UInt64
  ) throws {
    let lives = max(1, Self.number("TAKT_JUDGED_LIVES", else: 1000) / 20)
    for seed in Self.seeds(part, lives) {
      var generator = JudgeGenerator(seed: seed ^ 0xC0_0117)
      let life = try generator.life(counts: true)
      guard let found = try JudgeCase.parts(life) else { continue }
      let small = try JudgeCase.shrunk(life, JudgeCase.parts)
      Issue.record("seed \(seed)\n\(small.drawing)\n\(try JudgeCase.parts(small) ?? found)")
      return
    }
  }

  @Test(arguments: 0..<10)
  func `a restart before any scan of a life loses no stop and no part`(_ part: UInt64) throws {
    let lives = max(1, Self.number("TAKT_JUDGED_RESTARTS", else: 50) / 10)
    for seed in Self.seeds(part, lives) {
      var generator = JudgeGenerator(seed: seed ^ 0x2E_57A7)
      let counts = seed % 3 == 1
      let life = try generator.life(longest: 25, counts: counts)
      for cut in life.scans.indices.dropFirst() {
        var dying = life
        dying.scans[cut].restarted = true
        let tried =
          counts ? JudgeCase.parts : seed % 3 == 2 ? JudgeCase.machine : JudgeCase.stops
        guard try tried(dying) != nil else { continue }
        let small = try JudgeCase.shrunk(dying, tried)
        Issue.record(
          "seed \(seed), before scan \(cut)\n\(small.drawing)\n\(try tried(small) ?? "")")
        return
      }
    }
  }
}

/// How a life is tried, and made smaller while it still shows a difference.
enum JudgeCase {
  /// What differs in the stops; nil when nothing does.
  static func stops(_ life: JudgeLife) throws -> String? {
    let judge = JudgeStops(life, moves: JudgeCounts(life).moves)
    let judged = judge.stops()
    let bench = try JudgeStatesBench.live(life)
    let told = JudgeBench.stops(bench.facts, open: bench.states.openStop)
    if judged != told {
      return "\(life.words)\nexpected\n\(lines(judged))\nseen\n\(lines(told))"
    }
    return slow(life, bench.facts, judged)
  }

  /// What differs in the stops that the machine tells; nil when nothing does.
  ///
  /// Not judged: a pulse that is counted, and asked whether it stands, through a time in which it
  /// was not read. The level before it and after it proves no standing; what it does prove depends
  /// on what the machine was known to do.
  static func machine(_ life: JudgeLife) throws -> String? {
    var life = life
    life.isFollowed = true
    if JudgeEvidence.deciding(life.states).contains(Cell.pulse) {
      life.counters.removeAll { $0.rules.source == .pulse }
    }
    let counts = JudgeCounts(life)
    let judged = JudgeStops(life, moves: counts.moves).stops()
    let bench = try JudgeBench.live(life)
    if judged != bench.stops {
      return "\(life.words)\nexpected\n\(lines(judged))\nseen\n\(lines(bench.stops))"
    }
    return slow(life, bench.facts, judged)
  }

  /// What differs in the times of running slowly; nil when nothing does.
  private static func slow(
    _ life: JudgeLife, _ facts: [Fact], _ stops: [JudgeStop]
  ) -> String? {
    let judged = JudgeSlow(life, JudgeCounts(life), stops).times()
    let told = JudgeSlowTime.told(facts)
    guard judged != told else { return nil }
    return "\(life.words)\nexpected slow\n\(lines(judged))\nseen slow\n\(lines(told))"
  }

  /// What differs in the parts and in what is told of the counters; nil when nothing does.
  static func parts(_ life: JudgeLife) throws -> String? {
    let judged = JudgeCounts(life)
    let bench = try JudgeBench.live(life)
    let windows = JudgeWindows(judged.bookings, life)
    if let wrong = windows.fault(in: bench.counts) {
      return "\(life.words)\n\(wrong)\nexpected\n\(lines(judged.bookings))\n"
        + "\(lines(judged.verdicts))\nseen\n\(lines(bench.counts.map(\.words)))\n"
        + lines(bench.verdicts)
    }
    guard judged.verdicts != bench.verdicts else { return nil }
    return "\(life.words)\nexpected\n\(lines(judged.verdicts))\nseen\n\(lines(bench.verdicts))"
  }

  static func lines(_ all: [some CustomStringConvertible]) -> String {
    all.map { "  \($0)" }.joined(separator: "\n")
  }

  /// The smallest life found that still differs.
  static func shrunk(
    _ life: JudgeLife, _ differs: (JudgeLife) throws -> String?
  ) throws -> JudgeLife {
    var life = life
    var goesOn = true
    while goesOn {
      goesOn = false
      for smaller in candidates(life) where try differs(smaller) != nil {
        (life, goesOn) = (smaller, true)
        break
      }
    }
    return life
  }

  private static func candidates(_ life: JudgeLife) -> [JudgeLife] {
    var found: [JudgeLife] = []
    func offer(_ change: (inout JudgeLife) -> Void) {
      var smaller = life
      change(&smaller)
      if smaller != life { found.append(smaller) }
    }
    for length in [life.scans.count / 2, life.scans.count * 3 / 4, life.scans.count - 1]
    where length > 1 {
      offer { $0.scans = Array($0.scans.prefix(length)) }
      offer { $0.scans = Array($0.scans.suffix(length)) }
    }
    for index in life.scans.indices where life.scans.count > 2 {
      offer { $0.scans.remove(at: index) }
    }
    for index in life.states.evidence.claims.indices {
      if life.states.evidence.claims.count > 1 {
        offer { $0.states.evidence.claims.remove(at: index) }
      }
      for simpler in simpler(life.states.evidence.claims[index].rule) {
        offer { $0.states.evidence.claims[index].rule = simpler }
      }
      offer { $0.states.evidence.claims[index].reason = nil }
    }
    offer { $0.states.ignoreUnder = .zero }
    offer { $0.states.minimumRun = .zero }
    offer { $0.states.shortStop = .zero }
    offer { $0.states.changeover = nil }
    offer { $0.states.counter = nil }
    offer { $0.states.slow = nil }
    offer { $0.far = [] }
    for signal in JudgeScan.signals { offer { $0.far.remove(signal) } }
    offer { $0.states.plannedReason = nil }
    offer { $0.states.plannedSplits = false }
    offer { $0.states.evidence.order = EvidenceRules.usualOrder }
    offer { $0.states.evidence.otherwise = nil }
    offer { $0.countWindow = .zero }
    for index in life.counters.indices.dropFirst() { offer { $0.counters.remove(at: index) } }
    for index in life.scans.indices {
      offer { $0.scans[index].restarted = false }
      offer { $0.scans[index].rebooted = false }
      offer { $0.scans[index].orderChanges = false }
      offer { $0.scans[index].planned = index > 0 && $0.scans[index - 1].planned }
      offer { $0.scans[index].contact = true }
      offer { $0.scans[index].farContact = true }
      guard index > 0 else { continue }
      let before = life.scans[index - 1]
      offer { $0.scans[index].run = before.run }
      offer { $0.scans[index].code = before.code }
      offer { $0.scans[index].blocked = before.blocked }
      offer { $0.scans[index].level = before.level }
      offer { $0.scans[index].count = before.count }
      offer { $0.scans[index].scrap = before.scrap }
      offer { $0.scans[index].pulse = before.pulse }
    }
    return found
  }

  private static func simpler(_ rule: EvidenceRule) -> [EvidenceRule] {
    var found: [EvidenceRule] = []
    if rule.onDelay > .zero || rule.offDelay > .zero {
      found.append(EvidenceRule(rule.test, onDelay: rule.onDelay))
      found.append(EvidenceRule(rule.test, offDelay: rule.offDelay))
    }
    switch rule.test {
    case .all(let rules):
      found += rules
      for (index, child) in rules.enumerated() {
        for simpler in simpler(child) {
          var rules = rules
          rules[index] = simpler
          found.append(
            EvidenceRule(.all(rules), onDelay: rule.onDelay, offDelay: rule.offDelay))
        }
      }
    case .any(let rules):
      found += rules
      for (index, child) in rules.enumerated() {
        for simpler in simpler(child) {
          var rules = rules
          rules[index] = simpler
          found.append(
            EvidenceRule(.any(rules), onDelay: rule.onDelay, offDelay: rule.offDelay))
        }
      }
    case .not(let inner):
      found.append(inner)
      for simpler in simpler(inner) {
        found.append(EvidenceRule(.not(simpler), onDelay: rule.onDelay, offDelay: rule.offDelay))
      }
    case .bit, .code, .above, .below, .counterStands, .pulseStands: break
    }
    return found.filter { $0 != rule }
  }
}
