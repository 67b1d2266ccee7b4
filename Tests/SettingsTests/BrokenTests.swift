// Broken configurations, each with the whole of what a technician is told about it.

import Testing

@testable import Settings

/// A right configuration with some of its text replaced, and every message that must come.
struct Broken: Sendable, CustomTestStringConvertible {
  var name: String
  var edits: [(old: String, new: String)]
  var expected: String

  init(_ name: String, _ edits: [(String, String)], _ expected: String) {
    self.name = name
    self.edits = edits.map { (old: $0.0, new: $0.1) }
    self.expected = expected
  }

  var testDescription: String { name }

  static let right = """
    {
    gateway: { name: "gw", enterprise: "e", site: "s", area: "a", line: "l" },
    buses: [{ name: "plc", host: "10.0.0.1" }],
    machines: [{ name: "press-1", bus: "plc", signals: [
      { name: "run", at: "coil 0" },
      { name: "good", at: "holding 100 u32" }],
      running: "run", good: "good" }],
    uplinks: [{ name: "mes", url: "https://mes.example.com/takt" }],
    }

    """

  static let all: [Broken] = [
    texts, members, signals, sites, lines, devices, evidence, conditions, states, shop, plant,
    calendars, messaging,
  ].flatMap(\.self)

  /// The text with the first occurrence of each old part replaced; the closing brace is the last.
  var text: String {
    var text = Self.right
    for (old, new) in edits {
      let parts = text.split(separator: old, omittingEmptySubsequences: false)
      guard parts.count > 1 else { return "" }
      let kept = old.hasPrefix("\n") ? parts.count - 2 : 0
      text =
        parts[...kept].joined(separator: old) + new
        + parts[(kept + 1)...].joined(separator: old)
    }
    return text
  }
}

@Suite("Broken configurations")
struct BrokenTests {
  @Test func `the configuration that the table breaks is right`() {
    #expect(messages(check(Broken.right)) == [])
  }

  @Test(arguments: Broken.all)
  func `each mistake is told with its place and what is allowed`(broken: Broken) {
    let outcome = check(broken.text)
    let told = outcome.mistakes.map { mistake in
      mistake.description.dropFirst("takt.json5:".utf8.count)
    }
    #expect(told.joined(separator: "\n") == broken.expected)
    #expect(outcome.configuration == nil)
  }

  @Test func `several mistakes are told in one run in the order of the text`() {
    let broken = Broken(
      "",
      [("gw", "g w"), ("10.0.0.1", ""), ("coil 0", "coli 0"), ("running: \"run", "running: \"rn")],
      "")
    #expect(
      check(broken.text).mistakes.map { "\($0.place.line):\($0.place.column) \($0.path)" } == [
        "2:18 gateway.name", "3:30 buses[plc].host", "5:22 machines[press-1].signals[run].at",
        "7:12 machines[press-1].running.signal",
      ])
  }

  @Test func `an unclosed bracket is told at its beginning`() {
    #expect(
      messages(check("{\n  gateway: {\n    name: \"x\",\n")) == [
        "takt.json5:2:12: error: this { is never closed; allowed: a }"
      ])
    #expect(
      messages(check("")) == [
        "takt.json5:1:1: error: the file is empty; allowed: an object in { },"
          + " such as { gateway: { … } }"
      ])
    #expect(
      messages(check(String(repeating: "[", count: 100_000))) == [
        "takt.json5:1:33: error: brackets are nested deeper than 32;"
          + " allowed: fewer levels of { and ["
      ])
  }

  @Test func `a list of mistakes beyond the limit is counted`() {
    let signals = (0..<3000).map { "{ name: \"s\($0)\", at: \"coli \($0)\" }" }
    let text = Broken(
      "", [("{ name: \"run\", at: \"coil 0\" }", signals.joined(separator: ",\n"))], ""
    ).text
    let told = check(text).mistakes
    #expect(told.count == SettingsLimits.mistakes + 1)
    #expect(told.last?.found == "2001 more mistakes from here on are not shown")
  }
}
