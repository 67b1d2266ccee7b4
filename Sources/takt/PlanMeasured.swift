// How long the devices really take to answer, from the gateway that runs with this configuration:
// a plan without it has to assume.

import LinuxEdge
import Polling
import Primitives
import Settings

/// The status of the running gateway, as far as a plan needs it.
struct PlanMeasured {
  private var status: JSONValue?

  /// Asks the gateway of a site; none that runs, or may be asked, is no mistake.
  init(_ site: SitePlan) {
    let client = GatewayClient(path: site.gateway.controlSocket, clock: SystemClock())
    status = try? client.ask("status")
  }

  /// The median from request to answer of each unit that has one, by its position in the bus.
  func answers(of bus: BusDefinition) -> [Int: Duration] {
    // The same name may lead elsewhere by now: then it says nothing about the device there.
    let known = status?["buses"]?.array?.first {
      $0["name"]?.string == bus.name && $0["at"]?.string == bus.line.text
    }
    var answers: [Int: Duration] = [:]
    for (index, unit) in bus.units.enumerated() {
      let own = known?["units"]?.array?.first { $0["unit"]?.integer == Int64(unit.address) }
      guard let median = own?["answers"]?["p50Us"]?.integer else { continue }
      answers[index] = .microseconds(max(0, median))
    }
    return answers
  }
}
