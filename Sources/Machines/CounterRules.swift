// What is declared about a counter: what it counts, how its signal shows that, what it can do.
//
// Invariants
// - `highest` is the highest value the signal shows: counting up it goes on at 0 after it, counting
//   down it goes on there after 0.
// - The rate is in pieces, whatever one count stands for.
// - A pulse has no width: only its rising edges count, debounced where the signal is read.

public import Signals

/// What a counted piece is.
public enum CountRole: String, Sendable, CaseIterable {
  case good, scrap, rework
  /// Every piece, good or not: what is not scrap is good.
  case total
}

/// A register that counts pieces, or a bit that pulses with each.
public struct CounterRules: Equatable, Sendable {
  /// How the signal shows a count.
  public enum Source: String, Sendable { case register, pulse }
  /// Which way a register counts.
  public enum Direction: String, Sendable { case up, down }

  public var signal: SignalID
  /// The highest value the register shows before it starts again at 0 (65535 for 16 bits).
  public var highest: UInt64
  /// Most pieces a second the machine can make; nil when nobody declared it.
  public var piecesPerSecond: Double?
  /// Pieces for each count.
  public var piecesPerCount: Int64
  public var direction: Direction
  public var source: Source

  public init(
    signal: SignalID, highest: UInt64, piecesPerSecond: Double? = nil, piecesPerCount: Int64 = 1,
    direction: Direction = .up, source: Source = .register
  ) {
    self.signal = signal
    self.highest = source == .pulse ? 1 : highest
    self.piecesPerSecond = piecesPerSecond
    self.piecesPerCount = piecesPerCount
    self.direction = source == .pulse ? .up : direction
    self.source = source
  }

  /// A register of so many bits, 1 to 64.
  public init(
    signal: SignalID, bits: Int, piecesPerSecond: Double? = nil, piecesPerCount: Int64 = 1,
    direction: Direction = .up
  ) {
    let width = min(max(bits, 1), UInt64.bitWidth)
    self.init(
      signal: signal, highest: UInt64.max >> UInt64(UInt64.bitWidth - width),
      piecesPerSecond: piecesPerSecond, piecesPerCount: piecesPerCount, direction: direction)
  }

  /// A bit whose rising edges count.
  public init(pulse signal: SignalID, piecesPerSecond: Double? = nil, piecesPerCount: Int64 = 1) {
    self.init(
      signal: signal, highest: 1, piecesPerSecond: piecesPerSecond,
      piecesPerCount: piecesPerCount, source: .pulse)
  }
}

/// A counter and what its pieces are.
public struct RoleCounter: Equatable, Sendable {
  public var role: CountRole
  public var rules: CounterRules

  public init(_ role: CountRole, _ rules: CounterRules) {
    self.role = role
    self.rules = rules
  }
}

extension MachineRules {
  /// Every counter, in the order of the facts: good, scrap, rework, then the others.
  package var allCounters: [RoleCounter] {
    let named = [
      good.map { RoleCounter(.good, $0) }, scrap.map { RoleCounter(.scrap, $0) },
      rework.map { RoleCounter(.rework, $0) },
    ].compactMap { $0 }
    return Array((named + counters).prefix(MachineLimits.counters))
  }

  /// The counter whose standing still is a stop: the first good one, else the first total.
  package var leading: RoleCounter? {
    let all = allCounters
    return all.first { $0.role == .good } ?? all.first { $0.role == .total }
  }

  /// Good pieces are what the totals count and no scrap counter does.
  package var derivesGood: Bool {
    let all = allCounters
    return all.contains { $0.role == .total } && !all.contains { $0.role == .good }
  }
}
