// From what the recorder reports of machines and lines to the status document.

import Gateway
import Machines
import Primitives
import Settings

extension Daemon {
  /// The machines in the order of the configuration.
  func machines(_ status: RecorderStatus?, _ now: Instant) -> [StatusDocument.Machine] {
    guard let status else { return [] }
    // By name: a report may be of the configuration before.
    let mappings = Dictionary(plan.machines.map { ($0.name, $0.mapping) }) { first, _ in first }
    return status.machines.enumerated().map { index, machine in
      let mapping = mappings[machine.name] ?? .usual
      var document = StatusDocument.Machine(machine, mapping, now)
      if index < status.shop.count, let shop = status.shop[index] { document.take(shop) }
      return document
    }
  }

  /// The lines in the order of the configuration.
  func lines(_ status: RecorderStatus?) -> [StatusDocument.Line] {
    (status?.lines ?? []).map { line in
      StatusDocument.Line(
        name: line.name, shift: line.shift?.name, planned: line.planned?.words,
        holds: line.holds.count, heldConfirmations: line.heldConfirmations)
    }
  }
}

extension StatusDocument.Machine {
  init(_ status: MachineStatus, _ mapping: StateMapping, _ now: Instant) {
    let names = mapping[status.condition]
    self.init(
      name: status.name, state: status.condition.rawValue, since: status.since.wall,
      age: max(.zero, now - status.since.instant), packMLState: names.packMLState,
      packMLMode: names.packMLMode,
      stop: status.stop.map { stop in
        let code = stop.cause.code.map { "\($0) " } ?? ""
        return StatusDocument.Stop(
          stopID: stop.stopID, startedAt: stop.startedAt.wall, cause: code + stop.cause.text,
          reason: stop.cause.reason, classified: stop.classified)
      },
      goodTotal: status.goodTotal, scrapTotal: status.scrapTotal, reworkTotal: status.reworkTotal,
      unclassified: status.unclassified)
  }
}

extension PlannedStop {
  fileprivate var words: String {
    switch self {
    case .maintenance(let name): "maintenance: \(name)"
    case .pause(let name): "break: \(name)"
    case .holiday(let name): "holiday: \(name)"
    case .noShift: "no shift"
    }
  }
}

extension StatusDocument.Machine {
  /// What its line knows of it.
  fileprivate mutating func take(_ shop: ShopMachineStatus) {
    order = shop.order.map { run in
      let sums = shop.orderSums?.sums
      return StatusDocument.Order(
        order: run.order,
        made: Quantities(
          good: shop.counted, scrap: sums?.scrap ?? 0, rework: sums?.rework ?? 0),
        startedAt: run.startedAt.wall)
    }
    (shift, orderSums, limits) = (shop.shift, shop.orderSums, shop.exceeded)
  }
}
