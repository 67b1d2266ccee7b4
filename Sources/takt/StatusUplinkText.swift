// What the status text says below the line of an uplink.
//
// Invariants
// - Every member may be missing: then nothing is said.
// - A note tells how things are; a remark needs a person, and says what to do.

import Primitives

enum StatusUplinkText {
  /// Keys named in a remark; the rest is in --json.
  private static let keysShown = 4

  /// The protocol that was agreed on, and what is left of an outage.
  static func notes(_ uplink: JSONValue) -> [String] {
    var notes: [String] = []
    if let speaks = uplink["speaks"]?.string { notes.append("speaks \(speaks)") }
    if let history = uplink["history"], let left = history["left"]?.integer, left > 0 {
      let lanes = history["lanes"]?.bool ?? false
      notes.append(
        "history of an outage: up to \(Human.count(left)) events are left, "
          + (lanes
            ? "in a lane of their own; what is new goes ahead" : "in order before what is new")
      )
    }
    return notes
  }

  /// Keys that wait behind a refused event.
  static func remarks(_ uplink: JSONValue) -> [String] {
    let keys = uplink["heldKeys"]?.array?.compactMap(\.string) ?? []
    guard !keys.isEmpty else { return [] }
    let more = keys.count - keysShown
    let named =
      keys.prefix(keysShown).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    let held = uplink["held"]?.integer ?? 0
    let all =
      uplink["heldUp"]?.bool == true
      ? "; as many are kept as may be, so that nothing more is sent at all" : ""
    return [
      "an event of \(named) was refused, and \(Human.count(held)) behind it wait\(all); "
        + "\"takt outbox list\" shows it, retry or drop decides"
    ]
  }
}
