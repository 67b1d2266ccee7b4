// What a dropped order file says: read from a JSON tree, with all its mistakes at once.
//
//   { "action": "start", "place": {"machine": "press-1"}, "orderId": "4711", "operationId": "0010",
//     "materialId": "M-1", "lotId": "L-7", "plannedQuantity": 1000, "uom": "PCE",
//     "idealCycle": "1.2s", "released": true, "requestId": "mes-88",
//     "bill": [{"materialId": "R-1", "quantityPer": "0.25", "uom": "KGM", "scrapFactor": "0.02"}] }
//
// Invariants
// - A file is taken whole or refused whole; a member that nobody knows is a mistake, for it may be
//   a known one written wrongly.
// - Every mistake has its path and says what is allowed.
// - Quantities are exact: decimals are texts or JSON numbers without an exponent, never doubles.

public import Primitives

/// One mistake of an order file, with where it is.
public struct OrderMistake: Error, Equatable, Sendable, CustomStringConvertible {
  /// Members and indices from the root: `bill[2].quantityPer`; empty for the file itself.
  public var path: String
  public var reason: String

  public var description: String {
    "reading the order file\(path.isEmpty ? "" : " at " + path): \(reason)"
  }
}

/// All mistakes of an order file, in the order in which they stand there.
public struct OrderFileFault: Error, Equatable, Sendable, CustomStringConvertible {
  public var mistakes: [OrderMistake]
  /// Mistakes beyond `OrderLimits.toldMistakes`.
  public var more: Int

  init(_ mistakes: [OrderMistake]) {
    self.mistakes = Array(mistakes.prefix(OrderLimits.toldMistakes))
    more = max(0, mistakes.count - OrderLimits.toldMistakes)
  }

  public var description: String {
    let lines = mistakes.map(\.description) + (more > 0 ? ["and \(more) more"] : [])
    return lines.joined(separator: "\n")
  }
}

/// What an order file asks for.
public struct OrderFile: Equatable, Sendable {
  /// What shall be done: `describe` only makes the order known, for a PLC to name.
  public enum Action: String, Sendable, CaseIterable { case start, describe, end, pause, resume }

  public var action: Action
  /// Nil for a description, which is of no place.
  public var place: OrderPlace?
  /// Nil where an order is ended, paused or resumed, whichever it is.
  public var order: Order?
  /// A name that makes repeating the file harmless; nil when it has none.
  public var requestID: String?

  public init(
    action: Action, place: OrderPlace?, order: Order?, requestID: String? = nil
  ) {
    self.action = action
    self.place = place
    self.order = order
    self.requestID = requestID
  }

  /// Reads the bytes of a file; throws all its mistakes at once.
  public init(parsing bytes: [UInt8], from: Order.Origin = .file) throws(OrderFileFault) {
    guard bytes.count <= OrderLimits.fileBytes else {
      let reason = "it has \(bytes.count) bytes, \(OrderLimits.fileBytes) are allowed"
      throw OrderFileFault([OrderMistake(path: "", reason: reason)])
    }
    let tree: JSONValue
    do { tree = try JSONValue(parsing: bytes) } catch {
      throw OrderFileFault([OrderMistake(path: "", reason: error.description)])
    }
    try self.init(tree, from: from)
  }

  /// Reads a tree; throws all its mistakes at once.
  public init(_ tree: JSONValue, from: Order.Origin = .file) throws(OrderFileFault) {
    var reader = OrderFileReader(path: "", members: [:])
    guard let members = tree.object else {
      throw OrderFileFault([OrderMistake(path: "", reason: "an object with \"orderId\" is wanted")])
    }
    reader.members = members
    let action = reader.word("action", of: Action.self) ?? .start
    let place = reader.place()
    let order = reader.order(from: from, isNeeded: action == .start || action == .describe)
    requestID = reader.name("requestId")
    if place == nil, action != .describe, members["place"] == nil {
      reader.tell("place", "a \(action.rawValue) needs one: {\"machine\": …} or {\"line\": …}")
    }
    reader.tellStrangers()
    guard reader.mistakes.isEmpty else { throw OrderFileFault(reader.mistakes) }
    self.action = action
    self.place = action == .describe ? nil : place
    self.order = order
  }
}

extension OrderDesk {
  /// Carries out what an order file asks for; `request` names the file where it has no name.
  public mutating func carryOut(
    _ file: OrderFile, _ at: Stamp, request: String? = nil, into facts: inout [OrderFact]
  ) -> OrderAnswer {
    let request = file.requestID ?? request
    let named = file.order?.key.orderID
    switch (file.action, file.place, file.order) {
    case (.describe, _, .some(let order)):
      return describe(order, request: request, into: &facts)
    case (.start, .some(let place), .some(let order)):
      return start(order, at: place, at, request: request, into: &facts)
    case (.end, .some(let place), _):
      return end(at: place, order: named, at, request: request, into: &facts)
    case (.pause, .some(let place), _):
      return pause(at: place, order: named, at, request: request, into: &facts)
    case (.resume, .some(let place), _):
      if let named, let run = orders.current(at: place), run.order.key.orderID != named {
        let sentence =
          "resuming order \(named) at \(place.text): order \(run.order.key.text) is there; "
          + "name that one, or start order \(named)"
        return OrderAnswer(.refused, sentence)
      }
      return resume(at: place, at, request: request, into: &facts)
    case (.start, _, _), (.describe, _, nil), (.end, nil, _), (.pause, nil, _), (.resume, nil, _):
      return OrderAnswer(.refused, "carrying out an order file: it names no place or no order")
    }
  }
}
