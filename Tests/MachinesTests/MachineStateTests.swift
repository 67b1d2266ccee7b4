// The states of a machine as the recorder meets them: declared evidence, orders, plans, people's
// words, restarts before every scan, and what the program before kept.

import Machines
import Primitives
import Signals
import Testing

private let order = SignalID(4)
private let operation = SignalID(5)

/// The press with declared evidence: the same signals, and everything that waits for a time.
private func declared(_ change: (inout StateRules) -> Void = { _ in }) throws -> MachineRules {
  var rules = Line.rules()
  rules.order = OrderSignals(order: order, operation: operation)
  let reasons = [
    Reason("jam", texts: ["en": "jam"]), Reason("setup", texts: ["en": "setting up"]),
  ]
  var states = StateRules(
    name: "press-1",
    evidence: EvidenceRules([
      EvidenceClaim(
        .fault,
        when: EvidenceRule(.code(Line.code, [CodeMeaning([10], reason: "jam")], anyOther: true))),
      EvidenceClaim(.running, when: EvidenceRule(.bit(Line.run))),
    ]), counter: Line.good, ignoreUnder: .milliseconds(150), shortStop: .milliseconds(450),
    minimumRun: .milliseconds(150),
    changeover: ChangeoverRule(before: .milliseconds(100), reason: "setup"),
    reasons: try ReasonTable(reasons, language: "en"))
  change(&states)
  rules.states = states
  return rules
}

extension Bench {
  /// Shows an order, at the scan that comes next.
  mutating func show(_ number: Int64, _ at: Int64, operation text: Int64 = 10) {
    machine.take(Sample(signal: order, at: .milliseconds(at), value: .integer(number)))
    machine.take(Sample(signal: operation, at: .milliseconds(at), value: .integer(text)))
  }

  /// Draws as TimelineTests do, and A, B: the order shown changes to 1, 2 with the next scan.
  mutating func draw(_ drawing: String) throws {
    var (count, shown): (UInt64, Int64) = (0, 0)
    for sign in drawing {
      var scan = Scan(run: true, code: 0, good: count, scrap: 0)
      switch sign {
      case "|":
        // It has seen everything up to the next scan.
        mark((at / 100 + 1) * 100 - 1)
        try restart()
        continue
      case "A", "B":
        shown = sign == "A" ? 1 : 2
        continue
      case "r": count += 1
      case "i": break
      case "_": scan.run = false
      case "?": scan.quality = .noContact
      default: (scan.run, scan.code) = (false, (sign.wholeNumberValue.map(Int64.init) ?? 0) * 10)
      }
      scan.good = count
      let next = (at / 100 + 1) * 100
      if sign != "?" { show(shown, next) }
      self.scan(next, scan)
    }
  }
}

@Suite("States of a machine")
struct MachineStateTests {
  @Test(arguments: [
    "ii_iii__ii", "i__i___ii", "ii_?__ii", "i1__2ii", "i__??__iii", "iA___B__iii", "Aii__BBii_ii",
    "i_____iii",
  ])
  func `a restart before any scan tells the same facts`(drawing: String) throws {
    func told(_ drawing: String) throws -> [String] {
      var bench = try Bench(try declared())
      try bench.draw(drawing)
      return bench.stopLines.map { $0.replacing(", about", with: "") }
    }
    let plain = try told(drawing)
    #expect(plain.contains { $0.contains("start #1") })
    for index in drawing.indices.dropFirst() {
      var cut = drawing
      cut.insert("|", at: index)
      #expect(try told(cut) == plain, "\(cut)")
    }
  }

