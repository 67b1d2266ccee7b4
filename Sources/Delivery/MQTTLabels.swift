// What an event's own bytes say about its way: source, type, key and epoch.
//
// Invariants
// - Reads the outermost members only, once, from front to back, and never traps on any bytes; what
//   cannot be read is empty. The bytes themselves are not touched.
//
// Why not the JSON reader: it builds every value, and a drain reads a million events.

/// The labels of one event.
public struct MQTTLabels: Equatable, Sendable {
  public var source = ""
  public var type = ""
  public var partitionKey = ""
  public var epoch = ""

  /// Reads the members of a JSON object in the committed form, without white space.
  public init(_ bytes: [UInt8]) {
    var index = 0
    guard bytes.first == UInt8(ascii: "{") else { return }
    index = 1
    while index < bytes.count, let name = Self.text(bytes, &index) {
      guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { return }
      index += 1
      let member = bytes[name]
      if index < bytes.count, bytes[index] == UInt8(ascii: "\"") {
        guard let value = Self.text(bytes, &index) else { return }
        take(member, bytes[value])
      } else {
        Self.skip(bytes, &index)
      }
      guard index < bytes.count, bytes[index] == UInt8(ascii: ",") else { return }
      index += 1
    }
  }

  private mutating func take(_ member: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
    switch member.count {
    case 4 where member.elementsEqual("type".utf8): type = Self.plain(value)
    case 5 where member.elementsEqual("epoch".utf8): epoch = Self.plain(value)
    case 6 where member.elementsEqual("source".utf8): source = Self.plain(value)
    case 12 where member.elementsEqual("partitionkey".utf8): partitionKey = Self.plain(value)
    default: break
    }
  }

  /// The text as it stands: equal texts stay equal, which is all that a key needs.
  private static func plain(_ value: ArraySlice<UInt8>) -> String {
    String(decoding: value, as: UTF8.self)
  }

  /// The inside of a string that begins here; moves behind its closing quote.
  private static func text(_ bytes: [UInt8], _ index: inout Int) -> Range<Int>? {
    guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { return nil }
    let start = index + 1
    index = start
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\""):
        defer { index += 1 }
        return start..<index
      case UInt8(ascii: "\\"): index += 2
      default: index += 1
      }
    }
    index = bytes.count
    return nil
  }

  /// Moves behind a value that is no string.
  private static func skip(_ bytes: [UInt8], _ index: inout Int) {
    var depth = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\""):
        _ = text(bytes, &index)
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard depth > 0 else { return }
        depth -= 1
      case UInt8(ascii: ","): if depth == 0 { return }
      default: break
      }
      index += 1
    }
  }
}
