// A position in a text that knows its line and column, and the words for what stands there.

struct TextCursor {
  private let bytes: [UInt8]
  private var offset = 0
  private(set) var line = 1
  private(set) var column = 1

  /// A byte order mark, as some editors leave it, is not part of the text.
  init(_ text: String) {
    bytes = Array(text.utf8)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
  }

  var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

  /// Letters, digits, `_`, `$` and everything beyond ASCII that is no space or quote.
  static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122, 36, 95: true
    default: byte >= 0x80
    }
  }

  mutating func advance() {
    guard let byte = current else { return }
    offset += 1
    if byte == 10 || (byte == 13 && current != 10) {
      line += 1
      column = 1
    } else if byte & 0xC0 != 0x80, byte != 13 {
      column += 1
    }
  }

  /// Over a line end, be it one character or two.
  mutating func advanceLine() {
    let isPair = current == 13
    advance()
    if isPair, current == 10 { advance() }
  }

  mutating func take(_ byte: UInt8) -> Bool {
    guard current == byte else { return false }
    advance()
    return true
  }

  mutating func takeWhile(_ belongs: (UInt8) -> Bool) -> String {
    var taken: [UInt8] = []
    while let byte = current, belongs(byte) {
      taken.append(byte)
      advance()
    }
    return String(decoding: taken, as: UTF8.self)
  }

  /// A word, unless a typographic quote or space stands here: those are named, not taken.
  mutating func takeWord() -> String {
    if let scalar = scalar, Self.names[scalar] != nil { return "" }
    return takeWhile(Self.isWordByte)
  }

  mutating func takeHex(_ count: Int) -> UInt32? {
    var code: UInt32 = 0
    for _ in 0..<count {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        return nil
      }
      code = code << 4 | UInt32(digit)
      advance()
    }
    return code
  }

  /// The character at the cursor.
  private var scalar: Unicode.Scalar? {
    let end = min(offset + 4, bytes.count)
    return String(decoding: bytes[min(offset, end)..<end], as: UTF8.self).unicodeScalars.first
  }

  private static let names: [Unicode.Scalar: String] = [
    "\u{A0}": "a no-break space", "\u{FEFF}": "a byte order mark", "\u{200B}": "an invisible space",
    "\u{2028}": "a line separator", "\u{201C}": "a typographic quote",
    "\u{201D}": "a typographic quote", "\u{201E}": "a typographic quote",
    "\u{2018}": "a typographic quote", "\u{2019}": "a typographic quote",
    "\u{2013}": "a dash instead of a minus",
  ]

  /// What stands at the cursor, in words.
  var description: String {
    guard let scalar else { return "the end of the file" }
    if let name = Self.names[scalar] { return name }
    if scalar.value < 32 || scalar.value == 127 { return "a control character" }
    if scalar == "\"" || scalar == "'" { return "a text in quotes" }
    guard scalar.isASCII, Self.isWordByte(UInt8(scalar.value)) else { return String(scalar) }
    var copy = self
    return String(copy.takeWord().prefix(SettingsLimits.nameLength))
  }
}

/// The numbers of JSON5.
enum NumberText {
  static func isJSON5(_ text: String) -> Bool {
    var rest = Substring(text)
    if rest.hasPrefix("+") || rest.hasPrefix("-") { rest = rest.dropFirst() }
    if rest == "Infinity" || rest == "NaN" { return true }
    if rest.hasPrefix("0x") || rest.hasPrefix("0X") {
      let digits = rest.dropFirst(2)
      return (1...15).contains(digits.utf8.count) && digits.allSatisfy(\.isHexDigit)
    }
    let parts = rest.split(omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
    guard let mantissa = parts.first, parts.count <= 2, isMantissa(mantissa) else { return false }
    guard parts.count == 2 else { return true }
    let exponent = parts[1].drop { $0 == "+" || $0 == "-" }
    return parts[1].utf8.count - exponent.utf8.count <= 1 && isDigits(exponent)
  }

  private static func isMantissa(_ text: Substring) -> Bool {
    let halves = text.split(separator: ".", omittingEmptySubsequences: false)
    guard let whole = halves.first, halves.count <= 2 else { return false }
    if whole.utf8.count > 1, whole.hasPrefix("0") { return false }
    let fraction = halves.count == 2 ? halves[1] : ""
    return (whole.isEmpty || isDigits(whole)) && (fraction.isEmpty || isDigits(fraction))
      && !(whole.isEmpty && fraction.isEmpty)
  }

  private static func isDigits(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
  }

  static func hint(for text: String) -> String {
    if text.utf8.allSatisfy({ (48...57).contains($0) }) {
      return "the number without the zeros before it, or in quotes for an address"
    }
    return "a number such as 5 or 2.5; with a unit in quotes: \"\(text)\""
  }
}
