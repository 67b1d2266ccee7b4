// What the tests of orders share: a line with two machines, a clock in milliseconds, a short hand.

import Machines
import Primitives
import Signals

let orderBoot = "6b1f7c1e-0000-4000-8000-000000000001"

/// The clocks at so many milliseconds of the boot.
func clocks(_ milliseconds: Int64, boot: String = orderBoot) -> ClockReading {
  ClockReading(
    monotonic: Instant(nanoseconds: milliseconds * 1_000_000),
    wall: WallTime(milliseconds: 1_772_435_730_000 + milliseconds), quality: .synchronised,
    bootID: boot)
}

func stamp(_ milliseconds: Int64) -> Stamp {
  let reading = clocks(milliseconds)
  return Stamp(reading.monotonic, reading)
}

/// A line with the machines a and b, and everything that was told.
struct Desk {
  static let line = "line"
  var desk: OrderDesk
  var facts: [OrderFact] = []
  private(set) var sequence: UInt64 = 0
  let rules: ConfirmationRules
  let machines: [String]
  /// Every part as it was written last.
  var store: [OrderDeskPart: [UInt8]] = [:]

  init(
    _ rules: ConfirmationRules = ConfirmationRules(), machines: [String] = ["a", "b"],
    epoch: String = "00c0ffee"
  ) {
    self.rules = rules
    self.machines = machines
    desk = OrderDesk(line: Self.line, machines: machines, rules: rules, epoch: epoch)
  }

  static func order(
    _ number: String, operation: String? = nil, lot: String? = nil, planned: Int64? = nil,
    released: Bool = true, bill: [BillItem] = []
  ) -> Order {
    Order(
      key: OrderKey(orderID: number, operationID: operation), lotID: lot,
      plannedQuantity: planned, bill: bill, isReleased: released, from: .file)
  }

  @discardableResult
  mutating func start(
    _ order: Order, _ place: OrderPlace = .line(line), at: Int64, request: String? = nil
  ) -> OrderAnswer {
    desk.start(order, at: place, stamp(at), request: request, into: &facts)
  }

  @discardableResult
  mutating func end(_ place: OrderPlace = .line(line), at: Int64) -> OrderAnswer {
    desk.end(at: place, stamp(at), into: &facts)
  }

  /// Counts pieces of a machine up to a moment, with the next sequence.
  @discardableResult
  mutating func count(
    _ machine: String, good: Int64, scrap: Int64 = 0, rework: Int64 = 0, from: Int64? = nil,
    to: Int64, recovered: Bool = false
  ) -> OrderRun? {
    sequence += 1
    return recount(
      machine, sequence, good: good, scrap: scrap, rework: rework, from: from ?? to, to: to,
      recovered: recovered)
  }

  @discardableResult
  mutating func recount(
    _ machine: String, _ sequence: UInt64, good: Int64, scrap: Int64 = 0, rework: Int64 = 0,
    from: Int64, to: Int64, recovered: Bool = false
  ) -> OrderRun? {
    let record = CountRecord(
      from: stamp(from), to: stamp(to), good: good, scrap: scrap, rework: rework, goodTotal: 0,
      scrapTotal: 0, recovered: recovered)
    let run = desk.count(machine: machine, record, sequence: sequence, into: &facts)
    write(at: to)
    return run
  }

  /// Writes down what has changed; which parts that were.
  @discardableResult
  mutating func write(at: Int64) -> [OrderDeskPart] {
    let parts = desk.takeSnapshots(clocks(at))
    for (part, bytes) in parts { store[part] = bytes }
    return parts.map(\.part)
  }

  mutating func advance(to: Int64) {
    for machine in machines {
      desk.advance(machine: machine, to: stamp(to), into: &facts)
    }
  }

  /// Writes everything down, forgets it and reads it again.
  mutating func restart(at: Int64, machines: [String]? = nil, epoch: String? = nil) throws {
    write(at: at)
    let store = store
    desk = try OrderDesk(
      line: Self.line, machines: machines ?? self.machines, rules: rules,
      epoch: epoch ?? desk.epoch, snapshots: { store[$0] }, reading: clocks(at), into: &facts)
  }

  var confirmed: [Confirmation] {
    facts.compactMap { if case .confirmed(let told) = $0.kind { told } else { nil } }
  }

  /// What was told, in short: number, order, pieces and marks.
  var told: [String] {
    confirmed.map { told in
      let marks = (told.isFinal ? " final" : "") + (told.isVerified ? "" : " unverified")
      let pieces = told.pieces
      return "\(told.machine) \(told.key.text) \(pieces.good)/\(pieces.scrap)/\(pieces.rework)"
        + marks
    }
  }

  /// The reasons of what is held, one sentence each.
  var sentences: [String] {
    desk.heldConfirmations.flatMap { held in held.reasons.map { $0.sentence(held) } }
  }
}
