// takt outbox as a process, against a control socket that answers as the daemon does.

import LinuxEdge
import Primitives
import Testing

@Suite("Refused events on the command line") struct OutboxCommandTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func run(
    _ words: [String], _ reply: (JSONValue) -> JSONValue
  ) throws -> (run: Run, asked: [JSONValue]) {
    let path = scratch["s"]
    var server = try UnixSocketServer(path: path)
    let program = try RunningProgram(["outbox"] + words + ["--socket", path])
    let clock = SystemClock()
    let deadline = clock.now() + .seconds(60)
    var asked: [JSONValue] = []
    while !program.isOver, clock.now() < deadline {
      var set = PollSet()
      set.add(server.descriptor, reading: true)
      set.wait(until: clock.now() + .milliseconds(20))
      server.turn { line in
        if line == "outcome 1", let last = asked.last,
          case .object(var members) = reply(last)
        {
          members["state"] = "done"
          return JSONValue.object(members).canonicalBytes
        }
        asked.append((try? JSONValue(parsing: Array(line.dropFirst(5).utf8))) ?? .null)
        return JSONValue.object(["ticket": 1]).canonicalBytes
      }
    }
    return (program.end(), asked)
  }

  private static let row: JSONValue = [
    "number": 17, "uplink": "mes", "status": 422, "answer": "no \u{1B}[31mcost\ncentre",
    "type": "takt.stop.ended.v1", "time": "2026-03-02T07:12:01.000Z",
    "refusedAt": "2026-03-02T07:12:02.000Z", "id": "g-5e1f0a2b-17", "event": #"{"a":"ü"}"#,
  ]

  /// Two pages, as the daemon gives them.
  private static func pages(_ question: JSONValue) -> JSONValue {
    let isFirst = question["after"]?.integer == 0
    let document: JSONValue =
      isFirst
      ? [
        "refused": [row], "next": 5,
        "uplinks": [["name": "mes", "waiting": 3, "oldestMs": 61_000, "refused": 1, "late": 0]],
      ] : ["refused": []]
    return ["isDone": true, "sentence": "", "document": document]
  }

  @Test func `a list is lines that can be cut, and nothing of an answer steers the terminal`()
    throws
  {
    let (run, asked) = try run(["list"], Self.pages)
    #expect(asked.map { $0["after"]?.integer } == [0, 5])
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].hasPrefix("uplink") && lines[0].contains("waiting 3"))
    #expect(lines[1].hasPrefix("refused  17  mes  422  takt.stop.ended.v1"))
    #expect(!run.output.contains("\u{1B}"))
    let (json, _) = try self.run(["list", "--json"], Self.pages)
    #expect(try JSONValue(parsing: Array(json.output.utf8))["refused"]?.array?.count == 1)
  }

  @Test func `an export holds the bytes, one event a line, and never writes over a file`() throws {
    let file = scratch["refused.jsonl"]
    let (first, asked) = try run(["export", file], Self.pages)
    #expect(first.code == 0)
    #expect(asked.allSatisfy { $0["outbox"]?.string == "read" })
    #expect(first.output.contains("takt verify"))
    #expect(try Files.read(file, limit: 1000) == Array("{\"a\":\"ü\"}\n".utf8))
    let (second, none) = try run(["export", file], Self.pages)
    #expect(second.code == 4 && none.isEmpty)
  }

  @Test func `giving up wants --yes, and says who`() throws {
    let (refused, none) = try run(["drop", "17"], Self.pages)
    #expect(refused.code == 64 && none.isEmpty && refused.errors.contains("--yes"))
    let (done, asked) = try run(["drop", "17", "--yes", "--by", "Maria"]) { _ in
      ["isDone": true, "sentence": "event 17 is given up"]
    }
    #expect(done == Run(code: 0, output: "event 17 is given up\n", errors: ""))
    #expect(asked == [["outbox": "drop", "number": 17, "by": "Maria"]])
    let (all, retried) = try run(["retry", "all", "--uplink", "mes"]) { _ in
      ["isDone": false, "sentence": "there is none"]
    }
    #expect(all.code == 1 && all.errors.contains("there is none"))
    #expect(retried == [["outbox": "retry", "uplink": "mes"]])
  }

  @Test func `without the gateway its journal is looked into, and nothing is changed`() throws {
    let words = ["--socket", scratch["nobody"], "--journal", scratch["journal.db"]]
    let list = try RunningProgram(["outbox", "list"] + words).end()
    #expect(list.code == 4 && list.errors.contains("there is no journal"))
    let retry = try RunningProgram(["outbox", "retry", "all"] + words).end()
    #expect(retry.code == 7 && retry.errors.contains("wants it running"))
  }
}
