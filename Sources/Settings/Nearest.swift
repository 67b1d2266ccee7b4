// The nearest known word, for "did you mean".

enum Nearest {
  /// The candidate with the fewest edits, if few enough that a person would call it a slip.
  static func word(to word: String, among candidates: [String]) -> String? {
    let given = Array(word.lowercased().unicodeScalars.prefix(SettingsLimits.nameLength + 1))
    let allowance = max(1, given.count / 3)
    var best: (word: String, edits: Int)?
    for candidate in candidates {
      let edits = distance(given, Array(candidate.lowercased().unicodeScalars))
      if edits <= allowance, edits < (best?.edits ?? .max) { best = (candidate, edits) }
    }
    return best?.word
  }

  /// `; did you mean "x"?`, or nothing.
  static func hint(_ given: String, _ candidates: [String]) -> String {
    word(to: given, among: candidates).map { ", did you mean \"\($0)\"?" } ?? ""
  }

  /// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
  static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var before: [Int] = []
    var previous = Array(0...right.count)
    for (row, scalar) in left.enumerated() {
      var current = [row + 1]
      for (column, other) in right.enumerated() {
        var edits = min(
          previous[column] + (scalar == other ? 0 : 1), previous[column + 1] + 1,
          current[column] + 1)
        if row > 0, column > 0, scalar == right[column - 1], left[row - 1] == other {
          edits = min(edits, before[column - 1] + 1)
        }
        current.append(edits)
      }
      before = previous
      previous = current
    }
    return previous[right.count]
  }
}

/// Hints at slips of the keyboard, for whoever compares names elsewhere.
public enum Spelling {
  /// `, did you mean "x"?` for the nearest of the names; nothing when none is near.
  public static func hint(_ given: String, among names: [String]) -> String {
    Nearest.hint(given, names)
  }
}
