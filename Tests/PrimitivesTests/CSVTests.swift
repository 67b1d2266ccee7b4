// Tables as spreadsheets and hosts write them, and what is wrong with the others.

import Primitives
import Testing

@Suite("CSV") struct CSVTests {
  private func rows(_ text: String) throws -> [[String]] {
    let table = try CSVTable(parsing: Array(text.utf8))
    return ([table.header] + table.rows).map { $0.map(\.text) }
  }

  @Test(arguments: [
    ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
    ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
    ("a,b\n1,2", [["a", "b"], ["1", "2"]]),
    ("a,b\r1,2\r", [["a", "b"], ["1", "2"]]),
    ("\u{FEFF}a;b\r\n1,5;2\r\n", [["a", "b"], ["1,5", "2"]]),
    ("a\tb\n1\t\n", [["a", "b"], ["1", ""]]),
    ("\n\na,b\n\n1,2\n,\n", [["a", "b"], ["1", "2"]]),
    ("\"a;x\",b\n\"say \"\"go\"\"\",\"1\n2\"\n", [["a;x", "b"], ["say \"go\"", "1\n2"]]),
    ("a\n", [["a"]]),
  ])
  func `is read as it is meant`(text: String, rows: [[String]]) throws {
    #expect(try self.rows(text) == rows)
  }

  @Test func `each field knows its place, also behind a line break in quotes`() throws {
    let table = try CSVTable(parsing: Array("a,b\n\"x\ny\",2\n3,4\n".utf8))
    let (behind, next) = (table.rows[0][1], table.rows[1][0])
    #expect((behind.text, behind.line, behind.column) == ("2", 3, 4))
    #expect((next.text, next.line, next.column) == ("3", 4, 1))
  }

  @Test(arguments: [
    ("", 1, 1, "a header with the names of the columns is wanted"),
    ("a,b\n1\n", 2, 1, "the line has 1 fields, the header has 2"),
    ("a,b\n1,2,3\n", 2, 3, "the line has 3 fields, the header has 2"),
    ("a,b\n1,\"2\n", 2, 3, "this quote is never closed"),
    ("a,b\n1,\"2\"3\n", 2, 6, "text behind the closing quote"),
    ("a,b\n1,2\"\n", 2, 4, "a quote inside a field"),
  ])
  func `a mistake has its line and column`(
    text: String, line: Int, column: Int, reason: String
  ) {
    let fault = #expect(throws: CSVFault.self) { try CSVTable(parsing: Array(text.utf8)) }
    #expect(fault?.line == line)
    #expect(fault?.column == column)
    #expect(fault?.reason.hasPrefix(reason) == true, "\(fault?.reason ?? "-")")
  }

  @Test func `it is bounded, and no bytes make it trap`() {
    let wide = Array(repeating: "c", count: CSVLimits.columns + 1).joined(separator: ",")
    #expect(throws: CSVFault.self) { try CSVTable(parsing: Array(wide.utf8)) }
    let long = "a\n" + String(repeating: "1\n", count: CSVLimits.rows + 1)
    #expect(throws: CSVFault.self) { try CSVTable(parsing: Array(long.utf8)) }
    #expect(throws: CSVFault.self) { try CSVTable(parsing: [0x61, 10, 0xFF, 0xFE]) }
    var random = SeededGenerator(seed: 7)
    let letters = Array("a,;\t\"\r\n\u{FEFF}".utf8)
    var read = 0
    for _ in 0..<20_000 {
      let bytes = (0..<Int(random.next() % 24)).map { _ in
        letters[Int(random.next() % UInt64(letters.count))]
      }
      guard let table = try? CSVTable(parsing: bytes) else { continue }
      read += 1
      #expect(table.rows.allSatisfy { $0.count == table.header.count })
    }
    #expect(read > 100)
  }
}
