// The state of the link to one endpoint, apart from the health of the units behind it.
//
// ```
//   down ──▶ connecting ──opened──▶ up ──broken, garbage, all silent──▶ breaking
//    ▲           └──failed──▶ coolingOff ◀──────────closed────────────────┘
//    └───────────────────────────┘ (deadline)
// ```
//
// Invariants
// - A link that broke or brought something unexpected is closed before the next request, so that a
//   late answer finds nobody to believe it (F10, F11).
// - The delay before the next try grows until a unit has answered; a link that opens and then fails
//   does not reset it (F13). It never ends (F8, F12).

public import Primitives

/// Where a link stands.
public enum LinkState: Equatable, Sendable {
  /// Closed, to be opened at the next turn.
  case down
  /// The result of opening it is awaited.
  case connecting
  /// Open; `asked` is the block whose answer is awaited.
  case up(asked: Int?)
  /// Not to be used any more; to be closed at the next turn.
  case breaking
  /// Closed, and left alone until then.
  case coolingOff(until: Instant)

  /// One word for the status.
  public var text: String {
    switch self {
    case .down: "down"
    case .connecting: "connecting"
    case .up: "up"
    case .breaking: "breaking"
    case .coolingOff: "coolingOff"
    }
  }
}

/// The link's state with its patience.
struct FieldLink: Sendable {
  private(set) var state = LinkState.down
  /// Timeouts since any unit last answered.
  private(set) var silence = 0
  private var backoff = Backoff(
    floor: PollingLimits.reopenFloor, ceiling: PollingLimits.reopenCeiling)

  mutating func connecting() { state = .connecting }

  mutating func opened() {
    silence = 0
    state = .up(asked: nil)
  }

  mutating func openFailed(at now: Instant, using generator: inout some RandomNumberGenerator) {
    state = .coolingOff(until: now + backoff.next(using: &generator))
  }

  mutating func asked(_ block: Int) { state = .up(asked: block) }

  /// Takes the request that was under way; nil when there was none.
  mutating func takeAsked() -> Int? {
    guard case .up(let asked?) = state else { return nil }
    state = .up(asked: nil)
    return asked
  }

  mutating func answered() {
    silence = 0
    backoff.reset()
  }

  mutating func timedOut() { silence += 1 }

  mutating func broke() { state = .breaking }

  mutating func closed(at now: Instant, using generator: inout some RandomNumberGenerator) {
    state = .coolingOff(until: now + backoff.next(using: &generator))
  }
}
