// What people ask about what waits for uplinks, and about events that a receiver refused for good.
//
// Invariants
// - A number is an event's place in the journal: its sequence, unless the journal was once damaged.
// - A page is bounded, in rows and in bytes; who wants more asks for what follows its last row.

import Events
public import Outbox
public import Primitives

/// Which refused events are meant.
public struct RefusedChoice: Equatable, Sendable {
  /// nil for all.
  public var number: UInt64?
  /// nil for those of any uplink.
  public var uplink: String?

  public init(number: UInt64? = nil, uplink: String? = nil) {
    self.number = number
    self.uplink = uplink
  }

  func query(after row: Int64 = 0, byteLimit: Int) -> QuarantineQuery {
    QuarantineQuery(
      after: row, uplink: uplink, places: number.map { [$0] }, byteLimit: byteLimit)
  }

  /// As a sentence names them: "event 17", "refused event of mes".
  var text: String {
    (number.map { "refused event \($0)" } ?? "refused event") + (uplink.map { " of \($0)" } ?? "")
  }
}

/// What is asked of the outbox.
public enum OutboxRequest: Equatable, Sendable {
  /// What waits for each uplink, and what was refused, a page behind a row.
  case list(RefusedChoice, after: Int64)
  /// Refused events with their bytes, a page behind a row.
  case read(RefusedChoice, after: Int64)
  /// Events that wait for an uplink, with their bytes, a page behind a number.
  case waiting(uplink: String, after: UInt64)
  /// Sends refused events once more.
  case retry(RefusedChoice)
  /// Gives a refused event up, and tells so.
  case drop(RefusedChoice, by: String)
}

/// Limits of a page.
public enum OutboxPage {
  /// Bytes of events in one page; `ShopLimits.answersKept` pages are kept: 256 × 40 KiB = 10 MiB.
  public static let bytes = 32 * 1024
  /// Rows in one page.
  public static let rows = 100
}

extension QuarantinedRow {
  /// The event as a row of a list, or with its bytes.
  public func document(withBytes: Bool) -> JSONValue {
    var members: [String: JSONValue?] = [
      "number": .integer(Int64(clamping: event.sequence)), "uplink": .string(event.uplink),
      "status": .integer(Int64(event.status)), "answer": .string(event.answer),
      "refusedAt": .string(event.at.text), "bytes": .integer(Int64(event.bytes.count)),
    ]
    for (name, member) in [("id", "id"), ("type", "type"), ("time", "time")] {
      members[name] = EventGlance.text(member, event.bytes).map { .string($0) }
    }
    if withBytes { members["event"] = .string(String(decoding: event.bytes, as: UTF8.self)) }
    return .object(members.compactMapValues { $0 })
  }
}
