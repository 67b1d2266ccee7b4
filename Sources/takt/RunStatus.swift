// Answers on the control socket: asks the threads, waits a bounded time, builds the document.

import Delivery
import Gateway
import LinuxEdge
import Machines
import Outbox
import Polling
import Primitives
import Settings

extension Daemon {
  /// The answer to one line on the control socket.
  func answer(_ line: String) -> [UInt8] {
    switch line.split(separator: " ").first {
    case "status": return status().bytes
    default:
      let fault: JSONValue = [
        "error": .string("\"\(line.prefix(40))\" is no question; there is: status")
      ]
      return fault.canonicalBytes
    }
  }

  /// Everything the threads report, at most `RunLimits.statusWait` late.
  private func status() -> StatusDocument {
    let number = ask()
    let deadline = clock.now() + RunLimits.statusWait
    while !isAnswered(number), clock.now() < deadline { _ = mainBell.wait(until: deadline) }
    // The bell may have rung for the main loop too; it looks at the phase in each turn anyway.
    mainBell.signal()
    return document(clock.reading())
  }

  private func isAnswered(_ number: Int) -> Bool {
    guard (recorderBoard.newest?.question ?? 0) >= number else { return false }
    return busBoards.allSatisfy { ($0.newest?.question ?? 0) >= number }
  }

  private func document(_ reading: ClockReading) -> StatusDocument {
    let recorder = recorderBoard.newest?.value
    return StatusDocument(
      gateway: plan.gateway.name, version: programVersion, startedAt: startedAt.wall,
      clock: reading, machines: recorder?.status.machines.map(StatusDocument.Machine.init) ?? [],
      buses: busBoards.indices.map { index in
        guard let status = busBoards[index].newest?.value else {
          return StatusDocument.Bus(
            name: plan.buses[index].name, link: "starting", units: [], lostSamples: 0)
        }
        return StatusDocument.Bus(status, reading.monotonic)
      },
      uplinks: couriers.map { courier in
        StatusDocument.Uplink(
          courier.name, recorder?.status.uplinks.first { $0.name == courier.name },
          courier.status.newest, reading.monotonic)
      },
      journal: StatusDocument.Journal(
        epoch: recorder?.status.epoch ?? "", sequence: recorder?.status.sequence ?? 0,
        held: recorder?.status.held ?? 0, bytes: recorder?.journalBytes ?? 0,
        fault: recorder?.status.fault),
      residentBytes: ProcessFigures.now().residentBytes)
  }
}

extension StatusDocument.Machine {
  init(_ status: MachineStatus) {
    self.init(
      name: status.name, state: status.condition.rawValue, since: status.since.wall,
      stop: status.stop.map { stop in
        let code = stop.cause.code.map { "\($0) " } ?? ""
        return StatusDocument.Stop(
          stopID: stop.stopID, startedAt: stop.startedAt.wall, cause: code + stop.cause.text)
      },
      goodTotal: status.goodTotal, scrapTotal: status.scrapTotal)
  }
}

extension StatusDocument.Bus {
  init(_ status: BusStatus, _ now: Instant) {
    self.init(
      name: status.name, link: status.link, lastError: status.lastError,
      units: status.units.map { unit in
        StatusDocument.Unit(
          name: unit.name, contact: unit.contactWord(at: now),
          age: unit.lastAnswer.map { now - $0 }, polls: unit.counters.polls,
          failures: unit.counters.failures, lastError: unit.lastError)
      },
      lostSamples: status.lost)
  }
}

extension StatusDocument.Uplink {
  init(
    _ name: String, _ statistics: UplinkStatistics?, _ courier: CourierStatus?, _ now: Instant
  ) {
    self.init(
      name: name, state: courier?.state ?? "starting", depth: statistics?.depth ?? 0,
      oldest: nil, delivered: statistics?.delivered ?? 0, quarantined: statistics?.refused ?? 0,
      lastSuccess: courier?.lastSuccess?.wall, lastError: courier?.alarm ?? courier?.lastError)
  }
}
