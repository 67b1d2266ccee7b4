// Inputs of the floor that do not come from the field.

import Machines
import Primitives

extension Floor {
  mutating func cut(machine: Int, at: Stamp) {}
  mutating func plan(machine: Int, _ isPlanned: Bool, at: Stamp) {}
  mutating func setIdealCycle(machine: Int, _ cycle: Duration?, at: Stamp) {}
  mutating func classify(
    machine: Int, stopID: String, reason: String, by: String, reading: ClockReading
  ) throws(ReasonFault) {
    throw .unknownStop(id: stopID)
  }
  func unclassified(machine: Int) -> [StopRecord] { [] }
}
