// How the desk of a line goes on after a restart, from canonical JSON with a version.
//
// Version 2 is written in parts (see OrderDeskParts). Version 1, of the program before, held all of
// them in `orders`, and is still read.
//
// Invariants
// - Open windows, what is held, holds and totals are all in it: with the events committed beside it
//   every piece is confirmed once.
// - Reading is tolerant where a loss costs nothing that was counted. What would lose pieces or give
//   two confirmations one number is a fault.
// - A machine that is no longer of the line has its open windows closed and its runs ended.
// - Time while the gateway was down is booked nowhere: nobody looked (F50).

public import Primitives

/// Why a snapshot of a line's orders cannot be gone on from.
public enum OrderSnapshotFault: Error, Equatable, Sendable, CustomStringConvertible {
  case notJSON(line: String, JSONFault)
  case unknownVersion(line: String, Int64?)
  case damaged(line: String, member: String)

  public var description: String {
    switch self {
    case .notJSON(let line, let fault):
      "resuming the orders of line \(line): the snapshot is damaged (\(fault)); "
        + "start them anew under a new epoch"
    case .unknownVersion(let line, let version):
      "resuming the orders of line \(line): the snapshot has version "
        + "\(version.map(String.init) ?? "none"), known is \(OrderDesk.snapshotVersion); "
        + "run the program that wrote it, or start anew under a new epoch"
    case .damaged(let line, let member):
      "resuming the orders of line \(line): \"\(member)\" of the snapshot cannot be read, and "
        + "without it pieces would be lost; start them anew under a new epoch"
    }
  }
}

extension OrderDesk {
  /// The version that this program writes; version 1, all parts in one, is read as well.
  public static let snapshotVersion: Int64 = 2

  /// A desk that goes on where its parts end; throws when they cannot be read.
  public init(
    line: String, machines: [String], rules: ConfirmationRules, epoch: String,
    snapshots: (OrderDeskPart) -> [UInt8]?, reading: ClockReading, into facts: inout [OrderFact]
  ) throws(OrderSnapshotFault) {
    self.init(line: line, machines: machines, rules: rules, epoch: epoch)
    let tree = try tree(of: .orders, snapshots)
    try resumeOrders(tree, Carry(tree, to: reading))
    var known: [Station] = []
    if tree["version"]?.integer == 1 {
      let carry = Carry(tree, to: reading)
      try resumeDesk(tree, carry)
      known = try read(tree, "stations") { carry.station($0) }
    } else {
      let desk = try self.tree(of: .desk, snapshots)
      try resumeDesk(desk, Carry(desk, to: reading))
      known = try stations(tree, snapshots, reading)
    }
    let named =
      held.map(\.part.run) + known.flatMap { $0.windows.map(\.part.run) } + endings.map(\.run)
    guard named.allSatisfy({ orders.runs[$0] != nil }) else {
      throw .damaged(line: line, member: "runs")
    }
    place(known, reading)
    if self.epoch != epoch {
      startAnew(epoch: epoch, into: &facts)
    } else {
      settle(into: &facts)
    }
  }

  private func tree(
    of part: OrderDeskPart, _ snapshots: (OrderDeskPart) -> [UInt8]?
  ) throws(OrderSnapshotFault) -> JSONValue {
    let line = orders.line
    guard let bytes = snapshots(part) else {
      throw .damaged(line: line, member: part.name)
    }
    let tree: JSONValue
    do { tree = try JSONValue(parsing: bytes) } catch {
      throw .notJSON(line: line, error)
    }
    let version = tree["version"]?.integer
    guard version == Self.snapshotVersion || version == 1 && part == .orders else {
      throw .unknownVersion(line: line, version)
    }
    return tree
  }

