// Profiles: what machines take from them, what they say otherwise, and what is told when it fails.

import Machines
import Polling
import Primitives
import Signals
import Testing

@testable import Settings

private let profile = Example.profile

/// Checks the right configuration with a machine more, and profiles.
private func check(
  machine: String, fragment: String? = nil, profiles: [ConfigurationFile] = [profile]
) -> ConfigurationOutcome {
  let text = Broken("", [("good: \"good\" }]", "good: \"good\" },\n\(machine)]")], "").text
  let main = ConfigurationFile(path: "/etc/takt/takt.json5", text: text)
  let more = fragment.map { [ConfigurationFile(path: "/etc/takt/conf.d/1.json5", text: $0)] } ?? []
  return Configuration.check([main] + more, profiles: profiles)
}

private func edited(_ old: String, _ new: String) -> ConfigurationFile {
  let parts = profile.text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
  return ConfigurationFile(path: profile.path, text: parts.joined(separator: new))
}

/// The signals of the machine `m` of a plan, by name.
private func signals(_ outcome: ConfigurationOutcome) throws -> [String] {
  let plan = try #require(outcome.configuration?.plan, "\(messages(outcome))")
  let machine = try #require(plan.machines.firstIndex { $0.name == "m" })
  return plan.signals.filter { $0.machine == machine }.map(\.definition.name)
}

private let meter = "{ name: \"m\", bus: \"plc\", unit: 3, profile: \"eastron-sdm630\""

