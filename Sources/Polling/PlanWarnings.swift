// What a person is told when a bus is asked for more than it can give, and what would help.

import Primitives

extension PlanForecast {
  /// One sentence for each thing that cannot be kept, or only just; none where all is well.
  public func warnings(for plan: ReadPlan, of bus: BusDefinition) -> [String] {
    var sentences: [String] = []
    switch verdict {
    case .idle, .fits: break
    case .tight:
      sentences.append(
        "\(asked(bus)); that leaves little for lost answers and probes; " + remedies(plan, bus))
    case .tooMuch(let stretch):
      let shortest = periods.first.map { Self.stretched($0.period, stretch) } ?? ""
      sentences.append(
        "\(asked(bus)); it cannot be read at the rate asked for: every period would have to be "
          + "\(PlanFigures.decimal(stretch, up: true)) times as long\(shortest); "
          + remedies(plan, bus))
    }
    for load in periods where !load.isKept && utilisation <= 1 {
      sentences.append(late(load, plan, bus))
    }
    return sentences
  }

  private func asked(_ bus: BusDefinition) -> String {
    let line = units.reduce(0) { $0 + $1.lineShare }
    if let busiest = units.indices.max(by: { units[$0].ownShare < units[$1].ownShare }),
      units[busiest].ownShare > line
    {
      return "\(bus.name): \(bus.units[busiest].name) is asked for "
        + "\(PlanFigures.decimal(units[busiest].ownShare)) s of its time every second, "
        + "with the pause of \(bus.units[busiest].quirks.pause.text) that it needs"
    }
    return "\(bus.name): asked for \(PlanFigures.decimal(line, places: 2)) s of bus time every "
      + "second (\(PlanFigures.decimal(requestsPerSecond)) requests)"
  }

  private static func stretched(_ period: Duration, _ stretch: Double) -> String {
    // The factor as it is told: rounded up to tenths.
    let longer = Double(period.nanoseconds) * (stretch * 10).rounded(.up) / 10
    return " (\(period.text) becomes \(PlanFigures.time(nanoseconds: longer)))"
  }

  private func remedies(_ plan: ReadPlan, _ bus: BusDefinition) -> String {
    var ways: [String] = []
    if let (baud, share) = Self.fasterLine(bus) {
      ways.append("\(baud) baud (\(PlanFigures.percent(share)) of the line)")
    }
    let factor = utilisation / PollingLimits.busyShare
    ways.append("periods \(PlanFigures.decimal(factor, up: true)) times as long")
    ways.append("fewer signals")
    if bus.units.count > 1 { ways.append("some of the units on another bus") }
    return "what helps: " + ways.joined(separator: ", or ")
  }

  /// The lowest usual baud rate at which the line has time enough; nil for networks, or if none.
  static func fasterLine(_ bus: BusDefinition) -> (baud: Int, share: Double)? {
    guard let speed = bus.line.speed else { return nil }
    for baud in [9600, 19_200, 38_400, 57_600, 115_200] where baud > speed.baud {
      var faster = bus
      faster.line = bus.line.at(baud: baud)
      let share = PlanForecast(ReadPlan(faster), of: faster).utilisation
      if share <= PollingLimits.busyShare { return (baud, share) }
    }
    return nil
  }

  private func late(_ load: PeriodLoad, _ plan: ReadPlan, _ bus: BusDefinition) -> String {
    let what = "\(bus.name): the period of \(load.period.text) cannot always be kept"
    guard let position = load.obstacle, plan.blocks.indices.contains(position) else {
      let time = PlanFigures.time(nanoseconds: Double(load.cost.nanoseconds))
      return "\(what): its \(load.requests) requests take \(time), and faster ones stand before "
        + "them; what helps: a longer period or fewer signals"
    }
    let block = plan.blocks[position]
    let time = PlanFigures.time(nanoseconds: Double(costs[position].nanoseconds))
    let place = "\(block.table.rawValue) \(block.start)-\(block.end - 1)"
    return "\(what) beside \(place) of \(bus.units[block.unit].name), which takes the line for "
      + "\(time) every \(block.period.text); what helps: a smaller registersPerRequest there, "
      + "or a longer period here"
  }
}

/// Figures of a plan as people read them.
public enum PlanFigures {
  /// "3.2"; rounded up where less would be too little.
  public static func decimal(_ value: Double, places: Int = 1, up: Bool = false) -> String {
    guard value.isFinite, abs(value) < 1e9 else { return "-" }
    let scale = (0..<min(max(places, 0), 6)).reduce(1.0) { scale, _ in scale * 10 }
    // A hair below, so that 1.2 does not become 1.3 for the last bit of a binary fraction.
    let scaled = up ? (value * scale - 1e-9).rounded(.up) : (value * scale).rounded()
    let number = Int64(scaled)
    let digits = String(number.magnitude % UInt64(scale))
    let fraction = String(repeating: "0", count: max(0, places - digits.count)) + digits
    return "\(number < 0 ? "-" : "")\(number.magnitude / UInt64(scale)).\(fraction)"
  }

  /// "62 %".
  public static func percent(_ share: Double) -> String {
    guard share.isFinite, abs(share) < 1e10 else { return "-" }
    if share > 0, share < 0.1 { return decimal(share * 100) + " %" }
    return "\(Int64((share * 100).rounded())) %"
  }

  /// "26.3 ms", "3.2 s".
  public static func time(nanoseconds: Double) -> String {
    if nanoseconds < 1e9 { return decimal(nanoseconds / 1e6) + " ms" }
    return decimal(nanoseconds / 1e9) + " s"
  }
}
