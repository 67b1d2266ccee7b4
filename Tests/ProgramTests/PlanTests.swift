// takt plan and the warnings of takt check about a plan, as they are printed.

import Foundation
import Primitives
import Testing

@Suite("takt plan") struct PlanTests {
  private let scratch = try? Scratch()

  /// Writes a configuration with these buses and machines, and returns its path.
  private func configuration(_ buses: String, _ machines: String) throws -> String {
    let directory = try #require(scratch).path
    let path = directory + "/takt.json5"
    let text = """
      {
        gateway: { name: "gw", enterprise: "acme", site: "werk", area: "halle", line: "linie",
          timeZone: "UTC", keyFile: "/dev/null", stateDirectory: "\(directory)" },
        buses: [\(buses)],
        machines: [\(machines)],
        uplinks: [{ name: "up", url: "https://localhost/" }],
      }
      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func machine(_ number: Int, bus: String, _ signals: String) -> String {
    """
    { name: "m\(number)", bus: "\(bus)", unit: \(number), timeout: "10ms", signals: [\(signals)],
      running: "run" },
    """
  }

  @Test func `F17: prints each request with its addresses, time and signals, and why it ends`()
    throws
  {
    let path = try configuration(
      "{ name: \"plc\", host: \"192.0.2.1\" }",
      """
      { name: "press", bus: "plc", unit: 7, gapLimit: 16, signals: [
        { name: "run", at: "coil 0", every: "1s" },
        { name: "good", at: "holding 100 u32", every: "1s" },
        { name: "scrap", at: "holding 104", every: "1s" },
        { name: "order", at: "holding 200 string 20", every: "1s" },
        { name: "recipe", at: "holding 210", every: "2s" },
        { name: "speed", at: "input 9998 f32", every: "1s" } ], running: "run" }
      """)
    let run = try Program.run("plan", "--config", path)
    #expect(run.code == 0)
    #expect(run.errors.isEmpty)
    #expect(
      run.output.split(separator: "\n").map(cells) == [
        "plc|Modbus TCP at 192.0.2.1:502",
        "addresses|numbers|asked for|used|period|time|signals",
        "plc/7|unit 7, timeout 500ms, gap limit 16, 4.5 requests/s, 0.5 % of the bus",
        "coil 0|00001|1 bit|all|1s|1.0 ms|run",
        "holding 100-104|40101-40105|5 registers|3|1s|1.0 ms|good, scrap",
        "not with the next: 95 unused addresses between them, the gap limit is 16",
        "holding 200-209|40201-40210|10 registers|all|1s|1.0 ms|order",
        "not with the next: wanted at another period",
        "holding 210|40211|1 register|all|2s|1.0 ms|recipe",
        "input 9998-9999|309999-310000|2 registers|all|1s|1.0 ms|speed",
        "5 requests, 4.5 a second; 0.00 s of bus time every second (0.5 %); "
          + "everything once takes 5.1 ms",
        "the times assume every answer to take 1ms; no gateway runs here that measured it",
        "every period can be kept",
      ])
  }

  /// The cells of a line, without the phase: a hash of names is not repeated here.
  private func cells(_ line: Substring) -> String {
    var cells = line.components(separatedBy: "  ")
      .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    if cells.count == 8 { cells.remove(at: 5) }
    return cells.joined(separator: "|")
  }

  @Test func `F20: a bus asked for more than it can give is told by plan and by check`() throws {
    let machines = (1...24).map {
      machine($0, bus: "gateway", "{ name: \"run\", at: \"holding 0\", every: \"20ms\" }")
    }
    let path = try configuration(
      "{ name: \"gateway\", host: \"192.0.2.1\" }", machines.joined())
    let sentence =
      "gateway: asked for 1.22 s of bus time every second (1200.0 requests); it cannot be read at "
      + "the rate asked for: every period would have to be 1.3 times as long (20ms becomes 26.0 ms)"
    let plan = try Program.run("plan", "--config", path)
    #expect(plan.code == 0)
    #expect(plan.output.contains("  ! " + sentence))
    #expect(plan.output.contains("a dead unit costs 3 × 10ms until it is believed lost"))
    let check = try Program.run("check", "--config", path)
    #expect(check.code == 0)
    #expect(check.errors.contains("\(path): warning: \(sentence)"))
    #expect(check.errors.contains("see \"takt plan --bus gateway\""))
  }

  @Test func `the same stands in the JSON`() throws {
    let path = try configuration(
      "{ name: \"one\", host: \"192.0.2.1\" }, { name: \"two\", host: \"192.0.2.2\" }",
      machine(
        1, bus: "two",
        """
        { name: "run", at: "holding 3", every: "1s" },
        { name: "b", at: "holding 500", every: "1s" }
        """))
    let run = try Program.run("plan", "--config", path, "--bus", "two", "--json")
    let document = try JSONValue(parsing: Array(run.output.utf8))
    let buses = try #require(document["buses"]?.array)
    #expect(buses.map { $0["name"] } == ["two"])
    #expect(buses[0]["verdict"] == "fits")
    let requests = try #require(buses[0]["units"]?.array?.first?["requests"]?.array)
    #expect(requests.map { $0["first"] } == [3, 500])
    #expect(requests.map { $0["numbers"] } == ["40004", "40501"])
    #expect(requests.map { $0["signals"] } == [["run"], ["b"]])
    #expect(requests[0]["apart"] != nil && requests[1]["apart"] == nil)
    #expect(requests.allSatisfy { $0["phaseUs"] == requests[0]["phaseUs"] })
  }

  @Test func `F19, F20: a serial line is told with its speed, wire times and spread phases`()
    throws
  {
    let signals = (0..<50).map { "{ name: \"r\($0)\", at: \"holding \($0)\", every: \"1s\" }" }
    let machines = (1...16).map { number in
      """
      { name: "m\(number)", bus: "line", unit: \(number),
        signals: [\(signals.joined(separator: ", "))], running: "r0" },
      """
    }
    let path = try configuration(
      """
      { name: "line", type: "modbus-rtu", device: "/dev/serial/by-id/adapter", baud: 9600,
        parity: "none" }
      """, machines.joined())
    let run = try Program.run("plan", "--config", path)
    #expect(run.code == 0)
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(
      lines.first
        == "line  Modbus RTU at /dev/serial/by-id/adapter, 9600 baud, no parity, 1 stop bit")
    let requests = lines.filter { $0.hasPrefix("    holding 0-49  ") }
    #expect(requests.count == 16)
    #expect(requests.allSatisfy { $0.contains("130.0 ms") })
    #expect(requests[1].contains("62.5 ms") && requests[15].contains("937.5 ms"))
    #expect(
      lines.contains {
        $0.contains("16 requests, 16.0 a second; 2.08 s of bus time every second (208 %)")
      })
    let sentence =
      "every period would have to be 2.1 times as long (1s becomes 2.1 s); "
      + "what helps: 38400 baud (61 % of the line)"
    #expect(run.output.contains(sentence))
    let check = try Program.run("check", "--config", path)
    #expect(check.code == 0)
    #expect(check.errors.contains(sentence))
  }

  @Test func `F18: what a device cannot bear is kept out of every request, and named`() throws {
    let path = try configuration(
      "{ name: \"plc\", host: \"192.0.2.1\" }",
      """
      { name: "m", bus: "plc", unit: 1, forbidden: ["holding 2"], requestStart: { coil: 0 },
        functions: [1, 3], signals: [
        { name: "run", at: "coil 9", every: "1s" }, { name: "a", at: "holding 1", every: "1s" },
        { name: "b", at: "holding 3", every: "1s" } ], running: "run" }
      """)
    let run = try Program.run("plan", "--config", path)
    for text in [
      "coil 0-9   00001-00010  10 bits     1 ", "holding 1  ", "holding 3  ",
      "not with the next: holding 2 must not be asked for",
    ] {
      #expect(run.output.contains(text))
    }
  }

  @Test func `F1: shows what the running gateway has learnt, and plans around it`() throws {
    let path = try configuration(
      "{ name: \"plc\", host: \"192.0.2.1\" }",
      machine(
        3, bus: "plc",
        """
        { name: "run", at: "holding 1", every: "1s" },
        { name: "ghost", at: "holding 2", every: "1s" },
        { name: "b", at: "holding 3", every: "1s" }
        """))
    let file = try #require(scratch)["learnt.json"]
    let entry = """
      {"learnt":[{"bus":"plc","exception":2,"first":2,"last":2,
        "learnedAt":"2026-03-01T08:00:00.000Z","table":"holding","tries":4,"unit":3}],"version":1}
      """
    try Data(entry.utf8).write(to: URL(fileURLWithPath: file))
    let run = try Program.run("plan", "--config", path)
    #expect(run.code == 0)
    for text in [
      "! refuses requests over holding 2 with exception 2, since 2026-03-01T08:00:00.000Z, "
        + "tried 4 times since",
      "holding 1  ", "holding 3  ",
      "not with the next: the device refused holding 2 in one request, with exception 2",
      "! ghost cannot be read: the device refuses holding 2 with exception 2",
    ] {
      #expect(run.output.contains(text))
    }
    let document = try JSONValue(
      parsing: Array(Program.run("plan", "--config", path, "--json").output.utf8))
    let learnt = document["buses"]?.array?.first?["units"]?.array?.first?["learnt"]?.array
    #expect(learnt?.map { $0["refuses"] } == ["holding 2"])
    try Data("{".utf8).write(to: URL(fileURLWithPath: file))
    let broken = try Program.run("plan", "--config", path)
    #expect(broken.code == 0)
    #expect(broken.errors.hasPrefix("takt plan: reading \(file): "))
    #expect(broken.output.contains("holding 1-3"))
  }

  @Test func `F18: a length that was learnt is told with the member that says so`() throws {
    let signals = (0..<100).map { "{ name: \"r\($0)\", at: \"holding \($0)\", every: \"1s\" }" }
    let path = try configuration(
      "{ name: \"plc\", host: \"192.0.2.1\" }",
      """
      { name: "m", bus: "plc", unit: 3, signals: [\(signals.joined(separator: ", "))],
        running: "r0" }
      """)
    let entry = """
      {"learnt":[{"bus":"plc","exception":3,"first":0,"last":99,"longest":60,
        "learnedAt":"2026-03-01T08:00:00.000Z","table":"holding","tries":0,"unit":3}],"version":1}
      """
    try Data(entry.utf8).write(
      to: URL(fileURLWithPath: try #require(scratch)["learnt.json"]))
    let run = try Program.run("plan", "--config", path)
    for text in [
      "! takes 60 holding registers in a request at most, found 2026-03-01T08:00:00.000Z; "
        + "put registersPerRequest: 60 into its configuration",
      "holding 0-59  ", "holding 60-99  ",
      "not with the next: together 100 addresses, one request may ask for 60",
    ] {
      #expect(run.output.contains(text), "\(run.output)")
    }
  }

  @Test func `an empty bus, an unknown bus and a bad configuration`() throws {
    let path = try configuration("{ name: \"plc\", host: \"192.0.2.1\" }", "")
    #expect(try Program.run("plan", "--config", path).output.contains("nothing is read"))
    let unknown = try Program.run("plan", "--config", path, "--bus", "plx")
    #expect(unknown.code == 64)
    #expect(unknown.errors.contains("there is no bus \"plx\"; did you mean \"plc\"?"))
    let bad = try configuration("{ name: 7 }", "")
    let refused = try Program.run("plan", "--config", bad)
    #expect(refused.code == 3)
    #expect(refused.errors.contains("\"takt check --config \(bad)\" names them"))
  }
}
