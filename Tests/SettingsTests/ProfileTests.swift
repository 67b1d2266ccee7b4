// The profiles that the package installs: right, sourced, gentle with their devices, and meaning
// what the manuals say.

import Glibc
import Polling
import Primitives
import Signals
import Testing

@testable import Settings

/// The folder of profiles that the package installs.
private enum Shelf {
  static let folder = "etc/profiles"

  /// Names of all profiles, in the order of the alphabet.
  static let names: [String] = {
    guard let stream = opendir("/\(Example.directory)/\(folder)") else { return [] }
    defer { closedir(stream) }
    var found: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".json5") { found.append(String(name.dropLast(".json5".count))) }
    }
    return found.sorted()
  }()

  static func file(_ name: String) throws -> ConfigurationFile {
    let path = "\(folder)/\(name).json5"
    return ConfigurationFile(path: path, text: try Example.text(path))
  }

  /// Devices that have RS-485 only; read here at 9600 baud, which is what most are delivered with.
  static let serial: Set = [
    "abb-a43", "abb-acs355", "carlo-gavazzi-em21", "delta-ms300", "eastron-sdm630",
    "eastron-sdm72d-m", "schneider-iem3155", "wirenboard-wb-mcm8",
  ]

  /// A site with one machine that takes every signal of one profile and runs by the last of them.
  static func check(_ name: String, bus members: String? = nil) throws -> ConfigurationOutcome {
    let line =
      serial.contains(name)
      ? "type: \"modbus-rtu\", device: \"/dev/serial/by-id/usb-x-port0\", baud: 9600"
      : "host: \"10.0.0.1\""
    let profile = try file(name)
    let last = profile.text.split(separator: "{ name: \"").last?.prefix { $0 != "\"" } ?? ""
    let site = """
      {
      gateway: { name: "gw", enterprise: "e", site: "s", area: "a", line: "l" },
      buses: [{ name: "field", \(members ?? line) }],
      machines: [{ name: "device", bus: "field", profile: "\(name)",
        running: "\(last) > 0" }],
      uplinks: [{ name: "mes", url: "https://mes.example.com/takt" }],
      }
      """
    return Configuration.check(
      [ConfigurationFile(path: "takt.json5", text: site)], profiles: [profile])
  }

  static func plan(_ name: String) throws -> SitePlan {
    let outcome = try check(name)
    return try #require(outcome.configuration?.plan, "\(messages(outcome))")
  }
}

@Suite("The installed profiles")
struct ProfileTests {
  @Test func `there are at least ten, and the manual's examples speak of each of them`() {
    #expect(Shelf.names.count >= 10)
    let spoken = Set((ProfileExample.printed + ProfileExample.ruled).map(\.profile))
    #expect(spoken == Set(Shelf.names))
    #expect(Shelf.serial.isSubset(of: Shelf.names))
  }

  @Test(arguments: Shelf.names)
  func `each is checked without a word on the line it is made for`(name: String) throws {
    let outcome = try Shelf.check(name)
    #expect(messages(outcome) == [])
    let plan = try #require(outcome.configuration?.plan)
    #expect((8...32).contains(plan.signals.count))
    #expect(Set(plan.signals.map(\.definition.name)).count == plan.signals.count)
  }

  @Test(arguments: Shelf.names)
  func `each says what it is and names a public source`(name: String) throws {
    let text = try Shelf.file(name).text
    #expect(text.hasPrefix("// "))
    #expect(text.contains("\n    name: \"\(name)\",\n"))
    let source = try #require(text.split(separator: "\n").first { $0.hasPrefix("    source: \"") })
    #expect(source.contains("https://") || source.contains("http://"))
    #expect(source.utf8.count > 100, "title, version, section and address")
  }

  @Test(arguments: [
    ("carlo-gavazzi-em21", 11), ("eastron-sdm630", 80), ("eastron-sdm72d-m", 60),
    ("abb-a43", 125), ("wago-750", 125),
  ])
  func `F18: a device is never asked for more registers than its manual allows`(
    name: String, cap: Int
  ) throws {
    let bus = try #require(try Shelf.plan(name).buses.first)
    #expect(bus.units.map(\.quirks.registersPerRequest) == [cap])
    #expect(ReadPlan(bus).blocks.allSatisfy { $0.table.holdsBits || Int($0.count) <= cap })
  }

