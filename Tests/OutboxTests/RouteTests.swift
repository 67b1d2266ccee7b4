// Which events go to which uplinks: by type, machine, length of a stop and severity of a limit.

import Events
import Outbox
import Primitives
import Testing

@Suite("Routes")
struct RouteTests {
  @Test(arguments: [
    ("*", "takt.stop.ended.v1", true), ("takt.stop.*", "takt.stop.ended.v1", true),
    ("takt.stop.*", "takt.stops.minor.v1", false),
    ("takt.stop.ended.v1", "takt.stop.ended.v1", true),
    ("takt.stop.ended.v1", "takt.stop.ended.v10", false), ("", "takt.stop.ended.v1", false),
  ])
  func `a pattern is a type, or its beginning with a star`(
    pattern: String, type: String, fits: Bool
  ) {
    #expect(Route.matches(pattern, type) == fits)
  }

  @Test func `types and machines choose the uplinks, the gateway speaks to all who want its type`()
  {
    let table = RouteTable([
      Route(bit: 0, types: ["takt.stop.*", "takt.gateway.*"], machines: ["press-1"]),
      Route(bit: 1, types: ["*"]),
      Route(bit: 99, types: ["*"]),
    ])
    let asked: [(EventType, EventUnit)] = [
      (.stopEnded, .machine("press-1")), (.stopEnded, .machine("press-2")),
      (.productionCount, .machine("press-1")), (.gatewayHealth, .gateway),
    ]
    var copy = table
    let masks = (asked + asked).map { copy.due($0, $1) }
    #expect(masks == [0b11, 0b10, 0b10, 0b11, 0b11, 0b10, 0b10, 0b11])
  }

  private func draft(
    _ type: EventType, lasted: Duration? = nil, severity: String? = nil
  ) -> EventDraft {
    var draft = EventDraft(
      type: type, unit: .machine("press-1"),
      at: Stamp(instant: .distantPast, wall: WallTime(milliseconds: 0)), partitionKey: "press-1",
      data: .object([:]))
    draft.lasted = lasted
    draft.severity = severity
    return draft
  }

  @Test(arguments: [
    (EventType.stopStarted, nil as Duration?, false), (.stopClassified, nil, false),
    (.stopEnded, Duration.seconds(599), false), (.stopEnded, .seconds(600), true),
    (.stopClassified, .seconds(599), false), (.stopClassified, .seconds(600), true),
    (.stopsMinor, nil, true), (.productionCount, nil, true), (.gatewayHealth, nil, true),
  ])
  func `a route for long stops passes their ends and late reasons, and no other stop`(
    type: EventType, lasted: Duration?, passes: Bool
  ) {
    var table = RouteTable([
      Route(bit: 0, types: ["*"]),
      Route(bit: 1, types: ["*"], minimumDuration: .seconds(600)),
    ])
    // Twice, and in between the same type of another length: nothing is remembered of a stop.
    for _ in 0..<2 {
      #expect(table.due(draft(type, lasted: lasted)) == (passes ? 0b11 : 0b01))
      _ = table.due(draft(type, lasted: .seconds(86_400)))
      _ = table.due(draft(type, lasted: .zero))
    }
  }

  @Test(arguments: [
    (EventType.limitExceeded, "alarm" as String?, true), (.limitExceeded, "warning", false),
    (.limitCleared, "alarm", true), (.limitCleared, "info", false), (.stopEnded, nil, true),
  ])
  func `a route for alarms leaves other limits out`(
    type: EventType, severity: String?, passes: Bool
  ) {
    var table = RouteTable([
      Route(bit: 1, types: ["*"], severities: ["alarm"]),
      Route(bit: 0, types: ["takt.stop.*"]),
    ])
    let mask = table.due(draft(type, severity: severity))
    #expect(mask & 0b10 == (passes ? 0b10 : 0))
  }

  @Test func `several routes of one uplink add up`() {
    var table = RouteTable([
      Route(bit: 0, types: ["takt.stop.*"], minimumDuration: .seconds(600)),
      Route(bit: 0, types: ["takt.stop.started.v1"], machines: ["press-1"]),
    ])
    #expect(table.due(draft(.stopStarted)) == 1)
    #expect(table.due(draft(.stopEnded, lasted: .seconds(1))) == 0)
    #expect(table.due(draft(.stopEnded, lasted: .seconds(600))) == 1)
  }
}
