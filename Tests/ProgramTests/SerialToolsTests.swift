// The technician's tools beside a gateway that owns a serial line, with "takt simulate" as the
// slaves on its other end.

import Glibc
import LinuxEdge
import Primitives
import Testing

@Suite("Tools on a serial line", .serialized) struct SerialToolsTests {
  @Test func `read, scan and trace go through the gateway; a second master is refused (F9, F15)`()
    throws
  {
    let site = try RunSite()
    let socat = try ScanPeers.terminals(site.scratch)
    let slaves = try RunningProgram([
      "simulate", "--serial", site.scratch["far"], "--baud", "115200", "--machines", "4", "--dead",
      "3",
    ])
    try #require(slaves.line(holding: "listening on") != nil, "\(slaves.end())")
    try site.install([
      RunSite.FieldBus(
        name: "line", way: site.serialWay("near"), units: [1, 2],
        signals: "{ name: \"a\", at: \"holding 0\", every: \"100ms\" }")
    ])
    let gateway = try site.startGateway()
    try site.wait { $0.isGood("line") }
    let config = site.scratch["takt.json5"]

    let read = try Program.run("read", "line/2", "holding 0", "--config", config)
    #expect(read.code == 0 && read.output.contains("(through the running gateway)"), "\(read)")
    let scan = try Program.run(
      "scan", "line", "--config", config, "--units", "2-3", "--yes", "--quick")
    #expect(scan.code == 0, "\(scan)")
    // 3 is switched off.
    #expect(scan.output.hasPrefix("1 unit\n"), "\(scan.output)")
    let trace = try Program.run(
      "trace", "line", "--socket", site.scratch["takt.sock"], "--seconds", "1")
    #expect(trace.output.contains("[crc ok]"), "\(trace)")

    // The same port by its other name is the gateway's too; without asking it, it is refused.
    let name = try #require(realpath(site.scratch["near"], nil))
    defer { free(name) }
    let path = String(cString: name)
    let words = ["read", "--device", path, "--baud", "115200", "--unit", "1", "holding 0"]
    let owned = try RunningProgram(words + ["--socket", site.scratch["takt.sock"]]).end()
    #expect(owned.code == 0 && owned.output.contains("(through the running gateway)"), "\(owned)")
    let refused = try RunningProgram(words + ["--socket", site.scratch["none"]]).end()
    #expect(refused.code == 6)
    #expect(
      refused.errors.contains(
        "opening \(path): in use by another program of this machine; a line bears one master only, "
          + "stop the other"), "\(refused.errors)")

    let after = try site.wait { $0.isGood("line") }
    for unit in [Int64(1), 2] {
      #expect(after.unit(unit, of: "line")?["failures"] == 0, "\(after.canonicalText)")
    }
    #expect(after.bus("line")?["reconnects"] == 0)
    for program in [gateway, slaves] { site.end(program) }
    socat.signal(SIGKILL)
    _ = socat.end()
  }

  @Test(arguments: [
    (["--serial", "/dev/null"], "this is not a serial port", Int32(6)),
    (["--serial", "a", "--listen", "h:1"], "--listen and --serial are two ways to be a PLC", 64),
    (["--baud", "9600"], "--baud says nothing without --serial", 64),
    (["--dead", "4"], "--dead \"4\" is no unit; there are 1 to 3", 64),
  ])
  func `takt simulate says which serial line it cannot be on`(
    words: [String], text: String, code: Int32
  ) throws {
    let run = try RunningProgram(["simulate"] + words).end()
    #expect(run.code == code && run.errors.contains(text), "\(run)")
  }
}
