// What a conditioner keeps of each signal: the rule, the watch of the fast path, the memory of the
// slow one, and the phase that decides.

import Primitives

/// What became of a wish to tell something.
public enum Telling: Equatable, Sendable {
  /// It was known already.
  case nothing
  case told
  /// The ring was full; nothing changed, so that it can be tried again.
  case refused
}

/// What is told of a signal and what is only suspected.
///
/// ```
/// untold ──value──▶ settled ──moved──▶ pending ──held──▶ settled
///    ▲                 │  ▲──────returned──┘
///    └──refused────────┘  bad ◀──quality── any;  bad ──value──▶ settled
/// ```
enum Phase: Equatable, Sendable {
  /// Nothing was told, or the ring refused it.
  case untold
  /// The value told is the value seen.
  case settled
  /// A new value was seen and must hold; a text's candidate is kept in its memory.
  case pending(candidate: Value, since: Instant)
  /// Told with a quality other than good.
  case bad(Quality)

  /// What a good value that was just seen leads to.
  enum Verdict: Equatable {
    /// Back at what was told.
    case settle
    /// A change begins.
    case begin
    /// The change goes on.
    case hold
    case tellCandidate(Value, since: Instant)
    case tellCurrent
  }

  @inline(__always)
  func meet(
    at: Instant, delay: Int64, heartbeatDue: Bool, nearTold: Bool,
    nearCandidate: (Value) -> Bool
  ) -> Verdict {
    switch self {
    case .untold, .bad:
      return .tellCurrent
    case .settled:
      if nearTold { return heartbeatDue ? .tellCurrent : .settle }
      return delay <= 0 ? .tellCurrent : .begin
    case .pending(let candidate, let since):
      if nearTold { return heartbeatDue ? .tellCurrent : .settle }
      guard nearCandidate(candidate) else { return delay <= 0 ? .tellCurrent : .begin }
      return at.nanoseconds(since: since) >= delay
        ? .tellCandidate(candidate, since: since) : .hold
    }
  }
}

/// What the fast path looks at.
struct Watch: Sendable {
  /// The bits at the last look.
  var seen: UInt64 = 0
  /// From here on the signal is looked at even when its bits are the same.
  var deadline = Instant.distantPast
  /// Which bits of the words matter.
  let mask: UInt64
  /// Words compared: 1, 2 or 4; 0 for a text, which is compared by content.
  let width: UInt8

  init(mask: UInt64, width: UInt8) {
    self.mask = mask
    self.width = width
  }

  /// The words as they came, in one number; of a text a number that differs each time.
  @inline(__always)
  func bits(_ words: Span<UInt16>, _ offset: Int, _ count: Int) -> UInt64 {
    if width == 1, count >= 1 { return UInt64(words[offset]) & mask }
    if width == 2, count >= 2 {
      return UInt64(words[offset]) | UInt64(words[offset + 1]) << 16
    }
    if width == 4, count >= 4 {
      return UInt64(words[offset]) | UInt64(words[offset + 1]) << 16
        | UInt64(words[offset + 2]) << 32 | UInt64(words[offset + 3]) << 48
    }
    return ~seen
  }
}

/// What a moved signal needs that is one plain word, told when it moves and not otherwise.
struct Shortcut: Sendable, BitwiseCopyable {
  enum Kind: UInt8, Sendable, BitwiseCopyable {
    /// It needs the slow path.
    case none
    case plain
    case scaled
  }

  let gain: Double
  let offset: Double
  /// The deadband.
  let limit: Double
  let id: SignalID
  let kind: Kind

