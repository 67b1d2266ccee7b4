// What `takt decode` prints: every register, every type and order, and what is likely meant.
//
// Invariants
// - Pure: the same words give the same text.
// - Offsets count from the address that was asked; what was read along before it has negative ones.

import Polling
import Primitives
import Settings
import Signals

/// Registers seen in every way, as lines.
struct DecodeText {
  /// Likely readings that are told; more would be guessing.
  static let shown = 8
  /// Points for standing where it was asked.
  static let askedFor = 12

  private let decipher: Decipher
  private let place: ParsedAddress?
  private let before: Int
  private let name: String?
  private let likely: [DecipherReading]

  /// Words that begin `before` registers ahead of the address asked for.
  init(
    _ words: [UInt16], place: ParsedAddress?, before: Int, expected: DisplayedNumber?,
    name: String? = nil
  ) {
    decipher = Decipher(words, expected: expected)
    self.place = place
    self.before = before
    self.name = name
    // Where it was asked is where it is looked for: such readings go before equals.
    let all = decipher.plausible().enumerated().sorted { left, right in
      let points = [left, right].map { side in
        side.element.likelihood + (side.element.offset == before ? Self.askedFor : 0)
      }
      return (points[1], left.offset) < (points[0], right.offset)
    }.map(\.element)
    // Of neighbours that were not asked for, only what fits the display is of interest.
    likely = all.filter { reading in
      let isAsked = reading.offset >= before && reading.offset < words.count - min(before, 1)
      return reading.likelihood > 100 || isAsked || before == 0
    }
  }

  var lines: [String] {
    var lines =
      place.map { place in
        [(name.map { $0 + "  " } ?? "") + place.notations.joined(separator: " = ")]
      } ?? []
    lines +=
      section("one register", single) + section("two registers", pairs)
      + section("four registers", quads) + section("texts", texts)
    lines += ["", "likely"] + suggestions
    if let advice { lines += ["", advice] }
    return lines
  }

  /// The registers, and the likely readings, the best first.
  var json: JSONValue {
    [
      "registers": .array(decipher.words.map { .integer(Int64($0)) }),
      "likely": .array(
        likely.map { reading in
          var members: [String: JSONValue] = [
            "at": .string(spot(reading.offset)), "as": .string(reading.form.formatText ?? ""),
            "text": .string(reading.text), "likelihood": .integer(Int64(reading.likelihood)),
          ]
          if !reading.reason.isEmpty { members["reason"] = .string(reading.reason) }
          members["scale"] = reading.scale.map { .string($0) }
          return .object(members)
        }),
    ]
  }

  private func section(_ title: String, _ rows: [[String]]) -> [String] {
    guard rows.count > 1 else { return [] }
    return ["", title] + Columns.text(rows, indent: 2).split(separator: "\n").map(String.init)
  }

  /// "holding 102", or how many registers behind the first.
  private func spot(_ offset: Int) -> String {
    let number = offset - before
    guard let place else { return "\(number)" }
    return "\(place.table.rawValue) \(Int(place.start) + number)"
  }

  // MARK: - Tables

  private var single: [[String]] {
    let head = ["at", "hex", "u16", "i16", "u16 badc", "i16 badc", "digits", "bits 15…0"]
    return [head]
      + decipher.words.enumerated().map { offset, word in
        let digits = FrameText.hex(word)
        let isDecimal = digits.utf8.allSatisfy { (48...57).contains($0) }
        return [
          spot(offset), FrameText.hex(word), cell(offset, .u16, .abcd), cell(offset, .i16, .abcd),
          cell(offset, .u16, .badc), cell(offset, .i16, .badc), isDecimal ? digits : "-",
          Self.bits(word),
        ]
      }
  }

  private var pairs: [[String]] { table([.u32, .i32, .f32]) }

  private var quads: [[String]] { table([.u64, .i64, .f64]) }

  private func table(_ types: [RegisterType]) -> [[String]] {
    guard let width = types.first?.wordCount, decipher.words.count >= width else { return [] }
    var rows = [["at", "order"] + types.map(\.rawValue)]
    for offset in 0...(decipher.words.count - width) {
      for order in ByteOrder.allCases {
        rows.append(
          [order == .abcd ? spot(offset) : "", order.rawValue]
            + types.map { cell(offset, $0, order) })
      }
    }
    return rows
  }

  private var texts: [[String]] {
    let found = decipher.readings().filter { reading in
      if case .text = reading.form { return true }
      return false
    }
    return [["at", "type", "text"]]
      + found.map { [spot($0.offset), $0.form.formatText ?? "", mark($0)] }
  }

  private func cell(_ offset: Int, _ type: RegisterType, _ order: ByteOrder) -> String {
    decipher.number(offset, type, order).map(mark) ?? "-"
  }

  private func mark(_ reading: DecipherReading) -> String {
    reading.isPlausible ? reading.text + " *" : reading.text
  }

  private static func bits(_ word: UInt16) -> String {
    stride(from: 12, through: 0, by: -4).map { shift in
      let digits = String(word >> UInt16(shift) & 0xF, radix: 2)
      return String(repeating: "0", count: 4 - digits.count) + digits
    }.joined(separator: " ")
  }

  // MARK: - What is likely meant

  private var suggestions: [String] {
    guard !likely.isEmpty else {
      return ["  nothing that people use; read more registers around it with --count"]
    }
    let rows = likely.prefix(Self.shown).map { reading in
      [reading.text, configuration(reading), reading.reason]
    }
    return Columns.text(Array(rows), indent: 2).split(separator: "\n").map(String.init)
  }

  /// `at: "holding 100 f32 cdab", scale: 0.1`, or why there is no such thing.
  private func configuration(_ reading: DecipherReading) -> String {
    guard let format = reading.form.formatText else { return "(decimal digits are no type)" }
    guard let address = address(reading.offset) else { return format }
    let scale = reading.scale.map { ", scale: \($0)" } ?? ""
    return "at: \"\(address) \(format)\"\(scale)"
  }

  private func address(_ offset: Int) -> String? {
    place == nil ? nil : spot(offset)
  }

  /// The value stands beside the address that was asked.
  private var advice: String? {
    guard let best = likely.first, best.likelihood > 100, let place,
      let address = address(best.offset)
    else { return nil }
    let asked = "\(place.table.rawValue) \(place.start)"
    switch best.offset - before {
    case 0: return nil
    case -1:
      return "it stands one before \(asked): the manual counts from 1; write \(address)"
    case 1:
      return "it stands one behind \(asked): the manual's number is one too low; write \(address)"
    default: return "it stands at \(address), not at \(asked)"
    }
  }
}
