// The rules of evidence as a flat program: one array of steps, in the order in which they are
// answered, so that evaluating needs neither recursion nor memory.
//
// Invariants
// - Children stand before their parent; a claim is one range of steps whose last is its root.
// - A step names its signal by slot, and a slot names the claims that depend on it.
// - Everything is bounded by `EvidenceLimits`; what is beyond is refused when it is compiled.

import Primitives
import Signals

/// Limits of the evidence of one machine.
public enum EvidenceLimits {
  /// Steps of all rules: 32 claims of 16 conditions; 104 B each, so 52 KiB.
  public static let steps = 512
  /// Claims: the dirty ones are one word of 64 bits.
  public static let claims = 64
  /// Values in all code tables: the alarm list of a large machine; 16 B each, so 64 KiB.
  public static let codes = 4096
  /// Conditions within each other: more than anybody can read.
  public static let depth = 8
}

/// Why rules of evidence cannot be compiled.
public enum EvidenceFault: Error, Equatable, Sendable, CustomStringConvertible {
  case tooMany(what: String, count: Int, limit: Int)
  case tooDeep(limit: Int)
  case empty(claim: Int)
  case crossed(claim: Int, on: Double, off: Double)
  case state(EvidenceState)

  public var description: String {
    switch self {
    case .tooMany(let what, let count, let limit):
      "compiling evidence: \(count) \(what) are more than \(limit); join rules or drop some"
    case .tooDeep(let limit):
      "compiling evidence: conditions stand more than \(limit) within each other; flatten them"
    case .empty(let claim):
      "compiling evidence: claim \(claim + 1) has an all or any without conditions; give it one"
    case .crossed(let claim, let on, let off):
      "compiling evidence: claim \(claim + 1) turns on at \(on) and off at \(off), so it would "
        + "never rest; for above, off must not be over on, for below, not under it"
    case .state(let state):
      "compiling evidence: \(state.rawValue) follows from contact and cannot be claimed"
    }
  }
}

struct EvidenceProgram: Equatable, Sendable {
  enum Operation: UInt8, Sendable {
    case bit, code, above, below, counterStands, pulseStands, all, any, not

    var isLeaf: Bool {
      switch self {
      case .bit, .code, .above, .below, .counterStands, .pulseStands: true
      case .all, .any, .not: false
      }
    }

    var stands: Bool {
      switch self {
      case .counterStands, .pulseStands: true
      case .bit, .code, .above, .below, .all, .any, .not: false
      }
    }
  }

  struct Step: Equatable, Sendable {
    var operation: Operation
    /// The slot of a leaf's signal.
    var slot: Int32 = -1
    /// The step that this one answers to; -1 for the root of a claim.
    var parent: Int32 = -1
    /// Delays in nanoseconds, never negative.
    var onDelay: Int64
    var offDelay: Int64
    var on: Double = 0
    var off: Double = 0
    /// The range of a code table in `codes`.
    var codesFrom: Int32 = 0
    var codesTo: Int32 = 0
    var anyOther = false
    /// It stands under an odd number of `not`: what it says speaks against the claim.
    var isDenied = false
    /// Nanoseconds, or hundredths of the ideal cycle of a piece.
    var limit: Int64 = 0
    var limitIsCycles = false
  }

  struct Code: Equatable, Sendable {
    var value: Int64
    /// An index into `reasons`; -1 for none.
    var reason: Int32
  }

  struct Claim: Equatable, Sendable {
    var state: EvidenceState
    var first: Int
    var root: Int
    var reason: Int32
  }

