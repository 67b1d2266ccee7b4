// What a plan asks of its line: utilisation, periods that can be kept, what would help; phases.

import Polling
import Primitives
import Signals
import Testing

/// So many units with so many registers each, all at one period.
private func site(
  _ baud: Int, units: Int, registers: Int, period: Int64 = 1000, pause: Duration = .zero
) -> BusDefinition {
  serialBus(
    baud,
    (1...units).map { number in
      unit(
        number, quirks: DeviceQuirks(pause: pause),
        (0..<registers).map { binding($0, period: period) })
    })
}

private func warnings(_ bus: BusDefinition) -> [String] {
  let plan = ReadPlan(bus)
  return PlanForecast(plan, of: bus).warnings(for: plan, of: bus)
}

@Suite struct `The forecast of a plan` {
  @Test func `F20: adds up the bus time of the requests`() {
    // 50 registers at 9,600 baud with ten bits: 113 characters, two silences, 5 ms of turnaround.
    let bus = site(9600, units: 4, registers: 50)
    let forecast = PlanForecast(ReadPlan(bus), of: bus)
    #expect(forecast.requestsPerSecond == 4)
    #expect(abs(forecast.utilisation - 4 * 0.13) < 0.001)
    #expect(abs(forecast.units[2].lineShare - 0.13) < 0.001)
    #expect(forecast.round.nanoseconds / 1_000_000 == 519 || forecast.round > .milliseconds(519))
    #expect(forecast.verdict == .fits)
    #expect(forecast.periods.map(\.isKept) == [true])
    #expect(warnings(bus).isEmpty)
  }

  @Test func `F20: takes the answer times that were measured, without their frames`() {
    let bus = site(9600, units: 2, registers: 50)
    // 113 characters and the silence that ends the answer take 121.35 ms of the 171.35.
    let forecast = PlanForecast(ReadPlan(bus), of: bus, answers: [1: .microseconds(171_350)])
    #expect(forecast.costs[0] == PlanForecast(ReadPlan(bus), of: bus).costs[0])
    let more = forecast.costs[1] - forecast.costs[0]
    #expect(abs(more.nanoseconds - 45_000_000) < 100_000)
    let quick = PlanForecast(ReadPlan(bus), of: bus, answers: [0: .zero, 7: .seconds(1)])
    #expect(quick.costs[0] == quick.costs[1] - LineTiming.assumedTurnaround)
  }

  @Test func `F20: says what rate can be had and what would help`() {
    let bus = site(9600, units: 16, registers: 50)
    let forecast = PlanForecast(ReadPlan(bus), of: bus)
    guard case .tooMuch(let stretch) = forecast.verdict else {
      Issue.record("16 units with 0.13 s each fit into a second")
      return
    }
    #expect(abs(stretch - 2.08) < 0.01)
    #expect(forecast.periods.map(\.isKept) == [false])
    #expect(
      warnings(bus) == [
        "line: asked for 2.08 s of bus time every second (16.0 requests); it cannot be read at the "
          + "rate asked for: every period would have to be 2.1 times as long (1s becomes 2.1 s); "
          + "what helps: 38400 baud (61 % of the line), or periods 2.6 times as long, or fewer "
          + "signals, or some of the units on another bus"
      ])
  }

  @Test func `F20: warns above four fifths`() {
    let bus = site(9600, units: 7, registers: 50)
    #expect(PlanForecast(ReadPlan(bus), of: bus).verdict == .tight)
    #expect(warnings(bus).count == 1)
    #expect(warnings(bus)[0].contains("0.91 s of bus time every second"))
    #expect(warnings(bus)[0].contains("19200 baud (47 % of the line)"))
  }

  @Test func `F20: counts the rest that a unit needs against that unit alone`() {
    let one = site(115_200, units: 1, registers: 1, period: 100, pause: .milliseconds(150))
    #expect(PlanForecast(ReadPlan(one), of: one).utilisation > 1.5)
    #expect(warnings(one)[0].contains("with the pause of 150ms that it needs"))
    let many = site(115_200, units: 5, registers: 1, pause: .milliseconds(150))
    #expect(PlanForecast(ReadPlan(many), of: many).utilisation < 0.2)
  }

  @Test func `F20: a long slow request in the way of a fast one is told`() {
    let slow = (0..<125).map { binding($0, period: 10_000) }
    let bus = serialBus(
      9600,
      [
        unit(1, quirks: DeviceQuirks(), [binding(0, period: 100)]),
        unit(2, quirks: DeviceQuirks(), slow),
      ])
    let forecast = PlanForecast(ReadPlan(bus), of: bus)
    #expect(forecast.verdict == .fits)
    #expect(forecast.periods.map(\.isKept) == [false, true])
    #expect(warnings(bus).count == 1)
    #expect(
      warnings(bus)[0].hasPrefix(
        "line: the period of 100ms cannot always be kept beside holding 0-124 of unit-2, which "
          + "takes the line for 286.2 ms every 10s"))
  }

  @Test func `F4, F20: tells what dead units cost`() {
    let bus = site(9600, units: 16, registers: 10)
    let forecast = PlanForecast(ReadPlan(bus), of: bus)
    #expect(forecast.deadShare(0, of: bus) == 0)
    #expect(abs(forecast.deadShare(1, of: bus) - 0.5 / 30.5) < 0.0001)
    #expect(forecast.deadShare(3, of: bus) == 0.02)
  }

  @Test func `nothing to read is no load`() {
    let bus = serialBus(9600, [unit(1, [])])
    let forecast = PlanForecast(ReadPlan(bus), of: bus)
    #expect(forecast.verdict == .idle)
    #expect(forecast.utilisation == 0)
    #expect(warnings(bus).isEmpty)
  }

  @Test(arguments: [
    (0.0, "0 %"), (0.016, "1.6 %"), (0.62, "62 %"), (3.2, "320 %"), (.infinity, "-"),
  ])
  func `figures are written for people`(share: Double, text: String) {
    #expect(PlanFigures.percent(share) == text)
    #expect(PlanFigures.decimal(1.04, places: 2) == "1.04")
    #expect(PlanFigures.decimal(1.21, up: true) == "1.3")
    #expect(PlanFigures.decimal(1.2, up: true) == "1.2")
  }
}

