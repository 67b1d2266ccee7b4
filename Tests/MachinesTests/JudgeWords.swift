// The rules of a judged life in short words, so that a failing one can be read.

import Machines
import Primitives
import Signals

extension JudgeLife {
  /// What is declared, without what is usual.
  var words: String {
    var words: [String] = []
    for claim in states.evidence.claims {
      let reason = claim.reason.map { " (\($0))" } ?? ""
      words.append("\(claim.state.rawValue)\(reason) when \(claim.rule.words)")
    }
    if states.evidence.order != EvidenceRules.usualOrder {
      words.append("order \(states.evidence.order.map(\.rawValue).joined(separator: ","))")
    }
    if let otherwise = states.evidence.otherwise { words.append("otherwise \(otherwise.rawValue)") }
    if states.counter != nil { words.append("with a counter") }
    if states.ignoreUnder > .zero { words.append("ignoreUnder \(states.ignoreUnder.text)") }
    if states.minimumRun > .zero { words.append("minimumRun \(states.minimumRun.text)") }
    if states.shortStop > .zero { words.append("shortStop \(states.shortStop.text)") }
    if let slow = states.slow { words.append("slow under \(slow.share) in \(slow.window.text)") }
    if let rule = states.changeover {
      words.append(
        "changeover before \(rule.before.text) after \(rule.after.text)"
          + (rule.splits ? " splits" : "") + (rule.reason.map { " (\($0))" } ?? ""))
    }
    if states.plannedSplits { words.append("plannedSplits") }
    if let reason = states.plannedReason { words.append("planned (\(reason))") }
    for counter in counters {
      let rules = counter.rules
      words.append(
        "\(counter.role.rawValue) \(rules.source.rawValue) to \(rules.highest) "
          + "\(rules.direction.rawValue) x\(rules.piecesPerCount) "
          + "rate \(rules.piecesPerSecond.map { "\($0)" } ?? "-")")
    }
    return words.joined(separator: "; ") + "; window \(countWindow.text)"
  }
}

extension EvidenceRule {
  fileprivate var words: String {
    let names: [SignalID: String] = [
      Cell.run: "run", Cell.code: "code", Cell.blocked: "blocked", Cell.level: "level",
      Cell.count: "count", Cell.starved: "scrap", Cell.pulse: "pulse",
    ]
    func name(_ signal: SignalID) -> String { names[signal] ?? "?" }
    func text(_ limit: StillLimit) -> String {
      switch limit {
      case .duration(let duration): duration.text
      case .cycles(let hundredths): "\(hundredths)/100 cycles"
      }
    }
    let words: String
    switch test {
    case .bit(let id): words = name(id)
    case .code(let id, _, let anyOther): words = anyOther ? "\(name(id))+" : name(id)
    case .above(let id, let on, let off): words = "\(name(id))>=\(on)/\(off)"
    case .below(let id, let on, let off): words = "\(name(id))<=\(on)/\(off)"
    case .counterStands(let id, let limit), .pulseStands(let id, let limit):
      words = "\(name(id)) stands \(text(limit))"
    case .all(let rules): words = "all(" + rules.map(\.words).joined(separator: ", ") + ")"
    case .any(let rules): words = "any(" + rules.map(\.words).joined(separator: ", ") + ")"
    case .not(let inner): words = "not(\(inner.words))"
    }
    return words + (onDelay > .zero ? " on \(onDelay.text)" : "")
      + (offDelay > .zero ? " off \(offDelay.text)" : "")
  }
}
