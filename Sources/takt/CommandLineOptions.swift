// The options of one call, checked against their declaration.
//
// Invariants
// - Every word is understood or the call is refused; nothing is silently ignored.
// - "--name value" and "--name=value" mean the same; "--" ends the options; an option comes once.
// - "-5" is a number and stands beside the options.

import Primitives

/// What a command line said.
struct CommandLineOptions: Equatable, Sendable {
  private var values: [String: String] = [:]
  /// What stood beside the options, in order; as many as the declaration has.
  private(set) var operands: [String] = []

  static func asksForHelp(_ arguments: [String]) -> Bool {
    arguments.prefix { $0 != "--" }.contains { $0 == "--help" || $0 == "-h" }
  }

  init(_ arguments: [String], _ usage: CommandUsage) throws(CommandFault) {
    var rest = arguments[...]
    while let word = rest.popFirst() {
      if word == "--" {
        operands += rest
        break
      }
      guard word.hasPrefix("-"), word != "-", !Self.isNegative(word) else {
        operands.append(word)
        continue
      }
      try take(word, &rest, usage)
    }
    if let missing = usage.options.first(where: { $0.isRequired && values[$0.name] == nil }) {
      throw .usage("\(missing.form) is missing: \(missing.meaning)")
    }
    let allowed = usage.operandCount ?? usage.operands.count...usage.operands.count
    if operands.count < allowed.lowerBound {
      throw .usage("\(usage.operands[operands.count]) is missing")
    }
    if operands.count > allowed.upperBound {
      throw .usage("\"\(operands[allowed.upperBound])\" is one word too many")
    }
  }

  /// "-5" is a number: no option begins with a digit.
  private static func isNegative(_ word: String) -> Bool {
    word.dropFirst().first?.isNumber == true
  }

  private mutating func take(
    _ word: String, _ rest: inout ArraySlice<String>, _ usage: CommandUsage
  ) throws(CommandFault) {
    let body = word.drop { $0 == "-" }
    let parts = body.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = parts.first.map(String.init) ?? ""
    guard word.hasPrefix("--") || name.count == 1,
      let option = usage.options.first(where: { $0.name == name })
    else {
      let near = nearest(to: name, among: usage.options.map(\.name) + ["help"])
      throw .usage(
        "there is no option \"\(word)\"" + (near.map { "; did you mean \"--\($0)\"?" } ?? ""))
    }
    guard values[name] == nil else { throw .usage("--\(name) is given twice") }
    if option.value == nil {
      guard parts.count == 1 else { throw .usage("--\(name) takes no value") }
      values[name] = ""
    } else if parts.count == 2 {
      values[name] = String(parts[1])
    } else if let next = rest.popFirst() {
      values[name] = next
    } else {
      throw .usage("a value is missing behind \(option.form)")
    }
  }

  /// Whether a switch or an option is there.
  func has(_ name: String) -> Bool { values[name] != nil }

  func text(_ name: String) -> String? { values[name] }

  /// The value of a required option.
  func required(_ name: String) -> String { values[name] ?? "" }

  /// A time such as "250ms" or "2s".
  func duration(_ name: String) throws(CommandFault) -> Duration? {
    guard let text = values[name] else { return nil }
    guard let duration = Duration(text: text) else {
      throw .usage("--\(name) \"\(text)\" is no time; write it like 250ms, 2s or 5min")
    }
    return duration
  }

  /// A share between 0 and 1.
  func rate(_ name: String) throws(CommandFault) -> Double? {
    guard let text = values[name] else { return nil }
    guard let rate = Double(text), (0...1).contains(rate) else {
      throw .usage("--\(name) \"\(text)\" is no share; write a number between 0 and 1")
    }
    return rate
  }

  /// A whole number within a range.
  func integer<Number: FixedWidthInteger>(
    _ name: String, in range: ClosedRange<Number>
  ) throws(CommandFault) -> Number? {
    guard let text = values[name] else { return nil }
    guard let number = Number(text), range.contains(number) else {
      throw .usage(
        "--\(name) \"\(text)\" is not a whole number between \(range.lowerBound) and "
          + "\(range.upperBound)")
    }
    return number
  }
}

/// The known name that a mistyped one is nearest to; nil when none is near.
func nearest(to word: String, among names: [String]) -> String? {
  let limit = max(1, min(3, word.count / 2))
  let ranked = names.map { ($0, editDistance(word, $0)) }.filter { $0.1 <= limit }
  if let best = ranked.min(by: { $0.1 < $1.1 }) { return best.0 }
  return word.count < 2 ? nil : names.first { $0.hasPrefix(word) }
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from one word to another.
private func editDistance(_ left: String, _ right: String) -> Int {
  let (left, right) = (Array(left.utf8.prefix(64)), Array(right.utf8.prefix(64)))
  var before: [Int] = []
  var last = Array(0...right.count)
  for row in 0..<left.count {
    var current = [row + 1]
    for column in 0..<right.count {
      let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
      var best = min(replaced, last[column + 1] + 1, current[column] + 1)
      if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
        best = min(best, before[column - 1] + 1)
      }
      current.append(best)
    }
    before = last
    last = current
  }
  return last[right.count]
}
