// Canonical bytes (RFC 8785) written once, straight into the event's buffer.
//
// Invariants
// - For any tree it writes exactly the bytes of `JSONValue.canonicalBytes`; a test holds this.
//
// Why a second writer: envelope members are known and already sorted, times repeat their day, and
// ASCII member names sort as bytes. Together that is most of the time an event costs before it is
// signed.

internal import Primitives

struct CanonicalWriter {
  var bytes: [UInt8] = []
  /// The day last written and its text; events come in runs of the same day.
  private var day: Int64 = .min
  private var dayText: [UInt8] = []

  mutating func begin(reserving count: Int) {
    bytes = []
    bytes.reserveCapacity(count)
  }

  /// A text that needs no escapes.
  mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

  mutating func digits(_ value: UInt64, width: Int) {
    let start = bytes.count
    for _ in 0..<width { bytes.append(UInt8(ascii: "0")) }
    var (rest, index) = (value, start + width - 1)
    while rest > 0, index >= start {
      bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
      index -= 1
    }
  }

  /// RFC 3339 in UTC with milliseconds, without quotes.
  mutating func time(_ time: WallTime) {
    let clamped = min(max(time, .earliest), .latest).milliseconds
    var (days, inDay) = clamped.quotientAndRemainder(dividingBy: 86_400_000)
    if inDay < 0 { (days, inDay) = (days - 1, inDay + 86_400_000) }
    if days != day {
      dayText = Array(WallTime(milliseconds: days * 86_400_000).text.utf8.prefix(11))
      day = days
    }
    bytes.append(contentsOf: dayText)
    let rest = UInt64(inDay)
    digits(rest / 3_600_000, width: 2)
    bytes.append(UInt8(ascii: ":"))
    digits(rest / 60_000 % 60, width: 2)
    bytes.append(UInt8(ascii: ":"))
    digits(rest / 1000 % 60, width: 2)
    bytes.append(UInt8(ascii: "."))
    digits(rest % 1000, width: 3)
    bytes.append(UInt8(ascii: "Z"))
  }

  mutating func string(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    let clean = text.utf8.allSatisfy {
      $0 >= 32 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
    }
    if clean {
      bytes.append(contentsOf: text.utf8)
      bytes.append(UInt8(ascii: "\""))
    } else {
      bytes.removeLast()
      bytes.append(contentsOf: JSONValue.string(text).canonicalBytes)
    }
  }

  mutating func value(_ value: JSONValue) {
    switch value {
    case .null: raw("null")
    case .bool(let flag): if flag { raw("true") } else { raw("false") }
    case .integer(let integer): raw(String(integer))
    case .number(let text): raw(text)
    case .string(let text): string(text)
    case .array(let values):
      bytes.append(UInt8(ascii: "["))
      for (index, element) in values.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        self.value(element)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members): object(members)
    }
  }

  private mutating func object(_ members: [String: JSONValue]) {
    bytes.append(UInt8(ascii: "{"))
    var sorted = Array(members)
    if sorted.allSatisfy({ $0.key.utf8.allSatisfy { $0 < 128 } }) {
      sorted.sort { $0.key < $1.key }
    } else {
      sorted.sort { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
    }
    for (index, member) in sorted.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      string(member.key)
      bytes.append(UInt8(ascii: ":"))
      value(member.value)
    }
    bytes.append(UInt8(ascii: "}"))
  }
}
