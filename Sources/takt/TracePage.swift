// The frames of a bus as lines for a person, or for a program.
//
// Invariants
// - Pure: the answers of the gateway and the time go in, lines come out.
// - At most `rate` lines in each second; frames left out are told by their number, and so are those
//   that were gone before they could be fetched.

import Polling
import Primitives

/// What has been shown, and how fast.
struct TracePage {
  /// Requests whose answers may still come: one for each unit of a bus, twice.
  static let requestsKept = 512

  let unit: UInt8?
  let rate: Int
  let isJSON: Bool
  private var second = Instant.distantPast
  private var shown = 0
  private var left = 0
  /// Whether any frame passed that was asked for.
  private(set) var hasSeen = false
  /// When a request was sent, in microseconds, by unit and transaction.
  private var asked: [Int: Int64] = [:]

  init(unit: UInt8?, rate: Int, isJSON: Bool) {
    self.unit = unit
    self.rate = rate
    self.isJSON = isJSON
  }

  /// The lines for one answer of the gateway.
  mutating func lines(_ answer: JSONValue, now: Instant) -> [String] {
    var lines: [String] = []
    if now - second >= .seconds(1) {
      lines += rest()
      second = now
      shown = 0
    }
    if let missed = answer["missed"]?.integer, missed > 0 {
      lines.append(remark("missed", missed, "frames passed before they could be fetched"))
    }
    let framing = answer["framing"]?.string.flatMap(Framing.init) ?? .mbap
    for frame in answer["frames"]?.array ?? [] {
      guard let line = line(frame, framing) else { continue }
      hasSeen = true
      guard shown < rate else {
        left += 1
        continue
      }
      shown += 1
      lines.append(line)
    }
    return lines
  }

  /// What was left out since it was last told.
  mutating func rest() -> [String] {
    guard left > 0 else { return [] }
    defer { left = 0 }
    return [
      remark("notShown", Int64(left), "frames not shown; --rate raises \(rate) lines a second")
    ]
  }

  private func remark(_ name: String, _ count: Int64, _ text: String) -> String {
    guard !isJSON else { return JSONValue.object([name: .integer(count)]).canonicalText }
    return "… \(Human.count(count)) \(text)"
  }

  /// Nil for a frame of another unit than the one asked for.
  private mutating func line(_ frame: JSONValue, _ framing: Framing) -> String? {
    let bytes = frame["hex"]?.string.flatMap(Hex.decode) ?? []
    let way = frame["way"]?.string ?? ""
    let role: FrameText.Role =
      way == "sent" ? .request : way == "received" ? .answer : .discarded
    let text = FrameText(bytes, role, framing: framing)
    let took = elapsed(text, role, at: frame["us"]?.integer ?? 0)
    guard unit == nil || text.unit == unit else { return nil }
    guard !isJSON else { return json(frame, text, bytes, took) }
    var line = Human.timeOfDay(frame["at"]?.string ?? "", fraction: true)
    switch role {
    case .request: line += " → "
    case .answer: line += " ← "
    case .discarded: line += " × "
    }
    if role != .discarded, let unit = text.unit { line += "unit \(unit) " }
    line += text.text
    if let took { line += "  \(Duration.microseconds(took).answerText)" }
    if !text.packing.isEmpty, role != .discarded { line += "  [\(text.packing)]" }
    return line + "  " + FrameText.hex(bytes)
  }

  private func json(
    _ frame: JSONValue, _ text: FrameText, _ bytes: [UInt8], _ took: Int64?
  ) -> String {
    var members: [String: JSONValue] = [
      "text": .string(text.text), "hex": .string(Hex.encode(bytes)),
    ]
    for name in ["n", "at", "us", "way"] { members[name] = frame[name] }
    if let unit = text.unit { members["unit"] = .integer(Int64(unit)) }
    if let transaction = text.transaction { members["transaction"] = .integer(Int64(transaction)) }
    if let exception = text.exception { members["exception"] = .integer(Int64(exception)) }
    if !text.packing.isEmpty { members["packing"] = .string(text.packing) }
    if let took { members["tookUs"] = .integer(took) }
    return JSONValue.object(members).canonicalText
  }

  /// Microseconds since the request that an answer belongs to.
  private mutating func elapsed(
    _ text: FrameText, _ role: FrameText.Role, at moment: Int64
  ) -> Int64? {
    guard let unit = text.unit else { return nil }
    let key = Int(unit) << 16 | Int(text.transaction ?? 0)
    switch role {
    case .request:
      if asked.count >= Self.requestsKept { asked.removeAll() }
      asked[key] = moment
      return nil
    case .answer:
      return asked.removeValue(forKey: key).map { moment &- $0 }
    case .discarded: return nil
    }
  }
}
