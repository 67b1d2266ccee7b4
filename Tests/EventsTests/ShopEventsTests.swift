// What events say of the order they belong to, of short stops summed, and of shifts that ended.

import Events
import Machines
import Primitives
import Signals
import Testing

@Suite struct `What events say of their order` {
  private func event(_ kind: Fact.Kind, _ context: EventContext) -> EventDraft? {
    EventDraft(Fact(at: testStamp, kind: kind), context, names: VocabularyTests.names)
  }

  private var context: EventContext {
    EventContext(machine: "press-1", uom: "PCE", order: OrderEventsTests.order)
  }

  /// The members that the table of the vocabulary demands of each type.
  private static let demanded: [(type: EventType, members: [String])] = [
    (
      .stateChanged,
      ["state", "previous", "durationMs", "packmlState", "packmlMode", "e10", "orderId"]
    ),
    (
      .stopStarted,
      [
        "stopId", "startedAt", "cause", "category", "evidence", "costCenter", "orderId",
        "classified",
      ]
    ),
    (.stopClassified, ["stopId", "revision", "cause", "category", "costCenter", "by"]),
    (
      .stopEnded,
      [
        "stopId", "startedAt", "endedAt", "durationMs", "cause", "category", "costCenter",
        "orderId", "classified", "approximate",
      ]
    ),
    (
      .productionCount,
      [
        "from", "to", "goodQuantity", "scrapQuantity", "reworkQuantity", "goodTotal",
        "scrapTotal", "orderId", "operationId", "materialId", "lotId", "uom", "recovered",
        "rollover", "reset",
      ]
    ),
  ]

  private func example(_ type: EventType) -> Fact.Kind? {
    let stop = VocabularyTests.stop
    let evidence = Evidence(signal: SignalID(0), value: .integer(1))
    let count = CountRecord(
      from: testStamp, to: testStamp, good: 1, scrap: 2, rework: 3, goodTotal: 4, scrapTotal: 5)
    switch type {
    case .stateChanged:
      return .stateChanged(state: .slow, previous: .fault, duration: .seconds(1), cause: nil)
    case .stopStarted: return .stopStarted(stop, evidence: evidence)
    case .stopClassified: return .stopClassified(stop, by: "anna")
    case .stopEnded: return .stopEnded(stop)
    case .productionCount: return .counted(count)
    default: return nil
    }
  }

  @Test func `F48: each bears every member that the vocabulary names`() throws {
    for (type, members) in Self.demanded {
      let kind = try #require(example(type))
      let draft = try #require(event(kind, context))
      #expect(draft.type == type)
      let told = Set(draft.data.object.map { Array($0.keys) } ?? [])
      #expect(told.isSuperset(of: members), "\(type): \(Set(members).subtracting(told))")
      #expect(draft.partitionKey == "4711", "\(type): all of one stop stay in order")
    }
  }

  @Test func `a count has its order as subject and the unit of measure of that`() throws {
    let kind = try #require(example(.productionCount))
    var context = context
    context.order?.uom = "KGM"
    let told = try #require(event(kind, context))
    #expect(told.subject == "4711/0010" && told.data["uom"]?.string == "KGM")
    context.order?.uom = nil
    #expect(event(kind, context)?.data["uom"]?.string == "PCE")
    let without = try #require(event(kind, EventContext(machine: "press-1", uom: "PCE")))
    #expect(without.subject == nil && without.partitionKey == "press-1")
    #expect(without.data["orderId"] == nil && without.data["lotId"] == nil)
  }

  @Test func `a state is told in the words that the site declared for it`() throws {
    let kind = try #require(example(.stateChanged))
    var context = context
    var names = StateNames("Execute", mode: "Trial")
    names.e10 = "engineering time"
    context.mapping = StateMapping([.slow: names])
    let told = try #require(event(kind, context)?.data)
    #expect(told["state"]?.string == "slow" && told["packmlState"]?.string == "Execute")
    #expect(told["packmlMode"]?.string == "Trial" && told["e10"]?.string == "engineering time")
  }

  @Test func `what a machine shows of its order is no event of its own`() {
    #expect(event(.orderShown("4711", operation: nil), context) == nil)
  }

  @Test func `F47: short stops are told as one, by cause`() {
    var minor = MinorStops()
    var windows: [MinorStops.Window] = []
    var stop = VocabularyTests.stop
    stop.category = .minor
    (stop.startedAt, stop.duration) = (testStamp, .seconds(2))
    stop.endedAt = OrderEventsTests.later(2000)
    minor.take(stop, into: &windows)
    stop.cause = Cause(code: nil, text: "nobody knows", from: .inferred)
    stop.endedAt = OrderEventsTests.later(5000)
    minor.take(stop, into: &windows)
    minor.advance(to: OrderEventsTests.later(4_000_000), into: &windows)
    #expect(windows.count == 1)
    let told = windows.map { EventDraft($0, machine: "press-1") }
    #expect(told.first?.type == .stopsMinor && told.first?.unit == .machine("press-1"))
    #expect(told.first?.data["count"]?.integer == 2)
    #expect(told.first?.data["durationMs"]?.integer == 4000)
    let causes = told.first?.data["causes"]?.array ?? []
    #expect(causes.map { $0["count"]?.integer } == [1, 1])
    #expect(causes.last?["cause"]?["text"]?.string == "nobody knows")
    #expect(told.first?.data["to"]?.string == OrderEventsTests.later(3_600_000).wall.text)
    minor = MinorStops(window: .seconds(900))
    minor.take(stop, into: &windows)
    minor.advance(to: OrderEventsTests.later(900_001), into: &windows)
    #expect(windows.last?.to.wall == OrderEventsTests.later(900_000).wall)
  }

  @Test func `sums of many shifts fit into the event that tells them`() throws {
    let calendar = WorkCalendar(.roundTheClock(name: "c", zone: .utc))
    var totals = Totals(calendar: calendar, start: .boot)
    let end = Instant(nanoseconds: 200_000 * 1_000_000_000)
    var told = totals.take(.activity(.running, at: .boot), reading: testReading)
    let pieces = Quantities(good: .max / 4, scrap: .max / 4, rework: .max / 4)
    told += totals.take(
      .counted(pieces, from: .boot, to: .boot + .seconds(9)), reading: testReading)
    for activity in MachineActivity.allCases {
      let at = Instant(nanoseconds: Int64(activity.rawValue.count) * 1_000_000_000)
      told += totals.take(.activity(activity, at: at), reading: testReading)
    }
    told += totals.advance(to: end, reading: testReading)
    let shifts = told.filter { if case .shift = $0.scope { true } else { false } }
    let bucket = try #require(shifts.last { $0.until != nil && $0.sums.good > 0 })
    let name = String(repeating: "n", count: EventLimits.nameBytes)
    let sums = try #require(ShiftTotals(line: name, machine: name, bucket))
    let draft = EventDraft.gatewayHealth(
      try testSource(), at: testStamp, GatewayHealth(uplinks: [], clock: .synchronised),
      shifts: Array(repeating: sums, count: ShiftTotals.inOneEvent))
    #expect(draft.data["shifts"]?.array?.count == ShiftTotals.inOneEvent)
    #expect(draft.data.canonicalBytes.count < EventLimits.eventBytes - EventLimits.envelopeBytes)
  }
}
