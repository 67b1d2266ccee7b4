// Takes a request's body apart into the events' bytes exactly as they were sent.
//
// Invariants
// - The pieces are slices of the body; nothing is serialised again, so signatures stay true.
// - Any bytes are refused or taken apart; nothing traps. What a piece holds is judged later.

import Delivery
import Events

/// The events of one request.
enum ReceiveBatch {
  /// Events that one request may carry: what fits into its body at 600 bytes each, rounded up.
  static let eventLimit = 4096

  /// The elements of a JSON array as they stand; nil when the body is no array of objects.
  static func split(_ body: [UInt8]) -> [[UInt8]]? {
    var index = 0
    skipSpace(body, &index)
    guard take(UInt8(ascii: "["), body, &index) else { return nil }
    skipSpace(body, &index)
    var pieces: [[UInt8]] = []
    if take(UInt8(ascii: "]"), body, &index) { return onlySpace(body, index) ? pieces : nil }
    while true {
      skipSpace(body, &index)
      guard let end = objectEnd(body, index), pieces.count < eventLimit else { return nil }
      pieces.append(Array(body[index..<end]))
      index = end
      skipSpace(body, &index)
      if take(UInt8(ascii: "]"), body, &index) { return onlySpace(body, index) ? pieces : nil }
      guard take(UInt8(ascii: ","), body, &index) else { return nil }
    }
  }

  /// The index behind the object that starts here, by counting braces outside of strings.
  private static func objectEnd(_ body: [UInt8], _ start: Int) -> Int? {
    guard start < body.count, body[start] == UInt8(ascii: "{") else { return nil }
    var depth = 0
    var isInString = false
    var index = start
    while index < body.count {
      let byte = body[index]
      index += 1
      if isInString {
        if byte == UInt8(ascii: "\\") { index += 1 }
        if byte == UInt8(ascii: "\"") { isInString = false }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isInString = true
      case UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "}"):
        depth -= 1
        if depth == 0 { return index }
      default: continue
      }
    }
    return nil
  }

  private static func skipSpace(_ body: [UInt8], _ index: inout Int) {
    while index < body.count, [32, 9, 10, 13].contains(body[index]) { index += 1 }
  }

  private static func take(_ byte: UInt8, _ body: [UInt8], _ index: inout Int) -> Bool {
    guard index < body.count, body[index] == byte else { return false }
    index += 1
    return true
  }

  private static func onlySpace(_ body: [UInt8], _ index: Int) -> Bool {
    body[index...].allSatisfy { [32, 9, 10, 13].contains($0) }
  }
}
