// Uplinks that come and go while the journal stays open.
//
// Invariants
// - A lane that stays keeps its parcels in flight and its depth.
// - One that goes leaves its cursor to whoever keeps it: the bit stays with the name, and what is
//   due to it holds no deletion back any more.
// - One that comes goes on where its cursor says, or is new (see Outbox).

extension Outbox {
  /// From now on these are the uplinks; `strangers` are the cursors of names that have none.
  public mutating func follow(_ names: [String], strangers: inout [UplinkCursor]) {
    for lane in lanes where !names.contains(lane.name) {
      strangers.append(
        UplinkCursor(name: lane.name, bit: lane.bit, acknowledged: lane.acknowledged))
    }
    let state = StoreState(epoch: "", lastSequence: lastSequence, firstHeld: firstHeld)
    var taken = Set(lanes.map(\.bit) + strangers.map(\.bit))
    var next: [UplinkLane] = []
    for name in names where !next.contains(where: { $0.name == name }) {
      if let lane = lanes.first(where: { $0.name == name }) {
        next.append(lane)
      } else if let cursor = strangers.first(where: { $0.name == name }) {
        next.append(UplinkLane(cursor: cursor, isKnown: true, state: state))
      } else if let bit = (0..<OutboxLimits.uplinks).first(where: { !taken.contains($0) }) {
        taken.insert(bit)
        let cursor = UplinkCursor(name: name, bit: bit, acknowledged: 0)
        next.append(UplinkLane(cursor: cursor, isKnown: false, state: state))
      }
    }
    strangers.removeAll { names.contains($0.name) }
    lanes = next
  }
}
