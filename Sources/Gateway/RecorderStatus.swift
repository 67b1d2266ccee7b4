// What a recorder tells of itself when somebody asks.

import Events
public import Machines
public import Outbox
import Primitives

/// The state of the recorder after one of its turns.
public struct RecorderStatus: Sendable {
  public var epoch: String
  public var sequence: UInt64
  /// Events still in the journal.
  public var held: UInt64
  /// A sentence while the disk does not do what it should.
  public var fault: String?
  /// Events decided but not yet durable.
  public var waiting: Int
  public var samplesLost: Int64
  /// In the order of the configuration.
  public var machines: [MachineStatus]
  /// By machine: its order, shift and sums; nil for one that is in no line.
  public var shop: [ShopMachineStatus?]
  /// In the order of the configuration.
  public var lines: [ShopLineStatus]
  /// In the order of the configuration.
  public var uplinks: [UplinkStatistics]
  /// What the journal may still take; nil while nobody can say.
  public var room: JournalRoom?
  /// How long that lasts at the rate of the last hours; nil while nobody can say.
  public var lasts: Duration?
}

extension RecorderStatus {
  /// Of a recorder that has no journal yet.
  public init(waiting fault: String) {
    self.init(
      epoch: "", sequence: 0, held: 0, fault: fault, waiting: 0, samplesLost: 0, machines: [],
      shop: [], lines: [], uplinks: [])
  }
}

extension RecorderStep where Store: ~Copyable {
  /// A sentence while the disk does not do what it should.
  public var fault: String? {
    if case .failing(let why, _, _, _) = journal { why.sentence } else { nil }
  }

  /// Bytes that the journal takes on the disk.
  public var journalBytes: Int64 { Int64(clamping: store.byteCount) }

  /// What the recorder tells of itself now.
  public var status: RecorderStatus {
    var waiting = entries.count
    if case .failing(_, _, _, let pending) = journal {
      waiting += pending.transaction.events.count
    }
    let room = store.room
    return RecorderStatus(
      epoch: chain.epoch, sequence: chain.lastSequence, held: outbox.heldCount, fault: fault,
      waiting: waiting, samplesLost: samplesLost, machines: floor.statuses(lastReading),
      shop: shopStatuses, lines: lineStatuses,
      uplinks: outbox.statistics, room: room,
      lasts: room.flatMap { intake.lasts($0, now: lastReading.monotonic) })
  }
}

extension StoreFault {
  /// The fault as a technician reads it, with what to do.
  public var sentence: String {
    switch self {
    case .quotaReached:
      "writing the journal: its quota is used up and nothing in it may go; raise limits.journal"
    case .diskFull:
      "writing the journal: the file system is full; make room, events wait in memory meanwhile"
    case .inputOutput(let why):
      "writing the journal: the disk failed (\(why)); events wait in memory, trying again"
    case .damaged(let why): "reading the journal: \(why)"
    case .damagedEvent(let sequence):
      "reading the journal: event \(sequence) no longer matches its digest and is not sent"
    case .inUse(let why): "opening the journal: another process holds it (\(why))"
    case .tooNew(let why): "opening the journal: a later version of takt wrote it (\(why))"
    case .denied(let why): "opening the journal: \(why)"
    }
  }
}
