// What a result at the field means to the recorder: whether it must hear of it, and how soon.
//
// Invariants
// - What a machine may decide on at once is `prompt`; in doubt a signal is.
// - A counter alone decides nothing: it is told at the end of its window, whose deadline wakes the
//   recorder by its mark. Where its standing still is evidence, its moving on is as well.

import Machines
public import Primitives
import Signals

/// How soon the recorder must hear of something.
public enum FieldNews: UInt8, Comparable, Sendable {
  /// Nothing was told.
  case none
  /// Whenever it looks.
  case quiet
  /// By the end of the window in which it is published.
  case published
  /// At once.
  case prompt

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// What a result left in the ring.
public struct FieldOutcome: Equatable, Sendable {
  /// How soon what was told must be heard.
  public var news: FieldNews
  /// The latest mark that was pushed since the outcome before, when one was.
  public var markedThrough: Instant?
  /// Samples in the ring now.
  public var fill: Int
  /// When it was pushed.
  public var at: Instant

  public init(news: FieldNews, markedThrough: Instant?, fill: Int, at: Instant) {
    self.news = news
    self.markedThrough = markedThrough
    self.fill = fill
    self.at = at
  }
}

extension RecorderPlan {
  /// How soon news of each signal must be heard, by `SignalID.index`.
  public var news: [FieldNews] {
    var news = signals.map { signal -> FieldNews in
      guard signal.isPublished else { return .quiet }
      return publishWindow > .zero ? .published : .prompt
    }
    for signal in machines.flatMap(\.promptSignals) where Int(signal.index) < news.count {
      news[Int(signal.index)] = .prompt
    }
    return news
  }
}

extension MachineRules {
  /// The signals of which one sample may be enough for an event.
  var promptSignals: [SignalID] {
    var prompt = [running?.signal, faultCode, order?.order, order?.operation].compactMap { $0 }
    prompt += limits.map(\.signal)
    if standstill != nil {
      prompt += [good?.signal].compactMap { $0 } + counters.map(\.rules.signal)
    }
    guard let states else { return prompt }
    if states.slow != nil { prompt += [states.counter].compactMap { $0 } }
    for claim in states.evidence.claims { claim.rule.gather(&prompt) }
    return prompt
  }
}

extension EvidenceRule {
  /// Adds the signals that the rule is about.
  fileprivate func gather(_ signals: inout [SignalID]) {
    switch test {
    case .bit(let signal), .code(let signal, _, _), .above(let signal, _, _),
      .below(let signal, _, _), .counterStands(let signal, _), .pulseStands(let signal, _):
      signals.append(signal)
    case .all(let rules), .any(let rules):
      for rule in rules { rule.gather(&signals) }
    case .not(let rule): rule.gather(&signals)
    }
  }
}
