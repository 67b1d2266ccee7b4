// From what the recorder reports of machines and lines to the status document.

import Gateway
import Machines
import Primitives
import Settings

extension Daemon {
  /// The machines in the order of the configuration.
  func machines(_ status: RecorderStatus?, _ now: Instant) -> [StatusDocument.Machine] {
    (status?.machines ?? []).enumerated().map { index, machine in
      let mapping = index < plan.machines.count ? plan.machines[index].mapping : .usual
      return StatusDocument.Machine(machine, mapping, now)
    }
  }

  func lines(_ status: RecorderStatus?) -> [StatusDocument.Line] { [] }
}

extension StatusDocument.Machine {
  init(_ status: MachineStatus, _ mapping: StateMapping, _ now: Instant) {
    let names = mapping[status.condition]
    self.init(
      name: status.name, state: status.condition.rawValue, since: status.since.wall,
      age: max(.zero, now - status.since.instant), packMLState: names.packMLState,
      packMLMode: names.packMLMode,
      stop: status.stop.map { stop in
        let code = stop.cause.code.map { "\($0) " } ?? ""
        return StatusDocument.Stop(
          stopID: stop.stopID, startedAt: stop.startedAt.wall, cause: code + stop.cause.text,
          reason: stop.cause.reason, classified: stop.classified)
      },
      goodTotal: status.goodTotal, scrapTotal: status.scrapTotal, reworkTotal: status.reworkTotal)
  }
}
