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
        retention: {
          diskReserve: "64MiB",                               // default
        },
        publish: {
          window: "1s",                                       // default
        },
        health: {
          interval: "1min",                                   // default
        },
        reload: {
          rollBack: false,                                    // default
        },
      }
      // ring of bus plc: 1024 samples (at most 3 a second × 2s stall of the disk × 4)

      """
    let text = configuration.explain()
    #expect(text.hasPrefix(head))
    #expect(text.hasSuffix(tail))
  }

  @Test func `the explanation is a configuration of the same effect`() throws {
    for text in [Broken.right, try Example.text(), try Example.text(Example.plant)] {
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
      Vocabulary.uplink, Vocabulary.oauth, Vocabulary.proxy, Vocabulary.backoff, Vocabulary.route,
      Vocabulary.limits, Vocabulary.retention,
      Vocabulary.publish, Vocabulary.health, Vocabulary.roleCounter, Vocabulary.orderSignals,
      Vocabulary.signalLimit, Vocabulary.evidence, Vocabulary.test, Vocabulary.packml,
      Vocabulary.slow, Vocabulary.changeover, Vocabulary.planned, Vocabulary.words,
      Vocabulary.stateWords, Vocabulary.line, Vocabulary.confirmations, Vocabulary.calendar,
      Vocabulary.shift, Vocabulary.extraShift, Vocabulary.pause, Vocabulary.holiday,
      Vocabulary.exception, Vocabulary.maintenance, Vocabulary.reason,
      Vocabulary.reload, Vocabulary.page, Vocabulary.remote, Vocabulary.remoteKey, Vocabulary.pull,
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
    let outcome = Configuration.check(
      [ConfigurationFile(path: "takt.json5", text: try Example.uncommented())],
      profiles: [Example.profile])
    #expect(messages(outcome) == [])
    let plan = try #require(outcome.configuration?.plan)
    #expect(plan.buses.map(\.name) == ["plc-1", "drive", "line-2", "meters"])
    #expect(plan.buses.first?.units.map(\.quirks.forbidden.count) == [2, 0, 1])
    #expect(plan.machines.map(\.name) == ["press-1", "press-2", "packer", "meter-1"])
    #expect(plan.uplinks.first?.oauth?.clientSecretFile == "/etc/takt/mes.secret")
    #expect(plan.uplinks.first?.proxy?.port == 3128)
    #expect(plan.uplinks.first?.certificateFile == "/etc/takt/client.pem")
    #expect(plan.machines.map { $0.states?.evidence.claims.count } == [4, 5, 6, 0])
    #expect(plan.lines.map(\.calendar.shifts.count) == [2])
    #expect(plan.machines[0].states?.reasons["guard-open"]?.texts["de"] == "Schutztür offen")
  }

  @Test func `the example shows every member of the machine side`() throws {
    let configuration = try #require(
      Configuration.check(
        [ConfigurationFile(path: "takt.json5", text: try Example.uncommented())],
        profiles: [Example.profile]
      ).configuration)
    var said: Set<String> = []
    Example.gather(configuration.root, &said)
    let tables = [
      Vocabulary.signalLimit, Vocabulary.evidence, Vocabulary.packml, Vocabulary.slow,
      Vocabulary.changeover, Vocabulary.planned, Vocabulary.line, Vocabulary.confirmations,
      Vocabulary.calendar, Vocabulary.shift, Vocabulary.extraShift, Vocabulary.exception,
      Vocabulary.maintenance, Vocabulary.reason, Vocabulary.stateWords, Vocabulary.orderSignals,
    ]
    let wanted = Set(tables.flatMap { table in table.members.map { "\(table.name).\($0.name)" } })
      .union(Vocabulary.machine.members.map { "machine.\($0.name)" })
    // Said in prose beside its counterpart, or without a place of its own.
    let inProse: Set = [
      "signalLimit.below", "extraShift.breaks", "machine.profile", "machine.rework",
    ]
    #expect(wanted.subtracting(said).sorted() == inProse.sorted())
  }
}
