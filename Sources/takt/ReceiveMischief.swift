// How the bench receiver misbehaves on request, from a seed.

import Primitives

/// What shall go wrong, and how often.
struct ReceiveMischief {
  /// What happens to one request.
  enum Fate: Equatable {
    /// Store and answer as it should be.
    case serve
    /// Answer this status and store nothing.
    case fail(Int)
    /// Store, then close without an answer.
    case dropAnswer
  }

  /// The status of answers that fail; nil for never.
  var failStatus: Int?
  /// The share of requests that fail.
  var failRate: Double
  /// The share of requests whose answer is dropped.
  var dropRate: Double
  /// How long every answer is held back.
  var delay: Duration
  private var generator: SeededGenerator

  init(failStatus: Int?, failRate: Double, dropRate: Double, delay: Duration, seed: UInt64) {
    self.failStatus = failStatus
    self.failRate = failRate
    self.dropRate = dropRate
    self.delay = delay
    generator = SeededGenerator(seed: seed)
  }

  /// Draws the fate of the next request; always two draws, so that options do not shift each other.
  mutating func next() -> Fate {
    let fails = Double.random(in: 0..<1, using: &generator) < failRate
    let drops = Double.random(in: 0..<1, using: &generator) < dropRate
    if fails, let failStatus { return .fail(failStatus) }
    return drops ? .dropAnswer : .serve
  }
}
