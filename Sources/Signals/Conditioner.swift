// Between the registers and the ring: decode, scale, and tell only what matters.
//
// Invariants
// - The first value, every change of quality and the return to good are always told, at once.
// - A new value is told when it has moved beyond the deadband and held (within the deadband, on the
//   same side of zero) for the debounce; it then carries the time of the read that first saw it.
// - While a change is pending the heartbeat is silent: an old value must not stand behind the
//   change in time. `earliestPending` is how far a mark may go.
// - A value that the ring refused counts as never told: the next read tells the current one.
// - Nothing is allocated per sample.
//
// Why three arrays: nearly all registers are the same as at the last read. `Watch` holds what
// decides that in 32 bytes (same bits, no deadline reached), so an unmoved signal costs one
// comparison and touches neither the decoder nor `Memory`. `Shortcut` holds in 40 bytes what a
// moved one costs that is one plain word without debounce and heartbeat, which most are: a product,
// a comparison and a push, without the rule of five times that.

public import Primitives

/// Where one signal of a conditioner stands within the words of an answer.
public struct SignalPlace: Equatable, Sendable, BitwiseCopyable {
  /// The index of the signal in the conditioner.
  public var slot: Int32
  /// The offset of its first word in the answer.
  public var offset: UInt16
  /// Words that belong to it.
  public var count: UInt16

  public init(slot: Int, offset: Int, count: Int) {
    self.slot = Int32(clamping: slot)
    self.offset = UInt16(clamping: offset)
    self.count = UInt16(clamping: count)
  }
}

/// Turns the words read from one unit into samples worth telling.
public struct Conditioner: Sendable {
  var watches: [Watch]
  var memories: [Memory]
  private let shortcuts: [Shortcut]
  var texts: [TextMemory]
  let rules: [SignalRule]
  var pendingCount = 0
  /// How urgent news of each signal are, by slot; empty when the caller does not care.
  private let ranks: [UInt8]
  /// The highest rank of what was told since `takeLoudest`.
  private var loudest: UInt8 = 0

  /// Watches the signals of one unit; slots are positions in this list, and in that of their ranks.
  public init(
    _ signals: [(id: SignalID, definition: SignalDefinition)], ranks: [UInt8] = []
  ) {
    self.ranks = ranks
    var textCount = 0
    rules = signals.map { signal in
      let isText = signal.definition.format.type == .string
      defer { textCount += isText ? 1 : 0 }
      return SignalRule(signal.id, signal.definition, textSlot: isText ? textCount : nil)
    }
    watches = rules.map { Watch(mask: $0.mask, width: $0.width) }
    memories = rules.map { _ in Memory() }
    shortcuts = rules.map(Shortcut.init)
    texts = (0..<textCount).map { _ in TextMemory() }
  }

  /// The time at which the oldest pending change was first seen; nil when nothing is pending.
  public var earliestPending: Instant? {
    guard pendingCount > 0 else { return nil }
    var earliest = Instant.distantFuture
    for memory in memories {
      if case .pending(_, let since) = memory.phase, since < earliest { earliest = since }
    }
    return earliest
  }

  /// Takes one answer apart; returns how many samples it pushed. The caller publishes.
  public mutating func observe(
    _ places: [SignalPlace], in words: Span<UInt16>, at: Instant, into ring: inout RingProducer
  ) -> Int {
    var told = 0
    for place in places {
      let slot = Int(place.slot)
      let offset = Int(place.offset)
      guard slot < watches.count, offset + Int(place.count) <= words.count else { continue }
      let watch = watches[slot]
      let bits = watch.bits(words, offset, Int(place.count))
      if bits == watch.seen, at < watch.deadline { continue }
      watches[slot].seen = bits
      var count = 0
      if let short = takeShort(slot, bits, at: at, into: &ring) {
        count = short
      } else {
        let own = words.extracting(offset..<(offset + Int(place.count)))
        count = take(slot, own, at: at, into: &ring)
      }
      guard count > 0 else { continue }
      told += count
      if slot < ranks.count, ranks[slot] > loudest { loudest = ranks[slot] }
    }
    return told
  }

  /// The highest rank of what `observe` has told since this was last asked.
  public mutating func takeLoudest() -> UInt8 {
    defer { loudest = 0 }
    return loudest
  }

  /// Marks every signal as not good; false when the ring had no room for all of them.
  public mutating func degradeAll(
    to quality: Quality, at: Instant, into ring: inout RingProducer
  ) -> Bool {
    var complete = true
    for slot in memories.indices {
      if degrade(slot, to: quality, at: at, into: &ring) == .refused { complete = false }
    }
    return complete
  }

  /// Marks one signal as not good, telling its last value with that quality once.
  @discardableResult
  public mutating func degrade(
    _ slot: Int, to quality: Quality, at: Instant, into ring: inout RingProducer
  ) -> Telling {
    guard memories.indices.contains(slot), quality != .good else { return .nothing }
    if case .bad(quality) = memories[slot].phase { return .nothing }
    // Any read after this one is looked at, even when its words are the same.
    watches[slot].deadline = .distantPast
    if let textSlot = rules[slot].textSlot {
      let last = texts[textSlot].told
      guard push(last, of: slot, at: at, quality: quality, into: &ring) else { return .refused }
    } else {
      let last = memories[slot].told
      let sample = Sample(signal: rules[slot].id, at: at, value: last, quality: quality)
      guard ring.push(sample) else { return .refused }
    }
    enter(.bad(quality), slot)
    return .told
  }

