// What the journal remembers of machines, lines and uplinks that are not configured now.
//
// They may be configured again, by the next reload: then they go on where they were, with the same
// numbers of stops and the same bit of their uplink. The journal is not read again for that.

import Machines
import Outbox

/// Snapshots and cursors that nobody uses now.
struct Shelf: Sendable {
  private(set) var snapshots: [String: [UInt8]] = [:]
  var cursors: [UplinkCursor] = []

  init(_ plan: RecorderPlan, _ state: StoreState) {
    put(state.snapshots, beside: plan)
    cursors = state.cursors.filter { !plan.uplinks.contains($0.name) }
  }

  /// Keeps of some snapshots those that a plan has no use for; forgets what it uses.
  mutating func put(_ all: [String: [UInt8]], beside plan: RecorderPlan) {
    let used = Self.names(plan)
    snapshots = snapshots.merging(all) { _, newer in newer }.filter { !used.contains($0.key) }
  }

  /// Every name under which a plan keeps a snapshot.
  private static func names(_ plan: RecorderPlan) -> Set<String> {
    var names: Set = [LastRunRecord.name]
    for rules in plan.machines {
      names.insert(Floor.snapshotName(rules.name))
      names.insert(Shop.totalsName(rules.name))
      names.insert(Shop.ledgerName(rules.name))
      names.insert(LimitBoard.snapshotName(rules.name))
    }
    for line in plan.lines {
      names.insert(Shop.partName(line.name, .orders))
      names.insert(Shop.partName(line.name, .desk))
      for machine in line.machines {
        names.insert(Shop.partName(line.name, .station(machine)))
      }
      names.insert(LineClock.snapshotName(line.name))
    }
    return names
  }
}
