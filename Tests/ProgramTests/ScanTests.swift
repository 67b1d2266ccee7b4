// takt scan as a process, against devices that are not ours and through a running gateway.

import Glibc
import LinuxEdge
import Primitives
import Testing

@Suite("takt scan") struct ScanTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// The stub beside a gateway must be acceptable.
  func check(_ stub: String) throws -> Run {
    let gateway = """
      {
        gateway: {
          name: "gw-1", enterprise: "acme", site: "ulm", area: "press", line: "line1",
          timeZone: "Europe/Berlin",
        },
      }
      """
    try Files.create(scratch["takt.json5"], with: Array(gateway.utf8))
    try Files.makeDirectory(scratch["conf.d"], mode: 0o700)
    try Files.create(scratch["conf.d/10-found.json5"], with: Array(stub.utf8))
    return try Program.run("check", "--config", scratch["takt.json5"])
  }

  func scan(_ port: UInt16, _ more: String...) throws -> Run {
    try RunningProgram(
      ["scan", "--host", ScanPeers.host, "--port", String(port), "--yes", "--pause", "0s"] + more
    ).end()
  }

  /// The units that have a value; pymodbus 3.16 answers exception 4 for those it does not have.
  static func answering(_ output: String) -> [String] {
    output.split(separator: "\n").filter { $0.hasSuffix("  holding 0 = 0") }.map {
      String($0.split(separator: " ")[1])
    }
  }

  @Test func `F23: units, addresses and a configuration of a device that is not ours`() throws {
    let port: UInt16 = 15_023
    let server = try ScanPeers.tcpServer(port: port)
    let units = try scan(port, "--units", "1-4,17", "--stub", scratch["stub.json5"])
    #expect(units.code == 0, "\(units)")
    #expect(Self.answering(units.output) == ["3", "17"])
    #expect(units.errors.contains("nothing is written to any device\n"))
    #expect(units.errors.contains("\n  at most 42 requests, one at a time, 0s apart: "))
    let stub = try Files.read(scratch["stub.json5"])
    let checked = try check(String(decoding: stub, as: UTF8.self))
    #expect(checked.code == 0, "\(checked)")

    let one = try scan(
      port, "--registers", "--unit", "3", "--to", "300", "--thorough", "--table",
      "holding,input,coil")
    #expect(one.code == 0)
    #expect(one.output.hasPrefix("unit 3: holding 0-99, 200-249; input 5-6; coil -\n"))
    #expect(one.output.contains("// readable: holding 0-99, 200-249\n"))

    let all = try scan(port, "--units", "3,17", "--registers", "--to", "250", "--quick")
    #expect(all.output.contains("\nunit 3: holding 0-99, 200-249; input 5-6\n"))
    #expect(all.output.contains("\nunit 17: holding 0-9; input -\n"))
    server.signal(SIGKILL)
    _ = server.end()
  }

  @Test func `nobody there, and no such port, are told apart`() throws {
    let closed = try BlackHole(listens: false)
    let silent = try BlackHole(listens: true)
    let words = ["scan", "--host", "127.0.0.1", "--units", "1-3", "--yes", "--timeout", "20ms"]
    let refused = try RunningProgram(words + ["--port", String(closed.port)]).end()
    #expect(refused.code == 6)
    #expect(refused.errors.contains("scanning 127.0.0.1:\(closed.port): connecting to "))
    let nobody = try RunningProgram(words + ["--port", String(silent.port)]).end()
    #expect(nobody.code == 2)
    #expect(nobody.output.hasPrefix("no unit answered; "))
  }

  @Test func `F23: the speed of a serial line is found, and who is on it`() throws {
    let socat = try ScanPeers.terminals(scratch)
    let server = try ScanPeers.serialServer(scratch["far"])
    // The server does not say when it listens: whoever finds nobody looks again.
    var run = Run(code: 2, output: "", errors: "")
    for _ in 0..<100 where run.code != 0 {
      run = try Program.run(
        "scan", "--device", scratch["near"], "--baud", "9600,19200", "--parity", "none",
        "--units", "1-4", "--quick", "--yes", "--pause", "0s")
    }
    #expect(run.code == 0, "\(run)")
    #expect(run.errors.contains("4 unit numbers × 2 settings (9600 8N1, 19200 8N1)"))
    #expect(Self.answering(run.output) == ["3"])
    #expect(run.output.contains("type: \"modbus-rtu\", device: \"\(scratch["near"])\", baud: "))
    let stub = run.output.split(separator: "\n").drop { !$0.hasPrefix("// Found") }
    let checked = try check(stub.joined(separator: "\n"))
    #expect(checked.code == 0, "\(checked)")
    for program in [server, socat] {
      program.signal(SIGKILL)
      _ = program.end()
    }
  }

  @Test func `a bus of the running gateway is scanned through it`() throws {
    let site = try RunSite()
    let gateway = try site.startGateway()
    try site.wait { $0.polls > 2 }
    let run = try Program.run(
      "scan", "hall", "--config", site.scratch["takt.json5"], "--units", "1-2", "--yes", "--quick")
    #expect(run.code == 0, "\(run)")
    #expect(run.errors.contains(", through the running gateway, which keeps its own schedule; "))
    #expect(run.output.contains("// The bus \"hall\" is configured already."))
    #expect(run.output.hasPrefix("2 units\n"))
    // The machine of unit 1 is there already: the fragment fits beside it.
    #expect(run.output.contains("\n    // Unit 1 is configured already.\n"))
    #expect(!run.output.contains("unit: 1,") && run.output.contains("unit: 2,"))
    let told = try Program.run(
      "scan", "hall", "--config", site.scratch["takt.json5"], "--baud", "9600", "--yes")
    #expect(told.code == 64)
    #expect(told.errors.contains("--baud: the speed of this line is not changed from here"))
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }

  /// A control socket that makes each guest wait and then answers after 12.3 ms on the wire.
  private func scanThroughSocket(_ more: [String], questions: Int) throws -> (Run, [String]) {
    var server = try UnixSocketServer(path: scratch["s"])
    let program = try RunningProgram(
      [
        "scan", "--host", "127.0.0.1", "--units", "3", "--quick", "--yes", "--socket", scratch["s"],
      ] + more)
    var asked: [String] = []
    while asked.count < questions {
      var set = PollSet()
      set.add(server.descriptor, reading: true)
      set.wait(until: .distantFuture)
      server.turn { question in
        asked.append(question)
        let answer: JSONValue =
          switch asked.count {
          case 1:
            ["buses": [["name": "hall", "at": "127.0.0.1:502", "framing": "mbap", "units": []]]]
          case 2: ["ticket": 5]
          case 3...22: ["state": "waiting"]
          default: ["state": "done", "words": [7], "tookUs": 12_300]
          }
        return answer.canonicalBytes
      }
    }
    server.turn { _ in [] }
    return (program.end(), asked)
  }

  @Test func `through the gateway the wait for a turn is told before and is no answer time`()
    throws
  {
    let (run, asked) = try scanThroughSocket([], questions: 23)
    #expect(run.code == 0, "\(run)")
    #expect(asked[1] == "read hall 3 holding 0 1 200")
    #expect(run.output.contains("  unit 3  answered in 12.3 ms  holding 0 = 7\n"))
    #expect(
      run.errors.contains(
        """
          at most 33 requests, one at a time, 50ms apart: 8.2 s where the gateway's requests leave
          the bus alone for 200ms at a time; where not, up to 5 min 38 s, since a unit that says \
        nothing
          costs up to 10.0 s of waiting: a shorter --timeout costs less

        """), "\(run.errors)")
    let (long, _) = try scanThroughSocket(["--timeout", "2s"], questions: 1)
    #expect(long.code == 64)
    #expect(long.errors.contains("--timeout 2s is not between 10ms and 1200ms"), "\(long.errors)")
  }

  @Test func `Control-C ends it with what was found until then`() throws {
    let port: UInt16 = 15_025
    let server = try ScanPeers.tcpServer(port: port)
    let program = try RunningProgram([
      "scan", "--host", ScanPeers.host, "--port", String(port), "--yes", "--units", "3,1,2,4-12",
      "--pause", "1s",
    ])
    #expect(program.line(holding: " found, ") != nil)
    program.signal(SIGINT)
    let run = program.end()
    #expect(run.code == 0)
    #expect(run.output.contains("ended early; this is what was found until then\n"))
    server.signal(SIGKILL)
    _ = server.end()
  }

  @Test(arguments: [
    ([], "which line? name a BUS of the configuration, or give --device, --host or"),
    (["--host", "h"], "nobody can be asked here whether to start; add --yes"),
    (["--host", "h", "--baud", "9600", "--yes"], "--baud: the speed of this line is not changed"),
    (["--device", "d", "--baud", "9600,fast", "--yes"], "--baud \"fast\" is not among: 300 to"),
    (["--device", "d", "--parity", "mark", "--yes"], "--parity \"mark\" is not among: none, even"),
    (
      ["--host", "h", "--units", "0-5", "--yes"], "--units \"0-5\" is no unit number from 1 to 255"
    ),
    (["--host", "h", "--units", "9-5", "--yes"], "--units \"9-5\" is no unit number"),
    (["--host", "h", "--unit", "3", "--yes"], "--unit says nothing without --registers"),
    (["--host", "h", "--device", "d", "--yes"], "are two lines; give one of them"),
    (
      ["--host", "h", "--registers", "--unit", "1", "--from", "9", "--to", "3", "--yes"],
      "--from 9 stands behind --to 3"
    ),
    (
      ["--device", "d", "--registers", "--unit", "1", "--yes"],
      "at which speed? give one --baud, --parity and --stop with --unit"
    ),
  ])
  func `what cannot be meant is refused before the first request`(
    words: [String], text: String
  ) throws {
    let run = try RunningProgram(["scan"] + words).end()
    #expect(run.code == 64)
    #expect(run.errors.contains(text), "\(run.errors)")
  }
}
