// QR codes against the tables of the standard; that a reader reads them is EnrollTests' to prove.

import Testing

@testable import Primitives

@Suite("QR codes") struct QRCodeTests {
  @Test func `each version holds what the standard says, and one byte more is the next one`() {
    let most = [14, 26, 42, 62, 84, 106, 122, 152, 180, 213]
    for (index, count) in most.enumerated() {
      let size = 21 + 4 * index
      #expect(QRCode([UInt8](repeating: 65, count: count))?.size == size)
      if index < 9 { #expect(QRCode([UInt8](repeating: 65, count: count + 1))?.size == size + 4) }
    }
    #expect(QRCode([UInt8](repeating: 65, count: 214)) == nil)
    #expect(QRCode([])?.size == 21)
  }

  @Test func `the codewords of the standard's own kind of example are those of its tables`() {
    // Version 1: a block of 16 and its 10, from the polynomials of annex A.
    let words = QRVersion.all[0].codewords(Array("Takt".utf8))
    #expect(words.prefix(6) == [0x40, 0x45, 0x46, 0x16, 0xB7, 0x40])
    #expect(Array(words[6..<16]) == [236, 17, 236, 17, 236, 17, 236, 17, 236, 17])
    #expect(words.count == 26)
    // All of a valid block is a multiple of the divisor.
    #expect(GaloisField.remainder(words, GaloisField.divisor(10)).allSatisfy { $0 == 0 })
    #expect(GaloisField.divisor(7) == [127, 122, 154, 164, 11, 68, 117])
  }

  @Test func `the lines are two rows each, with four modules of light all around`() throws {
    let code = try #require(QRCode(Array("takt".utf8)))
    #expect(code.lines.count == (code.size + 8 + 1) / 2)
    #expect(code.lines.allSatisfy { $0.count == code.size + 8 })
    #expect(code.lines.prefix(2).allSatisfy { $0.allSatisfy { $0 == "█" } })
    #expect(code.lines.allSatisfy { $0.hasPrefix("████") && $0.hasSuffix("████") })
    // The finder: seven dark, a ring of light.
    #expect((0..<7).allSatisfy { code[$0, 0] } && !code[7, 0] && !code[1, 1] && code[3, 3])
  }
}
