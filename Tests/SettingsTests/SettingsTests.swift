// The example that the package installs is right, and what becomes of it.

import Machines
import Polling
import Primitives
import Signals
import Testing

@testable import Settings

/// The file the package installs, found from where this test stands.
enum Example {
  static let directory = String(#filePath.split(separator: "/").dropLast(3).joined(separator: "/"))
  static let path = "etc/takt.json5"
  /// A whole plant with shifts, reasons, an order and a limit.
  static let plant = "etc/examples/two-shifts.json5"

  static func text(_ name: String = path) throws -> String {
    let bytes = try #require(FileBytes.read("/\(directory)/\(name)"))
    return try #require(String(validating: bytes, as: UTF8.self))
  }
}

extension Example {
  /// The installed file with the lines that it has commented out: they are advice, so they must
  /// hold as well. A comment that begins with a name and a colon, or with a bracket, is such a
  /// line, and so are all that follow until its brackets are closed.
  static func uncommented() throws -> String {
    var depth = 0
    return try text().split(separator: "\n").map { line -> Substring in
      let trimmed = line.drop { $0 == " " }
      guard trimmed.hasPrefix("// ") else { return line }
      let advice = trimmed.dropFirst(3)
      let name = advice.first?.isLowercase == true ? advice.prefix { $0.isLetter } : ""
      let isNamed = !name.isEmpty && advice.dropFirst(name.count).hasPrefix(": ")
      guard depth > 0 || isNamed || advice.hasPrefix("{") else { return line }
      for character in code(of: advice) {
        if "{[".contains(character) { depth += 1 }
        if "}]".contains(character) { depth -= 1 }
      }
      return advice
    }.joined(separator: "\n")
  }

  /// A line without its texts and its comment.
  private static func code(of line: Substring) -> String {
    let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
    let code = parts.enumerated().filter { $0.offset % 2 == 0 }.map { String($0.element) }
    return code.joined(separator: "\"\"").split(separator: "//", omittingEmptySubsequences: false)
      .first.map(String.init) ?? ""
  }

  /// Every member that a configuration says, as `table.member`.
  static func gather(_ record: Record, _ said: inout Set<String>) {
    for (member, setting) in zip(record.table.members, record.settings) {
      guard let setting, !setting.isDefault else { continue }
      said.insert("\(record.table.name).\(member.name)")
      switch setting.reading {
      case .record(let inner): gather(inner, &said)
      case .records(let records): for inner in records { gather(inner, &said) }
      case .codes(let codes): for (_, inner) in codes { gather(inner, &said) }
      case .text, .integer, .number, .boolean, .duration, .address, .addressRanges, .web,
        .percent, .range, .integers, .words, .texts, .numbers, .meanings:
        break
      }
    }
  }
  /// A profile with the name and the signals that the example's comments speak of.
  static let profile = ConfigurationFile(
    path: "profiles/eastron-sdm630.json5",
    text: """
      // A three-phase meter.
      {
        profile: {
          name: "eastron-sdm630",
          device: "Eastron SDM630, three-phase meter",
          source: "Modbus Protocol Implementation V1.8, section 1.2",
        },
        registersPerRequest: 80,
        functions: [3, 4],
        pause: "10ms",
        forbidden: ["input 90-99"],
        signals: [
          { name: "voltage-l1", at: "input 0 f32", every: "2s", unitOfMeasure: "V" },
          { name: "power", at: "input 52 f32", deadband: 5, unitOfMeasure: "W" },
          { name: "energy-import", at: "input 72 f32", every: "1min" },
        ],
      }
      """)
}

/// Checks one text as `takt.json5`.
func check(_ text: String) -> ConfigurationOutcome {
  Configuration.check([ConfigurationFile(path: "takt.json5", text: text)])
}

func messages(_ outcome: ConfigurationOutcome) -> [String] { outcome.mistakes.map(\.description) }

@Suite("The example")
struct ExampleTests {
  @Test func `the installed example has neither mistake nor warning`() throws {
    let outcome = check(try Example.text())
    #expect(messages(outcome) == [])
    #expect(outcome.configuration != nil)
  }

  @Test func `the example becomes a plan`() throws {
    let plan = try #require(check(try Example.text()).configuration?.plan)
    #expect(plan.gateway.name == "gw-01")
    #expect(plan.gateway.stateDirectory == "/var/lib/takt")
    #expect(plan.buses.map(\.line) == [.tcp(host: "192.168.10.21", port: 502)])
    #expect(plan.units.map(\.name) == ["plc-1/1"])
    let unit = try #require(plan.buses.first?.units.first)
    #expect(unit.timeout == .milliseconds(200))
    #expect(
      unit.bindings[2]
        == ReadBinding(
          signal: SignalID(2), table: .holding, address: 100, count: 2,
          period: .milliseconds(250)))
    let machine = try #require(plan.machines.first)
    #expect(machine.running == Condition(signal: SignalID(0), comparison: .isTrue))
    #expect(machine.faultCode == SignalID(1))
    #expect(
      machine.good
        == CounterRules(signal: SignalID(2), highest: 4_294_967_295, piecesPerSecond: 5))
    #expect(machine.causes[17] == CauseDefinition(text: "Coil change", category: .planned))
    #expect(machine.standstill == .seconds(30))
    let oil = try #require(plan.signals.last)
    #expect(oil.isPublished)
    #expect(oil.definition.deadband == .percent(0.5, span: 170))
    #expect(oil.definition.scaling == Scaling(gain: 0.1, offset: 0))
    #expect(plan.signals[0].definition.debounce == Debounce(on: .zero, off: .milliseconds(500)))
    let uplink = try #require(plan.uplinks.first)
    #expect(uplink.host == "mes.example.com")
    #expect(uplink.port == 443)
    #expect(uplink.path == "/takt/events")
    #expect(uplink.serverName == "mes.example.com")
  }
}
