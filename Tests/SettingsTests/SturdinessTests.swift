// No text makes the room trap, and what it says of a text is always the same.

import Primitives
import Testing

@testable import Settings

@Suite("Garbage")
struct SturdinessTests {
  /// What people and broken editors put into a file.
  private static let shards = [
    "{", "}", "[", "]", "\"", "'", ",", ":", "/*", "*/", "//", "\\", "\\u12", "null", "-", "0x",
    "9223372036854775808", "-1e400", "NaN", "Infinity", "\u{FEFF}", "\u{A0}", "“", "\0", "\r", "\n",
    "name: \"press-1\",", "signals: [{}],", "\"\"", "1e5", "🏭", "holding 65535 u64", "%",
    "type: \"modbus-rtu\",", "device: \"/dev/ttyUSB0\",", "baud: 9600,", "unit: 0,",
    "profile: \"eastron-sdm630\",", "\"power\"", "forbidden: [\"coil 0-9\", \"4x1\"],",
    "functions: [1, 4],", "requestStart: { coil: 7 },", "string 9 low", "0x", "4x",
    "9999999d", "-5", "machines:", "{ \"-9223372036854775808\": 1 }",
  ]

  private static func mutated(_ text: [UInt8], _ generator: inout SeededGenerator) -> String {
    var bytes = text
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      let start = Int.random(in: 0..<max(1, bytes.count), using: &generator)
      let length = Int.random(in: 0...24, using: &generator)
      let end = min(bytes.count, start + length)
      switch Int.random(in: 0...4, using: &generator) {
      case 0: bytes.removeSubrange(start..<end)
      case 1: bytes.insert(contentsOf: bytes[start..<end], at: start)
      case 2:
        let shard = shards.randomElement(using: &generator) ?? ""
        bytes.replaceSubrange(start..<end, with: Array(shard.utf8))
      case 3:
        let shard = shards.randomElement(using: &generator) ?? ""
        bytes.insert(contentsOf: Array(shard.utf8), at: start)
      default:
        if start < bytes.count { bytes[start] = UInt8.random(in: 0...255, using: &generator) }
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func garbled(_ seed: Int) -> String {
    var generator = SeededGenerator(seed: UInt64(seed))
    return mutated(Array(Example.profile.text.utf8), &generator)
  }

  @Test func `two thousand garbled profiles are each either usable or explained`() {
    let machine = "{ name: \"m\", bus: \"plc\", unit: 3, profile: \"eastron-sdm630\" }"
    let main = Broken("", [("good: \"good\" }]", "good: \"good\" }, \(machine)]")], "").text
    for seed in 0..<2000 {
      let profile = ConfigurationFile(path: Example.profile.path, text: Self.garbled(seed))
      let outcome = Configuration.check(
        [ConfigurationFile(path: "takt.json5", text: main)], profiles: [profile])
      #expect((outcome.configuration != nil) == outcome.errors.isEmpty, "seed \(seed)")
      for mistake in outcome.errors {
        #expect(mistake.place.file == profile.path, "seed \(seed)")
      }
      guard let configuration = outcome.configuration else { continue }
      let again = check(configuration.explain())
      #expect(
        again.configuration?.plan.digestInput == configuration.plan.digestInput, "seed \(seed)")
    }
  }

  @Test(arguments: 0..<20)
  func `a hundred garbled examples are each either usable or explained`(block: Int) throws {
    let right = Array(try Example.text().utf8)
    for seed in block * 100..<block * 100 + 100 {
      var generator = SeededGenerator(seed: UInt64(seed))
      let text = Self.mutated(right, &generator)
      let outcome = check(text)
      let isUsable = outcome.configuration != nil
      #expect(isUsable == outcome.errors.isEmpty, "seed \(seed)")
      for mistake in outcome.mistakes {
        #expect(mistake.place.line >= 1 && mistake.place.column >= 1, "seed \(seed)")
        #expect(!mistake.found.isEmpty && mistake.found.utf8.count < 1000, "seed \(seed)")
      }
      let withProfile = Configuration.check(
        [ConfigurationFile(path: "takt.json5", text: text)],
        profiles: [ConfigurationFile(path: Example.profile.path, text: Self.garbled(seed))])
      #expect((withProfile.configuration != nil) == withProfile.errors.isEmpty, "seed \(seed)")
      guard let configuration = outcome.configuration else { continue }
      let again = check(configuration.explain())
      #expect(
        again.configuration?.plan.digestInput == configuration.plan.digestInput, "seed \(seed)")
    }
  }

  @Test func `equal texts get equal answers`() throws {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<20 {
      let text = Self.mutated(Array(try Example.text().utf8), &generator)
      #expect(messages(check(text)) == messages(check(text)))
    }
  }
}
