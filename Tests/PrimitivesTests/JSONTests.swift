// JSON: canonical bytes as RFC 8785 wants them, and a reader that no bytes can trap.

import Primitives
import Testing

private func parse(_ text: String) throws(JSONFault) -> JSONValue {
  try JSONValue(parsing: Array(text.utf8))
}

@Suite struct `Canonical JSON` {
  @Test func `sorts members by UTF-16 units, as the example of RFC 8785 section 3_2_3`() {
    let value: JSONValue = [
      "\u{20ac}": "Euro Sign", "\r": "Carriage Return",
      "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
      "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control",
      "\u{f6}": "Latin Small Letter O With Diaeresis",
    ]
    #expect(
      value.canonicalText == """
        {"\\r":"Carriage Return","1":"One","\u{80}":"Control",\
        "\u{f6}":"Latin Small Letter O With Diaeresis","\u{20ac}":"Euro Sign",\
        "\u{1f600}":"Emoji: Grinning Face","\u{fb33}":"Hebrew Letter Dalet With Dagesh"}
        """)
  }

  @Test func `sorts ASCII members by their bytes`() {
    let value: JSONValue = ["b": 1, "a": 2, "B": 3, "a1": 4, "_": 5, "": 6, "10": 7, "9": 8]
    #expect(value.canonicalText == #"{"":6,"10":7,"9":8,"B":3,"_":5,"a":2,"a1":4,"b":1}"#)
  }

  @Test func `writes every value in its only form`() {
    let value: JSONValue = [
      "array": [1, [], [:], true, false, .null], "object": ["b": ["z": 1, "y": 2], "a": -1],
      "least": .integer(.min), "most": .integer(.max), "decimal": .number("1.50e+3"),
    ]
    #expect(
      value.canonicalText == """
        {"array":[1,[],{},true,false,null],"decimal":1.50e+3,"least":-9223372036854775808,\
        "most":9223372036854775807,"object":{"a":-1,"b":{"y":2,"z":1}}}
        """)
  }

  @Test(arguments: [
    ("\"", "\\\""), ("\\", "\\\\"), ("\u{8}", "\\b"), ("\t", "\\t"), ("\n", "\\n"),
    ("\u{c}", "\\f"),
    ("\r", "\\r"), ("\0", "\\u0000"), ("\u{1f}", "\\u001f"), ("\u{b}", "\\u000b"), ("/", "/"),
    ("\u{7f}", "\u{7f}"), ("\u{2028}", "\u{2028}"), ("é😀", "é😀"), ("a\"é\n", "a\\\"é\\n"),
    ("e\u{301}", "e\u{301}"),
  ])
  func `escapes what must be escaped and nothing else`(text: String, escaped: String) throws {
    let written = JSONValue.string(text).canonicalBytes
    #expect(written == Array("\"\(escaped)\"".utf8))
    #expect(try JSONValue(parsing: written).string.map { Array($0.utf8) } == Array(text.utf8))
  }

  @Test func `is read back as it was written, whatever the tree`() throws {
    var generator = SeededGenerator(seed: 8785)
    for _ in 0..<500 {
      let value = tree(depth: 0, using: &generator)
      let bytes = value.canonicalBytes
      let again = try JSONValue(parsing: bytes)
      #expect(again == value)
      #expect(again.canonicalBytes == bytes)
    }
  }
}

private func tree(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
  switch Int.random(in: 0...(depth < 4 ? 7 : 5), using: &generator) {
  case 0: .null
  case 1: .bool(Bool.random(using: &generator))
  case 2: .integer(Int64(bitPattern: generator.next()) >> Int64(generator.next() % 64))
  case 3: .number(["0.5", "-1e9", "1E-2", "18446744073709551616", "-0.0"][depth])
  case 4, 5: .string(word(using: &generator))
  case 6:
    .array(
      (0..<Int.random(in: 0...4, using: &generator)).map { _ in
        tree(depth: depth + 1, using: &generator)
      })
  default:
    .object(
      Dictionary(
        (0..<Int.random(in: 0...5, using: &generator)).map { _ in
          (word(using: &generator), tree(depth: depth + 1, using: &generator))
        }, uniquingKeysWith: { first, _ in first }))
  }
}

