// What may be meant otherwise than it is written: no mistake that "takt check" could refuse, since
// some devices are really so, but the first thing to look at when values make no sense.

import Polling
import Settings
import Signals

enum DoctorHints {
  /// Pairs of signals told; more help nobody.
  private static let told = 4

  /// Signals of one unit that share some registers but not their first: an address is off by one,
  /// or a type is too long.
  static func overlaps(_ plan: SitePlan) -> [DoctorFinding] {
    plan.buses.flatMap { bus in bus.units.flatMap { overlaps($0, plan) } }
  }

  private static func overlaps(_ unit: UnitDefinition, _ plan: SitePlan) -> [DoctorFinding] {
    let sorted = unit.bindings.sorted { $0.address < $1.address }
    var findings: [DoctorFinding] = []
    for (first, second) in zip(sorted, sorted.dropFirst())
    where first.table == second.table && first.address < second.address {
      let end = Int(first.address) + max(1, Int(first.count))
      guard end > Int(second.address), findings.count < told else { continue }
      findings.append(
        .warn(
          "unit \(unit.name)",
          "\(name(first, plan)) (\(first.table.rawValue) \(first.address)-\(end - 1)) and "
            + "\(name(second, plan)) (\(second.address)) share registers",
          "one of the addresses may be off by one, or the type too long; \"takt decode\" shows "
            + "what stands there"))
    }
    return findings
  }

  private static func name(_ binding: ReadBinding, _ plan: SitePlan) -> String {
    let index = Int(binding.signal.index)
    return index < plan.signals.count ? plan.signals[index].definition.name : "signal \(index)"
  }
}
