// Orders, held confirmations and holds as lines of words.
//
// Invariants
// - Every member may be missing; its place says "-", so that columns can be counted.

import Primitives

enum ShopText {
  /// Place, state, order, good of planned, begin, material.
  static func orders(_ document: JSONValue) -> [[String]] {
    (document["orders"]?.array ?? []).map { order in
      [
        place(order), order["state"]?.string ?? "-", key(order), progress(order),
        order["startedAt"]?.string ?? "-", order["materialId"]?.string ?? "-",
      ]
    }
  }

  /// Confirmations with their reasons, then holds.
  static func held(_ document: JSONValue) -> [[String]] {
    let confirmations = (document["confirmations"]?.array ?? []).map { held in
      [
        "confirmation", text(held["number"]), held["machine"]?.string ?? "-", key(held),
        "good \(text(held["goodQuantity"]))", "scrap \(text(held["scrapQuantity"]))",
        held["to"]?.string ?? "-",
        (held["reasons"]?.array ?? []).compactMap(\.string).joined(separator: "; "),
      ]
    }
    let holds = (document["holds"]?.array ?? []).map { hold in
      [
        "hold", text(hold["number"]), hold["scope"]?.string ?? "-", hold["name"]?.string ?? "-",
        hold["since"]?.string ?? "-", hold["by"]?.string ?? "-", hold["reason"]?.string ?? "-",
      ]
    }
    return confirmations + holds
  }

  /// "4711/0010".
  static func key(_ order: JSONValue) -> String {
    let operation = order["operationId"]?.string.map { "/" + $0 } ?? ""
    return (order["orderId"]?.string ?? "-") + operation
  }

  /// "350/1000 PCE", or "350 PCE" without a plan.
  static func progress(_ order: JSONValue) -> String {
    let planned = order["plannedQuantity"]?.integer.map { "/\($0)" } ?? ""
    let uom = order["uom"]?.string.map { " " + $0 } ?? ""
    return text(order["goodCounted"] ?? order["goodQuantity"]) + planned + uom
  }

  private static func place(_ order: JSONValue) -> String {
    if let machine = order["machine"]?.string { return machine }
    return order["line"]?.string.map { "line:\($0)" } ?? "-"
  }

  private static func text(_ value: JSONValue?) -> String {
    value?.integer.map { String($0) } ?? "-"
  }
}
