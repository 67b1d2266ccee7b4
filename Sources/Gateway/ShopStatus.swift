// What the shop says of itself when asked: orders, shifts and sums by machine, holds by line.
//
// Why buckets and not figures: a figure is made from the sums by who shows it (`Sums.kpis`), so the
// sums stand beside it and nobody computes what nobody looks at.
//
// While the journal refuses, this is how things were when the transaction that waits was made.

public import Machines
import Primitives

/// One machine of a line with its order and its sums.
public struct ShopMachineStatus: Equatable, Sendable {
  public var line: String
  /// The order in force; nil for none, or while it is paused.
  public var order: OrderRun?
  /// The order that is paused there; nil while one is in force.
  public var paused: OrderRun?
  /// Good pieces of that order so far, over all its machines.
  public var counted: Int64
  /// The sums of the running shift, or of the time outside shifts; `sums.kpis` are its figures.
  public var shift: TotalsBucket?
  /// The last shift that ended.
  public var previousShift: TotalsBucket?
  /// The production day.
  public var day: TotalsBucket?
  /// The sums of the running or paused order at this machine.
  public var orderSums: TotalsBucket?
  /// Counted while no order was in force.
  public var withoutOrder: Quantities
  /// Limits that are exceeded, in the order of the configuration.
  public var exceeded: [LimitRules]
}

/// One line with its shift, and what is held back.
public struct ShopLineStatus: Equatable, Sendable {
  public var name: String
  /// The shift that runs; nil between shifts, or while the clock is unknown.
  public var shift: ShiftOccurrence?
  /// Why nobody is meant to work; nil while work is planned.
  public var planned: PlannedStop?
  public var holds: [QualityHold]
  /// Confirmations that are held back.
  public var heldConfirmations: Int
  /// Windows of confirmations that are being summed.
  public var openWindows: Int
  /// Pieces that are held, in open windows, or were counted without an order.
  public var unconfirmed: Quantities
}

extension RecorderStep where Store: ~Copyable {
  /// Each line as it is now.
  var lineStatuses: [ShopLineStatus] {
    zip(shop.lines, watch.clocks).map { line, clock in
      ShopLineStatus(
        name: line.rules.name, shift: clock.span?.shift, planned: clock.span?.planned,
        holds: line.desk.holds, heldConfirmations: line.desk.heldCount,
        openWindows: line.desk.openWindows, unconfirmed: line.desk.unconfirmed)
    }
  }

  /// Each machine with its order and sums, up to what it has told; nil for one in no line.
  var shopStatuses: [ShopMachineStatus?] {
    shop.members.indices.map { machine in
      guard let member = shop.members[machine] else { return nil }
      var totals = member.totals
      _ = totals.advance(to: floor.toldUntil(machine: machine), reading: lastReading)
      let line = shop.lines[member.line]
      let paused =
        member.run == nil ? line.desk.orders.paused(machine: shop.name(machine)) : nil
      let shown = member.run ?? paused
      let last = totals.previousOrder.flatMap { bucket in
        paused.map { .order($0.order.key.text) } == bucket.scope ? bucket : nil
      }
      return ShopMachineStatus(
        line: line.rules.name, order: member.run, paused: paused,
        counted: shown.map { line.desk.counted($0.order.key) } ?? 0, shift: totals.shift,
        previousShift: totals.previousShift, day: totals.day,
        orderSums: totals.runningOrder ?? last,
        withoutOrder: line.desk.withoutOrder(machine: shop.name(machine)),
        exceeded: watch.limits.exceeded(machine))
    }
  }
}
