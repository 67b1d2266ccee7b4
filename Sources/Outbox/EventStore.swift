// The port to the disk: what must happen in one transaction, and how it can fail.
//
// Invariants the store keeps
// - A commit is all or nothing and durable when `commit` returns (WAL, synchronous=FULL).
// - Sequences are contiguous within an epoch; a new file draws a new epoch.
// - Every row carries the digest of its bytes; a read verifies it and never returns other bytes.
// - The last event stays whatever is deleted, so that the end of the chain is in the file.

public import Primitives

/// A committed event: its sequence, its final bytes and their digest.
public struct StoredEvent: Equatable, Sendable {
  /// In a transaction the sequence of its epoch; in what is read its place in the journal, which is
  /// that and the places of the epochs before. They differ only where `StoreState.base` is not 0.
  public var sequence: UInt64
  public var bytes: [UInt8]
  /// SHA-256 of `bytes`; the next event's `previousdigest`.
  public var digest: [UInt8]
  /// One bit for each uplink that it is due to.
  public var due: UInt64

  public init(sequence: UInt64, bytes: [UInt8], digest: [UInt8], due: UInt64) {
    self.sequence = sequence
    self.bytes = bytes
    self.digest = digest
    self.due = due
  }
}

/// How far one uplink has got.
public struct UplinkCursor: Equatable, Sendable {
  /// The name in the configuration; the bit stays with the name for the life of the file.
  public var name: String
  public var bit: Int
  /// Everything due to it up to here is acknowledged.
  public var acknowledged: UInt64

  public init(name: String, bit: Int, acknowledged: UInt64) {
    self.name = name
    self.bit = bit
    self.acknowledged = acknowledged
  }
}

/// An event that a receiver refused for good, kept with the answer it got.
public struct QuarantinedEvent: Equatable, Sendable {
  public var uplink: String
  public var sequence: UInt64
  public var bytes: [UInt8]
  public var status: Int
  public var answer: String
  public var at: WallTime

  public init(
    uplink: String, sequence: UInt64, bytes: [UInt8], status: Int, answer: String, at: WallTime
  ) {
    self.uplink = uplink
    self.sequence = sequence
    self.bytes = bytes
    self.status = status
    self.answer = answer
    self.at = at
  }
}

/// Everything that one transaction changes.
public struct Transaction: Sendable, Equatable {
  public var events: [StoredEvent] = []
  /// Named blobs that continue the state machines: replaced as a whole.
  public var snapshots: [(name: String, bytes: [UInt8])] = []
  public var cursors: [UplinkCursor] = []
  public var quarantined: [QuarantinedEvent] = []
  /// Refused events that leave the journal, before `quarantined` is added to it.
  public var released: [QuarantineKey] = []
  /// Delete all events up to and including this sequence; nil deletes none.
  public var deleteThrough: UInt64?
  /// Runs of places that leave the middle of the journal; none holds the last event.
  public var thinned: [ClosedRange<UInt64>] = []

  public init() {}

  /// Whether there is nothing to commit.
  public var isEmpty: Bool {
    events.isEmpty && snapshots.isEmpty && cursors.isEmpty && quarantined.isEmpty
      && released.isEmpty && deleteThrough == nil && thinned.isEmpty
  }

  public static func == (left: Transaction, right: Transaction) -> Bool {
    left.events == right.events && left.cursors == right.cursors
      && left.quarantined == right.quarantined && left.released == right.released
      && left.thinned == right.thinned && left.deleteThrough == right.deleteThrough
      && left.snapshots.elementsEqual(right.snapshots) {
        $0.name == $1.name && $0.bytes == $1.bytes
      }
  }
}

/// Events that were committed and can no longer be read.
public struct LostEvents: Equatable, Sendable {
  /// The epoch whose sequences these are; nil when nothing says so any more.
  public var epoch: String?
  public var first: UInt64
  public var last: UInt64
  /// How many between first and last are missing: all of them, unless there were too many ranges.
  public var count: UInt64

  public init(epoch: String?, first: UInt64, last: UInt64, count: UInt64) {
    self.epoch = epoch
    self.first = first
    self.last = last
    self.count = count
  }
}

