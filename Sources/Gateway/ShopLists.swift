// Orders, held confirmations and stops without a reason as documents for who asks.

import Machines
import Primitives

extension Shop {
  /// Every order in force, place by place.
  func listOrders() -> ShopAnswer {
    var found: [JSONValue] = []
    for line in lines {
      let places = [OrderPlace.line(line.rules.name)] + line.rules.machines.map { .machine($0) }
      for place in places {
        guard let run = line.desk.orders.current(at: place) else { continue }
        found.append(Self.member(run, at: place, line))
      }
    }
    let sentence =
      found.isEmpty ? "no order runs" : "\(found.count) order\(found.count == 1 ? "" : "s")"
    return ShopAnswer(isDone: true, sentence: sentence, document: ["orders": .array(found)])
  }

  private static func member(_ run: OrderRun, at place: OrderPlace, _ line: Line) -> JSONValue {
    let key = run.order.key
    let open = line.desk.open(key)
    var members: [String: JSONValue] = [
      "line": .string(line.rules.name), "orderId": .string(key.orderID),
      "state": .string(line.desk.orders.isPaused(at: place) ? "paused" : "running"),
      "startedAt": .string(run.startedAt.wall.text), "from": .string(run.order.from.rawValue),
      "released": .bool(run.order.isReleased), "described": .bool(run.order.isDescribed),
      "goodCounted": .integer(line.desk.counted(key)), "goodOpen": .integer(open.good),
    ]
    if case .machine(let name) = place { members["machine"] = .string(name) }
    members["operationId"] = key.operationID.map { .string($0) }
    members["materialId"] = run.order.materialID.map { .string($0) }
    members["lotId"] = run.order.lotID.map { .string($0) }
    members["plannedQuantity"] = run.order.plannedQuantity.map { .integer($0) }
    members["uom"] = run.order.uom.map { .string($0) }
    return .object(members)
  }

  /// Everything that is held back with its reasons, and the holds in force.
  func listHeld() -> ShopAnswer {
    var confirmations: [JSONValue] = []
    var holds: [JSONValue] = []
    for line in lines {
      confirmations += line.desk.heldConfirmations.map { held in
        var members: [String: JSONValue] = [
          "line": .string(held.line), "number": .integer(held.number),
          "machine": .string(held.machine), "orderId": .string(held.key.orderID),
          "from": .string(held.from.wall.text), "to": .string(held.to.wall.text),
          "goodQuantity": .integer(held.pieces.good), "scrapQuantity": .integer(held.pieces.scrap),
          "reworkQuantity": .integer(held.pieces.rework), "final": .bool(held.isFinal),
          "reasons": .array(held.reasons.map { .string($0.sentence(held)) }),
        ]
        members["operationId"] = held.key.operationID.map { .string($0) }
        members["lotId"] = held.lotID.map { .string($0) }
        return .object(members)
      }
      holds += line.desk.holds.map { hold in
        [
          "line": .string(line.rules.name), "number": .integer(hold.number),
          "scope": .string(hold.scope.kind), "name": .string(hold.scope.name),
          "reason": .string(hold.reason), "by": .string(hold.by),
          "since": .string(hold.at.wall.text),
        ]
      }
    }
    let sentence = "\(confirmations.count) held, \(holds.count) quality holds in force"
    return ShopAnswer(
      isDone: true, sentence: sentence,
      document: ["confirmations": .array(confirmations), "holds": .array(holds)])
  }
}

extension Floor {
  /// Every stop that waits for a reason, machine by machine.
  func listUnclassified() -> ShopAnswer {
    let stops = machines.indices.flatMap { machine in
      unclassified(machine: machine).map { stop -> JSONValue in
        var members: [String: JSONValue] = [
          "machine": .string(machines[machine].rules.name), "stopId": .string(stop.stopID),
          "startedAt": .string(stop.startedAt.wall.text),
          "durationMs": .integer(stop.duration.wholeMilliseconds),
          "cause": .string(stop.cause.text), "kind": .string(stop.kind.rawValue),
        ]
        members["endedAt"] = stop.endedAt.map { .string($0.wall.text) }
        return .object(members)
      }
    }
    let sentence =
      stops.isEmpty
      ? "every stop has its reason"
      : "\(stops.count) stop\(stops.count == 1 ? " waits" : "s wait") for a reason"
    return ShopAnswer(isDone: true, sentence: sentence, document: ["stops": .array(stops)])
  }
}
