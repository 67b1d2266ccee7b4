// What `takt check` and `takt run` say of a time zone that the box does not know.

import Foundation
import Glibc
import LinuxEdge
import Testing

@Suite struct `An unknown time zone` {
  private let site: RunSite

  init() throws { site = try RunSite() }

  /// Writes the configuration with another zone, and members added to its root.
  private func configure(_ zone: String, _ root: String = "") throws {
    let path = site.scratch["takt.json5"]
    let text = String(decoding: try Files.read(path), as: UTF8.self)
      .replacing("Europe/Berlin", with: zone).replacing("buses: [{", with: "\(root) buses: [{")
    try Files.replace(path, with: Array(text.utf8))
  }

  private static let calendar = """
    lines: [{ name: "line1", calendar: "c" }],
    calendars: [{ name: "c", shifts: [{ name: "early", from: "06:00", to: "14:00" }] }],
    """

  @Test func `is a warning of takt check that names the nearest`() throws {
    try configure("Europe/Berln")
    let run = try Program.run("check", "--config", site.scratch["takt.json5"])
    #expect(run.code == 0)
    #expect(
      run.errors.contains(
        "takt.json5: warning: gateway.timeZone: reading time zone Europe/Berln: there is no file"
          + " /usr/share/zoneinfo/Europe/Berln, did you mean \"Europe/Berlin\"?; name a zone of"
          + " /usr/share/zoneinfo\n"))
  }

  @Test func `keeps takt run from booking shifts by the wrong clock`() throws {
    try configure("Europe/Berln", Self.calendar)
    let run = try Program.run("run", "--config", site.scratch["takt.json5"])
    #expect(run.code == 3)
    #expect(
      run.errors.contains("line line1, calendar c: reading time zone Europe/Berln: there is no"))
  }

  @Test func `does not keep a gateway without calendars from counting`() throws {
    try configure("Europe/Berln")
    let gateway = try site.startGateway()
    try site.wait { $0.polls > 0 }
    gateway.signal(SIGTERM)
    let end = gateway.end()
    #expect(end.code == 0)
    #expect(end.errors.contains("its days begin at 00:00 UTC until then"))
  }
}
