// In which pieces the desk of a line is written down, and which of them are due.
//
//   orders/<line>             the orders and what each has made so far; changes with an order
//   desk/<line>               holds, what is held and what ends; changes with a confirmation
//   station/<line>/<machine>  the open windows of a machine; changes with each of its counts
//
// Invariants
// - What has changed is written, in one transaction with its events: all parts as they were written
//   last are the desk. After a start everything is written once, with the first change.
// - `orders` names the stations that belong to it. A station that is not named there is of an
//   earlier time of the line, and is not read.
// - A count changes its station and nothing else: what its order has made stands in the station
//   too. Totals only grow, so the larger one of both counts; where a machine counts for another
//   order than before, `orders` is written as well, and holds every total as of then.
//
// Why three: a line of 1,000 machines wrote the state of all of them, 564 kB, with the count of one
// (56 kB with 100, 1.4 kB with 1). Now it writes 550 bytes, however long the line is.

public import Primitives

/// One piece of what a desk remembers over a restart.
public enum OrderDeskPart: Hashable, Sendable {
  case orders
  case desk
  /// The windows of one machine.
  case station(String)
}

extension OrderDeskPart {
  /// What a sentence about it says.
  var name: String {
    switch self {
    case .orders: "orders"
    case .desk: "desk"
    case .station(let machine): "station of \(machine)"
    }
  }
}

extension OrderDesk {
  /// The desk as it was written down last, to know what has changed.
  struct Written: Sendable {
    var epoch: String
    var orders: OrderBook
    var totalsTurn: UInt64
    var nextNumber: Int64
    var holdBook: HoldBook
    var held: [HeldPart]
    var endings: [Ending]
    var isDirty: Bool
    var stations: [Station]
  }

  /// The parts that have changed since the last call, to be committed with the facts before it.
  public mutating func takeSnapshots(
    _ reading: ClockReading
  ) -> [(part: OrderDeskPart, bytes: [UInt8])] {
    var parts: [(part: OrderDeskPart, bytes: [UInt8])] = []
    let old = written
    if old?.epoch != epoch || old?.totalsTurn != totalsTurn || old?.orders != orders {
      parts.append((.orders, bytes(ordersMembers, reading)))
    }
    if old?.nextNumber != nextNumber || old?.held != held || old?.endings != endings
      || old?.holdBook != holdBook || old?.isDirty != isDirty
    {
      parts.append((.desk, bytes(deskMembers, reading)))
    }
    for index in stations.indices where old?.stations[index] != stations[index] {
      let station = stations[index]
      let members = station.members(good: station.counted.map { counted($0.key) } ?? 0)
      parts.append((.station(station.machine), bytes(members, reading)))
    }
    guard !parts.isEmpty else { return parts }
    written = Written(
      epoch: epoch, orders: orders, totalsTurn: totalsTurn, nextNumber: nextNumber,
      holdBook: holdBook, held: held, endings: endings, isDirty: isDirty, stations: stations)
    return parts
  }

  /// Every part is due: the journal has none of them, or this is the end.
  public mutating func wantSnapshots() { written = nil }

  private func bytes(_ members: [String: JSONValue], _ reading: ClockReading) -> [UInt8] {
    let head = Carry.head(version: Self.snapshotVersion, reading)
    return JSONValue.object(head.merging(members) { head, _ in head }).canonicalBytes
  }

  private var ordersMembers: [String: JSONValue] {
    [
      "epoch": .string(epoch),
      "orders": orders.json,
      "totals": .array(
        totals.map { total in
          var members = total.key.members
          members["good"] = .integer(total.good)
          return .object(members)
        }),
      "through": .string(String(stations.compactMap(\.counted?.sequence).max() ?? 0)),
      "stations": .array(stations.map { .string($0.machine) }),
    ]
  }

  private var deskMembers: [String: JSONValue] {
    [
      "nextNumber": .integer(nextNumber),
      "holds": .array(holds.map(\.json)),
      "nextHold": .integer(holdBook.next),
      "endings": .array(endings.map(\.json)),
      "held": .array(held.map(\.json)),
      "dirty": .bool(isDirty),
    ]
  }
}

extension OrderDesk {
  /// What the machines counted for their last orders since `orders` was written.
  mutating func takeTotals(_ kept: [(station: Station, good: Int64)], after through: UInt64) {
    let later = kept.filter { ($0.station.counted?.sequence ?? 0) > through }
      .sorted { ($0.station.counted?.sequence ?? 0) < ($1.station.counted?.sequence ?? 0) }
    for (station, good) in later {
      guard let key = station.counted?.key else { continue }
      let before = totals.firstIndex { $0.key == key }.map { totals.remove(at: $0).good } ?? 0
      totals.append((key, max(before, good)))
    }
  }
}
