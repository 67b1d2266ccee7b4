// The rules of a machine that has a run bit, a fault code and a standing count, as rules of
// evidence: what was declared before evidence could be means the same.

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
    let codes = rules.causes.keys.sorted()
    if let signal = rules.faultCode {
      let table = codes.map { CodeMeaning([$0], reason: String($0)) }
      claims.append(
        EvidenceClaim(.fault, when: EvidenceRule(.code(signal, table, anyOther: true))))
    }
    if let running = rules.running {
      claims.append(
        EvidenceClaim(.stopped, when: EvidenceRule(.not(EvidenceRule(running)))))
    }
    if let standstill = rules.standstill, let good = rules.good {
      let test = EvidenceRule.Test.counterStands(good.signal, .duration(standstill))
      claims.append(EvidenceClaim(.stopped, when: EvidenceRule(test)))
    }
    let reasons = codes.compactMap { code in
      rules.causes[code].map { cause in
        Reason(
          String(code), texts: ["en": cause.text], category: cause.category,
          costCenter: cause.costCenter)
      }
    }
    self.init(
      name: rules.name, evidence: EvidenceRules(claims, otherwise: .running),
      counter: rules.good?.signal, shortStop: rules.shortStop,
      reasons: try ReasonTable(reasons, language: "en"))
  }
}
