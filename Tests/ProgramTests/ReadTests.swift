// takt read: through a running gateway without disturbing it, straight to the device without one.

import Foundation
import Glibc
import LinuxEdge
import Primitives
import Testing

@Suite("takt read", .serialized) struct ReadTests {
  private func read(_ site: RunSite, _ words: String...) throws -> Run {
    try RunningProgram(["read", "--config", site.scratch["takt.json5"]] + words).end()
  }

  @Test func `through the running gateway: values, registers, every notation`() throws {
    let site = try RunSite()
    site.plc.show { $0.good = 0x1234 }
    let gateway = try site.startGateway()
    try site.wait { $0.polls > 2 }
    let one = try read(site, "hall/1", "holding", "2")
    #expect(one.code == 0, "\(one)")
    #expect(
      one.output.hasPrefix(
        "hall/1  holding 2 = 40003 = 400003 = holding 0x0002, u16, function 3  "
          + "(through the running gateway)\n  holding 2  4660  1234  answered in "), "\(one.output)"
    )
    let two = try read(site, "hall/1", "40002 u16", "--count", "2", "--json")
    let json = try JSONValue(parsing: Array(two.output.utf8))
    #expect(json["values"] == [0, 4660] && json["words"] == [0, 4660])
    #expect(json["through"] == "gateway" && json["start"] == 1 && json["unit"] == 1)
    // The same line told without a name is still the gateway's own.
    let direct = try read(
      site, "--host", "127.0.0.1", "--port", "\(site.plcPort)", "--unit", "1", "holding 2 u16")
    #expect(direct.code == 0 && direct.output.contains("(through the running gateway)"))
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }

  @Test func `an illegal address is refused in words, and no signal of the gateway goes bad`()
    throws
  {
    let site = try RunSite()
    let gateway = try site.startGateway()
    let before = try site.wait { $0.machineState == "running" }
    for _ in 0..<3 {
      let run = try read(site, "hall/1", "holding 100 f32")
      #expect(run.code == 6)
      #expect(
        run.errors.contains(
          "reading holding registers 100-101 of hall/1: refused with exception 2, illegal data "
            + "address; check the addresses in the manual of the device"), "\(run.errors)")
    }
    let after = try site.wait { $0.polls > before.polls + 3 }
    let unit = after["buses"]?.array?.first?["units"]?.array?.first
    #expect(unit?["contact"] == "good" && unit?["failures"] == 0 && unit?["exceptions"] == 0)
    #expect(unit?["refused"] == 0 && unit?["refusals"] == nil)
    #expect(after.machineState == "running" && unit?["answers"]?["p99Us"]?.integer != nil)
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }

  @Test func `guests and a trace cost the schedule nothing`() throws {
    // The same PLC twice, a gateway each; one of them has company all the time.
    let (visited, alone) = (try RunSite(), try RunSite())
    let gateways = [try visited.startGateway(), try alone.startGateway()]
    let before = [
      try visited.wait { $0.machineState == "running" },
      try alone.wait { $0.machineState == "running" },
    ]
    let socket = visited.scratch["takt.sock"]
    let trace = try RunningProgram(["trace", "hall", "--socket", socket, "--seconds", "600"])
    let guest = try RunningProgram([
      "read", "--config", visited.scratch["takt.json5"], "hall/9", "holding 0", "--every", "50ms",
    ])
    let ended = try alone.wait { $0.polls >= before[1].polls + 40 }
    let also = try visited.wait { _ in true }
    #expect(visited.plc.requests(of: 9) > 3, "the guest was there")
    #expect(alone.plc.requests(of: 9) == 0)
    let (with, without) = (also.polls - before[0].polls, ended.polls - before[1].polls)
    print("own polls with guests and a trace: \(with), without: \(without)")
    // Two processes on one machine: a few scans of difference are the looking.
    #expect(with >= without - 8)
    let unit = also["buses"]?.array?.first?["units"]?.array?.first
    #expect(unit?["failures"] == 0)
    for program in [guest, trace] { program.signal(SIGINT) }
    #expect(guest.end().code == 0)
    #expect(trace.end().output.contains("unit 9 read holding 0 (1)"))
    for gateway in gateways {
      gateway.signal(SIGTERM)
      #expect(gateway.end().code == 0)
    }
  }

  @Test func `without a gateway it goes straight to the device`() throws {
    let site = try RunSite()
    site.plc.show { $0.good = 7 }
    let named = try read(site, "hall/1", "holding 2", "--repeat", "3", "--every", "10ms")
    #expect(named.code == 0, "\(named)")
    #expect(named.output.contains("(straight to 127.0.0.1:\(site.plcPort))"))
    #expect(named.output.split(separator: "\n").count { $0.contains("  holding 2  7  0007") } == 3)
    let told = try Program.run(
      "read", "--host", "127.0.0.1", "--port", "\(site.plcPort)", "--unit", "1", "holding 2.0",
      "--socket", site.scratch["none"], "--json")
    let json = try JSONValue(parsing: Array(told.output.utf8))
    #expect(json["values"] == [1] && json["through"] == "direct")
  }

  @Test func `a device that is silent, and one that is not there, are told apart`() throws {
    let socket = try Scratch()["none"]
    func ask(_ port: UInt16) throws -> Run {
      try Program.run(
        "read", "--host", "127.0.0.1", "--port", "\(port)", "--unit", "4", "holding 2",
        "--timeout", "50ms", "--socket", socket)
    }
    let hole = try BlackHole(listens: true)
    let silent = try ask(hole.port)
    #expect(silent.code == 6)
    #expect(
      silent.errors.contains(
        "reading holding register 2 of 127.0.0.1:\(hole.port)/4: no answer within 50ms; check "
          + "the cable and that the unit number is 4"), "\(silent.errors)")
    let nobody = try ask(try BlackHole(listens: false).port)
    #expect(nobody.code == 6)
    #expect(nobody.errors.contains("connecting to 127.0.0.1:"), "\(nobody.errors)")
  }

  @Test(arguments: [
    (["hal/1", "holding 2"], "there is no bus \"hal\"; did you mean \"hall\"?"),
    (["hall", "holding 2"], "\"hall\" is no BUS/UNIT such as line-2/3"),
    (["hal/1", "holding 2"], "takt.json5 there is no bus"),
    (["hall/1"], "the ADDRESS is missing, such as \"holding 100 f32\" or 40101"),
    (["hall/1", "holdin 2"], "did you mean \"holding\"?"),
    (["hall/1", "holding 2 f32", "--count", "100"], "at most 125 of holding fit"),
    (["hall/1", "holding 65535", "--count", "2"], "would end behind address 65535"),
    (["--host", "x", "--device", "/dev/x", "--unit", "1", "coil 1"], "are two lines"),
    (["--host", "x", "holding 1"], "--unit N is missing"),
    (["--device", "/dev/x", "--unit", "0", "holding 1"], "unit 0 is everybody on a serial line"),
    (["--host", "x", "--baud", "9600", "--unit", "1", "coil 1"], "--baud says nothing about"),
    (["--rtu-over-tcp", "x", "--unit", "1", "coil 1"], "has no port; write HOST:PORT"),
  ])
  func `what cannot be meant is a sentence`(words: [String], sentence: String) throws {
    let site = try RunSite()
    let run = try RunningProgram(["read", "--config", site.scratch["takt.json5"]] + words).end()
    #expect(run.code == 64)
    #expect(run.errors.contains(sentence), "\(run.errors)")
  }

  @Test func `F9: a serial port that the gateway holds is read through it, whatever its name`()
    throws
  {
    let scratch = try Scratch()
    // No port at all: opening it would fail, so what is read came through the gateway.
    try Files.create(scratch["ttyUSB0"], with: [])
    try #require(symlink(scratch["ttyUSB0"], scratch["by-id"]) == 0)
    var server = try UnixSocketServer(path: scratch["s"])
    let program = try RunningProgram([
      "read", "--device", scratch["by-id"], "--unit", "3", "input", "0", "f32",
      "--socket", scratch["s"],
    ])
    var asked: [String] = []
    while asked.count < 4 {
      var set = PollSet()
      set.add(server.descriptor, reading: true)
      set.wait(until: .distantFuture)
      server.turn { question in
        asked.append(question)
        let answer: JSONValue
        switch asked.count {
        case 1:
          answer = [
            "buses": [
              [
                "name": "line-2", "at": .string(scratch["ttyUSB0"]), "framing": "rtu",
                "units": [],
              ]
            ]
          ]
        case 2: answer = ["ticket": 5]
        case 3: answer = ["state": "waiting"]
        default: answer = ["state": "done", "words": [0x41AC, 0], "tookUs": 41_250]
        }
        return answer.canonicalBytes
      }
    }
    server.turn { _ in [] }
    let run = program.end()
    #expect(run.code == 0, "\(run)")
    #expect(asked == ["buses", "read line-2 3 input 0 2 500", "result 5", "result 5"])
    #expect(run.output.hasSuffix("\n  input 0  21.5  41AC 0000  answered in 41.2 ms\n"))
    #expect(run.output.contains("(through the running gateway)"))
  }

  @Test func `what the configuration forbids is not asked for, with a gateway or without`() throws {
    let site = try RunSite()
    let path = site.scratch["takt.json5"]
    let text = String(decoding: try Files.read(path), as: UTF8.self).replacingOccurrences(
      of: "timeout: \"200ms\",", with: "timeout: \"200ms\", forbidden: [\"holding 100-120\"],")
    try Files.replace(path, with: Array(text.utf8))
    let sentence = "holding 100-120 of hall/1 is forbidden by the configuration"
    let alone = try read(site, "hall/1", "holding 99", "--count", "2")
    #expect(alone.code == 64 && alone.errors.contains(sentence), "\(alone)")
    let gateway = try site.startGateway()
    try site.wait { $0.polls > 0 }
    let through = try read(
      site, "--host", "127.0.0.1", "--port", "\(site.plcPort)", "--unit", "1", "holding 110")
    #expect(through.code == 6 && through.errors.contains(sentence), "\(through)")
    #expect(try read(site, "hall/1", "holding 2").code == 0)
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }

  @Test func `a configuration that is not there is named, with another way`() throws {
    let run = try Program.run("read", "--config", "/nowhere/takt.json5", "hall/1", "holding 2")
    #expect(run.code == 3)
    #expect(run.errors.contains("/nowhere/takt.json5") && run.errors.contains("--host"))
  }

  @Test(arguments: [
    ("read hall 1 holding 0", "a read is: read <bus> <unit> <table> <start> <count>"),
    ("read hall 1 holding 0 126", "one request reads 1 to 125 of holding, not \"126\""),
    ("read hall 1 coil 0 2001", "one request reads 1 to 2000 of coil"),
    ("read hall 256 holding 0 1", "\"256\" is no unit number"),
    ("read hall 1 write 0 1", "\"write\" is no table"),
    ("read hall 1 holding 65535 2", "would end behind 65535"),
    ("read hall 1 holding 0 1 99999", "a unit may take 10ms to 5s to answer"),
    ("read hell 1 holding 0 1", "did you mean \"hall\"?"),
    ("result 99", "ticket 99 is unknown"), ("result x", "\"x\" is no ticket"),
    ("trace hall after x", "is no number of a frame"), ("trace hall", "a trace is:"),
    ("write hall 1 0 7", "is no question; there is: status, buses, read, result, trace"),
  ])
  func `the control socket refuses what no request can carry`(line: String, sentence: String)
    throws
  {
    let site = try RunSite()
    let gateway = try site.startGateway()
    try site.wait { _ in true }
    let until = SystemClock().now() + .seconds(5)
    let answer = try JSONValue(
      parsing: try UnixSocketClient.ask(
        path: site.scratch["takt.sock"], line: line, until: until))
    #expect(answer["error"]?.string?.contains(sentence) == true, "\(answer.canonicalText)")
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }
}

