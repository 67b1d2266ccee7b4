// From what happened to orders, confirmations, holds and limits (facts) to what is told (drafts).
//
// Why a confirmation says `hold` and `verified`: it is told when nothing speaks against it, and
// then `hold` is false. Only when too many are held is one told with `hold`, so that it is durable;
// a receiver books nothing that is on hold. `verified` is false where a person let it go.

public import Machines
internal import Primitives
internal import Signals

extension EventDraft {
  /// The event of one fact of a line's orders; `epoch` is the journal's, `uom` that of its counts.
  ///
  /// What concerns the whole line is told by the gateway and names the line.
  public init(_ fact: OrderFact, epoch: String, uom: String) {
    switch fact.kind {
    case .started(let run, let resumed):
      var members = Self.orderMembers(run)
      if resumed { members["resumed"] = true }
      self.init(run, .orderStarted, at: fact.at, members)
    case .ended(let run, let end):
      var members = Self.orderMembers(run)
      members["reason"] = .string(end.rawValue)
      members["startedAt"] = .string(run.startedAt.wall.text)
      self.init(run, .orderEnded, at: fact.at, members)
    case .confirmed(let confirmation):
      self.init(
        type: .productionConfirmation, unit: .machine(confirmation.machine),
        subject: confirmation.key.text, at: fact.at, partitionKey: confirmation.key.orderID,
        data: .object(Self.confirmationMembers(confirmation, epoch: epoch, uom: uom)))
    case .qualityHeld(let hold):
      self.init(
        type: .qualityHold, unit: Self.unit(hold), subject: Self.subject(hold), at: fact.at,
        partitionKey: Self.key(hold),
        data: .object(Self.holdMembers(hold, by: hold.by)))
    case .qualityReleased(let hold, let person):
      var members = Self.holdMembers(hold, by: person)
      members["heldAt"] = .string(hold.at.wall.text)
      let duration = max(.zero, fact.at.instant - hold.at.instant)
      members["durationMs"] = .integer(duration.wholeMilliseconds)
      self.init(
        type: .qualityReleased, unit: Self.unit(hold), subject: Self.subject(hold), at: fact.at,
        partitionKey: Self.key(hold), data: .object(members))
    }
  }

  /// The event of a limit that was exceeded or is cleared; `machine` is its name.
  public init(_ fact: LimitFact, machine: String, names: EventNames) {
    let named = names.signal(fact.rules.signal)
    var members: [String: JSONValue] = [
      "signal": .string(named.name), "name": .string(fact.rules.name),
      "side": .string(fact.rules.side.rawValue),
      "severity": .string(fact.rules.severity.rawValue), "since": .string(fact.since.wall.text),
    ]
    members["limit"] = EventValue.decimal(fact.rules.limit).map { .string($0) }
    members["value"] = EventValue.value(fact.value)
    members["unit"] = named.unit.map { .string($0) }
    let type: EventType
    switch fact.kind {
    case .exceeded: type = .limitExceeded
    case .cleared(let duration, let unseen):
      type = .limitCleared
      members["durationMs"] = .integer(duration.wholeMilliseconds)
      if unseen > .zero { members["noContactMs"] = .integer(unseen.wholeMilliseconds) }
    }
    self.init(
      type: type, unit: .machine(machine), at: fact.at, partitionKey: machine,
      data: .object(members))
    severity = fact.rules.severity.rawValue
  }

  private init(
    _ run: OrderRun, _ type: EventType, at: Stamp, _ members: [String: JSONValue]
  ) {
    var members = members
    let unit: EventUnit
    switch run.place {
    case .machine(let name): unit = .machine(name)
    case .line(let name):
      unit = .gateway
      members["line"] = .string(name)
    }
    self.init(
      type: type, unit: unit, subject: run.order.key.text, at: at,
      partitionKey: run.order.key.orderID, data: .object(members))
  }

  private static func orderMembers(_ run: OrderRun) -> [String: JSONValue] {
    var members = identity(run.order)
    members["plannedQuantity"] = run.order.plannedQuantity.map { EventValue.integer($0) }
    members["uom"] = run.order.uom.map { .string($0) }
    members["idealCycleMs"] = run.order.idealCycle.map { .integer($0.wholeMilliseconds) }
    members["from"] = .string(run.order.from.rawValue)
    return members
  }

  static func identity(_ order: Order) -> [String: JSONValue] {
    var members: [String: JSONValue] = ["orderId": .string(order.key.orderID)]
    members["operationId"] = order.key.operationID.map { .string($0) }
    members["materialId"] = order.materialID.map { .string($0) }
    members["lotId"] = order.lotID.map { .string($0) }
    return members
  }

  private static func confirmationMembers(
    _ confirmation: Confirmation, epoch: String, uom: String
  ) -> [String: JSONValue] {
    var members = identity(confirmation.order)
    members["confirmationId"] = .string(confirmation.id(epoch: epoch))
    members["from"] = .string(confirmation.from.wall.text)
    members["to"] = .string(confirmation.to.wall.text)
    members["goodQuantity"] = EventValue.integer(confirmation.pieces.good)
    members["scrapQuantity"] = EventValue.integer(confirmation.pieces.scrap)
    members["reworkQuantity"] = EventValue.integer(confirmation.pieces.rework)
    members["uom"] = .string(confirmation.order.uom ?? uom)
    members["runMs"] = EventValue.integer(confirmation.times.run)
    members["stopMs"] = EventValue.integer(confirmation.times.stop)
    members["plannedStopMs"] = EventValue.integer(confirmation.times.planned)
    members["final"] = .bool(confirmation.isFinal)
    members["hold"] = .bool(confirmation.isHeld)
    members["verified"] = .bool(confirmation.isVerified)
    if let range = confirmation.sequences {
      members["fromSequence"] = EventValue.integer(range.from)
      members["toSequence"] = EventValue.integer(range.to)
      if range.epoch != epoch { members["sequenceEpoch"] = .string(range.epoch) }
    }
    if confirmation.merged > 1 { members["merged"] = .integer(confirmation.merged) }
    members["approvedBy"] = confirmation.approvedBy.map { .string($0) }
    if !confirmation.reasons.isEmpty {
      members["reasons"] = .array(
        confirmation.reasons.map { .string($0.sentence(confirmation)) })
    }
    let consumption = confirmation.consumption
    if !consumption.isEmpty {
      members["consumption"] = .array(
        consumption.map { item in
          [
            "materialId": .string(item.materialID), "quantity": .string(item.quantity.text),
            "uom": .string(item.uom),
          ]
        })
    }
    return members
  }

  private static func holdMembers(_ hold: QualityHold, by: String) -> [String: JSONValue] {
    [
      "holdId": .integer(hold.number),
      "scope": .object([hold.scope.member: .string(hold.scope.name)]),
      "reason": .string(hold.reason), "by": .string(by), "from": .string(hold.from.rawValue),
    ]
  }

  private static func unit(_ hold: QualityHold) -> EventUnit {
    switch hold.scope {
    case .machine(let name): .machine(name)
    case .line, .order, .lot: .gateway
    }
  }

  private static func subject(_ hold: QualityHold) -> String? {
    switch hold.scope {
    case .order(let name): name
    case .machine, .line, .lot: nil
    }
  }

  private static func key(_ hold: QualityHold) -> String { hold.scope.name }
}

extension HoldScope {
  /// The member of an event that names it.
  fileprivate var member: String {
    switch self {
    case .machine: "machine"
    case .line: "line"
    case .order: "orderId"
    case .lot: "lotId"
    }
  }
}
