// An order as it is known, and one run of it at one place.
//
// Invariants
// - What is confirmed is summed by `OrderKey`: order and operation. Two runs of one order are one
//   sum, but never one window: the lot or the people may differ.
// - An order that only a PLC named has no plan and is not released until its master data comes.

public import Primitives

/// What confirmations are summed by: an order and its operation.
public struct OrderKey: Hashable, Sendable {
  public var orderID: String
  /// Nil when the order has no operations, or nobody named one.
  public var operationID: String?

  public init(orderID: String, operationID: String? = nil) {
    self.orderID = orderID
    self.operationID = operationID
  }

  /// `<order>/<operation>`, or the order alone: the subject of events.
  public var text: String { operationID.map { orderID + "/" + $0 } ?? orderID }
}

/// An order with what is known of it.
public struct Order: Equatable, Sendable {
  /// Who started it.
  public enum Origin: String, Sendable, CaseIterable { case file, plc, `operator`, mes }

  public var key: OrderKey
  public var materialID: String?
  public var lotID: String?
  /// Pieces to make; nil when nobody planned any.
  public var plannedQuantity: Int64?
  public var uom: String?
  /// Time for one piece as planned; nil when nobody said.
  public var idealCycle: Duration?
  public var bill: [BillItem]
  /// Somebody allowed it to be made and confirmed.
  public var isReleased: Bool
  public var from: Origin
  /// Somebody other than a PLC has described it.
  public var isDescribed: Bool

  public init(
    key: OrderKey, materialID: String? = nil, lotID: String? = nil, plannedQuantity: Int64? = nil,
    uom: String? = nil, idealCycle: Duration? = nil, bill: [BillItem] = [],
    isReleased: Bool = true, from: Origin, isDescribed: Bool = true
  ) {
    self.key = key
    self.materialID = materialID
    self.lotID = lotID
    self.plannedQuantity = plannedQuantity
    self.uom = uom
    self.idealCycle = idealCycle
    self.bill = bill
    self.isReleased = isReleased
    self.from = from
    self.isDescribed = isDescribed
  }

  /// What a PLC that shows only a number tells of its order.
  public init(plcNumber: String, operationID: String? = nil) {
    self.init(
      key: OrderKey(orderID: plcNumber, operationID: operationID), isReleased: false, from: .plc,
      isDescribed: false)
  }

  /// This order with the master data of another description; who started it and its lot stay.
  func described(by other: Order) -> Order {
    var order = other
    order.from = from
    order.lotID = lotID ?? other.lotID
    return order
  }
}

/// Where an order runs: at one machine, or at every machine of the line that has none of its own.
public enum OrderPlace: Hashable, Sendable {
  case machine(String)
  case line(String)

  /// The name, as a sentence says it.
  public var text: String {
    switch self {
    case .machine(let name): "machine \(name)"
    case .line(let name): "line \(name)"
    }
  }
}

/// One run of an order at one place, from its start to its end.
public struct OrderRun: Equatable, Sendable {
  /// Why it is no longer in force.
  public enum End: String, Sendable, CaseIterable { case ended, replaced, paused }

  /// Counts up over all runs of the book.
  public var number: Int64
  public var place: OrderPlace
  public var order: Order
  public var startedAt: Stamp

  public init(number: Int64, place: OrderPlace, order: Order, startedAt: Stamp) {
    self.number = number
    self.place = place
    self.order = order
    self.startedAt = startedAt
  }
}
