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
      Times are worked out from the speed of the line; a device is assumed to need
      \(LineTiming.assumedTurnaround.text) to answer on a serial line, and a network to need
      \(LineTiming.assumedRoundTrip.text) for both ways. "takt status" shows what was measured.
      """,
      """
      Addresses count from 0; behind them stand the same as Modicon numbers, from 1.
      """,
    ],
    exits: [.ok, .configuration])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let site = try sitePlan(options.text("config") ?? ConfigurationFiles.defaultPath)
      let buses = try chosen(options.text("bus"), site)
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
  ) throws(CommandFault) -> [PlannedBus] {
    guard let name else { return site.buses.map { PlannedBus($0) } }
    guard let bus = site.buses.first(where: { $0.name == name }) else {
      let names = site.buses.map(\.name)
      let near = nearest(to: name, among: names).map { "; did you mean \"\($0)\"?" }
      throw CommandFault(
        .usage,
        "there is no bus \"\(name)\""
          + (near ?? "; there are: "
            + names.joined(separator: ", ")))
    }
    return [PlannedBus(bus)]
  }
}

/// A bus with its plan and what comes of it.
struct PlannedBus {
  let bus: BusDefinition
  let plan: ReadPlan
  let forecast: PlanForecast
  let phases: [Duration]

  init(_ bus: BusDefinition) {
    self.bus = bus
    plan = ReadPlan(bus)
    forecast = PlanForecast(plan, of: bus)
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
    return plan.split(plan.blocks[position], plan.blocks[next], in: bus)
  }
}
