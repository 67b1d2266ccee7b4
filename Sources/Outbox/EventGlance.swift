// A look at an event's final bytes without parsing them: what the outbox sorts and shows them by.
//
// Invariants
// - The bytes are those of a committed event: members sorted, so that what is looked for stands
//   behind `data` and `jws`; what is found is the last one of its name, never one inside of `data`.
// - What is not found is nil: nobody trusts these bytes to be what they should.

public import Primitives

/// Single members of an event, found from its end.
public enum EventGlance {
  /// When it was committed.
  public static func recorded(_ bytes: [UInt8]) -> WallTime? {
    text("recordedtime", bytes).flatMap(WallTime.init(text:))
  }

  /// Its type.
  public static func type(_ bytes: [UInt8]) -> String? { text("type", bytes) }

  /// The key that must stay in order.
  public static func partitionKey(_ bytes: [UInt8]) -> String? { text("partitionkey", bytes) }

  /// A text of the envelope without escapes; nil when there is none of the name.
  public static func text(_ name: String, _ bytes: [UInt8]) -> String? {
    let mark = Array(",\"\(name)\":\"".utf8)
    guard bytes.count > mark.count else { return nil }
    var start = bytes.count - mark.count
    while start >= 0 {
      if bytes[start] == mark[0], bytes[start..<(start + mark.count)].elementsEqual(mark) {
        let value = bytes[(start + mark.count)...].prefix { $0 != UInt8(ascii: "\"") }
        return value.endIndex < bytes.endIndex ? String(decoding: value, as: UTF8.self) : nil
      }
      start -= 1
    }
    return nil
  }
}