  private mutating func resumeOrders(
    _ tree: JSONValue, _ carry: Carry
  ) throws(OrderSnapshotFault) {
    guard let kept = tree["orders"], orders.resume(kept, carry) else {
      throw .damaged(line: orders.line, member: "orders")
    }
    epoch = tree["epoch"]?.string ?? epoch
    totals = try read(tree, "totals") { value in
      guard let key = OrderKey(value), let good = value["good"]?.integer else { return nil }
      return (key, max(0, good))
    }
  }

  private mutating func resumeDesk(
    _ tree: JSONValue, _ carry: Carry
  ) throws(OrderSnapshotFault) {
    let line = orders.line
    guard let number = tree["nextNumber"]?.integer, number >= 1 else {
      throw .damaged(line: line, member: "nextNumber")
    }
    let holds = try read(tree, "holds") { carry.hold($0) }
    holdBook = HoldBook(line: line, holds: holds, next: tree["nextHold"]?.integer ?? 1)
    held = try read(tree, "held") { carry.heldPart($0) }
    endings = try read(tree, "endings") { carry.ending($0) }
    nextNumber = max(number, saturating(held.map(\.number).max() ?? 0, plus: 1))
    isDirty = tree["dirty"]?.bool ?? true
  }

  /// The stations that the orders name, each from its own part.
  private mutating func stations(
    _ tree: JSONValue, _ snapshots: (OrderDeskPart) -> [UInt8]?, _ reading: ClockReading
  ) throws(OrderSnapshotFault) -> [Station] {
    guard let through = tree["through"]?.string.flatMap(UInt64.init) else {
      throw .damaged(line: orders.line, member: "through")
    }
    var kept: [(station: Station, good: Int64)] = []
    for machine in try read(tree, "stations", \.string) {
      let own = try self.tree(of: .station(machine), snapshots)
      guard let station = Carry(own, to: reading).station(own), station.machine == machine else {
        throw .damaged(line: orders.line, member: OrderDeskPart.station(machine).name)
      }
      kept.append((station, max(0, own["counted"]?["good"]?.integer ?? 0)))
    }
    takeTotals(kept, after: through)
    return kept.map(\.station)
  }

  private func read<Element>(
    _ tree: JSONValue, _ member: String, _ element: (JSONValue) -> Element?
  ) throws(OrderSnapshotFault) -> [Element] {
    guard let values = tree[member]?.array else {
      throw .damaged(line: orders.line, member: member)
    }
    let read = values.compactMap(element)
    guard read.count == values.count else {
      throw .damaged(line: orders.line, member: member)
    }
    return read
  }

  /// Puts each station where it belongs; one that is gone has its windows closed.
  private mutating func place(_ kept: [Station], _ reading: ClockReading) {
    let now = Stamp(reading.monotonic, reading)
    for var station in kept {
      if let accounted = station.accounted, accounted.instant < now.instant {
        station.accounted = now
      }
      if let index = self.station(station.machine) {
        stations[index] = station
        continue
      }
      for window in station.windows where !window.part.isEmpty {
        keep(window.part, of: station.machine, window.part.pieces.good, false)
      }
    }
    let present = Set(orders.machines)
    for index in endings.indices {
      let ending = endings[index]
      endings[index].waiting = ending.waiting.filter(present.contains)
      guard ending.isFinal, endings[index].waiting.isEmpty, let last = ending.waiting.last,
        let run = orders.runs[ending.run]
      else { continue }
      let total = totals.first { $0.key == run.order.key }?.good ?? 0
      keep(ConfirmationPart(run: ending.run, from: ending.at, to: ending.at), of: last, total, true)
    }
    endings.removeAll(where: \.waiting.isEmpty)
  }

  private mutating func keep(
    _ part: ConfirmationPart, of machine: String, _ total: Int64, _ isFinal: Bool
  ) {
    held.append(
      HeldPart(number: nextNumber, machine: machine, part: part, isFinal: isFinal, total: total))
    nextNumber = saturating(nextNumber, plus: 1)
    isDirty = true
  }
}
