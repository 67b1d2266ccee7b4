// The forms that a journal's file had, and how an older one is brought to the present one.
//
//   1  rows of events with their digest alone; cursors and snapshots without a check
//   2  every row proves itself; places, epochs carried over, what was lost and told
//
// Invariants
// - One transaction: the file has the one form or the other.
// - Rows of events stay as they are: rewriting them would wear the flash for nothing.
// - A form that this program does not know never gets here (JournalFile.recognise).

internal import CSQLite
internal import Outbox
internal import Primitives

extension Connection {
  /// Brings a file of the form before to this one; throws `damaged` when the form is neither, or
  /// another than its own rows name.
  mutating func bringToThisForm() throws(StoreFault) {
    let form = try integer("PRAGMA user_version") ?? 0
    let mark = try integer("PRAGMA application_id") ?? 0
    let named = try meta()["form"]
    guard mark == Int64(JournalLimits.applicationID) else {
      throw .damaged("opening the journal: its mark is \(mark)")
    }
    switch form {
    case Int64(JournalLimits.formatVersion) where named == "\(form)": return
    case Int64(JournalLimits.oldFormatVersion) where named == nil: try bringFromOldForm()
    default:
      throw .damaged(
        "opening the journal: its header says form \(form), its rows \(named ?? "none")")
    }
  }

  private mutating func bringFromOldForm() throws(StoreFault) {
    let last = try integer("SELECT max(sequence) FROM event") ?? 0
    let first = try integer("SELECT min(sequence) FROM event") ?? last + 1
    var cursors: [UplinkCursor] = []
    try rows("SELECT name, bit, acknowledged FROM uplink") {
      cursors.append(
        UplinkCursor(name: $0.text(0), bit: Int($0.integer(1)), acknowledged: $0.unsigned(2)))
      return true
    }
    var snapshots: [(name: String, body: [UInt8])] = []
    try rows("SELECT name, body FROM snapshot") {
      snapshots.append(($0.text(0), $0.bytes(1)))
      return true
    }
    var refused: [QuarantinedEvent] = []
    try rows("SELECT uplink, sequence, status, answer, at, body FROM quarantine ORDER BY id") {
      refused.append(
        QuarantinedEvent(
          uplink: $0.text(0), sequence: $0.unsigned(1), bytes: $0.bytes(5),
          status: Int(clamping: $0.integer(2)), answer: $0.text(3),
          at: WallTime(milliseconds: $0.integer(4))))
      return true
    }
    try execute(
      """
      BEGIN IMMEDIATE;
      ALTER TABLE uplink ADD COLUMN proof INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE snapshot ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE snapshot ADD COLUMN proof INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE quarantine ADD COLUMN proof INTEGER NOT NULL DEFAULT 0;
      DELETE FROM quarantine;
      """)
    for cursor in cursors { try put(cursor) }
    for snapshot in snapshots { try put(snapshot.name, place: UInt64(last), snapshot.body) }
    try put(Salvage.deletedName, place: UInt64(last), StoredNumber.bytes(UInt64(first - 1)))
    try put(refused)
    try putMeta(["base": "0", "unproved": "\(last)", "form": "\(JournalLimits.formatVersion)"])
    try execute("PRAGMA user_version = \(JournalLimits.formatVersion); COMMIT")
  }

  /// Notes that there is a log beside the file from now on.
  mutating func noteOpened() throws(StoreFault) {
    try run(.begin)
    try putMeta(["opened": "yes"])
    try run(.commit)
  }
}
