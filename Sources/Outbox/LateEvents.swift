// Refused events that somebody has asked to send once more.
//
//   wanted ──parcel──▶ on their way ──delivered──▶ to be released by the next commit
//     ▲                     │
//     └──── rewound ────────┤
//                           └──refused again──▶ kept anew, with the new answer
//
// Invariants
// - Until a commit has released it, an event stays in the journal: nothing can lose it.
// - Late events travel alone: none is out while others are, so an answer is about the one or the
//   other. Ordinary parcels and late ones take turns, so neither waits for all of the other.
// - A late parcel says so, and holds events of one epoch in the order of their places.

public import Events
internal import Primitives

struct LateEvents: Equatable, Sendable {
  /// Places that are to be sent.
  private(set) var wanted: Set<UInt64> = []
  private(set) var onTheirWay: [QuarantineKey] = []
  /// Done with, and waiting for the commit that says so.
  var released: [QuarantineKey] = []
  /// How far the rows were looked through.
  private(set) var after: Int64 = 0
  /// The late ones are next.
  private var isNext = false

  var isOnItsWay: Bool { !onTheirWay.isEmpty }
  var count: Int { wanted.count + onTheirWay.count }

  /// No ordinary parcel may be handed out now.
  var isFirst: Bool { isOnItsWay || isNext && !wanted.isEmpty }

  /// Those that are asked for and not done with, for the journal.
  var places: [UInt64] { (wanted.union(onTheirWay.map(\.sequence))).sorted() }

  mutating func want(_ places: some Sequence<UInt64>) {
    let known = Set(onTheirWay.map(\.sequence) + released.map(\.sequence))
    wanted.formUnion(places.filter { !known.contains($0) })
    after = 0
    isNext = true
  }

  mutating func forget(_ place: UInt64) { wanted.remove(place) }

  mutating func ordinaryOffered() { isNext = !wanted.isEmpty }

  /// Takes the rows that were found, and gives those that travel now.
  mutating func take(
    _ rows: [QuarantinedRow], isSameEpoch: (UInt64, UInt64) -> Bool
  ) -> [QuarantinedRow] {
    guard let last = rows.last else {
      // Looked through from the first row on, there is none of them any more.
      if after == 0 { wanted = [] }
      after = 0
      return []
    }
    after = last.row
    var seen: Set<UInt64> = []
    let sorted = rows.sorted { $0.event.sequence < $1.event.sequence }
    let taken = sorted.filter {
      isSameEpoch($0.event.sequence, sorted[0].event.sequence)
        && seen.insert($0.event.sequence).inserted
    }
    if taken.count < rows.count { after = 0 }
    onTheirWay = taken.map(\.key)
    wanted.subtract(taken.map(\.event.sequence))
    isNext = false
    return taken
  }

  /// Takes note that events are done with, up to one of them; nil when it is none of them.
  mutating func settle(through place: UInt64) -> [QuarantineKey]? {
    guard let index = onTheirWay.firstIndex(where: { $0.sequence == place }) else { return nil }
    let done = Array(onTheirWay[...index])
    onTheirWay.removeFirst(index + 1)
    released += done
    if onTheirWay.isEmpty { isNext = false }
    return done
  }

  /// As `take`, where keys keep their order: all of the first places that were wanted are asked for
  /// at once, and what does not fit stays wanted.
  mutating func takeFirst(
    _ rows: [QuarantinedRow], isSameEpoch: (UInt64, UInt64) -> Bool
  ) -> [QuarantinedRow] {
    let found = Set(rows.map(\.event.sequence))
    wanted.subtract(firstWanted.subtracting(found))  // There are no such rows any more.
    var seen: Set<UInt64> = []
    var bytes = 0
    let sorted = rows.sorted { $0.event.sequence < $1.event.sequence }
    let taken = sorted.filter { seen.insert($0.event.sequence).inserted }.prefix { row in
      bytes += row.event.bytes.count
      return row == sorted[0]
        || bytes <= OutboxLimits.parcelBytes
          && isSameEpoch(row.event.sequence, sorted[0].event.sequence)
    }
    onTheirWay = taken.map(\.key)
    wanted.subtract(taken.map(\.event.sequence))
    isNext = false
    return Array(taken)
  }

  /// The first places that are wanted, as many as one parcel takes.
  var firstWanted: Set<UInt64> { Set(wanted.sorted().prefix(OutboxLimits.parcelEvents)) }

  /// An event that was to go late was not sent after all.
  mutating func giveBack(_ place: UInt64) -> Bool {
    guard let index = onTheirWay.firstIndex(where: { $0.sequence == place }) else { return false }
    onTheirWay.remove(at: index)
    return true
  }

  mutating func rewind() {
    wanted.formUnion(onTheirWay.map(\.sequence))
    onTheirWay = []
    after = 0
  }
}

extension Outbox {
  /// The name of the snapshot that keeps what is to be sent once more.
  static let lateName = "outbox/late"

  /// Sends refused events of an uplink once more; false when the uplink is not configured.
  public mutating func retry(_ places: some Sequence<UInt64>, uplink: String) -> Bool {
    guard let index = index(named: uplink) else { return false }
    for place in places {
      // With all of its key, so that they stay in order.
      if let key = lanes[index].key(of: place) {
        lanes[index].follow(key)
      } else {
        lanes[index].late.want([place])
      }
    }
    return true
  }

