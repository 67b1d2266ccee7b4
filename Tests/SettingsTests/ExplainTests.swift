// The explanation, the digest and the schema agree with the check.

import Machines
import Polling
import Primitives
import Testing

@testable import Settings

@Suite("What holds")
struct ExplainTests {
  @Test func `the explanation shows every default and every place`() throws {
    let configuration = try #require(check(Broken.right).configuration)
    let head = """
      {
        gateway: {
          name: "gw",                                         // takt.json5:2:18
          enterprise: "e",                                    // takt.json5:2:36
          site: "s",                                          // takt.json5:2:47
          area: "a",                                          // takt.json5:2:58
          line: "l",                                          // takt.json5:2:69
          timeZone: "UTC",                                    // default
          keyFile: "/etc/takt/key.pem",                       // default
          stateDirectory: "/var/lib/takt",                    // default
          controlSocket: "/run/takt/takt.sock",               // default
        },
        buses: [
          {
            name: "plc",                                      // takt.json5:3:17
            type: "modbus-tcp",                               // default
            host: "10.0.0.1",                                 // takt.json5:3:30
            port: 502,                                        // default
            connectTimeout: "3s",                             // default
            connectPause: "0s",                               // default
            requestPause: "0s",                               // default
          },
        ],

      """
    let tail = """
        routes: [],                                           // default
        limits: {
          journal: "2GB",                                     // default
        },
        publish: {
          window: "1s",                                       // default
        },
        health: {
          interval: "1min",                                   // default
        },
      }
      // ring of bus plc: 1024 samples (at most 3 a second × 2s stall of the disk × 4)

      """
    let text = configuration.explain()
    #expect(text.hasPrefix(head))
    #expect(text.hasSuffix(tail))
  }

  @Test func `the explanation is a configuration of the same effect`() throws {
    for text in [Broken.right, try Example.text()] {
      let configuration = try #require(check(text).configuration)
      let again = check(configuration.explain())
      #expect(messages(again) == [])
      #expect(again.configuration?.plan == configuration.plan)
    }
  }

  @Test func `spelling does not change the digest and values do`() throws {
    func digestInput(_ edits: (String, String)...) throws -> [UInt8] {
      try #require(check(Broken("", edits, "").text).configuration?.plan.digestInput)
    }
    let plain = try digestInput()
    #expect(try digestInput(("at: \"coil 0\"", "every: \"1000ms\", at: '00001'")) == plain)
    #expect(
      try digestInput(("running: \"run\"", "running: { signal: \"run\", isTrue: true }")) == plain)
    #expect(
      try digestInput(("takt\" }", "takt\", batchBytes: \"262144B\", batchEvents: 0x64 }")) == plain
    )
    #expect(try digestInput(("coil 0", "coil 1")) != plain)
    let example = try #require(check(try Example.text()).configuration?.plan.digestInput)
    for bytes in [plain, example] {
      #expect(try JSONValue(parsing: bytes).canonicalBytes == bytes)
    }
    #expect(try JSONValue(parsing: plain)["gateway"]?["timeZone"] == "UTC")
  }
}

@Suite("The schema")
struct SchemaTests {
  @Test func `the installed schema is the one the tables write`() throws {
    #expect(try Example.text("etc/takt.schema.json") == Configuration.schema())
  }

  @Test func `the schema knows exactly the members that the check knows`() throws {
    let schema = try JSONValue(parsing: Array(Configuration.schema().utf8))
    let tables = [
      Vocabulary.root, Vocabulary.profileFile, Vocabulary.profile, Vocabulary.requestStart,
      Vocabulary.gateway, Vocabulary.bus, Vocabulary.machine, Vocabulary.signal,
      Vocabulary.debounce, Vocabulary.condition, Vocabulary.counter, Vocabulary.cause,
      Vocabulary.uplink, Vocabulary.backoff, Vocabulary.route, Vocabulary.limits,
      Vocabulary.publish, Vocabulary.health,
    ]
    #expect(Set(try #require(schema["$defs"]?.object).keys) == Set(tables.map(\.name)))
    #expect(schema["then"] == ["$ref": "#/$defs/profileFile"])
    #expect(schema["else"] == ["$ref": "#/$defs/configuration"])
    for table in tables {
      let part = schema["$defs"]?[table.name] ?? .null
      let properties = try #require(part["properties"]?.object, "\(table.name)")
      #expect(Set(properties.keys) == Set(table.members.map(\.name)))
      #expect(part["additionalProperties"] == false)
      let required = table.members.compactMap { member -> JSONValue? in
        if case .required = member.presence { .string(member.name) } else { nil }
      }
      #expect(part["required"] == .array(required))
    }
  }

  @Test(arguments: [
    "holding 100 u32 cdab", "40101 f32", "400101", "4x101 i16 badc", "coil 7", "discrete 3 bit",
    "input 12.3", "holding 0x64", "holding 20 string 16", "holding 20 string 16 low",
    "holding 20 string 250 badc", "3x1.15",
  ])
  func `F21, F22: the schema knows every notation of an address`(text: String) throws {
    _ = try AddressText.parse(text)
    let pattern = try Regex(ParsedAddress.pattern)
    #expect(text.firstMatch(of: pattern) != nil)
    for wrong in ["", "holding", "\(text) now", "x \(text)", "holding 5 u23"] {
      #expect(wrong.firstMatch(of: pattern) == nil, "\(wrong)")
    }
  }

  @Test(arguments: ["holding 100-120", "input 7", "40101-40121", "coil 0x0 - 0x10", "3x1-3x5"])
  func `F18: the schema knows every notation of a forbidden range`(text: String) throws {
    let range = try AddressRange(text: text)
    #expect(try AddressRange(text: range.text) == range)
    let pattern = try Regex(AddressRange.pattern)
    #expect(text.firstMatch(of: pattern) != nil && range.text.firstMatch(of: pattern) != nil)
    #expect("\(text) u16".firstMatch(of: pattern) == nil)
  }

  @Test func `the example mentions no member that does not exist`() throws {
    // The commented-out lines of the example are advice: they must hold as well. An object may
    // go on in further lines of the comment.
    var isInObject = false
    let text = try Example.text().split(separator: "\n").map { line -> Substring in
      let trimmed = line.drop { $0 == " " }
      let advice = trimmed.hasPrefix("// ") ? trimmed.dropFirst(3) : ""
      if advice.hasPrefix("{") { isInObject = true }
      if isInObject {
        isInObject = !advice.hasSuffix("},")
        return advice
      }
      let name = advice.first?.isLowercase == true ? advice.prefix { $0.isLetter } : ""
      return !name.isEmpty && advice.dropFirst(name.count).hasPrefix(": ") ? advice : line
    }.joined(separator: "\n")
    let outcome = Configuration.check(
      [ConfigurationFile(path: "takt.json5", text: text)], profiles: [Example.profile])
    #expect(messages(outcome) == [])
    let buses = outcome.configuration?.plan.buses ?? []
    #expect(buses.map(\.name) == ["plc-1", "drive", "line-2", "meters"])
    #expect(buses.first?.units.map(\.quirks.forbidden.count) == [2, 1])
    #expect(outcome.configuration?.plan.machines.map(\.name) == ["press-1", "meter-1"])
    #expect(outcome.configuration?.plan.uplinks.first?.bearerFile == "/etc/takt/mes.token")
    #expect(outcome.configuration?.plan.uplinks.first?.certificateFile == "/etc/takt/client.pem")
  }
}
