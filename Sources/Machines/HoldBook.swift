// Quality holds: what must not be confirmed until somebody looked at it.
//
// Invariants
// - A hold stays until it is released by name; a restart, a cleared limit or a new order ends none.
// - The same hold asked for twice is one hold.
// - There is always room to hold: the last place of the book is kept for the whole line, so that
//   too many holds hold too much and never too little.

public import Primitives

/// What a hold covers.
public enum HoldScope: Hashable, Sendable {
  case machine(String)
  case line(String)
  case order(String)
  case lot(String)

  /// The kind of scope: `machine`, `line`, `order` or `lot`.
  public var kind: String {
    switch self {
    case .machine: "machine"
    case .line: "line"
    case .order: "order"
    case .lot: "lot"
    }
  }

  /// The name of what is held.
  public var name: String {
    switch self {
    case .machine(let name), .line(let name), .order(let name), .lot(let name): name
    }
  }

  /// Reads a kind and a name; nil for a kind that nobody knows.
  public init?(kind: String, name: String) {
    switch kind {
    case "machine": self = .machine(name)
    case "line": self = .line(name)
    case "order": self = .order(name)
    case "lot": self = .lot(name)
    default: return nil
    }
  }
}

/// One hold in force.
public struct QualityHold: Equatable, Sendable {
  /// Who asked for it: a limit or another rule, or a person.
  public enum Origin: String, Sendable, CaseIterable { case rule, `operator` }

  public var number: Int64
  public var scope: HoldScope
  public var reason: String
  public var by: String
  public var from: Origin
  public var at: Stamp

  public init(
    number: Int64, scope: HoldScope, reason: String, by: String, from: Origin, at: Stamp
  ) {
    self.number = number
    self.scope = scope
    self.reason = reason
    self.by = by
    self.from = from
    self.at = at
  }

  func covers(_ confirmation: Confirmation) -> Bool {
    switch scope {
    case .machine(let name): confirmation.machine == name
    case .line(let name): confirmation.line == name
    case .order(let name): confirmation.key.orderID == name
    case .lot(let name): confirmation.lotID == name
    }
  }
}

/// The holds in force at one line.
struct HoldBook: Equatable, Sendable {
  let line: String
  private(set) var holds: [QualityHold] = []
  private(set) var next: Int64 = 1

  init(line: String) { self.line = line }

  init(line: String, holds: [QualityHold], next: Int64) {
    self.line = line
    self.holds = Array(holds.prefix(OrderLimits.holds))
    let after = saturating(self.holds.map(\.number).max() ?? 0, plus: 1)
    self.next = max(1, next, after)
  }

  /// Sets a hold; nil when it is in force already.
  mutating func hold(
    _ scope: HoldScope, reason: String, by: String, from: QualityHold.Origin, at: Stamp
  ) -> QualityHold? {
    guard holds.count < OrderLimits.holds else { return nil }
    var (scope, reason) = (scope, reason)
    let isKnown = holds.contains {
      $0.scope == scope && $0.reason == reason && $0.by == by && $0.from == from
    }
    guard !isKnown else { return nil }
    if holds.count == OrderLimits.holds - 1 {
      reason =
        "\(OrderLimits.holds) holds in force, so the whole line is held; "
        + "the last was for \(scope.kind) \(scope.name): \(reason)"
      scope = .line(line)
    }
    let hold = QualityHold(
      number: next, scope: scope, reason: reason, by: by, from: from, at: at)
    next = saturating(next, plus: 1)
    holds.append(hold)
    return hold
  }

  /// Ends a hold; nil when there is none of that number.
  mutating func release(_ number: Int64) -> QualityHold? {
    guard let index = holds.firstIndex(where: { $0.number == number }) else { return nil }
    return holds.remove(at: index)
  }

  func covering(_ confirmation: Confirmation) -> QualityHold? {
    holds.first { $0.covers(confirmation) }
  }
}
