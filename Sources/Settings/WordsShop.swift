// Small texts of the machine side: times of day, languages, codes. No state, no places.

import Primitives

/// Times as a clock on a wall shows them.
enum ClockText {
  /// Minutes since midnight of `06:00`; nil for anything but two digits, a colon and two digits.
  static func minute(_ text: String) -> Int? {
    let bytes = Array(text.utf8)
    guard bytes.count == 5, bytes[2] == UInt8(ascii: ":"),
      let hour = Words.integer(String(text.prefix(2))),
      let minute = Words.integer(String(text.suffix(2))), hour < 24, minute < 60
    else { return nil }
    return Int(hour * 60 + minute)
  }

  static func text(_ minute: Int) -> String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(two(minute / 60)):\(two(minute % 60))"
  }

  /// `2026-12-01 22:00`, also with a T between date and time as other programs write it.
  static func civil(_ text: String) -> CivilTime? {
    guard text.utf8.count == 16, [" ", "T"].contains(text.dropFirst(10).prefix(1)),
      let date = CivilDate(text: String(text.prefix(10))),
      let minute = minute(String(text.dropFirst(11)))
    else { return nil }
    return CivilTime(date, minute: minute)
  }
}

/// The codes that a table of reasons names.
enum CodeText {
  /// Any other code but 0.
  static let other = "*"
  static let pattern = "^(\\*|-?[0-9]+|[0-9]+-[0-9]+)$"

  /// `12`, `-5`, `17-20`; nil for what is none of these, and for a range that runs backwards.
  static func range(_ text: String) -> ClosedRange<Int64>? {
    if let single = Words.integer(text) { return single...single }
    if text.hasPrefix("-"), let single = Words.integer(String(text.dropFirst())) {
      return -single ... -single
    }
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map {
      Words.integer(String($0))
    }
    guard ends.count == 2, let low = ends[0], let high = ends[1], low <= high else { return nil }
    return low...high
  }
}

extension Words {
  static let languagePattern = "^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"

  /// `de`, `pt-BR`, `zh-Hant-TW`; whether anybody speaks it is not known here.
  static func isLanguage(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard let first = parts.first, parts.count <= 4, (2...3).contains(first.utf8.count),
      first.utf8.allSatisfy({ (97...122).contains($0) })
    else { return false }
    return parts.dropFirst().allSatisfy { part in
      (2...8).contains(part.utf8.count)
        && part.utf8.allSatisfy {
          switch $0 {
          case 48...57, 65...90, 97...122: true
          default: false
          }
        }
    }
  }

  /// The number before a percent sign, with at most one space between; nil for anything else.
  static func percent(_ text: String) -> Double? {
    guard text.hasSuffix("%") else { return nil }
    var digits = text.dropLast()
    if digits.hasSuffix(" ") { digits = digits.dropLast() }
    return number(String(digits))
  }
}