  @Test(arguments: Shelf.names)
  func `F18: every signal is read, and nothing that the device refuses`(name: String) throws {
    let bus = try #require(try Shelf.plan(name).buses.first)
    let unit = try #require(bus.units.first)
    let plan = ReadPlan(bus)
    #expect(plan.impossible.isEmpty)
    let slots = plan.blocks.flatMap(\.places).map { Int($0.slot) }
    #expect(slots.sorted() == Array(unit.bindings.indices))
    for block in plan.blocks {
      #expect(unit.quirks.tables.contains(block.table))
      let last = Int(block.start) + Int(block.count) - 1
      let refused = unit.quirks.forbidden.filter {
        $0.table == block.table && Int($0.addresses.lowerBound) <= last
          && Int(block.start) <= Int($0.addresses.upperBound)
      }
      #expect(refused == [])
    }
  }

  @Test func `F18: holes in a map stand in its profile, and what lies between is left alone`()
    throws
  {
    let wago = try #require(try Shelf.plan("wago-750").buses.first?.units.first?.quirks)
    #expect(wago.forbidden.contains(AddressRange(.holding, 256...511)))
    #expect(wago.forbidden.contains(AddressRange(.coil, 1024...4095)))
    #expect(wago.forbidden.count == 8)
    for name in ["wago-750", "abb-acs355", "eastron-sdm72d-m"] {
      #expect(try Shelf.plan(name).buses.first?.units.first?.quirks.gapLimit == 0)
    }
    let meter = try #require(try Shelf.plan("schneider-iem3155").buses.first?.units.first?.quirks)
    #expect(meter.tables == [.holding])
  }

  @Test(arguments: ProfileExample.printed)
  func `F22: an answer printed in a manual means what is printed beside it`(
    example: ProfileExample
  ) throws {
    try expect(example)
  }

  @Test(arguments: ProfileExample.ruled)
  func `F22: word order, weight and place of the characters are those of the manual`(
    example: ProfileExample
  ) throws {
    try expect(example)
  }

  @Test func `F22: the pause after connecting is a member of the bus, and the profile says so`()
    throws
  {
    let name = "huawei-sun2000"
    #expect(try Shelf.file(name).text.contains(#"Set connectPause: \"1s\" on its bus"#))
    let outcome = try Shelf.check(name, bus: "host: \"10.0.0.1\", connectPause: \"1s\"")
    #expect(messages(outcome) == [])
    let bus = try #require(outcome.configuration?.plan.buses.first)
    #expect(bus.connectPause == .seconds(1))
    #expect(bus.units.map(\.quirks.pause) == [.milliseconds(50)])
    #expect(bus.units.map(\.timeout) == [.seconds(3)])
  }

  @Test func `F22: texts in half registers are read as long as they are`() throws {
    let plan = try Shelf.plan("wirenboard-wb-mcm8")
    let slot = try #require(plan.signals.firstIndex { $0.definition.name == "firmware" })
    #expect(plan.buses[0].units[0].bindings[slot].count == 16)
  }

  private func expect(_ example: ProfileExample) throws {
    let plan = try Shelf.plan(example.profile)
    let definition = try #require(
      plan.signals.first { $0.definition.name == example.signal }?.definition)
    #expect(Int(definition.format.count) == example.words.count)
    switch example.meaning {
    case .number(let expected):
      let raw = try #require(definition.format.decode(example.words))
      let value = try #require(definition.scaling.apply(raw)?.number)
      #expect(abs(value - expected) <= max(1, abs(expected)) * 1e-7)
    case .text(let expected):
      let decoded = definition.format.decodeText(example.words.span)
      let pieces = try #require(decoded)
      #expect(text(pieces) == expected)
    }
  }

  /// What the consumer of a ring makes of the pieces of a text.
  private func text(_ pieces: TextPieces) -> String? {
    var assembler = TextAssembler()
    var whole: String?
    for index in 0..<pieces.count {
      var sample = Sample(
        signal: SignalID(0), at: .distantPast, value: .text(pieces.pieces[index]))
      sample.remaining = UInt8(pieces.count - 1 - index)
      whole = assembler.take(sample)
    }
    return whole
  }
}
