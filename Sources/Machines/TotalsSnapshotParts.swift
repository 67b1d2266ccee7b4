// Each part of totals as JSON, and from it. Sums are told by name, so that a new activity or figure
// finds its place in an old snapshot.

import Primitives

/// How the milliseconds of a snapshot become those of this boot.
struct TotalsCarry {
  private let carry: Carry
  let now: Instant

  init(_ tree: JSONValue, _ reading: ClockReading) {
    carry = Carry(tree, to: reading)
    now = reading.monotonic
  }

  func milliseconds(_ value: JSONValue?) -> Int64? { instant(value)?.flooredMilliseconds }

  func instant(_ value: JSONValue?) -> Instant? {
    guard let milliseconds = value?.integer else { return nil }
    return carry.instant(milliseconds.asInstant.json)
  }

  func stamp(_ value: JSONValue?) -> Stamp? { carry.stamp(value) }
}

extension TotalsOrder {
  var json: JSONValue {
    var members: [String: JSONValue] = ["key": .string(key)]
    members["ideal"] = idealNanoseconds.map { .integer($0) }
    return .object(members)
  }

  init?(_ tree: JSONValue) {
    guard let key = tree["key"]?.string else { return nil }
    self.init(key: key, idealNanoseconds: tree["ideal"]?.integer)
  }
}

extension StopReason {
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "category": .string(category.rawValue), "text": .string(text),
    ]
    members["code"] = code.map { .integer($0) }
    return .object(members)
  }

  init?(_ tree: JSONValue?) {
    guard let tree, let category = tree["category"]?.string.flatMap(StopCategory.init) else {
      return nil
    }
    self.init(category, code: tree["code"]?.integer, text: tree["text"]?.string ?? "")
  }
}

extension Quantities {
  init?(_ tree: JSONValue?) {
    let numbers = (tree?.array ?? []).compactMap(\.integer)
    guard numbers.count == 3 else { return nil }
    self.init(good: numbers[0], scrap: numbers[1], rework: numbers[2])
  }
}

extension Sums {
  var json: JSONValue {
    func times(_ of: (MachineActivity) -> Int64) -> JSONValue {
      let kept = MachineActivity.allCases.filter { of($0) != 0 }
      return .object(
        Dictionary(kept.map { ($0.rawValue, .integer(of($0))) }) { first, _ in first })
    }
    return [
      "busy": times(busy), "free": times(free),
      "pieces": Quantities(good: good, scrap: scrap, rework: rework).json,
      "ideal": .integer(idealNanoseconds), "withoutIdeal": .integer(piecesWithoutIdeal),
      "stops": .array(
        stops.map {
          .array([
            $0.reason.json, .integer($0.count), .integer($0.milliseconds),
            .integer($0.otherMilliseconds),
          ])
        }),
    ]
  }

  init(_ tree: JSONValue?) {
    self.init()
    for activity in MachineActivity.allCases {
      add(max(0, tree?["busy"]?[activity.rawValue]?.integer ?? 0), activity, planned: false)
      add(max(0, tree?["free"]?[activity.rawValue]?.integer ?? 0), activity, planned: true)
    }
    if let pieces = Quantities(tree?["pieces"]) {
      (good, scrap, rework) = (pieces.good, pieces.scrap, pieces.rework)
    }
    idealNanoseconds = tree?["ideal"]?.integer ?? 0
    piecesWithoutIdeal = tree?["withoutIdeal"]?.integer ?? 0
    for entry in (tree?["stops"]?.array ?? []).prefix(TotalsLimits.reasons) {
      guard let parts = entry.array, parts.count == 4, let reason = StopReason(parts[0]) else {
        continue
      }
      add(
        reason, count: parts[1].integer ?? 0, delay: parts[2].integer ?? 0,
        other: parts[3].integer ?? 0)
    }
  }
}

extension TotalsBucket.Scope {
  var json: JSONValue {
    switch self {
    case .shift(let name, let date): .array(["shift", .string(name), .string(date.text)])
    case .outside: .array(["outside"])
    case .day(let date): .array(["day", .string(date.text)])
    case .order(let key): .array(["order", .string(key)])
    case .unknown: .array(["unknown"])
    }
  }

  init?(_ tree: JSONValue?) {
    let parts = (tree?.array ?? []).compactMap(\.string)
    switch (parts.first, parts.count) {
    case ("shift", 3):
      guard let date = CivilDate(text: parts[2]) else { return nil }
      self = .shift(name: parts[1], date: date)
    case ("outside", 1): self = .outside
    case ("day", 2):
      guard let date = CivilDate(text: parts[1]) else { return nil }
      self = .day(date)
    case ("order", 2): self = .order(parts[1])
    case ("unknown", 1): self = .unknown
    case (_, _): return nil
    }
  }
}