@Suite struct `The phases of a plan` {
  @Test func `F19: the units of a serial line are spread evenly over the period`() {
    let bus = site(19_200, units: 16, registers: 20)
    let phases = ReadPlan(bus).phases(in: bus)
    #expect(phases.count == 16)
    for (index, phase) in phases.enumerated() {
      #expect(abs(phase.nanoseconds - Int64(index) * 62_500_000) < 1000)
    }
  }

  @Test func `F19: a unit that takes longer has the longer share`() {
    let bus = serialBus(
      9600,
      [
        unit(1, quirks: DeviceQuirks(), (0..<125).map { binding($0) }),
        unit(2, quirks: DeviceQuirks(), [binding(0)]),
        unit(3, quirks: DeviceQuirks(), [binding(0), binding(5, period: 250)]),
      ])
    let plan = ReadPlan(bus)
    let spread = PhaseSpread(plan, in: bus)
    let (second, third) = (
      spread.phase(ofUnit: 1, period: .seconds(1)), spread.phase(ofUnit: 2, period: .seconds(1))
    )
    #expect(spread.phase(ofUnit: 0, period: .seconds(1)) == .zero)
    #expect(second > .milliseconds(800))
    #expect(third > second && third < .seconds(1))
    #expect(spread.phase(ofUnit: 2, period: .milliseconds(250)) == .zero)
  }

  @Test func `F19: the requests of one unit follow one another`() {
    let bus = site(19_200, units: 3, registers: 300)
    let plan = ReadPlan(bus)
    let phases = plan.phases(in: bus)
    for unit in 0..<3 {
      let own = plan.blocks.indices.filter { plan.blocks[$0].unit == unit }
      #expect(own.count == 3)
      #expect(Set(own.map { phases[$0] }).count == 1)
    }
    #expect(Set(phases).count == 3)
  }

  @Test func `F19: on networks the names decide, and always in the same way`() {
    let phases = (0..<64).map { number in
      var bus = bus(unit(1, [binding(0)]))
      bus.name = "plc-\(number)"
      return ReadPlan(bus).phases(in: bus)[0]
    }
    // They share a few moments, and with them the waking of the processor; no moment has too many.
    #expect(phases.allSatisfy { $0 >= .zero && $0 < .seconds(1) })
    #expect(phases.allSatisfy { $0.nanoseconds % 125_000_000 == 0 })
    for moment in 0..<8 {
      #expect((2...20).contains(phases.count { $0 == .milliseconds(125 * moment) }))
    }
  }

  @Test func `F19: units behind one address have moments of their own`() {
    let bus = bus(unit(1, [binding(0)]), unit(2, [binding(0)]), unit(3, [binding(0)]))
    let phases = ReadPlan(bus).phases(in: bus)
    #expect(Set(phases).count == 3)
    #expect(phases.contains { $0.nanoseconds % 125_000_000 != 0 })
  }
}
