// What the desk of a line remembers over a restart, as canonical JSON with a version.
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
  /// The version that this program writes and reads.
  public static let snapshotVersion: Int64 = 1

  /// Everything that must survive a restart, to be committed with the facts before it.
  public func snapshot(reading: ClockReading) -> [UInt8] {
    let own: [String: JSONValue] = [
      "epoch": .string(epoch),
      "nextNumber": .integer(nextNumber),
      "orders": orders.json,
      "holds": .array(holds.map(\.json)),
      "nextHold": .integer(holdBook.next),
      "stations": .array(stations.map(\.json)),
      "endings": .array(endings.map(\.json)),
      "held": .array(held.map(\.json)),
      "totals": .array(
        totals.map { total in
          var members = total.key.members
          members["good"] = .integer(total.good)
          return .object(members)
        }),
      "dirty": .bool(isDirty),
    ]
    let head = Carry.head(version: Self.snapshotVersion, reading)
    return JSONValue.object(head.merging(own) { head, _ in head }).canonicalBytes
  }

  /// A desk that goes on where a snapshot ends; throws when that cannot be read.
  public init(
    line: String, machines: [String], rules: ConfirmationRules, epoch: String,
    snapshot: [UInt8], reading: ClockReading, into facts: inout [OrderFact]
  ) throws(OrderSnapshotFault) {
    self.init(line: line, machines: machines, rules: rules, epoch: epoch)
    let tree: JSONValue
    do { tree = try JSONValue(parsing: snapshot) } catch {
      throw .notJSON(line: line, error)
    }
    guard tree["version"]?.integer == Self.snapshotVersion else {
      throw .unknownVersion(line: line, tree["version"]?.integer)
    }
    try resume(tree, Carry(tree, to: reading), reading)
    if self.epoch != epoch {
      startAnew(epoch: epoch, into: &facts)
    } else {
      settle(into: &facts)
    }
  }

  private mutating func resume(
    _ tree: JSONValue, _ carry: Carry, _ reading: ClockReading
  ) throws(OrderSnapshotFault) {
    let line = orders.line
    guard let number = tree["nextNumber"]?.integer, number >= 1 else {
      throw .damaged(line: line, member: "nextNumber")
    }
    guard let kept = tree["orders"], orders.resume(kept, carry) else {
      throw .damaged(line: line, member: "orders")
    }
    epoch = tree["epoch"]?.string ?? epoch
    let holds = try read(tree, "holds") { carry.hold($0) }
    holdBook = HoldBook(line: line, holds: holds, next: tree["nextHold"]?.integer ?? 1)
    held = try read(tree, "held") { carry.heldPart($0) }
    let known = try read(tree, "stations") { carry.station($0) }
    endings = try read(tree, "endings") { carry.ending($0) }
    totals = try read(tree, "totals") { value in
      guard let key = OrderKey(value), let good = value["good"]?.integer else { return nil }
      return (key, max(0, good))
    }
    nextNumber = max(number, saturating(held.map(\.number).max() ?? 0, plus: 1))
    isDirty = tree["dirty"]?.bool ?? true
    let named =
      held.map(\.part.run) + known.flatMap { $0.windows.map(\.part.run) } + endings.map(\.run)
    guard named.allSatisfy({ orders.runs[$0] != nil }) else {
      throw .damaged(line: line, member: "runs")
    }
    place(known, reading)
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
