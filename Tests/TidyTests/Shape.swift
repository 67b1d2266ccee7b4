// The shape of the sources: lengths, blanks, opening comments, reminders, doc comments.

enum Shape {
  /// Lines of a file.
  static let fileLines = 400
  /// Lines of a function, from its name to its closing brace.
  static let functionLines = 70
  /// Columns of a line.
  static let columns = 100

  static func check(_ file: SwiftText) -> [Finding] {
    lengths(file) + functions(file) + opening(file) + reminders(file)
  }

  static func lengths(_ file: SwiftText) -> [Finding] {
    var findings: [Finding] = []
    let count = file.lines.last?.isEmpty == true ? file.lines.count - 1 : file.lines.count
    if count > fileLines {
      let advice = "\(count) lines, \(fileLines) allowed: split the file by what it knows"
      findings.append(Finding(path: file.path, line: count, advice: advice))
    }
    for (index, line) in file.lines.enumerated() {
      if line.utf8.count > columns, line.count > columns {
        let advice = "\(line.count) columns, \(columns) allowed: break the line"
        findings.append(Finding(path: file.path, line: index + 1, advice: advice))
      }
      if let last = line.utf8.last, last == 32 || last == 9 || last == 13 {
        let advice = "blanks at the end of the line: remove them"
        findings.append(Finding(path: file.path, line: index + 1, advice: advice))
      }
    }
    return findings
  }

  /// What a file is, and why, stands in its first line.
  static func opening(_ file: SwiftText) -> [Finding] {
    let first = file.lines.first ?? ""
    guard !first.hasPrefix("// ") || first.utf8.count < 12 else { return [] }
    let advice = "a file opens with a comment that says what it is"
    return [Finding(path: file.path, line: 1, advice: advice)]
  }

  /// Work that is promised in a comment is work that is not done.
  static func reminders(_ file: SwiftText) -> [Finding] {
    reminders(path: file.path, lines: file.spokenLines)
  }

  static func reminders(path: String, lines: [String]) -> [Finding] {
    let words: Set<Substring> = ["TODO", "FIXME", "XXX", "HACK"]
    return lines.enumerated().filter { _, line in
      line.utf8.count >= 3
        && line.split(whereSeparator: { !$0.isLetter && $0 != "_" }).contains(where: words.contains)
    }.map { index, _ in
      let advice = "a reminder in the text: do it now, or file it as an issue"
      return Finding(path: path, line: index + 1, advice: advice)
    }
  }
}

/// Functions and how long they are.
extension Shape {
  static func functions(_ file: SwiftText) -> [Finding] {
    file.words.indices.compactMap { index in
      let word = file.words[index]
      guard declares(word, in: file), let body = body(of: word, in: file) else { return nil }
      let length = file.code[word.start..<body.upperBound].count { $0 == 10 } + 1
      guard length > functionLines else { return nil }
      let name = file.lines[word.line - 1].drop { $0 == " " }.prefix(60)
      let advice =
        "`\(name)` has \(length) lines, \(functionLines) allowed: "
        + "give a part of it a name of its own"
      return Finding(path: file.path, line: word.line, advice: advice)
    }
  }

  private static func declares(_ word: SwiftText.Word, in file: SwiftText) -> Bool {
    let before = file.before(word)
    guard before == 32 || before == 10 || before == UInt8(ascii: "{") else { return false }
    return switch word.text {
    case "func", "subscript", "var", "deinit": true
    case "init": ["(", "<", "?("].contains { file.follows(word, $0) }
    default: false
    }
  }

  /// The braces that belong to a declaration; nil for a requirement or a stored property.
  private static func body(of word: SwiftText.Word, in file: SwiftText) -> Range<Int>? {
    var index = word.end
    var depth = 0
    while index < file.code.count {
      switch file.code[index] {
      case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"):
        depth -= 1
        if depth < 0 { return nil }
      case UInt8(ascii: "{") where depth == 0: return block(from: index, in: file)
      case UInt8(ascii: "="), UInt8(ascii: "}"):
        let isOperator = word.text == "func" && file.code[index] == UInt8(ascii: "=")
        if depth == 0, !isOperator { return nil }
      case 10 where depth == 0: if !continues(after: index, in: file) { return nil }
      default: break
      }
      index += 1
    }
    return nil
  }

  private static func continues(after newline: Int, in file: SwiftText) -> Bool {
    let rest = file.code[(newline + 1)...].drop { $0 == 32 || $0 == 10 }
    return ["{", "->", "where ", "throws", "async", "rethrows", "&", ":"].contains {
      rest.starts(with: Array($0.utf8))
    }
  }

  private static func block(from brace: Int, in file: SwiftText) -> Range<Int>? {
    var depth = 0
    for index in brace..<file.code.count {
      if file.code[index] == UInt8(ascii: "{") { depth += 1 }
      if file.code[index] == UInt8(ascii: "}") {
        depth -= 1
        if depth == 0 { return brace..<index + 1 }
      }
    }
    return nil
  }
}