  /// Takes one plain word of a signal that is settled; nil when it needs the slow path.
  @inline(__always)
  private mutating func takeShort(
    _ slot: Int, _ bits: UInt64, at: Instant, into ring: inout RingProducer
  ) -> Int? {
    let shortcut = shortcuts[slot]
    guard bits <= UInt64(UInt16.max) else { return nil }
    let value: Value
    switch shortcut.kind {
    case .none: return nil
    case .plain:
      value = .integer(Int64(bits))
      guard case .settled = memories[slot].phase else { return nil }
      if memories[slot].told == value { return 0 }
    case .scaled:
      let scaled = Double(bits) * shortcut.gain + shortcut.offset
      guard case .settled = memories[slot].phase, case .real(let told) = memories[slot].told
      else { return nil }
      if abs(scaled - told) <= shortcut.limit { return 0 }
      value = .real(scaled)
    }
    guard ring.push(Sample(signal: shortcut.id, at: at, value: value)) else {
      enter(.untold, slot)
      return 0
    }
    memories[slot].told = value
    return 1
  }

  // MARK: the slow path

  private mutating func take(
    _ slot: Int, _ words: Span<UInt16>, at: Instant, into ring: inout RingProducer
  ) -> Int {
    let rule = rules[slot]
    if rule.textSlot != nil { return takeText(slot, words, at: at, into: &ring) }
    guard let value = rule.value(words) else {
      return takeInvalid(slot, at: at, into: &ring)
    }
    let memory = memories[slot]
    let verdict = memory.phase.meet(
      at: at, delay: rule.delay(value), heartbeatDue: at >= memory.heartbeatAt,
      nearTold: rule.isNear(value, memory.told),
      nearCandidate: { rule.isNear(value, $0) && rule.isOn(value) == rule.isOn($0) })
    switch verdict {
    case .settle:
      enter(.settled, slot)
      return 0
    case .begin:
      enter(.pending(candidate: value, since: at), slot)
      return 0
    case .hold:
      return 0
    case .tellCandidate(let candidate, let since):
      return tell(candidate, slot, at: since, now: at, into: &ring)
    case .tellCurrent:
      return tell(value, slot, at: at, now: at, into: &ring)
    }
  }

  private mutating func takeInvalid(
    _ slot: Int, at: Instant, into ring: inout RingProducer
  ) -> Int {
    let telling = degrade(slot, to: .invalid, at: at, into: &ring)
    // The same unreadable words need no second look; a loss of contact sets its own deadline.
    if telling != .refused { watches[slot].deadline = .distantFuture }
    return telling == .told ? 1 : 0
  }

  private mutating func tell(
    _ value: Value, _ slot: Int, at: Instant, now: Instant, into ring: inout RingProducer
  ) -> Int {
    guard ring.push(Sample(signal: rules[slot].id, at: at, value: value)) else {
      enter(.untold, slot)
      return 0
    }
    memories[slot].told = value
    settle(slot, now)
    return 1
  }

  private mutating func takeText(
    _ slot: Int, _ words: Span<UInt16>, at: Instant, into ring: inout RingProducer
  ) -> Int {
    let rule = rules[slot]
    guard let textSlot = rule.textSlot, let text = rule.format.decodeText(words) else {
      return takeInvalid(slot, at: at, into: &ring)
    }
    let memory = memories[slot]
    let nearCandidate = texts[textSlot].candidate.equals(text)
    let verdict = memory.phase.meet(
      at: at, delay: rule.on, heartbeatDue: at >= memory.heartbeatAt,
      nearTold: texts[textSlot].told.equals(text), nearCandidate: { _ in nearCandidate })
    let since: Instant
    switch verdict {
    case .settle:
      enter(.settled, slot)
      return 0
    case .begin:
      texts[textSlot].candidate = text
      enter(.pending(candidate: .none, since: at), slot)
      return 0
    case .hold: return 0
    case .tellCandidate(_, let first): since = first
    case .tellCurrent: since = at
    }
    guard push(text, of: slot, at: since, quality: .good, into: &ring) else {
      enter(.untold, slot)
      return 0
    }
    texts[textSlot].told = text
    settle(slot, at)
    return text.count
  }

  func push(
    _ text: TextPieces, of slot: Int, at: Instant, quality: Quality,
    into ring: inout RingProducer
  ) -> Bool {
    let blank = Sample(signal: rules[slot].id, at: at, value: .none, quality: quality)
    var samples = InlineArray<32, Sample>(repeating: blank)
    for index in 0..<text.count {
      samples[index].value = .text(text.pieces[index])
      samples[index].remaining = UInt8(text.count - 1 - index)
    }
    return ring.push(all: samples.span.extracting(0..<text.count))
  }

  private mutating func settle(_ slot: Int, _ now: Instant) {
    memories[slot].heartbeatAt =
      rules[slot].heartbeat.map { now.advanced(nanoseconds: $0) }
      ?? .distantFuture
    enter(.settled, slot)
  }

  /// Changes the phase and the moment from which an unmoved signal must be looked at again.
  mutating func enter(_ phase: Phase, _ slot: Int) {
    if case .pending = memories[slot].phase { pendingCount -= 1 }
    memories[slot].phase = phase
    switch phase {
    case .untold, .bad:
      watches[slot].deadline = .distantPast
    case .settled:
      watches[slot].deadline = memories[slot].heartbeatAt
    case .pending(let candidate, let since):
      pendingCount += 1
      watches[slot].deadline = since.advanced(nanoseconds: rules[slot].delay(candidate))
    }
  }
}
