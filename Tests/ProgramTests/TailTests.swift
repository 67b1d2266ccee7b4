// takt tail: what is shown is what was committed, byte for byte, and what is left out is said.

import Foundation
import LinuxEdge
import Primitives
import Testing

@Suite("takt tail") struct TailTests {
  @Test func `live events, the last ones first, as they were signed`() throws {
    let site = try RunSite()
    let gateway = try site.startGateway()
    try site.wait { $0.machineState == "running" }
    let socket = site.scratch["takt.sock"]
    let words = ["tail", "--json", "-n", "500", "--type", "takt.stop.", "--socket", socket]
    let program = try RunningProgram(words + ["--events", "2"])
    site.plc.show {
      $0.isRunning = false
      $0.fault = 12
    }
    try site.wait { $0.machineState == "fault" }
    site.plc.show {
      $0.isRunning = true
      $0.fault = 0
    }
    let run = program.end()
    #expect(run.code == 0)
    let lines = run.output.split(separator: "\n").map(String.init)
    let types = try lines.map { try JSONValue(parsing: Array($0.utf8))["type"]?.string ?? "" }
    #expect(types.count == 2 && types.allSatisfy { $0.hasPrefix("takt.stop.") }, "\(types)")
    // The very bytes that the receiver gets.
    let receiver = try site.startReceiver()
    try site.wait { $0.isDelivered }
    let received = String(decoding: try Files.read(site.scratch["received.jsonl"]), as: UTF8.self)
    for line in lines { #expect(received.contains(line), "\(line)") }
    let text = try Program.run(
      "tail", "-n", "500", "--machine", "press-1", "--type", "stop.started", "--events", "1",
      "--socket", socket)
    #expect(text.output.contains("press-1     stop started        12 Guard door open  #"))
    gateway.signal(15)
    #expect(gateway.end().code == 0)
    withExtendedLifetime(receiver) {}
  }

  @Test func `what came too fast is told, and so is a gateway that was started anew`() throws {
    let scratch = try Scratch()
    var server = try UnixSocketServer(path: scratch["s"])
    let program = try RunningProgram(
      ["tail", "--socket", scratch["s"], "--events", "3", "-n", "1"])
    let event = "{\"type\":\"takt.gateway.stopped.v1\",\"data\":{\"why\":\"x\"}}"
    func answer(_ run: String, _ last: Int, _ missed: Int, _ count: Int) -> String {
      let events = Array(repeating: JSONValue.string(event).canonicalText, count: count)
      return "{\"run\":\"\(run)\",\"last\":\(last),\"missed\":\(missed),"
        + "\"events\":[\(events.joined(separator: ","))]}"
    }
    var answers = [
      answer("a", 7, 6, 1), answer("a", 100, 92, 1), answer("b", 2, 0, 1), answer("b", 1, 0, 1),
    ]
    var asked: [String] = []
    while !answers.isEmpty {
      var set = PollSet()
      set.add(server.descriptor, reading: true)
      set.wait(until: .distantFuture)
      server.turn { question in
        asked.append(question)
        return Array((answers.isEmpty ? "{}" : answers.removeFirst()).utf8)
      }
    }
    let run = program.end()
    #expect(asked == ["tail last 1", "tail 7", "tail 100", "tail 0"])
    #expect(run.output.split(separator: "\n").count == 3)
    #expect(
      run.errors == """
        takt tail: 92 events were left out: they came too fast to be shown
        takt tail: the gateway was started anew

        """)
  }

  @Test func `without a gateway it says so, and words that are no filter are refused`() throws {
    let scratch = try Scratch()
    #expect(try Program.run("tail", "--socket", scratch["none"]).code == 7)
    #expect(try Program.run("tail", "-n", "many").code == 64)
    #expect(try Program.run("tail", "-x").code == 64)
  }
}