  /// Forgets a wish to send an event once more, because it is dropped. What waited behind it of its
  /// partition key goes on.
  public mutating func forget(_ key: QuarantineKey) {
    guard let index = index(named: key.uplink) else { return }
    lanes[index].late.forget(key.sequence)
    // Refused once more a moment ago, it would be kept anew.
    lanes[index].waiting.removeAll { $0.sequence == key.sequence }
    guard let name = lanes[index].key(of: key.sequence) else { return }
    let isFirst = lanes[index].heldKeys[name]?.places.min() == key.sequence
    lanes[index].arrived(key.sequence)
    if isFirst { lanes[index].follow(name) }
  }

  /// Whether a refused event is on its way once more, and must not be dropped now.
  public func isOnItsWay(_ key: QuarantineKey) -> Bool {
    index(named: key.uplink).map { lanes[$0].late.onTheirWay.contains(key) } ?? false
  }

  /// The loss of a refused event that a person gives up.
  public func givenUp(_ key: QuarantineKey, by: String) -> Loss {
    Loss(
      range: sequences(key.sequence, key.sequence), count: 1, place: place(key.sequence),
      why: "refused by \(key.uplink), and given up by \(by)")
  }

  /// How many of the oldest refused events are to be given up with a transaction; 0 for none.
  public func keptTooMany(_ transaction: Transaction) -> Int {
    let kept = keptTotal + transaction.quarantined.count - transaction.released.count
    return kept > keptMost ? OutboxLimits.keptPart : 0
  }

  /// The losses of refused events that nobody has looked after, one for each uplink and epoch.
  public func givenUp(_ keys: [QuarantineKey]) -> [Loss] {
    var groups: [[QuarantineKey]] = []
    for key in keys.sorted(by: { $0.sequence < $1.sequence }) {
      let own = groups.firstIndex {
        $0[0].uplink == key.uplink && epoch(of: $0[0].sequence) == epoch(of: key.sequence)
      }
      if let own { groups[own].append(key) } else { groups.append([key]) }
    }
    return groups.map { group in
      let (first, last) = (group[0].sequence, group[group.count - 1].sequence)
      return Loss(
        range: sequences(first, last), count: UInt64(group.count), place: place(first),
        why:
          "refused by \(group[0].uplink) and kept for nobody: more than \(keptMost) were, and the "
          + "oldest are given up")
    }
  }

  /// What to read of the refused events for an uplink; nil when none is to be sent now.
  public func lateOrder(for bit: Int) -> QuarantineQuery? {
    guard let index = index(bit), !lanes[index].late.wanted.isEmpty,
      lanes[index].inFlight.isEmpty, !lanes[index].late.isOnItsWay,
      lanes[index].late.released.count < OutboxLimits.releasedWaiting,
      lanes[index].late.isFirst || lanes[index].progress == .level || isHeldUp(lanes[index])
    else { return nil }
    guard !lanes[index].rules.holdsKeys else {
      return QuarantineQuery(
        uplink: lanes[index].name, places: lanes[index].late.firstWanted, byteLimit: .max)
    }
    return QuarantineQuery(
      after: lanes[index].late.after, uplink: lanes[index].name, places: lanes[index].late.wanted)
  }

  /// Makes a parcel of late events; nil when there are none (any more).
  public mutating func offerLate(_ rows: [QuarantinedRow], for bit: Int) -> Parcel? {
    guard let index = index(bit) else { return nil }
    var late = lanes[index].late
    let taken =
      lanes[index].rules.holdsKeys
      ? late.takeFirst(rows) { epoch(of: $0) == epoch(of: $1) }
      : late.take(rows) { epoch(of: $0) == epoch(of: $1) }
    lanes[index].late = late
    guard let first = taken.first?.event else { return nil }
    let base = epoch(of: first.sequence).base
    let events = taken.map {
      StoredEvent(sequence: $0.event.sequence, bytes: $0.event.bytes, digest: [], due: 0)
    }
    return Parcel(
      events: events, previous: 0, base: base, isReplay: true,
      heardThrough: lanes[index].acknowledged)
  }

  /// Takes an answer about late events.
  mutating func answeredLate(_ answer: Answer, _ index: Int, at time: WallTime) -> Bool {
    switch answer {
    case .delivered(let place):
      guard let done = lanes[index].late.settle(through: place) else { return false }
      lanes[index].delivered += UInt64(done.count)
      for key in done { lanes[index].arrived(key.sequence) }
    case .refused(let event, let status, let body):
      guard let done = lanes[index].late.settle(through: event.sequence) else { return false }
      lanes[index].delivered += UInt64(done.count - 1)
      lanes[index].refused += 1
      for key in done where key.sequence != event.sequence { lanes[index].arrived(key.sequence) }
      lanes[index].hold(behind: event)
      lanes[index].waiting.append(
        QuarantinedEvent(
          uplink: lanes[index].name, sequence: event.sequence, bytes: event.bytes, status: status,
          answer: String(body.prefix(OutboxLimits.answerCharacters)), at: time))
    case .held(let event): return lanes[index].late.giveBack(event.sequence)
    }
    return true
  }

  // MARK: In the journal

  /// What is to be sent once more, as text: a line for each uplink, places behind its name.
  var lateText: String {
    lanes.filter { $0.late.count > 0 }
      .map { lane in lane.name + lane.late.places.map { " \($0)" }.joined() + "\n" }.joined()
  }

  /// Continues what was to be sent once more when the program ended.
  mutating func resumeLate(_ bytes: [UInt8]?) {
    for line in String(decoding: bytes ?? [], as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ")
      guard let name = words.first else { continue }
      _ = retry(words.dropFirst().compactMap { UInt64($0) }, uplink: String(name))
    }
    lateCommitted = lateText
  }
}
