// What the journal asks of its table of refused events.
//
// Invariants
// - A row that does not prove itself is passed over: it is in nobody's way, and nothing of it is
//   told as what it may not be.
// - One reading looks at each row's key only, and takes the bytes of those that are wanted.

internal import CSQLite
internal import Outbox
internal import Primitives

extension Connection {
  mutating func put(_ quarantined: [QuarantinedEvent]) throws(StoreFault) {
    guard !quarantined.isEmpty else { return }
    for event in quarantined {
      let check = RowCheck.quarantined(
        event.uplink, event.sequence, Int64(event.status), event.answer, event.at.milliseconds,
        event.bytes)
      try run(.putQuarantined) {
        $0.bind(1, event.uplink)
        $0.bind(2, event.sequence)
        $0.bind(3, Int64(event.status))
        $0.bind(4, event.answer)
        $0.bind(5, event.at.milliseconds)
        $0.bind(6, event.bytes)
        $0.bind(7, check)
      }
    }
    try run(.trimQuarantined) { $0.bind(1, Int64(JournalLimits.quarantined)) }
  }

  /// Deletes rows by their keys.
  mutating func release(_ keys: [QuarantineKey]) throws(StoreFault) {
    for key in keys {
      try run(.releaseQuarantined) {
        $0.bind(1, key.row)
        $0.bind(2, key.uplink)
        $0.bind(3, key.sequence)
      }
    }
  }

  func quarantinedBy() throws(StoreFault) -> [String: Int] {
    var counts: [String: Int] = [:]
    try rows("SELECT uplink, count(*) FROM quarantine GROUP BY uplink") {
      counts[$0.text(0)] = Int($0.integer(1))
      return true
    }
    return counts
  }

  func quarantined(_ query: QuarantineQuery) throws(StoreFault) -> [QuarantinedRow] {
    var found: [QuarantinedRow] = []
    var bytes = 0
    try rows(
      "SELECT id, uplink, sequence, status, answer, at, body, proof FROM quarantine"
        + " WHERE id > \(query.after) ORDER BY id"
    ) {
      let (row, uplink, place) = ($0.integer(0), $0.text(1), $0.unsigned(2))
      guard query.wants(row, uplink: uplink, place: place) else { return true }
      let event = QuarantinedEvent(
        uplink: uplink, sequence: place, bytes: $0.bytes(6), status: Int(clamping: $0.integer(3)),
        answer: $0.text(4), at: WallTime(milliseconds: $0.integer(5)))
      let check = RowCheck.quarantined(
        uplink, place, $0.integer(3), event.answer, $0.integer(5), event.bytes)
      guard check == $0.unsigned(7) else { return true }
      bytes += event.bytes.count
      guard found.isEmpty || bytes <= query.byteLimit else { return false }
      found.append(QuarantinedRow(row: row, event: event))
      return found.count < query.countLimit
    }
    return found
  }
}
