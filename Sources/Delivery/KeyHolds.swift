// Which partition keys wait behind a refused event, as long as the outbox has not heard of it.
//
//   refused ──report──▶ outbox: it holds the key back itself
//      └── until a parcel says so, what comes of the key is given back unsent
//
// Invariants
// - A key is free again as soon as a parcel was made by an outbox that has heard of its refusal:
//   from then on only the outbox knows whether somebody has decided.

import Outbox

struct KeyHolds: Equatable, Sendable {
  /// The place of the refused event, by key.
  private var refused: [String: UInt64] = [:]

  var isEmpty: Bool { refused.isEmpty }

  /// An event was refused; its key from now on.
  mutating func hold(_ event: StoredEvent) -> String? {
    guard let key = EventGlance.partitionKey(event.bytes) else { return nil }
    refused[key] = event.sequence
    return key
  }

  func holds(_ event: StoredEvent) -> Bool {
    guard !refused.isEmpty, let key = EventGlance.partitionKey(event.bytes) else { return false }
    return refused[key] != nil
  }

  /// Forgets what the maker of a parcel has heard of.
  mutating func hear(_ parcel: Parcel) {
    guard !refused.isEmpty else { return }
    refused = refused.filter { $0.value > parcel.heardThrough }
  }
}
