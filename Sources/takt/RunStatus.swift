// The answer to "status" on the control socket: asks the threads, waits a bounded time, builds the
// document.

import Delivery
import Gateway
import LinuxEdge
import Machines
import Outbox
import Polling
import Primitives
import Settings

extension Daemon {
  /// Everything the threads report, at most `RunLimits.statusWait` late.
  func status() -> StatusDocument {
    let number = ask()
    let deadline = clock.now() + RunLimits.statusWait
    while !isAnswered(number), clock.now() < deadline { _ = mainBell.wait(until: deadline) }
    // The bell may have rung for the main loop too; it looks at the phase in each turn anyway.
    mainBell.signal()
    return document(clock.reading())
  }

  /// Whether every thread has answered a question.
  func isAnswered(_ number: Int) -> Bool {
    guard (recorderBoard.newest?.question ?? 0) >= number else { return false }
    return fields.allSatisfy { ($0.board.newest?.question ?? 0) >= number || $0.life.isOver }
  }

  private func document(_ reading: ClockReading) -> StatusDocument {
    let recorder = recorderBoard.newest?.value
    let site = site
    var document = StatusDocument(
      gateway: plan.gateway.name, version: programVersion, startedAt: startedAt.wall,
      clock: reading, machines: machines(recorder?.status, reading.monotonic),
      buses: site.fields.map { field in
        guard let status = field.board.newest?.value else {
          return StatusDocument.Bus(
            name: field.bus.name, link: "starting", at: field.bus.line.text, units: [],
            lostSamples: 0)
        }
        return StatusDocument.Bus(status, field.bus, reading.monotonic)
      },
      uplinks: site.couriers.map(\.link).map { courier in
        let statistics = recorder?.status.uplinks.first { $0.name == courier.name }
        return StatusDocument.Uplink(
          courier.name, statistics, courier.status.newest, statistics?.oldestAge(reading))
      },
      lines: lines(recorder?.status), drop: dropBoard.newest,
      journal: StatusDocument.Journal(
        epoch: recorder?.status.epoch ?? "", sequence: recorder?.status.sequence ?? 0,
        held: recorder?.status.held ?? 0, bytes: recorder?.journalBytes ?? 0,
        freeBytes: recorder?.status.room?.freeBytes, lasts: recorder?.status.lasts,
        fault: recorder?.status.fault),
      residentBytes: ProcessFigures.now().residentBytes)
    document.configuration = configurationStatus.newest
    return document
  }
}

extension StatusDocument.Bus {
  init(_ status: BusStatus, _ bus: BusDefinition, _ now: Instant) {
    self.init(
      name: status.name, link: status.link, at: bus.line.text, lastError: status.lastError,
      reconnects: status.reconnects, counters: status.counters, lateness: status.lateness,
      units: status.units.enumerated().map { index, unit in
        StatusDocument.Unit(unit, bus.units[index], now)
      },
      lostSamples: status.lost)
  }
}

extension StatusDocument.Unit {
  /// Sentences about refused addresses: more than a screen of them help nobody.
  private static let refusalsTold = 16

  init(_ unit: BusStatus.UnitStatus, _ definition: UnitDefinition, _ now: Instant) {
    self.init(
      name: unit.name, address: definition.address, contact: unit.contactWord(at: now),
      age: unit.lastAnswer.map { now - $0 }, counters: unit.counters, requests: unit.requests,
      refused: unit.refused,
      refusals: unit.refusals.prefix(Self.refusalsTold).map { $0.sentence(at: now) },
      answers: unit.responses, proposedTimeout: unit.proposedTimeout,
      timeoutAdvice: unit.timeoutAdvice, lastError: unit.lastError)
  }
}

extension LearntRefusal {
  /// "holding 131 refused for 12 min 3 s: exception 2, illegal data address; check …".
  fileprivate func sentence(at now: Instant) -> String {
    if let lengthText, let remedy {
      return "\(lengthText); more was refused with \(cause); put \(remedy) into its configuration"
    }
    let (first, last) = (addresses.lowerBound, addresses.upperBound)
    let range = first == last ? "\(first)" : "\(first)-\(last)"
    let age = Human.duration(milliseconds: (now - since).wholeMilliseconds)
    guard exception != 0 else {
      return "\(table.rawValue) \(range) not answered for \(age), although other requests are; "
        + "check the addresses in the manual of the device"
    }
    return "\(table.rawValue) \(range) refused for \(age): exception \(exception), "
      + ExceptionText.meaning(of: exception)
  }
}

extension StatusDocument.Uplink {
  /// Keys that wait: more than a screen of them help nobody.
  private static let heldKeysTold = 16

  init(
    _ name: String, _ statistics: UplinkStatistics?, _ courier: CourierStatus?,
    _ oldest: Duration?
  ) {
    self.init(
      name: name, state: courier?.state ?? "starting", depth: statistics?.depth ?? 0,
      oldest: oldest, delivered: statistics?.delivered ?? 0,
      quarantined: UInt64(statistics?.kept ?? 0),
      lastSuccess: courier?.lastSuccess?.wall, lastError: courier?.alarm ?? courier?.lastError,
      conditions: courier?.conditions ?? [], speaks: courier?.speaks,
      history: statistics?.history, isInLanes: statistics?.isInLanes ?? false,
      heldKeys: Array(statistics?.heldKeys.prefix(Self.heldKeysTold) ?? []),
      held: statistics?.held ?? 0, isHeldUp: statistics?.isHeldUp ?? false)
  }
}
