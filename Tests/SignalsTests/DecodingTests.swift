// Registers to values: every type in every order.

import Primitives
import Signals
import Testing

private func decode(
  _ type: RegisterType, _ words: [UInt16], _ order: ByteOrder = .abcd, bit: UInt8? = nil
) -> Value? {
  RegisterFormat(type: type, order: order, bit: bit, count: UInt16(words.count)).decode(words)
}

@Suite struct `Registers become values` {
  @Test(arguments: [
    (RegisterType.u16, [0xFFFE] as [UInt16], Value.integer(65534)),
    (.i16, [0xFFFE], .integer(-2)),
    (.u32, [0x8000, 0x0001], .integer(0x8000_0001)),
    (.i32, [0x8000, 0x0000], .integer(-2_147_483_648)),
    (.u64, [0x7FFF, 0xFFFF, 0xFFFF, 0xFFFF], .integer(.max)),
    (.u64, [0x8000, 0, 0, 0], .unsigned(1 << 63)),
    (.i64, [0x8000, 0, 0, 0], .integer(.min)),
    (.f32, [0x42F6, 0xE979], .real(Double(Float(123.456)))),
    (.f64, [0x405E, 0xDD2F, 0x1A9F, 0xBE77], .real(123.456)),
    (.f32, [0x8000, 0x0000], .real(-0.0)),
  ])
  func `of each type`(type: RegisterType, words: [UInt16], value: Value) {
    #expect(decode(type, words) == value)
  }

  @Test(arguments: [
    (ByteOrder.abcd, [0x1122, 0x3344] as [UInt16], [0x1122, 0x3344, 0x5566, 0x7788] as [UInt16]),
    (.cdab, [0x3344, 0x1122], [0x7788, 0x5566, 0x3344, 0x1122]),
    (.badc, [0x2211, 0x4433], [0x2211, 0x4433, 0x6655, 0x8877]),
    (.dcba, [0x4433, 0x2211], [0x8877, 0x6655, 0x4433, 0x2211]),
  ])
  func `F21: in all four orders, of 32 and of 64 bits`(
    order: ByteOrder, short: [UInt16], long: [UInt16]
  ) {
    #expect(decode(.u32, short, order) == .integer(0x1122_3344))
    #expect(decode(.u64, long, order) == .integer(0x1122_3344_5566_7788))
    let swapped: UInt16 = order == .badc || order == .dcba ? 0x3412 : 0x1234
    #expect(decode(.u16, [swapped], order) == .integer(0x1234))
  }

  @Test(arguments: [
    (RegisterType.f32, [0x7FC0, 0x0000] as [UInt16]), (.f32, [0x7F80, 0x0000]),
    (.f32, [0xFF80, 0x0000]), (.f64, [0x7FF8, 0, 0, 1]), (.f64, [0xFFF0, 0, 0, 0]),
    (.u32, [1]), (.u16, []), (.f64, [0, 0, 0]), (.bit, []),
  ])
  func `and what is no number is no value`(type: RegisterType, words: [UInt16]) {
    #expect(decode(type, words) == nil)
  }

  @Test(arguments: 0..<16)
  func `one bit of a register`(bit: UInt8) {
    let word: UInt16 = 1 << UInt16(bit)
    #expect(decode(.bit, [word], bit: bit) == .integer(1))
    #expect(decode(.bit, [~word], bit: bit) == .integer(0))
    #expect(decode(.bit, [word.byteSwapped], .badc, bit: bit) == .integer(1))
    #expect(decode(.bit, [~word.byteSwapped], .badc, bit: bit) == .integer(0))
  }

  @Test func `a bit of a bit table`() {
    #expect(decode(.bit, [1]) == .integer(1))
    #expect(decode(.bit, [0]) == .integer(0))
  }

  @Test func `integers stay exact without scaling`() {
    let large = Value.integer(9_007_199_254_740_993)
    #expect(Scaling.none.apply(large) == large)
    #expect(Scaling(gain: 0.1, offset: -5).apply(.integer(1000)) == .real(95))
    #expect(Scaling(gain: .greatestFiniteMagnitude, offset: 0).apply(.integer(2)) == nil)
    #expect(Scaling(gain: 2, offset: 0).apply(.unsigned(1 << 63)) == .real(0x1p64))
  }
}

