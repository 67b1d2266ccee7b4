// takt reason, order, held, hold and release as processes, against a control socket that answers as
// the daemon does: what they ask, and what they print.

import LinuxEdge
import Primitives
import Testing

@Suite("Orders, reasons and holds on the command line") struct ShopCommandTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// Runs a command against a socket; `reply` is what the gateway says of each request. Gives the
  /// end of the command and the requests.
  private func run(
    _ words: [String], reasons: JSONValue = [:], status: JSONValue = [:],
    _ reply: (JSONValue) -> JSONValue = { _ in ["isDone": true, "sentence": "it is so"] }
  ) throws -> (run: Run, asked: [JSONValue]) {
    let path = scratch["s"]
    var server = try UnixSocketServer(path: path)
    let program = try RunningProgram(words + ["--socket", path])
    let clock = SystemClock()
    let deadline = clock.now() + .seconds(60)
    var asked: [JSONValue] = []
    while !program.isOver, clock.now() < deadline {
      var set = PollSet()
      set.add(server.descriptor, reading: true)
      set.wait(until: clock.now() + .milliseconds(20))
      server.turn { line in
        switch line {
        case "status": return status.canonicalBytes
        case "reasons": return reasons.canonicalBytes
        case "outcome 1":
          guard let last = asked.last, case .object(var members) = reply(last) else { return [] }
          members["state"] = "done"
          return JSONValue.object(members).canonicalBytes
        default:
          asked.append((try? JSONValue(parsing: Array(line.dropFirst(5).utf8))) ?? .null)
          return JSONValue.object(["ticket": 1]).canonicalBytes
        }
      }
    }
    return (program.end(), asked)
  }

  private static let stops: JSONValue = [
    "isDone": true, "sentence": "",
    "document": [
      "stops": [
        [
          "stopId": "saw-5e1f0a2b-3", "machine": "saw", "startedAt": "2026-03-02T07:12:01.000Z",
          "durationMs": 252_000, "endedAt": "2026-03-02T07:16:13.000Z",
          "cause": "stopped, no reason",
        ],
        [
          "stopId": "saw-5e1f0a2b-9", "machine": "saw", "startedAt": "2026-03-02T08:12:01.000Z",
          "durationMs": 3400, "cause": "31 code 31",
        ],
        [
          "stopId": "mill-5e1f0a2b-1", "machine": "mill", "startedAt": "2026-03-02T08:12:01.000Z",
          "durationMs": 100, "endedAt": "2026-03-02T08:12:01.100Z", "cause": "stopped, no reason",
        ],
      ]
    ],
  ]

  @Test func `stops that wait for a reason are lines that can be cut`() throws {
    let (run, asked) = try run(["reason"]) { _ in Self.stops }
    #expect(asked == [["list": "stops"]])
    #expect(
      run.output == """
        saw-5e1f0a2b-3   saw   2026-03-02T07:12:01.000Z  4min12s  stopped, no reason
        saw-5e1f0a2b-9   saw   2026-03-02T08:12:01.000Z  3.4s…    31 code 31
        mill-5e1f0a2b-1  mill  2026-03-02T08:12:01.000Z  0.1s     stopped, no reason

        """)
    let (json, _) = try self.run(["reason", "--json"]) { _ in Self.stops }
    #expect(try JSONValue(parsing: Array(json.output.utf8)) == Self.stops["document"])
    let (none, _) = try self.run(["reason"]) { _ in
      ["isDone": true, "sentence": "", "document": ["stops": []]]
    }
    #expect(none == Run(code: 0, output: "", errors: ""))
  }

  private static let status: JSONValue = [
    "machines": [["name": "saw"], ["name": "mill"], ["name": "lathe"]]
  ]

  private func classify(_ words: String...) throws -> (run: Run, asked: [JSONValue]) {
    try run(["reason"] + words, status: Self.status) { question in
      question["list"] == nil ? ["isDone": true, "sentence": "it is so"] : Self.stops
    }
  }

  @Test func `a stop, or a machine that has one, gets its reason`() throws {
    let byID = try classify("saw-5e1f0a2b-3", "tool-change", "--by", "Maria")
    #expect(byID.run == Run(code: 0, output: "it is so\n", errors: ""))
    #expect(
      byID.asked == [
        ["do": "classify", "stop": "saw-5e1f0a2b-3", "reason": "tool-change", "by": "Maria"]
      ])
    // The running one of several, and the only one of a machine.
    #expect(try classify("saw", "x").asked.last?["stop"] == "saw-5e1f0a2b-9")
    #expect(try classify("mill", "x", "--json").run.output.contains(#""done":true"#))
    #expect(try classify("mill", "x").asked.last?["stop"] == "mill-5e1f0a2b-1")
    let none = try classify("lathe", "x").run
    #expect(none.code == 1)
    #expect(none.errors.contains("no stop of lathe waits for a reason; to change one, give its id"))
    #expect(try classify("lathe").run.code == 64)
  }

  @Test func `the codes are listed in a language`() throws {
    let reasons: JSONValue = [
      "language": "de",
      "reasons": [
        [
          "code": "guard", "text": "Schutztür offen", "category": "unplanned", "costCenter": "4711",
          "texts": ["de": "Schutztür offen", "en": "Guard open"],
        ],
        ["code": "tool", "text": "Werkzeug", "category": "planned", "texts": ["de": "Werkzeug"]],
      ],
    ]
    let (run, _) = try run(["reason", "--codes", "--language", "en"], reasons: reasons)
    #expect(
      run.output == """
        guard  unplanned  4711  Guard open
        tool   planned    -     Werkzeug

        """)
    let none = try self.run(["reason", "--codes"], reasons: ["reasons": []]).run
    #expect(none.code == 1 && none.errors.contains("declare them in \"reasons\""))
  }

  @Test func `an order is asked for as a file would say it`() throws {
    let (run, asked) = try run([
      "order", "start", "4711", "--machine", "saw", "--operation", "0010", "--material", "M-1",
      "--lot", "L", "--quantity", "1000", "--uom", "PCE", "--cycle", "1200ms", "--released",
    ])
    #expect(run.code == 0)
    #expect(
      asked == [
        [
          "do": "order",
          "order": [
            "action": "start", "place": ["machine": "saw"], "orderId": "4711",
            "operationId": "0010", "materialId": "M-1", "lotId": "L", "plannedQuantity": 1000,
            "uom": "PCE", "idealCycle": "1200ms", "released": true,
          ],
        ]
      ])
    let list = try self.run(["order", "list"]) { _ in
      [
        "isDone": true, "sentence": "",
        "document": [
          "orders": [
            [
              "machine": "saw", "line": "l", "orderId": "1", "state": "running",
              "goodCounted": 12, "plannedQuantity": 100, "uom": "PCE",
              "startedAt": "2026-03-02T07:12:01.000Z",
            ], ["line": "l", "orderId": "2", "operationId": "0020", "state": "paused"],
          ]
        ],
      ]
    }
    #expect(
      list.run.output == """
        saw     running  1       12/100 PCE  2026-03-02T07:12:01.000Z  -
        line:l  paused   2/0020  -           -                         -

        """)
    let pause = try self.run(["order", "pause", "--line", "l"]).asked
    #expect(pause == [["do": "order", "order": ["action": "pause", "place": ["line": "l"]]]])
  }

  @Test(arguments: [
    (["order"], "say what to do: start, end, pause, resume, describe or list"),
    (["order", "strat", "1"], "did you mean \"start\"?"),
    (["order", "start", "--machine", "a"], "ORDER is missing"),
    (["order", "start", "1"], "--machine NAME or --line NAME is missing"),
    (["order", "end", "--machine", "a", "--line", "b"], "give --machine or --line, not both"),
    (["order", "end", "--machine", "a", "--lot", "b"], "without ORDER there is no --lot"),
    (["order", "start", "1", "--machine", "a", "--quantity", "0"], "not a whole number between 1"),
    (["order", "--file", "a.txt"], "the name must end in .json or .csv"),
    (["order", "end", "--file", "a.json"], "the file says what to do; leave out \"end\""),
    (["order", "list", "--machine", "a"], "a list takes no --machine"),
    (["hold", "--machine", "a"], "--reason TEXT is missing"),
    (["hold", "--reason", "a"], "give one of --machine, --line, --order and --lot"),
    (["held", "approve"], "N is missing; \"takt held\" lists the numbers"),
    (["held", "aprove", "1"], "is neither \"list\" nor \"approve\""),
    (["release", "one"], "\"one\" is no number; \"takt held\" lists them"),
    (["reason", "a"], "CODE is missing; \"takt reason --codes\" lists them"),
  ])
  func `what is wrong is told before anybody is asked`(words: [String], text: String) throws {
    let run = try RunningProgram(words + ["--socket", scratch["none"]]).end()
    #expect(run.code == 64)
    #expect(run.errors.contains(text), "\(run.errors)")
  }

  @Test func `a file with a mistake asks for nothing, and one refused order stops the whole file`()
    throws
  {
    try Files.create(
      scratch["bad.csv"], with: Array("machine,orderId,quantity\nsaw,1,x\n".utf8))
    let bad = try Program.run(
      "order", "--file", scratch["bad.csv"], "--socket", scratch["none"])
    #expect(bad.code == 3)
    #expect(bad.errors.contains("line 1, column 17: no column is called \"quantity\""))
    try Files.create(
      scratch["two.csv"], with: Array("machine,orderId\nsaw,1\nmill,2\n".utf8))
    let (run, asked) = try run(["order", "--file", scratch["two.csv"]]) { _ in
      [
        "isDone": false, "sentence": "1 of 2 orders are refused, so nothing is carried out",
        "document": [
          "orders": [
            ["done": false, "sentence": "saw is not known"],
            ["done": true, "sentence": "order 2 runs"],
          ]
        ],
      ]
    }
    #expect(asked.count == 1 && asked[0]["do"] == "orders")
    #expect(
      asked[0]["orders"]?.array?.map { $0["orderId"]?.string } == ["1", "2"])
    #expect(
      run
        == Run(
          code: 1, output: "",
          errors: """
            takt order: order 1: saw is not known
            takt order: 1 of 2 orders are refused, so nothing is carried out

            """))
  }

  @Test func `holds are set and ended, held confirmations listed and approved`() throws {
    let hold = try run(["hold", "--lot", "L-7", "--reason", "cracks", "--by", "Ada"]).asked
    #expect(
      hold == [["do": "hold", "kind": "lot", "name": "L-7", "reason": "cracks", "by": "Ada"]])
    // Who does not say who he is, is who he is.
    let own = JSONValue.string(LocalUsers.name(of: LocalUsers.own) ?? "")
    #expect(
      try run(["release", "3", "--line", "l"]).asked
        == [["do": "release", "number": 3, "line": "l", "by": own]])
    #expect(
      try run(["held", "approve", "4"]).asked == [["do": "approve", "number": 4, "by": own]])
    let held = try run(["held"]) { _ in
      [
        "isDone": true, "sentence": "1 held, 1 quality hold",
        "document": [
          "confirmations": [
            [
              "number": 4, "machine": "saw", "orderId": "4711", "operationId": "0010",
              "goodQuantity": 350, "scrapQuantity": 2, "to": "2026-03-02T07:15:00.000Z",
              "reasons": ["order 4711 is not released", "lot L-7 is held: cracks"],
            ]
          ],
          "holds": [
            [
              "number": 3, "scope": "lot", "name": "L-7", "since": "2026-03-02T07:12:01.000Z",
              "by": "Ada (root)", "reason": "cracks",
            ]
          ],
        ],
      ]
    }
    #expect(held.asked == [["list": "held"]])
    let lines = held.run.output.split(separator: "\n").map { line in
      line.split(separator: " ").joined(separator: " ")
    }
    #expect(
      lines == [
        "confirmation 4 saw 4711/0010 good 350 scrap 2 2026-03-02T07:15:00.000Z "
          + "order 4711 is not released; lot L-7 is held: cracks",
        "hold 3 lot L-7 2026-03-02T07:12:01.000Z Ada (root) cracks",
      ])
    let refused = try run(["release", "3"]) { _ in
      ["isDone": false, "sentence": "no hold has the number 3"]
    }
    #expect(
      refused.run == Run(code: 1, output: "", errors: "takt release: no hold has the number 3\n"))
  }
}

extension RunningProgram {
  /// Whether it has ended; its output can still be read.
  var isOver: Bool {
    let bytes = try? Files.read("/proc/\(process)/stat")
    return bytes.map { String(decoding: $0, as: UTF8.self).contains(") Z ") } ?? true
  }
}