  private(set) var steps: [Step] = []
  private(set) var codes: [Code] = []
  private(set) var reasons: [String] = []
  private(set) var claims: [Claim] = []
  /// The signal of each slot.
  private(set) var signals: [SignalID] = []
  /// For each slot the claims that depend on it, a bit each.
  private(set) var dependents: [UInt64] = []
  /// Claims by strength, strongest first.
  private(set) var ranking: [Int] = []
  /// Claims of a stop by nothing but what stands still, a bit each.
  private(set) var standing: UInt64 = 0
  /// Claims that depend on the ideal cycle, a bit each.
  private(set) var ofCycle: UInt64 = 0
  /// Every claim, a bit each.
  private(set) var all: UInt64 = 0
  /// Steps that ask whether a counter stands still.
  private(set) var resting: [Int] = []
  let otherwise: EvidenceState?
  let standsAnew: Bool
  /// The rank of each state: 0 is the strongest.
  private(set) var ranks: [EvidenceState: Int]

  /// A program that asks nothing.
  init() { (otherwise, standsAnew, ranks) = (nil, false, [:]) }

  init(
    _ rules: EvidenceRules, also counted: SignalID?, pieces: [SignalID: Int64] = [:]
  ) throws(EvidenceFault) {
    otherwise = rules.otherwise
    standsAnew = rules.standsAnew
    if otherwise == .noContact { throw .state(.noContact) }
    let order = EvidenceRules.settled(rules.order)
    ranks = Dictionary(order.enumerated().map { ($1, $0) }) { first, _ in first }
    guard rules.claims.count <= EvidenceLimits.claims else {
      throw .tooMany(what: "claims", count: rules.claims.count, limit: EvidenceLimits.claims)
    }
    for (index, claim) in rules.claims.enumerated() {
      guard claim.state != .noContact else { throw .state(claim.state) }
      let first = steps.count
      try compile(claim.rule, claim: index, depth: 1)
      claims.append(
        Claim(
          state: claim.state, first: first, root: steps.count - 1, reason: reason(claim.reason)))
    }
    if let counted { _ = slot(of: counted) }
    stretch(pieces)
    for (index, claim) in claims.enumerated() {
      for step in steps[claim.first...claim.root] where step.operation.isLeaf {
        dependents[Int(step.slot)] |= 1 << UInt64(index)
        if step.limitIsCycles { ofCycle |= 1 << UInt64(index) }
      }
      let leaves = steps[claim.first...claim.root].filter(\.operation.isLeaf)
      let isStanding = leaves.allSatisfy(\.operation.stands) && claim.state.stands
      if isStanding, steps[claim.first...claim.root].allSatisfy({ $0.operation != .not }) {
        standing |= 1 << UInt64(index)
      }
    }
    for index in claims.indices { all |= 1 << UInt64(index) }
    resting = steps.indices.filter { steps[$0].operation == .counterStands }
    let strength = ranks
    ranking = claims.indices.sorted {
      (strength[claims[$0].state] ?? 0, $0) < (strength[claims[$1].state] ?? 0, $1)
    }
  }

  /// Takes over the memory of what is the same in another program; what it asks stays the same.
  mutating func share(with kin: EvidenceProgram) {
    if steps == kin.steps { steps = kin.steps }
    if codes == kin.codes { codes = kin.codes }
    if reasons == kin.reasons { reasons = kin.reasons }
    if claims == kin.claims { claims = kin.claims }
    if dependents == kin.dependents { dependents = kin.dependents }
    if ranking == kin.ranking { ranking = kin.ranking }
    if resting == kin.resting { resting = kin.resting }
    if ranks == kin.ranks { ranks = kin.ranks }
  }

  /// Limits in ideal cycles are of one piece: a count of several pieces may take so much longer.
  private mutating func stretch(_ pieces: [SignalID: Int64]) {
    for index in steps.indices where steps[index].limitIsCycles {
      let each = max(1, pieces[signals[Int(steps[index].slot)]] ?? 1)
      steps[index].limit = saturating(steps[index].limit, times: each)
    }
  }

  private mutating func slot(of signal: SignalID) -> Int32 {
    if let known = signals.firstIndex(of: signal) { return Int32(known) }
    signals.append(signal)
    dependents.append(0)
    return Int32(signals.count - 1)
  }

  private mutating func reason(_ code: String?) -> Int32 {
    guard let code else { return -1 }
    if let known = reasons.firstIndex(of: code) { return Int32(known) }
    reasons.append(code)
    return Int32(reasons.count - 1)
  }

