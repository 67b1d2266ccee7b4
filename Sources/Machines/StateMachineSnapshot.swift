// What the states of a machine remember over a restart, as JSON (see Snapshot for the whole).
//
// Invariants
// - Reading is tolerant: what is missing or strange costs what it held. Evidence whose rules have
//   changed since is answered anew; the open stop, its id and the ended ones are kept.
// - What a dip or a run waited with is answered by the first look, so only its beginning is kept.
// - Ended stops are apart (`ledgerJSON`), so that a caller writes them only when they changed.

public import Primitives
import Signals

extension MachineStates {
  /// Everything but the ended stops.
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "phase": core.phase.json, "since": core.since.json, "nextStop": .integer(core.nextStop),
      "shape": .string(board.program.shape), "last": .integer(Int64(board.last)),
      "slots": .array(board.slots.map(\.json)), "nodes": .array(board.nodes.map(\.json)),
      "planned": .bool(isPlanned),
    ]
    if case .doubtful(let moved) = core.sight { members["moved"] = .bool(moved) }
    members["orderChanged"] = core.orderChanged?.json
    members["cycle"] = core.cycle.map { .integer($0) }
    if core.ledger.forgotten > 0 { members["forgotten"] = .integer(core.ledger.forgotten) }
    if board.stood { members["stood"] = true }
    members["frozen"] = board.frozen?.json
    members["anew"] = board.holding.anew?.json
    if board.holding.byOther { members["byOther"] = true }
    if board.holding.byStanding { members["byStanding"] = true }
    return .object(members)
  }

  /// The ended stops that may still get a reason.
  var ledgerJSON: JSONValue { .array(core.ledger.stops.map(\.json)) }

  /// The number of the next stop.
  var nextStop: Int64 { core.nextStop }

  /// Numbers stops no lower than a snapshot did.
  mutating func resume(nextStop: Int64) { core.nextStop = max(core.nextStop, nextStop) }

  /// Goes on where a snapshot ended; the time since is a gap.
  mutating func resume(_ tree: JSONValue, ledger: JSONValue?, _ carry: Carry) {
    resume(nextStop: tree["nextStop"]?.integer ?? 0)
    core.ledger.forgotten = max(0, tree["forgotten"]?.integer ?? 0)
    for entry in (ledger?.array ?? []).suffix(ReasonLimits.endedStops) {
      if let record = carry.stateStop(entry) { core.ledger.keep(record) }
    }
    guard let since = carry.stamp(tree["since"]) else { return }
    core.since = since
    core.phase = carry.phase(tree["phase"]) ?? .unknown
    core.sight = .doubtful(moved: tree["moved"]?.bool ?? false)
    core.orderChanged = carry.instant(tree["orderChanged"])
    core.cycle = tree["cycle"]?.integer.map { max(0, $0) } ?? core.cycle
    board.cycle = core.cycle
    isPlanned = tree["planned"]?.bool ?? false
    guard tree["shape"]?.string == board.program.shape,
      let slots = tree["slots"]?.array, slots.count == board.slots.count,
      let nodes = tree["nodes"]?.array, nodes.count == board.nodes.count
    else { return }
    let last = tree["last"]?.integer ?? -1
    if board.program.claims.indices.contains(Int(clamping: last)) { board.last = Int(last) }
    for (index, slot) in slots.enumerated() { board.slots[index] = carry.slot(slot) }
    for (index, node) in nodes.enumerated() { board.nodes[index] = carry.node(node) }
    board.stood = tree["stood"]?.bool ?? false
    board.frozen = carry.instant(tree["frozen"])
    board.holding.anew = carry.stamp(tree["anew"])
    board.holding.byOther = tree["byOther"]?.bool ?? false
    board.holding.byStanding = tree["byStanding"]?.bool ?? false
  }
}

extension EvidenceProgram {
  /// Tells one program from another: 64 bits of FNV-1a over everything that answers.
  var shape: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func mix(_ word: UInt64) {
      for shift in stride(from: UInt64(0), to: 64, by: 8) {
        hash = (hash ^ (word >> shift & 0xff)) &* 0x0000_0100_0000_01b3
      }
    }
    for step in steps {
      mix(UInt64(step.operation.rawValue))
      mix(UInt64(bitPattern: Int64(step.slot)))
      mix(UInt64(bitPattern: Int64(step.parent)))
      mix(UInt64(bitPattern: step.limit))
      mix(step.on.bitPattern)
      mix(step.off.bitPattern)
    }
    mix(UInt64(claims.count))
    mix(UInt64(signals.count))
    return String(hash, radix: 16)
  }
}

