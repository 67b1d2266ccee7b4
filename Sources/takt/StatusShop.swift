// The shop floor's part of the status document: orders, sums and figures, limits, holds, dropped
// files.
//
//   of a machine  "order":{"orderId","operationId","materialId","lotId","goodQuantity",
//                   "scrapQuantity","reworkQuantity","plannedQuantity","uom","startedAt",
//                   "released", and "paused":true while it is}
//                 "shift","orderSums":{"scope","name","date","from","approximate",
//                   "sums":{"APT","PBT",…}, "kpis":{"availability":"87.3%",…,"mtbf":"1520.0s"}}
//                 "limits":[{"name","severity"}]
//   of the whole  "lines":[{"name","shift","planned","holds","heldConfirmations"}]
//                 "drop":{"directory","waiting","taken":{"name","at"},
//                   "refused":{"name","at","why"},"fault"}
//
// Invariants
// - "goodQuantity" of an order is what all its machines have made; its scrap and rework, and
//   "orderSums", are of this machine.
// - A figure always stands beside the sums that it came from (KPI.swift names them): milliseconds,
//   pieces, and PRI*PQ in nanoseconds. One that is not defined is left out.

import Machines
import Primitives

extension StatusDocument {
  /// What runs at a machine, and how far it is.
  struct Order {
    var order: Machines.Order
    /// Good pieces of all machines that make it; scrap and rework of this one.
    var made: Quantities
    var startedAt: WallTime
    /// What is counted meanwhile belongs to no order.
    var isPaused = false
  }

  /// What must not be confirmed at a line.
  struct Line {
    var name: String
    var shift: String?
    /// Why nobody is meant to work now.
    var planned: String?
    var holds: Int
    var heldConfirmations: Int
  }
}

extension StatusDocument.Order {
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "orderId": .string(order.key.orderID),
      "goodQuantity": .integer(made.good), "scrapQuantity": .integer(made.scrap),
      "reworkQuantity": .integer(made.rework), "startedAt": .string(startedAt.text),
      "released": .bool(order.isReleased),
    ]
    members["operationId"] = order.key.operationID.map { .string($0) }
    members["materialId"] = order.materialID.map { .string($0) }
    members["lotId"] = order.lotID.map { .string($0) }
    members["plannedQuantity"] = order.plannedQuantity.map { .integer($0) }
    members["uom"] = order.uom.map { .string($0) }
    if isPaused { members["paused"] = true }
    return .object(members)
  }
}

extension StatusDocument.Line {
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "name": .string(name), "holds": .integer(Int64(holds)),
      "heldConfirmations": .integer(Int64(heldConfirmations)),
    ]
    members["shift"] = shift.map { .string($0) }
    members["planned"] = planned.map { .string($0) }
    return .object(members)
  }
}

extension TotalsBucket {
  /// The figures that a person at the machine asks for; the others follow from the sums.
  private static let shown: [KPIName] = [
    .availability, .effectiveness, .qualityRatio, .oee, .mtbf, .mttr,
  ]

  var statusJSON: JSONValue {
    var members: [String: JSONValue] = [
      "from": .string(from.wall.text), "approximate": .bool(approximate),
    ]
    switch scope {
    case .shift(let name, let date):
      members["scope"] = "shift"
      members["name"] = .string(name)
      members["date"] = .string(date.text)
    case .day(let date):
      members["scope"] = "day"
      members["date"] = .string(date.text)
    case .order(let name):
      members["scope"] = "order"
      members["name"] = .string(name)
    case .outside: members["scope"] = "outside"
    case .unknown: members["scope"] = "unknown"
    }
    let named = sums.kpiSums.map { ($0.rawValue, JSONValue.integer($1)) }
    members["sums"] = .object(Dictionary(named) { first, _ in first })
    let kpis = Self.shown.map { sums.kpi($0) }.filter { $0.value != nil }
      .map { ($0.name.rawValue, JSONValue.string($0.text)) }
    members["kpis"] = .object(Dictionary(kpis) { first, _ in first })
    return .object(members)
  }
}

extension LimitRules {
  var statusJSON: JSONValue {
    ["name": .string(name), "severity": .string(severity.rawValue)]
  }
}

extension OrderDropStatus {
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "directory": .string(directory), "waiting": .integer(Int64(waiting)),
    ]
    members["taken"] = taken?.json
    members["refused"] = refused?.json
    members["fault"] = fault.map { .string($0) }
    return .object(members)
  }
}

extension OrderDropStatus.Last {
  fileprivate var json: JSONValue {
    var members: [String: JSONValue] = ["name": .string(name), "at": .string(at.text)]
    members["why"] = why.map { .string($0) }
    return .object(members)
  }
}
