// One drawing for each rule. A character is a scan of 100 ms: r runs and counts, i runs and counts
// nothing, _ stands, R stands and counts, 1 fault code 12, 2 code 20, 9 code 99, b blocked,
// v starved, u being set up, ? no contact, x the run bit is refused. Between scans: | restart,
// o the order changes, P planned time begins, p it ends.

import Machines
import Primitives
import Signals
import Testing

func drawStates(
  _ drawing: String, until end: Int64? = nil, _ change: (inout StateRules) -> Void = { _ in }
) throws -> StateBench {
  var bench = try StateBench(try Cell.rules(change))
  var (at, count): (Int64, Int64) = (0, 0)
  for sign in drawing {
    switch sign {
    case "|": try bench.restart(before: at)
    case "o": bench.changeOrder(at: at)
    case "P": bench.plan(true, at: at)
    case "p": bench.plan(false, at: at)
    default:
      if sign == "r" || sign == "R" { count += 1 }
      let code: Int64 = sign == "1" ? 12 : sign == "2" ? 20 : sign == "9" ? 99 : 0
      bench.scan(
        at,
        [
          Cell.run: sign == "x" ? nil : .integer("riP".contains(sign) ? 1 : 0),
          Cell.code: .integer(code), Cell.blocked: .integer(sign == "b" ? 1 : 0),
          Cell.starved: .integer(sign == "v" ? 1 : 0), Cell.setup: .integer(sign == "u" ? 1 : 0),
          Cell.level: .real(0), Cell.count: .integer(count),
          Cell.pulse: .integer(sign == "r" ? count % 2 : 0),
        ], seen: sign != "?")
      at += 100
    }
  }
  bench.advance(before: end ?? at)
  return bench
}

