// A disk behind the port of the journal that does what the test says, and remembers everything.
//
// Invariants
// - It outlives every recorder: what a commit made durable is there for the next one.
// - Each commit, read and reopening is one operation with a number from 1; a plan may befall one of
//   them, and trouble stays until it is taken away.

import Events
import Outbox
import Primitives
import Simulation

/// What befalls the one operation of the plan.
enum DiskAccident: CaseIterable {
  /// It fails and has changed nothing.
  case failsBefore
  /// It fails although it got there, as a sync whose error came late.
  case failsAfter
  /// The file system is full for this one operation.
  case full
  /// The process ends before it: nothing after it happens either.
  case diesBefore
  /// The process ends after it.
  case diesAfter
}

/// What the disk holds; shared by every store that is opened on it.
final class ScriptedDisk {
  var state = StoreState(epoch: "00c0ffee")
  private(set) var events: [StoredEvent] = []
  private(set) var rows: [QuarantinedRow] = []
  private var lastRow: Int64 = 0
  var quarantined: [QuarantinedEvent] { rows.map(\.event) }
  /// Every event that was ever made durable, in order, kept when the journal deletes it.
  private(set) var history: [StoredEvent] = []
  private(set) var findings: [String] = []
  private(set) var transactions: [Transaction] = []
  private(set) var operations = 0
  private(set) var reopenings = 0
  var plan: (operation: Int, accident: DiskAccident)?
  /// Every operation that writes fails with this until it is nil.
  var trouble: StoreFault?
  /// Events that fit.
  var quota = Int.max
  /// A row whose bytes no longer match their digest.
  var damaged: UInt64?
  /// The process that used this disk is gone.
  private(set) var isDead = false

  /// A new process has the disk.
  func revive() { isDead = false }

  private func act(_ work: () throws(StoreFault) -> Void) throws(StoreFault) {
    if isDead { throw .inputOutput("the process is gone") }
    operations += 1
    let accident = plan.flatMap { $0.operation == operations ? $0.accident : nil }
    switch accident {
    case nil: try work()
    case .failsBefore: throw .inputOutput("scripted")
    case .full: throw .diskFull
    case .failsAfter:
      try work()
      throw .inputOutput("scripted, after the deed")
    case .diesBefore:
      isDead = true
      throw .inputOutput("the process is gone")
    case .diesAfter:
      try work()
      isDead = true
      throw .inputOutput("the process is gone")
    }
  }

  func commit(_ transaction: Transaction) throws(StoreFault) {
    try act { () throws(StoreFault) in
      if let trouble { throw trouble }
      let gone = events.count { event in
        event.sequence <= transaction.deleteThrough ?? 0
          || transaction.thinned.contains { $0.contains(event.sequence) }
      }
      if !transaction.events.isEmpty, events.count - gone + transaction.events.count > quota {
        throw .quotaReached
      }
      apply(transaction)
    }
  }

  private func apply(_ transaction: Transaction) {
    transactions.append(transaction)
    if let end = transaction.deleteThrough { events.removeAll { $0.sequence <= end } }
    for run in transaction.thinned { events.removeAll { run.contains($0.sequence) } }
    for event in transaction.events {
      if event.sequence != state.lastSequence + 1 {
        findings.append("event \(event.sequence) follows event \(state.lastSequence)")
      }
      events.append(event)
      history.append(event)
      state.lastSequence = event.sequence
      state.lastDigest = event.digest
    }
    for (name, bytes) in transaction.snapshots { state.snapshots[name] = bytes }
    for cursor in transaction.cursors {
      state.cursors.removeAll { $0.name == cursor.name }
      state.cursors.append(cursor)
    }
    rows.removeAll { transaction.released.contains($0.key) }
    for event in transaction.quarantined {
      if quarantined.contains(where: { $0.sequence == event.sequence && $0.uplink == event.uplink })
      {
        findings.append("event \(event.sequence) went to quarantine twice")
      }
      lastRow += 1
      rows.append(QuarantinedRow(row: lastRow, event: event))
    }
    state.quarantinedCount = rows.count
    state.quarantinedBy = rows.reduce(into: [:]) { $0[$1.event.uplink, default: 0] += 1 }
    state.firstHeld = events.first?.sequence ?? state.lastSequence + 1
  }

  func read(
    after sequence: UInt64, dueBit: Int, countLimit: Int, byteLimit: Int
  ) throws(StoreFault) -> [StoredEvent] {
    var found: [StoredEvent] = []
    try act { () throws(StoreFault) in
      for event in events where event.sequence > sequence && event.due & 1 << UInt64(dueBit) != 0 {
        if event.sequence == damaged {
          if found.isEmpty { throw .damagedEvent(sequence: event.sequence) }
          return
        }
        found.append(event)
        if found.count == countLimit { return }
      }
    }
    return found
  }

  func held(after place: UInt64, countLimit: Int) throws(StoreFault) -> [StoredEvent] {
    var found: [StoredEvent] = []
    try act { () throws(StoreFault) in
      found = Array(events.lazy.filter { $0.sequence > place }.prefix(countLimit))
    }
    return found
  }

  func quarantined(_ query: QuarantineQuery) throws(StoreFault) -> [QuarantinedRow] {
    var found: [QuarantinedRow] = []
    try act { () throws(StoreFault) in
      found = rows.filter {
        query.wants($0.row, uplink: $0.event.uplink, place: $0.event.sequence)
      }
    }
    return Array(found.prefix(query.countLimit))
  }

  func reopen() throws(StoreFault) -> StoreState {
    try act { () throws(StoreFault) in
      if let trouble, trouble != .diskFull { throw trouble }
      reopenings += 1
    }
    return state
  }

  /// The journal is gone and another one stands in its place.
  func replace(epoch: String) {
    state = StoreState(epoch: epoch, lastDigest: state.lastDigest)
    events = []
  }

  /// Everything that was ever durable, as a receiver would judge it.
  func audit() -> (events: [ReceivedEvent], findings: [String]) {
    var verifier = EventVerifier()
    var seen: [ReceivedEvent] = []
    var findings = findings
    for event in history {
      switch verifier.check(event.bytes, verifier: VirtualNotary()) {
      case .accepted(let received): seen.append(received)
      case .duplicate(let received): findings.append("event \(received.sequence) stands twice")
      case .misplaced(_, let finding), .rejected(let finding):
        findings.append(finding.description)
      }
    }
    return (seen, findings)
  }
}

/// One process's hold on the disk.
struct ScriptedStore: EventStore {
  let disk: ScriptedDisk

  mutating func commit(_ transaction: Transaction) throws(StoreFault) {
    try disk.commit(transaction)
  }

  mutating func read(
    after sequence: UInt64, dueBit: Int, countLimit: Int, byteLimit: Int
  ) throws(StoreFault) -> [StoredEvent] {
    try disk.read(
      after: sequence, dueBit: dueBit, countLimit: countLimit, byteLimit: byteLimit)
  }

  mutating func held(
    after place: UInt64, countLimit: Int, byteLimit: Int
  ) throws(StoreFault) -> [StoredEvent] {
    try disk.held(after: place, countLimit: countLimit)
  }

  mutating func quarantined(_ query: QuarantineQuery) throws(StoreFault) -> [QuarantinedRow] {
    try disk.quarantined(query)
  }

  mutating func reopen() throws(StoreFault) -> StoreState { try disk.reopen() }

  var byteCount: Int { disk.events.reduce(0) { $0 + $1.bytes.count } }
}