@Suite("Profiles")
struct ProfileRulesTests {
  @Test func `F18: a machine takes from its profile what it does not say itself`() throws {
    let outcome = check(machine: meter + ", pause: \"20ms\" }")
    #expect(outcome.errors == [])
    #expect(try signals(outcome) == ["voltage-l1", "power", "energy-import"])
    let plan = try #require(outcome.configuration?.plan)
    let unit = plan.buses[0].units[1]
    #expect(unit.timeout == .milliseconds(500))
    #expect(
      unit.quirks
        == DeviceQuirks(
          registersPerRequest: 80, tables: [.holding, .input],
          forbidden: [AddressRange(.input, 90...99)], pause: .milliseconds(20)))
    #expect(
      unit.bindings.map(\.period) == [.seconds(2), .seconds(1), .seconds(60)])
    #expect(plan.signals[3].definition.deadband == .absolute(5))
  }

  @Test func `a machine selects signals, changes members of them, and adds its own`() throws {
    let outcome = check(
      machine: meter + """
        , signals: ["power", { name: "voltage-l1", every: "5s", publish: true },
          { name: "energy-import", at: "holding 3" }, { name: "own", at: "input 4" }] }
        """)
    #expect(messages(outcome) == [])
    #expect(try signals(outcome) == ["power", "voltage-l1", "energy-import", "own"])
    let plan = try #require(outcome.configuration?.plan)
    let voltage = plan.signals[3]
    #expect(voltage.isPublished && voltage.definition.unit == "V")
    #expect(
      plan.buses[0].units[1].bindings.map(\.period) == [
        .seconds(1), .seconds(5), .seconds(1), .seconds(1),
      ])
    #expect(plan.buses[0].units[1].bindings[2].table == .holding)
  }

  @Test func `a fragment adds to a machine with a profile`() throws {
    let outcome = check(
      machine: meter + ", signals: [\"power\"], running: \"power > 5\" }",
      fragment: """
        { machines: [{ name: "m", timeout: "2s", signals: [
          { name: "power", every: "4s" }, "energy-import"] }] }
        """)
    #expect(messages(outcome) == [])
    #expect(try signals(outcome) == ["power", "energy-import"])
    let unit = try #require(outcome.configuration?.plan.buses[0].units[1])
    #expect(unit.timeout == .seconds(2))
    #expect(unit.bindings.map(\.period) == [.seconds(4), .seconds(60)])
  }

  @Test func `what a profile gives is explained with its place and needs no profile then`() throws {
    let outcome = check(
      machine: meter + ", signals: [\"power\"], running: \"power > 5\" }")
    let configuration = try #require(outcome.configuration)
    let text = configuration.explain()
    for (value, place) in [
      ("registersPerRequest: 80,", "profiles/eastron-sdm630.json5:8:24"),
      ("functions: [3,4],", "profiles/eastron-sdm630.json5:9:14"),
      ("name: \"power\",", "/etc/takt/takt.json5:8:72"),
      ("at: \"input 52 f32\",", "profiles/eastron-sdm630.json5:14:26"),
    ] {
      let isTold = text.split(separator: "\n").contains { line in
        line.drop { $0 == " " }.hasPrefix(value + " ") && line.hasSuffix(" // \(place)")
      }
      #expect(isTold, "\(value) at \(place)")
    }
    let again = check(configuration.explain())
    #expect(messages(again) == [])
    #expect(again.configuration?.plan == configuration.plan)
  }

  @Test func `F18: what a profile says is in the digest`() throws {
    func digestInput(_ profile: ConfigurationFile) throws -> [UInt8] {
      let outcome = check(machine: meter + " }", profiles: [profile])
      return try #require(outcome.configuration?.plan.digestInput, "\(messages(outcome))")
    }
    let plain = try digestInput(profile)
    #expect(try digestInput(edited("A three", "Another three")) == plain)
    #expect(try digestInput(edited("registersPerRequest: 80", "registersPerRequest: 81")) != plain)
    #expect(try digestInput(edited("input 52", "input 54")) != plain)
  }

  @Test func `only profiles that a machine names are looked at`() {
    let broken = ConfigurationFile(path: "profiles/other.json5", text: "{")
    #expect(check(machine: meter + " }", profiles: [broken, profile]).errors == [])
    let draft = ConfigurationDraft([
      ConfigurationFile(path: "/etc/takt/takt.json5", text: "{ machines: [\(meter) }] }")
    ])
    #expect(draft.profileNames == ["eastron-sdm630"])
    #expect(draft.profileDirectory == "/etc/takt/profiles")
    #expect(ConfigurationDraft([]).profileDirectory == "profiles")
  }

  @Test func `a mistake in a profile is told once with the place in its file`() {
    let second = "{ name: \"n\", bus: \"plc\", unit: 4, profile: \"eastron-sdm630\""
    let outcome = check(
      machine: "\(meter) },\n\(second), running: \"power > 5\" }",
      profiles: [edited("input 52 f32\", deadband: 5", "inptu 52 f32\", dedband: 5")])
    #expect(
      outcome.errors.map(\.description) == [
        "profiles/eastron-sdm630.json5:14:26: error: signals[power].at: found \"inptu 52 f32\":"
          + " \"inptu\" is no table, did you mean \"input\"?; allowed: holding, input, coil or"
          + " discrete, or a number such as 40101",
        "profiles/eastron-sdm630.json5:14:42: error: signals[power].dedband: \"dedband\" is not"
          + " known here, did you mean \"deadband\"?; allowed: name, at, every, scale, offset,"
          + " deadband, range, heartbeat, debounce, unitOfMeasure, publish",
      ])
  }

  @Test(arguments: [
    (
      "name: \"eastron-sdm630\"", "name: \"sdm630\"",
      "4:11: error: profile.name: found \"sdm630\", but the file is eastron-sdm630.json5;"
        + " allowed: \"eastron-sdm630\""
    ),
    (
      "device: \"Eastron SDM630, three-phase meter\",", "",
      "3:12: error: profile.device: device is missing; allowed: text in quotes, 1 to 200"
        + " characters"
    ),
    (
      "pause: \"10ms\"", "unit: 3",
      "10:3: error: unit: \"unit\" is not known here; allowed: profile, timeout,"
        + " registersPerRequest, bitsPerRequest, gapLimit, pause, functions, forbidden,"
        + " requestStart, signals"
    ),
    (
      "name: \"power\"", "name: \"voltage-l1\"",
      "14:13: error: signals[voltage-l1].name: the name \"voltage-l1\" is already taken at"
        + " profiles/eastron-sdm630.json5:13:13; allowed: each name once"
    ),
    (
      "input 90-99", "input 52-60",
      "14:26: error: machines[m].signals[power].at: input 52-53 meets input 52-60, which is"
        + " forbidden at profiles/eastron-sdm630.json5:11:15; allowed: an address outside, or a"
        + " smaller forbidden range"
    ),
    (
      "functions: [3, 4]", "functions: [3, 4",
      "10:3: error: found pause without quotes; allowed: text in quotes: \"pause\", a number,"
        + " true or false"
    ),
  ])
  func `a profile that cannot be is refused`(old: String, new: String, message: String) {
    let told = check(machine: meter + " }", profiles: [edited(old, new)]).errors
    #expect(told.first?.description == "profiles/eastron-sdm630.json5:\(message)")
  }

  @Test func `a profile that is not there is told with those that are`() {
    let outcome = check(
      machine: """
        { name: "m", bus: "plc", unit: 3, profile: "eastorn-sdm630", signals: ["power"],
          running: "power > 5" }
        """)
    #expect(
      outcome.errors.map(\.description) == [
        "/etc/takt/takt.json5:8:44: error: machines[m].profile: there is no profile named"
          + " \"eastorn-sdm630\", did you mean \"eastron-sdm630\"?; allowed: a profile in"
          + " /etc/takt/profiles, where there is: eastron-sdm630"
      ])
    let none = check(machine: meter + " }", profiles: [])
    #expect(
      none.errors.map(\.allowed) == [
        "a profile in /etc/takt/profiles, where there is: no file"
      ])
  }

  @Test func `a signal that the profile does not have is told with those it has`() {
    let outcome = check(machine: meter + ", signals: [\"powr\"] }")
    #expect(
      outcome.errors.map(\.description) == [
        "/etc/takt/takt.json5:8:72: error: machines[m].signals[powr]: the profile eastron-sdm630"
          + " has no signal named \"powr\", did you mean \"power\"?; allowed: one of the profile"
          + " (energy-import, power, voltage-l1), or its address: at: \"holding 3\""
      ])
  }

  @Test func `a signal selected twice is told`() {
    let outcome = check(
      machine: meter + ", signals: [\"power\", { name: \"power\", every: \"5s\" }] }")
    #expect(
      outcome.errors.map(\.found) == [
        "the name \"power\" is already taken at /etc/takt/takt.json5:8:72"
      ])
  }

  @Test func `too many profiles are refused`() {
    let machines = (0...SettingsLimits.profiles).map {
      "{ name: \"m\($0)\", bus: \"plc\", profile: \"p\($0)\" }"
    }
    let outcome = check(machine: machines.joined(separator: ",\n"))
    #expect(outcome.errors.map(\.found) == ["found 65 profiles"])
  }

  @Test func `the example profile fits the schema's description of a profile`() throws {
    let schema = try JSONValue(parsing: Array(Configuration.schema().utf8))
    let known = try #require(schema["$defs"]?["profileFile"]?["properties"]?.object)
    #expect(
      Set(known.keys) == [
        "profile", "timeout", "registersPerRequest", "bitsPerRequest", "gapLimit", "pause",
        "functions", "forbidden", "requestStart", "signals",
      ])
    #expect(known["timeout"]?["default"] == nil)
  }
}
