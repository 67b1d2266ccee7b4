// Which changes of condition at the field are worth a line in the log.
//
// One line when a bus or a unit goes and one when it comes back, whatever happens in between (F54).

import Gateway
import Polling
import Primitives

/// What the log last said about one bus.
struct FieldConditions {
  private let bus: BusDefinition
  private var isUp: Bool?
  private var isLost: [Bool]

  init(_ bus: BusDefinition) {
    self.bus = bus
    isLost = bus.units.map { _ in false }
  }

  /// Compares with the last look, and logs what has changed.
  mutating func look(_ poller: Poller, _ log: Log) {
    for (index, unit) in bus.units.enumerated() {
      let lost = if case .lost = poller.health(of: index).state { true } else { false }
      guard lost != isLost[index] else { continue }
      isLost[index] = lost
      let why = lost ? poller.statusSnapshot.units[index].lastError : nil
      log.line(
        lost ? .warning : .notice,
        "unit \(unit.name): \(lost ? why ?? "no contact" : "answers again")")
    }
    let up: Bool
    switch poller.linkState {
    case .up: up = true
    case .coolingOff: up = false
    case .down, .connecting, .breaking: return
    }
    guard up != isUp else { return }
    isUp = up
    let why = up ? nil : poller.statusSnapshot.lastError
    log.line(
      up ? .notice : .warning,
      "bus \(bus.name) at \(bus.line.text): \(up ? "connected" : why ?? "not connected")")
  }
}
