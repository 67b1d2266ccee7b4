// The disk of the virtual world: what was committed survives every crash, and nothing else does.
//
// Faults, each until it is healed: full (nothing can be added), our quota (only adding is refused),
// failing (each commit throws; half of them got there all the same, as after a failed sync).

import Outbox
import Primitives

/// What the disk holds, and how it misbehaves. Outlives the gateway.
final class VirtualDisk {
  enum Trouble: Equatable { case none, full, failing }

  private(set) var state = StoreState(epoch: "5e1ec7ed")
  private(set) var events: [StoredEvent] = []
  private var rows: [QuarantinedRow] = []
  private var lastRow: Int64 = 0
  var quarantined: [QuarantinedEvent] { rows.map(\.event) }
  var trouble = Trouble.none
  /// Events that fit; more is our own quota.
  var quota = Int.max
  var generator: SeededGenerator
  /// How often each fault really struck.
  private(set) var struck: [String: Int] = [:]
  /// Every sequence ever committed with its digest: none may have two bodies.
  private var history: [UInt64: [UInt8]] = [:]
  private(set) var violations: [String] = []

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  func commit(_ transaction: Transaction) throws(StoreFault) {
    switch trouble {
    case .none: break
    case .full:
      struck["disk full", default: 0] += 1
      throw .diskFull
    case .failing:
      struck["disk failing", default: 0] += 1
      if Bool.random(using: &generator), fits(transaction) { apply(transaction) }
      throw .inputOutput("simulated")
    }
    guard fits(transaction) else {
      struck["quota", default: 0] += 1
      throw .quotaReached
    }
    apply(transaction)
  }

  private func fits(_ transaction: Transaction) -> Bool {
    let freed = events.count { event in
      event.sequence <= transaction.deleteThrough ?? 0
        || transaction.thinned.contains { $0.contains(event.sequence) }
    }
    return transaction.events.isEmpty
      || events.count - freed + transaction.events.count <= quota
  }

  private func apply(_ transaction: Transaction) {
    if let through = transaction.deleteThrough { events.removeAll { $0.sequence <= through } }
    for run in transaction.thinned { events.removeAll { run.contains($0.sequence) } }
    for event in transaction.events { append(event) }
    for (name, bytes) in transaction.snapshots { state.snapshots[name] = bytes }
    for cursor in transaction.cursors {
      state.cursors.removeAll { $0.name == cursor.name }
      state.cursors.append(cursor)
    }
    keep(transaction)
    state.firstHeld = events.first?.sequence ?? state.lastSequence + 1
  }

  private func keep(_ transaction: Transaction) {
    rows.removeAll { transaction.released.contains($0.key) }
    for event in transaction.quarantined {
      lastRow += 1
      rows.append(QuarantinedRow(row: lastRow, event: event))
    }
    state.quarantinedCount = rows.count
    state.quarantinedBy = rows.reduce(into: [:]) { $0[$1.event.uplink, default: 0] += 1 }
  }

  func quarantined(_ query: QuarantineQuery) -> [QuarantinedRow] {
    let wanted = rows.lazy.filter {
      query.wants($0.row, uplink: $0.event.uplink, place: $0.event.sequence)
    }
    return Array(wanted.prefix(query.countLimit))
  }

  private func append(_ event: StoredEvent) {
    if let before = history[event.sequence], before != event.digest {
      violations.append("sequence \(event.sequence) was used for two bodies")
    }
    if event.sequence != state.lastSequence + 1 {
      violations.append("sequence \(event.sequence) follows \(state.lastSequence)")
    }
    history[event.sequence] = event.digest
    events.append(event)
    state.lastSequence = event.sequence
    state.lastDigest = event.digest
  }

  func read(after sequence: UInt64, dueBit: Int, countLimit: Int, byteLimit: Int) -> [StoredEvent] {
    var result: [StoredEvent] = []
    var bytes = 0
    for event in events where event.sequence > sequence && event.due & (1 << dueBit) != 0 {
      bytes += event.bytes.count
      if result.count == countLimit || (bytes > byteLimit && !result.isEmpty) { break }
      result.append(event)
    }
    return result
  }
}

/// The disk behind the recorder's port.
struct VirtualStore: EventStore {
  let disk: VirtualDisk

  mutating func commit(_ transaction: Transaction) throws(StoreFault) {
    try disk.commit(transaction)
  }

  mutating func read(
    after sequence: UInt64, dueBit: Int, countLimit: Int, byteLimit: Int
  ) throws(StoreFault) -> [StoredEvent] {
    disk.read(
      after: sequence, dueBit: dueBit, countLimit: countLimit, byteLimit: byteLimit)
  }

  mutating func held(
    after place: UInt64, countLimit: Int, byteLimit: Int
  ) throws(StoreFault) -> [StoredEvent] {
    Array(disk.events.lazy.filter { $0.sequence > place }.prefix(countLimit))
  }

  mutating func quarantined(_ query: QuarantineQuery) throws(StoreFault) -> [QuarantinedRow] {
    disk.quarantined(query)
  }

  mutating func reopen() throws(StoreFault) -> StoreState {
    guard disk.trouble != .full else { throw .diskFull }
    return disk.state
  }

  var byteCount: Int { disk.events.reduce(0) { $0 + $1.bytes.count } }
}
