// `takt check` with files around the main one: profiles that are read or not, ports that are one.

import Foundation
import LinuxEdge
import Testing

/// A configuration with a profile directory, in files that go away with it.
private struct CheckedSite {
  private let scratch: Scratch

  init(buses: String = "", profile: String = "meter") throws {
    scratch = try Scratch()
    try Files.makeDirectory(scratch["profiles"], mode: 0o700)
    try write(
      "takt.json5",
      """
      { gateway: { name: "gw", enterprise: "e", site: "s", area: "a", line: "l" },
        buses: [{ name: "plc", host: "10.0.0.1" }, \(buses)],
        machines: [{ name: "m", bus: "plc", profile: "\(profile)" }] }
      """)
    try write(
      "profiles/meter.json5",
      """
      { profile: { name: "meter", device: "Meter", source: "Manual 1.0" }, functions: [4],
        signals: [{ name: "power", at: "input 0 f32", publish: true }] }
      """)
    // Nobody names it, so nobody minds that it is no text.
    try Data([0xFF, 0xFE]).write(to: URL(fileURLWithPath: scratch["profiles/broken.json5"]))
  }

  private func write(_ name: String, _ text: String) throws {
    try text.write(toFile: scratch[name], atomically: true, encoding: .utf8)
  }

  func path(_ name: String) -> String { scratch[name] }

  func check(_ words: String...) throws -> Run {
    try RunningProgram(["check", "--config", scratch["takt.json5"]] + words).end()
  }
}

@Suite struct `takt check with files beside the configuration` {
  @Test func `F18: a profile is read from the directory beside the main file`() throws {
    let site = try CheckedSite()
    let run = try site.check("--explain")
    #expect(run.code == 0)
    #expect(run.errors.contains("usable: 1 bus, 1 machine, 1 signal, 0 uplinks"))
    #expect(run.output.contains("// \(site.path("profiles/meter.json5")):2:34\n"))
  }

  @Test func `F18: a profile that is not there is told with the directory and its files`() throws {
    let site = try CheckedSite(profile: "metre")
    let run = try site.check()
    #expect(run.code == 3)
    #expect(
      run.errors.contains(
        "there is no profile named \"metre\", did you mean \"meter\"?; allowed: a profile in"
          + " \(site.path("profiles")), where there is: broken, meter\n"))
  }

  @Test func `a profile that cannot be read is told`() throws {
    let site = try CheckedSite(profile: "broken")
    let run = try site.check()
    #expect(run.code == 3)
    #expect(
      run.errors == "takt check: reading \(site.path("profiles/broken.json5")): it is not UTF-8;"
        + " save it as UTF-8 text\n")
  }

  @Test func `F9: two names of one serial port are told, and files that are missing`() throws {
    let link = try Scratch()
    try FileManager.default.createSymbolicLink(
      atPath: link["port"], withDestinationPath: "/dev/null")
    let site = try CheckedSite(
      buses: """
        { name: "a", type: "modbus-rtu", device: "/dev/null" },
        { name: "b", type: "modbus-rtu", device: "\(link["port"])" },
        { name: "c", type: "modbus-rtu", device: "\(link["gone"])" },
        { name: "d", type: "modbus-tls", host: "h", caFile: "\(link["ca.pem"])",
          certificateFile: "\(link["c.pem"])", keyFile: "\(link["k.pem"])" }
        """)
    let run = try site.check()
    #expect(run.code == 0)
    for hint in [
      "buses[b].device \(link["port"]) is /dev/null, the device of bus a; requests of two buses"
        + " would collide on its line",
      "buses[c].device \(link["gone"]) is not on this machine; \"ls -l /dev/serial/by-id\" shows"
        + " the adapters that are",
      "buses[d].caFile \(link["ca.pem"]) is not on this machine",
      "buses[d].certificateFile \(link["c.pem"]) is not on this machine",
      "buses[d].keyFile \(link["k.pem"]) is not on this machine",
    ] {
      #expect(run.errors.contains("warning: \(hint)\n"), "\(run.errors)")
    }
    #expect(!run.errors.contains("buses[a]"))
  }
}