private func word(using generator: inout SeededGenerator) -> String {
  let scalars: [Unicode.Scalar] = ["a", "Z", "0", "\"", "\\", "\n", "\0", "é", "\u{fb33}", "😀"]
  var text = ""
  for _ in 0..<Int.random(in: 0...6, using: &generator) {
    text.unicodeScalars.append(scalars[Int.random(in: 0..<scalars.count, using: &generator)])
  }
  return text
}

private let readable: [(String, JSONValue)] = [
  (" \t\r\n1 \n", 1), ("-0", 0), ("true", true), ("null", .null),
  ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
  ("9223372036854775808", .number("9223372036854775808")), ("1.0", .number("1.0")),
  ("1e5", .number("1e5")), ("0E-0", .number("0E-0")), ("-0.5E+09", .number("-0.5E+09")),
  (#""\u00e9\u0000\/\b\f\n\r\t\"\\""#, .string("é\0/\u{8}\u{c}\n\r\t\"\\")),
  (#""\uD83D\uDE00\ud83d\ude00""#, "😀😀"), (#""\uFFFF\udbff\udfff""#, "\u{ffff}\u{10ffff}"),
  ("[ ]", []), ("{ }", [:]), ("[1 , 2]", [1, 2]),
  (#"{ "a" : { } , "b":[]}"#, ["a": [:], "b": []]),
  ("\"\u{7f}\"", "\u{7f}"),
]

@Suite struct `Reading JSON` {
  @Test(arguments: readable)
  func `takes what RFC 8259 allows`(text: String, value: JSONValue) throws {
    #expect(try parse(text) == value)
  }

  @Test(arguments: [
    ("", 0, "ends"), ("  ", 2, "ends"), ("nul", 3, "null"), ("True", 0, "value"),
    ("'a'", 0, "value"),
    ("1 2", 2, "more text"), ("{}x", 2, "more text"), ("\u{feff}1", 0, "value"), ("01", 2, "zero"),
    ("-01", 3, "zero"), ("-", 1, "value"), ("+1", 0, "value"), (".5", 0, "value"),
    ("1.", 2, "point"),
    ("1.e1", 2, "point"), ("1e", 2, "exponent"), ("1e+", 3, "exponent"), ("0x1", 1, "more text"),
    ("NaN", 0, "value"), ("-Infinity", 1, "value"), ("[1,]", 3, "value"), ("[,1]", 1, "value"),
    ("[1 2]", 3, "comma"), ("[1", 2, "comma"), ("[", 1, "ends"), ("]", 0, "value"),
    ("{", 1, "member name"), ("{a:1}", 1, "member name"), (#"{"a" 1}"#, 5, "colon"),
    (#"{"a":}"#, 5, "value"), (#"{"a":1,}"#, 7, "member name"), (#"{"a":1"#, 6, "comma"),
    (#"{"a":1 "b":2}"#, 7, "comma"), (#"{1:2}"#, 1, "member name"), ("// a\n1", 0, "value"),
    (#"{"a":1,"a":2}"#, 12, "\"a\" appears twice"), (#"{"a":1,"\u0061":2}"#, 17, "twice"),
    ("\"", 1, "no end"), (#""a"#, 2, "no end"), (#""\"#, 2, "no end"), (#""\a""#, 3, "escape"),
    (#""\U0061""#, 3, "escape"), (#""\u00g0""#, 5, "four hex"), (#""\u00"#, 5, "four hex"),
    (#""\ud83d""#, 7, "surrogate"), (#""\ud83dx""#, 7, "surrogate"), (#""\ude00""#, 7, "surrogate"),
    (#""\ud83d\n""#, 8, "surrogate"), (#""\ud83d\u0061""#, 13, "surrogate"),
    ("\"\n\"", 2, "control"), ("\"\u{1f}\"", 2, "control"), ("\"a\0\"", 3, "control"),
  ])
  func `refuses everything else, and says where and why`(
    text: String, offset: Int, reason: String
  ) {
    let fault = #expect(throws: JSONFault.self) { try parse(text) }
    #expect(fault?.offset == offset)
    #expect(fault?.reason.contains(reason) == true, "\(fault?.reason ?? "")")
  }

  @Test(
    arguments: [
      [0x80], [0xFF], [0xC3], [0xC3, 0x28], [0xC0, 0xAF], [0xED, 0xA0, 0x80],
      [0xF4, 0x90, 0x80, 0x80],
      [0xE2, 0x82],
    ] as [[UInt8]])
  func `refuses strings that are not UTF-8`(bytes: [UInt8]) {
    let fault = #expect(throws: JSONFault.self) {
      try JSONValue(parsing: [34] + bytes + [34])
    }
    #expect(fault?.reason == "a string is not UTF-8")
  }

  @Test func `goes as deep as its limit and no deeper`() throws {
    func nested(_ depth: Int, _ open: String, _ inner: String, _ close: String) -> String {
      String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
    }
    let limit = JSONLimits.depth
    #expect(throws: Never.self) { try parse(nested(limit, "[", "1", "]")) }
    #expect(throws: Never.self) { try parse(nested(limit, "{\"a\":", "1", "}")) }
    #expect(throws: JSONFault.self) { try parse(nested(limit + 1, "[", "", "]")) }
    #expect(throws: JSONFault.self) { try parse(nested(limit + 1, "{\"a\":", "1", "}")) }
    // A million brackets must not cost a million frames.
    let fault = #expect(throws: JSONFault.self) { try parse(nested(1_000_000, "[", "", "")) }
    #expect(fault?.description == "reading JSON at byte \(limit): nested too deeply")
  }

  @Test func `repeats no more of a name than a line can hold`() {
    let name = String(repeating: "n", count: 10_000)
    let fault = #expect(throws: JSONFault.self) { try parse("{\"\(name)\":1,\"\(name)\":2}") }
    #expect((fault?.description.count ?? .max) < 120)
  }

  @Test func `never traps on noise, nor on a good text with a wound`() {
    let alphabet = Array("{}[]\",:\\u00e9dD8tfnrue-+.0123456789 \n\u{e9}".utf8) + [0, 0xFF, 0xC3]
    let good = Array(#"{"a":[1,-2.5e3,"\ud83d\ude00\n",null,{"b":true}],"c":""}"#.utf8)
    var readable = 0
    for seed in 0..<10_000 as Range<UInt64> {
      var generator = SeededGenerator(seed: seed)
      var bytes: [UInt8]
      if seed.isMultiple(of: 2) {
        let count = Int.random(in: 0...24, using: &generator)
        bytes = (0..<count).map { _ in
          alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
        }
      } else {
        bytes = good
        let at = Int.random(in: 0..<bytes.count, using: &generator)
        switch seed % 3 {
        case 0: bytes[at] = UInt8(truncatingIfNeeded: generator.next())
        case 1: bytes.removeSubrange(at...)
        default: bytes.insert(alphabet[Int(generator.next() % 40)], at: at)
        }
      }
      guard let value = try? JSONValue(parsing: bytes) else { continue }
      readable += 1
      // What was understood can be written, and means the same when it is read again.
      #expect((try? JSONValue(parsing: value.canonicalBytes)) == value, "seed \(seed)")
    }
    #expect(readable > 100)
  }

  @Test func `gives each value by its kind and no other`() throws {
    let value = try parse(#"{"s":"x","i":7,"b":true,"a":[1],"o":{},"n":1.5,"z":null}"#)
    #expect(value["s"]?.string == "x")
    #expect(value["i"]?.integer == 7)
    #expect(value["b"]?.bool == true)
    #expect(value["a"]?.array == [1])
    #expect(value["o"]?.object == [:])
    #expect(value["n"] == .number("1.5"))
    #expect(value["z"] == .null)
    #expect(value["missing"] == nil)
    #expect(value["s"]?.integer == nil && value["i"]?.string == nil && value["a"]?["s"] == nil)
    #expect(value["n"]?.integer == nil && value["i"]?.bool == nil && value["o"]?.array == nil)
  }
}
