// Each part of the desk as JSON. Sequences, which may exceed Int64, are text.

import Primitives

extension OrderKey {
  var members: [String: JSONValue] {
    var members: [String: JSONValue] = ["order": .string(orderID)]
    members["operation"] = operationID.map { .string($0) }
    return members
  }
}

extension OrderPlace {
  var json: JSONValue {
    switch self {
    case .machine(let name): ["machine": .string(name)]
    case .line(let name): ["line": .string(name)]
    }
  }
}

extension Order {
  var json: JSONValue {
    var members = key.members
    members["material"] = materialID.map { .string($0) }
    members["lot"] = lotID.map { .string($0) }
    members["planned"] = plannedQuantity.map { .integer($0) }
    members["uom"] = uom.map { .string($0) }
    members["cycle"] = idealCycle.map { .integer($0.nanoseconds) }
    members["released"] = .bool(isReleased)
    members["described"] = .bool(isDescribed)
    members["from"] = .string(from.rawValue)
    if !bill.isEmpty {
      members["bill"] = .array(
        bill.map { item in
          .array([
            .string(item.materialID), .string(item.quantityPer.text), .string(item.uom),
            .string(item.scrapFactor.text),
          ])
        })
    }
    return .object(members)
  }
}

extension OrderBook {
  var json: JSONValue {
    let sortedPlaces = changes.keys.sorted { $0.text < $1.text }
    return [
      "next": .integer(nextRun),
      "runs": .array(
        runs.keys.sorted().compactMap { number in
          runs[number].map { run in
            [
              "number": .integer(number), "place": run.place.json, "order": run.order.json,
              "startedAt": run.startedAt.json,
            ]
          }
        }),
      "changes": .array(
        sortedPlaces.map { place in
          ["place": place.json, "list": .array((changes[place] ?? []).map(\.json))]
        }),
      "known": .array(known.map(\.json)),
      "requests": .array(requests.map { .string($0) }),
      "shown": .array(
        shown.keys.sorted { $0.text < $1.text }.map { place in
          ["place": place.json, "text": .string(shown[place] ?? "")]
        }),
    ]
  }
}

extension OrderBook.Change {
  var json: JSONValue {
    switch force {
    case .none: ["at": at.json]
    case .running(let run): ["at": at.json, "running": .integer(run)]
    case .paused(let run): ["at": at.json, "paused": .integer(run)]
    }
  }
}

extension QualityHold {
  var json: JSONValue {
    [
      "number": .integer(number), "kind": .string(scope.kind), "name": .string(scope.name),
      "reason": .string(reason), "by": .string(by), "from": .string(from.rawValue), "at": at.json,
    ]
  }
}

extension Quantities {
  var json: JSONValue { .array([.integer(good), .integer(scrap), .integer(rework)]) }
}

extension ConfirmationPart {
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "run": .integer(run), "from": from.json, "to": to.json, "pieces": pieces.json,
      "times": .array([.integer(times.run), .integer(times.stop), .integer(times.planned)]),
      "straddles": .bool(straddles),
    ]
    members["sequences"] = sequences.map { range in
      [.string(range.epoch), .string(String(range.from)), .string(String(range.to))]
    }
    return .object(members)
  }
}

extension HeldPart {
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "number": .integer(number), "machine": .string(machine), "part": part.json,
      "final": .bool(isFinal), "total": .integer(total), "merged": .integer(merged),
    ]
    members["approvedBy"] = approvedBy.map { .string($0) }
    return .object(members)
  }
}

extension OrderDesk.Station {
  /// Its members; `good` is what its last order has made at all machines.
  func members(good: Int64) -> [String: JSONValue] {
    var members: [String: JSONValue] = [
      "machine": .string(machine), "time": .string(time.rawValue),
      "contact": .bool(conditions.isInContact), "doubted": .bool(conditions.isCounterDoubted),
      "windows": .array(
        windows.map { ["part": $0.part.json, "deadline": $0.deadline.json] }),
      "cuts": .array(cuts.map(\.json)), "unordered": unordered.json,
      "taken": .string(String(takenThrough)),
    ]
    members["accounted"] = accounted?.json
    if let counted {
      var last = counted.key.members
      last["sequence"] = .string(String(counted.sequence))
      last["good"] = .integer(good)
      members["counted"] = .object(last)
    }
    return members
  }
}

extension OrderDesk.Ending {
  var json: JSONValue {
    [
      "run": .integer(run), "at": at.json, "final": .bool(isFinal),
      "waiting": .array(waiting.map { .string($0) }),
    ]
  }
}
