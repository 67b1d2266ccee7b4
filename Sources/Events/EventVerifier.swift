// Follows the chains of any number of gateways and says of every event whether it can be believed.
//
//   bytes → form → signature → seen before? → sequence → chain
//
// Invariants
// - A duplicate is the same id with the same bytes: harmless (F45). The same id with other bytes is
//   a forgery or a journal restored from an old copy, and named so.
// - Only an event whose form and signature are right moves a chain forward; a finding about its
//   place (gap, broken chain) is told once, and the chain then goes on from that event.
// - Memory is bounded: per chain the last `EventLimits.rememberedEvents` digests, and
//   `EventLimits.rememberedStreams` chains, the longest unused of which is forgotten first.

/// What is to be made of received bytes.
public enum EventVerdict: Equatable, Sendable {
  /// New, right in form, signature and place.
  case accepted(ReceivedEvent)
  /// Seen before with exactly these bytes: drop it.
  case duplicate(ReceivedEvent)
  /// Signed and whole, but not in its place: events are missing or the chain is broken before it.
  case misplaced(ReceivedEvent, EventFinding)
  /// Not to be believed.
  case rejected(EventFinding)

  /// The finding, when there is one.
  public var finding: EventFinding? {
    switch self {
    case .accepted, .duplicate: nil
    case .misplaced(_, let finding), .rejected(let finding): finding
    }
  }
}

/// Which events of a journal a stream is meant to have.
public enum StreamCompleteness: Equatable, Sendable {
  /// All of them: every sequence must follow the one before.
  case complete
  /// Those routed to this destination; `previous`, told beside the events, shows gaps.
  case filtered
}

/// The end of one chain, as far as it was received.
public struct ChainHead: Equatable, Sendable {
  public var gateway: String
  public var epoch: String
  /// The first sequence that was seen of this epoch.
  public var firstSequence: UInt64
  public var lastSequence: UInt64
  public var lastDigest: [UInt8]
  public var accepted: UInt64
  public var duplicates: UInt64
}

/// The memory of a receiver.
public struct EventVerifier: Sendable {
  private struct Stream {
    var head: ChainHead
    /// Packed digests by sequence, and their order of arrival for forgetting.
    var seen: [UInt64: PackedDigest] = [:]
    var order: [UInt64] = []
    var oldest = 0
    /// Sequences that were passed over, the newest last: what a late event may fill.
    var missing: [ClosedRange<UInt64>] = []
    var usedAt: UInt64 = 0

    mutating func remember(_ sequence: UInt64, _ digest: [UInt8]) {
      seen[sequence] = PackedDigest(digest)
      if order.count < EventLimits.rememberedEvents {
        order.append(sequence)
      } else {
        seen[order[oldest]] = nil
        order[oldest] = sequence
        oldest = (oldest + 1) % EventLimits.rememberedEvents
      }
    }

    mutating func passOver(_ range: ClosedRange<UInt64>) {
      if missing.count >= EventLimits.rememberedGaps { missing.removeFirst() }
      missing.append(range)
    }

    /// Whether a sequence was passed over; from now on it was not.
    mutating func fill(_ sequence: UInt64) -> Bool {
      guard let index = missing.firstIndex(where: { $0.contains(sequence) }) else { return false }
      let range = missing.remove(at: index)
      if range.lowerBound < sequence { missing.append(range.lowerBound...(sequence - 1)) }
      if range.upperBound > sequence { missing.append((sequence + 1)...range.upperBound) }
      return true
    }
  }

  private let completeness: StreamCompleteness
  private var streams: [String: Stream] = [:]
  /// The epoch that each gateway spoke in last.
  private var epochs: [String: String] = [:]
  private var turn: UInt64 = 0

  public init(_ completeness: StreamCompleteness = .complete) { self.completeness = completeness }

  /// The ends of all chains, sorted by gateway and epoch.
  public var heads: [ChainHead] {
    streams.values.map(\.head).sorted { ($0.gateway, $0.epoch) < ($1.gateway, $1.epoch) }
  }

  /// Judges one event; `previous` is the sequence that was told beside it, nil when none was.
  /// One that was marked as a replay may fill a gap behind the end of its chain.
  public mutating func check(
    _ bytes: [UInt8], previous: UInt64? = nil, isReplay: Bool = false, verifier: some Verifier
  ) -> EventVerdict {
    let event: ReceivedEvent
    do { event = try ReceivedEvent(parsing: bytes) } catch { return .rejected(error) }
    switch verifier.verify(event.signingInput, signature: event.signature, keyID: event.keyID) {
    case .valid: break
    case .invalid:
      return .rejected(EventFinding(event.sequence, "the signature does not fit the bytes"))
    case .keyUnknown:
      return .rejected(
        EventFinding(event.sequence, "signed with key \"\(event.keyID)\", which is not known here"))
    }
    let digest = verifier.digest(bytes)
    turn += 1
    let key = event.gateway + "/" + event.epoch
    if let packed = streams[key]?.seen[event.sequence] {
      guard packed == PackedDigest(digest) else {
        return .rejected(
          EventFinding(
            event.sequence,
            "this id was received before with other bytes: forged, or the journal "
              + "was restored from an old copy"))
      }
      streams[key]?.head.duplicates += 1
      return .duplicate(event)
    }
    if isReplay, streams[key]?.fill(event.sequence) == true {
      streams[key]?.remember(event.sequence, digest)
      streams[key]?.head.accepted += 1
      return .accepted(event)
    }
    let finding = place(event, key, previous)
    if case .old(let finding) = finding { return .rejected(finding) }
    follow(event, key, digest)
    if case .wrong(let finding) = finding { return .misplaced(event, finding) }
    return .accepted(event)
  }