extension TotalsBucket {
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "number": .integer(number), "scope": scope.json, "from": from.json, "sums": sums.json,
      "revision": .integer(revision), "approximate": .bool(approximate),
    ]
    members["until"] = until?.json
    return .object(members)
  }

  init?(_ tree: JSONValue, _ carry: TotalsCarry) {
    guard let number = tree["number"]?.integer, number > 0, let scope = Scope(tree["scope"]),
      let from = carry.stamp(tree["from"])
    else { return nil }
    self.init(
      number: number, scope: scope, from: from, until: carry.stamp(tree["until"]),
      sums: Sums(tree["sums"]), revision: max(0, tree["revision"]?.integer ?? 0),
      approximate: tree["approximate"]?.bool ?? true)
  }
}

extension TotalsSlice {
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "from": .integer(from), "until": .integer(until), "activity": .string(activity.rawValue),
      "shift": .integer(place.shift), "day": .integer(place.day), "planned": .bool(place.planned),
    ]
    members["stop"] = stop.map { .integer($0) }
    members["order"] = place.order.map { .integer($0) }
    members["ideal"] = place.idealNanoseconds.map { .integer($0) }
    return .object(members)
  }

  init?(_ tree: JSONValue, _ carry: TotalsCarry) {
    guard let from = carry.milliseconds(tree["from"]),
      let until = carry.milliseconds(tree["until"]), from <= until,
      let activity = tree["activity"]?.string.flatMap(MachineActivity.init),
      let shift = tree["shift"]?.integer, let day = tree["day"]?.integer
    else { return nil }
    self.init(
      from: from, until: until, activity: activity, stop: tree["stop"]?.integer,
      place: TotalsPlace(
        shift: shift, day: day, order: tree["order"]?.integer,
        planned: tree["planned"]?.bool ?? false, idealNanoseconds: tree["ideal"]?.integer))
  }
}

extension StopAccount {
  var json: JSONValue {
    [
      "number": .integer(number), "id": .string(id), "reason": reason.json,
      "shares": .array(
        shares.map {
          .array([
            .integer($0.bucket), .integer($0.count), .integer($0.delay), .integer($0.other),
          ])
        }),
    ]
  }

  init?(_ tree: JSONValue) {
    guard let number = tree["number"]?.integer, number > 0, let id = tree["id"]?.string,
      let reason = StopReason(tree["reason"])
    else { return nil }
    self.init(number: number, id: id, reason: reason)
    let most = TotalsLimits.shifts + TotalsLimits.days + TotalsLimits.orders
    for entry in (tree["shares"]?.array ?? []).prefix(most) {
      let parts = (entry.array ?? []).compactMap(\.integer)
      guard parts.count == 4 else { continue }
      shares.append(
        Share(
          bucket: parts[0], count: max(parts[1], 0), delay: max(parts[2], 0),
          other: max(parts[3], 0)))
    }
  }
}

extension TotalsInput {
  var json: JSONValue {
    let at = JSONValue.integer(at.flooredMilliseconds)
    switch self {
    case .activity(let activity, _): return .array(["activity", at, .string(activity.rawValue)])
    case .stopStarted(let id, let reason, _):
      return .array(["started", at, .string(id), reason.json])
    case .stopClassified(let id, let reason, _):
      return .array(["classified", at, .string(id), reason.json])
    case .stopEnded(let id, let reason, _): return .array(["ended", at, .string(id), reason.json])
    case .counted(let pieces, let from, _):
      return .array(["counted", at, .integer(from.flooredMilliseconds), pieces.json])
    case .order(let order, _): return .array(["order", at, order?.json ?? .null])
    }
  }

  init?(_ tree: JSONValue, _ carry: TotalsCarry) {
    guard let parts = tree.array, parts.count >= 3, let kind = parts[0].string,
      let at = carry.instant(parts[1])
    else { return nil }
    let id = parts[2].string
    let reason = parts.count > 3 ? StopReason(parts[3]) : nil
    switch (kind, id, reason) {
    case ("activity", .some(let name), _):
      self = .activity(MachineActivity(rawValue: name) ?? .unknown, at: at)
    case ("started", .some(let id), .some(let reason)):
      self = .stopStarted(id: id, reason, at: at)
    case ("classified", .some(let id), .some(let reason)):
      self = .stopClassified(id: id, reason, at: at)
    case ("ended", .some(let id), .some(let reason)): self = .stopEnded(id: id, reason, at: at)
    case ("counted", _, _):
      guard parts.count > 3, let pieces = Quantities(parts[3]),
        let from = carry.instant(parts[2])
      else { return nil }
      self = .counted(pieces, from: from, to: at)
    case ("order", _, _): self = .order(TotalsOrder(parts[2]), at: at)
    case (_, _, _): return nil
    }
  }
}