/// An epoch whose events a journal may still hold, carried over from a damaged file.
public struct EpochBefore: Equatable, Sendable {
  public var epoch: String?
  /// Its sequence n stands at the place `base` + n.
  public var base: UInt64

  public init(epoch: String?, base: UInt64) {
    self.epoch = epoch
    self.base = base
  }
}

/// What a store knows when it is opened.
public struct StoreState: Sendable, Equatable {
  /// Eight lower-case hex digits, drawn when the file was made.
  public var epoch: String
  /// The last sequence given in this epoch; 0 before the first.
  public var lastSequence: UInt64
  /// The digest of that event, or of the last one known of the epoch before, or 32 zero bytes.
  public var lastDigest: [UInt8]
  /// The first place still held; `lastPlace + 1` when none is.
  public var firstHeld: UInt64
  public var cursors: [UplinkCursor]
  public var snapshots: [String: [UInt8]]
  public var quarantinedCount: Int
  /// How many of them each uplink refused.
  public var quarantinedBy: [String: Int] = [:]
  /// Places before this epoch's first: its sequence n stands at `base` + n. 0 in a journal that
  /// was never damaged.
  public var base: UInt64 = 0
  /// The epochs that those places belong to, oldest first.
  public var before: [EpochBefore] = []
  /// What can no longer be read and was not yet told: the next commit of events takes it as told.
  public var lost: [LostEvents] = []

  /// The last place taken: what cursors, readings and deletions count in.
  public var lastPlace: UInt64 { base + lastSequence }

  public init(
    epoch: String, lastSequence: UInt64 = 0, lastDigest: [UInt8] = Array(repeating: 0, count: 32),
    firstHeld: UInt64 = 1, cursors: [UplinkCursor] = [], snapshots: [String: [UInt8]] = [:],
    quarantinedCount: Int = 0
  ) {
    self.epoch = epoch
    self.lastSequence = lastSequence
    self.lastDigest = lastDigest
    self.firstHeld = firstHeld
    self.cursors = cursors
    self.snapshots = snapshots
    self.quarantinedCount = quarantinedCount
  }
}

/// Why the disk did not do what it was asked.
public enum StoreFault: Error, Equatable, Sendable {
  /// The journal has reached its own quota: retention decides.
  case quotaReached
  /// The file system is full although the quota is not reached.
  case diskFull
  /// Input or output failed; nothing may be taken as durable until the file is reopened.
  case inputOutput(String)
  /// The file is no journal, or damaged.
  case damaged(String)
  /// The stored bytes of this one event no longer match their digest; the others are readable.
  case damagedEvent(sequence: UInt64)
  /// Another process holds the file.
  case inUse(String)
  /// Written by a later version of the program.
  case tooNew(String)
  /// The directory or file may not be opened.
  case denied(String)
}

/// The journal on a disk, owned by one thread.
public protocol EventStore: ~Copyable {
  /// Makes one transaction durable, or changes nothing.
  mutating func commit(_ transaction: Transaction) throws(StoreFault)

  /// Reads events after a sequence that are due to one uplink, oldest first, within both limits
  /// (always at least one when there is one). Ends before a row whose digest does not match, and
  /// throws `damagedEvent` when that row is the first.
  mutating func read(
    after sequence: UInt64, dueBit: Int, countLimit: Int, byteLimit: Int
  ) throws(StoreFault) -> [StoredEvent]

  /// Reads held events behind a place in order, whoever they are due to, within both limits.
  mutating func held(
    after place: UInt64, countLimit: Int, byteLimit: Int
  ) throws(StoreFault) -> [StoredEvent]

  /// Reads refused events in the order in which they were kept, within both limits (always at
  /// least one when there is one); rows that do not prove themselves are passed over.
  mutating func quarantined(_ query: QuarantineQuery) throws(StoreFault) -> [QuarantinedRow]

  /// Closes and opens the file again after a fault, and tells what it holds now.
  mutating func reopen() throws(StoreFault) -> StoreState

  /// Bytes that the journal takes on the disk, its log included.
  var byteCount: Int { get }

  /// What the journal may still take; nil while nobody can say.
  var room: JournalRoom? { get }
}

extension EventStore where Self: ~Copyable {
  /// A journal without a limit of its own cannot say.
  public var room: JournalRoom? { nil }
}
