// What the floor's machines are told beside their samples, and what people ask of their stops.
//
// Invariants
// - An input touches its machine: the next `advance` lets it decide, and its deadline is kept.
// - The fact of a classification comes with the next `advance`, and so does its snapshot: both are
//   in one transaction.

package import Machines
package import Primitives

extension Floor {
  /// The order of a machine changes then: what it counted before is told before.
  package mutating func cut(machine: Int, at: Stamp) {
    machines[machine].cut(at: at)
    touch(machine)
  }

  /// Planned time of a machine begins or ends then.
  package mutating func plan(machine: Int, _ isPlanned: Bool, at: Stamp) {
    machines[machine].plan(isPlanned, at: at)
    touch(machine)
  }

  /// The ideal cycle of a machine is another one from then on; nil when nobody knows it.
  package mutating func setIdealCycle(machine: Int, _ cycle: Duration?, at: Stamp) {
    machines[machine].setIdealCycle(cycle, at: at)
    touch(machine)
  }

  /// Gives a stop of a machine the reason that somebody says; its fact comes with `advance`.
  package mutating func classify(
    machine: Int, stopID: String, reason: String, by: String, reading: ClockReading
  ) throws(ReasonFault) {
    try machines[machine].classify(stopID, reason: reason, by: by)
    touch(machine)
  }

  /// The stops of a machine that wait for a reason, oldest first.
  package func unclassified(machine: Int) -> [StopRecord] { machines[machine].unclassified }

  /// Everything of a machine before this moment has been told.
  package func toldUntil(machine: Int) -> Instant { machines[machine].toldUntil }
}
