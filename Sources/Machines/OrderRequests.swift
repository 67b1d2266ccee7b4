// What may be asked of the orders of a line: start, describe, end, pause, resume, show a number.

import Primitives

extension OrderBook {
  /// Starts an order at a place, or goes on with it; one that runs there is replaced.
  mutating func start(
    _ order: Order, at place: OrderPlace, _ at: Stamp, floor: Stamp?, into facts: inout [OrderFact]
  ) -> OrderAnswer {
    if let refusal = refusal(order, place) { return refusal }
    let forgotten = remember(order)
    let at = moment(at, of: place, floor: floor)
    if let run = current(at: place), matches(run.order, order) {
      let answer = goOn(with: run, order, at, into: &facts)
      spread(order)
      return answer
    }
    spread(order)
    if let run = current(at: place) {
      facts.append(OrderFact(at: at, kind: .ended(run, .replaced)))
    }
    let run = OrderRun(number: nextRun, place: place, order: order, startedAt: at)
    nextRun = saturating(nextRun, plus: 1)
    runs[run.number] = run
    set(.running(run.number), at: place, at)
    facts.append(OrderFact(at: at, kind: .started(run, resumed: false)))
    var sentence = "order \(order.key.text) runs at \(place.text)"
    if !order.isDescribed {
      sentence +=
        "; nobody has described it, so it has no plan and what it makes is held: "
        + "drop its order file"
    }
    if let forgotten {
      sentence +=
        "; \(OrderLimits.knownOrders) orders are described, so order \(forgotten.text) "
        + "was forgotten"
    }
    return OrderAnswer(.started, sentence)
  }

  private func matches(_ running: Order, _ asked: Order) -> Bool {
    let sameOperation =
      running.key.operationID == asked.key.operationID
      || (!asked.isDescribed && asked.key.operationID == nil)
    return running.key.orderID == asked.key.orderID && sameOperation
      && (asked.lotID == nil || running.lotID == asked.lotID)
  }

  private mutating func goOn(
    with run: OrderRun, _ order: Order, _ at: Stamp, into facts: inout [OrderFact]
  ) -> OrderAnswer {
    let name = "order \(run.order.key.text)"
    let isNews = order.isDescribed && run.order.described(by: order) != run.order
    var run = run
    if isNews {
      run.order = run.order.described(by: order)
      runs[run.number] = run
    }
    if case .paused = force(at: run.place) {
      set(.running(run.number), at: run.place, at)
      facts.append(OrderFact(at: at, kind: .started(run, resumed: true)))
      return OrderAnswer(.resumed, "\(name) runs again at \(run.place.text)")
    }
    return isNews
      ? OrderAnswer(.updated, "\(name) at \(run.place.text) has new master data")
      : OrderAnswer(.unchanged, "\(name) runs at \(run.place.text) already")
  }

  /// Gives the master data of an order to every run of it that is still needed.
  private mutating func spread(_ order: Order) {
    guard order.isDescribed else { return }
    for run in runs.values where run.order.key == order.key {
      runs[run.number]?.order = run.order.described(by: order)
    }
  }

  /// Takes master data for an order without starting it.
  mutating func describe(_ order: Order) -> OrderAnswer {
    let name = "order \(order.key.text)"
    if let sentence = Self.unfit(order) {
      return OrderAnswer(.refused, "describing an order: \(sentence)")
    }
    guard order.isDescribed else {
      return OrderAnswer(.refused, "describing \(name): it says nothing but its number")
    }
    let forgotten = remember(order)
    spread(order)
    var sentence = "\(name) is described"
    if let forgotten {
      sentence +=
        "; \(OrderLimits.knownOrders) orders are described, so order \(forgotten.text) "
        + "was forgotten"
    }
    return OrderAnswer(.remembered, sentence)
  }

  /// Ends what runs at a place, or pauses it.
  mutating func end(
    _ end: OrderRun.End, at place: OrderPlace, order: String?, _ at: Stamp, floor: Stamp?,
    into facts: inout [OrderFact]
  ) -> OrderAnswer {
    let verb = end == .paused ? "pausing" : "ending"
    guard has(place) else { return unknown(place, verb) }
    let at = moment(at, of: place, floor: floor)
    guard let run = current(at: place) else {
      return OrderAnswer(.unchanged, "\(verb) the order at \(place.text): none runs there")
    }
    if let order, run.order.key.orderID != order {
      let sentence =
        "\(verb) order \(order) at \(place.text): order \(run.order.key.text) runs there; "
        + "name that one"
      return OrderAnswer(.refused, sentence)
    }
    if end == .paused {
      guard case .running = force(at: place) else {
        return OrderAnswer(
          .unchanged, "order \(run.order.key.text) at \(place.text) is paused already")
      }
      set(.paused(run.number), at: place, at)
    } else {
      set(.none, at: place, at)
    }
    facts.append(OrderFact(at: at, kind: .ended(run, end)))
    return OrderAnswer(
      end == .paused ? .paused : .ended,
      "order \(run.order.key.text) at \(place.text) is \(end == .paused ? "paused" : "ended")")
  }

