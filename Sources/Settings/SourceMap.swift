// A JSON5 text with the place of everything: line and column of each member name and each value.
//
// Strictly after the JSON5 specification 1.0.0, with two exceptions that no configuration misses:
// half a character (a \u of a surrogate) and the rarer escapes are refused with a sentence.
//
// Why not Foundation's decoder, which also reads JSON5: it tells no place, keeps silent about a
// name given twice, and says of a wrong text only that it is wrong, so this walk had to be strict
// before it anyway. Behind it the decoder only turned digits into numbers, and cost the daemon 3 MB
// of program and 1 MB of resident memory for ten years.
//
// Invariants
// - One pass, bounded depth, no text makes it trap.
// - Lines end with LF, CR or CR LF; a column counts characters of the text from 1.
// - A forgotten comma is reported and walked over, so several come to light in one run; anything
//   else that is wrong ends the walk, since what follows would be guesswork.

/// A value with its place.
struct Located: Sendable {
  enum Shape: Sendable {
    case null
    case boolean(Bool)
    /// The text of a number, as `NumberText` reads it.
    case number(String)
    case string(String)
    case array([Located])
    case object([LocatedMember])
  }

  var line: Int
  var column: Int
  var shape: Shape
}

/// A member of an object; line and column are those of its name.
struct LocatedMember: Sendable {
  var name: String
  var line: Int
  var column: Int
  var value: Located
}

/// The walk is over: the mistake is already noted.
struct WalkEnded: Error {}

struct SourceMap {
  private let file: String
  private var cursor: TextCursor
  /// What was found wrong, in the order of the text.
  private(set) var mistakes: [Mistake] = []

  init(file: String, text: String) {
    self.file = file
    cursor = TextCursor(text)
  }

  /// The one value of the text, or nil when the walk ended early; see `mistakes`.
  mutating func walk() -> Located? {
    do {
      try skipSpace()
      if cursor.current == nil {
        throw wrong("the file is empty", "an object in { }, such as { gateway: { … } }")
      }
      let root = try value(depth: 0)
      try skipSpace()
      guard cursor.current == nil else {
        throw wrong("found \(foundHere()) behind the last }", "nothing but comments")
      }
      return root
    } catch {
      return nil
    }
  }

  /// Notes a mistake at the cursor, or at a place noted before.
  private mutating func wrong(
    _ found: String, _ allowed: String, at spot: (line: Int, column: Int)? = nil
  ) -> WalkEnded {
    let spot = spot ?? (cursor.line, cursor.column)
    mistakes.append(
      Mistake(
        at: Place(file: file, line: spot.line, column: spot.column), path: "", found: found,
        allowed: allowed))
    return WalkEnded()
  }

  private func foundHere() -> String { cursor.description }

  private mutating func skipSpace() throws(WalkEnded) {
    while let byte = cursor.current {
      if byte == 32 || (9...13).contains(byte) {
        cursor.advance()
      } else if byte == UInt8(ascii: "/") {
        try comment()
      } else {
        return
      }
    }
  }

  private mutating func comment() throws(WalkEnded) {
    let start = (cursor.line, cursor.column)
    cursor.advance()
    if cursor.take(UInt8(ascii: "/")) {
      while let byte = cursor.current, byte != 10, byte != 13 { cursor.advance() }
    } else if cursor.take(UInt8(ascii: "*")) {
      while cursor.current != nil {
        if cursor.take(UInt8(ascii: "*")) {
          if cursor.take(UInt8(ascii: "/")) { return }
        } else {
          cursor.advance()
        }
      }
      throw wrong("this comment has no end", "*/ where it ends", at: start)
    } else {
      throw wrong("found a single /", "// or /* */ for a comment", at: start)
    }
  }

  private mutating func value(depth: Int) throws(WalkEnded) -> Located {
    guard depth < SettingsLimits.depth else {
      throw wrong(
        "brackets are nested deeper than \(SettingsLimits.depth)", "fewer levels of { and [")
    }
    let (line, column) = (cursor.line, cursor.column)
    let shape: Located.Shape
    switch cursor.current {
    case UInt8(ascii: "{"): shape = .object(try object(depth: depth))
    case UInt8(ascii: "["): shape = .array(try array(depth: depth))
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      shape = .string(try string())
    case .some(let byte) where cursor.isDigit(byte) || byte == 43 || byte == 45 || byte == 46:
      shape = .number(try number())
    case .some: shape = try word()
    case nil:
      throw wrong("the file ends where a value should be", "a value and the missing } or ]")
    }
    return Located(line: line, column: column, shape: shape)
  }

  private mutating func word() throws(WalkEnded) -> Located.Shape {
    let start = (cursor.line, cursor.column)
    let text = cursor.takeWord()
    switch text {
    case "null": return .null
    case "true", "false": return .boolean(text == "true")
    case "Infinity", "NaN": return .number(text)
    case "":
      throw wrong(
        "found \(foundHere()) where a value should be", "text in quotes, a number, true or false")
    default:
      throw wrong(
        "found \(text) without quotes", "text in quotes: \"\(text)\", a number, true or false",
        at: start)
    }
  }

  private mutating func number() throws(WalkEnded) -> String {
    let start = (cursor.line, cursor.column)
    let text = cursor.takeWhile {
      $0 == 43 || $0 == 45 || $0 == 46 || TextCursor.isWordByte($0)
    }
    guard NumberText.isJSON5(text) else {
      let hint = NumberText.hint(for: text)
      throw wrong("found \(text), which is no number", hint, at: start)
    }
    return text
  }

