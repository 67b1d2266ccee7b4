// From what happened at a machine (facts) to what is told of it (drafts).

public import Machines
internal import Primitives
internal import Signals

/// The names behind the indices of facts and samples.
public struct EventNames: Equatable, Sendable {
  /// One signal as events name it.
  public struct Signal: Equatable, Sendable {
    public var name: String
    /// The engineering unit; nil for none.
    public var unit: String?
    public init(name: String, unit: String? = nil) {
      self.name = name
      self.unit = unit
    }
  }

  /// One unit of the field as events name it.
  public struct Unit: Equatable, Sendable {
    public var bus: String
    public var name: String
    public init(bus: String, name: String) {
      self.bus = bus
      self.name = name
    }
  }

  /// By the index of the signal.
  public var signals: [Signal]
  /// By the index of the unit.
  public var units: [Unit]

  public init(signals: [Signal], units: [Unit]) {
    self.signals = signals
    self.units = units
  }

  func signal(_ id: SignalID) -> Signal {
    let index = Int(id.index)
    return index < signals.count ? signals[index] : Signal(name: "signal-\(index)")
  }

  func unit(_ id: UnitID) -> Unit {
    let index = Int(id.index)
    return index < units.count ? units[index] : Unit(bus: "unknown", name: "unit-\(index)")
  }
}

extension EventDraft {
  /// The event of one fact; `machine` is its name, `uom` the unit of measure of its counts.
  public init(_ fact: Fact, machine: String, uom: String, names: EventNames) {
    let (type, subject, members) = Self.tell(fact, machine: machine, uom: uom, names: names)
    self.init(
      type: type, unit: .machine(machine), subject: subject, at: fact.at, partitionKey: machine,
      data: .object(members))
  }

  private static func tell(
    _ fact: Fact, machine: String, uom: String, names: EventNames
  ) -> (EventType, subject: String?, [String: JSONValue]) {
    switch fact.kind {
    case .stateChanged(let state, let previous, let duration, _):
      var members = stateMembers(state, previous, duration)
      members["evidence"] = evidenceMember(fact.evidence, names)
      if let inferred = fact.inferred {
        members["approximate"] = .bool(true)
        members["inferred"] = inferred.condition.map { .string($0.rawValue) }
        members["counted"] = inferred.counted.map { .bool($0) }
      }
      return (.stateChanged, nil, members)
    case .stopStarted(let stop, let evidence):
      var members = stopMembers(stop)
      members["evidence"] = evidenceMember(evidence, names)
      return (.stopStarted, stop.stopID, members)
    case .stopClassified(let stop, let by):
      var members = causeMembers(stop)
      members["stopId"] = .string(stop.stopID)
      members["revision"] = .integer(Int64(stop.revision))
      members["by"] = .string(by)
      return (.stopClassified, stop.stopID, members)
    case .stopEnded(let stop):
      return (.stopEnded, stop.stopID, endMembers(stop, at: fact.at))
    case .counted(let count):
      return (.productionCount, nil, countMembers(count, uom: uom))
    case .counterAnomaly(let anomaly):
      return (.counterAnomaly, nil, anomalyMembers(anomaly, names))
    case .contactLost(let unit, let cause):
      var members = contactMembers(unit, machine, names)
      members["cause"] = .string(cause.text)
      return (.contactLost, nil, members)
    case .contactRestored(let unit, let duration):
      var members = contactMembers(unit, machine, names)
      members["durationMs"] = .integer(duration.wholeMilliseconds)
      return (.contactRestored, nil, members)
    case .orderShown: preconditionFailure("what a machine shows of its order is no event")
    }
  }

  private static func evidenceMember(_ evidence: Evidence?, _ names: EventNames) -> JSONValue? {
    guard let evidence, let value = EventValue.value(evidence.value) else { return nil }
    return ["signal": .string(names.signal(evidence.signal).name), "value": value]
  }

  private static func stateMembers(
    _ state: MachineCondition, _ previous: MachineCondition, _ duration: Duration
  ) -> [String: JSONValue] {
    let told = Classification.of(state)
    var members: [String: JSONValue] = [
      "state": .string(state.rawValue), "previous": .string(previous.rawValue),
      "durationMs": .integer(duration.wholeMilliseconds), "packmlState": .string(told.packmlState),
    ]
    if let mode = told.packmlMode { members["packmlMode"] = .string(mode) }
    if let e10 = told.e10 { members["e10"] = .string(e10) }
    return members
  }

  private static func causeMembers(_ stop: StopRecord) -> [String: JSONValue] {
    var cause: [String: JSONValue] = [
      "text": .string(stop.cause.text), "from": .string(stop.cause.from.rawValue),
    ]
    if let code = stop.cause.code { cause["code"] = EventValue.integer(code) }
    if let reason = stop.cause.reason { cause["reason"] = .string(reason) }
    var members: [String: JSONValue] = [
      "cause": .object(cause), "category": .string(stop.category.rawValue),
    ]
    if let center = stop.costCenter { members["costCenter"] = .string(center) }
    return members
  }

  private static func stopMembers(_ stop: StopRecord) -> [String: JSONValue] {
    var members = causeMembers(stop)
    members["stopId"] = .string(stop.stopID)
    members["startedAt"] = .string(stop.startedAt.wall.text)
    members["classified"] = .bool(stop.classified)
    return members
  }

  private static func endMembers(_ stop: StopRecord, at: Stamp) -> [String: JSONValue] {
    var members = stopMembers(stop)
    members["endedAt"] = .string((stop.endedAt ?? at).wall.text)
    members["durationMs"] = .integer(stop.duration.wholeMilliseconds)
    members["approximate"] = .bool(stop.approximate)
    if stop.noContact > .zero {
      members["noContactMs"] = .integer(stop.noContact.wholeMilliseconds)
    }
    return members
  }

  private static func countMembers(_ count: CountRecord, uom: String) -> [String: JSONValue] {
    var members: [String: JSONValue] = [
      "from": .string(count.from.wall.text), "to": .string(count.to.wall.text),
      "goodQuantity": EventValue.integer(count.good),
      "scrapQuantity": EventValue.integer(count.scrap),
      "reworkQuantity": EventValue.integer(count.rework),
      "goodTotal": EventValue.integer(count.goodTotal),
      "scrapTotal": EventValue.integer(count.scrapTotal), "uom": .string(uom),
      "recovered": .bool(count.recovered), "rollover": .bool(count.rollover),
      "reset": .bool(count.reset),
    ]
    if count.reworkTotal != 0 { members["reworkTotal"] = EventValue.integer(count.reworkTotal) }
    return members
  }

  private static func anomalyMembers(
    _ anomaly: CounterAnomaly, _ names: EventNames
  ) -> [String: JSONValue] {
    [
      "signal": .string(names.signal(anomaly.signal).name),
      "before": EventValue.integer(anomaly.before), "after": EventValue.integer(anomaly.after),
      "verdict": .string(anomaly.verdict.rawValue), "booked": EventValue.integer(anomaly.booked),
      "notBooked": EventValue.integer(anomaly.notBooked),
    ]
  }

  private static func contactMembers(
    _ unit: UnitID, _ machine: String, _ names: EventNames
  ) -> [String: JSONValue] {
    let named = names.unit(unit)
    return [
      "bus": .string(named.bus), "unit": .string(named.name), "machine": .string(machine),
    ]
  }
}