@Suite struct `Texts` {
  private func pieces(_ text: TextPieces) -> [Sample] {
    (0..<text.count).map { index in
      Sample(
        signal: SignalID(3), at: .boot, value: .text(text.pieces[index]),
        remaining: UInt8(text.count - 1 - index))
    }
  }

  private func words(_ text: String) -> [UInt16] {
    let bytes = Array(text.utf8) + (text.utf8.count % 2 == 0 ? [] : [0])
    return stride(from: 0, to: bytes.count, by: 2).map {
      UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
    }
  }

  private func decode(_ words: [UInt16], _ order: ByteOrder = .abcd) -> TextPieces? {
    RegisterFormat(type: .string, order: order, count: UInt16(words.count))
      .decodeText(words.span)
  }

  @Test(arguments: [
    ("A7", "A7"), ("", ""), ("order 4711 ", "order 4711"), ("12345678", "12345678"),
    ("Größe Ü, sehr lang: ✓ fertig", "Größe Ü, sehr lang: ✓ fertig"), ("A\0rest", "A"),
    ("   ", ""), (" A", " A"),
  ])
  func `go through the ring in pieces and come out whole`(raw: String, text: String) throws {
    var assembler = TextAssembler()
    let samples = pieces(try #require(decode(words(raw))))
    #expect(samples.dropLast().allSatisfy { assembler.take($0) == nil })
    #expect(assembler.take(try #require(samples.last)) == text)
  }

  @Test func `of the longest answer fit`() throws {
    let long = String(repeating: "x", count: 250)
    let text = try #require(decode(words(long)))
    #expect(text.count == 32)
    var assembler = TextAssembler()
    #expect(pieces(text).compactMap { assembler.take($0) } == [long])
    #expect(decode([UInt16](repeating: 0x7878, count: 2000))?.count == 32)
  }

  @Test func `F22: with the low byte first`() throws {
    var assembler = TextAssembler()
    let text = try #require(decode(words("BADC").map(\.byteSwapped), .badc))
    #expect(assembler.take(pieces(text)[0]) == "BADC")
  }

  @Test(arguments: [
    (CharacterPlace.low, [0x0041, 0x0042, 0x0043] as [UInt16], "ABC"),
    (.low, [0xFF41, 0x0042, 0x2000, 0x0043], "AB"),
    (.low, [0x0031, 0x0020, 0x0032, 0x0020], "1 2"),
    (.low, [0x00C3, 0x0084], "Ä"),
    (.high, [0x4100, 0x4243, 0x43FF], "ABC"),
    (.high, [0x4100, 0x0042, 0x4300], "A"),
    (.high, [0x0000], ""),
  ])
  func `F22: with one character in half of each register`(
    place: CharacterPlace, words: [UInt16], text: String
  ) throws {
    let format = RegisterFormat(
      type: .string, count: UInt16(words.count), characters: place)
    #expect(format.characterCount == words.count)
    var assembler = TextAssembler()
    let decoded = format.decodeText(words.span)
    let samples = pieces(try #require(decoded))
    #expect(samples.compactMap { assembler.take($0) } == [text])
  }

  @Test func `F22: the longest answer of half registers fits, and a longer one is cut`() throws {
    let format = RegisterFormat(type: .string, count: 125, characters: .low)
    let words = [UInt16](repeating: 0x78, count: 2000)
    var assembler = TextAssembler()
    let decoded = format.decodeText(words.span.extracting(0..<125))
    let samples = pieces(try #require(decoded))
    #expect(samples.count == 16)
    let texts = samples.compactMap { assembler.take($0) }
    #expect(texts == [String(repeating: "x", count: 125)])
    let cut = format.decodeText(words.span)
    #expect(cut?.count == 32)
    let invalid = format.decodeText([0xFF].span)
    #expect(invalid == nil)
  }

  @Test(arguments: [[0xFF41] as [UInt16], [0x41C3], [0xC328], [0xEDA0, 0x8000]])
  func `that are not UTF-8 are no value`(words: [UInt16]) {
    #expect(decode(words) == nil)
  }

  @Test func `a text cut short is dropped, the next one is whole`() throws {
    var assembler = TextAssembler()
    let long = pieces(try #require(decode(words("a text of three pieces"))))
    let short = pieces(try #require(decode(words("short"))))
    #expect(assembler.take(long[0]) == nil)
    #expect(assembler.take(short[0]) == "short")
  }
}
