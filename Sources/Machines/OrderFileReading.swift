// The reader behind OrderFile: one object of a tree, its members taken one by one.
//
// Invariants
// - A member that is absent is nil without a mistake; one that is wrong is nil with its mistake.
// - What nobody took in the end is a stranger, and told with the names that are known.

import Primitives

struct OrderFileReader {
  var path: String
  var members: [String: JSONValue]
  var mistakes: [OrderMistake] = []
  private var taken: Set<String> = []

  init(path: String, members: [String: JSONValue]) {
    self.path = path
    self.members = members
  }

  private func at(_ member: String) -> String { path.isEmpty ? member : path + "." + member }

  mutating func tell(_ member: String, _ reason: String) {
    mistakes.append(OrderMistake(path: at(member), reason: reason))
  }

  private mutating func take(_ member: String) -> JSONValue? {
    taken.insert(member)
    return members[member]
  }

  /// A text that may name something.
  mutating func name(_ member: String, isNeeded: Bool = false) -> String? {
    guard let value = take(member) else {
      if isNeeded { tell(member, "it is missing") }
      return nil
    }
    guard let text = value.string, OrderBook.isFit(text) else {
      tell(member, "a text of 1 to \(OrderLimits.nameBytes) bytes without control characters")
      return nil
    }
    return text
  }

  mutating func word<Word: RawRepresentable & CaseIterable>(
    _ member: String, of: Word.Type
  ) -> Word? where Word.RawValue == String {
    guard let value = take(member) else { return nil }
    if let word = value.string.flatMap(Word.init) { return word }
    tell(member, "one of " + Word.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
    return nil
  }

  mutating func flag(_ member: String) -> Bool? {
    guard let value = take(member) else { return nil }
    if value.bool == nil { tell(member, "true or false") }
    return value.bool
  }

  mutating func pieces(_ member: String) -> Int64? {
    guard let value = take(member) else { return nil }
    if let number = value.integer, (1...OrderLimits.plannedQuantity).contains(number) {
      return number
    }
    tell(member, "whole pieces from 1 to \(OrderLimits.plannedQuantity)")
    return nil
  }

  mutating func duration(_ member: String) -> Duration? {
    guard let value = take(member) else { return nil }
    if let duration = value.string.flatMap({ Duration(text: $0) }), duration > .zero {
      return duration
    }
    tell(member, "a duration above zero with its unit, such as \"1.5s\" or \"250ms\"")
    return nil
  }

  /// A decimal as text or number, as it was written.
  mutating func decimal(
    _ member: String, largest: Int64, isNeeded: Bool
  ) -> String? {
    let value = take(member)
    let text: String? =
      switch value {
      case nil: nil
      case .integer(let number): String(number)
      case .number(let text), .string(let text): text
      case .null, .bool, .array, .object: ""
      }
    guard let text else {
      if isNeeded { tell(member, "it is missing") }
      return nil
    }
    if ExactDecimal(text: text, largest: largest) != nil { return text }
    tell(
      member,
      "a decimal from 0 to \(largest) with at most \(OrderLimits.decimalPlaces) places, "
        + "without sign and exponent, such as \"0.25\"")
    return nil
  }

  mutating func place() -> OrderPlace? {
    guard let value = take("place") else { return nil }
    let members = value.object ?? [:]
    if members.count == 1, let (kind, name) = members.first, let name = name.string,
      OrderBook.isFit(name)
    {
      if kind == "machine" { return .machine(name) }
      if kind == "line" { return .line(name) }
    }
    tell("place", "{\"machine\": \"name\"} or {\"line\": \"name\"}")
    return nil
  }

  mutating func order(from: Order.Origin, isNeeded: Bool) -> Order? {
    let number = name("orderId", isNeeded: isNeeded)
    let operation = name("operationId")
    let (material, lot) = (name("materialId"), name("lotId"))
    let (planned, uom) = (pieces("plannedQuantity"), name("uom"))
    let cycle = duration("idealCycle")
    let released = flag("released")
    let items = bill()
    guard let number else { return nil }
    return Order(
      key: OrderKey(orderID: number, operationID: operation), materialID: material, lotID: lot,
      plannedQuantity: planned, uom: uom, idealCycle: cycle, bill: items,
      isReleased: released ?? false, from: from)
  }

  private mutating func bill() -> [BillItem] {
    guard let value = take("bill") else { return [] }
    guard let items = value.array, items.count <= OrderLimits.billItems else {
      tell("bill", "a list of at most \(OrderLimits.billItems) materials")
      return []
    }
    var bill: [BillItem] = []
    for (index, item) in items.enumerated() {
      let place = at("bill[\(index)]")
      guard let members = item.object else {
        mistakes.append(
          OrderMistake(path: place, reason: "an object with materialId, quantityPer and uom"))
        continue
      }
      var reader = OrderFileReader(path: place, members: members)
      let material = reader.name("materialId", isNeeded: true)
      let quantity = reader.decimal(
        "quantityPer", largest: OrderLimits.quantityPer, isNeeded: true)
      let uom = reader.name("uom", isNeeded: true)
      let scrap = reader.decimal(
        "scrapFactor", largest: OrderLimits.scrapFactor, isNeeded: false)
      reader.tellStrangers()
      mistakes += reader.mistakes
      if let material, let quantity, let uom,
        let item = BillItem(
          materialID: material, quantityPer: quantity, uom: uom, scrapFactor: scrap ?? "0")
      {
        bill.append(item)
      }
    }
    if let reason = OrderBook.unfit(bill) { tell("bill", reason) }
    return bill
  }

  /// Members that nobody asked for.
  mutating func tellStrangers() {
    let known = taken.sorted().joined(separator: ", ")
    for stranger in members.keys.sorted() where !taken.contains(stranger) {
      tell(
        stranger.cut(to: OrderLimits.nameBytes), "nobody knows this member; known are \(known)")
    }
  }
}
