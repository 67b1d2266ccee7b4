// Bytes as text: the vectors of RFC 4648 section 10, and what must be refused.

import Primitives
import Testing

private let vectors: [(text: String, base64: String, hex: String)] = [
  ("", "", ""), ("f", "Zg==", "66"), ("fo", "Zm8=", "666f"), ("foo", "Zm9v", "666f6f"),
  ("foob", "Zm9vYg==", "666f6f62"), ("fooba", "Zm9vYmE=", "666f6f6261"),
  ("foobar", "Zm9vYmFy", "666f6f626172"),
]

@Suite struct `Bytes as text` {
  @Test(arguments: vectors)
  func `are the vectors of RFC 4648`(text: String, base64: String, hex: String) {
    let bytes = Array(text.utf8)
    let unpadded = String(base64.prefix { $0 != "=" })
    #expect(Base64.encode(bytes) == base64)
    #expect(Base64.encodeURL(bytes) == unpadded)
    #expect(Base64.decodeURL(unpadded) == bytes)
    #expect(Hex.encode(bytes) == hex)
    #expect(Hex.decode(hex) == bytes)
    #expect(Hex.decode(hex.uppercased()) == bytes)
  }

  @Test func `use both alphabets to their ends`() {
    #expect(Base64.encode([0xFB, 0xEF, 0xBE, 0xFF]) == "++++/w==")
    #expect(Base64.encodeURL([0xFB, 0xEF, 0xBE, 0xFF]) == "----_w")
    #expect(Base64.decodeURL("----_w") == [0xFB, 0xEF, 0xBE, 0xFF])
  }

  @Test(arguments: ["Zg==", "Z", "Zh", "Zm9", "Zm9vY", "Zm9+", "Zm9/", "Zm 9v", "Zm9v\n", "Zé"])
  func `are not read from a base64url that is not exact`(text: String) {
    #expect(Base64.decodeURL(text) == nil)
  }

  @Test(arguments: ["6", "666", "6g", "0x", " 66", "66 ", "é", "６６", "--"])
  func `are not read from a hexadecimal that is not exact`(text: String) {
    #expect(Hex.decode(text) == nil)
  }

  @Test func `come back from any bytes, and one text means one thing`() {
    var generator = SeededGenerator(seed: 4648)
    for length in 0..<200 {
      let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(Base64.decodeURL(Base64.encodeURL(bytes)) == bytes)
      #expect(Hex.decode(Hex.encode(bytes)) == bytes)
      let noise = (0..<(length % 9)).map { _ in
        Array("AZaz09-_")[Int.random(in: 0...7, using: &generator)]
      }
      if let decoded = Base64.decodeURL(String(noise)) {
        #expect(Base64.encodeURL(decoded) == String(noise))
      }
    }
  }
}