extension EvidenceBoard.Slot {
  fileprivate var json: JSONValue {
    var members: [String: JSONValue] = [:]
    if let count = value.count {
      members["count"] = .string(String(count))
    } else if let isSet = value.isSet {
      members["set"] = .bool(isSet)
    }
    members["moved"] = moved?.json
    members["rose"] = rose?.json
    members["away"] = away?.json
    members["restsFrom"] = restsFrom?.json
    if movedUnseen { members["movedUnseen"] = .bool(true) }
    if roseUnseen { members["roseUnseen"] = .bool(true) }
    if unseen != 0 { members["unseen"] = .integer(unseen) }
    if riseUnseen != 0 { members["riseUnseen"] = .integer(riseUnseen) }
    return .object(members)
  }
}

extension EvidenceBoard.Node {
  fileprivate var json: JSONValue {
    var members: [String: JSONValue] = ["is": .integer(Int64(answer.rawValue))]
    if since != .distantFuture { members["since"] = since.json }
    if latched { members["latched"] = .bool(true) }
    return .object(members)
  }
}

extension Verdict {
  /// What stays of it as the word on an interruption.
  fileprivate var wordJSON: JSONValue {
    var members: [String: JSONValue] = [
      "state": .string(state.rawValue), "ofCode": .bool(reasonIsOfCode),
      "byCalendar": .bool(byCalendar),
    ]
    members["code"] = code.map { .integer($0) }
    members["reason"] = reason.map { .string($0) }
    return .object(members)
  }

  fileprivate init?(word value: JSONValue?) {
    guard let value, let state = value["state"]?.string.flatMap(EvidenceState.init) else {
      return nil
    }
    self.init(state, code: value["code"]?.integer, reason: value["reason"]?.string)
    reasonIsOfCode = value["ofCode"]?.bool ?? false
    byCalendar = value["byCalendar"]?.bool ?? false
  }
}

extension Phase {
  fileprivate var json: JSONValue {
    var members: [String: JSONValue] = [:]
    switch self {
    case .unknown: members["is"] = "unknown"
    case .running(let from, let pace, let dip):
      members["is"] = "running"
      members["from"] = from.json
      members["dip"] = dip?.since.json
      members["word"] = dip?.word?.wordJSON
      members["window"] = pace.windowFrom.json
      members["counts"] = .string(String(pace.counts))
      members["claimed"] = .bool(pace.claimed)
      members["measured"] = .bool(pace.measured)
    case .stopped(let stop, let run):
      members["is"] = "stopped"
      members["stop"] = stop.json
      members["run"] = run?.since.json
    case .noContact(.unknown): members["is"] = "lost"
    case .noContact(.running(let dip)):
      members["is"] = "lostRunning"
      members["dip"] = dip?.since.json
      members["word"] = dip?.word?.wordJSON
    case .noContact(.stopped(let stop, let run)):
      members["is"] = "lostStopped"
      members["stop"] = stop.json
      members["run"] = run?.since.json
    }
    return .object(members)
  }
}

extension StateStop {
  fileprivate var json: JSONValue {
    [
      "record": record.json, "kind": .string(kind.rawValue), "turned": .bool(isTurned),
      "byCalendar": .bool(byCalendar), "long": .bool(isLong),
    ]
  }
}

extension StopRecord {
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "id": .string(stopID), "startedAt": startedAt.json,
      "duration": .integer(duration.nanoseconds), "noContact": .integer(noContact.nanoseconds),
      "text": .string(cause.text), "from": .string(cause.from.rawValue),
      "category": .string(category.rawValue), "classified": .bool(classified),
      "approximate": .bool(approximate), "revision": .integer(Int64(revision)),
      "kind": .string(kind.rawValue),
    ]
    members["endedAt"] = endedAt?.json
    members["code"] = cause.code.map { .integer($0) }
    members["reason"] = cause.reason.map { .string($0) }
    members["costCenter"] = costCenter.map { .string($0) }
    return .object(members)
  }
}

extension Carry {
  fileprivate func slot(_ value: JSONValue) -> EvidenceBoard.Slot {
    var slot = EvidenceBoard.Slot()
    if let count = value["count"]?.string.flatMap(UInt64.init) {
      slot.value = .unsigned(count)
    } else if let isSet = value["set"]?.bool {
      slot.value = .integer(isSet ? 1 : 0)
    }
    slot.moved = stamp(value["moved"])
    slot.rose = stamp(value["rose"])
    slot.away = instant(value["away"])
    slot.restsFrom = instant(value["restsFrom"])
    slot.movedUnseen = value["movedUnseen"]?.bool ?? false
    slot.roseUnseen = value["roseUnseen"]?.bool ?? false
    slot.unseen = max(0, value["unseen"]?.integer ?? 0)
    slot.riseUnseen = max(0, value["riseUnseen"]?.integer ?? 0)
    return slot
  }