  init(_ rule: SignalRule) {
    (gain, offset, id) = (rule.scaling.gain, rule.scaling.offset, rule.id)
    let (distance, isSimple): (Double, Bool) =
      switch rule.deadband {
      case .none: (0, true)
      case .absolute(let limit): (limit, rule.isScaled)
      case .percent: (0, false)
      }
    limit = distance
    let isAtOnce = rule.on <= 0 && rule.off <= 0 && rule.heartbeat == nil
    // The largest word is the largest value: if it is a number, so are all.
    let isFinite = (abs(gain) * 65_535 + abs(offset)).isFinite
    guard rule.isPlainWord, isSimple, isAtOnce, isFinite, distance >= 0 else {
      kind = .none
      return
    }
    kind = rule.isScaled ? .scaled : .plain
  }
}

/// What is remembered of a signal.
struct Memory: Sendable {
  var phase = Phase.untold
  /// The value last told.
  var told = Value.none
  var heartbeatAt = Instant.distantFuture
}

/// The contents that a text signal compares.
struct TextMemory: Sendable {
  var told = TextPieces()
  var candidate = TextPieces()
}

extension TextPieces {
  func equals(_ other: TextPieces) -> Bool {
    guard count == other.count else { return false }
    for index in 0..<count where pieces[index] != other.pieces[index] { return false }
    return true
  }
}

/// A signal's definition with its durations in nanoseconds.
struct SignalRule: Sendable {
  let id: SignalID
  let format: RegisterFormat
  let scaling: Scaling
  let isScaled: Bool
  /// One word in the order of the protocol, of a plain integer type: needs no decoder.
  let isPlainWord: Bool
  let deadband: Deadband
  let on: Int64
  let off: Int64
  let heartbeat: Int64?
  /// The place of its contents among the texts.
  let textSlot: Int?

  init(_ id: SignalID, _ definition: SignalDefinition, textSlot: Int?) {
    self.id = id
    format = definition.format
    scaling = definition.scaling
    isScaled = scaling != .none
    isPlainWord = format.type == .u16 && !format.order.swapsBytes
    deadband = definition.deadband
    on = definition.debounce.on.nanoseconds
    off = definition.debounce.off.nanoseconds
    heartbeat = definition.heartbeat.map { max($0.nanoseconds, 1) }
    self.textSlot = textSlot
  }

  var mask: UInt64 { format.type == .bit ? UInt64(format.bitMask) : .max }

  var width: UInt8 { textSlot != nil ? 0 : UInt8(format.type.wordCount) }

  /// The value that words hold for this signal; nil when they hold none.
  @inline(__always)
  func value(_ words: Span<UInt16>) -> Value? {
    if isPlainWord, words.count > 0 {
      let word = words[0]
      guard isScaled else { return .integer(Int64(word)) }
      let scaled = Double(word) * scaling.gain + scaling.offset
      return scaled.isFinite ? .real(scaled) : nil
    }
    guard let raw = format.decode(words) else { return nil }
    return isScaled ? scaling.apply(raw) : raw
  }

  /// How long a value must hold: integers other than zero and all reals `on`, zero `off`.
  @inline(__always)
  func delay(_ value: Value) -> Int64 { isOn(value) ? on : off }

  @inline(__always)
  func isOn(_ value: Value) -> Bool { value != .integer(0) }

  /// Whether a value is too close to another one to be told.
  @inline(__always)
  func isNear(_ value: Value, _ other: Value) -> Bool {
    switch deadband {
    case .none:
      return value == other
    case .absolute(let limit):
      guard let distance = value.distance(to: other) else { return value == other }
      return distance <= limit
    case .percent(let percent, let span):
      guard let distance = value.distance(to: other) else { return value == other }
      return distance <= percent / 100 * (span ?? other.number.map(abs) ?? 0)
    }
  }
}

extension Value {
  /// How far two numbers are apart, exact for integers below 2^53; nil when one is no number.
  func distance(to other: Value) -> Double? {
    if case .integer(let left) = self, case .integer(let right) = other {
      let (difference, overflow) = left.subtractingReportingOverflow(right)
      if !overflow { return Double(difference.magnitude) }
    }
    guard let left = number, let right = other.number else { return nil }
    return abs(left - right)
  }
}