  @Test func `F48: another order is told after its counts, and turns the stop around it`() throws {
    var bench = try Bench(try declared { $0.ignoreUnder = .zero })
    try bench.draw("Arr__B_i")
    #expect(
      bench.lines == [
        "100 shows order 1 operation 10", "100 unknown 100 -> running",
        "100..300 made 1+0 of 1+0",
        "300 start #1 stopped, no reason, unplanned by 0",
        "300 running 200 -> shortStop (stopped, no reason)",
        "500 shows order 2 operation 10",
        "500 shortStop 200 -> changeover (setting up)",
        "500 classify #1 setting up, unplanned revision 1 by rule",
      ])
    bench.show(0, 700)
    bench.mark(700)
    #expect(bench.lines.last == "700 shows order ")
  }

  @Test func `an order that others change cuts the counts at its time, and once`() throws {
    var bench = try Bench(try declared())
    try bench.draw("rrrr")
    bench.machine.cut(at: Stamp(.milliseconds(450), bench.reading))
    bench.machine.cut(at: Stamp(.milliseconds(450), bench.reading))
    #expect(bench.machine.nextDeadline == .milliseconds(450).advanced(nanoseconds: 1))
    bench.mark(440)
    #expect(bench.facts.compactMap(\.counted).isEmpty)
    bench.mark(500)
    #expect(bench.facts.compactMap(\.counted).map(\.to.instant) == [.milliseconds(450)])
    #expect(bench.machine.toldUntil > .milliseconds(500))
  }

  @Test func `planned time begins at its time, and more inputs than fit are handled early`() throws
  {
    var bench = try Bench(try declared { $0.ignoreUnder = .zero })
    try bench.draw("i__")
    bench.machine.plan(true, at: Stamp(.milliseconds(350), bench.reading))
    bench.mark(400)
    #expect(bench.lines.suffix(1) == ["350 shortStop 150 -> planned (planned stop)"])
    for index in 0..<200 {
      bench.machine.plan(index % 2 == 0, at: Stamp(.milliseconds(900), bench.reading))
    }
    bench.mark(1000)
    #expect(bench.lines.last == "900 planned 550 -> shortStop (stopped, no reason)")
  }

  @Test func `a slow machine is told although its counts are the usual ones`() throws {
    var bench = try Bench(
      try declared { $0.slow = SlowRule(share: 800, window: .seconds(1)) })
    bench.machine.setIdealCycle(.milliseconds(200), at: Stamp(.milliseconds(50), bench.reading))
    try bench.draw("riiriiriiriiriiririririri")
    #expect(
      bench.stopLines == [
        "100 unknown 100 -> running", "1100 running 1000 -> slow", "2100 slow 1000 -> running",
      ])
  }

  @Test func `F48: what people say is told with the next turn, and only once`() throws {
    var bench = try Bench(try declared())
    try bench.draw("i___")
    let id = try #require(bench.machine.unclassified.first?.stopID)
    try bench.machine.classify(id, reason: "jam", by: "anna")
    try bench.machine.classify(id, reason: "jam", by: "anna")
    #expect(throws: ReasonFault.self) {
      try bench.machine.classify(id, reason: "rain", by: "anna")
    }
    #expect(throws: ReasonFault.unknownStop(id: "x")) {
      try bench.machine.classify("x", reason: "jam", by: "anna")
    }
    bench.mark(500)
    #expect(bench.lines.last == "400 classify #1 jam, unplanned revision 1 by anna")
    #expect(bench.lines.filter { $0.contains("classify") }.count == 1)
    #expect(bench.machine.unclassified.isEmpty)
  }

  @Test func `stops that nobody classified before they made room are counted for ever`() throws {
    var bench = try Bench(Line.rules())
    for index in 0..<(Int64(ReasonLimits.endedStops) + 3) {
      bench.scan(index * 200, Scan(run: false, code: 0, good: 0, scrap: 0))
      bench.scan(index * 200 + 100, Scan(run: true, code: 0, good: 0, scrap: 0))
    }
    #expect(bench.machine.status.forgotten == 3)
    #expect(bench.machine.status.unclassified == ReasonLimits.endedStops)
    try bench.restart()
    #expect(bench.machine.status.forgotten == 3)
    #expect(bench.machine.unclassified.count == ReasonLimits.endedStops)
    // Who comes too late is told where the reason can still be given.
    #expect(throws: ReasonFault.forgottenStop(id: "press-1-e1-1")) {
      try bench.machine.classify("press-1-e1-1", reason: "12", by: "anna")
    }
    let sentence = ReasonFault.forgottenStop(id: "press-1-e1-1").description
    #expect(sentence.contains("in the system that receives them"))
    for stranger in ["press-1-e1-900", "press-1-e0-1", "press-1-e1-", "press-1-e1--1"] {
      #expect(throws: ReasonFault.unknownStop(id: stranger)) {
        try bench.machine.classify(stranger, reason: "12", by: "anna")
      }
    }
  }

  @Test func `F48: what was accepted is told though its stop leaves the list before the next turn`()
    throws
  {
    var bench = try Bench(Line.rules())
    let stops = Int64(ReasonLimits.endedStops)
    for index in 0..<(stops + 3) {
      // What comes now waits for a recorder that is busy.
      if index == stops {
        bench.advances = false
        for number in 1...stops {
          try bench.machine.classify("press-1-e1-\(number)", reason: "12", by: "anna")
        }
      }
      bench.scan(index * 200, Scan(run: false, code: 0, good: 0, scrap: 0))
      bench.scan(index * 200 + 100, Scan(run: true, code: 0, good: 0, scrap: 0))
    }
    bench.advances = true
    bench.mark(100_000)
    #expect(bench.lines.filter { $0.contains("revision 1 by anna") }.count == Int(stops))
    let times = bench.facts.map(\.at.instant)
    #expect(times == times.sorted())
  }

  @Test func `rules that cannot be followed are said, and the counts go on`() throws {
    var bench = try Bench(
      try declared { $0.evidence.claims[0].reason = "nobody-declared-it" })
    #expect(bench.machine.rulesFault != nil)
    try bench.draw("r_r")
    bench.shutDown()
    #expect(bench.good == 1 && bench.stopLines.isEmpty)
  }

  // MARK: The program before

  /// What version 1 wrote in the middle of a stop with code 12 that began at 7 s.
  private func versionOne(_ state: String) -> [UInt8] {
    Array(
      (#"{"book":{"toldUntil":[7000000000,1772000007000],"totals":[2,1,0]},"boot":"boot-a","#
        + #""clock":"synchronised","good":{"highest":"65535","movedAt":6000000000,"#
        + #""movedUnseen":false,"stoodThrough":false,"trusted":["12",6000000000]},"lost":[],"#
        + #""monotonic":7000000000,"nextStop":2,"scrap":{"highest":"65535","#
        + #""movedAt":6000000000,"movedUnseen":false,"stoodThrough":false,"#
        + #""trusted":["1",6000000000]},"seen":[7000000001,1772000007000],"state":"# + state
        + #","version":1,"wall":1772000007000}"#).utf8)
  }

  private func stop(_ standing: Bool, code: String) -> String {
    #"{"approximate":false,"category":"unplanned","classified":true,"# + code
      + #""costCenter":"4711","from":"plc","id":"press-1-e1-1","noContact":0,"revision":0,"#
      + #""standing":\#(standing),"startedAt":[7000000000,1772000007000],"text":"jam"}"#
  }

  private func resumed(_ state: String, standstill: Duration? = nil) throws -> Bench {
    var bench = try Bench(Line.rules(standstill: standstill), at: 7000)
    bench.machine = try Machine(
      rules: bench.rules, epoch: "e1", snapshot: versionOne(state), reading: bench.reading)
    return bench
  }

  @Test func `F47: a stop that the program before had open goes on with its id and start`() throws {
    var bench = try resumed(
      #"{"is":"stopped","since":[7000000000,1772000007000],"stop":"#
        + stop(false, code: #""code":12,"#) + "}")
    #expect(bench.machine.status.stop?.stopID == "press-1-e1-1")
    bench.scan(8000, Scan(run: false, code: 12, good: 12, scrap: 1))
    bench.scan(9000, Scan(run: true, code: 0, good: 12, scrap: 1))
    bench.scan(9500, Scan(run: false, code: 0, good: 12, scrap: 1))
    #expect(
      bench.stopLines == [
        "8000 stopped 1000 -> fault (jam)", "9000 end #1 jam, minor, about 2000",
        "9000 fault 1000 -> running", "9500 start #2 stopped, no reason, unplanned by 0",
        "9500 running 500 -> shortStop (stopped, no reason)",
      ])
    #expect(bench.facts.compactMap(\.ended).first?.startedAt.instant == .milliseconds(7000))
  }

  @Test func `a stop that only the standing count held is held by it still`() throws {
    var bench = try resumed(
      #"{"is":"stopped","since":[7000000000,1772000007000],"stop":"# + stop(true, code: "") + "}",
      standstill: .seconds(1))
    bench.scan(8000, Scan(run: true, code: 0, good: 12, scrap: 1))
    #expect(bench.stopLines.isEmpty && bench.machine.status.condition == .stopped)
    bench.scan(9000, Scan(run: true, code: 0, good: 13, scrap: 1))
    #expect(bench.facts.compactMap(\.ended).map(\.stopID) == ["press-1-e1-1"])
  }

  @Test func `F50: a suspended stop of the program before stays suspended`() throws {
    var bench = try resumed(
      #"{"before":"stopped","is":"noContact","since":[7000000000,1772000007000],"stop":"#
        + stop(false, code: #""code":12,"#) + "}")
    #expect(bench.machine.status.condition == .noContact)
    bench.scan(9000, Scan(run: false, code: 12, good: 12, scrap: 1))
    #expect(bench.machine.status.stop?.noContact == .seconds(2))
  }

  @Test func `a machine that ran counts on, and no stop takes an old number`() throws {
    var bench = try resumed(#"{"is":"running","since":[5000000000,1772000005000]}"#)
    bench.scan(8000, Scan(run: true, code: 0, good: 15, scrap: 1))
    bench.scan(8500, Scan(run: false, code: 0, good: 15, scrap: 1))
    #expect(bench.facts.compactMap(\.counted).map(\.good) == [3])
    #expect(bench.facts.compactMap(\.started).map(\.stopID) == ["press-1-e1-2"])
  }
}
