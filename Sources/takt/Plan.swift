// `takt plan`: which requests a configuration leads to, what they cost, and whether the lines can
// give it. Asks no device: it can be run before anything is connected.

import LinuxEdge
import Polling
import Primitives
import Settings

enum PlanCommand {
  static let usage = CommandUsage(
    name: "plan", summary: "show the requests on each bus, their time, and what the bus can give",
    options: [
      .value("config", "FILE", "the configuration", default: ConfigurationFiles.defaultPath),
      .value("bus", "NAME", "only this bus"),
      .switch("json", "print the plan as one JSON object"),
    ],
    notes: [
      """
      Times are worked out from the speed of the line. A device on a serial line is taken to
      answer after \(LineTiming.assumedTurnaround.text), a network to need \
      \(LineTiming.assumedRoundTrip.text) for both ways. Where a gateway runs with this
      configuration, what it has measured takes the place of that.
      """,
      """
      Addresses count from 0; behind them stand the same as Modicon numbers, from 1.
      """,
      """
      Where a gateway has run with this configuration, the plan keeps clear of what its devices
      have refused since, and says so.
      """,
    ],
    exits: [.ok, .configuration])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let site = try sitePlan(options.text("config") ?? ConfigurationFiles.defaultPath)
      let learnt = PlanLearnt(site)
      let measured = PlanMeasured(site)
      let buses = try chosen(options.text("bus"), site).map {
        PlannedBus($0, learnt, measured.answers(of: $0))
      }
      if options.has("json") {
        let pictures = buses.map { PlanDocument.json($0, site) }
        let document: JSONValue = ["buses": .array(pictures)]
        StandardStream.output.write(Array((document.canonicalText + "\n").utf8))
      } else {
        let parts = buses.map { PlanText($0, site).text }
        StandardStream.output.write(Array(parts.joined(separator: "\n").utf8))
      }
      return .ok
    }
  }

  private static func sitePlan(_ path: String) throws(CommandFault) -> SitePlan {
    switch loadConfiguration(path: path) {
    case .failure(let unreadable): throw CommandFault(.configuration, unreadable.description)
    case .success(let outcome):
      guard let configuration = outcome.configuration else {
        throw CommandFault(
          .configuration, "\(path) has mistakes; \"takt check --config \(path)\" names them")
      }
      return configuration.plan
    }
  }

  private static func chosen(
    _ name: String?, _ site: SitePlan
  ) throws(CommandFault) -> [BusDefinition] {
    guard let name else { return site.buses }
    guard let bus = site.buses.first(where: { $0.name == name }) else {
      let names = site.buses.map(\.name)
      let near = nearest(to: name, among: names).map { "; did you mean \"\($0)\"?" }
      throw CommandFault(
        .usage,
        "there is no bus \"\(name)\""
          + (near ?? "; there are: "
            + names.joined(separator: ", ")))
    }
    return [bus]
  }
}

/// A bus with its plan and what comes of it.
struct PlannedBus {
  let bus: BusDefinition
  let plan: ReadPlan
  let forecast: PlanForecast
  let phases: [Duration]
  /// What its units were found to refuse, with when that was.
  let learnt: [(refusal: LearntRefusal, since: WallTime)]

  /// Half of the answers took no longer, by position of the unit, where it was measured.
  let answers: [Int: Duration]

  /// Plans a bus; with what was learnt and measured by the gateway that runs here, if any does.
  init(
    _ bus: BusDefinition, _ known: PlanLearnt = PlanLearnt(), _ answers: [Int: Duration] = [:]
  ) {
    self.bus = bus
    self.answers = answers
    learnt = known.refusals(of: bus)
    plan = ReadPlan(bus, avoiding: learnt.map(\.refusal))
    forecast = PlanForecast(plan, of: bus, answers: answers)
    phases = plan.phases(in: bus)
  }

  /// What cannot be kept, or only just.
  var warnings: [String] { forecast.warnings(for: plan, of: bus) }

  /// The positions of a unit's blocks, by table, address and period.
  func blocks(of unit: Int) -> [Int] {
    plan.blocks.indices.filter { plan.blocks[$0].unit == unit }.sorted { left, right in
      let (left, right) = (plan.blocks[left], plan.blocks[right])
      return (left.table.readFunction, left.start, left.period)
        < (right.table.readFunction, right.start, right.period)
    }
  }

  /// Why the block at a position does not reach over the next one of its table.
  func split(_ position: Int, _ next: Int?) -> BlockSplit? {
    guard let next else { return nil }
    return plan.split(
      plan.blocks[position], plan.blocks[next], in: bus, avoiding: learnt.map(\.refusal))
  }
}