  private mutating func compile(
    _ rule: EvidenceRule, claim: Int, depth: Int, isDenied: Bool = false
  ) throws(EvidenceFault) {
    guard depth <= EvidenceLimits.depth else { throw .tooDeep(limit: EvidenceLimits.depth) }
    var step = Step(
      operation: .bit, onDelay: max(0, rule.onDelay.nanoseconds),
      offDelay: max(0, rule.offDelay.nanoseconds))
    step.isDenied = isDenied
    var children: [Int] = []
    switch rule.test {
    case .bit(let signal): step.slot = slot(of: signal)
    case .code(let signal, let meanings, let anyOther):
      (step.operation, step.slot, step.anyOther) = (.code, slot(of: signal), anyOther)
      try table(meanings, &step)
    case .above(let signal, let on, let off):
      guard off <= on else { throw .crossed(claim: claim, on: on, off: off) }
      (step.operation, step.slot, step.on, step.off) = (.above, slot(of: signal), on, off)
    case .below(let signal, let on, let off):
      guard off >= on else { throw .crossed(claim: claim, on: on, off: off) }
      (step.operation, step.slot, step.on, step.off) = (.below, slot(of: signal), on, off)
    case .counterStands(let signal, let limit):
      (step.operation, step.slot) = (.counterStands, slot(of: signal))
      step.stand(limit)
    case .pulseStands(let signal, let limit):
      (step.operation, step.slot) = (.pulseStands, slot(of: signal))
      step.stand(limit)
    case .all(let rules), .any(let rules):
      guard !rules.isEmpty else { throw .empty(claim: claim) }
      if case .all = rule.test { step.operation = .all } else { step.operation = .any }
      children = try compileAll(rules, claim: claim, depth: depth, isDenied: isDenied)
    case .not(let inner):
      step.operation = .not
      children = try compileAll([inner], claim: claim, depth: depth, isDenied: !isDenied)
    }
    guard steps.count < EvidenceLimits.steps else {
      throw .tooMany(
        what: "conditions", count: steps.count + 1, limit: EvidenceLimits.steps)
    }
    for child in children { steps[child].parent = Int32(steps.count) }
    steps.append(step)
  }

  private mutating func compileAll(
    _ rules: [EvidenceRule], claim: Int, depth: Int, isDenied: Bool
  ) throws(EvidenceFault) -> [Int] {
    var roots: [Int] = []
    for rule in rules {
      try compile(rule, claim: claim, depth: depth + 1, isDenied: isDenied)
      roots.append(steps.count - 1)
    }
    return roots
  }

  private mutating func table(
    _ meanings: [CodeMeaning], _ step: inout Step
  ) throws(EvidenceFault) {
    var table: [Code] = []
    for meaning in meanings {
      let reason = reason(meaning.reason)
      for value in meaning.values where !table.contains(where: { $0.value == value }) {
        table.append(Code(value: value, reason: reason))
      }
    }
    guard codes.count + table.count <= EvidenceLimits.codes else {
      throw .tooMany(
        what: "codes", count: codes.count + table.count, limit: EvidenceLimits.codes)
    }
    step.codesFrom = Int32(codes.count)
    codes += table.sorted { $0.value < $1.value }
    step.codesTo = Int32(codes.count)
  }

  /// The index of a value in a step's table; nil when it is not in it.
  func code(_ value: Int64, of step: Int) -> Int? {
    var (low, high) = (Int(steps[step].codesFrom), Int(steps[step].codesTo))
    while low < high {
      let middle = (low + high) / 2
      if codes[middle].value == value { return middle }
      if codes[middle].value < value { low = middle + 1 } else { high = middle }
    }
    return nil
  }
}

extension EvidenceProgram.Step {
  fileprivate mutating func stand(_ limit: StillLimit) {
    switch limit {
    case .duration(let duration): self.limit = max(0, duration.nanoseconds)
    case .cycles(let hundredths):
      self.limit = max(0, hundredths)
      limitIsCycles = true
    }
  }
}
