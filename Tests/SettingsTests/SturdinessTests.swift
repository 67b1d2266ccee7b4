// No text makes the room trap, and what it says of a text is always the same.

import Machines
import Primitives
import Signals
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
    "evidence: [{ state: \"fault\", when: { all: [\"!run\"] } }],", "{ any: [\"jam\"] }",
    "stands: \"good\", cycles: 3,", "codes: { \"1-9\": \"drive\" },", "cycles: 1e300,", "22:00",
    "2026-12-24", "line: \"linie-3\",", "{ not: ", "until: 5,", "pulse: true,", "bits: 64,",
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

  @Test(arguments: 0..<20)
  func `a hundred garbled plants are each either explained or can be run`(block: Int) throws {
    let right = Array(try Example.text(Example.plant).utf8)
    for seed in block * 100..<block * 100 + 100 {
      var generator = SeededGenerator(seed: UInt64(seed))
      let outcome = check(Self.mutated(right, &generator))
      #expect((outcome.configuration != nil) == outcome.errors.isEmpty, "seed \(seed)")
      guard let configuration = outcome.configuration else { continue }
      let again = check(configuration.explain())
      #expect(again.configuration?.plan == configuration.plan, "seed \(seed)")
      for machine in configuration.plan.machines {
        // What the rules let pass, the machines must be able to take.
        #expect(throws: Never.self, "seed \(seed)") {
          _ = try MachineStates(
            rules: try machine.states ?? StateRules(simple: machine), epoch: "0",
            at: Stamp(instant: Instant(nanoseconds: 0), wall: WallTime(milliseconds: 0)))
        }
      }
      for line in configuration.plan.lines {
        let mistakes = line.calendar.findings.filter { $0.severity == .mistake }
        #expect(mistakes == [], "seed \(seed)")
      }
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
