// Each part of a machine as JSON. Integers are exact; counters, which may exceed Int64, are text.

import Primitives

extension Instant {
  var json: JSONValue { .integer(nanoseconds) }
}

extension Stamp {
  var json: JSONValue { .array([instant.json, .integer(wall.milliseconds)]) }
}

extension CounterPoint {
  var json: JSONValue { .array([.string(String(value)), at.json]) }
}

extension Counter {
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "highest": .string(String(rules.highest)), "movedAt": movedAt.json,
      "movedUnseen": .bool(movedUnseen), "stoodThrough": .bool(stoodThrough),
    ]
    switch line {
    case .unseen: break
    case .trusted(let point): members["trusted"] = point.json
    case .suspected(let suspicion):
      members["trusted"] = suspicion.trusted.json
      members["suspect"] = suspicion.suspect.json
      members["since"] = suspicion.since.json
      members["recoveredFrom"] = suspicion.recoveredFrom?.json
    }
    members["interrupted"] = interrupted?.json
    if interrupted != nil, !deviceWasAway { members["away"] = false }
    // What is usual is left out, so that a snapshot of a plain counter is as it always was.
    if rules.direction != .up { members["direction"] = .string(rules.direction.rawValue) }
    if rules.source != .register { members["source"] = .string(rules.source.rawValue) }
    members["surplus"] = surplus.map { .string(String($0.pulses)) }
    if isBeyond { members["beyond"] = true }
    return .object(members)
  }
}

extension CountBook.Pieces {
  var json: JSONValue { .array([.integer(good), .integer(scrap), .integer(rework)]) }
}

extension CountBook {
  var json: JSONValue {
    var members: [String: JSONValue] = ["totals": totals.json]
    members["toldUntil"] = toldUntil?.json
    members["cutAt"] = cutAt?.json
    if owed > 0 { members["owed"] = .integer(owed) }
    if let window {
      members["window"] = [
        "from": window.from.json, "deadline": window.deadline.json, "pieces": window.pieces.json,
        "rollover": .bool(window.rollover), "reset": .bool(window.reset),
      ]
    }
    return .object(members)
  }
}
