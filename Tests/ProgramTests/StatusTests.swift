// takt status as a process, against a control socket that answers as the daemon does.

import LinuxEdge
import Primitives
import Testing

@Suite("takt status") struct StatusTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// Runs `takt status` against a socket that answers as the daemon does.
  func status(_ answer: String, _ more: String...) throws -> Run {
    var server = try UnixSocketServer(path: scratch["s"])
    let program = try RunningProgram(["status", "--socket", scratch["s"]] + more)
    var asked: [String] = []
    while asked.isEmpty {
      var set = PollSet()
      set.add(server.descriptor, reading: true)
      set.wait(until: .distantFuture)
      server.turn { question in
        asked.append(question)
        return Array(answer.utf8)
      }
    }
    #expect(asked == ["status"])
    return program.end()
  }

  @Test func `without a daemon it says so with a code of its own`() throws {
    let run = try Program.run("status", "--socket", scratch["none"])
    #expect(run.code == 7)
    #expect(run.errors.contains("the gateway is not running: nobody answers at "))
  }

  @Test func `a configuration names the socket, or says why it cannot`() throws {
    let path = scratch["takt.json5"]
    let missing = try Program.run("status", "--config", path)
    #expect(missing.code == 3)
    #expect(missing.errors.contains(path))
    try Files.create(path, with: Array("{ nonsense: 1 }".utf8))
    let broken = try Program.run("status", "--config", path)
    #expect(broken.code == 3)
    #expect(broken.errors.contains("has mistakes; \"takt check --config \(path)\" names them"))
    #expect(try Program.run("status", "--config", path, "--socket", path).code == 64)
  }

  @Test func `the whole picture is readable`() throws {
    let run = try status(
      """
      {"gateway":"gw-1","version":"0.1.0","startedAt":"2026-03-02T04:03:30.000Z",
      "clock":{"wall":"2026-03-02T07:15:30.250Z","quality":"synchronised","bootid":"b"},
      "machines":[
      {"name":"press-1","state":"running","since":"2026-03-02T07:12:01.000Z","goodTotal":12345,
      "scrapTotal":12},
      {"name":"saw","state":"stopped","since":"2026-03-02T07:15:01.000Z","goodTotal":7,
      "scrapTotal":0,"stop":{"stopId":"s","startedAt":"2026-03-02T07:15:01.000Z",
      "cause":"12 Guard door open"}}],
      "buses":[{"name":"line","link":"up","lastError":"long ago","ring":{"lost":3},
      "at":"10.0.0.7:502","reconnects":2,"overruns":3,"lateness":{"p99Us":700},"units":[
      {"name":"plc-1","contact":"good","ageMs":312,"polls":98765,"failures":0,"timeouts":0,
      "answers":{"p50Us":4130,"p99Us":31200,"maxUs":250000},"refused":1,
      "refusals":["holding 9 refused for 3.0 s: exception 2"],"lastError":"register 9 refused"},
      {"name":"plc-2","contact":"never","polls":5,"failures":5,"timeouts":4,"exceptions":1,
      "timeoutAdvice":"it answers within 600ms; set timeout: \\"1s\\"","lastError":"no answer"}]}],
      "uplinks":[{"name":"mes","state":"waiting","depth":4,"oldestMs":252000,"delivered":1000,
      "quarantined":2,"lastSuccess":"2026-03-02T07:11:18.000Z","lastError":"answer 503"}],
      "journal":{"epoch":"5e1f0a2b","sequence":1004,"held":4,"bytes":3355443},
      "memory":{"rssBytes":19084083}}
      """)
    #expect(run.code == 0)
    #expect(
      run.output == """
        gateway gw-1  takt 0.1.0  up 3 h 12 min  memory 18.1 MiB
        clock   2026-03-02T07:15:30.250Z  synchronised

        machines
          press-1  running  since 07:12:01 (3 min 29 s)  good 12,345  scrap 12
          saw      stopped  since 07:15:01 (29.2 s)      good 7       scrap 0  12 Guard door open

        buses  (answers: half within / 99 of 100 within / slowest)
          line     up     10.0.0.7:502  reconnects 2  99 of 100 within 0.7 ms of due  left out 3
            plc-1  good   0.3 s ago  polls 98,765  failures 0  answers 4.1/31/250 ms
            plc-2  never  -          polls 5       failures 5
            ! 3 samples lost: the recorder did not keep up
            ! plc-1: holding 9 refused for 3.0 s: exception 2
            ! plc-1, its last fault: register 9 refused
            ! plc-2: 4 timeouts, 1 exception
            ! plc-2: it answers within 600ms; set timeout: "1s"
            ! plc-2: no answer

        uplinks
          mes  waiting  waiting 4 (oldest 4 min 12 s)  delivered 1,000  last success 4 min 12 s ago
            ! 2 events refused for good and kept aside
            ! answer 503

        journal
          epoch 5e1f0a2b  sequence 1,004  held 4  3.1 MiB

        """)
  }

  @Test func `orders, shifts with the sums behind their figures, limits and holds are readable`()
    throws
  {
    let run = try status(
      """
      {"clock":{"wall":"2026-03-02T07:15:30.250Z","quality":"synchronised","bootid":"b"},
      "machines":[{"name":"press-1","state":"slow","since":"2026-03-02T07:12:01.000Z",
      "goodTotal":12345,"scrapTotal":12,"unclassified":2,
      "limits":[{"name":"oil-hot","severity":"alarm"}],
      "order":{"orderId":"4711","operationId":"0010","materialId":"M-1","lotId":"L-7",
      "goodQuantity":350,"scrapQuantity":4,"reworkQuantity":0,
      "plannedQuantity":1000,"uom":"PCE","startedAt":"2026-03-02T06:30:00.000Z","released":false},
      "orderSums":{"scope":"order","name":"4711/0010","from":"2026-03-02T06:30:00.000Z",
      "approximate":false,"sums":{"APT":60000,"PBT":120000},"kpis":{"availability":"50.0%"}},
      "shift":{"scope":"shift","name":"early","date":"2026-03-02","from":"2026-03-02T05:00:00.000Z",
      "approximate":true,"sums":{"APT":3600000,"PBT":7200000,"PQ":2880,"GQ":2592,
      "PRI*PQ":3456000000000,"FE":2,"TTR":1800000},
      "kpis":{"availability":"50.0%","effectiveness":"96.0%","qualityRatio":"90.0%","oee":"43.2%",
      "mtbf":"1800.0s","mttr":"900.0s"}}}],
      "lines":[{"name":"line-1","holds":1,"heldConfirmations":2},
      {"name":"line-2","holds":0,"heldConfirmations":0},
      {"name":"line-3","planned":"break: lunch","shift":"early","holds":0,"heldConfirmations":0}],
      "drop":{"directory":"/var/lib/takt/orders","waiting":1,
      "taken":{"name":"a.json","at":"2026-03-02T07:00:00.000Z"},
      "refused":{"name":"b.csv","at":"2026-03-02T07:01:00.000Z","why":"line 2 is wrong"}}}
      """)
    #expect(
      run.output.hasSuffix(
        """

        machines
          press-1  slow  since 07:12:01 (3 min 29 s)  good 12,345  scrap 12
            order  4711/0010  good 350/1000 PCE (35.0%)  scrap 4  M-1  lot L-7
            in it  since 06:30:00  availability 50.0% (ran 1 min 0 s of 2 min 0 s)
            shift  early since 05:00:00  availability 50.0% (ran 1 h 0 min of 2 h 0 min)  \
        performance 96.0% (2880 made, ideally in 57 min 36 s)  quality 90.0% (2592 good of 2880)  \
        OEE 43.2%  MTBF 1800.0s (2 failures)  MTTR 900.0s (stood 30 min 0 s)  approximate
            ! limit oil-hot is exceeded (alarm)
            ! 2 stops wait for a reason; "takt reason" lists them
            ! the order is not released: what it makes is held

        lines
          line-1
            ! 2 confirmations are held back; "takt held" says why
            ! quality holds: 1; "takt held" lists them
          line-3  break: lunch

        dropped orders
          /var/lib/takt/orders  waiting 1  last a.json at 07:00:00
            ! b.csv refused at 07:01:00: line 2 is wrong

        """), "\(run.output)")
  }

  @Test func `F1: a refused address is told once, and another fault besides`() throws {
    func unit(_ fault: String) -> String {
      """
      {"buses":[{"name":"b","link":"up","units":[{"name":"b/1","contact":"good","exceptions":3,
      "refusals":["holding 50 refused for 5.7 s: exception 2"],"lastError":"\(fault)"}]}]}
      """
    }
    let same = try status(unit("reading registers 48-52: refused with exception 2"))
    #expect(
      same.output.hasSuffix(
        """

            ! b/1: 3 exceptions
            ! b/1: holding 50 refused for 5.7 s: exception 2

        """), "\(same.output)")
    let other = try status(unit("reading registers 48-52: no answer within 1s"))
    #expect(other.output.contains("! b/1, its last fault: reading registers 48-52: no answer"))
  }

  @Test(arguments: [
    "{}", "[]", #"{"machines":[{}],"buses":[{"units":[{}]}],"uplinks":[{}],"journal":{}}"#,
    #"{"machines":[{"order":{},"shift":{},"orderSums":{},"limits":[{}]}],"lines":[{}],"drop":{}}"#,
    #"{"machines":[{"order":{"goodQuantity":9223372036854775807,"plannedQuantity":1}}]}"#,
    #"{"machines":7,"clock":{"wall":"yesterday"},"startedAt":"2026-03-02T04:03:30.000Z"}"#,
  ])
  func `whatever is missing, the rest is shown`(answer: String) throws {
    let run = try status(answer)
    #expect(run.code == 0)
    #expect(run.output.hasPrefix("gateway -  takt -"))
  }

  @Test func `json is passed on in canonical form`() throws {
    let run = try status(#"{ "b":1, "a":"x" }"#, "--json")
    #expect(run == Run(code: 0, output: #"{"a":"x","b":1}"# + "\n", errors: ""))
  }

  @Test func `an answer that is no json is a fault`() throws {
    let run = try status("oops")
    #expect(run.code == 5)
    #expect(run.errors.contains("reading the answer of"))
  }
}
