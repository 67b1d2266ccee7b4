// Places and sequences: a journal that was damaged carries the events of the epochs before.
//
//   epoch  1a2b3c4d        5e6f7a8b
//   place  1 … 4711        4712 …
//   its    1 … 4711        1 …
//
// Invariants
// - Places only grow, over all epochs of a journal: cursors stay what they are.
// - Nothing is told in places: a receiver knows epochs and their sequences.

public import Events

extension Outbox {
  /// The epoch that a place belongs to.
  func epoch(of place: UInt64) -> EpochBefore {
    epochs.last { $0.base < place } ?? epochs.first ?? EpochBefore(epoch: nil, base: 0)
  }

  /// The last place of the epoch that a place belongs to.
  func end(of place: UInt64) -> UInt64 { epochs.first { $0.base >= place }?.base ?? .max }

  func sequences(_ first: UInt64, _ last: UInt64) -> Loss.Range {
    let base = epoch(of: first).base
    return .sequences(first - min(first, base), through: last - min(last, base))
  }

  /// Where a loss was, with the epoch when it is not the present one.
  func place(_ first: UInt64) -> String {
    let epoch = epoch(of: first)
    return epoch == epochs.last ? "journal" : "journal, epoch \(epoch.epoch ?? "unknown")"
  }

  /// What an opened store can no longer read, as losses to be told with the next commit.
  public static func losses(_ state: StoreState) -> [Loss] {
    state.lost.map { lost in
      Loss(
        range: .sequences(lost.first, through: lost.last), count: lost.count,
        place: "journal, epoch \(lost.epoch ?? "unknown")",
        why: "the journal was damaged; what proves itself goes on in epoch \(state.epoch)")
    }
  }
}
