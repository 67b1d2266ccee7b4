// The rules of a machine that has a run bit, a fault code and a standing count, as rules of
// evidence: what was declared before evidence could be means the same.
//
// What the detector of earlier versions did and this does not, as the stated rules of evidence and
// of the vocabulary want it:
// - A stop is told as fault where a code says so, as shortStop until its limit, then as stopped;
//   before, all of it was stopped. A stop without a code has the text "stopped, no reason", or "no
//   count for 30s" where nothing but the standing count says it.
// - A run bit or a code that is refused within a stop suspends it; before, it was as if absent, so
//   that the stop ended. A run bit that is true decides although the code is refused.
// - A count that stood before the machine ran is not counted as its standing still, over a loss
//   of contact neither: that was another stop.
// What stood still while other evidence held the machine has its whole time anew (`standsAnew`):
// declared evidence is not read so, there a count that stands is a claim like any other.

import Primitives
import Signals

extension EvidenceRule {
  /// A condition of the simple kind.
  public init(_ condition: Condition) {
    let signal = condition.signal
    switch condition.comparison {
    case .isTrue: self.init(.bit(signal))
    case .isFalse: self.init(.not(EvidenceRule(.bit(signal))))
    case .equals(let number):
      self.init(.code(signal, [CodeMeaning([number])], anyOther: false))
    case .oneOf(let numbers): self.init(.code(signal, [CodeMeaning(numbers)], anyOther: false))
    // Strictly above a limit is at or above the next number.
    case .above(let limit): self.init(.above(signal, on: limit.nextUp, off: limit.nextUp))
    case .below(let limit): self.init(.below(signal, on: limit.nextDown, off: limit.nextDown))
    }
  }
}

extension StateRules {
  /// The rules of a machine as they were declared before evidence could be.
  public init(simple rules: MachineRules) throws(ReasonFault) {
    var claims: [EvidenceClaim] = []
    // 0 is no code; a table holds no more than it may.
    let codes = rules.causes.keys.filter { $0 != 0 }.sorted().prefix(ReasonLimits.reasons)
    if let signal = rules.faultCode {
      let table = codes.map { CodeMeaning([$0], reason: String($0)) }
      claims.append(
        EvidenceClaim(.fault, when: EvidenceRule(.code(signal, table, anyOther: true))))
    }
    if let running = rules.running {
      claims.append(EvidenceClaim(.running, when: EvidenceRule(running)))
      claims.append(
        EvidenceClaim(.stopped, when: EvidenceRule(.not(EvidenceRule(running)))))
    }
    if let standstill = rules.standstill, let role = rules.leading?.role {
      let counters = rules.allCounters.filter { $0.role == role }
      let limit = StillLimit.duration(max(.nanoseconds(1), standstill))
      let tests = counters.map { counter in
        EvidenceRule(
          counter.rules.source == .pulse
            ? .pulseStands(counter.rules.signal, limit)
            : .counterStands(counter.rules.signal, limit))
      }
      let all = tests.count == 1 ? tests[0] : EvidenceRule(.all(tests))
      claims.append(EvidenceClaim(.stopped, when: all))
    }
    let reasons = codes.compactMap { code in
      rules.causes[code].map { cause in
        Reason(
          String(code), texts: ["en": cause.text.isEmpty ? "code \(code)" : cause.text],
          category: cause.category,
          costCenter: cause.costCenter)
      }
    }
    self.init(
      name: rules.name,
      evidence: EvidenceRules(claims, otherwise: .running, standsAnew: true),
      counter: rules.leading?.rules.signal, shortStop: rules.shortStop,
      reasons: try ReasonTable(reasons, language: "en"))
  }
}