  fileprivate func node(_ value: JSONValue) -> EvidenceBoard.Node {
    var node = EvidenceBoard.Node()
    node.answer =
      value["is"]?.integer.flatMap { UInt8(exactly: $0) }.flatMap(Truth.init) ?? .unknown
    node.since = instant(value["since"]) ?? .distantFuture
    node.latched = value["latched"]?.bool ?? false
    return node
  }

  private func waiting(
    _ value: JSONValue?, _ state: EvidenceState, word: Verdict? = nil
  ) -> Dip? {
    stamp(value).map { Dip(since: $0, verdict: Verdict(state), word: word) }
  }

  fileprivate func phase(_ value: JSONValue?) -> Phase? {
    guard let value else { return nil }
    let dip = waiting(value["dip"], .stopped, word: Verdict(word: value["word"]))
    let run = waiting(value["run"], .running)
    switch (value["is"]?.string, value["stop"].flatMap(openStop)) {
    case ("running", _):
      guard let from = stamp(value["from"]) else { return nil }
      var pace = Pace(from: instant(value["window"]) ?? from.instant)
      pace.counts = value["counts"]?.string.flatMap(UInt64.init) ?? 0
      pace.claimed = value["claimed"]?.bool ?? false
      pace.measured = value["measured"]?.bool ?? false
      return .running(from: from, pace, dip: dip)
    case ("stopped", .some(let stop)): return .stopped(stop, run: run)
    case ("lost", _): return .noContact(.unknown)
    case ("lostRunning", _): return .noContact(.running(dip: dip))
    case ("lostStopped", .some(let stop)): return .noContact(.stopped(stop, run: run))
    default: return nil
    }
  }

  private func openStop(_ value: JSONValue) -> StateStop? {
    guard let record = value["record"].flatMap(stateStop) else { return nil }
    var stop = StateStop(
      record: record, kind: value["kind"]?.string.flatMap(EvidenceState.init) ?? .stopped)
    stop.isTurned = value["turned"]?.bool ?? false
    stop.byCalendar = value["byCalendar"]?.bool ?? false
    stop.isLong = value["long"]?.bool ?? false
    return stop
  }

  func stateStop(_ value: JSONValue) -> StopRecord? {
    guard let id = value["id"]?.string, let startedAt = stamp(value["startedAt"]) else {
      return nil
    }
    let cause = Cause(
      code: value["code"]?.integer, text: value["text"]?.string ?? "",
      from: value["from"]?.string.flatMap(Cause.Origin.init) ?? .inferred,
      reason: value["reason"]?.string)
    func length(_ name: String) -> Duration {
      .nanoseconds(max(0, value[name]?.integer ?? 0))
    }
    let highestRevision: Int64 = 1_000_000_000_000
    return StopRecord(
      stopID: id, startedAt: startedAt, endedAt: stamp(value["endedAt"]),
      duration: length("duration"), noContact: length("noContact"), cause: cause,
      category: value["category"]?.string.flatMap(StopCategory.init) ?? .unplanned,
      costCenter: value["costCenter"]?.string, classified: value["classified"]?.bool ?? false,
      approximate: value["approximate"]?.bool ?? true,
      revision: Int(clamping: min(max(0, value["revision"]?.integer ?? 0), highestRevision)),
      kind: value["kind"]?.string.flatMap(MachineCondition.init) ?? .stopped)
  }
}

extension MachineStates {
  /// A whole snapshot, for whoever keeps these states by themselves.
  public func snapshot(reading: ClockReading) -> [UInt8] {
    var members = Carry.head(version: Machine.snapshotVersion, reading)
    members["states"] = json
    members["ended"] = ledgerJSON
    return JSONValue.object(members).canonicalBytes
  }

  /// Goes on where a whole snapshot ended.
  public mutating func resume(
    _ bytes: [UInt8], reading: ClockReading
  ) throws(SnapshotFault) {
    let tree: JSONValue
    do { tree = try JSONValue(parsing: bytes) } catch {
      throw .notJSON(machine: rules.name, error)
    }
    guard tree["version"]?.integer == Machine.snapshotVersion else {
      throw .unknownVersion(machine: rules.name, tree["version"]?.integer)
    }
    guard let states = tree["states"], let number = states["nextStop"]?.integer, number >= 0 else {
      throw .noStopNumber(machine: rules.name)
    }
    resume(states, ledger: tree["ended"], Carry(tree, to: reading))
  }
}
