// What registers could be: known devices first, then anything.

import Primitives
import Signals
import Testing

@Suite("Deciphering") struct DecipherTests {
  func best(_ words: [UInt16], _ expected: String? = nil) -> DecipherReading? {
    let display = expected.flatMap { DisplayedNumber(text: $0) }
    return Decipher(words, expected: display).plausible().first
  }

  @Test(
    arguments: [
      // SDM630: 230.2 V, high word first; the same from devices with every other order.
      ([0x4366, 0x3333], "f32", "230.2"), ([0x3333, 0x4366], "f32 cdab", "230.2"),
      ([0x6643, 0x3333], "f32 badc", "230.2"), ([0x3333, 0x6643], "f32 dcba", "230.2"),
      ([0x4248, 0x0000], "f32", "50.0"), ([0xBF80, 0x0000], "f32", "-1.0"),
      // A power factor that was measured, with all its digits.
      ([0x3F7A, 0x5E35], "f32", "0.978"), ([0x40C9, 0x0FDB, 0, 0], "f32", "6.2831855"),
      ([0x406C, 0xC666, 0x6666, 0x6666], "f64", "230.2"),
      ([0x6666, 0x6666, 0xC666, 0x406C], "f64 cdab", "230.2"),
      // Counters: with and without their high half.
      ([0x0001, 0xE240], "u32", "123456"), ([0xE240, 0x0001], "u32 cdab", "123456"),
      ([0xFFFF, 0xFF38], "i32", "-200"), ([0x00FC], "u16", "252"), ([0xFF9C], "i16", "-100"),
      ([0x0000, 0x0000, 0x0000, 0x04D2], "u32", "1234"),
    ] as [([UInt16], String, String)])
  func `F21: known values of known devices come first`(
    words: [UInt16], form: String, text: String
  ) {
    let reading = best(words)
    #expect(reading?.form.formatText == form)
    #expect(reading?.text == text)
  }

  @Test func `a text is found with its layout and its length`() {
    let pairs: [UInt16] = [0x5052, 0x4553, 0x532D, 0x3031]  // PRESS-01
    #expect(best(pairs)?.text == "\"PRESS-01\"")
    #expect(best(pairs)?.form.formatText == "string 8")
    let swapped = pairs.map(\.byteSwapped)
    #expect(Decipher(swapped).plausible().contains { $0.text == "\"PRESS-01\"" })
    let halves = Array("PUMP".utf8).map { UInt16($0) }
    #expect(best(halves)?.form.formatText == "string 4 low")
    #expect(best(halves.map(\.byteSwapped))?.form.formatText == "string 4 high")
    let among: [UInt16] = [7, 0xFFFF] + pairs + [0x4100, 9]
    let found = Decipher(among).plausible().first { $0.text == "\"PRESS-01A\"" }
    #expect(found?.offset == 2)
    #expect(found?.form.formatText == "string 10")
  }

  @Test(
    arguments: [
      [0x7FC0, 0x0000], [0x7F80, 0x0000], [0xFF80, 0x0000], [0x0000, 0x0001], [0x8000, 0x0000],
      [0x7F7F, 0xFFFF], [0x0080, 0x0000],
    ] as [[UInt16]])
  func `F21: what is no finite number of a usual size is no likely real`(words: [UInt16]) {
    let reading = Decipher(words).number(0, .f32, .abcd)
    #expect(reading?.isPlausible == false)
    #expect(reading?.reason.isEmpty == false)
  }

  @Test func `minus one may mean that there is no value`() {
    #expect(Decipher([0xFFFF]).number(0, .i16, .abcd)?.reason == "-1, or \"no value\"")
    #expect(Decipher([0xFFFF, 0xFFFF]).plausible().isEmpty)
  }

  @Test(
    arguments: [
      ([2302], "230.2", "u16", "u16 × 0.1 = 230.2, as the display shows"),
      (
        [0x0000, 0x0000, 0x0008, 0xFEFC], "589.564", "u32",
        "u32 × 0.001 = 589.564, as the display shows"
      ),
      ([0xFF38], "-20.0", "i16", "i16 × 0.1 = -20, as the display shows"),
      ([0x4366, 0x3333], "230.2", "f32", "f32 = 230.2, as the display shows"),
      ([0x4366, 0x3333], "230.9", "f32", "f32 = 230.2, near"),
      ([0x461C, 0x4000], "10", "f32", "f32 × 0.001 = 10, as the display shows"),
      ([5], "5000", "u16", "u16 × 1000 = 5000, as the display shows"),
    ] as [([UInt16], String, String, String)])
  func `F21: what fits the display stands before everything else`(
    words: [UInt16], display: String, form: String, reason: String
  ) {
    let reading = best(words, display)
    #expect(reading?.form.formatText == form)
    #expect(reading?.reason == reason)
    #expect((reading?.likelihood ?? 0) > 100)
  }

  @Test func `decimal digits in half bytes are seen, and fit a display`() {
    let reading = best([0x2302], "230.2")
    #expect(reading?.form == .decimalDigits(registers: 1))
    #expect(reading?.form.formatText == nil)
    #expect(best([0x0012, 0x3456], "123456")?.form == .decimalDigits(registers: 2))
  }

  @Test func `seconds since 1970 are told as a date`() {
    let reading = Decipher([0x69A5, 0x3600]).number(0, .u32, .abcd)
    #expect(reading?.reason.hasPrefix("seconds since 1970: 2026-03-02T") == true)
  }

  @Test(arguments: ["", "-", "230,2", "1.2.3", ".", "1e5", "0x10", "1234567890123456789"])
  func `what no display shows is no number of one`(text: String) {
    #expect(DisplayedNumber(text: text) == nil)
  }

  @Test(arguments: 1...300)
  func `any words are looked at without a trap, always in the same order`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let count = Int.random(in: 0...9, using: &random)
    let special: [UInt16] = [0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x7F80, 0x7FF0, 0x2020]
    let words = (0..<count).map { _ in
      Int.random(in: 0..<2, using: &random) == 0
        ? UInt16.random(in: 0...UInt16.max, using: &random)
        : special[Int.random(in: 0..<special.count, using: &random)]
    }
    let display = DisplayedNumber(text: "\(Int.random(in: -999...999, using: &random))")
    let decipher = Decipher(words, expected: display)
    let all = decipher.readings()
    #expect(all == decipher.readings())
    for reading in all {
      #expect(reading.offset + reading.form.registers <= count)
      #expect(reading.likelihood >= 0)
      if reading.text == "no number" { #expect(reading.likelihood == 0) }
    }
    let points = decipher.plausible().map(\.likelihood)
    #expect(points == points.sorted(by: >))
  }
}
