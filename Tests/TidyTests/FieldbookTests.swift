// Tests/FIELDBOOK.md against the tests: a proof that is named there is there, under that name.

import Testing

/// The table of faults of the field and their proofs.
enum Fieldbook {
  /// Numbers that must have a row with a proof: the field side, store and forward, Modbus over TLS
  /// and the signature.
  static let required = Array(1...46) + [55, 56]

  struct Row {
    var number: Int
    var line: Int
    var tests: [String]
  }

  static func rows(_ text: String) -> [Row] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.enumerated().compactMap { index, line in
      let cells = line.split(separator: "|").map { $0.trimming(" ") }
      guard cells.count == 3, cells[0].hasPrefix("F"), let number = Int(cells[0].dropFirst())
      else { return nil }
      // Names stand between backticks: every second piece.
      let pieces = cells[2].split(separator: "`", omittingEmptySubsequences: false)
      let tests = pieces.enumerated().filter { !$0.offset.isMultiple(of: 2) }.map {
        String($0.element)
      }
      return Row(number: number, line: index + 1, tests: tests)
    }
  }

  /// What is wrong with a table, given the names of all tests.
  static func check(_ text: String, tests: Set<String>) -> [Finding] {
    let rows = rows(text)
    func finding(_ line: Int, _ advice: String) -> Finding {
      Finding(path: "Tests/FIELDBOOK.md", line: line, advice: advice)
    }
    var findings: [Finding] = []
    for number in required where !rows.contains(where: { $0.number == number }) {
      findings.append(finding(1, "F\(number) has no row: name the test that proves it"))
    }
    for row in rows {
      if row.tests.isEmpty { findings.append(finding(row.line, "F\(row.number) names no test")) }
      for test in row.tests where !tests.contains(test) {
        findings.append(finding(row.line, "there is no test `\(test)`: correct the name"))
      }
      for test in row.tests where !numbers(in: test).contains(row.number) {
        findings.append(finding(row.line, "`\(test)` does not bear F\(row.number) in its name"))
      }
    }
    return findings
  }

  /// The numbers before the colon of a test's name.
  static func numbers(in test: String) -> Set<Int> {
    let head = test.split(separator: ":").first ?? ""
    return Set(
      head.split { $0 == "," || $0 == " " }.compactMap { word in
        word.hasPrefix("F") ? Int(word.dropFirst()) : nil
      })
  }

  /// The names of all tests: what stands between backticks behind `func`.
  static func tests(_ files: [SwiftText]) -> Set<String> {
    var names: Set<String> = []
    for file in files where file.path.hasPrefix("Tests/") {
      for line in file.lines {
        let pieces = line.split(separator: "`", omittingEmptySubsequences: false)
        guard pieces.count >= 3, pieces[0].hasSuffix("func ") else { continue }
        names.insert(String(pieces[1]))
      }
    }
    return names
  }
}

extension Substring {
  fileprivate func trimming(_ blank: Character) -> String {
    var text = self
    while text.first == blank { text.removeFirst() }
    while text.last == blank { text.removeLast() }
    return String(text)
  }
}

@Suite struct `The fieldbook` {
  @Test func `names for each fault of the field tests that are there`() {
    report(
      Fieldbook.check(Tree.text(of: "Tests/FIELDBOOK.md"), tests: Fieldbook.tests(Tree.swiftFiles)))
  }

  @Test func `is caught naming what is not there`() {
    let rows = Fieldbook.required.map { "| F\($0) | a | `F\($0): b` |" }
    let tests = Set(Fieldbook.required.map { "F\($0): b" })
    func findings(_ rows: [String]) -> Int {
      Fieldbook.check(rows.joined(separator: "\n"), tests: tests).count
    }
    #expect(findings(rows) == 0)
    #expect(findings(Array(rows.dropFirst())) == 1)
    #expect(findings(rows + ["| F30 | a | `F30: c` |"]) == 1)
    #expect(findings(rows + ["| F30 | a | `F1: b` |"]) == 1)
    #expect(findings(rows + ["| F30 | a | none |"]) == 1)
  }
}