  private mutating func array(depth: Int) throws(WalkEnded) -> [Located] {
    let start = (cursor.line, cursor.column)
    cursor.advance()
    var values: [Located] = []
    while true {
      try skipSpace()
      if cursor.take(UInt8(ascii: "]")) { return values }
      if cursor.current == nil { throw wrong("this [ is never closed", "a ]", at: start) }
      let value = try value(depth: depth + 1)
      values.append(value)
      try separator(behind: value, closing: UInt8(ascii: "]"), opened: start)
    }
  }

  private mutating func object(depth: Int) throws(WalkEnded) -> [LocatedMember] {
    let start = (cursor.line, cursor.column)
    cursor.advance()
    var members: [LocatedMember] = []
    var firstByName: [String: Int] = [:]
    while true {
      try skipSpace()
      if cursor.take(UInt8(ascii: "}")) { return members }
      if cursor.current == nil { throw wrong("this { is never closed", "a }", at: start) }
      let (line, column) = (cursor.line, cursor.column)
      let name = try memberName()
      try skipSpace()
      guard cursor.take(UInt8(ascii: ":")) else {
        throw wrong("found \(foundHere()) after the name \(name)", "a colon, then the value")
      }
      try skipSpace()
      let value = try value(depth: depth + 1)
      if let first = firstByName[name] {
        _ = wrong(
          "\(name) is given a second time; the first is in line \(members[first].line)",
          "each name once", at: (line, column))
      } else {
        firstByName[name] = members.count
        members.append(LocatedMember(name: name, line: line, column: column, value: value))
      }
      try separator(behind: value, closing: UInt8(ascii: "}"), opened: start)
    }
  }

  /// A comma, or the closing bracket ahead; a forgotten comma is noted and the walk goes on.
  private mutating func separator(
    behind value: Located, closing: UInt8, opened: (line: Int, column: Int)
  ) throws(WalkEnded) {
    let end = (cursor.line, cursor.column)
    let isText = if case .string = value.shape { true } else { false }
    try skipSpace()
    if cursor.take(UInt8(ascii: ",")) || cursor.current == closing { return }
    let bracket = closing == UInt8(ascii: "}") ? "}" : "]"
    if isText, (cursor.line, cursor.column) == end, let byte = cursor.current,
      TextCursor.isWordByte(byte)
    {
      throw wrong(
        "found \(foundHere()) right behind a quote", "a comma; or a quote is missing before here")
    }
    switch cursor.current {
    case nil:
      throw wrong(
        "this \(bracket == "}" ? "{" : "[") is never closed", "a \(bracket)", at: opened)
    case UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ":"), UInt8(ascii: "="),
      UInt8(ascii: ";"):
      throw wrong("found \(foundHere()) after a value", "a comma or \(bracket)")
    case .some:
      _ = wrong(
        "a comma is missing before \(foundHere())", "a comma or \(bracket) after each value",
        at: cursor.line == end.0 ? nil : end)
    }
  }

  private mutating func memberName() throws(WalkEnded) -> String {
    let start = (cursor.line, cursor.column)
    if cursor.current == UInt8(ascii: "\"") || cursor.current == UInt8(ascii: "'") {
      return try string()
    }
    let name = cursor.takeWord()
    guard let first = name.utf8.first else {
      throw wrong("found \(foundHere()) where a name should be", "a name, then a colon")
    }
    guard !cursor.isDigit(first), cursor.current != UInt8(ascii: "-") else {
      let whole = name + cursor.takeWhile { $0 == 45 || TextCursor.isWordByte($0) }
      // "scale: 0,1" reads as a member that is called 1.
      let hint = cursor.isDigit(first) ? ", or a decimal point instead of a comma: 0.1" : ""
      throw wrong(
        "the name \(whole) stands without quotes", "\"\(whole)\"\(hint)", at: start)
    }
    return name
  }

  /// The decoded characters.
  private mutating func string() throws(WalkEnded) -> String {
    let start = (cursor.line, cursor.column)
    let quote = cursor.current
    cursor.advance()
    var bytes: [UInt8] = []
    while let byte = cursor.current {
      switch byte {
      case quote:
        cursor.advance()
        return String(decoding: bytes, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &bytes)
      case 10, 13:
        throw wrong("this text is not closed in its line", "a second quote", at: start)
      case 0..<32:
        throw wrong("found \(foundHere()) in a text", "printable characters; \\t for a tab")
      default:
        bytes.append(byte)
        cursor.advance()
      }
    }
    throw wrong("this text is not closed", "a second quote", at: start)
  }

  private mutating func escape(into bytes: inout [UInt8]) throws(WalkEnded) {
    let start = (cursor.line, cursor.column)
    cursor.advance()
    switch cursor.current {
    case UInt8(ascii: "u"):
      cursor.advance()
      guard let code = cursor.takeHex(4) else {
        throw wrong("\\u stands without its four hexadecimal digits", "\\u00e4", at: start)
      }
      guard let scalar = Unicode.Scalar(code) else {
        throw wrong("\\u is half of a character here", "the character itself", at: start)
      }
      bytes.append(contentsOf: String(Character(scalar)).utf8)
    case 13, 10: cursor.advanceLine()
    case .some(let byte):
      guard let meant = Self.meaning(ofEscape: byte) else { throw unknownEscape(start) }
      bytes.append(meant)
      cursor.advance()
    case nil: throw unknownEscape(start)
    }
  }

  private mutating func unknownEscape(_ start: (line: Int, column: Int)) -> WalkEnded {
    wrong(
      "found an unknown character after \\", "\\\\ for a backslash, \\\" for a quote", at: start)
  }

  private static func meaning(ofEscape byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "b"): 8
    case UInt8(ascii: "t"): 9
    case UInt8(ascii: "n"): 10
    case UInt8(ascii: "v"): 11
    case UInt8(ascii: "f"): 12
    case UInt8(ascii: "r"): 13
    case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
    default: nil
    }
  }
}
