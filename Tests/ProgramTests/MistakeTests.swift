// Mistakes that a technician makes in the configuration, each with the sentence it gets.

import Foundation
import LinuxEdge
import Testing

/// One mistake in a configuration that is right otherwise.
struct WrittenMistake: Sendable, CustomTestStringConvertible {
  var name: String
  /// What stands in the right configuration, and what the technician wrote.
  var right: String
  var wrong: String
  var sentence: String
  /// 3 where the configuration cannot be used, 0 for a warning.
  var code: Int32 = 3

  var testDescription: String { name }

  static let all: [WrittenMistake] = [
    WrittenMistake(
      name: "a comma is forgotten", right: "unit: 1,", wrong: "unit: 1",
      sentence: "error: a comma is missing before timeout; allowed: a comma or } after each value"),
    WrittenMistake(
      name: "a tab in a text, from a spreadsheet", right: "\"127.0.0.1\", port",
      wrong: "\"127.0.0.1\t\", port",
      sentence: "found a control character in a text; allowed: printable characters; "
        + "\\t for a tab"),
    WrittenMistake(
      name: "typographic quotes, from a text processor", right: "\"hall\", host",
      wrong: "“hall”, host", sentence: "found a typographic quote where a value should be"),
    WrittenMistake(
      name: "the name of a bus is misspelt", right: "bus: \"hall\"", wrong: "bus: \"hal\"",
      sentence: "there is no bus named \"hal\", did you mean \"hall\"?"),
    WrittenMistake(
      name: "the name of a setting is misspelt", right: "timeout:", wrong: "timeot:",
      sentence: "\"timeot\" is not known here, did you mean \"timeout\"?"),
    WrittenMistake(
      name: "a byte order that there is not", right: "\"holding 2\"",
      wrong: "\"holding 2 f32 cdba\"",
      sentence: "\"cdba\" is no byte order, did you mean \"cdab\"?; allowed: abcd, cdab, badc, dcba"
    ),
    WrittenMistake(
      name: "a unit number that there is not", right: "unit: 1,", wrong: "unit: 300,",
      sentence: "unit: found the number 300; allowed: a whole number from 0 to 255"),
    WrittenMistake(
      name: "the port inside the host", right: "\"127.0.0.1\", port",
      wrong: "\"127.0.0.1:502\", port",
      sentence: "found \"127.0.0.1:502\"; allowed: a host name or an IP address"),
    WrittenMistake(
      name: "a signal that nobody declared", right: "running: \"run\"", wrong: "running: \"rum\"",
      sentence: "there is no signal of this machine named \"rum\", did you mean \"run\"?"),
    WrittenMistake(
      name: "faster than any line", right: "at: \"holding 1\", every: \"250ms\"",
      wrong: "at: \"holding 1\", every: \"1ms\"",
      sentence: "found \"1ms\"; allowed: a duration from \"5ms\" to \"1d\""),
    WrittenMistake(
      name: "a machine twice", right: "machines: [{",
      wrong: """
        machines: [{ name: "press-1", bus: "hall", unit: 2, running: "run",
            signals: [{ name: "run", at: "holding 0.0" }] }, {
        """, sentence: "the name \"press-1\" is already taken at "),
    WrittenMistake(
      name: "one unit twice, with two timeouts", right: "machines: [{",
      wrong: """
        machines: [{ name: "press-2", bus: "hall", unit: 1, timeout: "300ms", running: "run",
            signals: [{ name: "run", at: "holding 0.0" }] }, {
        """, sentence: "unit 1 of hall gets 200ms here and 300ms in press-2; the longer one holds",
      code: 0),
    WrittenMistake(
      name: "one PLC as two buses", right: "buses: [{ name: \"hall\", host: \"127.0.0.1\", port: ",
      wrong: "buses: [{ name: \"h2\", host: \"127.0.0.1\", port: 7 },"
        + " { name: \"hall\", host: \"127.0.0.1\", port: 7 }], //",
      sentence: "127.0.0.1:7 is also bus h2; many PLCs take few connections", code: 0),
    WrittenMistake(
      name: "a time zone that there is not", right: "Europe/Berlin", wrong: "Europe/Berln",
      sentence: "did you mean \"Europe/Berlin\"?", code: 0),
  ]
}

@Suite("Mistakes in a configuration") struct MistakeTests {
  @Test(arguments: WrittenMistake.all)
  func `each gets the sentence that helps, from takt check and from takt doctor`(
    _ mistake: WrittenMistake
  ) throws {
    let site = try RunSite()
    let path = site.scratch["takt.json5"]
    let right = String(decoding: try Files.read(path), as: UTF8.self)
    try #require(right.contains(mistake.right), "the mistake is made where it can be")
    let range = try #require(right.range(of: mistake.right))
    let wrong = right.replacingCharacters(in: range, with: mistake.wrong)
    try Files.replace(path, with: Array(wrong.utf8))
    let check = try Program.run("check", "--config", path)
    #expect(check.code == mistake.code, "\(check)")
    #expect(check.errors.contains(mistake.sentence), "\(check.errors)")
    let doctor = try Program.run("doctor", "--config", path)
    #expect(doctor.output.contains(mistake.sentence), "\(doctor.output)")
    if mistake.code == 3 { #expect(doctor.code == 3) }
  }
}
