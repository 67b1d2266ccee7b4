// Each part of the desk from JSON, with its instants carried into this boot.

import Primitives

extension OrderKey {
  init?(_ value: JSONValue) {
    guard let order = value["order"]?.string else { return nil }
    self.init(orderID: order, operationID: value["operation"]?.string)
  }
}

extension OrderPlace {
  init?(_ value: JSONValue?) {
    if let name = value?["machine"]?.string {
      self = .machine(name)
    } else if let name = value?["line"]?.string {
      self = .line(name)
    } else {
      return nil
    }
  }
}

extension Order {
  init?(_ value: JSONValue?) {
    guard let value, let key = OrderKey(value) else { return nil }
    let lines = value["bill"]?.array ?? []
    let bill = lines.compactMap { item -> BillItem? in
      let texts = (item.array ?? []).compactMap(\.string)
      guard texts.count == 4 else { return nil }
      return BillItem(
        materialID: texts[0], quantityPer: texts[1], uom: texts[2], scrapFactor: texts[3])
    }
    guard bill.count == lines.count else { return nil }
    self.init(
      key: key, materialID: value["material"]?.string, lotID: value["lot"]?.string,
      plannedQuantity: value["planned"]?.integer, uom: value["uom"]?.string,
      idealCycle: value["cycle"]?.integer.map { .nanoseconds(max(0, $0)) }, bill: bill,
      isReleased: value["released"]?.bool ?? false,
      from: value["from"]?.string.flatMap(Origin.init) ?? .plc,
      isDescribed: value["described"]?.bool ?? false)
  }
}

extension OrderBook {
  /// Takes what a snapshot holds; false when runs or changes cannot be read.
  mutating func resume(_ value: JSONValue, _ carry: Carry) -> Bool {
    guard let next = value["next"]?.integer, next >= 1, let kept = value["runs"]?.array,
      let places = value["changes"]?.array
    else { return false }
    for entry in kept {
      guard let number = entry["number"]?.integer, let place = OrderPlace(entry["place"]),
        let order = Order(entry["order"]), let startedAt = carry.stamp(entry["startedAt"])
      else { return false }
      runs[number] = OrderRun(
        number: number, place: place, order: order, startedAt: startedAt)
    }
    nextRun = max(next, saturating(runs.keys.max() ?? 0, plus: 1))
    for entry in places {
      guard let place = OrderPlace(entry["place"]), let list = entry["list"]?.array else {
        return false
      }
      var read: [Change] = []
      for value in list {
        guard let at = carry.stamp(value["at"]) else { return false }
        var force = Force.none
        if let run = value["running"]?.integer { force = .running(run) }
        if let run = value["paused"]?.integer { force = .paused(run) }
        guard force.run.map({ runs[$0] != nil }) ?? true else { return false }
        read.append(Change(at: at, force: force))
      }
      if has(place) { changes[place] = read }
    }
    known = (value["known"]?.array ?? []).compactMap { Order($0) }
    requests = (value["requests"]?.array ?? []).compactMap(\.string)
    for entry in value["shown"]?.array ?? [] {
      guard let place = OrderPlace(entry["place"]), has(place) else { continue }
      shown[place] = entry["text"]?.string
    }
    return true
  }
}

extension Carry {
  func hold(_ value: JSONValue) -> QualityHold? {
    guard let number = value["number"]?.integer, let at = stamp(value["at"]),
      let scope = HoldScope(
        kind: value["kind"]?.string ?? "", name: value["name"]?.string ?? "")
    else { return nil }
    return QualityHold(
      number: number, scope: scope, reason: value["reason"]?.string ?? "",
      by: value["by"]?.string ?? "",
      from: value["from"]?.string.flatMap(QualityHold.Origin.init) ?? .operator, at: at)
  }

  private func numbers(_ value: JSONValue?) -> (Int64, Int64, Int64)? {
    let numbers = (value?.array ?? []).compactMap(\.integer)
    guard numbers.count == 3, numbers.allSatisfy({ $0 >= 0 }) else { return nil }
    return (numbers[0], numbers[1], numbers[2])
  }

  private func quantities(_ value: JSONValue?) -> Quantities? {
    numbers(value).map { Quantities(good: $0.0, scrap: $0.1, rework: $0.2) }
  }

  private func part(_ value: JSONValue?) -> ConfirmationPart? {
    guard let value, let run = value["run"]?.integer, let from = stamp(value["from"]),
      let to = stamp(value["to"]), let pieces = quantities(value["pieces"])
    else { return nil }
    var part = ConfirmationPart(run: run, from: from, to: to, pieces: pieces)
    if let times = numbers(value["times"]) {
      part.times = TimeSums(run: times.0, stop: times.1, planned: times.2)
    }
    part.straddles = value["straddles"]?.bool ?? false
    let range = (value["sequences"]?.array ?? []).compactMap(\.string)
    if range.count == 3, let first = UInt64(range[1]), let last = UInt64(range[2]) {
      part.sequences = SequenceRange(epoch: range[0], from: first, to: last)
    }
    return part
  }

  func heldPart(_ value: JSONValue) -> HeldPart? {
    guard let number = value["number"]?.integer, let machine = value["machine"]?.string,
      let part = part(value["part"])
    else { return nil }
    return HeldPart(
      number: number, machine: machine, part: part, isFinal: value["final"]?.bool ?? false,
      total: max(0, value["total"]?.integer ?? 0), merged: max(1, value["merged"]?.integer ?? 1),
      approvedBy: value["approvedBy"]?.string)
  }

  func station(_ value: JSONValue) -> OrderDesk.Station? {
    guard let machine = value["machine"]?.string, let windows = value["windows"]?.array,
      let taken = value["taken"]?.string.flatMap(UInt64.init),
      let unordered = quantities(value["unordered"])
    else { return nil }
    var station = OrderDesk.Station(machine: machine)
    station.windows = windows.compactMap { entry in
      guard let part = part(entry["part"]), let deadline = instant(entry["deadline"]) else {
        return nil
      }
      return OrderDesk.Window(part: part, deadline: deadline)
    }
    guard station.windows.count == windows.count else { return nil }
    station.time = value["time"]?.string.flatMap(TimeClass.init) ?? .unseen
    station.accounted = stamp(value["accounted"])
    station.conditions = Conditions(
      isInContact: value["contact"]?.bool ?? true,
      isCounterDoubted: value["doubted"]?.bool ?? false)
    station.cuts = (value["cuts"]?.array ?? []).compactMap(stamp)
    station.unordered = unordered
    station.takenThrough = taken
    if let counted = value["counted"], let key = OrderKey(counted),
      let sequence = counted["sequence"]?.string.flatMap(UInt64.init)
    {
      station.counted = OrderDesk.Counted(key: key, sequence: sequence)
    }
    return station
  }

  func ending(_ value: JSONValue) -> OrderDesk.Ending? {
    guard let run = value["run"]?.integer, let at = stamp(value["at"]) else { return nil }
    return OrderDesk.Ending(
      run: run, at: at, isFinal: value["final"]?.bool ?? false,
      waiting: (value["waiting"]?.array ?? []).compactMap(\.string))
  }
}
