// A list in the body of an answer that tells for each event how it fared:
// [{"id":"gw17-1a2b3c4d-0000000000004711","status":200},{"id":…,"status":422,"error":…}]
//
// An entry is matched by the sequence at the end of its id; without an id by its place.

import Outbox
import Primitives

struct PerEventAnswer: Equatable {
  struct Entry: Equatable {
    var status: Int
    var text: String
  }

  private var bySequence: [UInt64: Entry] = [:]
  private var byPlace: [Entry] = []

  /// Reads the list; nil when the body is none.
  init?(_ body: [UInt8]) {
    guard body.first(where: { $0 > 32 }) == UInt8(ascii: "["),
      let list = (try? JSONValue(parsing: body))?.array, !list.isEmpty
    else { return nil }
    for value in list {
      guard let status = value["status"]?.integer, (100...599).contains(status) else { return nil }
      let text = String(value.canonicalText.prefix(DeliveryLimits.quotedCharacters))
      let entry = Entry(status: Int(status), text: text)
      guard let id = value["id"]?.string else {
        byPlace.append(entry)
        continue
      }
      let digits = id.utf8.reversed().prefix { (48...57).contains($0) }.reversed()
      guard let sequence = UInt64(String(decoding: digits, as: UTF8.self)) else { return nil }
      bySequence[sequence] = entry
    }
    guard byPlace.isEmpty || bySequence.isEmpty else { return nil }
  }

  /// The entry of the event at a place of the batch; nil when the list does not mention it.
  func entry(_ sequence: UInt64, place: Int) -> Entry? {
    bySequence[sequence] ?? (byPlace.indices.contains(place) ? byPlace[place] : nil)
  }

  /// Whether every entry says delivered.
  var isAllDelivered: Bool {
    (byPlace + bySequence.values).allSatisfy { (200...299).contains($0.status) }
  }
}
