// Draws the lives that are judged: random rules, and a random machine under them.
//
// Noise, resets and rollovers are drawn so that somebody who knows only the readings can tell them
// apart: noise is far from the line, a reset is at 0, a rollover is near the ends of the range.

import Machines
import Primitives
import Signals

struct JudgeGenerator {
  var random: SeededGenerator

  init(seed: UInt64) { random = SeededGenerator(seed: seed ^ 0x1D6E) }

  mutating func one(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &random) == 0 }

  private mutating func steps(_ range: ClosedRange<Int>) -> Duration {
    .milliseconds(50 * Int.random(in: range, using: &random))
  }

  /// `wide`: its signals may lie on two units.
  mutating func life(
    longest: Int = 80, counts: Bool = false, wide: Bool = true
  ) throws -> JudgeLife {
    let states = try states()
    let counters = counters(noisy: counts)
    var life = JudgeLife(states: states, counters: counters, scans: [])
    life.countWindow =
      [.zero, .milliseconds(250), .seconds(1)].randomElement(using: &random)
      ?? .zero
    if wide, one(3) {
      life.far = Set(JudgeScan.signals.filter { _ in Bool.random(using: &random) })
    }
    life.scans = scans(
      Int.random(in: 8...longest, using: &random), counters, life.far, noisy: counts)
    return life
  }

  // MARK: Rules

  private mutating func rule(_ depth: Int) -> EvidenceRule {
    let test: EvidenceRule.Test
    switch Int.random(in: 0..<(depth > 2 ? 6 : 9), using: &random) {
    case 0: test = .bit(one(2) ? Cell.run : Cell.blocked)
    case 1:
      test = .code(
        Cell.code,
        [
          CodeMeaning([12], reason: "jam"), CodeMeaning([20, 21], reason: "lunch"),
          CodeMeaning([5]),
        ], anyOther: one(2))
    case 2: test = .above(Cell.level, on: 6, off: Double(Int.random(in: 3...6, using: &random)))
    case 3: test = .below(Cell.level, on: 3, off: Double(Int.random(in: 3...6, using: &random)))
    case 4: test = .counterStands(Cell.count, limit())
    case 5: test = .pulseStands(Cell.pulse, limit())
    case 6: test = .not(rule(depth + 1))
    case 7: test = .all([rule(depth + 1), rule(depth + 1)])
    default: test = .any([rule(depth + 1), rule(depth + 1)])
    }
    return EvidenceRule(
      test, onDelay: one(4) ? steps(1...7) : .zero, offDelay: one(4) ? steps(1...7) : .zero)
  }

  private mutating func limit() -> StillLimit {
    one(2)
      ? .cycles(hundredths: 50 * Int64.random(in: 4...20, using: &random))
      : .duration(steps(4...20))
  }

  private mutating func states() throws -> StateRules {
    var claims: [EvidenceClaim] = []
    if one(2) { claims.append(EvidenceClaim(.running, when: EvidenceRule(.bit(Cell.run)))) }
    let states: [EvidenceState] = [
      .fault, .setup, .planned, .blocked, .starved, .stopped, .running, .slow,
    ]
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let state = states.randomElement(using: &random) ?? .fault
      claims.append(EvidenceClaim(state, when: rule(0), reason: one(5) ? "setup" : nil))
    }
    var rules = StateRules(
      name: "cell-1", evidence: EvidenceRules(claims), idealCycle: .milliseconds(100),
      reasons: try Cell.table())
    rules.shortStop = one(3) ? .zero : steps(4...30)
    if one(3) { rules.evidence.order = states.shuffled(using: &random) }
    if one(8) { rules.evidence.otherwise = states.randomElement(using: &random) }
    if !one(4) { rules.counter = Cell.count }
    if one(2) { rules.ignoreUnder = steps(1...10) }
    if one(2) { rules.minimumRun = steps(1...10) }
    if rules.counter != nil, one(2) {
      rules.slow = SlowRule(
        share: 100 * Int64.random(in: 2...9, using: &random), window: steps(20...40))
    }
    rules.plannedSplits = one(2)
    if one(3) { rules.plannedReason = "lunch" }
    if one(2) {
      rules.changeover = ChangeoverRule(
        before: steps(0...10), after: steps(0...10), splits: one(2),
        reason: one(2) ? "setup" : nil)
    }
    return rules
  }

  private mutating func counters(noisy: Bool) -> [RoleCounter] {
    let highest: UInt64 = [9999, 65_535].randomElement(using: &random) ?? 65_535
    let rate = noisy || one(2) ? Double(Int.random(in: 20...60, using: &random)) : nil
    let each = Int64.random(in: 1...3, using: &random)
    var counters = [
      RoleCounter(
        one(4) ? .total : .good,
        CounterRules(
          signal: Cell.count, highest: highest, piecesPerSecond: rate.map { $0 * Double(each) },
          piecesPerCount: each, direction: noisy && one(3) ? .down : .up))
    ]
    if one(2) {
      counters.append(
        RoleCounter(.scrap, CounterRules(signal: Cell.starved, highest: 65_535)))
    }
    if one(3) { counters.append(RoleCounter(.rework, CounterRules(pulse: Cell.pulse))) }
    return counters
  }

  // MARK: The machine's life

  private mutating func scans(
    _ length: Int, _ counters: [RoleCounter], _ far: Set<SignalID>, noisy: Bool
  ) -> [JudgeScan] {
    var scans: [JudgeScan] = []
    var scan = JudgeScan()
    var plant = JudgePlant(rules: counters[0].rules, noisy: noisy, random: &random)
    var (makes, lost, farLost) = (true, 0, 0)
    for index in 0..<length {
      scan.at = (scans.last?.at ?? -100) + (noisy && one(8) ? 3000 : one(12) ? 400 : 100)
      if one(5) { scan.run = one(8) ? nil : one(2) }
      if one(6) {
        scan.code = [0, 0, 0, 5, 12, 20, 99, nil].randomElement(using: &random) ?? 0
      }
      if one(6) { scan.blocked = one(8) ? nil : one(3) }
      if one(3) { scan.level = one(12) ? nil : Int64.random(in: 0...9, using: &random) }
      if one(6) { makes = one(2) }
      let made = makes && one(2)
      if made { scan.pulse = one(20) ? nil : !(scan.pulse ?? false) }
      if made, one(5) { scan.scrap = (scan.scrap ?? 20) + 1 }
      if one(15) { scan.planned.toggle() }
      if lost == 0, index > 0, one(20) { lost = Int.random(in: 1...4, using: &random) }
      scan.contact = lost == 0
      lost = max(0, lost - 1)
      if !far.isEmpty, farLost == 0, index > 0, one(20) {
        farLost = Int.random(in: 1...4, using: &random)
      }
      scan.farContact = farLost == 0
      farLost = max(0, farLost - 1)
      scan.restarted = index > 0 && one(12)
      scan.rebooted = noisy && scan.restarted && one(3)
      scan.orderChanges = one(20)
      let contact = far.contains(Cell.count) ? scan.farContact : scan.contact
      let looks = contact && !scan.restarted && !(noisy && one(30))
      scan.count = plant.show(made ? 1 : 0, looks: looks, random: &random)
      if noisy, !looks, contact, !scan.restarted { scan.count = nil }
      scans.append(scan)
    }
    return scans
  }
}

/// The register of a machine with its PLC: counts, rolls over, is reset, and is misread.
private struct JudgePlant {
  let rules: CounterRules
  let noisy: Bool
  private var register: UInt64
  /// Scans since anything strange, or since nobody looked.
  private var calm = 0

  init(rules: CounterRules, noisy: Bool, random: inout SeededGenerator) {
    (self.rules, self.noisy) = (rules, noisy)
    let top = rules.highest - UInt64.random(in: 0...10, using: &random)
    register =
      noisy && Bool.random(using: &random)
      ? top : UInt64.random(in: 1000...rules.highest / 3, using: &random)
  }

  mutating func show(
    _ made: UInt64, looks: Bool, random: inout SeededGenerator
  ) -> UInt64 {
    func one(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &random) == 0 }
    register = (register + made) % (rules.highest + 1)
    calm = looks ? calm + 1 : 0
    var shown = register
    let ordinary = (900...rules.highest / 2).contains(register)
    if noisy, ordinary, calm > 2 {
      if one(25) {
        (register, calm) = (made, 0)
        shown = register
      } else if one(25) {
        (shown, calm) = (one(2) ? 0 : rules.highest - register / 2, 0)
      }
    }
    return rules.direction == .up ? shown : rules.highest - shown
  }
}
