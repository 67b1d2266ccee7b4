// The read plan as JSON, for scripts: everything that the text shows, in whole microseconds,
// and addresses from 0.

import Polling
import Primitives
import Settings

enum PlanDocument {
  static func json(_ planned: PlannedBus, _ site: SitePlan) -> JSONValue {
    let (bus, forecast) = (planned.bus, planned.forecast)
    let units = bus.units.indices.map { unit in
      json(unit, planned, site)
    }
    return [
      "name": .string(bus.name), "line": .string(PlanNames.line(bus)),
      "units": .array(units),
      "requestsPerSecond": number(forecast.requestsPerSecond),
      "utilisation": number(forecast.utilisation),
      "roundUs": microseconds(forecast.round),
      "verdict": verdict(forecast.verdict),
      "periods": .array(
        forecast.periods.map { load in
          [
            "periodUs": microseconds(load.period), "requests": .integer(Int64(load.requests)),
            "timeUs": microseconds(load.cost), "kept": .bool(load.isKept),
          ]
        }),
      "warnings": .array(planned.warnings.map { .string($0) }),
      "impossible": .array(
        planned.plan.impossible.map { read in
          [
            "unit": .string(bus.units[read.unit].name),
            "signal": .string(PlanNames.signal(read, bus, site)),
            "reason": .string(read.reason.text),
          ]
        }),
    ]
  }

  private static func json(_ unit: Int, _ planned: PlannedBus, _ site: SitePlan) -> JSONValue {
    let definition = planned.bus.units[unit]
    let own = planned.blocks(of: unit)
    let requests = own.enumerated().map { index, position in
      let next = index + 1 < own.count ? own[index + 1] : nil
      return json(position, next, planned, site)
    }
    return [
      "name": .string(definition.name), "unit": .integer(Int64(definition.address)),
      "requestsPerSecond": number(planned.forecast.units[unit].requestsPerSecond),
      "timesMeasured": .bool(planned.answers[unit] != nil),
      "busShare": number(planned.forecast.units[unit].lineShare),
      "requests": .array(requests),
      "learnt": .array(
        planned.learnt.filter { $0.refusal.unit == definition.address }.map { refusal, since in
          var members: [String: JSONValue] = [
            "refuses": .string(refusal.range.text),
            "exception": .integer(Int64(refusal.exception)), "since": .string(since.text),
            "tries": .integer(Int64(refusal.tries)),
          ]
          members["longest"] = refusal.longest.map { .integer(Int64($0)) }
          return .object(members)
        }),
    ]
  }

  private static func json(
    _ position: Int, _ next: Int?, _ planned: PlannedBus, _ site: SitePlan
  ) -> JSONValue {
    let block = planned.plan.blocks[position]
    var members: [String: JSONValue] = [
      "table": .string(block.table.rawValue), "first": .integer(Int64(block.start)),
      "last": .integer(Int64(block.end - 1)), "numbers": .string(PlanNames.numbers(block)),
      "count": .integer(Int64(block.count)), "used": .integer(Int64(block.usedCount)),
      "periodUs": microseconds(block.period), "phaseUs": microseconds(planned.phases[position]),
      "timeUs": microseconds(planned.forecast.costs[position]),
      "signals": .array(
        PlanNames.signals(block, planned.bus, site).map { .string($0) }),
    ]
    if let split = planned.split(position, next) { members["apart"] = .string(split.text) }
    return .object(members)
  }

  private static func verdict(_ verdict: PlanForecast.Verdict) -> JSONValue {
    switch verdict {
    case .idle: "idle"
    case .fits: "fits"
    case .tight: "tight"
    case .tooMuch: "too much"
    }
  }

  private static func microseconds(_ duration: Duration) -> JSONValue {
    .integer(duration.nanoseconds / 1000)
  }

  private static func number(_ value: Double) -> JSONValue {
    guard value.isFinite, abs(value) < 1e9 else { return .null }
    return .number(PlanFigures.decimal(value, places: 4))
  }
}