@Suite("States as drawings")
struct StateDrawingTests {
  @Test func `F47: a stop is short until its limit, and a minor one when it ends before`() throws {
    #expect(
      try drawStates("rr__r___r") { $0.shortStop = .milliseconds(250) }.lines == [
        "0 unknown 0 -> running by 10",
        "200 start #1 stopped, no reason, unplanned by 10",
        "200 running 200 -> shortStop (stopped, no reason) by 10",
        "400 end #1 stopped, no reason, minor 200",
        "400 shortStop 200 -> running by 10",
        "500 start #2 stopped, no reason, unplanned by 10",
        "500 running 100 -> shortStop (stopped, no reason) by 10",
        "750 shortStop 250 -> stopped (stopped, no reason) by 10",
        "800 end #2 stopped, no reason, unplanned 300",
        "800 stopped 50 -> running by 10",
      ])
  }

  @Test func `one stop passes through every kind, strongest evidence first`() throws {
    #expect(
      try drawStates("r1bvu_r").lines.dropFirst() == [
        "100 start #1 jam, unplanned by 11",
        "100 running 100 -> fault (jam) by 11",
        "200 fault 100 -> blocked (jam) by 12",
        "300 blocked 100 -> starved (jam) by 13",
        "400 starved 100 -> changeover (jam) by 14",
        "500 changeover 100 -> stopped (jam) by 10",
        "600 end #1 jam, unplanned 500",
        "600 stopped 100 -> running by 10",
      ])
  }

  @Test func `F47: an interruption shorter than is told leaves no trace`() throws {
    let lines = try drawStates("r_rr__r_") { $0.ignoreUnder = .milliseconds(150) }.lines
    #expect(
      lines == [
        "0 unknown 0 -> running by 10",
        "400 start #1 stopped, no reason, unplanned by 10",
        "400 running 400 -> stopped (stopped, no reason) by 10",
        "600 end #1 stopped, no reason, unplanned 200",
        "600 stopped 200 -> running by 10",
      ])
  }

  @Test func `an interruption of exactly the limit is told`() throws {
    let lines = try drawStates("r_r") { $0.ignoreUnder = .milliseconds(100) }.lines
    #expect(lines.contains("100 start #1 stopped, no reason, unplanned by 10"))
  }

  @Test func `F50: an interruption that a loss cuts is told at the return, if nothing was made`()
    throws
  {
    let rules: (inout StateRules) -> Void = { $0.ignoreUnder = .milliseconds(150) }
    #expect(
      try drawStates("r_?_r", rules).lines.dropFirst() == [
        "200 running 200 -> noContact",
        "100 start #1 stopped, no reason, unplanned, about by 10",
        "300 noContact 100 -> stopped (stopped, no reason) by 10, no count, about stopped",
        "400 end #1 stopped, no reason, unplanned, about 200 unseen 100",
        "400 stopped 100 -> running by 10",
      ])
    #expect(
      try drawStates("r_?r", rules).lines.dropFirst() == [
        "200 running 200 -> noContact",
        "300 noContact 100 -> running by 10, counted, about running",
      ])
  }

  @Test func `a run shorter than the minimum does not end a stop`() throws {
    #expect(
      try drawStates("r__r__rr") { $0.minimumRun = .milliseconds(150) }.lines.dropFirst() == [
        "100 start #1 stopped, no reason, unplanned by 10",
        "100 running 100 -> stopped (stopped, no reason) by 10",
        "600 end #1 stopped, no reason, unplanned 500",
        "600 stopped 500 -> running by 10",
      ])
  }

  @Test func `F48: a stop during which the order changes becomes a changeover`() throws {
    #expect(
      try drawStates("r_o_rr") { $0.changeover = ChangeoverRule(reason: "setup") }.lines
        .dropFirst(3) == [
          "200 stopped 100 -> changeover (setting up) by 10",
          "200 classify #1 setting up, planned revision 1 by rule",
          "300 end #1 setting up, planned 200",
          "300 changeover 100 -> running by 10",
        ])
  }

  @Test func `a stop is split at the change of the order when the rule says so`() throws {
    let rule = ChangeoverRule(splits: true, reason: "setup")
    #expect(
      try drawStates("r_o_rr") { $0.changeover = rule }.lines.dropFirst(3) == [
        "200 end #1 stopped, no reason, unplanned 100",
        "200 start #2 setting up, planned by 10",
        "200 stopped 100 -> changeover (setting up) by 10",
        "300 end #2 setting up, planned 100",
        "300 changeover 100 -> running by 10",
      ])
  }

  @Test func `stops shortly before and after the change of an order are changeovers`() throws {
    let rule = ChangeoverRule(
      before: .milliseconds(100), after: .milliseconds(100), reason: "setup")
    #expect(
      try drawStates("r_roor_rr_") { $0.changeover = rule }.lines.dropFirst(5) == [
        "300 classify #1 setting up, planned revision 1 by rule",
        "400 start #2 setting up, planned by 10",
        "400 running 200 -> changeover (setting up) by 10",
        "500 end #2 setting up, planned 100",
        "500 changeover 100 -> running by 10",
        "700 start #3 stopped, no reason, unplanned by 10",
        "700 running 200 -> stopped (stopped, no reason) by 10",
      ])
  }

  @Test func `a fault with a code stays a fault when the order changes`() throws {
    let bench = try drawStates("r1o1r") { $0.changeover = ChangeoverRule(reason: "setup") }
    #expect(bench.lines.last { $0.contains("end") } == "300 end #1 jam, unplanned 200")
  }

  @Test func `planned time cuts a stop at both of its edges`() throws {
    #expect(
      try drawStates("r_P_p_r").lines.dropFirst(3) == [
        "200 end #1 stopped, no reason, unplanned 100",
        "200 start #2 planned stop, planned by 10",
        "200 stopped 100 -> planned (planned stop) by 10",
        "300 end #2 planned stop, planned 100",
        "300 start #3 stopped, no reason, unplanned by 10",
        "300 planned 100 -> stopped (stopped, no reason) by 10",
        "400 end #3 stopped, no reason, unplanned 100",
        "400 stopped 100 -> running by 10",
      ])
  }

  @Test func `in planned time a machine that runs runs, and a fault is a fault`() throws {
    #expect(
      try drawStates("rPr__r1p") { $0.plannedReason = "lunch" }.lines.dropFirst() == [
        "200 start #1 lunch, planned by 10",
        "200 running 200 -> planned (lunch) by 10",
        "400 end #1 lunch, planned 200",
        "400 planned 200 -> running by 10",
        "500 start #2 jam, unplanned by 11",
        "500 running 100 -> fault (jam) by 11",
      ])
  }

  @Test func `the order of conflicts is data: here planned time comes before a fault`() throws {
    let bench = try drawStates("Pr1") { $0.evidence.order = [.planned] }
    #expect(bench.states.condition == .planned)
  }

  @Test func `F50: no contact is no stop and no run, and the counter says about what it was`()
    throws
  {
    #expect(
      try drawStates("rr_?_r_?r_??ir?r").lines.filter { $0.contains("noContact") } == [
        "300 stopped 100 -> noContact",
        "400 noContact 100 -> stopped (stopped, no reason) by 10, no count, about stopped",
        "700 stopped 100 -> noContact",
        "800 noContact 100 -> running by 10, counted, about running",
        "1000 stopped 100 -> noContact",
        "1200 noContact 200 -> running by 10, no count",
        "1400 running 200 -> noContact",
        "1500 noContact 100 -> running by 10, counted, about running",
      ])
  }

  @Test func `F50: a stop that stands through a loss is one stop without that time`() throws {
    #expect(
      try drawStates("r_?_r").lines.filter { $0.contains("#") } == [
        "100 start #1 stopped, no reason, unplanned by 10",
        "400 end #1 stopped, no reason, unplanned, about 200 unseen 100",
      ])
    // Parts were made meanwhile: it was two stops.
    #expect(
      try drawStates("r_?R_").lines.filter { $0.contains("#") }.count == 3)
  }

  @Test func `F48: the latest code is the cause of the same stop`() throws {
    #expect(
      try drawStates("r_291r").lines.dropFirst(3) == [
        "200 stopped 100 -> fault (lunch) by 11",
        "200 classify #1 lunch, planned revision 1 by plc",
        "300 classify #1 code 99, unplanned revision 2 by plc",
        "400 classify #1 jam, unplanned revision 3 by plc",
        "500 end #1 jam, unplanned 400",
        "500 fault 300 -> running by 10",
      ])
  }

  @Test func `F50: a refused run bit suspends, and a code that is readable decides`() throws {
    #expect(
      try drawStates("rx_x1").lines.filter { $0.contains("->") } == [
        "0 unknown 0 -> running by 10",
        "100 running 100 -> noContact",
        "200 noContact 100 -> stopped (stopped, no reason) by 10, no count",
        "300 stopped 100 -> noContact",
        "400 noContact 100 -> fault (jam) by 11, no count, about stopped",
      ])
  }

  @Test func `a machine is slow when a window made less than the share of the ideal rate`() throws {
    let slow: (inout StateRules) -> Void = {
      $0.idealCycle = .milliseconds(100)
      $0.slow = SlowRule(share: 700, window: .seconds(1))
    }
    #expect(
      try drawStates("rrrriiirriirrrrrrrrrriii", slow).lines == [
        "0 unknown 0 -> running by 10",
        "1000 running 1000 -> slow by 16",
        "2000 slow 1000 -> running by 16",
      ])
  }

  @Test func `F47: a counter that stands for two and a half cycles stops from its last count on`()
    throws
  {
    let stands = EvidenceRule(.counterStands(Cell.count, .cycles(hundredths: 250)))
    #expect(
      try drawStates("rriiiiir") {
        $0.evidence.claims.append(EvidenceClaim(.stopped, when: stands))
        $0.idealCycle = .milliseconds(100)
      }.lines == [
        "0 unknown 0 -> running by 10",
        "100 start #1 no count for 250ms, unplanned by 16",
        "100 running 100 -> stopped (no count for 250ms) by 16",
        "700 end #1 no count for 250ms, unplanned 600",
        "700 stopped 600 -> running by 10",
      ])
  }

  @Test func `delays hold an answer back, both ways`() throws {
    #expect(
      try drawStates("rb_bbbr_") {
        $0.evidence.claims[2].rule.onDelay = .milliseconds(150)
        $0.evidence.claims[2].rule.offDelay = .milliseconds(50)
      }.lines.filter { $0.contains("->") } == [
        "0 unknown 0 -> running by 10",
        "100 running 100 -> stopped (stopped, no reason) by 10",
        "450 stopped 350 -> blocked (blocked) by 12",
        "650 blocked 200 -> running by 10",
        "700 running 50 -> stopped (stopped, no reason) by 10",
      ])
  }

  @Test(arguments: [
    "iii__ii?__ii", "i__2_ii_1i", "ii_??_ii??i_i", "i22ii__2iii_?i", "?i_i??_i", "i_oiP__p_ibvu1i",
  ])
  func `a restart before any scan tells the same facts`(drawing: String) throws {
    let rules: (inout StateRules) -> Void = {
      $0.ignoreUnder = .milliseconds(150)
      $0.minimumRun = .milliseconds(150)
      $0.shortStop = .milliseconds(250)
      $0.changeover = ChangeoverRule(before: .milliseconds(100), reason: "setup")
    }
    func told(_ drawing: String) throws -> [String] {
      try drawStates(drawing, rules).lines.map { $0.replacing(", about", with: "") }
    }
    // Nothing is counted: a count that comes with the restart proves a run that nobody measured.
    let plain = try told(drawing)
    for index in drawing.indices.dropFirst() {
      var cut = drawing
      cut.insert("|", at: index)
      #expect(try told(cut) == plain, "\(cut)")
    }
  }
}