@Suite struct `The linked program` {
  /// What the program asks of shared libraries, by nm(1) of the tools that linked it.
  private func imported() throws -> Set<String> {
    let tools = ["/usr/bin/nm", "/usr/bin/x86_64-linux-gnu-nm", "/usr/bin/llvm-nm"]
    let tool = try #require(tools.first { access($0, X_OK) == 0 }, "binutils is not installed")
    let scratch = try Scratch()
    // Into a file: the names are more than a pipe of the test holds.
    let command = "exec '\(tool)' -D --undefined-only '\(Program.path)' > '\(scratch["names"])'"
    let run = try Program.call("/bin/sh", ["-c", command])
    try #require(run.code == 0, "\(run.errors)")
    let text = String(decoding: try Files.read(scratch["names"], limit: 1 << 20), as: UTF8.self)
    return Set(
      text.split(separator: "\n").compactMap { line in
        line.split(separator: " ").last?.split(separator: "@").first.map(String.init)
      })
  }

  @Test func `cannot call any function of libmodbus that writes to a PLC`() throws {
    let modbus = try imported().filter { $0.hasPrefix("modbus_") }
    // If this fails, the names were not read: the test would prove nothing.
    #expect(modbus.contains("modbus_receive"))
    let writing = modbus.filter {
      $0.contains("write") || $0.contains("mask") || $0.contains("send_raw")
    }
    #expect(writing.isEmpty, "the program can write to a PLC: \(writing.sorted())")
  }
}
