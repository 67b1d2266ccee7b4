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

/// What an event of a machine says beside the fact: whose it is, and in which words.
public struct EventContext: Equatable, Sendable {
  /// The name of the machine.
  public var machine: String
  /// The unit of measure of its counts, where its order has none.
  public var uom: String
  public var mapping: StateMapping
  /// The order that a count was made under, or that was in force at a change of state.
  public var order: Order? {
    didSet { orderID = order?.key.orderID }
  }
  /// The id of the order, which is all that events of states and stops say of it.
  public var orderID: String?

  public init(
    machine: String, uom: String, mapping: StateMapping = .usual, order: Order? = nil,
    orderID: String? = nil
  ) {
    self.machine = machine
    self.uom = uom
    self.mapping = mapping
    self.order = order
    self.orderID = orderID ?? order?.key.orderID
  }
}

extension EventDraft {
  /// The event of one fact; nil for one that only the gateway itself listens to.
  ///
  /// What belongs to an order has it as its key, so that it stays in order with what is told of it.
  public init?(_ fact: Fact, _ context: EventContext, names: EventNames) {
    guard let (type, subject, members) = Self.tell(fact, context, names: names) else { return nil }
    self.init(
      type: type, unit: .machine(context.machine), subject: subject, at: fact.at,
      partitionKey: context.orderID ?? context.machine, data: .object(members))
    switch fact.kind {
    case .stopEnded(let stop): lasted = stop.duration
    case .stopClassified(let stop, _): lasted = stop.endedAt == nil ? nil : stop.duration
    case .stateChanged, .stopStarted, .counted, .counterAnomaly, .contactLost, .contactRestored,
      .orderShown:
      break
    }
  }

  private static func tell(
    _ fact: Fact, _ context: EventContext, names: EventNames
  ) -> (EventType, subject: String?, [String: JSONValue])? {
    let machine = context.machine
    switch fact.kind {
    case .stateChanged(let state, let previous, let duration, _):
      var members = stateMembers(context.mapping[state], state, previous, duration)
      members["orderId"] = context.orderID.map { .string($0) }
      members["evidence"] = evidenceMember(fact.evidence, names)
      if let inferred = fact.inferred {
        members["approximate"] = .bool(true)
        members["inferred"] = inferred.condition.map { .string($0.rawValue) }
        members["counted"] = inferred.counted.map { .bool($0) }
      }
      return (.stateChanged, nil, members)
    case .stopStarted(let stop, let evidence):
      var members = stopMembers(stop, context)
      members["evidence"] = evidenceMember(evidence, names)
      return (.stopStarted, stop.stopID, members)
    case .stopClassified(let stop, let by):
      var members = causeMembers(stop)
      members["stopId"] = .string(stop.stopID)
      members["revision"] = .integer(Int64(stop.revision))
      members["by"] = .string(by)
      return (.stopClassified, stop.stopID, members)
    case .stopEnded(let stop):
      return (.stopEnded, stop.stopID, endMembers(stop, at: fact.at, context))
    case .counted(let count):
      return (.productionCount, context.order?.key.text, countMembers(count, context))
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
    case .orderShown: return nil
    }
  }

  private static func evidenceMember(_ evidence: Evidence?, _ names: EventNames) -> JSONValue? {
    guard let evidence, let value = EventValue.value(evidence.value) else { return nil }
    return ["signal": .string(names.signal(evidence.signal).name), "value": value]
  }

  private static func stateMembers(
    _ told: StateNames, _ state: MachineCondition, _ previous: MachineCondition,
    _ duration: Duration
  ) -> [String: JSONValue] {
    var members: [String: JSONValue] = [
      "state": .string(state.rawValue), "previous": .string(previous.rawValue),
      "durationMs": .integer(duration.wholeMilliseconds), "packmlState": .string(told.packMLState),
    ]
    if let mode = told.packMLMode { members["packmlMode"] = .string(mode) }
    if let e10 = told.e10 { members["e10"] = .string(e10) }
    return members
  }

  static func member(_ cause: Cause) -> JSONValue {
    var members: [String: JSONValue] = [
      "text": .string(cause.text), "from": .string(cause.from.rawValue),
    ]
    if let code = cause.code { members["code"] = EventValue.integer(code) }
    if let reason = cause.reason { members["reason"] = .string(reason) }
    return .object(members)
  }

  private static func causeMembers(_ stop: StopRecord) -> [String: JSONValue] {
    var members: [String: JSONValue] = [
      "cause": member(stop.cause), "category": .string(stop.category.rawValue),
    ]
    if let center = stop.costCenter { members["costCenter"] = .string(center) }
    return members
  }

  private static func stopMembers(
    _ stop: StopRecord, _ context: EventContext
  ) -> [String: JSONValue] {
    var members = causeMembers(stop)
    members["orderId"] = context.orderID.map { .string($0) }
    members["stopId"] = .string(stop.stopID)
    members["startedAt"] = .string(stop.startedAt.wall.text)
    members["classified"] = .bool(stop.classified)
    return members
  }

  private static func endMembers(
    _ stop: StopRecord, at: Stamp, _ context: EventContext
  ) -> [String: JSONValue] {
    var members = stopMembers(stop, context)
    members["endedAt"] = .string((stop.endedAt ?? at).wall.text)
    members["durationMs"] = .integer(stop.duration.wholeMilliseconds)
    members["approximate"] = .bool(stop.approximate)
    if stop.noContact > .zero {
      members["noContactMs"] = .integer(stop.noContact.wholeMilliseconds)
    }
    return members
  }

  private static func countMembers(
    _ count: CountRecord, _ context: EventContext
  ) -> [String: JSONValue] {
    let uom = context.order?.uom ?? context.uom
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
    if let order = context.order { members.merge(identity(order)) { own, _ in own } }
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
