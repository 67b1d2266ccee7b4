// The press in a line with orders, shifts of a minute, and a limit on its temperature.

import Events
import Machines
import Outbox
import Primitives
import Signals

@testable import Gateway

/// What the tests of orders share: the line, its calendar, and sums over what was told.
enum Hall1 {
  static let line = "line1"
  static let machine = "press-1"
  static let order = SignalID(5)

  /// Shifts "early" 06:00 to 06:01 and "late" 06:01 to 14:00, UTC, with a break from 06:02.
  static var calendar: CalendarRules {
    let days = Set(Weekday.allCases)
    return CalendarRules(
      name: "c", zone: .utc, dayStart: 360,
      shifts: [
        ShiftDefinition("early", ClockSpan(start: 360, end: 361), days: days),
        ShiftDefinition(
          "late", ClockSpan(start: 361, end: 840), days: days,
          breaks: [BreakDefinition("pause", ClockSpan(start: 362, end: 363))]),
      ])
  }

  static func plan(
    _ confirmations: ConfirmationRules = ConfirmationRules(interval: .seconds(5))
  ) throws -> RecorderPlan {
    var plan = try Press.plan()
    plan.signals.append(RecordedSignal(name: "order", machine: 0, isPublished: false))
    plan.machines[0].signals.append(order)
    plan.machines[0].order = OrderSignals(order: order)
    plan.machines[0].limits = [
      LimitRules(
        name: "hot", signal: Press.temperature, side: .high, limit: 80, severity: .alarm,
        holdsQuality: true)
    ]
    var states = try StateRules(simple: plan.machines[0])
    let feeder = Reason(
      "feeder", texts: ["en": "Feeder empty"], category: .external, costCenter: "4711")
    let known = states.reasons.codes.compactMap { states.reasons[$0] }
    states.reasons = try ReasonTable(known + [feeder], language: "en")
    plan.machines[0].states = states
    plan.lines = [
      LineRules(
        name: line, machines: [machine], timeZone: "UTC", calendar: calendar,
        confirmations: confirmations)
    ]
    return plan
  }

  /// A clock that shows 06:00:50 at its start, so that the shift ends nine seconds later.
  static var clock: BenchClock {
    var clock = BenchClock()
    clock.wallOfBoot += 50_000
    return clock
  }

  static func file(
    _ number: String, _ action: OrderFile.Action = .start, place: OrderPlace? = .machine(machine),
    operation: String? = "0010", request: String? = nil
  ) -> OrderFile {
    let order = Order(
      key: OrderKey(orderID: number, operationID: operation), materialID: "M-1", lotID: "L-1",
      uom: "KGM", idealCycle: .milliseconds(500), from: .file)
    return OrderFile(
      action: action, place: action == .describe ? nil : place, order: order, requestID: request)
  }
}

extension Life {
  /// One scan with the order register, after half a second.
  func step(_ good: Int64, run: Bool = true, fault: Int64 = 0, order: Int64 = 0) {
    clock.now = clock.now + .milliseconds(500)
    push(Hall1.order, .integer(order))
    scan(run: run, fault: fault, good: good)
    turn()
  }

  /// Asks and turns until the answer is there.
  func ask(_ request: ShopRequest) -> ShopAnswer? {
    guard let ticket = requests.post(request) else { return nil }
    for _ in 0..<20 {
      turn(after: .milliseconds(10))
      if case .done(let answer) = requests.progress(of: ticket) { return answer }
    }
    return nil
  }

  /// All pieces at the desks that were not confirmed: open, held, and without an order.
  var unconfirmed: Quantities {
    recorder.status.lines.reduce(Quantities()) { $0.plus($1.unconfirmed) }
  }
}

extension Quantities {
  func plus(_ other: Quantities) -> Quantities {
    Quantities(
      good: good + other.good, scrap: scrap + other.scrap, rework: rework + other.rework)
  }

  init(event: ReceivedEvent) {
    func read(_ name: String) -> Int64 { event.data[name]?.integer ?? 0 }
    self.init(
      good: read("goodQuantity"), scrap: read("scrapQuantity"), rework: read("reworkQuantity"))
  }
}

extension ScriptedDisk {
  /// Everything that events of one type tell of pieces.
  func pieces(_ type: EventType) -> Quantities {
    audit().events.filter { $0.type == type.rawValue }
      .reduce(Quantities()) { $0.plus(Quantities(event: $1)) }
  }
}
