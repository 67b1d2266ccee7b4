// The primitives of MQTT's wire: integers, variable byte integers, strings and binary data.
//
// Invariants
// - Reading never traps, on any bytes: every step is checked against the end of its packet.
// - A variable byte integer has one form only, the shortest; a string is UTF-8 without NUL.
// - Writing cuts what is longer than 65,535 bytes; callers bound theirs far below it.

/// Why bytes are not what a peer may say.
public enum MQTTFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// The bytes break the rules of MQTT.
  case malformed(String)
  /// A packet of so many bytes, which is more than we take.
  case tooLarge(Int, limit: Int)

  public var description: String {
    switch self {
    case .malformed(let what): "reading MQTT: \(what)"
    case .tooLarge(let count, let limit):
      "reading MQTT: a packet of \(count) bytes, \(limit) allowed"
    }
  }
}

/// Reads one packet's bytes from front to back.
struct MQTTCursor {
  private let bytes: [UInt8]
  private var index: Int
  private let end: Int

  init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.bytes = bytes
    index = max(0, min(range.lowerBound, bytes.count))
    end = max(index, min(range.upperBound, bytes.count))
  }

  init(_ bytes: [UInt8]) { self.init(bytes, 0..<bytes.count) }

  var left: Int { end - index }
  var isAtEnd: Bool { index >= end }

  mutating func byte() throws(MQTTFault) -> UInt8 {
    guard index < end else { throw .malformed("a packet that ends early") }
    defer { index += 1 }
    return bytes[index]
  }

  mutating func short() throws(MQTTFault) -> UInt16 {
    let high = try byte()
    return try UInt16(high) << 8 | UInt16(byte())
  }

  mutating func long() throws(MQTTFault) -> UInt32 {
    let high = try short()
    return try UInt32(high) << 16 | UInt32(short())
  }

  /// One to four bytes, 0 to 268,435,455.
  mutating func variable() throws(MQTTFault) -> Int {
    var value = 0
    for place in 0..<4 {
      let next = try byte()
      value |= Int(next & 127) << (7 * place)
      guard next & 128 == 0 else { continue }
      guard next != 0 || place == 0 else { throw .malformed("an integer longer than it has to be") }
      return value
    }
    throw .malformed("an integer of more than four bytes")
  }

  /// Two bytes of length, then UTF-8 without NUL.
  mutating func text() throws(MQTTFault) -> String {
    let raw = try binary()
    guard !raw.contains(0), let text = String(validating: raw, as: UTF8.self) else {
      throw .malformed("a text that is not UTF-8")
    }
    return text
  }

  /// Two bytes of length, then as many bytes.
  mutating func binary() throws(MQTTFault) -> [UInt8] {
    let count = Int(try short())
    return try take(count)
  }

  mutating func take(_ count: Int) throws(MQTTFault) -> [UInt8] {
    guard count >= 0, count <= left else { throw .malformed("a length beyond the packet") }
    defer { index += count }
    return Array(bytes[index..<(index + count)])
  }

  /// Everything that is left.
  mutating func rest() -> [UInt8] {
    defer { index = end }
    return Array(bytes[index..<end])
  }

  /// The next bytes as something of their own.
  mutating func part(_ count: Int) throws(MQTTFault) -> MQTTCursor {
    guard count >= 0, count <= left else { throw .malformed("a length beyond the packet") }
    defer { index += count }
    return MQTTCursor(bytes, index..<(index + count))
  }
}

extension [UInt8] {
  mutating func append(short value: UInt16) {
    append(UInt8(truncatingIfNeeded: value >> 8))
    append(UInt8(truncatingIfNeeded: value))
  }

  mutating func append(long value: UInt32) {
    append(short: UInt16(truncatingIfNeeded: value >> 16))
    append(short: UInt16(truncatingIfNeeded: value))
  }

  /// The shortest form; what is outside of the range becomes its nearest bound.
  mutating func append(variable value: Int) {
    var left = Swift.max(0, Swift.min(value, MQTTLimits.largestVariable))
    repeat {
      let low = UInt8(truncatingIfNeeded: left & 127)
      left >>= 7
      append(left > 0 ? low | 128 : low)
    } while left > 0
  }

  mutating func append(text: String) { append(binary: Array(text.utf8)) }

  mutating func append(binary bytes: [UInt8]) {
    let kept = bytes.prefix(Int(UInt16.max))
    append(short: UInt16(kept.count))
    append(contentsOf: kept)
  }
}
