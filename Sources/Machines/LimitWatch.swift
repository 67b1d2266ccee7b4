// The limits of one machine: samples in, exceeded and cleared out.
//
//   inside ──beyond──▶ rising ──on delay──▶ exceeded ──back inside──▶ falling ──off delay──▶ inside
//      ▲                 │                      ▲                        │
//      └──not beyond─────┘                      └──not back inside───────┘
//
// Invariants
// - What it decides is a function of samples and of the time up to which everything was told.
//   A delay ends at its own time; a sample at that very moment goes first.
// - A signal that cannot be read neither exceeds nor clears: a delay that was running begins anew
//   with the next good value, and an exceeded limit stays exceeded, with the time nobody saw told.
// - Between the limit and its hysteresis nothing changes, so noise on the line tells nothing.

public import Primitives
public import Signals

/// The limits on the signals of one machine.
public struct LimitWatch: Equatable, Sendable {
  enum State: Equatable, Sendable {
    case inside
    case rising(since: Stamp)
    case exceeded(since: Stamp)
    case falling(since: Stamp, from: Stamp)
  }

  /// One limit with its state.
  struct Guard: Equatable, Sendable {
    let rules: LimitRules
    var state: State = .inside
    /// The last good value.
    var value: Value = .none
    /// Since when the signal cannot be read; nil while it is read, or before it ever was.
    var unreadSince: Instant?
    /// Time nobody saw while it was exceeded, before the present gap.
    var unseen: Duration = .zero

    var deadline: Instant? {
      guard unreadSince == nil else { return nil }
      return switch state {
      case .inside, .exceeded: nil
      case .rising(let since): since.instant + rules.onDelay
      case .falling(_, let from): from.instant + rules.offDelay
      }
    }
  }

  var guards: [Guard]
  private var guardsOfSignal: [UInt32: [Int]] = [:]

  /// Limits beyond `WatchLimits.limitsOfMachine` are not watched; settings refuse them before.
  public init(_ rules: [LimitRules]) {
    guards = rules.prefix(WatchLimits.limitsOfMachine).map { Guard(rules: $0) }
    for (index, limit) in guards.enumerated() {
      guardsOfSignal[limit.rules.signal.index, default: []].append(index)
    }
  }

  /// The signals whose samples are wanted.
  public var interest: [SignalID] {
    guardsOfSignal.keys.sorted().map { SignalID(Int($0)) }
  }

  /// The limits that are exceeded now, in the order of the configuration.
  public var exceeded: [LimitRules] {
    guards.filter { limit in
      switch limit.state {
      case .inside, .rising: false
      case .exceeded, .falling: true
      }
    }.map(\.rules)
  }

  /// The earliest moment at which a delay ends, if everything up to after it is told; nil for none.
  public var nextDeadline: Instant? {
    guards.compactMap(\.deadline).min()?.advanced(nanoseconds: 1)
  }

  /// Takes one sample; samples come in the order of their time.
  public mutating func take(
    _ sample: Sample, reading: ClockReading, into facts: inout [LimitFact]
  ) {
    guard sample.kind == .value, let indices = guardsOfSignal[sample.subject] else { return }
    let at = Stamp(sample.at, reading)
    for index in indices {
      guards[index].advance(to: sample.at, reading, into: &facts)
      if sample.quality == .good, let number = sample.value.number {
        guards[index].read(number, sample.value, at, reading, into: &facts)
      } else {
        guards[index].lose(at: sample.at)
      }
    }
  }

  /// Everything before a moment has been told: ends the delays that lie before it, in their order.
  public mutating func advance(
    to moment: Instant, reading: ClockReading, into facts: inout [LimitFact]
  ) {
    while let next = earliest, next.deadline < moment {
      guards[next.index].advance(to: moment, reading, into: &facts)
    }
  }

  private var earliest: (index: Int, deadline: Instant)? {
    var found: (index: Int, deadline: Instant)?
    for index in guards.indices {
      guard let deadline = guards[index].deadline else { continue }
      if deadline < found?.deadline ?? .distantFuture { found = (index, deadline) }
    }
    return found
  }
}

extension LimitWatch.Guard {
  /// Ends a delay that lies before a moment.
  mutating func advance(
    to moment: Instant, _ reading: ClockReading, into facts: inout [LimitFact]
  ) {
    guard let deadline, deadline < moment else { return }
    pass(at: Stamp(deadline, reading), into: &facts)
  }

  /// The delay has passed: tells it.
  private mutating func pass(at: Stamp, into facts: inout [LimitFact]) {
    switch state {
    case .inside, .exceeded: break
    case .rising(let since):
      state = .exceeded(since: since)
      unseen = .zero
      facts.append(
        LimitFact(at: at, since: since, kind: .exceeded, rules: rules, value: value))
    case .falling(let since, _):
      state = .inside
      let duration = max(.zero, at.instant - since.instant)
      facts.append(
        LimitFact(
          at: at, since: since, kind: .cleared(duration: duration, unseen: unseen), rules: rules,
          value: value))
      unseen = .zero
    }
  }

  /// Takes a good value.
  mutating func read(
    _ number: Double, _ value: Value, _ at: Stamp, _ reading: ClockReading,
    into facts: inout [LimitFact]
  ) {
    if let gone = unreadSince {
      unreadSince = nil
      switch state {
      case .inside, .rising: break
      case .exceeded, .falling:
        unseen = .nanoseconds(
          saturating(unseen.nanoseconds, plus: max(0, at.instant.nanoseconds(since: gone))))
      }
    }
    self.value = value
    switch state {
    case .inside:
      if rules.isBeyond(number) { state = .rising(since: at) }
    case .rising:
      if !rules.isBeyond(number) { state = .inside }
    case .exceeded(let since):
      if rules.isBackInside(number) { state = .falling(since: since, from: at) }
    case .falling(let since, _):
      if !rules.isBackInside(number) { state = .exceeded(since: since) }
    }
    // Without a delay there is nothing to wait for.
    if let deadline, deadline <= at.instant { pass(at: at, into: &facts) }
  }

  /// The signal cannot be read from now on.
  mutating func lose(at: Instant) {
    if unreadSince == nil { unreadSince = at }
    switch state {
    case .inside, .exceeded: break
    case .rising: state = .inside
    case .falling(let since, _): state = .exceeded(since: since)
    }
  }
}

extension Value {
  /// The value as a number to compare; nil for texts, nothing and what is no number.
  var number: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .unsigned(let number): Double(number)
    case .real(let number): number.isNaN ? nil : number
    case .text, .none: nil
    }
  }
}
