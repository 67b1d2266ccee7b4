// One source file as the checks see it: its lines, and its words without strings and comments.
//
// Invariants
// - `code` has as many bytes as the text and the same line breaks; what stood in a string, a
//   comment or between backticks is blank there, so that offsets and columns stay true.
// - `spoken` blanks the strings only: comments are held to some rules too.
// - Bare regular expression literals are not understood; the house writes none.

/// A Swift file, read once and cut up for the checks.
struct SwiftText {
  let path: String
  let lines: [Substring]
  let code: [UInt8]
  let codeLines: [String]
  let spokenLines: [String]
  let words: [Word]

  /// An identifier or keyword in the code, with where it stands.
  struct Word {
    let text: String
    let line: Int
    let start: Int
    let end: Int
  }

  init(path: String, text: String) {
    self.path = path
    lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var masker = Masker(bytes: Array(text.utf8))
    masker.run()
    code = masker.code
    codeLines = Self.split(masker.code)
    spokenLines = Self.split(masker.spoken)
    words = Self.words(in: masker.code)
  }

  /// The folder under Sources or Tests, which is the room or the suite.
  var room: String {
    let parts = path.split(separator: "/")
    return parts.count > 2 ? String(parts[1]) : ""
  }

  var isSource: Bool { path.hasPrefix("Sources/") }

  /// Whether the code right behind a word reads like this.
  func follows(_ word: Word, _ text: String) -> Bool {
    code[word.end...].starts(with: Array(text.utf8))
  }

  /// The byte before a word, blank at the beginning of the file.
  func before(_ word: Word) -> UInt8 { word.start > 0 ? code[word.start - 1] : 32 }

  static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122, 95, 128...: true
    default: false
    }
  }

  private static func split(_ bytes: [UInt8]) -> [String] {
    bytes.split(separator: 10, omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  private static func words(in code: [UInt8]) -> [Word] {
    var words: [Word] = []
    var (line, index) = (1, 0)
    while index < code.count {
      if code[index] == 10 { line += 1 }
      guard isWordByte(code[index]) else {
        index += 1
        continue
      }
      let start = index
      while index < code.count, isWordByte(code[index]) { index += 1 }
      let text = String(decoding: code[start..<index], as: UTF8.self)
      words.append(Word(text: text, line: line, start: start, end: index))
    }
    return words
  }
}

/// Blanks strings and comments, byte for byte.
struct Masker {
  private let bytes: [UInt8]
  private(set) var code: [UInt8]
  private(set) var spoken: [UInt8]
  private var index = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
    code = bytes
    spoken = bytes
  }

  mutating func run() { scan(untilClosingParenthesis: false) }

  private func byte(at position: Int) -> UInt8 { position < bytes.count ? bytes[position] : 0 }

  private func stands(_ text: String, at position: Int) -> Bool {
    bytes[min(position, bytes.count)...].starts(with: Array(text.utf8))
  }

  private mutating func blank(_ range: Range<Int>, comment: Bool) {
    for position in range where position < bytes.count && bytes[position] != 10 {
      code[position] = 32
      if !comment { spoken[position] = 32 }
    }
  }

  private mutating func scan(untilClosingParenthesis inString: Bool) {
    var depth = 0
    while index < bytes.count {
      switch byte(at: index) {
      case UInt8(ascii: "/") where byte(at: index + 1) == UInt8(ascii: "/"): lineComment()
      case UInt8(ascii: "/") where byte(at: index + 1) == UInt8(ascii: "*"): blockComment()
      case UInt8(ascii: "\""): string(pounds: 0)
      case UInt8(ascii: "#"): poundsOrString()
      case UInt8(ascii: "`"): rawIdentifier()
      case UInt8(ascii: "("):
        depth += 1
        index += 1
      case UInt8(ascii: ")"):
        if inString, depth == 0 { return }
        depth -= 1
        index += 1
      case 10 where inString: return
      default: index += 1
      }
    }
  }

  private mutating func lineComment() {
    let start = index
    while index < bytes.count, bytes[index] != 10 { index += 1 }
    blank(start..<index, comment: true)
  }

  private mutating func blockComment() {
    let start = index
    var depth = 0
    repeat {
      if stands("/*", at: index) {
        depth += 1
        index += 2
      } else if stands("*/", at: index) {
        depth -= 1
        index += 2
      } else {
        index += 1
      }
    } while depth > 0 && index < bytes.count
    blank(start..<index, comment: true)
  }

  private mutating func rawIdentifier() {
    let start = index
    index += 1
    while index < bytes.count, bytes[index] != 10, bytes[index] != UInt8(ascii: "`") { index += 1 }
    index += 1
    blank(start..<index, comment: false)
    // A name stays a name: the checks must see that something is declared here.
    for position in start..<min(index, bytes.count) { code[position] = UInt8(ascii: "x") }
  }

  private mutating func poundsOrString() {
    var end = index
    while byte(at: end) == UInt8(ascii: "#") { end += 1 }
    if byte(at: end) == UInt8(ascii: "\"") {
      let pounds = end - index
      index = end
      string(pounds: pounds)
    } else {
      index = end
    }
  }

  private mutating func string(pounds: Int) {
    let start = index
    let fence = String(repeating: "#", count: pounds)
    let long = stands("\"\"\"", at: index)
    let quote = (long ? "\"\"\"" : "\"") + fence
    index += long ? 3 : 1
    while index < bytes.count, long || bytes[index] != 10 {
      if stands(quote, at: index) {
        index += quote.utf8.count
        break
      }
      if stands("\\" + fence, at: index) {
        index += 1 + pounds
        if byte(at: index) == UInt8(ascii: "(") {
          index += 1
          scan(untilClosingParenthesis: true)
        }
      }
      index += 1
    }
    blank(start..<min(index, bytes.count), comment: false)
  }
}
