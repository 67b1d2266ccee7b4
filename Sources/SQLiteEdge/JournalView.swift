// Looking into a journal whose gateway is not running: the same tables, the same proofs, no change.
//
// Invariants
// - A file that is not there is not made; a damaged one is not repaired: the gateway does that at
//   its next start, and a look must not cost anything that it needs for it.
// - It takes the file for itself while it looks: a gateway that starts meanwhile is refused, and
//   one that runs refuses the look.

internal import CSQLite
internal import Glibc
public import Outbox
internal import Primitives

/// A journal that is only looked at.
public struct JournalView: ~Copyable {
  private var connection: Connection
  private let rows: JournalRows
  private let digest: @Sendable ([UInt8]) -> [UInt8]

  /// Opens the file as it is; throws when it is not there, in use, or needs the gateway's repair.
  public init(
    path: String, digest: @escaping @Sendable ([UInt8]) -> [UInt8]
  ) throws(StoreFault) {
    let file = JournalFile(path: path)
    guard file.exists else { throw .denied("opening \(path): there is no journal") }
    guard !file.isBeingReplaced else {
      throw .damaged("\(path) was being repaired; start the gateway, which goes on with it")
    }
    try file.recognise(LogPages(file.readLog(file.logPath)))
    let opened = try Connection(path: path, creating: false, fileLayer: nil)
    guard !opened.isReadOnly else {
      throw .denied("opening \(path): it may only be read by you; try it as root")
    }
    opened.keepLog()
    try opened.execute(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA query_only = ON; PRAGMA trusted_schema = OFF")
    rows = try opened.journalState()
    self.digest = digest
    connection = opened
  }

  /// What the journal holds.
  public var state: StoreState { rows.state }

  /// Reads refused events, as the running journal does.
  public func quarantined(_ query: QuarantineQuery) throws(StoreFault) -> [QuarantinedRow] {
    try connection.quarantined(query)
  }

  /// Reads events behind a place that are due to one uplink; all of them for a bit of nil.
  public mutating func events(
    after place: UInt64, dueBit: Int?, countLimit: Int, byteLimit: Int
  ) throws(StoreFault) -> [StoredEvent] {
    let range = ReadRange(
      after: place, mask: dueBit.map { 1 << UInt64($0) }, countLimit: countLimit,
      byteLimit: byteLimit, rows, last: rows.state.lastPlace)
    return try connection.events(range, digest: digest)
  }
}
