// Tables as other programs export them: RFC 4180, and what spreadsheets make of it.
//
// Invariants
// - Each field knows its line and column, both from 1, so that a mistake can be pointed at.
// - A row has as many fields as the header; lines without any text are no rows.
// - The separator is the first comma, semicolon or tab of the header that stands outside quotes:
//   a spreadsheet of a country with a decimal comma writes semicolons.
// - Nothing traps on any bytes; rows, columns and the text itself are bounded.

/// What is wrong with a table, and where.
public struct CSVFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// From 1.
  public var line: Int
  /// From 1, in bytes.
  public var column: Int
  public var reason: String

  public var description: String { "reading CSV at line \(line), column \(column): \(reason)" }
}

/// Limits of a table.
public enum CSVLimits {
  /// Columns of a table: five times the members of an order.
  public static let columns = 64
  /// Rows below the header.
  public static let rows = 10_000
}

/// One field with the place where it begins.
public struct CSVField: Equatable, Sendable {
  public var text: String
  public var line: Int
  public var column: Int
}

/// A header and the rows below it.
public struct CSVTable: Equatable, Sendable {
  public var header: [CSVField]
  /// Each as long as the header.
  public var rows: [[CSVField]]

  /// Reads a whole table.
  public init(parsing bytes: [UInt8]) throws(CSVFault) {
    var reader = CSVReader(bytes)
    guard let header = try reader.record() else {
      throw CSVFault(line: 1, column: 1, reason: "a header with the names of the columns is wanted")
    }
    var rows: [[CSVField]] = []
    while let row = try reader.record() {
      guard row.count == header.count else {
        throw CSVFault(
          line: row[0].line, column: row[min(row.count, header.count) - 1].column,
          reason: "the line has \(row.count) fields, the header has \(header.count)")
      }
      guard rows.count < CSVLimits.rows else {
        throw CSVFault(
          line: row[0].line, column: 1, reason: "more than \(CSVLimits.rows) lines; split the file")
      }
      rows.append(row)
    }
    (self.header, self.rows) = (header, rows)
  }
}

private struct CSVReader {
  private let bytes: [UInt8]
  private let separator: UInt8
  private var offset: Int
  private var line = 1
  private var lineStart: Int

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    // The mark that Windows programs put before UTF-8.
    offset = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    lineStart = offset
    separator = Self.separator(of: bytes)
  }

  private static func separator(of bytes: [UInt8]) -> UInt8 {
    var isQuoted = false
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""): isQuoted.toggle()
      case UInt8(ascii: ","), UInt8(ascii: ";"), 9: if !isQuoted { return byte }
      case 10, 13: if !isQuoted { return UInt8(ascii: ",") }
      default: break
      }
    }
    return UInt8(ascii: ",")
  }

  private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }
  private var column: Int { offset - lineStart + 1 }

  private func fault(_ reason: String) -> CSVFault {
    CSVFault(line: line, column: column, reason: reason)
  }

  /// The next line that holds text; nil at the end.
  mutating func record() throws(CSVFault) -> [CSVField]? {
    while current != nil {
      let fields = try fields()
      if fields.contains(where: { !$0.text.isEmpty }) { return fields }
    }
    return nil
  }

  private mutating func fields() throws(CSVFault) -> [CSVField] {
    var fields: [CSVField] = []
    while true {
      guard fields.count < CSVLimits.columns else {
        throw fault("more than \(CSVLimits.columns) columns")
      }
      fields.append(try field())
      if current == separator {
        offset += 1
        continue
      }
      if current == 13 { offset += 1 }
      if current == 10 { newLine() }
      return fields
    }
  }

  private mutating func newLine() {
    offset += 1
    line += 1
    lineStart = offset
  }

  private mutating func field() throws(CSVFault) -> CSVField {
    let (line, column) = (line, column)
    let text = current == UInt8(ascii: "\"") ? try quoted() : try plain()
    guard let valid = String(validating: text, as: UTF8.self) else {
      throw CSVFault(line: line, column: column, reason: "the text is not UTF-8; save it as such")
    }
    return CSVField(text: valid, line: line, column: column)
  }

  private mutating func plain() throws(CSVFault) -> [UInt8] {
    let start = offset
    while let byte = current, byte != separator, byte != 10, byte != 13 {
      if byte == UInt8(ascii: "\"") {
        throw fault("a quote inside a field; put the whole field in quotes and double this one")
      }
      offset += 1
    }
    return Array(bytes[start..<offset])
  }

  private mutating func quoted() throws(CSVFault) -> [UInt8] {
    let opening = fault("this quote is never closed")
    offset += 1
    var text: [UInt8] = []
    while let byte = current {
      if byte == UInt8(ascii: "\"") {
        offset += 1
        guard current == UInt8(ascii: "\"") else {
          guard current == nil || current == separator || current == 10 || current == 13 else {
            throw fault("text behind the closing quote")
          }
          return text
        }
      }
      text.append(byte)
      if byte == 10 { newLine() } else { offset += 1 }
    }
    throw opening
  }
}
