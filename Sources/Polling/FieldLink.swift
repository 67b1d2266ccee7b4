// The state of the link to one endpoint, apart from the health of the units behind it.
//
// ```
//   down ──▶ connecting ──opened──▶ up ──broken, nothing but silence or garbage──▶ breaking
//    ▲           └──failed──▶ coolingOff ◀──────────────closed───────────────────────┘
//    └───────────────────────────┘ (deadline)
// ```
//
// Invariants
// - An invalid answer is its unit's failure: the edge finds the next frame by itself (F7, F10).
//   Only when nothing valid has come from anybody for a while is the link itself doubted, and the
//   same holds for silence (F6). A link that broke is closed before the next request.
// - The delay before the next try grows until a unit has answered; a link that opens and then fails
//   does not reset it (F13). It never ends (F8), and it is never longer than half of the time since
//   the link broke, or the floor: who was away for 2 s is missed for 1 s more at most (F12).

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
  /// Invalid answers since any unit last answered.
  private(set) var garbage = 0
  /// When the link broke or could not be opened, until a unit answers.
  private var brokenSince: Instant?
  private var backoff = Backoff(
    floor: PollingLimits.reopenFloor, ceiling: PollingLimits.reopenCeiling)

  mutating func connecting() { state = .connecting }

  mutating func opened() {
    silence = 0
    garbage = 0
    state = .up(asked: nil)
  }

  mutating func openFailed(at now: Instant, using generator: inout some RandomNumberGenerator) {
    coolOff(now, using: &generator)
  }

  private mutating func coolOff(_ now: Instant, using generator: inout some RandomNumberGenerator) {
    let since = brokenSince ?? now
    brokenSince = since
    let longest = max(PollingLimits.reopenFloor, (now - since) / 2)
    state = .coolingOff(until: now + min(backoff.next(using: &generator), longest))
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
    garbage = 0
    brokenSince = nil
    backoff.reset()
  }

  mutating func timedOut() { silence += 1 }

  mutating func garbled() { garbage += 1 }

  mutating func broke(at now: Instant) {
    if brokenSince == nil { brokenSince = now }
    state = .breaking
  }

  mutating func closed(at now: Instant, using generator: inout some RandomNumberGenerator) {
    coolOff(now, using: &generator)
  }
}