  private enum Place {
    case right
    case wrong(EventFinding)
    case old(EventFinding)
  }

  private func place(_ event: ReceivedEvent, _ key: String, _ previous: UInt64?) -> Place {
    guard let head = streams[key]?.head else { return placeOfFirst(event, previous) }
    let (sequence, last) = (event.sequence, head.lastSequence)
    if sequence <= last {
      return .old(
        EventFinding(
          sequence, "it comes after event \(last) and was not received before: moved or inserted"))
    }
    if sequence == last + 1 {
      return event.previousDigest == head.lastDigest
        ? .right
        : .wrong(
          EventFinding(
            sequence, "the chain is broken: it was not made after event \(last) as received here"))
    }
    switch completeness {
    case .complete: return .wrong(gap(sequence, last + 1, sequence - 1))
    case .filtered:
      guard let previous, previous > last else { return .right }
      return .wrong(
        EventFinding(
          sequence,
          "event \(previous) was due before it and is missing; the last one received "
            + "is \(last)", gap: previous...previous))
    }
  }

  private func gap(_ sequence: UInt64, _ first: UInt64, _ last: UInt64) -> EventFinding {
    EventFinding(
      sequence,
      first == last ? "event \(first) is missing" : "events \(first) to \(last) are missing",
      gap: first...max(first, last))
  }

  /// The first event of an epoch chains to nothing or to the last event of the epoch before.
  private func placeOfFirst(_ event: ReceivedEvent, _ previous: UInt64?) -> Place {
    let zero = [UInt8](repeating: 0, count: 32)
    guard event.sequence == 1 else {
      switch completeness {
      case .complete: return .wrong(gap(event.sequence, 1, event.sequence - 1))
      case .filtered:
        guard let previous, previous > 0 else { return .right }
        return .wrong(
          EventFinding(
            event.sequence,
            "event \(previous) was due before it and is missing; this is the first "
              + "one received of epoch \(event.epoch)", gap: previous...previous))
      }
    }
    if event.previousDigest == zero { return .right }
    guard let epoch = epochs[event.gateway],
      let before = streams[event.gateway + "/" + epoch]?.head
    else { return .right }
    if before.lastDigest == event.previousDigest { return .right }
    if completeness == .filtered { return .right }
    return .wrong(
      EventFinding(
        1,
        "epoch \(event.epoch) does not continue epoch \(epoch), which ended here with event "
          + "\(before.lastSequence)"))
  }

  private mutating func follow(_ event: ReceivedEvent, _ key: String, _ digest: [UInt8]) {
    if streams[key] == nil { forgetOldest() }
    var stream =
      streams.removeValue(forKey: key)
      ?? Stream(
        head: ChainHead(
          gateway: event.gateway, epoch: event.epoch, firstSequence: event.sequence,
          lastSequence: 0, lastDigest: [], accepted: 0, duplicates: 0))
    let next = stream.order.isEmpty ? 1 : stream.head.lastSequence + 1
    if event.sequence > next { stream.passOver(next...(event.sequence - 1)) }
    stream.head.lastSequence = event.sequence
    stream.head.lastDigest = digest
    stream.head.accepted += 1
    stream.usedAt = turn
    stream.remember(event.sequence, digest)
    streams[key] = stream
    epochs[event.gateway] = event.epoch
  }

  private mutating func forgetOldest() {
    guard streams.count >= EventLimits.rememberedStreams,
      let oldest = streams.min(by: { $0.value.usedAt < $1.value.usedAt })
    else { return }
    streams[oldest.key] = nil
    if epochs[oldest.value.head.gateway] == oldest.value.head.epoch {
      epochs[oldest.value.head.gateway] = nil
    }
  }

  /// Compares the end of a chain with what its gateway says it has told: a cut-off tail shows only
  /// so.
  public func missing(
    gateway: String, epoch: String, through sequence: UInt64
  ) -> EventFinding? {
    let last = streams[gateway + "/" + epoch]?.head.lastSequence ?? 0
    return last >= sequence ? nil : gap(sequence, last + 1, sequence)
  }
}

/// A digest without an allocation of its own.
private struct PackedDigest: Equatable, Sendable, BitwiseCopyable {
  private var words: [4 of UInt64]

  init(_ digest: [UInt8]) {
    words = [4 of UInt64] { word in
      digest.dropFirst(word * 8).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  static func == (left: PackedDigest, right: PackedDigest) -> Bool {
    left.words[0] == right.words[0] && left.words[1] == right.words[1]
      && left.words[2] == right.words[2] && left.words[3] == right.words[3]
  }
}
