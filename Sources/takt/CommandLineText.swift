// Numbers, times and tables as people read them.

import Primitives

/// Rows of words in columns that line up.
enum Columns {
  /// The rows, each column as wide as its widest word that another one follows, two spaces apart.
  static func text(_ rows: [[String]], indent: Int = 0) -> String {
    let count = rows.map(\.count).max() ?? 0
    let widths = (0..<count).map { column in
      rows.map { column + 1 < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      var line = String(repeating: " ", count: indent)
      for (column, word) in row.enumerated() {
        line += word + String(repeating: " ", count: max(0, widths[column] - word.count) + 2)
      }
      while line.hasSuffix(" ") { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}

/// Texts for people.
enum Human {
  /// "1,234,567".
  static func count(_ number: Int64) -> String {
    var text = ""
    for (index, digit) in String(number.magnitude).reversed().enumerated() {
      if index > 0, index.isMultiple(of: 3) { text.append(",") }
      text.append(digit)
    }
    return (number < 0 ? "-" : "") + String(text.reversed())
  }

  /// "0.3 s", "34.2 s", "4 min 12 s", "3 h 12 min", "2 d 3 h".
  static func duration(milliseconds: Int64) -> String {
    let tenths = max(0, milliseconds) / 100
    let seconds = tenths / 10
    switch seconds {
    case ..<60: return "\(seconds).\(tenths % 10) s"
    case ..<3600: return "\(seconds / 60) min \(seconds % 60) s"
    case ..<86_400: return "\(seconds / 3600) h \(seconds / 60 % 60) min"
    default: return "\(seconds / 86_400) d \(seconds / 3600 % 24) h"
    }
  }

  /// Microseconds as milliseconds in two or three digits: "0.3", "4.1", "31", "1200".
  static func tinyTime(microseconds: Int64) -> String {
    let tenths = max(0, microseconds) / 100
    return tenths < 100 ? "\(tenths / 10).\(tenths % 10)" : "\(tenths / 10)"
  }

  /// "812 B", "3.2 MiB".
  static func bytes(_ count: Int64) -> String {
    guard count >= 1024 else { return "\(max(0, count)) B" }
    var tenths = count / 1024 * 10 + count % 1024 * 10 / 1024
    for unit in ["KiB", "MiB", "GiB"] {
      if tenths < 10_240 { return "\(tenths / 10).\(tenths % 10) \(unit)" }
      tenths /= 1024
    }
    return "\(tenths / 10).\(tenths % 10) TiB"
  }

  /// The time of day of an RFC 3339 text, "07:15:30"; the text itself when it is none.
  static func timeOfDay(_ text: String, fraction: Bool = false) -> String {
    guard WallTime(text: text) != nil else { return text }
    return String(text.dropFirst(11).prefix(fraction ? 12 : 8))
  }
}
