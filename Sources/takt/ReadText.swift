// What `takt read` prints: values, their registers, and what a refusal means.
//
// Invariants
// - Pure: the same words give the same text.
// - Nothing that the device sent is hidden: the registers stand beside every value as they came.

import Polling
import Primitives
import Settings
import Signals

/// What is read and how it is shown.
struct ReadQuestion: Equatable {
  /// "line-2/3".
  var unitName: String
  var unit: UInt8
  var line: BusLine
  var address: ParsedAddress
  /// Values one behind the other.
  var count: Int
  var timeout: Duration

  /// Addresses that one request asks for.
  var words: Int { Int(address.format.count) * count }

  var request: ReadRequest {
    ReadRequest(
      unitAddress: unit, table: address.table, start: address.start,
      count: UInt16(clamping: words), timeout: timeout)
  }
}

/// One value with the registers it came from.
struct ReadValue: Equatable {
  var start: Int
  /// Nil when the registers hold no value of the type.
  var text: String?
  var json: JSONValue
  var words: [UInt16]
}

extension ReadQuestion {
  /// The values in an answer; what is missing at its end is left out.
  func values(_ words: [UInt16]) -> [ReadValue] {
    let width = Int(address.format.count)
    return (0..<count).compactMap { index in
      guard (index + 1) * width <= words.count else { return nil }
      let own = Array(words[(index * width)..<((index + 1) * width)])
      let (text, json) = Self.value(own, address.format)
      return ReadValue(
        start: Int(address.start) + index * width, text: text, json: json, words: own)
    }
  }

  private static func value(
    _ words: [UInt16], _ format: RegisterFormat
  ) -> (text: String?, json: JSONValue) {
    if format.type == .string {
      guard let pieces = format.decodeText(words.span) else { return (nil, .null) }
      let text = self.text(pieces)
      return ("\"\(text)\"", .string(text))
    }
    switch format.decode(words) {
    case .integer(let value): return ("\(value)", .integer(value))
    case .unsigned(let value): return ("\(value)", .number("\(value)"))
    case .real(let value):
      // A Float's own shortest text: 21.3, not 21.299999237060547.
      let text = format.type == .f32 ? "\(Float(value))" : "\(value)"
      return (text, .number(text))
    case .text(_), .none?, nil: return (nil, .null)
    }
  }

  private static func text(_ pieces: TextPieces) -> String {
    var bytes: [UInt8] = []
    for index in 0..<pieces.count {
      for shift in 0..<8 {
        let byte = UInt8(truncatingIfNeeded: pieces.pieces[index] >> UInt64(8 * shift))
        if byte != 0 { bytes.append(byte) }
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// "line-2/3  holding 100 = 40101 = holding 0x0064, f32, function 3".
  var head: String {
    let places = address.notations.joined(separator: " = ")
    return "\(unitName)  \(places), \(address.format.type.rawValue), "
      + "function \(address.table.readFunction)"
  }

  /// The rows of one answer: where, value, registers.
  func lines(_ words: [UInt16]) -> [String] {
    let rows = values(words).map { value in
      [
        "\(address.table.rawValue) \(value.start)",
        value.text ?? "no \(address.format.type.rawValue)",
        // A bit is its own value; registers stand beside theirs.
        address.table.holdsBits ? "" : value.words.map(FrameText.hex).joined(separator: " "),
      ]
    }
    return Columns.text(rows, indent: 2).split(separator: "\n").map(String.init)
  }

  /// One line of JSON about one answer.
  func json(_ words: [UInt16], took: Duration, at: String, through: String) -> JSONValue {
    var members = jsonHead(at: at, through: through)
    members["words"] = .array(words.map { .integer(Int64($0)) })
    members["values"] = .array(values(words).map(\.json))
    members["tookUs"] = .integer(took.nanoseconds / 1000)
    return .object(members)
  }

  /// One line of JSON about a request that was not answered with values.
  func json(_ fault: BusFault, at: String, through: String) -> JSONValue {
    var members = jsonHead(at: at, through: through)
    members["kind"] = .string(fault.kind)
    members["fault"] = .string(sentence(fault))
    if case .exception(let code) = fault { members["exception"] = .integer(Int64(code)) }
    return .object(members)
  }

  private func jsonHead(at: String, through: String) -> [String: JSONValue] {
    [
      "at": .string(at), "through": .string(through), "unit": .integer(Int64(unit)),
      "name": .string(unitName), "table": .string(address.table.rawValue),
      "start": .integer(Int64(address.start)), "type": .string(address.format.type.rawValue),
    ]
  }

  /// What went wrong where, and what to do.
  func sentence(_ fault: BusFault) -> String {
    let last = Int(address.start) + words - 1
    let range = words == 1 ? "\(address.start)" : "\(address.start)-\(last)"
    let kind = (address.table.holdsBits ? "bit" : "register") + (words == 1 ? "" : "s")
    let what = "reading \(address.table.rawValue) \(kind) \(range) of \(unitName)"
    switch fault {
    case .timeout:
      return "\(what): no answer within \(timeout.text); check the cable and that the unit number "
        + "is \(unit)"
    case .exception(let code):
      return "\(what): refused with exception \(code), \(ExceptionText.meaning(of: code))"
    case .garbage(let cause):
      return "\(what): no valid answer (\(cause)); \(line.advice(onGarbage: cause))"
    case .broken(let cause), .unreachable(let cause):
      return "\(what): \(cause)"
    }
  }
}

extension Duration {
  /// "4.1 ms", "312 ms", "1.2 s": how long an answer took.
  var answerText: String {
    let microseconds = max(0, nanoseconds) / 1000
    switch microseconds {
    case ..<100: return "under 0.1 ms"
    case ..<100_000: return "\(microseconds / 1000).\(microseconds / 100 % 10) ms"
    case ..<1_000_000: return "\(microseconds / 1000) ms"
    default: return "\(microseconds / 1_000_000).\(microseconds / 100_000 % 10) s"
    }
  }
}
