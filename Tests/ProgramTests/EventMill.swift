// Events as a gateway would seal them, with keys and certificates made for the one test.

import Events
import Foundation
import LinuxEdge
import OpenSSLEdge
import Primitives

/// A gateway's pen: every event follows the one before.
struct EventMill {
  private var chain: EventChain
  private var notary: ES256Notary

  init(epoch: String = "5e1f0a2b", notary: ES256Notary) throws {
    let source = try EventSource(
      enterprise: "acme", site: "ulm", area: "press", line: "line-1", gateway: "gw-1")
    chain = EventChain(
      source: source, epoch: epoch, lastSequence: 0, lastDigest: Array(repeating: 0, count: 32))
    self.notary = notary
  }

  /// A stop of 34.2 seconds that has ended.
  mutating func stop(text: String = "Guard door open") throws -> [UInt8] {
    try seal(
      .stopEnded,
      [
        "stopId": "press-1-5e1f0a2b-1", "startedAt": "2026-03-02T07:14:56.050Z",
        "endedAt": "2026-03-02T07:15:30.250Z", "durationMs": 34200, "approximate": false,
        "cause": ["code": 12, "text": .string(text), "from": "plc"], "category": "unplanned",
        "classified": true,
      ])
  }

  /// Pieces made.
  mutating func count(good: Int64) throws -> [UInt8] {
    try seal(
      .productionCount,
      ["goodQuantity": .integer(good), "scrapQuantity": 1, "goodTotal": 12345, "recovered": true])
  }

  /// Any number of counts.
  mutating func counts(_ number: Int) throws -> [[UInt8]] {
    try (0..<number).map { _ in try count(good: 1) }
  }

  private mutating func seal(_ type: EventType, _ data: JSONValue) throws -> [UInt8] {
    let wall = WallTime(milliseconds: 1_772_435_730_250)
    let reading = ClockReading(
      monotonic: .boot, wall: wall, quality: .synchronised, bootID: "boot")
    let draft = EventDraft(
      type: type, unit: .machine("press-1"), at: Stamp(instant: .boot, wall: wall),
      partitionKey: "press-1", data: data)
    return try chain.seal(draft, reading: reading, notary: &notary).bytes
  }
}

extension [[UInt8]] {
  /// One event a line.
  var lines: [UInt8] { flatMap { $0 + [10] } }

  /// A JSON array of the bytes as they are.
  var batch: [UInt8] {
    [UInt8(ascii: "[")] + joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
  }
}

extension [UInt8] {
  /// Replaces the first occurrence of a text; the text must be there.
  func replacing(_ old: String, with new: String) -> [UInt8] {
    let text = String(decoding: self, as: UTF8.self)
    precondition(text.contains(old), "the event does not hold \(old)")
    return Array(text.replacingOccurrences(of: old, with: new).utf8)
  }
}
