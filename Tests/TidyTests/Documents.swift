// Doc comments: every public declaration of a room that decides says what it is.
//
// Memberwise initialisers, operators and `description` say nothing new and need none; nor does a
// stored property, a field whose type has the sentence and whose name is the rest of it.

enum Documents {
  /// The longest first sentence that fits a list of declarations.
  static let abstractLength = 150
  private static let kinds: Set<Substring> = [
    "struct", "enum", "class", "protocol", "func", "typealias", "subscript", "var", "let", "macro",
  ]
  private static let modifiers: Set<Substring> = [
    "public", "open", "static", "mutating", "nonmutating", "consuming", "borrowing", "final",
    "indirect", "private(set)", "internal(set)", "package(set)", "nonisolated", "override",
  ]

  static func check(_ file: SwiftText) -> [Finding] {
    guard file.isSource, Walls.pure.contains(file.room) else { return [] }
    return file.codeLines.indices.compactMap { index in
      guard let name = publicName(file.codeLines[index]), !documented(file, above: index) else {
        return nil
      }
      let advice = "public `\(name)` has no doc comment: one sentence with shape, unit, errors"
      return Finding(path: file.path, line: index + 1, advice: advice)
    }
  }

  /// The name that a line declares in public; nil if it declares nothing that needs words.
  private static func publicName(_ line: String) -> Substring? {
    var words = line.split(separator: " ").drop(while: { $0.hasPrefix("@") })
    guard words.first == "public" || words.first == "open" else { return nil }
    words = words.drop(while: { modifiers.contains($0) })
    guard let kind = words.first?.prefix(while: { $0.isLetter }), kinds.contains(kind) else {
      return nil
    }
    guard kind != "subscript" else { return kind }
    let isField = (kind == "var" || kind == "let") && !line.contains("{")
    if isField, !line.contains(" static ") { return nil }
    guard let name = words.dropFirst().first?.prefix(while: { $0.isLetter || $0.isNumber }) else {
      return nil
    }
    return name.isEmpty || name == "description" || name == "hash" ? nil : name
  }

  /// Whether a doc comment stands above, over attributes and neighbours.
  private static func documented(_ file: SwiftText, above index: Int) -> Bool {
    var line = index - 1
    while line >= 0 {
      let text = file.lines[line].drop(while: { $0 == " " })
      if text.hasPrefix("///") { return true }
      // Constants in adjacent lines, as a floor and its ceiling, share the sentence above them.
      let isNext = file.codeLines[index].contains(" let ") && text.hasPrefix("public static let")
      guard text.hasPrefix("@") || isNext else { return false }
      line -= 1
    }
    return false
  }

  /// First sentences that are too long to be read in a list.
  static func abstracts(_ file: SwiftText) -> [Finding] {
    guard file.isSource else { return [] }
    var findings: [Finding] = []
    var (start, text) = (0, "")
    for (index, line) in (file.lines + [""]).enumerated() {
      let trimmed = line.drop(while: { $0 == " " })
      if trimmed.hasPrefix("///") {
        if text.isEmpty { start = index + 1 }
        text += trimmed.dropFirst(3)
      } else if !text.isEmpty {
        // What stands behind a colon or semicolon is the arithmetic, not the abstract.
        let ends = [". ", ": ", "; "].compactMap { text.firstRange(of: $0)?.lowerBound }
        let sentence = text[..<(ends.min() ?? text.endIndex)]
        if sentence.count > abstractLength {
          let advice = "a first sentence of \(sentence.count) characters, \(abstractLength) allowed"
          findings.append(Finding(path: file.path, line: start, advice: advice))
        }
        text = ""
      }
    }
    return findings
  }
}
