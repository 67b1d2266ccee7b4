// takt trace: the frames of a running gateway, and what it says about strange ones.

import Glibc
import LinuxEdge
import Primitives
import Testing

@Suite("takt trace", .serialized) struct TraceTests {
  @Test func `shows what passes on a running bus, bounded, and stops`() throws {
    let site = try RunSite()
    site.plc.show { $0.good = 0x2B }
    let gateway = try site.startGateway()
    try site.wait { $0.polls > 2 }
    let socket = site.scratch["takt.sock"]
    let all = try Program.run("trace", "hall", "--socket", socket, "--seconds", "2")
    #expect(all.code == 0, "\(all)")
    let lines = all.output.split(separator: "\n").map(String.init)
    let request = try #require(lines.first { $0.contains(" → ") }, "\(all.output)")
    #expect(request.contains(" → unit 1 read holding 0-2 (3)  [tx "))
    #expect(request.hasSuffix("01 03 00 00 00 03"))
    let answer = try #require(lines.first { $0.contains(" ← ") && $0.contains(" ms") })
    #expect(answer.contains(" ← unit 1 3 registers: 0001 0000 002B  "), "\(answer)")
    #expect(answer.hasSuffix("01 03 06 00 01 00 00 00 2B"))
    let few = try Program.run(
      "trace", "hall", "--socket", socket, "--seconds", "2", "--rate", "1", "--unit", "1")
    #expect(few.output.contains("frames not shown; --rate raises 1 lines a second"))
    #expect(few.output.split(separator: "\n").count { $0.contains("unit 1 ") } <= 3)
    let none = try Program.run("trace", "hall", "--socket", socket, "--seconds", "1", "--unit", "5")
    #expect(none.code == 0 && none.output.isEmpty)
    #expect(none.errors.hasPrefix("takt trace: no such frame passed; \"takt status\" tells how "))
    let status = try site.wait { _ in true }
    #expect(status["buses"]?.array?.first?["units"]?.array?.first?["failures"] == 0)
    let wrong = try Program.run("trace", "hell", "--socket", socket)
    #expect(wrong.code == 64 && wrong.errors.contains("did you mean \"hall\"?"))
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }

  @Test func `without a gateway it says so with a code of its own`() throws {
    let run = try Program.run("trace", "hall", "--socket", try Scratch()["none"])
    #expect(run.code == 7)
    #expect(run.errors.contains("the gateway is not running: nobody answers at "))
  }

  /// Runs `takt trace` until it has asked for frames once, against a socket that answers them.
  private func trace(_ frames: String, _ words: String...) throws -> Run {
    let scratch = try Scratch()
    var server = try UnixSocketServer(path: scratch["s"])
    let program = try RunningProgram(["trace", "line-2", "--socket", scratch["s"]] + words)
    var asked: [String] = []
    while asked.last != "trace line-2 off" {
      var set = PollSet()
      set.add(server.descriptor, reading: true)
      set.wait(until: .distantFuture)
      server.turn { question in
        asked.append(question)
        switch asked.count {
        case 1: return Array(#"{"last":7,"missed":0,"frames":[]}"#.utf8)
        case 2:
          program.signal(SIGINT)
          return Array(frames.utf8)
        default: return Array("{}".utf8)
        }
      }
    }
    #expect(asked.prefix(2) == ["trace line-2 on", "trace line-2 after 7"])
    return program.end()
  }

  private static let serial = """
    {"bus":"line-2","framing":"rtu","last":12,"missed":2,"frames":[
    {"n":10,"at":"2026-03-02T07:15:30.250Z","us":1000,"way":"sent","hex":"01030000000ac5cd"},
    {"n":11,"at":"2026-03-02T07:15:30.254Z","us":5130,"way":"received","hex":"018302c0f1"},
    {"n":12,"at":"2026-03-02T07:15:30.300Z","us":9000,"way":"discarded","hex":"ff00ff"},
    {"n":13,"at":"2026-03-02T07:15:30.400Z","us":9900,"way":"sent","hex":"02030000000ac5ce"}]}
    """

  @Test func `exceptions, wrong checksums, noise and gaps in words`() throws {
    let run = try trace(Self.serial)
    #expect(run.code == 0, "\(run)")
    #expect(
      run.output == """
        … 2 frames passed before they could be fetched
        07:15:30.250 → unit 1 read holding 0-9 (10)  [crc ok]  01 03 00 00 00 0A C5 CD
        07:15:30.254 ← unit 1 reading holding refused: exception 2, illegal data address; \
        check the addresses in the manual of the device  4.1 ms  [crc ok]  01 83 02 C0 F1
        07:15:30.300 × 3 bytes, too few for a frame  FF 00 FF
        07:15:30.400 → unit 2 read holding 0-9 (10)  [crc CEC5 wrong, these bytes give FEC5]  \
        02 03 00 00 00 0A C5 CE

        """)
  }

  @Test func `json for programs`() throws {
    let run = try trace(Self.serial, "--json", "--unit", "1")
    let lines = try run.output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
    #expect(lines.count == 3)
    #expect(lines.first == ["missed": 2])
    #expect(lines.last?["exception"] == 2 && lines.last?["tookUs"] == 4130)
  }
}