  /// Goes on with what is paused at a place.
  mutating func resume(
    at place: OrderPlace, _ at: Stamp, floor: Stamp?, into facts: inout [OrderFact]
  ) -> OrderAnswer {
    guard has(place) else { return unknown(place, "resuming") }
    guard let run = current(at: place) else {
      return OrderAnswer(.refused, "resuming the order at \(place.text): none is paused there")
    }
    return goOn(
      with: run, Order(plcNumber: run.order.key.orderID), moment(at, of: place, floor: floor),
      into: &facts)
  }

  /// What the register or text of a place shows: another number starts, nothing or zeros end.
  mutating func show(
    _ text: String, operation: String? = nil, at place: OrderPlace, _ at: Stamp, floor: Stamp?,
    into facts: inout [OrderFact]
  ) -> OrderAnswer {
    guard has(place) else { return unknown(place, "reading the order of") }
    let number = Self.number(text)
    let seen = operation.map { number + "/" + $0 } ?? number
    let before = shown[place]
    guard before != seen else {
      return OrderAnswer(.unchanged, "\(place.text) still shows the same order")
    }
    guard number.isEmpty || Self.isFit(number) else {
      let sentence =
        "reading the order of \(place.text): what it shows is longer than "
        + "\(OrderLimits.nameBytes) bytes or no text; check register and length"
      return OrderAnswer(.refused, sentence)
    }
    shown[place] = seen
    guard !number.isEmpty else {
      // A register that nobody fills must not end what a file or a person started.
      let runsThere = current(at: place)?.order.key
      guard let key = runsThere, before == key.orderID || before == key.text else {
        return OrderAnswer(.unchanged, "\(place.text) shows no order")
      }
      return end(.ended, at: place, order: nil, at, floor: floor, into: &facts)
    }
    let bare = Order(plcNumber: number, operationID: operation)
    var order = description(of: bare.key) ?? bare
    order.from = .plc
    return start(order, at: place, at, floor: floor, into: &facts)
  }

  /// What a PLC shows without blanks and ends of text around it; only zeros mean no order.
  private static func number(_ text: String) -> String {
    let bytes = Array(text.utf8)
    guard let first = bytes.firstIndex(where: { $0 > 32 }),
      let last = bytes.lastIndex(where: { $0 > 32 })
    else { return "" }
    let trimmed = bytes[first...last]
    if trimmed.allSatisfy({ $0 == UInt8(ascii: "0") }) { return "" }
    return String(decoding: trimmed, as: UTF8.self)
  }
}

extension OrderBook {
  private func unknown(_ place: OrderPlace, _ verb: String) -> OrderAnswer {
    let list = machines.joined(separator: ", ")
    let sentence =
      "\(verb) \(place.text): it is not known at line \(line); "
      + "name the line or one of its machines: \(list)"
    return OrderAnswer(.refused, sentence)
  }

  private func refusal(_ order: Order, _ place: OrderPlace) -> OrderAnswer? {
    guard has(place) else { return unknown(place, "starting an order at") }
    return Self.unfit(order).map {
      OrderAnswer(.refused, "starting an order at \(place.text): \($0)")
    }
  }

  /// Whether a text may name an order, an operation, a material, a lot or a unit of measure.
  static func isFit(_ text: String) -> Bool {
    (1...OrderLimits.nameBytes).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 32 }
  }

  private static func unfit(_ order: Order) -> String? {
    let names = [
      ("order", order.key.orderID), ("operation", order.key.operationID),
      ("material", order.materialID), ("lot", order.lotID), ("unit of measure", order.uom),
    ]
    for (what, name) in names {
      guard let name, !isFit(name) else { continue }
      return "the \(what) has \(name.utf8.count) bytes or holds control characters; "
        + "1 to \(OrderLimits.nameBytes) readable ones are allowed"
    }
    return unfit(order.bill)
  }

  /// Why a bill cannot be told with every confirmation; nil when it can.
  static func unfit(_ bill: [BillItem]) -> String? {
    guard bill.count <= OrderLimits.billItems else {
      return "its bill has \(bill.count) items, \(OrderLimits.billItems) are allowed"
    }
    for item in bill where !isFit(item.materialID) || !isFit(item.uom) {
      return "a material or unit of measure of its bill has not 1 to \(OrderLimits.nameBytes) "
        + "readable bytes"
    }
    let bytes = bill.reduce(0) { sum, item in
      let names = Array(item.materialID.utf8) + Array(item.uom.utf8)
      let marks = names.count { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
      return sum + names.count + marks + OrderLimits.billItemBytes
    }
    guard bytes <= OrderLimits.billBytes else {
      return "its bill of \(bill.count) items takes \(bytes) bytes of a confirmation, "
        + "\(OrderLimits.billBytes) are allowed; list fewer materials or shorter names"
    }
    return nil
  }
}
